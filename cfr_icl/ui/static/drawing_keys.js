// Corners, lasso and box by the keyboard. Corners: Tab goes from one to the next, arrow keys move it, Delete
// removes it, Insert adds one after it. Lasso: Enter sets a point where the crosshair is, Enter there again
// closes the line, Backspace or undo takes the last point back; another object, picture or tool closes the
// line as it is, Escape gives it up. Box: Enter sets a corner where the crosshair is, Enter elsewhere the
// opposite one, Enter there again is a click; Backspace, undo or Escape gives the first corner up, as do
// another object, picture or tool.

import * as geometry from './geometry.js';
import { cornerNear, midpoint, neighbour, patchOf, placeOf, withCorner } from './outline.js';

const SETTLED_AFTER = 700; // milliseconds after the last arrow key, when a moved corner is sent
const FAR = 10; // pixels of the picture that Shift moves a corner
const middle = ({ x, y }) => ({ x: x + 0.5, y: y + 0.5 });

export class DrawingKeys {
  #selected = null; // { object, x, y } of the selected corner, in pixels of the picture
  #leaves = false; // whether Tab leaves the picture, as after Escape
  #timer = null;

  constructor(view) {
    this.view = view;
  }

  // The selected corner's place, where there is one.
  get corner() {
    const { tool, drag } = this.view;
    if (tool !== 'corners' || this.#selected?.object !== this.#active?.id) return null;
    if (drag?.byKeys) return drag.points.at(-1);
    return this.#waits || !this.#rings.length
      ? this.#selected
      : placeOf(this.#rings, this.#place(this.#rings));
  }

  // Act on a key; whether it has been used up.
  key(event, step) {
    if (!this.view.actions.ready()) return false; // `clickOn` tells of it
    if (this.view.tool === 'corners') return this.#cornerKey(event, step);
    if (this.view.tool === 'box') return this.#boxKey(event);
    return this.view.tool === 'lasso' && this.#lassoKey(event);
  }

  // Give up a box or stroke that is drawn by keys; return whether there was one.
  cancel() {
    const had = Boolean(this.corner || this.view.drag?.byKeys);
    clearTimeout(this.#timer);
    if (this.view.drag?.byKeys) this.view.drag = null;
    this.#selected = null;
    this.#leaves = true;
    return had;
  }

  // The pointer takes over, or another tool: what was drawn stays.
  end() {
    this.settle();
    this.closeLine();
    this.cancel();
    this.#leaves = false;
  }

  // The picture loses the keys: a line of the lasso or a box waits until they come back.
  pause() {
    if (this.#line) this.#leaves = false;
    else this.end();
    return Boolean(this.#line);
  }

  // Close the line of the lasso that is not closed yet: it belongs to the object and the picture shown now. A
  // single corner of a box says nothing and is dropped.
  closeLine() {
    const { view } = this,
      set = this.#line?.points.slice(0, -1);
    if (!set) return;
    const line = view.drag;
    view.drag = null;
    if (set.length > 2 && view.actions.ready()) view.dragging.finishLasso(line, set);
    view.draw();
  }

  // Take the last point of such a line, or the corner of a box, back; whether there was one.
  takePointBack() {
    const line = this.#line;
    if (!line) return false;
    line.points.splice(-2, 1);
    if (line.points.length < 2) this.view.drag = null;
    this.view.draw();
    return true;
  }

  // Send the corner that was moved, without waiting whether it is moved on.
  settle() {
    const { view } = this,
      { drag } = view;
    clearTimeout(this.#timer);
    if (!drag?.byKeys || drag.kind !== 'corner') return;
    view.drag = null;
    view.dragging.finishCorner(drag);
    view.draw();
  }

  // The line of the lasso, or the box, goes on to the crosshair.
  follow(pixel) {
    this.#line?.points.splice(-1, 1, middle(pixel));
  }

  get #active() {
    return this.view.objects.find((object) => object.current && object.visible);
  }

  get #rings() {
    return this.view.corners.rings(this.#active, this.view.scale);
  }

  // ---- corners

  #cornerKey(event, step) {
    const rings = this.#rings;
    if (!rings.length) return false;
    const chosen = this.corner;
    if (event.key === 'Tab') return this.#goOn(rings, event.shiftKey ? -1 : 1);
    if (!chosen) return false;
    if (step) this.#move(rings, step, event.shiftKey ? FAR : 1);
    else if (event.key === 'Delete' || event.key === 'Backspace') this.#remove(rings);
    else if (event.key === 'Insert') this.#insert(rings);
    else if (event.key === 'Enter') this.end();
    else return false;
    return true;
  }

  // Select the next corner or the one before; past the last one the key leaves the picture.
  #goOn(rings, by) {
    const { view } = this,
      chosen = this.corner;
    if (!chosen && this.#leaves) {
      this.#leaves = false;
      return false;
    }
    const begin = view.crosshair && cornerNear(rings, middle(view.crosshair), Infinity);
    const there = chosen ? neighbour(rings, this.#place(rings), by) : begin || neighbour(rings, null, by);
    this.settle();
    if (there) this.#select(placeOf(rings, there));
    else this.#selected = null;
    return Boolean(there);
  }

  #select({ x, y }) {
    const { view } = this;
    view.crosshair = null;
    this.#leaves = false;
    this.#selected = { object: this.#active.id, x, y };
    const pixel = { x: Math.floor(x), y: Math.floor(y) },
      [dx, dy] = geometry.intoView(view.place, view.stage, pixel);
    if (dx || dy) view.pan(dx, dy);
  }

  // { ring, corner } of the selected corner.
  #place(rings) {
    const { drag } = this.view;
    return drag?.byKeys
      ? { ring: drag.held.ring, corner: drag.held.corner }
      : cornerNear(rings, this.#selected, Infinity);
  }

  #move(rings, [dx, dy], length) {
    const { view } = this;
    if (this.#waits) return;
    if (!view.drag) {
      const there = this.#place(rings);
      this.#hold({ rings, ...there }, placeOf(rings, there));
    }
    const { x, y } = view.drag.points.at(-1),
      within = (value, most) => Math.min(Math.max(value, 0), most);
    const to = { x: within(x + dx * length, view.width), y: within(y + dy * length, view.height) };
    this.#select(to);
    view.drag.points.push(to);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.settle(), SETTLED_AFTER);
  }

  #hold(held, place) {
    this.view.drag = { kind: 'corner', byKeys: true, held, points: [place] };
  }

  #remove(rings) {
    if (this.#waits) return;
    const there = this.#place(rings),
      next = neighbour(rings, there, 1) ?? neighbour(rings, there, -1),
      patch = patchOf(rings[there.ring], there.corner, null);
    clearTimeout(this.#timer);
    this.view.drag = null;
    if (!patch) return;
    this.view.actions.reshape(patch, { held: true, points: [] });
    if (next) this.#select(placeOf(rings, next));
  }

  // A corner in the middle of the side after the selected one, to be moved.
  #insert(rings) {
    if (this.#waits) return;
    this.settle();
    const place = midpoint(rings, this.#place(rings)),
      [changed, added] = withCorner(rings, this.#place(rings), place);
    this.#hold({ rings: changed, ...added }, placeOf(changed, added));
    this.#select(placeOf(changed, added));
  }

  // Whether a change of the outline is not answered yet: its corners are those of before.
  get #waits() {
    return this.view.pending.some((entry) => entry.held);
  }

  // ---- lasso and box

  // What is drawn and not closed yet; its last point follows the crosshair.
  get #line() {
    const { drag } = this.view;
    return drag?.byKeys && ['lasso', 'box'].includes(drag.kind) ? drag : null;
  }

  #begin(kind, point) {
    this.view.drag = { kind, byKeys: true, points: [point, point] };
  }

  #boxKey({ key, repeat, altKey }) {
    const { view } = this,
      { crosshair } = view;
    if (!crosshair) return false;
    if (key === 'Backspace') return this.takePointBack(); // without a corner it marks the background
    if (key !== 'Enter') return false;
    const box = this.#line;
    if (repeat) return true;
    if (!box) {
      this.#begin('box', middle(crosshair));
      return true;
    }
    view.drag = null;
    const [from, to] = box.points;
    if (from.x === to.x && from.y === to.y) view.clickOn(crosshair, true, altKey);
    else view.dragging.finishBox(box);
    return true;
  }

  #lassoKey(event) {
    const { crosshair } = this.view;
    if (!crosshair) return false;
    if (event.key === 'Backspace' && this.#line) this.takePointBack();
    else if (event.key === 'Enter' && !event.repeat) this.#setPoint(middle(crosshair), event.shiftKey);
    else return event.key === 'Backspace' || event.key === 'Enter';
    return true;
  }

  #setPoint(point, takesAway) {
    const { view } = this,
      drag = this.#line;
    if (!drag) {
      this.#begin('lasso', point);
      return;
    }
    const set = drag.points.slice(0, -1),
      last = set.at(-1);
    if (last.x !== point.x || last.y !== point.y) {
      drag.points.push(point);
    } else if (set.length !== 2) {
      drag.kind = takesAway ? 'unlasso' : 'lasso';
      drag.points = set;
      view.dragging.finishLasso(drag, set);
      view.drag = null;
    }
  }
}
