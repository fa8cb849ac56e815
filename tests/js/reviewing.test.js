import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reviewing } from '../../cfr_icl/ui/static/reviewing.js';

test('a note whose picture is being left is not sent to the next one, and is told of', () => {
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
    ready: () => app.isReady,
    isReady: false, // another picture is on its way
    send: (kind, fields) => sent.push([kind, fields.note]),
    notices: { show: (text) => said.push(text) },
    files: { step() {} },
  };
  const reviewing = new Reviewing(app);
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
