import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel } from '../../cfr_icl/ui/static/channel.js';
import { Replies, withMissed } from '../../cfr_icl/ui/static/replies.js';

// A page whose parts do nothing but say in `told` what they were given.
function page() {
  const told = { model: null, job: null, begun: 0, said: [] };
  const known = {
    told,
    page: 'page',
    lastReply: null,
    view: { pending: [] },
    notices: { show: (text) => told.said.push(text) },
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

test('what replies that were lost held comes with the next one, and once', () => {
  const { receive, told } = page();
  const lost = { reply: 2, messages: ['lost'] },
    overtaken = { reply: 3, messages: ['overtaken'] };
  receive({ reply: 1 });
  receive({ reply: 4, messages: ['new'], earlier: [lost, overtaken] });
  assert.deepEqual(told.said, ['lost', 'overtaken', 'new']);
  receive(overtaken);
  receive({ reply: 5, earlier: [overtaken, { reply: 4, messages: ['new'] }] });
  assert.equal(told.said.length, 3);
});

test('of lost replies lists are joined, and of other fields the newest counts', () => {
  const missed = withMissed(
    {
      reply: 4,
      downloads: ['c'],
      inside: 'new',
      earlier: [
        { reply: 2, downloads: ['a'], inside: 'old', fill: 1 },
        { reply: 3, downloads: ['b'] },
      ],
    },
    1,
  );
  assert.deepEqual(missed.downloads, ['a', 'b', 'c']);
  assert.deepEqual([missed.inside, missed.fill, missed.reply], ['new', 1, 4]);
  assert.ok(!('messages' in missed));
});
