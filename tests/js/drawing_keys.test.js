import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Commands } from '../../cfr_icl/ui/static/commands.js';
import { Dragging } from '../../cfr_icl/ui/static/dragging.js';
import { DrawingKeys } from '../../cfr_icl/ui/static/drawing_keys.js';
import { ringsOf } from '../../cfr_icl/ui/static/outline.js';

const SQUARE = [10, 10, 10, 30, 30, 30, 30, 10];

// A page with a square in work, its commands, and what is sent, in its order.
function page() {
  const sent = [],
    rings = ringsOf([SQUARE], 0.5);
  const view = {
    tool: 'corners',
    drag: null,
    pending: [],
    scale: 1,
    width: 100,
    height: 100,
    place: { x: 0, y: 0, scale: 1 },
    stage: { width: 200, height: 200 },
    crosshair: null,
    objects: [{ id: 1, current: true, visible: true }],
    pointers: new Map(),
    picture: {},
    corners: { rings: () => rings },
    pan() {},
    draw() {},
    cancel: () => view.keys.cancel(),
    actions: { ready: () => true, reshape: () => sent.push('reshape'), paint: () => sent.push('paint') },
  };
  view.dragging = new Dragging(view);
  view.keys = new DrawingKeys(view);
  const app = {
    root: { addEventListener() {} },
    ref: () => ({ addEventListener() {} }),
    button: () => null,
    busy: () => false,
    ready: () => true,
    preview: { drop() {} },
    selection: { clear() {} },
    view,
    send: (kind) => sent.push(kind),
  };
  app.commands = new Commands(app);
  const press = (key, step) => view.keys.key({ key, shiftKey: false, repeat: false }, step);
  return { app, view, press, sent };
}

test('a corner that was moved by keys is sent before the next command', () => {
  const { app, press, sent } = page();
  press('Tab');
  press('ArrowRight', [1, 0]);
  app.commands.run('undo');
  assert.deepEqual(sent, ['reshape', 'undo']);
});

test('Escape gives a moved corner up', () => {
  const { app, press, sent } = page();
  press('Tab');
  press('ArrowRight', [1, 0]);
  app.commands.run('cancel');
  app.commands.run('undo');
  assert.deepEqual(sent, ['undo']);
});

test('a line of the lasso is given up with its tool, and goes on after other commands', () => {
  const { app, view, press } = page();
  view.tool = 'lasso';
  view.crosshair = { x: 5, y: 5 };
  press('Enter');
  app.commands.run('undo');
  assert.equal(view.drag.kind, 'lasso');
  view.keys.end();
  assert.equal(view.drag, null);
});

test('a stroke whose button is still held is sent before another object or picture, not with a zoom', () => {
  const { app, view, sent } = page();
  const pointer = { draws: true, dragged: true, start: { x: 1, y: 1 } };
  view.pointers.set(1, pointer);
  view.drag = {
    kind: 'brush',
    brush: 9,
    points: [
      { x: 1, y: 1 },
      { x: 20, y: 20 },
    ],
  };
  view.zoomTo = () => sent.push('zoom');
  app.commands.run('zoom-in');
  assert.deepEqual(sent, ['zoom']);
  app.commands.run('undo');
  assert.deepEqual(sent, ['zoom', 'paint', 'undo']);
  assert.equal(view.drag, null);
});
