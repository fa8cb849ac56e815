// The place of the picture on the canvas: fitted, zoomed and panned.

import * as geometry from './geometry.js';

export class Placement {
  // `actions.zoomed(scale)` is called when the picture lies elsewhere
  constructor(canvas, actions) {
    Object.assign(this, { canvas, actions });
    this.picture = null;
    this.place = { scale: 1, x: 0, y: 0 };
    this.fitted = true;
  }

  get stage() {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  get size() {
    return { width: this.width, height: this.height };
  }

  get width() {
    return this.picture ? this.picture.naturalWidth : 0;
  }

  get height() {
    return this.picture ? this.picture.naturalHeight : 0;
  }

  get scale() {
    return this.place.scale;
  }

  get x() {
    return this.place.x;
  }

  get y() {
    return this.place.y;
  }

  fit() {
    if (!this.picture) return;
    this.moveTo(geometry.fitted(this.size, this.stage), true);
  }

  actualSize() {
    if (this.picture) this.moveTo(geometry.centred(this.size, this.stage, 1));
  }

  // Restore zoom and position of an earlier visit to the picture.
  goTo(scale, x, y) {
    this.moveTo(geometry.inSight({ scale, x, y }, this.size, this.stage));
  }

  zoomTo(scale, at) {
    if (this.picture) this.moveTo(geometry.zoomed(this.place, this.size, this.stage, scale, at));
  }

  pan(dx, dy) {
    if (this.picture) this.moveTo(geometry.panned(this.place, this.size, this.stage, dx, dy));
  }

  moveTo(place, fitted = false) {
    Object.assign(this, { place, fitted });
    this.actions.zoomed(this.scale);
    this.draw();
  }

  // The picture pixel under a point of the stage, or null outside.
  pixel(point) {
    return this.picture && geometry.pixelAt(this.place, this.size, point);
  }
}
