import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listed } from '../../cfr_icl/ui/static/objects.js';

const objects = [
  { id: 1, label: 'Cup', area: 40 },
  { id: 2, label: 'plate', area: 90 },
  { id: 3, label: 'cup', area: 60, current: true },
  { id: 12, label: 'spoon', area: 10 },
];
const ids = (text, order) => listed(objects, text, order).map(({ id }) => id);

test('objects are found by label and number, and the one in work is always listed', () => {
  assert.deepEqual(ids('', 'number'), [1, 2, 3, 12]);
  assert.deepEqual(ids(' CUP', 'number'), [1, 3]);
  assert.deepEqual(ids('12', 'number'), [3, 12]);
  assert.deepEqual(ids('', 'area'), [2, 3, 1, 12]);
  assert.deepEqual(ids('', 'label').at(-1), 12);
});
