import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Placement } from '../../cfr_icl/ui/static/placement.js';

function placement(picture = { naturalWidth: 600, naturalHeight: 400 }) {
  const zooms = [];
  const canvas = { clientWidth: 1024, clientHeight: 668 };
  const placed = new Placement(canvas, { zoomed: (scale) => zooms.push(scale) });
  placed.draw = () => {};
  placed.picture = picture;
  return { placed, zooms };
}

test('a fitted picture stays marked as such until it is zoomed', () => {
  const { placed, zooms } = placement();
  placed.fit();
  assert.equal(placed.fitted, true);
  placed.zoomTo(2 * placed.scale);
  assert.equal(placed.fitted, false);
  assert.deepEqual(zooms, [zooms[0], 2 * zooms[0]]); // told of the fit, then of the zoom
});

test('in actual size a pixel of the picture is one of the screen', () => {
  const { placed } = placement();
  placed.actualSize();
  assert.equal(placed.scale, 1);
  assert.deepEqual(placed.pixel({ x: 1024 / 2, y: 668 / 2 }), { x: 300, y: 200 });
  assert.equal(placed.pixel({ x: 1, y: 1 }), null);
});

test('a place of an earlier visit that shows nothing of this picture is moved into sight', () => {
  const { placed } = placement();
  placed.goTo(1, -5000, 20);
  assert.ok(placed.x + 600 > 0);
});

test('without a picture nothing is placed', () => {
  const { placed, zooms } = placement(null);
  placed.fit();
  placed.zoomTo(3);
  placed.pan(10, 10);
  assert.deepEqual(zooms, []);
  assert.equal(placed.pixel({ x: 10, y: 10 }), null);
});
