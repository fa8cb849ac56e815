import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dragging } from '../../cfr_icl/ui/static/dragging.js';

// A view with a tool, and what its drags do, in their order.
function viewWith(tool, changes = {}) {
  const done = [],
    tell =
      (name) =>
      (...what) =>
        done.push([name, ...what]);
  const view = {
    tool,
    brush: 12,
    drag: null,
    picture: {},
    size: { width: 100, height: 100 },
    place: { x: 0, y: 0, scale: 2 },
    scale: 2,
    reach: 2,
    objects: [],
    pointers: new Map(),
    draw() {},
    clickAt: tell('click'),
    actions: {
      ready: () => true,
      accepts: () => true,
      box: (...sides) => done.push(['box', ...sides.slice(0, 4)]),
      paint: (points, adds, { brush }) => done.push(['paint', points.length, adds, brush]),
      lasso: (points, adds) => done.push(['lasso', points.length, adds]),
      fillHole: tell('fill'),
      select: tell('select'),
    },
    ...changes,
  };
  view.dragging = new Dragging(view);
  return { view, done };
}

// Press at the first point of the stage, move along the others, and let go.
function draw(view, points, { reversed = false, shiftKey = false } = {}) {
  const pointer = { dragged: points.length > 1, start: points[0] };
  view.dragging.begin(pointer, points[0], reversed);
  for (const { x, y } of points.slice(1)) view.drag?.points.push({ x: x / 2, y: y / 2 });
  if (view.drag) view.dragging.finish(pointer, { shiftKey, altKey: false });
  view.drag = null;
}
const at = (...places) => places.map(([x, y]) => ({ x, y }));

test('a box is sent in whole pixels of the picture, and a press that hardly moved is a click', () => {
  const { view, done } = viewWith('box');
  draw(view, at([21, 31], [101, 83]));
  draw(view, at([21, 31]), { shiftKey: true });
  assert.deepEqual(done, [
    ['box', 10, 15, 50, 41],
    ['click', { x: 21, y: 31 }, true, false],
  ]);
});

test('the right button erases with the brush and paints with the eraser', () => {
  const { view, done } = viewWith('brush');
  draw(view, at([2, 2], [40, 40]));
  draw(view, at([2, 2], [40, 40]), { reversed: true });
  view.tool = 'eraser';
  draw(view, at([2, 2], [40, 40]), { reversed: true });
  assert.deepEqual(
    done.map(([kind, , adds, brush]) => [kind, adds, brush]),
    [
      ['paint', true, 12],
      ['paint', false, 12],
      ['paint', true, 12],
    ],
  );
});

test('a lasso adds what it surrounds, the right button takes it away, and a mere click fills a hole', () => {
  const { view, done } = viewWith('lasso');
  const around = at([2, 2], [60, 2], [60, 60], [2, 60]);
  draw(view, around);
  draw(view, around, { reversed: true });
  draw(view, at([21, 31]));
  draw(view, at([21, 31]), { reversed: true });
  assert.deepEqual(done, [
    ['lasso', 4, true],
    ['lasso', 4, false],
    ['fill', { x: 10, y: 15 }],
  ]);
});

test('nothing is drawn while the picture may not be worked on, or something is drawn already', () => {
  const { view, done } = viewWith('brush');
  view.actions.accepts = () => false;
  draw(view, at([2, 2], [40, 40]));
  view.actions.accepts = () => true;
  view.drag = { kind: 'lasso', byKeys: true, points: [] };
  view.dragging.begin({}, { x: 2, y: 2 });
  assert.equal(view.drag.kind, 'lasso');
  assert.deepEqual(done, []);
});

test('a stroke that is still held is sent as if it had been let go', () => {
  const { view, done } = viewWith('brush'),
    pointer = { dragged: true };
  view.pointers.set(1, pointer);
  view.dragging.begin(pointer, { x: 2, y: 2 });
  view.drag.points.push({ x: 20, y: 20 });
  view.dragging.settle();
  view.dragging.settle();
  assert.deepEqual(done, [['paint', 2, true, 12]]);
  assert.equal(view.drag, null);
});
