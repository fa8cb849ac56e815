// What is seen of the picture: where it lies, and all that is painted on it.

const MAX_ZOOM = 32;
const BESIDE_WORK = 0.6;   // opacity of the other objects while one is in work: those of one label have one colour
const GOOD = '#16a34a', BAD = '#dc2626';

// What is seen through a transparent picture.
function checkerboard(side = 8) {
  const tile = document.createElement('canvas'), context = tile.getContext('2d');
  tile.width = tile.height = 2 * side;
  for (const [colour, first] of [['#fff', 0], ['#d4d4d4', side]]) {
    context.fillStyle = colour;
    context.fillRect(first, 0, side, side);
    context.fillRect(side - first, side, side, side);
  }
  return tile;
}

// A canvas as large as the stage that is painted anew only when what it is to show changes.
class Layer {
  constructor() {
    this.context = document.createElement('canvas').getContext('2d');
    this.shown = [];
  }

  // `shown` lists all that the painting depends on
  update(stage, shown, paint) {
    const { context } = this, now = [stage.width, stage.height, ...shown];
    if (now.length === this.shown.length && now.every((value, index) => value === this.shown[index])) return;
    this.shown = now;
    context.canvas.width = stage.width;   // empties it
    context.canvas.height = stage.height;
    paint(context);
  }
}

class Stage {
  constructor(canvas, look, actions) {
    Object.assign(this, { canvas, look, actions });
    this.context = canvas.getContext('2d');
    this.backdrop = new Layer();   // the picture
    this.finished = new Layer();   // objects that are not in work
    this.picture = null;
    this.objects = [];
    this.pending = [];
    this.tool = 'click';
    this.brush = 20;           // diameter in picture pixels
    this.drag = null;          // a box or stroke under way, in picture coordinates
    this.pointer = null;       // where the mouse is on the stage
    this.scale = 1; this.x = 0; this.y = 0;   // picture to CSS pixels: p * scale + (x, y)
    this.fitted = true;
    this.crosshair = null;
    new ResizeObserver(() => { if (this.fitted) this.fit(); this.draw(); }).observe(canvas.parentElement);
  }

  setPicture(picture, transparent) {
    this.picture = picture;
    this.checks = transparent ? this.context.createPattern(checkerboard(), 'repeat') : null;
    this.crosshair = null;
    this.fit();
  }

  // ---- where things are

  get stage() { return { width: this.canvas.clientWidth, height: this.canvas.clientHeight }; }

  get width() { return this.picture ? this.picture.naturalWidth : 0; }
  get height() { return this.picture ? this.picture.naturalHeight : 0; }

  fitScale() {
    const { width, height } = this.stage;
    return Math.min(MAX_ZOOM, (width - 24) / this.width, (height - 24) / this.height);
  }

  fit() {
    if (!this.picture) return;
    this.fitted = true;
    this.place(this.fitScale());
  }

  place(scale) {
    const { width, height } = this.stage;
    this.scale = scale;
    this.x = (width - this.width * scale) / 2;
    this.y = (height - this.height * scale) / 2;
    this.moved();
  }

  // Go back to where the picture was looked at before.
  goTo(scale, x, y) {
    Object.assign(this, { scale, x, y, fitted: false });
    this.moved();
  }

  zoomTo(scale, at) {
    if (!this.picture) return;
    const { width, height } = this.stage;
    const point = at || { x: width / 2, y: height / 2 };
    const next = Math.min(MAX_ZOOM, Math.max(Math.min(1, this.fitScale()) / 2, scale));
    this.x = point.x - (point.x - this.x) * next / this.scale;
    this.y = point.y - (point.y - this.y) * next / this.scale;
    this.scale = next;
    this.fitted = false;
    this.moved();
  }

  pan(dx, dy) {
    this.x += dx; this.y += dy;
    this.fitted = false;
    this.moved();
  }

  moved() {
    // some of the picture always stays in sight
    const { width, height } = this.stage;
    const keep = 48;
    this.x = Math.min(width - keep, Math.max(keep - this.width * this.scale, this.x));
    this.y = Math.min(height - keep, Math.max(keep - this.height * this.scale, this.y));
    this.actions.zoomed(this.scale);
    this.draw();
  }

  // The picture pixel under a point of the stage, or null outside.
  pixel(point) {
    if (!this.picture) return null;
    const x = Math.floor((point.x - this.x) / this.scale), y = Math.floor((point.y - this.y) / this.scale);
    return x >= 0 && y >= 0 && x < this.width && y < this.height ? { x, y } : null;
  }

  // ---- painting

  draw() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => this.drawNow());
  }

  // For what must not wait for a frame to begin with: the next one shows it.
  drawNow() {
    cancelAnimationFrame(this.drawing);
    this.drawing = null;
    this.paint();
  }

  paint() {
    const { canvas, context } = this, ratio = window.devicePixelRatio || 1;
    const { width, height } = this.stage;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.picture) return;
    this.paintBackdrop(ratio);
    if (!this.hidden) this.paintFinished(ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.save();
    this.toPicture(context, ratio);
    if (!this.hidden) {
      for (const object of this.objects) if (object.visible && object.current) this.paintObject(object, context, ratio, this.look.opacity);
    }
    if (this.heat) {
      context.globalAlpha = 0.85;
      context.imageSmoothingEnabled = true;
      context.drawImage(this.heat, 0, 0, this.width, this.height);
      context.globalAlpha = 1;
    }
    if (this.window) this.paintWindow();
    if (this.polygons) this.paintPolygons();
    context.restore();
    if (this.look.markers) {
      for (const object of this.objects) if (object.current) object.clicks.forEach((click, index) =>
        this.paintMarker(click, index === object.clicks.length - 1 && !this.pending.length));
      for (const object of this.objects) if (object.current) object.hints.forEach((click) => this.paintMarker(click, false, 0.5));
      for (const click of this.pending) this.paintMarker(click, true, 0.6);
    }
    if (this.drag) this.paintDrag();
    if (this.pointer && this.brushing) this.paintBrush();
    if (this.crosshair) this.paintCrosshair();
  }

  paintWindow() {
    const { context } = this, [top, bottom, left, right] = this.window;
    for (const [width, colour, dash] of [[3, 'rgba(0, 0, 0, .5)', []], [1.5, '#facc15', [7, 5]]]) {
      context.lineWidth = width / this.scale;
      context.strokeStyle = colour;
      context.setLineDash(dash.map((length) => length / this.scale));
      context.strokeRect(left, top, right - left, bottom - top);
    }
    context.setLineDash([]);
  }

  paintPolygons() {
    const { context } = this, lines = new Path2D(), corners = new Path2D(), side = 4 / this.scale;
    for (const ring of this.polygons) {
      for (let i = 0; i < ring.length; i += 2) {
        if (i) lines.lineTo(ring[i], ring[i + 1]); else lines.moveTo(ring[i], ring[i + 1]);
        corners.rect(ring[i] - side / 2, ring[i + 1] - side / 2, side, side);
      }
      lines.closePath();
    }
    for (const [width, colour] of [[3, 'rgba(0, 0, 0, .6)'], [1.3, '#fff']]) {
      context.lineWidth = width / this.scale;
      context.strokeStyle = colour;
      context.stroke(lines);
    }
    context.fillStyle = '#facc15';
    context.fill(corners);
  }

  get brushing() { return this.tool === 'brush' || this.tool === 'eraser'; }

  paintDrag() {
    const { context, drag } = this;
    context.save();
    context.translate(this.x, this.y);
    context.scale(this.scale, this.scale);
    if (drag.kind === 'box') {
      const [[x0, y0], [x1, y1]] = [drag.points[0], drag.points[drag.points.length - 1]];
      for (const [width, colour, dash] of [[3, 'rgba(0, 0, 0, .5)', []], [1.5, '#fff', [6, 4]]]) {
        context.lineWidth = width / this.scale;
        context.strokeStyle = colour;
        context.setLineDash(dash.map((length) => length / this.scale));
        context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
      }
    } else {
      context.lineCap = context.lineJoin = 'round';
      context.lineWidth = this.brush;
      context.strokeStyle = drag.kind === 'brush' ? 'rgba(34, 197, 94, .6)' : 'rgba(239, 68, 68, .6)';
      context.beginPath();
      context.moveTo(...drag.points[0]);
      for (const point of drag.points) context.lineTo(...point);
      context.stroke();
    }
    context.restore();
  }

  paintBrush() {
    const { context } = this;
    for (const [width, colour] of [[3, 'rgba(0, 0, 0, .5)'], [1.2, '#fff']]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      context.arc(this.pointer.x, this.pointer.y, Math.max(1, this.brush * this.scale / 2), 0, 2 * Math.PI);
      context.stroke();
    }
  }

  // From now on the context is drawn on in pixels of the picture.
  toPicture(context, ratio) {
    context.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, ratio * this.x, ratio * this.y);
    context.imageSmoothingEnabled = this.scale * ratio < 3;
    context.imageSmoothingQuality = 'high';
  }

  // Picture and finished objects are painted once for each place of the picture, so that they cost a click nothing.
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
    const { look, context } = this, objects = this.objects.filter((object) => object.visible && !object.current);
    const shown = [ratio, this.scale, this.x, this.y, look.opacity, look.contour, ...objects.flatMap(({ shape, colour }) => [shape, colour])];
    this.finished.update(this.canvas, shown, (layer) => {
      this.toPicture(layer, ratio);
      for (const object of objects) this.paintObject(object, layer, ratio, look.opacity);
    });
    if (!objects.length) return;
    context.globalAlpha = this.objects.some((object) => object.current) ? BESIDE_WORK : 1;
    context.drawImage(this.finished.context.canvas, 0, 0);
    context.globalAlpha = 1;
  }

  paintObject({ shape, colour, current }, context, ratio, opacity) {
    const lineWidth = this.look.contour ? ratio * (current ? 1.8 : 1.2) : 0;
    if (shape) shape.paint(context, this.scale * ratio, colour, opacity, lineWidth);
  }

  paintMarker([x, y, positive], latest, alpha = 1) {
    const { context } = this;
    const cx = this.x + (x + 0.5) * this.scale, cy = this.y + (y + 0.5) * this.scale;
    const radius = latest ? 7 : 5.5, arm = radius - 3;
    context.globalAlpha = alpha;
    context.beginPath();
    context.arc(cx, cy, radius, 0, 2 * Math.PI);
    context.fillStyle = positive ? GOOD : BAD;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = '#fff';
    context.stroke();
    context.beginPath();
    context.moveTo(cx - arm, cy); context.lineTo(cx + arm, cy);
    if (positive) { context.moveTo(cx, cy - arm); context.lineTo(cx, cy + arm); }
    context.stroke();
    context.globalAlpha = 1;
  }

  paintCrosshair() {
    const { context } = this, { width, height } = this.stage;
    const cx = this.x + (this.crosshair.x + 0.5) * this.scale, cy = this.y + (this.crosshair.y + 0.5) * this.scale;
    const gap = 10;
    const cross = new Path2D();
    for (const [x0, y0, x1, y1] of [[0, cy, cx - gap, cy], [cx + gap, cy, width, cy], [cx, 0, cx, cy - gap], [cx, cy + gap, cx, height]]) {
      cross.moveTo(x0, y0); cross.lineTo(x1, y1);
    }
    context.lineWidth = 3; context.strokeStyle = 'rgba(0, 0, 0, .45)'; context.stroke(cross);
    context.lineWidth = 1; context.strokeStyle = '#fff'; context.stroke(cross);
  }
}
