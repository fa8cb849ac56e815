// Elements of a page without a browser: what scripts write into them, and events as a person causes them.

const SIMPLE = /(:not\()?(?:\[([\w-]+)(?:="?([^"\]]*)"?)?\]|\.([\w-]+)|(\w+))\)?/g;

// Whether an element fits one of these selectors: tags, classes, attributes, `:not`, and ancestors.
function fits(element, selectors) {
  return selectors.split(/, ?/).some((selector) => {
    const [own, ...above] = selector.split(' ').reverse();
    if (!fitsItself(element, own)) return false;
    return !above.length || Boolean(element.parentElement?.closest(above.reverse().join(' ')));
  });
}

function fitsItself(element, selector) {
  return [...selector.matchAll(SIMPLE)].every(([, not, attribute, value, className, tag]) => {
    const given = attribute && element.getAttribute(attribute);
    const fit = attribute
      ? given !== null && (value === undefined || given === value)
      : className
        ? element.className.split(' ').includes(className)
        : element.tagName === tag.toUpperCase();
    return fit !== Boolean(not);
  });
}

const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

export class Element {
  constructor(tagName = 'DIV') {
    Object.assign(this, { tagName: tagName.toUpperCase(), hidden: false, value: '', textContent: '' });
    this.className = '';
    this.children = [];
    this.parentElement = null;
    this.dataset = {};
    this.attributes = new Map();
    this.listeners = {};
  }

  append(...nodes) {
    for (const node of nodes) {
      if (typeof node === 'string') this.children.push({ data: node, parentElement: this });
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
    return this.getAttribute(name) !== null;
  }

  // As in a browser some attributes are properties too; those that are false are not there.
  getAttribute(name) {
    if (this.attributes.has(name)) return this.attributes.get(name);
    const value = name.startsWith('data-') ? this.dataset[camel(name.slice(5))] : this[name];
    return value === true ? '' : typeof value === 'string' ? value : null;
  }

  toggleAttribute(name, on) {
    if (on) this.attributes.set(name, '');
    else this.attributes.delete(name);
  }

  matches(selectors) {
    return fits(this, selectors);
  }

  closest(selectors) {
    return this.matches(selectors) ? this : (this.parentElement?.closest(selectors) ?? null);
  }

  // All below it, in order, texts too.
  *below() {
    for (const child of this.children) {
      yield child;
      if (child instanceof Element) yield* child.below();
    }
  }

  querySelectorAll(selectors) {
    return [...this.below()].filter((each) => each instanceof Element && each.matches(selectors));
  }

  querySelector(selectors) {
    return this.querySelectorAll(selectors)[0] ?? null;
  }

  contains(element) {
    return element === this || [...this.below()].includes(element);
  }

  focus() {
    document.activeElement = this;
  }

  blur() {
    document.activeElement = null;
    this.fire('change');
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
    createTreeWalker(root) {
      const texts = [...root.below()].filter((each) => !(each instanceof Element));
      return {
        nextNode() {
          this.currentNode = texts.shift();
          return this.currentNode;
        },
      };
    },
    visibilityState: 'visible',
    activeElement: null,
  });
  const window = new Element();
  Object.assign(globalThis, { document, window, NodeFilter: {} });
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
