// A mask as the server sends it: COCO run lengths, column by column.

import { lightOf, rgbOf } from './shades.js';

export function decodeCounts(text) {
  const counts = [];
  for (let at = 0; at < text.length; ) {
    let value = 0,
      shift = 0,
      more = true;
    while (more) {
      const chunk = text.charCodeAt(at++) - 48;
      value += (chunk & 31) * 2 ** shift;
      shift += 5;
      more = (chunk & 32) !== 0;
      if (!more && chunk & 16) value -= 2 ** shift;
    }
    if (counts.length > 2) value += counts[counts.length - 2];
    counts.push(value);
  }
  return counts;
}

const SLOPE = 3; // squares of a stair that is drawn as a slope
const SEEN = 1.5; // pixels of the screen from which on a square is seen as one
const LIGHT = 190 / 255; // of black 0 to white 1
const MANY = 4000; // corners from which on the outline's lines take a frame of their own

// The edge of an outline, which is seen on light and dark pictures: dark around light colours.
export function haloOf(colour) {
  return lightOf(rgbOf(colour)) > LIGHT ? 'rgba(0, 0, 0, 0.6)' : 'rgba(255, 255, 255, 0.75)';
}

function traced(rings) {
  const path = new Path2D();
  for (const ring of rings) {
    path.moveTo(ring[0], ring[1]);
    for (let i = 2; i < ring.length; i += 2) path.lineTo(ring[i], ring[i + 1]);
    path.closePath();
  }
  return path;
}

// A ring with a third of its corners: stairs of up to three squares become slopes. Lines along stairs
// take most of the drawing.
function sloped(ring) {
  const points = [];
  let walked = SLOPE;
  for (let i = 0; i < ring.length; i += 2) {
    const x = ring[i],
      y = ring[i + 1],
      toX = ring[(i + 2) % ring.length],
      toY = ring[(i + 3) % ring.length];
    const length = Math.abs(toX - x) + Math.abs(toY - y);
    walked += length;
    if (length > SLOPE) points.push(x, y, toX, toY);
    else if (walked > SLOPE) points.push((x + toX) / 2, (y + toY) / 2);
    else continue;
    walked = 0;
  }
  return points.length < 6 ? ring : points;
}

export class MaskShape {
  #drawn = { step: 0, path: null, slopes: null, corners: 0 };

  // columns.get(x) is a flat list of [start, end) rows
  constructor(columns) {
    this.columns = columns;
    this.empty = columns.size === 0;
    let left = Infinity,
      top = Infinity,
      right = 0,
      bottom = 0;
    for (const [x, spans] of columns) {
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, spans[0]);
      bottom = Math.max(bottom, spans[spans.length - 1]);
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
        const x = Math.floor(start / height),
          y = start % height;
        const end = Math.min(height, y + position - start);
        if (!columns.has(x)) columns.set(x, []);
        columns.get(x).push(y, end);
        start += end - y;
      }
    });
    return new MaskShape(columns);
  }

  // The shape in squares of `step` pixels, to be painted small; thinner parts stay one square thick.
  coarse(step) {
    if (step === 1) return this;
    const columns = new Map();
    for (let x = Math.floor(this.box.left / step); x * step < this.box.right; x++) {
      const spans = this.columns.get(x * step + (step >> 1)) || [],
        rounded = [];
      for (let i = 0; i < spans.length; i += 2) {
        const start = Math.round(spans[i] / step),
          end = Math.max(start + 1, Math.round(spans[i + 1] / step));
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

  // Paint it in picture coordinates, `scale` pixels of the screen to one of the picture; its outline is kept.
  // If it `mayWait`, an outline with many corners is left to the next call, for which true is returned:
  // these lines take most of the time, and the mask is seen without them.
  paint(context, scale, colour, opacity, lineWidth, mayWait = false) {
    const drawn = this.#drawn,
      { box } = this,
      small = Math.min(box.right - box.left, box.bottom - box.top) / 64;
    const step = Math.max(1, Math.floor(Math.min(small, 0.5 / scale)));
    const anew = drawn.step !== step;
    if (anew) {
      const rings = this.coarse(step).rings(),
        corners = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
      Object.assign(drawn, { step, path: traced(rings), slopes: traced(rings.map(sloped)), corners });
    }
    const waits = mayWait && anew && lineWidth > 0 && drawn.corners > MANY;
    const contour = scale * step < SEEN ? drawn.slopes : drawn.path;
    context.save();
    context.lineJoin = contour === drawn.path ? 'miter' : 'bevel';
    context.scale(step, step);
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    context.fill(drawn.path, 'evenodd');
    context.globalAlpha = 1;
    if (lineWidth && !waits)
      for (const [width, stroke] of [
        [2 * lineWidth, haloOf(colour)],
        [lineWidth, colour],
      ]) {
        context.lineWidth = width / (scale * step);
        context.strokeStyle = stroke;
        context.stroke(contour);
      }
    context.restore();
    return waits;
  }

  // Closed lines between mask and background along the pixels' borders, [x, y, x, y, ...] from corner to
  // corner; by the even-odd rule they enclose the mask.
  rings() {
    const corners = []; // [x, y, the corner above or below, the corner at the same height]
    let before = [],
      begun = []; // borders in the column before, and the corners where they begin
    for (let x = this.box.left; x <= this.box.right; x++) {
      const spans = this.columns.get(x) || [],
        going = [];
      let single = null; // a corner that has none above it yet
      for (let i = 0, k = 0; i < before.length || k < spans.length; ) {
        if (before[i] === spans[k]) {
          going.push(begun[i++]);
          k++;
          continue;
        }
        const ends = k === spans.length || before[i] < spans[k],
          corner = [x, ends ? before[i] : spans[k], single, null];
        corners.push(corner);
        if (single) single[2] = corner;
        single = single ? null : corner;
        if (ends) {
          corner[3] = begun[i++];
          corner[3][3] = corner;
        } else {
          going.push(corner);
          k++;
        }
      }
      before = spans;
      begun = going;
    }
    const rings = [];
    for (const start of corners) {
      if (!start[2]) continue; // in a ring already
      const ring = [];
      for (let corner = start; corner[2]; ) {
        const across = corner[2],
          next = across[3];
        corner[2] = across[2] = null;
        ring.push(corner[0], corner[1], across[0], across[1]);
        corner = next;
      }
      rings.push(ring);
    }
    return rings;
  }
}
