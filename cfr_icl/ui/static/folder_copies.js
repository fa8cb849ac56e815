// Copies of the folder of a tab in the browser's database, for a server that has forgotten the page: its
// files, and the session files of its pictures, for a day after the last change. Where storage is refused
// they live as long as the page.

import { Database, finished, tidy } from './indexed_db.js';

const all = (key) => window.IDBKeyRange.bound([key], [key, []]);

export class FolderCopies {
  #database = new Database('cfr-icl-folders', {
    folders: 'key',
    files: ['key', 'name'],
    work: ['key', 'name'],
  });
  #refused = { files: new Map(), work: new Map() }; // content that the database refused

  keepFile(key, name, file) {
    return this.#keep(key, 'files', [[name, file]]);
  }

  // `texts` are session files by the names of their pictures.
  keepWork(key, texts) {
    return this.#keep(key, 'work', Object.entries(texts));
  }

  async #keep(key, store, entries) {
    const kept = await this.#database.run('readwrite', (stores) => {
      for (const [name, content] of entries) stores[store].put({ key, name, content });
      tidy(stores.folders, ({ value }) => this.#remove(stores, value.key));
      return finished(stores.folders.put({ key, saved: Date.now() }));
    });
    if (kept !== null) return;
    for (const [name, content] of entries) this.#refused[store].set(name, content);
  }

  // { files, work }: by name, of a folder.
  async find(key) {
    const found = await this.#database.run('readonly', async ({ files, work }) => ({
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
    await this.#database.run('readwrite', (stores) => this.#remove(stores, key));
  }

  #remove({ folders, files, work }, key) {
    files.delete(all(key));
    work.delete(all(key));
    return finished(folders.delete(key));
  }
}
