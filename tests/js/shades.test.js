import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shade, shades } from '../../cfr_icl/ui/static/shades.js';

const parts = (colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

function hue(colour) {
  const [red, green, blue] = parts(colour);
  return (Math.atan2(Math.sqrt(3) * (green - blue), 2 * red - green - blue) * 180) / Math.PI;
}

const objects = (...entries) => entries.map(([id, colour]) => ({ id, colour }));

test('a single object, and the first of several, have the colour itself', () => {
  assert.deepEqual(
    [...shades(objects([7, '#3b82f6'], [9, '#ef4444']))],
    [
      [7, '#3b82f6'],
      [9, '#ef4444'],
    ],
  );
  assert.equal(shades(objects([5, '#3b82f6'], [2, '#3b82f6'])).get(2), '#3b82f6');
});

test('objects of one colour have shades of its hue that differ from one another', () => {
  for (const colour of ['#3b82f6', '#facc15', '#1e3a8a', '#84cc16', '#ef4444']) {
    const painted = [...shades(objects(...[1, 2, 3, 4, 5].map((id) => [id, colour]))).values()];
    painted.forEach((one, index) => {
      assert.ok(Math.abs(hue(one) - hue(colour)) < 2, `${colour} ${one}`);
      for (const other of painted.slice(0, index)) {
        const apart = Math.hypot(...parts(one).map((part, at) => part - parts(other)[at]));
        assert.ok(apart > 15, `${colour}: ${one} ${other}`);
      }
    });
  }
});

test('an object keeps its shade when objects are ordered anew or of other colours are added', () => {
  const before = shades(objects([1, '#3b82f6'], [2, '#3b82f6']));
  const after = shades(objects([2, '#3b82f6'], [3, '#ef4444'], [1, '#3b82f6']));
  assert.equal(after.get(2), before.get(2));
  assert.notEqual(after.get(2), after.get(1));
});

test('white, black and short colours have shades too', () => {
  for (const colour of ['#ffffff', '#000000', '#fff', '#0a0'])
    assert.match(shade(colour, 1), /^#[0-9a-f]{6}$/);
  assert.notEqual(shade('#ffffff', 1), '#ffffff');
  assert.notEqual(shade('#000000', 1), '#000000');
});
