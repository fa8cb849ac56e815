// Paints clicks, strokes, boxes and outlines over picture and masks; all functions take a 2D context.
// Functions that say so want it in pixels of the picture, `scale` CSS pixels to each.

export const GOOD = '#16a34a',
  BAD = '#dc2626';
const HALO = 'rgba(0, 0, 0, .5)';
const DASHED = { width: 1.5, colour: '#fff', dash: [6, 4] };

// Stroke the same line twice, wide and dark below, so that it is seen on every picture; in CSS pixels.
function outlined(context, scale, { width, colour, dash = [], below = 3, halo = HALO }, stroke) {
  context.lineWidth = below / scale;
  context.strokeStyle = halo;
  stroke();
  context.lineWidth = width / scale;
  context.strokeStyle = colour;
  context.setLineDash(dash.map((length) => length / scale));
  stroke();
  context.setLineDash([]);
}

// [top, bottom, left, right] of the picture that the network saw; in pixels of the picture.
export function paintWindow(context, scale, [top, bottom, left, right]) {
  const line = { width: 1.5, colour: '#facc15', dash: [7, 5] };
  outlined(context, scale, line, () => context.strokeRect(left, top, right - left, bottom - top));
}

// Rings [x, y, x, y, ...] with their corners; in pixels of the picture.
export function paintPolygons(context, scale, rings) {
  const lines = new Path2D(),
    corners = new Path2D(),
    side = 4 / scale;
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      if (i) lines.lineTo(ring[i], ring[i + 1]);
      else lines.moveTo(ring[i], ring[i + 1]);
      corners.rect(ring[i] - side / 2, ring[i + 1] - side / 2, side, side);
    }
    lines.closePath();
  }
  const line = { width: 1.3, colour: '#fff', halo: 'rgba(0, 0, 0, .6)' };
  outlined(context, scale, line, () => context.stroke(lines));
  context.fillStyle = '#facc15';
  context.fill(corners);
}

// A corner that the keys move, { x, y }; in pixels of the picture.
export function paintChosen(context, scale, { x, y }) {
  outlined(context, scale, { width: 2, colour: '#facc15', below: 4 }, () => {
    context.beginPath();
    context.arc(x, y, 7 / scale, 0, 2 * Math.PI);
    context.stroke();
  });
}

// [left, top, right, bottom] of the box that started an object, in pixels of the picture at `place`.
export function paintBox(context, { x, y, scale }, [left, top, right, bottom]) {
  outlined(context, 1, { width: 1, colour: '#fff', dash: [3, 4] }, () =>
    context.strokeRect(x + left * scale, y + top * scale, (right - left) * scale, (bottom - top) * scale),
  );
}

// A box or a stroke { kind, points, brush }; in pixels of the picture.
export function paintDrag(context, scale, { kind, points, brush }) {
  if (kind === 'box') {
    const [from, to] = [points[0], points.at(-1)];
    const box = [
      Math.min(from.x, to.x),
      Math.min(from.y, to.y),
      Math.abs(from.x - to.x),
      Math.abs(from.y - to.y),
    ];
    outlined(context, scale, DASHED, () => context.strokeRect(...box));
  } else if (kind === 'lasso' || kind === 'unlasso') {
    paintLasso(context, scale, points, kind === 'lasso');
  } else {
    paintStroke(context, points, brush, kind === 'brush');
  }
}

function paintLasso(context, scale, points, adds) {
  const line = new Path2D();
  for (const { x, y } of points) line.lineTo(x, y);
  line.closePath();
  context.fillStyle = adds ? 'rgba(34, 197, 94, .25)' : 'rgba(239, 68, 68, .25)';
  context.fill(line);
  outlined(context, scale, DASHED, () => context.stroke(line));
}

function paintStroke(context, points, brush, adds) {
  context.lineCap = context.lineJoin = 'round';
  context.lineWidth = brush;
  context.strokeStyle = adds ? 'rgba(34, 197, 94, .6)' : 'rgba(239, 68, 68, .6)';
  context.beginPath();
  context.moveTo(points[0].x, points[0].y);
  for (const { x, y } of points) context.lineTo(x, y);
  context.stroke();
}

// The brush's outline around the mouse; in CSS pixels.
export function paintBrush(context, { x, y }, diameter) {
  outlined(context, 1, { width: 1.2, colour: '#fff' }, () => {
    context.beginPath();
    context.arc(x, y, Math.max(1, diameter / 2), 0, 2 * Math.PI);
    context.stroke();
  });
}

// A click at the middle of its pixel; in CSS pixels.
export function paintMarker(context, place, { x, y, positive }, latest, alpha = 1) {
  const cx = place.x + (x + 0.5) * place.scale,
    cy = place.y + (y + 0.5) * place.scale;
  const radius = latest ? 7 : 5.5,
    arm = radius - 3;
  context.globalAlpha = alpha;
  context.beginPath();
  context.arc(cx, cy, radius, 0, 2 * Math.PI);
  context.fillStyle = positive ? GOOD : BAD;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = '#fff';
  context.stroke();
  context.beginPath();
  context.moveTo(cx - arm, cy);
  context.lineTo(cx + arm, cy);
  if (positive) {
    context.moveTo(cx, cy - arm);
    context.lineTo(cx, cy + arm);
  }
  context.stroke();
  context.globalAlpha = 1;
}

const NAME_HEIGHT = 17,
  LONGEST_NAME = 24; // characters

// An object's label above a point, or below it at the stage's upper edge; in CSS pixels.
export function paintName(context, { x, y }, label, colour) {
  const text = label.length > LONGEST_NAME ? `${label.slice(0, LONGEST_NAME - 1)}…` : label;
  context.font = '500 12px system-ui, sans-serif';
  const width = context.measureText(text).width + 20,
    left = x - width / 2,
    top = Math.max(2, y - NAME_HEIGHT - 3);
  context.fillStyle = 'rgba(17, 19, 24, .8)';
  context.beginPath();
  context.roundRect(left, top, width, NAME_HEIGHT, 5);
  context.fill();
  context.fillStyle = colour;
  context.fillRect(left + 5, top + 5, 7, 7);
  context.fillStyle = '#fff';
  context.textBaseline = 'middle';
  context.fillText(text, left + 15, top + NAME_HEIGHT / 2 + 0.5);
}

// The keyboard's crosshair at a pixel; in CSS pixels of a stage of this size.
export function paintCrosshair(context, place, pixel, { width, height }) {
  const cx = place.x + (pixel.x + 0.5) * place.scale,
    cy = place.y + (pixel.y + 0.5) * place.scale;
  const gap = 10,
    cross = new Path2D();
  const arms = [
    [0, cy, cx - gap, cy],
    [cx + gap, cy, width, cy],
    [cx, 0, cx, cy - gap],
    [cx, cy + gap, cx, height],
  ];
  for (const [x0, y0, x1, y1] of arms) {
    cross.moveTo(x0, y0);
    cross.lineTo(x1, y1);
  }
  outlined(context, 1, { width: 1, colour: '#fff', halo: 'rgba(0, 0, 0, .45)' }, () => context.stroke(cross));
}

// The background behind a transparent picture.
export function checkerboard(side = 8) {
  const tile = document.createElement('canvas'),
    context = tile.getContext('2d');
  tile.width = tile.height = 2 * side;
  for (const [colour, first] of [
    ['#fff', 0],
    ['#d4d4d4', side],
  ]) {
    context.fillStyle = colour;
    context.fillRect(first, 0, side, side);
    context.fillRect(side - first, side, side, side);
  }
  return tile;
}

// A mouse cursor that says what a click marks.
export function markCursor(colour, sign) {
  const cross = 'M16 3v8M16 21v8M3 16h8M21 16h8',
    arms = sign === '+' ? 'M25 22v6M22 25h6' : 'M22 25h6';
  const size = 'width="32" height="32"';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size} fill="none" stroke-linecap="round">
    <path d="${cross}" stroke="#fff" stroke-width="3.5"/>
    <path d="${cross}" stroke="${colour}" stroke-width="1.7"/>
    <circle cx="25" cy="25" r="6" fill="${colour}" stroke="#fff" stroke-width="1.5"/>
    <path d="${arms}" stroke="#fff" stroke-width="1.8"/></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}") 16 16, crosshair`;
}
