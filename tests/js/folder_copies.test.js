import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FolderCopies } from '../../cfr_icl/ui/static/folder_copies.js';
import { KEPT_FOR } from '../../cfr_icl/ui/static/indexed_db.js';

// The browser's database, as far as the page uses it: entries by their key, [folder, name].
function browserWithDatabase() {
  const stores = {};
  const answer = (result) => {
    const request = { result };
    queueMicrotask(() => request.onsuccess?.({ target: request }));
    return request;
  };
  const store = (name, path) => {
    const entries = new Map(),
      keyOf = (entry) => JSON.stringify([path].flat().map((part) => entry[part]));
    const within = (key) => [...entries].filter(([each]) => JSON.parse(each)[0] === (key.folder ?? key));
    stores[name] = {
      put: (entry) => answer(entries.set(keyOf(entry), entry)),
      getAll: (key) => answer(within(key).map(([, entry]) => entry)),
      delete: (key) => answer(within(key).map(([each]) => entries.delete(each))),
      openCursor() {
        const left = [...entries.values()];
        const request = {};
        const next = () =>
          queueMicrotask(() => {
            const value = left.shift();
            request.onsuccess({ target: { result: value ? { value, continue: next } : null } });
          });
        next();
        return request;
      },
    };
  };
  const database = {
    createObjectStore: (name, { keyPath }) => store(name, keyPath),
    transaction() {
      const transaction = { objectStore: (name) => stores[name] };
      setImmediate(() => transaction.oncomplete());
      return transaction;
    },
  };
  globalThis.window = {
    IDBKeyRange: { bound: ([folder]) => ({ folder }) },
    indexedDB: {
      open() {
        const request = answer(database);
        if (!stores.files) queueMicrotask(() => request.onupgradeneeded());
        return request;
      },
    },
  };
}

// Files and work of a folder, by name.
const content = async (copies, key) => {
  const { files, work } = await copies.find(key);
  return [Object.fromEntries(files), Object.fromEntries(work)];
};

test('files and work of a folder are found again by another page of the browser', async () => {
  browserWithDatabase();
  const copies = new FolderCopies();
  await copies.keepFile('mine', 'a.png', 'pixels');
  await copies.keepWork('mine', { 'a.png': '{"done": false}', 'b.png': '{}' });
  await copies.keepWork('mine', { 'a.png': '{"done": true}' });
  await copies.keepFile('theirs', 'c.png', 'others');
  assert.deepEqual(await content(new FolderCopies(), 'mine'), [
    { 'a.png': 'pixels' },
    { 'a.png': '{"done": true}', 'b.png': '{}' },
  ]);
});

test('a folder that was left is forgotten, the others are not', async () => {
  browserWithDatabase();
  const copies = new FolderCopies();
  for (const key of ['left', 'other']) await copies.keepFile(key, 'a.png', key);
  await copies.forget('left');
  assert.deepEqual(await content(copies, 'left'), [{}, {}]);
  assert.deepEqual(await content(copies, 'other'), [{ 'a.png': 'other' }, {}]);
});

test('copies are kept for a day after the last change', async (context) => {
  browserWithDatabase();
  context.mock.timers.enable({ apis: ['Date'], now: 0 });
  const copies = new FolderCopies();
  await copies.keepFile('old', 'a.png', 'pixels');
  await copies.keepWork('new', { 'a.png': '{}' });
  context.mock.timers.tick(KEPT_FOR - 1);
  await copies.keepWork('new', { 'b.png': '{}' });
  context.mock.timers.tick(2);
  await copies.keepWork('newest', { 'c.png': '{}' });
  assert.deepEqual(await content(copies, 'old'), [{}, {}]);
  assert.deepEqual(await content(copies, 'new'), [{}, { 'a.png': '{}', 'b.png': '{}' }]);
});

test('where the browser refuses storage, copies live as long as the page', async () => {
  globalThis.window = { IDBKeyRange: { bound: () => null } };
  const copies = new FolderCopies();
  await copies.keepFile('mine', 'a.png', 'pixels');
  await copies.keepWork('mine', { 'a.png': '{}' });
  assert.deepEqual(await content(copies, 'mine'), [{ 'a.png': 'pixels' }, { 'a.png': '{}' }]);
  await copies.forget('mine');
  assert.deepEqual(await content(copies, 'mine'), [{}, {}]);
});
