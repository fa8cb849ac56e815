import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { Opening } from '../../cfr_icl/ui/static/opening.js';
import { Element, elements, settled } from './elements.js';

// A page on which files are opened; `arrive` lets the newest upload reach the server.
function page(changes = {}) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { document, ref } = elements();
  const uploads = [],
    sent = [],
    said = [],
    added = [];
  globalThis.XMLHttpRequest = class {
    upload = {};
    open() {}
    abort() {
      this.onabort();
    }
    send() {
      uploads.push(this);
    }
  };
  const arrive = async (status = 200) => {
    const upload = uploads.at(-1);
    Object.assign(upload, { status, responseText: `["/tmp/${uploads.length}"]` });
    upload.onload();
    await settled();
  };
  const app = {
    ref,
    root: new Element(),
    props: { examples: [], own_folder: { endings: ['.png'], work: '.session.json', bytes: 1e9 } },
    inFolder: false,
    picture: { token: 'open' },
    latest: () => app.picture,
    send: (kind, data) => sent.push([kind, data]),
    exporting: { mayLeave: async () => true },
    notices: { show: (text) => said.push(text) },
    ownFolder: { add: (files) => added.push(files.map(({ path }) => path)) },
    transport: { explainFailure() {} },
    ...changes,
  };
  return { added, app, arrive, document, opening: new Opening(app), ref, said, sent, uploads };
}

const file = (name) => new File(['content'], name);

afterEach(() => mock.timers.reset());

test('a picture is opened, and a file with annotations is loaded for the picture that was open', async () => {
  const { app, arrive, opening, sent } = page();
  opening.open(file('cat.png'));
  await arrive();
  assert.deepEqual(sent, [['open', { path: '/tmp/1', name: 'cat.png', picture: 'open' }]]);
  opening.open(file('cat.json'));
  app.picture = { token: 'other' };
  await arrive();
  assert.deepEqual(sent.at(-1), ['import', { path: '/tmp/2', name: 'cat.json', picture: 'open' }]);
});

test('of two choices the newest counts', async () => {
  const { arrive, opening, sent } = page();
  opening.open(file('one.png'));
  opening.open(file('two.png'));
  await arrive();
  assert.deepEqual(
    sent.map(([, { name }]) => name),
    ['two.png'],
  );
});

test('who stays with work that was not exported opens nothing', async () => {
  const { arrive, opening, sent } = page({ exporting: { mayLeave: async () => false } });
  opening.open(file('cat.png'));
  await arrive();
  await opening.openExample(1);
  assert.deepEqual(sent, []);
});

test('a failed upload is told, a cancelled one is not', async () => {
  const { arrive, opening, said, sent } = page();
  const failed = opening.open(file('cat.png'));
  await arrive(500);
  await failed;
  assert.deepEqual(said, ['The file could not be sent: HTTP 500']);
  const cancelled = opening.open(file('cat.png'));
  opening.cancel();
  await cancelled;
  assert.equal(said.length, 1);
  assert.deepEqual(sent, []);
});

test('only an upload that takes long shows its progress', async () => {
  const { arrive, opening, ref, uploads } = page();
  ref('upload').hidden = true;
  opening.open(file('cat.png'));
  mock.timers.tick(300);
  assert.equal(ref('upload').hidden, true);
  mock.timers.tick(200);
  uploads[0].upload.onprogress({ lengthComputable: true, loaded: 1, total: 4 });
  assert.equal(ref('upload').hidden, false);
  assert.equal(ref('upload-text').textContent, 'cat.png · 25 %');
  await arrive();
  assert.equal(ref('upload').hidden, true);
});

test('several files make a folder, and one more picture is added to the folder that is open', async () => {
  const { added, opening } = page();
  await opening.openAll([
    { file: file('a.png'), path: 'a.png' },
    { file: file('b.png'), path: 'b.png' },
  ]);
  await opening.openAll([{ file: file('a.png'), path: 'a.png' }], true);
  opening.app.inFolder = true;
  await opening.open(file('c.png'));
  assert.deepEqual(added, [['a.png', 'b.png'], ['a.png'], ['c.png']]);
});

test('an archive that cannot be read is named, and the other files are opened', async () => {
  const { added, opening, said } = page();
  const broken = { file: file('bad.zip'), path: 'bad.zip' };
  await opening.openAll([broken]);
  assert.deepEqual(added, []);
  await opening.openAll([broken, { file: file('a.png'), path: 'a.png' }]);
  assert.deepEqual(added, [['a.png']]);
  assert.equal(said.length, 2);
  assert.match(said[0], /bad\.zip/);
});

test('what is pasted is opened, text is not', async () => {
  const { arrive, document, sent } = page();
  document.fire('paste', { clipboardData: { files: [] } });
  document.fire('paste', { clipboardData: { files: [file('pasted.png')] } });
  await settled();
  await arrive();
  assert.deepEqual(
    sent.map(([, { name }]) => name),
    ['pasted.png'],
  );
});

test('masks are loaded in one step, with the list of their classes', async () => {
  const { arrive, opening, sent } = page();
  const masks = ['cat_1.png', 'cat_2.png'].map((name) => ({ file: file(name) }));
  opening.sendMasks(masks, { file: file('classes.txt') }, 'open', opening.choose());
  for (let count = 0; count < 3; count += 1) await arrive();
  const data = {
    path: '/tmp/1',
    name: 'cat_1.png',
    more: ['/tmp/2'],
    class_list: '/tmp/3',
    picture: 'open',
  };
  assert.deepEqual(sent, [['import', data]]);
});

test('masks are not loaded when another picture or file is opened meanwhile', async () => {
  const { app, arrive, opening, said, sent } = page();
  const masks = [{ file: file('cat_1.png') }];
  opening.sendMasks(masks, null, 'open', opening.choose());
  app.picture = { token: 'other' };
  await arrive();
  app.picture = { token: 'open' };
  const given = opening.sendMasks(masks, null, 'open', opening.choose());
  opening.openExample(0);
  await given;
  assert.deepEqual(
    said.map((text) => /^The masks were not loaded/.test(text)),
    [true, true],
  );
  assert.ok(sent.every(([kind]) => kind === 'example'));
});
