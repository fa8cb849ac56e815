import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Marking } from '../../cfr_icl/ui/static/marking.js';
import { elements, silent } from './elements.js';

// A page that shows a picture of 200 x 100 pixels, each of one CSS pixel; `sent` are the actions.
function page(changes = {}) {
  const { ref } = elements();
  Object.assign(globalThis, {
    ResizeObserver: class {
      observe() {}
    },
    matchMedia: () => ({ addEventListener() {} }),
    requestAnimationFrame: () => 1,
    cancelAnimationFrame() {},
  });
  document.createElement = () => ({ getContext: () => silent, style: {} });
  const sent = [],
    ran = [],
    pointed = [];
  Object.assign(ref('canvas'), {
    getContext: () => silent,
    getBoundingClientRect: () => ({ left: 0, top: 0, width: 200, height: 100 }),
    setPointerCapture() {},
    style: {},
    clientWidth: 200,
    clientHeight: 100,
  });
  Object.assign(ref('canvas').parentElement, { clientWidth: 200, clientHeight: 100 });
  const app = {
    ref,
    look: {},
    mode: 'positive',
    activeSoon: null,
    ready: () => true,
    accepts: () => true,
    send: (kind, data) => sent.push([kind, data]), // the number of the action
    commands: { run: (name) => ran.push(name) },
    settings: {
      hideMasks: (hidden) => ran.push(hidden ? 'hide' : 'show'),
      showTool: (tool) => ran.push(tool),
    },
    selection: { clear() {}, toggle: (id) => ran.push(`toggle ${id}`) },
    panel: { showCommands() {}, pointAt: (id) => pointed.push(id) },
    preview: { followPointer() {}, drop() {} },
    shownPicture: { keepPlace() {} },
    replies: { showCurrent() {} },
    ...changes,
  };
  const marking = new Marking(app);
  marking.view.setPicture({ naturalWidth: 200, naturalHeight: 100 });
  marking.view.moveTo({ x: 0, y: 0, scale: 1 });
  const event = (kind, x, y, more) =>
    ref('canvas').fire(kind, {
      pointerId: 1,
      pointerType: 'mouse',
      button: 0,
      buttons: 1,
      clientX: x,
      clientY: y,
      ...more,
    });
  const drag = (from, to, more = {}) => {
    event('pointerdown', ...from, more);
    event('pointermove', ...to, more);
    event('pointerup', ...to, { ...more, buttons: 0 });
  };
  return { app, drag, event, marking, pointed, ran, ref, sent };
}

test('a click is sent, and its mark is on the picture before the answer; hidden masks are shown', () => {
  const { drag, marking, ran, sent } = page();
  drag([30, 40], [30, 40]);
  assert.deepEqual(sent, [['click', { x: 30, y: 40, positive: true, may_overlap: false }]]);
  assert.deepEqual(marking.view.pending, [{ x: 30, y: 40, positive: true, number: 1 }]);
  assert.ok(ran.includes('show'));
  drag([50, 60], [50, 60], { button: 2, buttons: 2 });
  assert.equal(sent[1][1].positive, false);
  drag([70, 60], [70, 60], { altKey: true });
  assert.equal(sent[2][1].may_overlap, true);
});

test('a box is sent by its sides, and one for a single object leads back to clicks', () => {
  const { app, drag, marking, ran, sent } = page();
  marking.view.tool = 'box';
  app.oneBox = true;
  drag([20, 10], [120, 90]);
  assert.deepEqual(sent, [['box', { left: 20, top: 10, right: 120, bottom: 90 }]]);
  assert.equal(ran.at(-1), 'click');
});

test('a box around next to nothing is a click in its middle, on an object of its own', () => {
  const { drag, marking, ran, sent } = page();
  marking.view.tool = 'box';
  marking.view.moveTo({ x: 0, y: 0, scale: 4 });
  drag([80, 40], [95, 50]);
  assert.deepEqual(sent, [['click', { x: 21, y: 11, positive: true }]]);
  assert.ok(ran.includes('finish'));
});

test('strokes of the brush and the eraser are sent with their width', () => {
  const { drag, marking, sent } = page();
  marking.view.tool = 'brush';
  marking.view.brush = 12;
  drag([20, 10], [60, 10]);
  const [kind, { points, add, diameter }] = sent[0];
  assert.deepEqual([kind, add, diameter], ['paint', true, 12]);
  assert.ok(points.length > 1);
  marking.view.tool = 'eraser';
  drag([20, 10], [60, 10]);
  assert.equal(sent[1][1].add, false);
});

// An object that fills the picture's left half.
const HALF = {
  id: 3,
  visible: true,
  area: 10_000,
  shape: { contains: (x) => x < 100, box: { left: 0, top: 0, right: 99, bottom: 99 } },
};

test('a click on a mask selects its object, once; with one in work it is a click for that one', () => {
  const { app, drag, marking, sent } = page();
  marking.view.objects = [HALF];
  drag([30, 40], [30, 40]);
  assert.deepEqual(sent, [['select', { id: 3 }]]);
  app.activeSoon = 3;
  marking.select(3);
  assert.equal(sent.length, 1);
  app.activeSoon = 4;
  drag([30, 40], [30, 40]);
  assert.equal(sent[1][0], 'click');
});

test('the pixel under the pointer and the object there are told, and none beside the picture', () => {
  const { event, marking, pointed, ref } = page();
  marking.view.objects = [HALF];
  event('pointermove', 30, 40, { buttons: 0 });
  assert.equal(ref('pointer').textContent, '30, 40');
  event('pointermove', 150, 40, { buttons: 0 });
  event('pointermove', 30, 400, { buttons: 0 });
  assert.equal(ref('pointer').textContent, '');
  assert.deepEqual(pointed.slice(-3), [3, null, null]);
});
