import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { App } from '../../cfr_icl/ui/static/app.js';
import { Restorer } from '../../cfr_icl/ui/static/restoring.js';

// A page with an open picture whose actions stay on their way, and the notices that it shows.
function page() {
  mock.timers.enable({ apis: ['setTimeout'] }); // the channel would try again
  const silent = new Proxy({}, { get: () => () => {} });
  globalThis.document = { addEventListener() {} };
  globalThis.window = { addEventListener() {} };
  const root = { hasAttribute: () => false };
  const app = new App({ root, props: {} });
  const notices = [];
  Object.assign(app, {
    notices: { show: (text) => notices.push(text) },
    preview: silent,
    replies: silent,
    transport: { deliver: () => new Promise(() => {}) },
    files: { names: [], index: null },
    view: { pending: [], keys: silent },
    page: 'before',
    picture: { token: 'a', name: 'cat.png', width: 4, height: 3 },
    source: { example: 2 },
    state: { objects: [] },
  });
  app.restorer = new Restorer(app);
  const sent = () => app.channel.waiting.map(({ kind, picture }) => [kind, picture]);
  const answer = () => app.channel.acknowledge(app.channel.last);
  return { app, notices, sent, answer };
}

afterEach(() => mock.timers.reset());

test('a lost page sends its picture again, then the actions that waited', async () => {
  const { app, notices, sent, answer } = page();
  app.send('click', { x: 1, y: 2 });
  await app.restorer.putBack({ forgotten: 'restarted' });
  assert.deepEqual(sent(), [
    ['hello', 'a'],
    ['restore', undefined],
  ]);
  assert.equal(app.ready(), false);
  answer();
  app.picture = { ...app.picture, token: 'b' };
  app.restorer.painted(app.picture);
  assert.deepEqual(sent(), [['click', 'b']]);
  assert.equal(app.ready(), true);
  assert.match(notices.at(-1), /your work is back/);
});

test('actions on the lost picture are not sent for another one', async () => {
  const { app, sent, answer } = page();
  app.send('click', { x: 1, y: 2 });
  await app.restorer.putBack({ forgotten: 'closed' });
  answer();
  app.picture = { ...app.picture, token: 'b', name: 'dog.png' };
  app.restorer.painted(app.picture);
  assert.deepEqual(sent(), []);
});

test('work that the server refuses stays on the page, where nothing can be marked', async () => {
  const { app, notices, answer } = page();
  await app.restorer.putBack({ forgotten: 'closed' });
  answer();
  app.page = 'after';
  app.restorer.check();
  assert.match(notices.at(-1), /does not take the work back/);
  assert.equal(app.ready(), false);
});
