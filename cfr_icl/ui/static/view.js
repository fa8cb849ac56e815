// The picture on the stage: handles pointer, wheel and arrow keys.

import { Dragging } from './dragging.js';
import { DrawingKeys } from './drawing_keys.js';
import * as geometry from './geometry.js';
import { BAD, GOOD, markCursor } from './overlays.js';
import { objectsAt, Picker } from './picking.js';
import { Stage } from './stage.js';

const DRAG_DISTANCE = 5; // CSS pixels
const REACH = 4; // CSS pixels by which a click may miss a thin mask
const TOUCH_REACH = 12; // the same of a finger
const CURSORS = { positive: markCursor(GOOD, '+'), negative: markCursor(BAD, '-') };
const BUTTONS = { 1: 0, 2: 2, 4: 1 }; // those that are used: the bit in `buttons` -> `button`
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class View extends Stage {
  // `actions`: click(x, y, positive, alt), select(id), toggle(id), box(l, t, r, b), paint(points, add),
  // lasso(points, add), reshape(points), fillHole(pixel), resizeBrush(1 | -1), hover(pixel, touch),
  // rest() where the pointer is still and what lies under it is another pixel, zoomed(scale),
  // mode() -> 'positive' | 'negative', ready() -> whether the picture may be worked on now, accepts() -> the
  // same of what was just done, inWork() -> whether a click would go to an object
  constructor(canvas, look, actions) {
    super(canvas, look, actions);
    this.pointers = new Map();
    this.picker = new Picker();
    this.dragging = new Dragging(this);
    this.keys = new DrawingKeys(this);
    this.spaceHeld = false;
    this.shiftHeld = this.altHeld = false;
    this.touched = false; // whether a finger was used last, not a mouse or pen
    this.listen();
  }

  listen() {
    const { canvas } = this;
    const on = (kind, act, options) => canvas.addEventListener(kind, act, options);
    on('contextmenu', (event) => event.preventDefault());
    on('wheel', (event) => this.wheel(event), { passive: false });
    on('pointerdown', (event) => this.down(event));
    on('pointermove', (event) => this.move(event));
    on('pointerup', (event) => this.up(event, true));
    on('pointercancel', (event) => this.up(event, false));
    on('pointerleave', () => this.leave());
    for (const kind of ['mousedown', 'mouseup', 'auxclick']) {
      on(kind, (event) => {
        if (event.button > 2) event.preventDefault();
      }); // side buttons would leave the page
    }
    on('keydown', (event) => this.key(event));
    on('blur', () => {
      if (!this.keys.pause()) this.crosshair = null;
      this.actions.rest();
      this.draw();
    });
  }

  // A finger that was put down on the picture before does not tap on this one.
  setPicture(picture, transparent) {
    for (const pointer of this.pointers.values()) pointer.dragged = true;
    super.setPicture(picture, transparent);
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  wheel(event) {
    event.preventDefault();
    if (this.brushing && (event.altKey || event.shiftKey)) {
      this.actions.resizeBrush(-Math.sign(event.deltaY || event.deltaX));
      return;
    }
    if (geometry.wheelAsksFor(event, this.panned) === 'pan') {
      this.panned = event.timeStamp;
      this.pan(-event.deltaX, -event.deltaY);
      return;
    }
    const lines = event.deltaMode === 1 ? 16 : 1,
      speed = event.ctrlKey ? 0.01 : 0.0018;
    this.zoomTo(this.scale * Math.exp(-event.deltaY * lines * speed), this.point(event));
  }

  leave() {
    this.pointer = null;
    this.actions.hover(null, false);
    this.draw();
  }

  // The pixel under the crosshair, or else under the pointer; null for none.
  get pointedPixel() {
    return this.crosshair ?? (this.pointer && this.pixel(this.pointer));
  }

  // ---- pointers: a mouse or pen with its buttons, and fingers

  down(event) {
    this.canvas.focus({ preventScroll: true });
    try {
      this.canvas.setPointerCapture(event.pointerId);
    } catch {
      // the pointer has gone meanwhile
    }
    const point = this.point(event),
      touch = event.pointerType === 'touch';
    this.touched = touch;
    this.keys.end();
    this.crosshair = null;
    const pointer = { ...point, start: point, dragged: false, buttons: event.buttons };
    this.pointers.set(event.pointerId, pointer);
    if (!touch) {
      this.press(event, pointer, point, event.button);
    } else if (this.pointers.size > 1) {
      for (const other of this.pointers.values()) other.dragged = true; // a pinch is no tap
      this.drag = null;
    } else if (this.tool === 'corners') {
      this.dragging.takeCorner(pointer, point, false, touch);
    } else if (this.tool !== 'click') {
      this.dragging.begin(pointer, point);
    }
    this.showCursor();
  }

  // A button goes down: the first one, or another while one is held.
  press(event, pointer, point, button) {
    if (button === 1 || (button === 0 && this.spaceHeld)) {
      pointer.pans = true;
      this.spaceUsed = true;
      event.preventDefault();
    } else if (this.tool === 'corners' && (button === 0 || button === 2)) {
      this.dragging.takeCorner(pointer, point, button === 2 || event.shiftKey);
    } else if ((this.brushing || this.tool === 'lasso') && (button === 0 || button === 2)) {
      this.dragging.begin(pointer, point, button === 2 || event.shiftKey);
    } else if (button === 0 && (event.ctrlKey || event.metaKey)) {
      this.toggleAt(point);
    } else if (button === 0 && this.tool === 'box') {
      this.dragging.begin(pointer, point);
    } else if (button === 0 || button === 2) {
      this.clickAt(point, button === 2 || event.shiftKey, event.altKey);
    }
  }

  // Ctrl and a click add the object there to those that are selected, or take it from them.
  toggleAt(point) {
    const pixel = this.pixel(point),
      there = pixel && this.actions.accepts() ? objectsAt(this.objects, pixel, this.reach)[0] : null;
    if (there) this.actions.toggle(there.id);
  }

  move(event) {
    const point = this.point(event),
      pointer = this.pointers.get(event.pointerId);
    const touch = event.pointerType === 'touch';
    this.touched = touch;
    this.shiftHeld = event.shiftKey;
    this.altHeld = event.altKey;
    this.pointer = touch ? null : point;
    this.actions.hover(this.pixel(point), touch);
    this.showCursor();
    if (this.brushing) this.draw();
    if (!pointer) return;
    if (!touch) this.pressMore(event, pointer, point);
    const distance = Math.hypot(point.x - pointer.start.x, point.y - pointer.start.y);
    if (distance > DRAG_DISTANCE) pointer.dragged = true;
    const before = { x: pointer.x, y: pointer.y };
    Object.assign(pointer, point);
    if (pointer.draws && this.drag) {
      this.drag.points.push(geometry.onPicture(this.place, point));
      this.draw();
    } else if (!touch) {
      if (pointer.pans) this.pan(point.x - before.x, point.y - before.y);
    } else if (this.pointers.size > 1) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      this.moveTo(geometry.pinched(this.place, this.size, this.stage, before, point, other));
    } else if (pointer.dragged && !pointer.draws) {
      this.pan(point.x - before.x, point.y - before.y);
    }
  }

  // While one button is held the others come as moves.
  pressMore(event, pointer, point) {
    const added = event.buttons & ~pointer.buttons;
    pointer.buttons = event.buttons;
    for (const [bit, button] of Object.entries(BUTTONS)) {
      if (added & bit) this.press(event, pointer, point, button);
    }
  }

  up(event, finished) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (finished && pointer) {
      const tapped = event.pointerType === 'touch' && !pointer.dragged && !pointer.draws;
      if (pointer.draws && this.drag) this.dragging.finish(pointer, event);
      else if (tapped) this.clickAt(pointer, false);
    }
    this.drag = null;
    this.draw();
    this.showCursor();
  }

  // Give up a box or stroke under way, or the crosshair; tells whether there was one.
  cancel() {
    const cancelled = this.keys.cancel() || Boolean(this.drag || this.crosshair);
    this.drag = this.crosshair = null;
    this.actions.rest();
    this.draw();
    return cancelled;
  }

  // Keys and buttons that are let go elsewhere are not held any more.
  releaseAll() {
    this.spaceHeld = this.shiftHeld = this.altHeld = false;
    this.showCursor();
  }

  // ---- clicks

  // Whether nothing is under way that comes before a click.
  get awaitsFirstClick() {
    const idle = !this.pending.length && !this.drag && !this.pointers.size && !this.spaceHeld;
    return idle && this.tool === 'click' && !this.hidden;
  }

  // How many pixels of the picture a click may miss a thin mask by; the crosshair is exact.
  get reach() {
    if (this.crosshair) return 0;
    return (this.touched ? TOUCH_REACH : REACH) / this.scale;
  }

  // With no object in work a click on a mask selects it; Alt starts a new object there.
  wouldSelect(pixel, alt) {
    if (!pixel || alt || this.actions.inWork()) return false;
    return objectsAt(this.objects, pixel, this.reach).length > 0;
  }

  clickAt(point, reversed, alt = false) {
    const pixel = this.pixel(point);
    if (pixel) this.clickOn(pixel, (this.actions.mode() === 'positive') !== reversed, alt);
  }

  clickOn(pixel, positive, alt) {
    if (!this.actions.accepts()) return;
    if (positive && this.wouldSelect(pixel, alt)) {
      this.actions.select(this.picker.pick(this.objects, pixel, this.reach).id);
    } else {
      this.picker.forget();
      this.actions.click(pixel.x, pixel.y, positive, alt);
    }
  }

  showCursor() {
    const cursor = this.cursor();
    if (this.canvas.style.cursor !== cursor) this.canvas.style.cursor = cursor;
  }

  cursor() {
    if (!this.picture) return 'default';
    if (!this.actions.ready()) return 'progress';
    if ([...this.pointers.values()].some((pointer) => pointer.pans)) return 'grabbing';
    if (this.spaceHeld) return 'grab';
    if (this.brushing) return 'none';
    if (this.tool === 'corners') return 'default';
    if (this.tool === 'box' || this.tool === 'lasso') return 'crosshair';
    const mode = this.shiftHeld && this.actions.mode() === 'positive' ? 'negative' : this.actions.mode();
    const selects =
      mode === 'positive' && this.pointer && this.wouldSelect(this.pixel(this.pointer), this.altHeld);
    return selects ? 'pointer' : CURSORS[mode];
  }

  get chosenCorner() {
    return this.keys.corner;
  }

  // ---- keyboard: a crosshair that clicks

  key(event) {
    if (!this.picture || event.ctrlKey || event.metaKey) return;
    const step = STEPS[event.key];
    if (this.keys.key(event, step)); // used up
    else if (step) this.moveCrosshair(step, event);
    else if (!this.crosshair || !['Enter', 'Backspace'].includes(event.key)) return;
    else if (!event.repeat) this.clickOn(this.crosshair, event.key === 'Enter', event.altKey);
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  moveCrosshair(step, { altKey, shiftKey }) {
    const length = altKey ? 1 : Math.max(1, Math.round((shiftKey ? 64 : 12) / this.scale));
    const { width, height } = this.stage;
    this.crosshair = this.crosshair
      ? geometry.stepped(this.crosshair, step, length, this.size)
      : this.pixel({ x: width / 2, y: height / 2 }) || {
          x: Math.floor(this.width / 2),
          y: Math.floor(this.height / 2),
        };
    this.keys.follow(this.crosshair);
    this.actions.hover(this.crosshair, false);
    const [dx, dy] = geometry.intoView(this.place, this.stage, this.crosshair);
    if (dx || dy) this.pan(dx, dy);
  }
}
