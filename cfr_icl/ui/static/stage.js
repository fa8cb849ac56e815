// The stage: everything that is painted on the canvas.

import { Corners, polygonsOf } from './corners.js';
import { Layer } from './layer.js';
import * as overlays from './overlays.js';
import { Placement } from './placement.js';
import { shades } from './shades.js';

const BESIDE_WORK = 0.6; // opacity of the other objects while one is in work, whose colour may be the same

export class Stage extends Placement {
  constructor(canvas, look, actions) {
    super(canvas, actions);
    this.look = look;
    this.context = canvas.getContext('2d');
    this.backdrop = new Layer(); // the picture
    this.finished = new Layer(); // objects that are not in work
    this.objects = [];
    this.shades = new Map(); // the painted colours of the objects, by id
    this.pending = []; // clicks and strokes whose answer is awaited
    this.tool = 'click';
    this.corners = new Corners();
    this.brush = 20; // diameter in picture pixels
    this.drag = null; // a box or stroke under way, in picture coordinates
    this.pointed = null; // id of the object that is pointed at
    this.selected = new Set(); // ids of several objects
    this.pointer = null; // where the mouse is on the stage
    this.preview = null; // { shape, colour } of what a click would give
    this.crosshair = null;
    new ResizeObserver(() => this.resized()).observe(canvas.parentElement);
    this.followRatio();
  }

  resized() {
    if (this.fitted) this.fit();
    this.draw();
  }

  // Paint anew when the window comes to a screen with another ratio of pixels.
  followRatio() {
    const ratio = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    ratio.addEventListener(
      'change',
      () => {
        this.draw();
        this.followRatio();
      },
      { once: true },
    );
  }

  // Show a picture; null shows none, and nothing can be marked then.
  setPicture(picture, transparent = false) {
    this.picture = picture;
    this.checks = transparent ? this.context.createPattern(overlays.checkerboard(), 'repeat') : null;
    this.crosshair = null;
    this.drag = null;
    this.fit();
    this.draw();
  }

  // ---- painting

  draw() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => this.drawNow());
  }

  // Paint now, so that the next frame already shows it.
  drawNow() {
    cancelAnimationFrame(this.drawing);
    this.drawing = null;
    this.paint();
  }

  paint() {
    const { canvas, context } = this,
      ratio = window.devicePixelRatio || 1;
    const { width, height } = this.stage;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.picture) return;
    this.shades = shades(this.objects);
    this.paintBackdrop(ratio);
    if (!this.hidden) this.paintFinished(ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.save();
    this.toPicture(context, ratio);
    this.paintOnPicture(context, ratio);
    context.restore();
    if (!this.hidden) this.paintPointed(ratio);
    if (this.look.names && !this.hidden) this.paintNames();
    if (this.look.markers) this.paintMarkers();
    if (this.pointer && this.brushing) overlays.paintBrush(context, this.pointer, this.brush * this.scale);
    if (this.crosshair) overlays.paintCrosshair(context, this.place, this.crosshair, this.stage);
  }

  paintOnPicture(context, ratio) {
    const { scale } = this,
      { opacity } = this.look;
    const inWork = this.hidden ? [] : this.objects.filter((object) => object.visible && object.current);
    for (const object of inWork) this.paintObject(object, context, ratio, opacity);
    if (this.preview && !this.hidden) this.paintPreview(ratio);
    if (this.heat) {
      context.globalAlpha = 0.85;
      context.imageSmoothingEnabled = true;
      context.drawImage(this.heat, 0, 0, this.width, this.height);
      context.globalAlpha = 1;
    }
    if (this.window) overlays.paintWindow(context, scale, this.window);
    const corners = this.tool === 'corners' && !this.hidden ? this.cornersShown() : null;
    if (corners) overlays.paintPolygons(context, scale, corners);
    else if (this.polygons) overlays.paintPolygons(context, scale, this.polygons);
    for (const drag of this.pending) if (drag.points && !drag.held) overlays.paintDrag(context, scale, drag);
    if (this.drag && !this.drag.held) overlays.paintDrag(context, scale, this.drag);
    const chosen = corners && this.chosenCorner;
    if (chosen) overlays.paintChosen(context, scale, chosen);
  }

  // What a click would give: fainter than every mask, its outline dashed.
  paintPreview(ratio) {
    const { context, scale, preview } = this,
      dash = [5, 4].map((length) => length / scale);
    context.setLineDash(dash);
    preview.shape.paint(context, scale * ratio, preview.colour, 0.22, ratio);
    context.setLineDash([]);
  }

  // The objects that are selected, and the one that is pointed at on the picture or in the list; the one in
  // work stands out anyway.
  paintPointed(ratio) {
    const { context } = this,
      pointed = ({ id, current }) => (id === this.pointed && !current) || this.selected.has(id);
    context.save();
    this.toPicture(context, ratio);
    for (const object of this.objects) {
      if (!object.visible || !object.shape || object.shape.empty || !pointed(object)) continue;
      object.shape.paint(context, this.scale * ratio, '#fff', 0.12, 2 * ratio);
    }
    context.restore();
  }

  paintNames() {
    for (const { id, box, label, visible, shape } of this.objects) {
      if (!visible || !shape || shape.empty) continue;
      const [left, top, width] = box,
        at = { x: (left + width / 2) * this.scale + this.x, y: top * this.scale + this.y };
      overlays.paintName(this.context, at, label, this.shades.get(id));
    }
  }

  paintMarkers() {
    const { context, place } = this,
      current = this.objects.find((object) => object.current);
    const clicks = this.pending.filter((entry) => !entry.points);
    const marker = ([x, y, positive]) => ({ x, y, positive });
    if (current?.drawn_box) overlays.paintBox(context, place, current.drawn_box);
    current?.clicks.forEach((click, index) => {
      if (index < current.clicks_of_box) return; // the person drew the box and not these
      const latest = index === current.clicks.length - 1 && !clicks.length;
      overlays.paintMarker(context, place, marker(click), latest);
    });
    for (const click of current?.neighbour_clicks || []) {
      overlays.paintMarker(context, place, marker(click), false, 0.5);
    }
    for (const click of clicks) overlays.paintMarker(context, place, click, true, 0.6);
  }

  // The polygons of the object in work, as its corners are dragged.
  cornersShown() {
    const active = this.objects.find((object) => object.current && object.visible);
    const rings = this.corners.rings(active, this.scale);
    const drag = this.drag?.held ? this.drag : this.pending.find((entry) => entry.held);
    return polygonsOf(rings, drag?.held, drag?.points.at(-1));
  }

  // The place of the corner that the keys move; null without one.
  get chosenCorner() {
    return null;
  }

  get brushing() {
    return this.tool === 'brush' || this.tool === 'eraser';
  }

  // From now on the context is drawn on in pixels of the picture.
  toPicture(context, ratio) {
    context.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, ratio * this.x, ratio * this.y);
    context.imageSmoothingEnabled = this.scale * ratio < 3;
    context.imageSmoothingQuality = 'high';
  }

  // Picture and finished objects are painted once for each place of the picture: they cost a click nothing.
  paintBackdrop(ratio) {
    this.backdrop.update(this.canvas, [ratio, this.picture, this.scale, this.x, this.y], (layer) => {
      this.toPicture(layer, ratio);
      if (this.checks) {
        layer.fillStyle = this.checks;
        layer.setTransform(ratio, 0, 0, ratio, 0, 0);
        layer.fillRect(this.x, this.y, this.width * this.scale, this.height * this.scale);
        this.toPicture(layer, ratio);
      }
      layer.drawImage(this.picture, 0, 0);
    });
    this.context.drawImage(this.backdrop.context.canvas, 0, 0);
  }

  paintFinished(ratio) {
    const { look, context } = this,
      objects = this.objects.filter((object) => object.visible && !object.current);
    const shown = [
      ratio,
      this.scale,
      this.x,
      this.y,
      look.opacity,
      look.contour,
      ...objects.flatMap(({ id, shape }) => [shape, this.shades.get(id)]),
    ];
    this.finished.update(this.canvas, shown, (layer) => {
      this.toPicture(layer, ratio);
      for (const object of objects) this.paintObject(object, layer, ratio, look.opacity);
    });
    if (!objects.length) return;
    context.globalAlpha = this.objects.some((object) => object.current) ? BESIDE_WORK : 1;
    context.drawImage(this.finished.context.canvas, 0, 0);
    context.globalAlpha = 1;
  }

  paintObject({ id, shape, current }, context, ratio, opacity) {
    const lineWidth = this.look.contour ? ratio * (current ? 1.8 : 1.2) : 0;
    const colour = this.shades.get(id);
    const waits = shape?.paint(context, this.scale * ratio, colour, opacity, lineWidth, current);
    if (waits) this.draw();
  }
}
