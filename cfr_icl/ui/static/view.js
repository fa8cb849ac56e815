// What is seen of the picture: zoom and pan, painting, and what pointer and keys ask for there.

const MAX_ZOOM = 32;
const DRAG_DISTANCE = 5;
const BESIDE_WORK = 0.6;   // opacity of the other objects while one is in work: those of one label have one colour
const GOOD = '#16a34a', BAD = '#dc2626';

function cursorPicture(colour, sign) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" fill="none" stroke-linecap="round">
    <path d="M16 3v8M16 21v8M3 16h8M21 16h8" stroke="#fff" stroke-width="3.5"/>
    <path d="M16 3v8M16 21v8M3 16h8M21 16h8" stroke="${colour}" stroke-width="1.7"/>
    <circle cx="25" cy="25" r="6" fill="${colour}" stroke="#fff" stroke-width="1.5"/>
    <path d="${sign === '+' ? 'M25 22v6M22 25h6' : 'M22 25h6'}" stroke="#fff" stroke-width="1.8"/></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}") 16 16, crosshair`;
}

const CURSORS = { positive: cursorPicture(GOOD, '+'), negative: cursorPicture(BAD, '-') };

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

class View {
  // `actions`: click(x, y, positive), select(id), box(l, t, r, b), paint(points, add), hover(pixel),
  // zoomed(scale) and mode() -> 'positive' | 'negative'
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
    this.pointers = new Map();
    this.spaceHeld = false;
    this.shiftHeld = false;
    new ResizeObserver(() => { if (this.fitted) this.fit(); this.draw(); }).observe(canvas.parentElement);
    this.listen();
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
    this.place(this.fitScale());
    this.fitted = true;
  }

  place(scale) {
    const { width, height } = this.stage;
    this.scale = scale;
    this.x = (width - this.width * scale) / 2;
    this.y = (height - this.height * scale) / 2;
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
    this.drawing = requestAnimationFrame(() => { this.drawing = null; this.paint(); });
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
    const { look } = this, objects = this.objects.filter((object) => object.visible && !object.current);
    const opacity = look.opacity * (this.objects.some((object) => object.current) ? BESIDE_WORK : 1);
    const shown = [ratio, this.scale, this.x, this.y, opacity, look.contour, ...objects.flatMap(({ shape, colour }) => [shape, colour])];
    this.finished.update(this.canvas, shown, (layer) => {
      this.toPicture(layer, ratio);
      for (const object of objects) this.paintObject(object, layer, ratio, opacity);
    });
    if (objects.length) this.context.drawImage(this.finished.context.canvas, 0, 0);
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

  // ---- pointer

  listen() {
    const { canvas } = this;
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    canvas.addEventListener('pointerdown', (event) => this.down(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.up(event, true));
    canvas.addEventListener('pointercancel', (event) => this.up(event, false));
    canvas.addEventListener('pointerleave', () => { this.pointer = null; this.actions.hover(null); this.draw(); });
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('blur', () => { this.crosshair = null; this.draw(); });
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const speed = event.ctrlKey ? 0.01 : 0.0018;
    this.zoomTo(this.scale * Math.exp(-event.deltaY * lines * speed), this.point(event));
  }

  down(event) {
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const point = this.point(event);
    this.crosshair = null;
    this.pointers.set(event.pointerId, { ...point, start: point, dragged: false, button: event.button });
    const pointer = this.pointers.get(event.pointerId);
    const touch = event.pointerType === 'touch';
    if (touch && this.pointers.size > 1) {
      for (const other of this.pointers.values()) other.dragged = true;   // a pinch is no tap
      this.drag = null;
    } else if (!touch && (event.button === 1 || this.spaceHeld)) {
      pointer.pans = true;
      this.spaceUsed = true;
      event.preventDefault();
    } else if (this.tool !== 'click' && event.button !== 2) {
      pointer.draws = true;
      this.drag = { kind: this.tool, points: [this.exact(point)] };
      this.draw();
    } else if (!touch) {
      this.clickAt(point, event.button === 2 || event.shiftKey, event.altKey);
    }
    this.showCursor();
  }

  move(event) {
    const point = this.point(event), pointer = this.pointers.get(event.pointerId);
    this.shiftHeld = event.shiftKey;
    this.altHeld = event.altKey;
    this.pointer = event.pointerType === 'touch' ? null : point;
    this.actions.hover(this.pixel(point));
    this.showCursor();
    if (this.brushing) this.draw();
    if (!pointer) return;
    if (Math.hypot(point.x - pointer.start.x, point.y - pointer.start.y) > DRAG_DISTANCE) pointer.dragged = true;
    const before = { x: pointer.x, y: pointer.y };
    Object.assign(pointer, point);
    if (pointer.draws) {
      if (this.drag) this.drag.points.push(this.exact(point));
      this.draw();
      if (this.drag || this.pointers.size < 2) return;
    }
    if (event.pointerType !== 'touch') {
      if (pointer.pans) this.pan(point.x - before.x, point.y - before.y);
    } else if (this.pointers.size === 1) {
      if (pointer.dragged) this.pan(point.x - before.x, point.y - before.y);
    } else {
      this.pinch(event.pointerId, before, point);
    }
  }

  pinch(id, before, after) {
    const other = [...this.pointers].find(([key]) => key !== id)[1];
    const distance = (p) => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
    this.pan((after.x - before.x) / 2, (after.y - before.y) / 2);
    const middle = { x: (after.x + other.x) / 2, y: (after.y + other.y) / 2 };
    this.zoomTo(this.scale * distance(after) / distance(before), middle);
  }

  up(event, finished) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (finished && pointer && pointer.draws && this.drag) this.finishDrag();
    else if (finished && pointer && event.pointerType === 'touch' && !pointer.dragged) this.clickAt(pointer, false);
    this.drag = null;
    this.draw();
    this.showCursor();
  }

  exact(point) {
    return [(point.x - this.x) / this.scale, (point.y - this.y) / this.scale];
  }

  finishDrag() {
    const { kind, points } = this.drag;
    if (!this.picture) return;
    if (kind === 'box') {
      const last = points[points.length - 1];
      this.actions.box(...[points[0][0], points[0][1], last[0], last[1]].map(Math.floor));
    } else {
      const [first, ...rest] = points.map(([x, y]) => [Math.round(2 * x - 1) / 2, Math.round(2 * y - 1) / 2]);
      const thinned = [first];
      for (const point of rest) {
        const [x, y] = thinned[thinned.length - 1];
        if (x !== point[0] || y !== point[1]) thinned.push(point);
      }
      this.actions.paint(thinned, kind === 'brush');
    }
  }

  // The topmost visible object whose mask holds a pixel.
  objectAt(pixel) {
    return pixel && [...this.objects].reverse().find((object) => object.visible && object.shape && object.shape.contains(pixel.x, pixel.y));
  }

  // With no object in work a click on a mask selects it; Alt starts a new object there.
  wouldSelect(pixel, alt) {
    if (alt || this.pending.length || this.objects.some((object) => object.current)) return null;
    return this.objectAt(pixel);
  }

  clickAt(point, reversed, alt = false) {
    const pixel = this.pixel(point);
    if (!pixel) return;
    const positive = (this.actions.mode() === 'positive') !== reversed;
    const object = positive && this.wouldSelect(pixel, alt);
    if (object) this.actions.select(object.id);
    else this.actions.click(pixel.x, pixel.y, positive);
  }

  showCursor() {
    const panning = [...this.pointers.values()].some((pointer) => pointer.pans);
    const mode = this.shiftHeld && this.actions.mode() === 'positive' ? 'negative' : this.actions.mode();
    const cursor = !this.picture ? 'default' : panning ? 'grabbing' : this.spaceHeld ? 'grab'
      : this.brushing ? 'none' : this.tool === 'box' ? 'crosshair'
      : mode === 'positive' && this.pointer && this.wouldSelect(this.pixel(this.pointer), this.altHeld) ? 'pointer' : CURSORS[mode];
    if (this.canvas.style.cursor !== cursor) this.canvas.style.cursor = cursor;
  }

  // ---- keyboard: a crosshair that clicks

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!this.picture || event.ctrlKey || event.metaKey) return;
    if (step) {
      const length = event.altKey ? 1 : Math.max(1, Math.round((event.shiftKey ? 64 : 12) / this.scale));
      const from = this.crosshair || this.pixel({ x: this.stage.width / 2, y: this.stage.height / 2 })
        || { x: Math.floor(this.width / 2), y: Math.floor(this.height / 2) };
      this.crosshair = this.crosshair ? {
        x: Math.min(this.width - 1, Math.max(0, from.x + step[0] * length)),
        y: Math.min(this.height - 1, Math.max(0, from.y + step[1] * length)),
      } : from;
      this.actions.hover(this.crosshair);
      this.showCrosshair();
    } else if (this.crosshair && (event.key === 'Enter' || event.key === 'Backspace')) {
      const positive = event.key === 'Enter';
      const object = positive && this.wouldSelect(this.crosshair, event.altKey);
      if (object) this.actions.select(object.id);
      else this.actions.click(this.crosshair.x, this.crosshair.y, positive);
    } else if (this.crosshair && event.key === 'Escape') {
      this.crosshair = null;
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  showCrosshair() {
    const cx = this.x + this.crosshair.x * this.scale, cy = this.y + this.crosshair.y * this.scale;
    const { width, height } = this.stage, edge = 32;
    const dx = cx < edge ? edge - cx : cx > width - edge ? width - edge - cx : 0;
    const dy = cy < edge ? edge - cy : cy > height - edge ? height - edge - cy : 0;
    if (dx || dy) this.pan(dx, dy);
  }
}
