import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MaskShape } from '../../cfr_icl/ui/static/mask.js';
import {
  cornerNear,
  midpoint,
  neighbour,
  patchOf,
  placeOf,
  ringsOf,
  sideNear,
  withCorner,
} from '../../cfr_icl/ui/static/outline.js';

const SIDE = 40;

// A mask as rows of booleans -> its exact rings.
function ringsIn(inside, tolerance) {
  const columns = new Map();
  for (let x = 0; x < SIDE; x++) {
    const spans = [];
    for (let y = 0; y <= SIDE; y++) {
      if (y < SIDE && inside(x, y)) {
        if (spans.length % 2 === 0) spans.push(y);
      } else if (spans.length % 2) spans.push(y);
    }
    if (spans.length) columns.set(x, spans);
  }
  return ringsOf(new MaskShape(columns).rings(), tolerance);
}

// Whether the middle of a pixel lies in a polygon [[x, y], ...], by the even-odd rule.
function holds(polygon, x, y) {
  let inside = false;
  polygon.forEach(([x0, y0], index) => {
    const [x1, y1] = polygon[(index + 1) % polygon.length];
    const [px, py] = [x + 0.5, y + 0.5];
    if (x0 > px !== x1 > px && py > y0 + ((px - x0) / (x1 - x0)) * (y1 - y0)) inside = !inside;
  });
  return inside;
}

const square = (x, y) => x >= 10 && x < 30 && y >= 10 && y < 30;
const disk = (x, y) => Math.hypot(x - 20, y - 20) < 15;

test('a square has its four corners, a disk as few as the tolerance allows, a hole a ring of its own', () => {
  const [{ points, corners }] = ringsIn(square, 1);
  const found = corners.map((index) => `${points[2 * index]},${points[2 * index + 1]}`).sort();
  assert.deepEqual(found, ['10,10', '10,30', '30,10', '30,30']);
  const [fine, coarse] = [0.5, 3].map((tolerance) => ringsIn(disk, tolerance)[0].corners.length);
  assert.ok(fine > coarse && coarse >= 3);
  assert.equal(ringsIn((x, y) => disk(x, y) && !(x === 20 && y === 20), 1).length, 2);
  assert.ok(ringsIn((x, y) => x === 3 && y === 4, 9)[0].corners.length >= 3);
});

test('the keys go through the corners of all rings, and find the middle of a side', () => {
  const rings = ringsIn((x, y) => square(x, y) && !(x >= 15 && x < 20 && y >= 15 && y < 20), 1);
  const seen = [];
  for (let there = neighbour(rings, null, 1); there; there = neighbour(rings, there, 1)) seen.push(there);
  assert.equal(new Set(seen.map((there) => JSON.stringify(placeOf(rings, there)))).size, 8);
  assert.deepEqual(neighbour(rings, null, -1), seen.at(-1));
  assert.deepEqual(neighbour(rings, seen[5], -1), seen[4]);
  assert.equal(neighbour(rings, seen[0], -1), null);
  const { x, y } = midpoint(rings, seen[0]);
  assert.ok([10, 20, 30].includes(x) && [10, 20, 30].includes(y));
});

test('a corner that is moved changes what lies between its neighbours alone', () => {
  const rings = ringsIn(square, 1);
  const { ring, corner } = cornerNear(rings, { x: 29.5, y: 29.5 }, 2);
  const patch = patchOf(rings[ring], corner, { x: 36, y: 36 });
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const changed = holds(patch, x, y);
      if (square(x, y) && changed) assert.fail(`${x}, ${y} was lost`);
      if (changed) assert.ok(x >= 10 && y >= 10 && x < 36 && y < 36 && (x >= 30 || y >= 30));
    }
  }
  assert.ok(holds(patch, 32, 32) && !holds(patch, 12, 32));
  assert.equal(cornerNear(rings, { x: 20, y: 20 }, 5), null);
});

test('a corner that is put back to its place changes nothing where the line is straight', () => {
  const rings = ringsIn(square, 1);
  const patch = patchOf(rings[0], 2, { x: rings[0].points[4], y: rings[0].points[5] });
  for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) assert.ok(!holds(patch, x, y));
});

test('a corner can be added on a side, and the exact line stays', () => {
  const rings = ringsIn(square, 1);
  const side = sideNear(rings, { x: 20, y: 9 }, 3);
  const [more, added] = withCorner(rings, side, { x: 20.3, y: 9 });
  assert.equal(more[0].corners.length, 5);
  const index = more[0].corners[added.corner];
  assert.deepEqual(more[0].points.slice(2 * index, 2 * index + 2), [20, 10]);
  const patch = patchOf(more[0], added.corner, { x: 20, y: 2 });
  assert.ok(holds(patch, 20, 5) && !holds(patch, 20, 15) && !holds(patch, 11, 5));
});

test('a corner that is removed leaves a straight side; three corners stay', () => {
  const rings = ringsIn(square, 1);
  const { corner } = cornerNear(rings, { x: 10, y: 10 }, 1);
  const patch = patchOf(rings[0], corner, null);
  assert.ok(holds(patch, 11, 11) && !holds(patch, 29, 28));
  assert.equal(patchOf({ points: [0, 0, 4, 0, 0, 4], corners: [0, 1, 2] }, 1, null), null);
});
