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
    size: { width: 100, height: 100 },
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
    actions: {
      ready: () => true,
      accepts: () => true,
      reshape: () => sent.push('reshape'),
      paint: () => sent.push('paint'),
      lasso: () => sent.push('lasso'),
      box: (...sides) => sent.push(['box', ...sides.slice(0, 4)]),
    },
    clickOn: ({ x, y }, positive) => sent.push(['click', x, y, positive]),
  };
  view.dragging = new Dragging(view);
  view.keys = new DrawingKeys(view);
  const app = {
    root: { addEventListener() {} },
    ref: () => ({ addEventListener() {} }),
    button: () => null,
    busy: () => false,
    ready: () => true,
    accepts: () => true,
    preview: { drop() {} },
    selection: { clear() {} },
    replies: { showCurrent() {} },
    panel: { showCommands() {} },
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

// The page with a line of the lasso whose corners are set, and not closed.
function withLine(corners) {
  const made = page();
  made.view.tool = 'lasso';
  for (const [x, y] of corners) {
    made.view.crosshair = { x, y };
    made.view.keys.follow(made.view.crosshair);
    made.press('Enter');
  }
  return made;
}

const TRIANGLE = [
  [5, 5],
  [40, 5],
  [5, 40],
];

test('a line of the lasso is closed before its object is finished or another picture comes', () => {
  for (const command of ['finish', 'next', 'previous']) {
    const { app, view, sent } = withLine(TRIANGLE);
    app.files = { step: () => sent.push('goto') };
    app.state = { objects: [] };
    app.commands.run(command);
    assert.deepEqual(sent, ['lasso', command === 'finish' ? 'finish' : 'goto']);
    assert.equal(view.drag, null);
  }
});

test('undo takes the last point of the line back, then acts on the picture', () => {
  const { app, view, sent } = withLine(TRIANGLE.slice(0, 2));
  app.commands.run('undo');
  assert.equal(view.drag.points.length, 2);
  app.commands.run('undo');
  assert.equal(view.drag, null);
  assert.deepEqual(sent, []);
  app.commands.run('undo');
  assert.deepEqual(sent, ['undo']);
});

test('a line waits while the picture lacks the keys, another tool closes it, Escape gives it up', () => {
  const { view, sent } = withLine(TRIANGLE);
  view.keys.pause();
  assert.equal(view.drag.points.length, 4);
  view.keys.end();
  assert.deepEqual(sent, ['lasso']);
  const other = withLine(TRIANGLE);
  other.app.commands.run('cancel');
  other.view.keys.end();
  assert.deepEqual(other.sent, []);
});

test('a line of two points encloses nothing: it is not sent', () => {
  const { app, view, sent } = withLine(TRIANGLE.slice(0, 2));
  app.state = { objects: [] };
  app.commands.run('finish');
  assert.deepEqual(sent, ['finish']);
  assert.equal(view.drag, null);
});

// The page with the box tool; `enter` presses Enter with the crosshair at a pixel.
function withBox() {
  const made = page();
  made.view.tool = 'box';
  const enter = (x, y) => {
    made.view.crosshair = { x, y };
    made.view.keys.follow(made.view.crosshair);
    return made.press('Enter');
  };
  return { ...made, enter };
}

test('a box is drawn from corner to corner by keys, in any direction', () => {
  const { view, enter, sent } = withBox();
  enter(60, 50);
  assert.deepEqual(sent, []);
  enter(20, 10);
  assert.deepEqual(sent, [['box', 60, 50, 20, 10]]);
  assert.equal(view.drag, null);
});

test('Enter twice at one place of the box tool is a click, and Backspace is one on the background', () => {
  const { press, enter, sent } = withBox();
  enter(60, 50);
  enter(60, 50);
  assert.deepEqual(sent, [['click', 60, 50, true]]);
  assert.equal(press('Backspace'), false); // left to the crosshair, which marks the background
});

test('a single corner of a box is given up by Backspace, undo, Escape, another tool or object', () => {
  const givenUp = {
    backspace: ({ press }) => press('Backspace'),
    undo: ({ app }) => app.commands.run('undo'),
    escape: ({ app }) => app.commands.run('cancel'),
    tool: ({ view }) => view.keys.end(),
    object: ({ app }) => app.commands.run('finish'),
  };
  for (const [name, giveUp] of Object.entries(givenUp)) {
    const made = withBox();
    made.app.state = { objects: [] };
    made.enter(60, 50);
    giveUp(made);
    assert.equal(made.view.drag, null, name);
    assert.deepEqual(made.sent, name === 'object' ? ['finish'] : [], name);
  }
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
