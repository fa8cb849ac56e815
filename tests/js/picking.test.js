import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectsAt, Picker } from '../../cfr_icl/ui/static/picking.js';

// An object whose mask is the pixels of a rectangle, right and bottom included.
function rectangle(id, left, top, right, bottom) {
  const contains = (x, y) => x >= left && x <= right && y >= top && y <= bottom;
  const area = (right - left + 1) * (bottom - top + 1);
  return { id, area, visible: true, shape: { contains, box: { left, top, right, bottom } } };
}
const large = rectangle(1, 0, 0, 99, 99),
  small = rectangle(2, 10, 10, 19, 19),
  cable = rectangle(3, 200, 0, 201, 99);
const ids = (objects) => objects.map(({ id }) => id);

test('the smallest of the objects at a pixel comes first, and hidden ones are not there', () => {
  const pixel = { x: 15, y: 15 };
  assert.deepEqual(ids(objectsAt([large, small, cable], pixel)), [2, 1]);
  assert.deepEqual(ids(objectsAt([large, { ...small, visible: false }], pixel)), [1]);
  assert.deepEqual(ids(objectsAt([{ ...large, shape: undefined }], pixel)), [], 'without a mask yet');
});

test('a near miss is taken for a thin mask alone', () => {
  assert.deepEqual(ids(objectsAt([large, cable], { x: 204, y: 50 }, 4)), [3]);
  assert.deepEqual(ids(objectsAt([large, cable], { x: 206, y: 50 }, 4)), []);
  assert.deepEqual(ids(objectsAt([large, cable], { x: 198, y: 50 }, 4)), [3]);
  assert.deepEqual(ids(objectsAt([large, cable], { x: 204, y: 50 }, 2)), [], 'enlarged');
  assert.deepEqual(ids(objectsAt([large, cable], { x: 204, y: 50 }, 0)), [], 'the crosshair of the keys');
  assert.deepEqual(ids(objectsAt([large, cable], { x: 102, y: 50 }, 4)), [], 'broad');
});

test('a click beside a speck of a broad mask means nothing that is there', () => {
  const speck = rectangle(1, 150, 49, 151, 50),
    contains = (x, y) => large.shape.contains(x, y) || speck.shape.contains(x, y),
    box = { left: 0, top: 0, right: 151, bottom: 99 },
    withSpeck = { ...large, area: large.area + speck.area, shape: { contains, box } };
  assert.deepEqual(ids(objectsAt([withSpeck], { x: 153, y: 50 }, 4)), []);
});

test('of two thin masks the nearer one is meant, and a hit before both', () => {
  const objects = [
    rectangle(1, 20, 0, 21, 99),
    rectangle(2, 27, 0, 28, 99),
    { ...rectangle(3, 24, 0, 24, 99), visible: false },
  ];
  assert.deepEqual(
    [23, 24, 25, 27].map((x) => objectsAt(objects, { x, y: 50 }, 4)[0].id),
    [1, 1, 2, 2],
  );
  assert.equal(new Picker().pick(objects, { x: 24, y: 50 }, 4).id, 1);
});

test('clicks at one place go from the smallest to the largest and begin again', () => {
  const picker = new Picker(),
    pick = (x, y) => picker.pick([large, small], { x, y }).id;
  assert.deepEqual([pick(15, 15), pick(16, 15), pick(15, 15)], [2, 1, 2]);
  assert.equal(pick(15, 15), 1);
  picker.forget();
  assert.equal(pick(15, 15), 2);
  assert.equal(pick(50, 50), 1);
});
