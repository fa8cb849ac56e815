// The picture that is worked on: what pointer, wheel and keys ask for there.

const DRAG_DISTANCE = 5;

function cursorPicture(colour, sign) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" fill="none" stroke-linecap="round">
    <path d="M16 3v8M16 21v8M3 16h8M21 16h8" stroke="#fff" stroke-width="3.5"/>
    <path d="M16 3v8M16 21v8M3 16h8M21 16h8" stroke="${colour}" stroke-width="1.7"/>
    <circle cx="25" cy="25" r="6" fill="${colour}" stroke="#fff" stroke-width="1.5"/>
    <path d="${sign === '+' ? 'M25 22v6M22 25h6' : 'M22 25h6'}" stroke="#fff" stroke-width="1.8"/></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}") 16 16, crosshair`;
}

const CURSORS = { positive: cursorPicture(GOOD, '+'), negative: cursorPicture(BAD, '-') };

class View extends Stage {
  // `actions`: click(x, y, positive), select(id), box(l, t, r, b), paint(points, add), hover(pixel),
  // zoomed(scale) and mode() -> 'positive' | 'negative'
  constructor(canvas, look, actions) {
    super(canvas, look, actions);
    this.pointers = new Map();
    this.spaceHeld = false;
    this.shiftHeld = false;
    this.listen();
  }

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
