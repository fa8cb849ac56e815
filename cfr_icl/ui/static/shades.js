// Shades of a label's colour: objects with the same label get different shades on the picture, the first one
// the colour itself. Lists and exports use the colour alone.

// How much white (positive) or black (negative) is mixed in, for one object after another.
const MIXED = [0, 0.42, -0.34, 0.22, -0.18];
const MIXED_LIGHT = [0, -0.34, -0.17, -0.48, -0.26];
const MIXED_DARK = [0, 0.48, 0.24, 0.64, 0.36];
const LIGHT = 0.7; // of black 0 to white 1
const DARK = 0.22;

const made = new Map();

// The colour, #rgb or #rrggbb, as it is painted for the object with this number among those that have it.
export function shade(colour, number) {
  const key = `${colour} ${number % MIXED.length}`;
  if (!made.has(key)) made.set(key, mixed(colour, number % MIXED.length));
  return made.get(key);
}

// Red, green and blue of a colour #rgb or #rrggbb, 0 to 255 each.
export function rgbOf(colour) {
  const hex = colour.length === 4 ? colour.replace(/[^#]/g, '$&$&') : colour;
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

// How light a colour is, black 0 to white 1.
export function lightOf([red, green, blue]) {
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

function mixed(colour, number) {
  const parts = rgbOf(colour),
    light = lightOf(parts);
  const share = (light > LIGHT ? MIXED_LIGHT : light < DARK ? MIXED_DARK : MIXED)[number];
  const end = share > 0 ? 255 : 0;
  const two = (part) =>
    Math.round(part + Math.abs(share) * (end - part))
      .toString(16)
      .padStart(2, '0');
  return share ? `#${parts.map(two).join('')}` : colour;
}

// The painted colour of each object, by id; objects are numbered by their ids.
export function shades(objects) {
  const numbers = new Map(),
    painted = new Map();
  for (const { id, colour } of [...objects].sort((one, other) => one.id - other.id)) {
    const number = numbers.get(colour) ?? 0;
    numbers.set(colour, number + 1);
    painted.set(id, shade(colour, number));
  }
  return painted;
}
