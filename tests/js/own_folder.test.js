import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { Element, elements, settled } from './elements.js';

elements(); // whose storage a module asks for
const { OwnFolder } = await import('../../cfr_icl/ui/static/own_folder.js');

const LIMITS = { pictures: 3, endings: ['.png', '.jpg'], work: '.session.json', bytes: 1e9 };
const files = (...paths) => paths.map((path) => ({ file: new File([path], path), path }));

// A page whose uploads are noted in `sending`, and whose copies in `kept`.
function page(changes = {}) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { ref } = elements();
  const said = [],
    sending = [],
    kept = [],
    sent = [];
  const app = {
    ref,
    root: new Element(),
    page: 'p',
    props: { own_folder: LIMITS },
    inFolder: false,
    inOwnFolder: false,
    files: { names: [] },
    notices: { show: (text) => said.push(text) },
    exporting: { mayLeave: async () => true },
    question: { ask: async () => false },
    send: (kind) => sent.push(kind),
    server: { saved_work: async ({ names }) => Object.fromEntries(names.map((name) => [name, '{}'])) },
    ...changes,
  };
  const folder = new OwnFolder(app);
  folder.uploads.send = async (entries, options) => {
    sending.push([entries.map(({ path, works }) => [path, works.length]), options]);
  };
  folder.copies = { keepWork: async (_, texts) => kept.push(...Object.keys(texts)), forget() {} };
  return { app, folder, kept, said, sending, sent };
}

afterEach(() => mock.timers.reset());

test('pictures go in the order of their names, each with its work; others are counted', async () => {
  const { folder, said, sending } = page();
  await folder.add(files('10.png', '9.png.session.json', '9.png', 'notes.txt', '.DS_Store'));
  assert.deepEqual(sending, [
    [
      [
        ['9.png', 1],
        ['10.png', 0],
      ],
      { open: false },
    ],
  ]);
  assert.deepEqual(said, ['Files that are no pictures were left out: 1.']);
});

test('a folder holds so many pictures, the rest is left out in a sentence', async () => {
  const { app, folder, said, sending } = page({ inFolder: true, inOwnFolder: true });
  app.files.names = ['x.png', 'y.png'];
  await folder.add(files('a.png', 'b.png', 'c.png'));
  assert.deepEqual(sending[0][0], [['a.png', 0]]);
  assert.deepEqual(said, ['A folder of this page holds 3 pictures at most; left out: 2.']);
  app.files.names = ['x.png', 'y.png', 'z.png', 'more.png'];
  await folder.add(files('a.png'));
  assert.match(said.at(-1), /left out: 1\.$/);
});

test('one picture more is opened, work alone is given to the pictures that are there', async () => {
  const { folder, sending } = page({ inFolder: true, inOwnFolder: true });
  await folder.add(files('a.png'));
  await folder.add(files('a.png.session.json'));
  assert.deepEqual(
    sending.map(([, { open }]) => open),
    [true, false],
  );
});

test('nothing is sent without a picture, to a server folder, or by who stays with their work', async () => {
  const server = page({ inFolder: true });
  await server.folder.add(files('a.png'));
  assert.match(server.said[0], /^This page works through a folder/);
  mock.timers.reset();
  const { app, folder, said, sending } = page();
  await folder.add(files('notes.txt'));
  await folder.add(files('a.png.session.json'));
  assert.deepEqual(said, [
    'There is no picture among these files.',
    'Open the pictures of this work first, or together with it.',
  ]);
  app.exporting.mayLeave = async () => false;
  await folder.add(files('a.png'));
  assert.deepEqual([...sending, ...server.sending], []);
});

test('saved work is copied soon, and again where the server does not answer', async () => {
  const { app, folder, kept } = page();
  const answer = app.server.saved_work;
  app.server.saved_work = async () => {
    throw Error('HTTP 502');
  };
  folder.follow({ own: true, saved: ['a.png', 'b.png'] });
  mock.timers.tick(300);
  await settled();
  assert.deepEqual(kept, []);
  app.server.saved_work = answer;
  folder.follow({ own: true, saved: ['c.png', 'a.png'] });
  mock.timers.tick(3000);
  await settled();
  assert.deepEqual(kept.toSorted(), ['a.png', 'b.png', 'c.png']);
});

test('work of a folder that was closed meanwhile is not copied', async () => {
  const { folder, kept } = page();
  folder.follow({ own: true, saved: ['a.png'] });
  mock.timers.tick(300);
  await folder.leave(); // while the server is asked
  await settled();
  assert.deepEqual(kept, []);
});

test('work is unsaved until an export that was asked for after it has arrived', async () => {
  const { app, folder, sent } = page({ inOwnFolder: true });
  app.files.names = ['a.png'];
  assert.equal(folder.isUnsaved(), false);
  folder.follow({ own: true, saved: ['a.png'] });
  const asked = folder.saved;
  folder.follow({ own: true, saved: ['a.png'] });
  folder.markTaken(asked);
  assert.equal(folder.isUnsaved(), true);
  await folder.leave(); // the person stays
  assert.deepEqual(sent, []);
  folder.markTaken(folder.saved);
  await folder.leave();
  assert.deepEqual(sent, ['leave_folder']);
});
