// The outline of a mask as a polygon whose corners are moved, added and removed, as pure functions.
// A ring is { points: [x, y, x, y, ...], corners: [i, ...] }: `points` are the exact line along the pixels'
// borders, `corners` the places of some of its points, in their order. Between two corners the exact line
// is kept until one of them is moved.

// Rings of exact lines with as few corners as keep the polygon within `tolerance` pixels of them.
export function ringsOf(lines, tolerance) {
  return lines.map((points) => ({ points, corners: cornersOf(points, tolerance) }));
}

const count = (points) => points.length / 2;
const at = (points, index) => ({ x: points[2 * index], y: points[2 * index + 1] });

// How far a point lies from the straight piece between two others.
function distanceTo(point, from, to) {
  const dx = to.x - from.x,
    dy = to.y - from.y,
    length = dx * dx + dy * dy;
  const along = length ? ((point.x - from.x) * dx + (point.y - from.y) * dy) / length : 0;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(point.x - from.x - share * dx, point.y - from.y - share * dy);
}

// Douglas-Peucker on a closed line; at least three corners.
function cornersOf(points, tolerance) {
  const all = count(points);
  if (all <= 3) return [...Array(all).keys()];
  const distance = (index) => Math.hypot(points[2 * index] - points[0], points[2 * index + 1] - points[1]);
  let far = 0;
  for (let index = 1; index < all; index++) if (distance(index) > distance(far)) far = index;
  const corners = new Set([0, far]);
  const pieces = [
    [0, far],
    [far, all],
  ];
  while (pieces.length) {
    const [start, end] = pieces.pop();
    const from = at(points, start),
      to = at(points, end % all);
    let worst = 0,
      split = null;
    for (let index = start + 1; index < end; index++) {
      const away = distanceTo(at(points, index), from, to);
      if (away > worst) [worst, split] = [away, index];
    }
    if (split === null || (worst <= tolerance && !(end === all && corners.size < 3))) continue;
    corners.add(split);
    pieces.push([start, split], [split, end]);
  }
  return [...corners].sort((one, other) => one - other);
}

// The corner next to a place, { ring, corner }, or null where none is within `reach`.
export function cornerNear(rings, place, reach) {
  let nearest = null,
    best = reach;
  rings.forEach(({ points, corners }, ring) => {
    corners.forEach((index, corner) => {
      const { x, y } = at(points, index),
        away = Math.hypot(place.x - x, place.y - y);
      if (away <= best) [nearest, best] = [{ ring, corner }, away];
    });
  });
  return nearest;
}

// The side of the polygon next to a place: { ring, corner } of the corner before it; null where none is.
export function sideNear(rings, place, reach) {
  let nearest = null,
    best = reach;
  rings.forEach(({ points, corners }, ring) => {
    corners.forEach((index, corner) => {
      const next = corners[(corner + 1) % corners.length];
      const away = distanceTo(place, at(points, index), at(points, next));
      if (away <= best) [nearest, best] = [{ ring, corner }, away];
    });
  });
  return nearest;
}

// The place of a corner { ring, corner }.
export function placeOf(rings, { ring, corner }) {
  return at(rings[ring].points, rings[ring].corners[corner]);
}

// The corner after another (`by` 1) or before it (-1), through all rings; without another the first or the
// last one. Null past the end.
export function neighbour(rings, there, by) {
  const all = rings.flatMap(({ corners }, ring) => corners.map((_, corner) => ({ ring, corner })));
  const now = there && all.findIndex(({ ring, corner }) => ring === there.ring && corner === there.corner);
  return (there ? all[now + by] : all.at(by > 0 ? 0 : -1)) ?? null;
}

// The middle of the side of the polygon after a corner.
export function midpoint(rings, { ring, corner }) {
  const next = (corner + 1) % rings[ring].corners.length,
    [from, to] = [placeOf(rings, { ring, corner }), placeOf(rings, { ring, corner: next })];
  return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
}

// Add a corner where the exact line of a side comes nearest to a place; the mask stays as it is.
// [rings, { ring, corner }] with the new corner.
export function withCorner(rings, { ring, corner }, place) {
  const { points, corners } = rings[ring],
    all = count(points);
  const start = corners[corner],
    end = corner + 1 < corners.length ? corners[corner + 1] : corners[0] + all;
  let best = Infinity,
    piece = start,
    added = null;
  for (let index = start; index < end; index++) {
    const from = at(points, index % all),
      to = at(points, (index + 1) % all);
    const x = Math.round(Math.min(Math.max(place.x, Math.min(from.x, to.x)), Math.max(from.x, to.x))),
      y = Math.round(Math.min(Math.max(place.y, Math.min(from.y, to.y)), Math.max(from.y, to.y)));
    const away = Math.hypot(x - place.x, y - place.y);
    if (away < best) [best, piece, added] = [away, index % all, { x, y }];
  }
  const longer = [...points];
  longer.splice(2 * (piece + 1), 0, added.x, added.y);
  const index = piece + 1;
  const moved = corners.map((each) => (each >= index ? each + 1 : each));
  const listed = [...moved, index].sort((one, other) => one - other);
  const changed = rings.map((old, each) => (each === ring ? { points: longer, corners: listed } : old));
  return [changed, { ring, corner: listed.indexOf(index) }];
}

// What to turn over so that a corner lies at `place`, or is gone where `place` is null: points [[x, y], ...]
// along the exact line from the corner before to the one after it, and back over the place. Null where a
// ring would be left with less than three corners.
export function patchOf({ points, corners }, corner, place) {
  if (!place && corners.length <= 3) return null;
  const all = count(points),
    before = corners[(corner - 1 + corners.length) % corners.length];
  let after = corners[(corner + 1) % corners.length];
  if (after <= before) after += all;
  const patch = [];
  for (let index = before; index <= after; index++) {
    const { x, y } = at(points, index % all);
    patch.push([x, y]);
  }
  if (place) patch.push([Math.round(place.x * 8) / 8, Math.round(place.y * 8) / 8]);
  return patch;
}
