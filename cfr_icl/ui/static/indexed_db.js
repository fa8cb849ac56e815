// A database of the browser. Copies of work are of the browser alone, for a day; where storage is refused
// there are none.

export const KEPT_FOR = 86_400_000; // milliseconds, as long as a server keeps an unused page

// The result of a request, as a promise.
export function finished(request) {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}

export class Database {
  #opened = null; // a promise

  // `stores` are the key paths of its stores, by their names.
  constructor(name, stores) {
    Object.assign(this, { name, stores });
  }

  // Run with all stores, by name, and wait until it is written; null where the browser has no database for
  // us, or no room in it.
  async run(mode, act) {
    try {
      this.#opened ??= this.#open();
      const names = Object.keys(this.stores),
        transaction = (await this.#opened).transaction(names, mode);
      const ended = new Promise((done, fail) => {
        transaction.oncomplete = done;
        transaction.onabort = () => fail(transaction.error);
      });
      const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
      const [result] = await Promise.all([act(stores), ended]);
      return result ?? true;
    } catch {
      return null;
    }
  }

  #open() {
    const request = window.indexedDB.open(this.name, 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(this.stores))
        request.result.createObjectStore(name, { keyPath });
    };
    return finished(request);
  }
}

// Remove the entries of a store that were `saved` too long ago: `remove` is called with a cursor at each.
export function tidy(store, remove) {
  store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    if (Date.now() - cursor.value.saved > KEPT_FOR) remove(cursor);
    cursor.continue();
  };
}
