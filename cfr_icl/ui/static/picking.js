// Selects the object for a click on masks.

// Visible objects whose masks hold a pixel, the smallest first: one under a larger one can be reached.
export function objectsAt(objects, pixel) {
  const there = objects.filter((object) => object.visible && object.shape?.contains(pixel.x, pixel.y));
  return there.sort((one, other) => one.area - other.area);
}

// Clicks again at the same place select the next larger object, and after the largest the smallest.
export class Picker {
  #last = null; // { pixel, id }

  // The object to select; there must be one at the pixel.
  pick(objects, pixel) {
    const there = objectsAt(objects, pixel),
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
