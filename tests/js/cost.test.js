import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeCost, describeKind, shareOf } from '../../cfr_icl/ui/static/cost.js';

test('the bar grows, also when a wait takes longer than before, and is never full', () => {
  const shares = [0, 1, 2, 4, 8, 20].map((seconds) => shareOf(seconds, 4));
  assert.equal(shares[0], 0);
  assert.equal(shares[2], 0.5);
  for (let n = 1; n < shares.length; n++) assert.ok(shares[n] > shares[n - 1]);
  assert.ok(shares.at(-1) < 1);
});

test('what a model costs is one line, without what is not known', () => {
  const known = { parameters: 4_100_000, device: 'cpu', licence: 'apache-2.0', picture: 0.5, click: 0.1 };
  const line = describeCost(known);
  for (const part of ['4.1', 'CPU', '0.5 s', '0.1 s', 'apache-2.0']) assert.ok(line.includes(part), part);
  const unknown = describeCost({
    ...known,
    device: 'cuda:0',
    parameters: null,
    licence: null,
    picture: null,
  });
  assert.equal(unknown, 'GPU · 0.1 s a click · licence unknown');
});

test('which network of a learnt model predicts is a sentence', () => {
  assert.match(describeKind({ of_kind: true }), /as those learnt from/);
  assert.match(describeKind({ of_kind: false }), /the starting model predicts/);
});
