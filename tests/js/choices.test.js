import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameOf } from '../../cfr_icl/ui/static/choices.js';
import { MaskShape } from '../../cfr_icl/ui/static/mask.js';

const square = (left, top, side) =>
  new MaskShape(new Map(Array.from({ length: side }, (_, i) => [left + i, [top, top + side]])));

test('each mask of an offer is shown in its own surroundings, a small one enlarged', () => {
  const egg = square(100, 100, 20),
    table = square(0, 0, 400),
    empty = new MaskShape(new Map());
  const size = [400, 600];
  const [x, y, side] = frameOf(egg, [egg, table], size);
  assert.ok(x < 100 && y < 100 && x + side > 120 && y + side > 120);
  assert.ok(side > 3 * 20 && side < 400 / 2);
  assert.deepEqual([x + side / 2, y + side / 2].map(Math.round), [110, 110]);
  assert.ok(frameOf(table, [egg, table], size)[2] > 400);
  assert.ok(frameOf(empty, [empty, table], size)[2] > 400);
  assert.ok(frameOf(empty, [empty], size)[2] > 0);
  const corner = square(585, 2, 10);
  const [left, top, part] = frameOf(corner, [corner, table], size);
  assert.ok(top === 0 && left + part === 600 && left <= 585);
});
