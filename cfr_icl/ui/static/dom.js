// Elements of the page, and files for the browser to save.

export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

const LONG = 14; // characters of a name that is shown in two parts
const END = 10; // characters that are always seen: frames and cameras number their pictures there

// A name for a narrow place, where a long one is cut before its end.
export function narrow(name) {
  const letters = [...name];
  if (letters.length <= LONG) return make('span', { className: 'narrow' }, make('span', {}, name));
  const parts = [letters.slice(0, -END).join(''), letters.slice(-END).join('')];
  return make('span', { className: 'narrow' }, ...parts.map((part) => make('span', {}, part)));
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

// Whether keys write into an element.
export function takesText(target) {
  const others = ['range', 'checkbox', 'color', 'file', 'radio'];
  return (
    target.isContentEditable ||
    target.tagName === 'TEXTAREA' ||
    (target.tagName === 'INPUT' && !others.includes(target.type))
  );
}
