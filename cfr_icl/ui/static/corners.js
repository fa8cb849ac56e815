// The corner tool: shows the corners of the active object, and moves the one that is dragged.

import { cornerNear, patchOf, ringsOf, sideNear, withCorner } from './outline.js';

const REACH = 9; // CSS pixels around a corner or side, for a mouse
const REACH_OF_FINGER = 20;
const TOLERANCE = 1.5; // CSS pixels between polygon and mask; at least as many of the picture's

export class Corners {
  #of = null; // the source of the rings: { shape, tolerance }
  #rings = [];

  // Rings of an object's mask, as fine as can be seen at this scale.
  rings(object, scale) {
    const shape = object?.shape?.empty ? null : object?.shape,
      tolerance = TOLERANCE * Math.max(1, 2 ** -Math.round(Math.log2(scale)));
    if (!shape) return [];
    if (this.#of?.shape !== shape || this.#of.tolerance !== tolerance) {
      this.#of = { shape, tolerance };
      this.#rings = ringsOf(shape.rings(), tolerance);
    }
    return this.#rings;
  }

  // Start to drag the corner at a place of the picture, or a new one on the side there; null without either.
  grab(object, scale, place, touch) {
    const rings = this.rings(object, scale),
      reach = (touch ? REACH_OF_FINGER : REACH) / scale;
    const there = cornerNear(rings, place, reach);
    if (there) return this.#held(rings, there);
    const side = sideNear(rings, place, reach);
    return side && this.#held(...withCorner(rings, side, place));
  }

  #held(rings, { ring, corner }) {
    return { rings, ring, corner };
  }

  // Points of the area that changes when a corner is gone; null where there is none to remove.
  removal(object, scale, place) {
    const rings = this.rings(object, scale),
      there = cornerNear(rings, place, REACH / scale);
    return there && patchOf(rings[there.ring], there.corner, null);
  }
}

// Points of the area that changes when the corner that is held lies at a place.
export function reshaped({ rings, ring, corner }, place) {
  return patchOf(rings[ring], corner, place);
}

// The polygons as flat lists x, y, x, y, ..., with the held corner where it is dragged to.
export function polygonsOf(rings, held = null, place = null) {
  return (held?.rings ?? rings).map(({ points, corners }, ring) =>
    corners.flatMap((index, corner) =>
      held?.ring === ring && held.corner === corner && place
        ? [place.x, place.y]
        : [points[2 * index], points[2 * index + 1]],
    ),
  );
}
