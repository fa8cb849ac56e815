import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inspector } from '../../cfr_icl/ui/static/inspect.js';

test('a chosen pass with an equal mask is marked, and a late reply does not set the threshold back', () => {
  const parts = new Map(),
    sent = [];
  let waits = false;
  const part = () => ({ addEventListener() {} });
  const fold = {
    ...part(),
    open: true,
    querySelector: (name) => parts.get(name) ?? parts.set(name, part()).get(name),
  };
  const inspector = new Inspector(
    fold,
    { draw() {} },
    (kind) => sent.push(kind),
    () => waits,
  );
  const active = { id: 1, version: 5, clicks: [[3, 4, 1]], threshold: 0.5, chosen_pass: 2 };
  inspector.follow(active);
  inspector.follow({ ...active });
  assert.deepEqual(sent, ['inspect']);
  inspector.follow({ ...active, chosen_pass: 1 });
  assert.deepEqual(sent, ['inspect', 'inspect']);

  waits = true; // for the answer to a newer threshold
  inspector.part('threshold').value = 0.7;
  inspector.follow({ ...active, threshold: 0.6 });
  assert.equal(inspector.part('threshold').value, 0.7);
});
