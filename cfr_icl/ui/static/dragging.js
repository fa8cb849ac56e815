// Draws with a button or a finger held: boxes, strokes, lines of the lasso, moved corners. The view holds the
// drag under way, and the stage paints it.

import { reshaped } from './corners.js';
import * as geometry from './geometry.js';
import { objectsAt } from './picking.js';

const REVERSED = { brush: 'eraser', eraser: 'brush', lasso: 'unlasso' };

export class Dragging {
  constructor(view) {
    this.view = view;
  }

  // Begin a box or a stroke; with the right button or Shift the brush erases and the eraser paints.
  begin(pointer, point, reversed = false) {
    const { view } = this;
    if (!this.#mayBegin()) return;
    pointer.draws = true;
    const kind = reversed ? REVERSED[view.tool] : view.tool;
    view.drag = { kind, brush: view.brush, points: [geometry.onPicture(view.place, point)] };
    view.draw();
  }

  // Drag a corner of the object in work, or remove it; elsewhere a press selects the object there.
  takeCorner(pointer, point, remove, touch = false) {
    const { view } = this;
    if (!this.#mayBegin()) return;
    const place = geometry.onPicture(view.place, point),
      active = view.objects.find((object) => object.current && object.visible);
    if (remove) {
      const patch = view.corners.removal(active, view.scale, place);
      if (patch) view.actions.reshape(patch, { held: true, points: [] });
      return;
    }
    const held = view.corners.grab(active, view.scale, place, touch);
    if (held) {
      pointer.draws = true;
      view.drag = { kind: 'corner', held, points: [place] };
    } else if (!touch) {
      const there = objectsAt(
        view.objects,
        { x: Math.floor(place.x), y: Math.floor(place.y) },
        view.reach,
      )[0];
      if (there) view.actions.select(there.id);
    }
  }

  // Send the box or stroke. A box on which the pointer hardly moved is a click with an unsteady hand.
  finish({ dragged, start }, { shiftKey, altKey }) {
    const { view } = this,
      { drag } = view,
      { kind, points } = drag;
    if (!view.picture || !view.actions.accepts()) return;
    if (kind === 'box' && !dragged) {
      view.clickAt(start, shiftKey, altKey);
    } else if (kind === 'box') {
      this.finishBox(drag);
    } else if (kind === 'corner') {
      this.finishCorner(drag);
    } else if (kind === 'lasso' || kind === 'unlasso') {
      this.finishLasso(drag, dragged ? points : [points[0]]);
    } else {
      view.actions.paint(geometry.thinned(points), kind === 'brush', drag);
    }
  }

  // Send what is drawn with a button or a finger that is still held, as if it had been let go.
  settle() {
    const { view } = this,
      pointer = [...view.pointers.values()].find(({ draws }) => draws);
    if (!pointer || !view.drag) return;
    this.finish(pointer, { shiftKey: view.shiftHeld, altKey: false });
    view.drag = null;
    view.draw();
  }

  // Send the box between the first and the last point.
  finishBox(drag) {
    const { points } = drag,
      [from, to] = [points[0], points.at(-1)];
    this.view.actions.box(...[from.x, from.y, to.x, to.y].map(Math.floor), drag);
  }

  // Send the corner where it was moved to.
  finishCorner(drag) {
    const { held, points } = drag,
      patch = points.length > 1 ? reshaped(held, points.at(-1)) : null;
    if (patch) this.view.actions.reshape(patch, drag);
  }

  // Send a line around something; a mere click with the lasso fills the hole there.
  finishLasso(drag, points) {
    const { actions, size } = this.view,
      line = geometry.rounded(points),
      pixel = geometry.pixelOf(size, points.at(-1));
    if (line.length > 2) actions.lasso(line, drag.kind === 'lasso', drag);
    else if (pixel && drag.kind === 'lasso') actions.fillHole(pixel);
  }

  #mayBegin() {
    const { picture, drag, actions } = this.view;
    return picture && !drag && actions.accepts();
  }
}
