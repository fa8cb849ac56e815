// Creates elements of the page.

export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// A symbol of page.html's sprite.
export function icon(name) {
  const [svg, use] = ['svg', 'use'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

// Let the browser save a file under a name.
export function save(url, name) {
  make('a', { href: url, download: name }).click();
}

export function saveText(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  save(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
