// Selects the object for a click on masks.

// Visible objects whose masks hold a pixel, the smallest first: one under a larger one can be reached. Where
// there is none, those whose masks are thin and lie within `reach` pixels, the nearest first: a click hardly
// hits a cable of two pixels on the screen. A broad mask with thin parts or specks is not thin: a click near
// these begins an object.
export function objectsAt(objects, pixel, reach = 0) {
  const shown = objects.filter((object) => object.visible && object.shape);
  const there = shown.filter((object) => object.shape.contains(pixel.x, pixel.y));
  if (there.length || reach < 1) return there.sort((one, other) => one.area - other.area);
  return shown
    .filter((object) => isThin(object, reach))
    .map((object) => ({ object, distance: distanceToThin(object.shape, pixel, reach) }))
    .filter(({ distance }) => distance <= reach)
    .sort((one, other) => one.distance - other.distance)
    .map(({ object }) => object);
}

// Whether a mask has no more pixels than a line of twice `reach` along two sides of its box.
function isThin({ area, shape: { box } }, reach) {
  return area <= 2 * reach * (box.right - box.left + box.bottom - box.top);
}

// Pixels to the nearest one of a mask, where the mask is at most twice `reach` wide in this direction;
// Infinity elsewhere.
function distanceToThin(shape, { x, y }, reach) {
  const { left, top, right, bottom } = shape.box;
  if (x < left - reach || x > right + reach || y < top - reach || y > bottom + reach) return Infinity;
  const whole = Math.floor(reach);
  let nearest = null;
  for (let dx = -whole; dx <= whole; dx++) {
    for (let dy = -whole; dy <= whole; dy++) {
      const distance = Math.hypot(dx, dy);
      if (distance > reach || distance >= (nearest?.distance ?? Infinity)) continue;
      if (shape.contains(x + dx, y + dy)) nearest = { dx, dy, distance };
    }
  }
  if (!nearest) return Infinity;
  const { dx, dy, distance } = nearest,
    behind = (distance + 2 * reach) / distance;
  return shape.contains(Math.round(x + dx * behind), Math.round(y + dy * behind)) ? Infinity : distance;
}

// Clicks again at the same place select the next larger object, and after the largest the smallest.
export class Picker {
  #last = null; // { pixel, id }

  // The object to select; there must be one at the pixel, or within `reach`.
  pick(objects, pixel, reach = 0) {
    const there = objectsAt(objects, pixel, reach),
      last = this.#last;
    const again = last && Math.hypot(pixel.x - last.pixel.x, pixel.y - last.pixel.y) <= 3;
    const before = again ? there.findIndex((object) => object.id === last.id) : -1;
    const object = there[(before + 1) % there.length];
    this.#last = { pixel, id: object.id };
    return object;
  }

  // Begin with the smallest again, after a click that worked on an object.
  forget() {
    this.#last = null;
  }
}
