import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reviewing } from '../../cfr_icl/ui/static/reviewing.js';

// A page with a picture, and what was said and sent.
function page() {
  const parts = new Map(),
    said = [],
    sent = [];
  const ref = (name) => {
    if (!parts.has(name))
      parts.set(name, { value: '', hidden: false, addEventListener() {}, focus() {}, blur() {} });
    return parts.get(name);
  };
  const app = {
    ref,
    picture: { token: 'a' },
    ready: () => app.isReady,
    isReady: false, // another picture is on its way
    isWaiting: false,
    channel: { awaits: () => app.isWaiting },
    button: ref,
    send: (kind, fields) => sent.push([kind, fields.note]),
    notices: { show: (text) => said.push(text) },
    files: { step() {} },
  };
  return { app, ref, reviewing: new Reviewing(app), said, sent };
}

test('a note that was refused is there to be sent again, one that arrived is not', () => {
  const { app, ref, reviewing } = page();
  app.isReady = true;
  for (const [review, picture, left] of [
    ['', 'a', 'look again'],
    ['sent_back', 'a', ''],
    ['', 'b', ''],
  ]) {
    app.picture = { token: 'a' };
    ref('review-note').value = 'look again';
    reviewing.review(false);
    app.isWaiting = true;
    reviewing.show({ done: true, review: '', note: '' }); // a reply to what came before
    assert.equal(ref('review-note').value, '');
    app.isWaiting = false;
    app.picture = { token: picture };
    reviewing.show({ done: true, review, note: '' });
    assert.equal(ref('review-note').value, left);
  }
});

test('a note whose picture is being left is not sent to the next one, and is told of', () => {
  const { app, ref, reviewing, said, sent } = page();
  ref('review-note').value = 'one is missing';
  reviewing.review(false);
  assert.deepEqual(sent, []);
  reviewing.dropNote('a.png');
  assert.match(said[0], /a\.png.*one is missing/);
  app.isReady = true;
  ref('review-note').value = 'two are missing';
  reviewing.review(false);
  assert.deepEqual(sent, [['review', 'two are missing']]);
});
