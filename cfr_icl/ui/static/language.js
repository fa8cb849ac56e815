// The page's own words in the language that Gradio has chosen; English texts are the keys.

let words = {};

export function t(english) {
  return words[english] ?? english;
}

export function count(number, noun) {
  return number === 1
    ? t(`1 ${noun}`)
    : t(`{n} ${noun}${noun.endsWith('s') ? 'es' : 's'}`).replace('{n}', number.toLocaleString());
}

// Speak a language from now on, and translate all of an element.
export function translate(root, table) {
  words = table || {};
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest('[translate=no]')) continue; // names that people gave
    node.english ??= node.data;
    const english = node.english.replace(/\s+/g, ' ').trim();
    if (!english) continue;
    node.data =
      words[english] === undefined ? node.english : node.english.replace(/\S[\s\S]*\S|\S/, words[english]);
  }
  for (const node of root.querySelectorAll('[title], [aria-label], [placeholder]')) {
    if (node.parentElement.closest('[translate=no]')) continue;
    node.english ??= {};
    for (const name of ['title', 'aria-label', 'placeholder']) {
      if (!node.hasAttribute(name)) continue;
      node.english[name] ??= node.getAttribute(name);
      node.setAttribute(name, t(node.english[name]));
    }
  }
}
