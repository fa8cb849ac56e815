// Copies of a tab's work in the browser's database, for a reload after the server has forgotten the page.

import { Database, finished, KEPT_FOR, tidy } from './indexed_db.js';

export class Copies {
  #database = new Database('cfr-icl', { pictures: 'page', sessions: 'page' });
  #picture = null; // page and token of the stored picture, which is stored once

  // Keep { page, picture: token, name, source, session }; `source` is { file } or { example }.
  async keep({ page, picture, name, source, session }) {
    const saved = Date.now();
    await this.#database.run('readwrite', ({ pictures, sessions }) => {
      const key = `${page} ${picture}`;
      if (this.#picture !== key) {
        pictures.put({ page, picture, name, source, saved });
        for (const store of [pictures, sessions]) tidy(store, (cursor) => cursor.delete());
      }
      this.#picture = key;
      sessions.put({ page, picture, session, saved });
    });
  }

  // The stored copy of a page, or null.
  async find(page) {
    const copy = await this.#database.run('readonly', async ({ pictures, sessions }) => {
      const [picture, session] = [finished(pictures.get(page)), finished(sessions.get(page))];
      return { ...(await picture), ...(await session) };
    });
    return copy?.source && copy.session && Date.now() - copy.saved < KEPT_FOR ? copy : null;
  }

  async forget(page) {
    await this.#database.run('readwrite', ({ pictures, sessions }) => {
      pictures.delete(page);
      sessions.delete(page);
    });
  }
}
