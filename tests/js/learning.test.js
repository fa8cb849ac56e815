import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervals } from '../../cfr_icl/ui/static/learning.js';

test('the difference agrees with the two figures beside it', () => {
  const comparison = { before: 5.74, after: 3.86, difference: -1.88, low: -3.56, high: -0.21 };
  assert.equal(intervals(comparison), 'Clicks: -1.8 (-3.6 to -0.2).'); // 5.7 before, 3.9 after
});
