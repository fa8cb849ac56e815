import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { FolderUploads } from '../../cfr_icl/ui/static/folder_uploads.js';
import { elements, settled } from './elements.js';

const entries = (...paths) => paths.map((path) => ({ file: new File([path], path), path, works: [] }));

// A page that sends files; requests stay open until `server` answers the one for a file: server(path, 200).
function page(changes = {}) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { ref } = elements();
  const open = new Map(),
    begun = [],
    told = [],
    offered = [];
  globalThis.XMLHttpRequest = class {
    upload = {};
    open() {}
    abort() {
      this.onabort();
    }
    send(body) {
      const path = body.get('files').name.replace(/^[0-9a-f]+-/, '');
      begun.push(path);
      open.set(path, this);
    }
  };
  const server = async (path, status) => {
    Object.assign(open.get(path), { status, responseText: JSON.stringify([`/tmp/${path}`]) });
    open.get(path).onload();
    await settled();
  };
  const app = {
    ref,
    inOwnFolder: true,
    notices: { show: (text, { choices }) => offered.push([text, choices[0][1]]) },
    send: (_, { files, more, ...options }) => told.push([files.map(({ name }) => name), more, options]),
    transport: { explainFailure: async () => {} },
    ...changes,
  };
  return { app, begun, offered, ref, server, told, uploads: new FolderUploads(app, '.session.json') };
}

afterEach(() => mock.timers.reset());

test('the first picture of a new folder is told alone, the others are sent three at a time', async () => {
  const { begun, ref, server, told, uploads } = page({ inOwnFolder: false });
  const sending = uploads.send(entries('a.png', 'b.png', 'c.png', 'd.png', 'e.png'));
  await settled();
  assert.deepEqual(begun, ['a.png']);
  await server('a.png', 200);
  assert.deepEqual(told, [[['a.png'], true, {}]]);
  assert.deepEqual(begun, ['a.png', 'b.png', 'c.png', 'd.png']);
  assert.equal(ref('upload-text').textContent, '1 / 5');
  for (const path of ['c.png', 'b.png', 'd.png', 'e.png']) await server(path, 200);
  await sending;
  assert.deepEqual(told.at(-1), [['c.png', 'b.png', 'd.png', 'e.png'], false, {}]);
  assert.equal(ref('upload').hidden, true);
});

test('saved work is sent with its picture, and both are told together', async () => {
  const { server, told, uploads } = page();
  const [work] = entries('a.png.session.json'),
    [picture] = entries('a.png');
  const sending = uploads.send([{ ...picture, works: [work] }], { open: true });
  await settled();
  await server('a.png', 200);
  assert.deepEqual(told, []);
  await server('a.png.session.json', 200);
  await sending;
  assert.deepEqual(told, [[['a.png', 'a.png.session.json'], false, { open: true }]]);
  const [again] = uploads.filesOf(['/tmp/a.png', '/tmp/a.png.session.json', '/tmp/unknown']);
  assert.deepEqual([again.path, again.works[0].path], ['a.png', 'a.png.session.json']);
});

test('a file that fails is tried three times, then offered; one that is too large is not', async () => {
  const { begun, offered, server, told, uploads } = page();
  const sending = uploads.send(entries('a.png', 'huge.png', 'c.png'));
  await settled();
  await server('huge.png', 413);
  await server('c.png', 200);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await server('a.png', 500);
    mock.timers.tick(3000);
    await settled();
  }
  await sending;
  assert.deepEqual(begun.toSorted(), ['a.png', 'a.png', 'a.png', 'c.png', 'huge.png']);
  assert.deepEqual(told, [[['c.png'], false, {}]]);
  const [[text, again]] = offered;
  assert.equal(text, 'Files could not be sent: 2.');
  again();
  await settled();
  assert.deepEqual(begun.slice(5).toSorted(), ['a.png', 'huge.png']);
});

test('uploads that are cancelled end at once, and nothing is offered', async () => {
  const { begun, offered, told, uploads } = page();
  const sending = uploads.send(entries('a.png', 'b.png', 'c.png', 'd.png'));
  await settled();
  uploads.cancel();
  await sending;
  assert.equal(begun.length, 3);
  assert.deepEqual(told, [[[], false, {}]]);
  assert.deepEqual(offered, []);
});

test('a second choice waits for the first', async () => {
  const { begun, server, uploads } = page();
  const first = uploads.send(entries('a.png'));
  const second = uploads.send(entries('b.png'));
  await settled();
  assert.deepEqual(begun, ['a.png']);
  await server('a.png', 200);
  await first;
  await settled();
  assert.deepEqual(begun, ['a.png', 'b.png']);
  await server('b.png', 200);
  await second;
});
