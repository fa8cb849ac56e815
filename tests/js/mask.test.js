import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCounts, haloOf, MaskShape } from '../../cfr_icl/ui/static/mask.js';
import { objectsAt, Picker } from '../../cfr_icl/ui/static/picking.js';

// COCO's run lengths of a list of columns, written as the format says.
function encode(columns) {
  const runs = [0];
  let on = false;
  for (const value of columns.flat()) {
    if (Boolean(value) !== on) {
      runs.push(0);
      on = !on;
    }
    runs[runs.length - 1] += 1;
  }
  return runs
    .map((run, index) => {
      let value = index > 2 ? run - runs[index - 2] : run;
      let text = '';
      for (let more = true; more; ) {
        let chunk = value & 31;
        value >>= 5;
        more = chunk & 16 ? value !== -1 : value !== 0;
        if (more) chunk |= 32;
        text += String.fromCharCode(chunk + 48);
      }
      return text;
    })
    .join('');
}

function random(width, height, share, seed) {
  let state = seed;
  const next = () => {
    state = (1103515245 * state + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
  return Array.from({ length: width }, () => Array.from({ length: height }, () => next() < share));
}

test('counts as pycocotools writes them', () => {
  assert.deepEqual(decodeCounts('61X13mN000`0'), [6, 1, 40, 4, 5, 4, 5, 4, 21]);
});

for (const share of [0, 0.1, 0.5, 0.9, 1]) {
  test(`each pixel of a mask is found again, ${100 * share} % set`, () => {
    for (let seed = 1; seed < 6; seed++) {
      const columns = random(23, 17, share, seed);
      const shape = MaskShape.decode([17, 23], encode(columns));
      assert.equal(shape.empty, !columns.flat().some(Boolean));
      columns.forEach((column, x) => {
        column.forEach((on, y) => {
          assert.equal(shape.contains(x, y), on);
        });
      });
    }
  });
}

test('rings close around the mask: their signed areas make up its pixels', () => {
  const columns = random(31, 29, 0.5, 7);
  const shape = MaskShape.decode([29, 31], encode(columns));
  const inside = (x, y) => {
    let crossings = 0;
    for (const ring of shape.rings()) {
      for (let i = 0; i < ring.length; i += 2) {
        const [x0, y0, x1, y1] = [
          ring[i],
          ring[i + 1],
          ring[(i + 2) % ring.length],
          ring[(i + 3) % ring.length],
        ];
        if (y0 === y1 && Math.min(x0, x1) <= x && x < Math.max(x0, x1) && y0 <= y) crossings++;
      }
    }
    return crossings % 2 === 1;
  };
  columns.forEach((column, x) => {
    column.forEach((on, y) => {
      assert.equal(inside(x, y), on, `${x}, ${y}`);
    });
  });
});

const object = (id, area, holds = true, visible = true) => ({
  id,
  area,
  visible,
  shape: { contains: () => holds },
});

test('of masks on each other the smallest is selected first, then the next, then the smallest again', () => {
  const objects = [
    object(1, 50),
    object(2, 900),
    object(3, 300),
    object(4, 1, false),
    object(5, 1, true, false),
  ];
  const pixel = { x: 10, y: 10 };
  assert.deepEqual(
    objectsAt(objects, pixel).map(({ id }) => id),
    [1, 3, 2],
  );
  const picker = new Picker();
  const picks = Array.from({ length: 4 }, () => picker.pick(objects, pixel).id);
  assert.deepEqual(picks, [1, 3, 2, 1]);
  picker.pick(objects, pixel);
  assert.equal(picker.pick(objects, { x: 60, y: 10 }).id, 1);
  picker.forget();
  assert.equal(picker.pick(objects, { x: 60, y: 10 }).id, 1);
});

// An object whose mask is a rectangle, from its left and top pixel to right and bottom, exclusive.
const bar = (id, left, top, right, bottom) => ({
  id,
  area: (right - left) * (bottom - top),
  visible: true,
  shape: {
    box: { left, top, right, bottom },
    contains: (x, y) => x >= left && x < right && y >= top && y < bottom,
  },
});

test('a click that just misses a thin mask means it, beside a broad one it does not', () => {
  const objects = [bar(1, 20, 0, 23, 100), bar(2, 60, 0, 100, 100)]; // a cable, and a wall
  const at = (x, reach) => objectsAt(objects, { x, y: 50 }, reach).map(({ id }) => id);
  assert.deepEqual(at(26, 4), [1]);
  assert.deepEqual(at(16, 4), [1]);
  assert.deepEqual(at(28, 4), []); // too far
  assert.deepEqual(at(26, 2), []); // enlarged, a pixel is wide on the screen
  assert.deepEqual(at(26, 0), []); // the crosshair of the keys is exact
  assert.deepEqual(at(57, 4), []); // the wall is hit or it is not
  assert.deepEqual(at(61, 4), [2]);
});

test('a click beside a speck of a broad mask means nothing that is there', () => {
  const wall = bar(1, 60, 0, 100, 100),
    withSpeck = {
      ...wall,
      area: wall.area + 4,
      shape: {
        box: { left: 20, top: 0, right: 100, bottom: 100 },
        contains: (x, y) => wall.shape.contains(x, y) || (x >= 20 && x < 22 && y >= 49 && y < 51),
      },
    };
  assert.deepEqual(objectsAt([withSpeck], { x: 24, y: 50 }, 4), []);
});

test('of two thin masks the nearer one is meant, and a hit before both', () => {
  const objects = [
    bar(1, 20, 0, 22, 100),
    bar(2, 27, 0, 29, 100),
    { ...bar(3, 24, 0, 25, 100), visible: false },
  ];
  assert.deepEqual(
    [23, 24, 25, 27].map((x) => objectsAt(objects, { x, y: 50 }, 4)[0].id),
    [1, 1, 2, 2],
  );
  assert.equal(new Picker().pick(objects, { x: 24, y: 50 }, 4).id, 1);
});

test('light colours have a dark edge, others a light one', () => {
  assert.match(haloOf('#f0d2ff'), /^rgba\(0, 0, 0/);
  assert.match(haloOf('#3b82f6'), /^rgba\(255/);
  assert.match(haloOf('#fff'), /^rgba\(0, 0, 0/);
});

test('an outline with many corners takes a frame of its own, where it may wait', () => {
  globalThis.Path2D = class {
    moveTo() {}
    lineTo() {}
    closePath() {}
  };
  const done = [];
  const context = {
    save() {},
    restore() {},
    scale() {},
    fill: () => done.push('fill'),
    stroke: () => done.push('line'),
  };
  const painted = (shape, mayWait) => {
    done.length = 0;
    const waits = shape.paint(context, 1, '#f00', 0.5, 1, mayWait);
    return [waits, done.join(' ')];
  };
  const decoded = (columns) => MaskShape.decode([columns[0].length, columns.length], encode(columns));
  const ragged = decoded(random(100, 100, 0.5, 1));
  assert.deepEqual(painted(ragged, true), [true, 'fill']);
  assert.deepEqual(painted(ragged, true), [false, 'fill line line']);
  assert.deepEqual(painted(decoded(random(100, 100, 0.5, 1)), false), [false, 'fill line line']);
  assert.deepEqual(painted(decoded([[true, false]]), true), [false, 'fill line line']);
});
