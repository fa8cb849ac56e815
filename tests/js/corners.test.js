import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Corners, polygonsOf, reshaped } from '../../cfr_icl/ui/static/corners.js';
import { MaskShape } from '../../cfr_icl/ui/static/mask.js';

// An object with the pixels of columns 10 to 29 and rows 10 to 29, seen at 2 CSS pixels to each.
const object = { shape: new MaskShape(new Map(Array.from({ length: 20 }, (_, x) => [10 + x, [10, 30]]))) };
const SCALE = 2;
const places = (polygon) =>
  Array.from({ length: polygon.length / 2 }, (_, n) => `${polygon[2 * n]},${polygon[2 * n + 1]}`).sort();
const at = (x, y, touch = false) => new Corners().grab(object, SCALE, { x, y }, touch);

test('a corner is taken near it, a new one on a side, and nothing elsewhere', () => {
  assert.equal(polygonsOf(at(11, 12).rings)[0].length, 8);
  assert.equal(polygonsOf(at(20, 10).rings)[0].length, 10); // a fifth corner
  assert.equal(at(20, 20), null);
});

test('a finger reaches further than a mouse', () => {
  assert.equal(at(20, 16), null);
  assert.notEqual(at(20, 16, true), null);
});

test('the corner that is held follows the pointer, the others stay', () => {
  const held = at(30, 30);
  const [polygon] = polygonsOf(held.rings, held, { x: 36, y: 34 });
  assert.deepEqual(places(polygon), ['10,10', '10,30', '30,10', '36,34']);
  assert.ok(reshaped(held, { x: 36, y: 34 }).some(([x, y]) => x === 36 && y === 34));
});

test('a corner can be removed, a place without one cannot', () => {
  const corners = new Corners();
  assert.ok(corners.removal(object, SCALE, { x: 30, y: 30 }).length >= 3);
  assert.equal(corners.removal(object, SCALE, { x: 20, y: 10 }), null);
});

test('an object without pixels has no corners', () => {
  assert.deepEqual(new Corners().rings({ shape: new MaskShape(new Map()) }, SCALE), []);
  assert.deepEqual(new Corners().rings(undefined, SCALE), []);
});
