// Copies of the folder of a tab in the browser's database, for a server that has forgotten the page: its
// files, and the session files of its pictures. They are of the browser alone, for a day after the last
// change; where storage is refused they live as long as the page.

import { finished, KEPT_FOR } from './indexed_db.js';

const DATABASE = 'cfr-icl-folders';
const STORES = ['folders', 'files', 'work'];

const all = (key) => window.IDBKeyRange.bound([key], [key, []]);

export class FolderCopies {
  #database = null; // a promise
  #refused = { files: new Map(), work: new Map() }; // content that the database refused

  keepFile(key, name, file) {
    return this.#keep(key, 'files', [[name, file]]);
  }

  // `texts` are session files by the names of their pictures.
  keepWork(key, texts) {
    return this.#keep(key, 'work', Object.entries(texts));
  }

  async #keep(key, store, entries) {
    const kept = await this.#do('readwrite', (stores) => {
      for (const [name, content] of entries) stores[store].put({ key, name, content });
      this.#tidy(stores);
      return finished(stores.folders.put({ key, saved: Date.now() }));
    });
    if (kept !== null) return;
    for (const [name, content] of entries) this.#refused[store].set(name, content);
  }

  // { files, work }: by name, of a folder.
  async find(key) {
    const found = await this.#do('readonly', async ({ files, work }) => ({
      files: finished(files.getAll(all(key))),
      work: finished(work.getAll(all(key))),
    }));
    const of = async (store) => {
      const stored = (await found?.[store]) ?? [];
      return new Map([...stored.map(({ name, content }) => [name, content]), ...this.#refused[store]]);
    };
    return { files: await of('files'), work: await of('work') };
  }

  async forget(key) {
    this.#refused = { files: new Map(), work: new Map() };
    await this.#do('readwrite', (stores) => this.#remove(stores, key));
  }

  #remove({ folders, files, work }, key) {
    files.delete(all(key));
    work.delete(all(key));
    return finished(folders.delete(key));
  }

  // Run with all stores; null where the browser has no database for us, or no room in it.
  async #do(mode, act) {
    try {
      this.#database ??= this.#open();
      const transaction = (await this.#database).transaction(STORES, mode);
      const ended = new Promise((done, fail) => {
        transaction.oncomplete = done;
        transaction.onabort = () => fail(transaction.error);
      });
      const stores = Object.fromEntries(STORES.map((name) => [name, transaction.objectStore(name)]));
      const [result] = await Promise.all([act(stores), ended]);
      return result ?? true;
    } catch {
      return null;
    }
  }

  #open() {
    const request = window.indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('folders', { keyPath: 'key' });
      for (const name of ['files', 'work'])
        request.result.createObjectStore(name, { keyPath: ['key', 'name'] });
    };
    return finished(request);
  }

  #tidy(stores) {
    stores.folders.openCursor().onsuccess = ({ target: { result } }) => {
      if (!result) return;
      if (Date.now() - result.value.saved > KEPT_FOR) this.#remove(stores, result.value.key);
      result.continue();
    };
  }
}
