import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { Following } from '../../cfr_icl/ui/static/following.js';
import { elements } from './elements.js';

const MINUTE = 60_000;

// A page that works through a folder; `app.asked` counts its questions, `pass` lets time go by.
function page(changes = {}) {
  mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  mock.method(performance, 'now', () => now);
  const { document, window } = elements();
  const app = {
    inFolder: true,
    inOwnFolder: false,
    channel: { busy: false },
    asked: 0,
    transport: {
      deliver: async () => {
        app.asked += 1;
      },
    },
    ...changes,
  };
  const following = new Following(app);
  const pass = (milliseconds) => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
  };
  return { app, document, following, pass, window };
}

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test('a page in a folder of several people asks now and then, as long as somebody is there', () => {
  const { app, document, following, pass } = page();
  following.follow();
  pass(MINUTE / 2);
  assert.equal(app.asked, 1);
  pass(15 * MINUTE);
  following.follow();
  app.asked = 0;
  pass(MINUTE);
  assert.equal(app.asked, 0);
  document.fire('keydown');
  following.follow();
  pass(MINUTE / 2);
  assert.equal(app.asked, 1);
});

test('pages without others, or that nobody sees, ask nothing', () => {
  for (const changes of [{ inFolder: false }, { inOwnFolder: true }]) {
    const { app, following, pass } = page(changes);
    following.follow();
    pass(MINUTE);
    assert.equal(app.asked, 0);
    mock.timers.reset();
    mock.restoreAll();
  }
  const { app, document, following, pass } = page();
  document.visibilityState = 'hidden';
  following.follow();
  pass(MINUTE);
  assert.equal(app.asked, 0);
});

test('who comes back sees at once what others did, unless the page has just heard or is busy', () => {
  const { app, following, pass, window } = page();
  following.follow();
  window.fire('focus');
  assert.equal(app.asked, 0);
  pass(5000);
  app.channel.busy = true;
  window.fire('focus');
  assert.equal(app.asked, 0);
  app.channel.busy = false;
  window.fire('focus');
  assert.equal(app.asked, 1);
});
