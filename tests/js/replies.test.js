import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel } from '../../cfr_icl/ui/static/channel.js';
import { Replies } from '../../cfr_icl/ui/static/replies.js';

// A page whose parts do nothing but say in `told` what they were given.
function page() {
  const told = { model: null, job: null, begun: 0 };
  const known = {
    told,
    page: 'page',
    lastReply: null,
    view: { pending: [] },
    notices: { show() {} },
    channel: new Channel(
      () => {},
      () => {},
      () => {},
    ),
    settings: {
      showModel: (name) => {
        told.model = name;
      },
    },
    jobs: {
      follow: (job) => {
        told.job = job;
      },
    },
    ownFolder: {
      beginAnew: () => {
        told.begun += 1;
        known.page = null;
      },
    },
    latest: () => null,
  };
  const silent = new Proxy({}, { get: () => () => {} });
  const app = new Proxy(known, { get: (target, name) => (name in target ? target[name] : silent) });
  const replies = new Replies(app);
  known.receive = (reply) => replies.receive({ page: 'page', applied: 0, ...reply });
  known.lastReply = 0;
  return known;
}

test('a reply that another has overtaken ends no job and sets no model back', () => {
  const { receive, told } = page();
  receive({ reply: 2, model: 'new', job: { done: 1, total: 5 } });
  receive({ reply: 1, model: 'old' });
  assert.deepEqual(told.job, { done: 1, total: 5 });
  assert.equal(told.model, 'new');
  receive({ reply: 3, model: 'new' });
  assert.equal(told.job, undefined);
});

test('the reply to an earlier click does not set a model back that was chosen since', () => {
  const { receive, told, channel } = page();
  channel.send('click');
  channel.send('model', { name: 'new' });
  receive({ reply: 1, applied: 1, model: 'old' });
  assert.equal(told.model, null);
  receive({ reply: 2, applied: 2, model: 'new' });
  assert.equal(told.model, 'new');
});

test('a folder that was left ends once', () => {
  const { receive, told } = page();
  receive({ reply: 1, left_folder: true });
  receive({ reply: 2, left_folder: true });
  assert.equal(told.begun, 1);
});
