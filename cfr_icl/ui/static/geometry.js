// Position and scale of the picture on the stage, as pure functions.
// A place is { scale, x, y }: the picture's point p is seen at p * scale + (x, y) of the stage (CSS pixels).
// Sizes are { width, height }, points { x, y }.

export const MAX_ZOOM = 32;
const MARGIN = 24; // CSS pixels beside a fitted picture, both sides together
const IN_SIGHT = 48; // CSS pixels of the picture that always stay on the stage

function fitScale(picture, stage) {
  const width = (stage.width - MARGIN) / picture.width;
  return Math.min(MAX_ZOOM, width, (stage.height - MARGIN) / picture.height);
}

export function centred(picture, stage, scale) {
  const x = (stage.width - picture.width * scale) / 2;
  return inSight({ scale, x, y: (stage.height - picture.height * scale) / 2 }, picture, stage);
}

export function fitted(picture, stage) {
  return centred(picture, stage, fitScale(picture, stage));
}

// Zoom so that the picture's point under `at` stays there; `at` is the stage's middle when it is left out.
export function zoomed(place, picture, stage, scale, at = { x: stage.width / 2, y: stage.height / 2 }) {
  const least = Math.min(1, fitScale(picture, stage)) / 2;
  const next = Math.min(MAX_ZOOM, Math.max(least, scale)),
    factor = next / place.scale;
  const moved = { scale: next, x: at.x - (at.x - place.x) * factor, y: at.y - (at.y - place.y) * factor };
  return inSight(moved, picture, stage);
}

export function panned(place, picture, stage, dx, dy) {
  return inSight({ ...place, x: place.x + dx, y: place.y + dy }, picture, stage);
}

// Two fingers: one moved from `before` to `after`, the other rests at `other`.
export function pinched(place, picture, stage, before, after, other) {
  const distance = (p) => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
  const moved = panned(place, picture, stage, (after.x - before.x) / 2, (after.y - before.y) / 2);
  const middle = { x: (after.x + other.x) / 2, y: (after.y + other.y) / 2 };
  return zoomed(moved, picture, stage, (place.scale * distance(after)) / distance(before), middle);
}

// A place carried from one picture, of size `before`, to another: equal scale, the same part of the picture.
export function carried(place, before, picture, stage) {
  const { scale } = place;
  const along = (at, length, from, to) => length / 2 - ((length / 2 - at) * to) / from;
  const x = along(place.x, stage.width, before.width, picture.width),
    y = along(place.y, stage.height, before.height, picture.height);
  return inSight({ scale, x, y }, picture, stage);
}

export function inSight({ scale, x, y }, picture, stage) {
  const within = (value, length, room) =>
    Math.min(room - IN_SIGHT, Math.max(IN_SIGHT - length * scale, value));
  return { scale, x: within(x, picture.width, stage.width), y: within(y, picture.height, stage.height) };
}

const LEAST_BOX = 5; // picture pixels a side, of a box that the network can use

// The pixel in the middle of a box around something so small that a click on it says more; null for other
// boxes. Its sides are inclusive pixels, of which some may lie beside the picture.
export function middleOfSmall({ width, height }, left, top, right, bottom) {
  if (Math.max(Math.abs(right - left), Math.abs(bottom - top)) + 1 >= LEAST_BOX) return null;
  const x = Math.floor((left + right) / 2),
    y = Math.floor((top + bottom) / 2);
  return x >= 0 && y >= 0 && x < width && y < height ? { x, y } : null;
}

// A point of the stage in picture coordinates: pixel (0, 0) reaches from 0 to 1.
export function onPicture(place, point) {
  return { x: (point.x - place.x) / place.scale, y: (point.y - place.y) / place.scale };
}

// The picture's pixel under a point of the stage, or null beside the picture.
export function pixelAt(place, picture, point) {
  return pixelOf(picture, onPicture(place, point));
}

// The same of a point in picture coordinates.
export function pixelOf(picture, exact) {
  const x = Math.floor(exact.x),
    y = Math.floor(exact.y);
  return x >= 0 && y >= 0 && x < picture.width && y < picture.height ? { x, y } : null;
}

const SCROLL_ON = 300; // milliseconds in which fast movements still belong to the scrolling before them
const NOTCH = 50; // pixels; a mouse's wheel turns in larger steps

// What a wheel event asks for, 'zoom' or 'pan': two fingers on a trackpad scroll in small, uneven or slanted
// steps and pinch with `ctrlKey`, as browsers report it; a mouse's wheel turns in whole notches. `panned` is
// the time of the last event that panned.
export function wheelAsksFor({ deltaX, deltaY, deltaMode, ctrlKey, timeStamp }, panned = -Infinity) {
  if (ctrlKey || deltaMode !== 0) return 'zoom';
  if (timeStamp - panned < SCROLL_ON) return 'pan';
  return deltaX !== 0 || Math.abs(deltaY) < NOTCH || !Number.isInteger(deltaY) ? 'pan' : 'zoom';
}

// Move the view so that a pixel does not lie at the stage's very edge; [dx, dy] for `panned`.
export function intoView(place, stage, pixel, edge = 32) {
  const shift = (at, room) => (at < edge ? edge - at : at > room - edge ? room - edge - at : 0);
  return [
    shift(place.x + pixel.x * place.scale, stage.width),
    shift(place.y + pixel.y * place.scale, stage.height),
  ];
}

export function stepped(pixel, [dx, dy], length, picture) {
  const within = (value, end) => Math.min(end - 1, Math.max(0, value));
  return {
    x: within(pixel.x + dx * length, picture.width),
    y: within(pixel.y + dy * length, picture.height),
  };
}

// Points of a line around something, in picture coordinates to the eighth of a pixel, without repetitions.
export function rounded(points) {
  return withoutRepetitions(points.map(({ x, y }) => [Math.round(8 * x) / 8, Math.round(8 * y) / 8]));
}

// Points of a stroke, in picture coordinates, on a grid of half pixels without repetitions; whole numbers are
// the middles of pixels.
export function thinned(points) {
  return withoutRepetitions(points.map(({ x, y }) => [Math.round(2 * x - 1) / 2, Math.round(2 * y - 1) / 2]));
}

function withoutRepetitions(points) {
  return points.filter(([x, y], index) => {
    const before = points[index - 1];
    return !before || before[0] !== x || before[1] !== y;
  });
}
