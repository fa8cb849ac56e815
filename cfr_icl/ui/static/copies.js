// Copies of a tab's work in the browser's database, for a reload after the server has forgotten the page.
// They are of the browser alone, for a day; where storage is refused there are none.

import { finished, KEPT_FOR } from './indexed_db.js';

const DATABASE = 'cfr-icl';
const STORES = ['pictures', 'sessions'];

export class Copies {
  #database = null; // a promise
  #picture = null; // page and token of the stored picture, which is stored once

  // Keep { page, picture: token, name, source, session }; `source` is { file } or { example }.
  async keep({ page, picture, name, source, session }) {
    const saved = Date.now();
    await this.#do('readwrite', (pictures, sessions) => {
      const key = `${page} ${picture}`;
      if (this.#picture !== key) {
        pictures.put({ page, picture, name, source, saved });
        this.#tidy(pictures);
        this.#tidy(sessions);
      }
      this.#picture = key;
      return sessions.put({ page, picture, session, saved });
    });
  }

  // The stored copy of a page, or null.
  async find(page) {
    const copy = await this.#do('readonly', async (pictures, sessions) => {
      const [picture, session] = [finished(pictures.get(page)), finished(sessions.get(page))];
      return { ...(await picture), ...(await session) };
    });
    return copy?.source && copy.session && Date.now() - copy.saved < KEPT_FOR ? copy : null;
  }

  async forget(page) {
    await this.#do('readwrite', (pictures, sessions) => {
      pictures.delete(page);
      return sessions.delete(page);
    });
  }

  // Run with both stores; null where the browser has no database for us.
  async #do(mode, act) {
    try {
      this.#database ??= this.#open();
      const stores = (await this.#database).transaction(STORES, mode);
      const result = act(...STORES.map((name) => stores.objectStore(name)));
      return result instanceof IDBRequest ? await finished(result) : await result;
    } catch {
      return null;
    }
  }

  #open() {
    const request = window.indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      for (const name of STORES) request.result.createObjectStore(name, { keyPath: 'page' });
    };
    return finished(request);
  }

  #tidy(store) {
    store.openCursor().onsuccess = ({ target: { result } }) => {
      if (!result) return;
      if (Date.now() - result.value.saved > KEPT_FOR) result.delete();
      result.continue();
    };
  }
}
