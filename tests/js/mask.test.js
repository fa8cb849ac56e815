import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCounts, haloOf, MaskShape } from '../../cfr_icl/ui/static/mask.js';

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
