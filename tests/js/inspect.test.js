import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inspector } from '../../cfr_icl/ui/static/inspect.js';

test('choosing a pass with an equal mask asks for the passes anew, to mark the chosen one', () => {
  const parts = new Map(),
    sent = [];
  const part = () => ({ addEventListener() {} });
  const fold = {
    ...part(),
    open: true,
    querySelector: (name) => parts.get(name) ?? parts.set(name, part()).get(name),
  };
  const inspector = new Inspector(fold, { draw() {} }, (kind) => sent.push(kind));
  const active = { id: 1, version: 5, clicks: [[3, 4, 1]], threshold: 0.5, chosen_pass: 2 };
  inspector.follow(active);
  inspector.follow({ ...active });
  assert.deepEqual(sent, ['inspect']);
  inspector.follow({ ...active, chosen_pass: 1 });
  assert.deepEqual(sent, ['inspect', 'inspect']);
});
