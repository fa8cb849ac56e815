// Settings of the page: in the browser's storage, or in memory where a browser refuses storage to sites.

class Memory {
  #kept = new Map();
  #storage;

  // `find` gives a Storage; where site data is blocked even asking for it throws
  constructor(find) {
    try {
      this.#storage = find();
    } catch {
      this.#storage = null;
    }
  }

  get(name) {
    if (this.#kept.has(name)) return this.#kept.get(name);
    try {
      return this.#storage?.getItem(name) ?? null;
    } catch {
      return null;
    }
  }

  set(name, value) {
    this.#kept.set(name, value);
    try {
      this.#storage?.setItem(name, value);
    } catch {
      // full or refused: it is kept until the page is closed
    }
  }

  // A stored JSON value; `usual` where there is none, or where it cannot be read.
  json(name, usual) {
    try {
      return JSON.parse(this.get(name)) ?? usual;
    } catch {
      return usual;
    }
  }
}

export const person = new Memory(() => window.localStorage); // for all pages of this browser
export const tab = new Memory(() => window.sessionStorage); // for this tab, also after a reload
export { Memory };
