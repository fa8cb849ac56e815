// Elements of a page without a browser: what scripts write into them, and events as a person causes them.

export class Element {
  constructor(tagName = 'DIV') {
    Object.assign(this, { tagName: tagName.toUpperCase(), hidden: false, value: '', textContent: '' });
    this.children = [];
    this.parentElement = null;
    this.dataset = {};
    this.attributes = new Map();
    this.listeners = {};
  }

  append(...nodes) {
    for (const node of nodes) {
      if (typeof node === 'string') this.children.push({ data: node });
      else {
        node.remove();
        node.parentElement = this;
        this.children.push(node);
      }
    }
  }

  replaceChildren(...nodes) {
    this.children = [];
    this.append(...nodes);
  }

  remove() {
    const list = this.parentElement?.children ?? [];
    if (list.includes(this)) list.splice(list.indexOf(this), 1);
    this.parentElement = null;
  }

  get firstChild() {
    return this.children[0];
  }

  // All text in it, in order.
  get text() {
    return this.textContent + this.children.map((child) => child.data ?? child.text).join('');
  }

  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  removeAttribute(name) {
    this.attributes.delete(name);
  }

  hasAttribute(name) {
    return this.attributes.has(name);
  }

  toggleAttribute(name, on) {
    if (on) this.attributes.set(name, '');
    else this.attributes.delete(name);
  }

  // Of selectors, names of tags alone.
  closest(selectors) {
    if (selectors.toUpperCase().split(', ').includes(this.tagName)) return this;
    return this.parentElement?.closest(selectors) ?? null;
  }

  querySelector() {
    return null;
  }

  scrollIntoView() {}

  addEventListener(kind, listener) {
    this.listeners[kind] = [...(this.listeners[kind] ?? []), listener];
  }

  // Cause an event; returns what the last listener returned.
  fire(kind, event = {}) {
    const whole = { target: this, preventDefault() {}, stopPropagation() {}, ...event };
    return (this.listeners[kind] ?? []).map((listener) => listener(whole)).at(-1);
  }

  click() {
    this.fire('click');
  }
}

// A document that makes such elements, and `ref` as the app has it: an element for each name.
export function elements() {
  const document = Object.assign(new Element(), {
    createElement: (tag) => new Element(tag),
    visibilityState: 'visible',
    activeElement: null,
  });
  const window = new Element();
  Object.assign(globalThis, { document, window });
  const parts = new Map();
  const ref = (name) => {
    if (!parts.has(name)) {
      const part = new Element();
      new Element('LABEL').append(part);
      parts.set(name, part);
    }
    return parts.get(name);
  };
  return { document, window, ref };
}

// Stands for parts of the app of which nothing is asked.
export const silent = new Proxy({}, { get: () => () => {} });

// All that waits on promises goes on.
export const settled = () => new Promise((done) => setImmediate(done));
