// A mask as the server sends it: COCO run lengths, column by column.

function decodeCounts(text) {
  const counts = [];
  for (let at = 0; at < text.length;) {
    let value = 0, shift = 0, more = true;
    while (more) {
      const chunk = text.charCodeAt(at++) - 48;
      value += (chunk & 31) * 2 ** shift;
      shift += 5;
      more = (chunk & 32) !== 0;
      if (!more && (chunk & 16)) value -= 2 ** shift;
    }
    if (counts.length > 2) value += counts[counts.length - 2];
    counts.push(value);
  }
  return counts;
}

class MaskShape {
  #drawn = { step: 0, shape: null, colour: null, bitmap: null, path: null };

  // columns.get(x) is a flat list of [start, end) rows
  constructor(columns) {
    this.columns = columns;
    this.empty = columns.size === 0;
    let left = Infinity, top = Infinity, right = 0, bottom = 0;
    for (const [x, spans] of columns) {
      left = Math.min(left, x); right = Math.max(right, x + 1);
      top = Math.min(top, spans[0]); bottom = Math.max(bottom, spans[spans.length - 1]);
    }
    this.box = this.empty ? { left: 0, top: 0, right: 0, bottom: 0 } : { left, top, right, bottom };
  }

  static decode([height], counts) {
    const columns = new Map();
    let position = 0;
    decodeCounts(counts).forEach((length, index) => {
      let start = position;
      position += length;
      if (index % 2 === 0) return;
      while (start < position) {
        const x = Math.floor(start / height), y = start % height;
        const end = Math.min(height, y + position - start);
        if (!columns.has(x)) columns.set(x, []);
        columns.get(x).push(y, end);
        start += end - y;
      }
    });
    return new MaskShape(columns);
  }

  // The shape in squares of `step` pixels, for a look from afar; what is thinner stays one square thick.
  coarse(step) {
    if (step === 1) return this;
    const columns = new Map();
    for (let x = Math.floor(this.box.left / step); x * step < this.box.right; x++) {
      const spans = this.columns.get(x * step + (step >> 1)) || [], rounded = [];
      for (let i = 0; i < spans.length; i += 2) {
        const start = Math.round(spans[i] / step), end = Math.max(start + 1, Math.round(spans[i + 1] / step));
        if (rounded.length && start <= rounded[rounded.length - 1]) rounded[rounded.length - 1] = end;
        else rounded.push(start, end);
      }
      if (rounded.length) columns.set(x, rounded);
    }
    return new MaskShape(columns);
  }

  contains(x, y) {
    const spans = this.columns.get(x) || [];
    for (let i = 0; i < spans.length; i += 2) if (y >= spans[i] && y < spans[i + 1]) return true;
    return false;
  }

  // Paint it in picture coordinates, `scale` pixels of the screen to one of the picture; drawings are kept.
  paint(context, scale, colour, opacity, lineWidth) {
    const drawn = this.#drawn, { box } = this, small = Math.min(box.right - box.left, box.bottom - box.top) / 64;
    const step = Math.max(1, Math.floor(Math.min(small, 0.5 / scale)));
    if (drawn.step !== step) Object.assign(drawn, { step, shape: this.coarse(step), colour: null, path: null });
    const { shape } = drawn, { left, top } = shape.box;
    if (shape.empty) return;
    if (drawn.colour !== colour) Object.assign(drawn, { colour, bitmap: shape.bitmap(colour) });
    context.save();
    context.scale(step, step);
    context.globalAlpha = opacity;
    context.drawImage(drawn.bitmap, left, top);
    context.globalAlpha = 1;
    if (lineWidth) {
      drawn.path = drawn.path || shape.outline();
      context.lineCap = 'square';
      for (const [width, stroke] of [[2 * lineWidth, 'rgba(255, 255, 255, 0.75)'], [lineWidth, colour]]) {
        context.lineWidth = width / (scale * step);
        context.strokeStyle = stroke;
        context.stroke(drawn.path);
      }
    }
    context.restore();
  }

  // An opaque picture of the mask in one colour, as large as its box.
  bitmap(colour) {
    const { left, top, right, bottom } = this.box;
    const canvas = document.createElement('canvas');
    canvas.width = right - left;
    canvas.height = bottom - top;
    const context = canvas.getContext('2d');
    context.fillStyle = colour;
    for (const [x, spans] of this.columns)
      for (let i = 0; i < spans.length; i += 2)
        context.fillRect(x - left, spans[i] - top, 1, spans[i + 1] - spans[i]);
    return canvas;
  }

  // The edges between mask and background along the pixels' borders.
  outline() {
    const path = new Path2D();
    const { left, right } = this.box;
    let open = new Map();
    let before = [];
    for (let x = left; x <= right; x++) {
      const spans = this.columns.get(x) || [];
      const still = new Map();
      for (const y of spans) still.set(y, open.has(y) ? open.get(y) : x);
      for (const [y, from] of open)
        if (!still.has(y)) { path.moveTo(from, y); path.lineTo(x, y); }
      open = still;
      const ends = before.concat(spans).sort((a, b) => a - b);
      const edges = [];
      for (const y of ends) if (edges[edges.length - 1] === y) edges.pop(); else edges.push(y);
      for (let i = 0; i < edges.length; i += 2) { path.moveTo(x, edges[i]); path.lineTo(x, edges[i + 1]); }
      before = spans;
    }
    return path;
  }
}
