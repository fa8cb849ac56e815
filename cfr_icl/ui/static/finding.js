// Which pictures of a folder the list shows, and where a search leads, as pure functions.
// A picture is { name, state, labels }.

export function matches({ name, state, labels }, query, wanted) {
  if (wanted && state !== wanted) return false;
  const text = query.trim().toLowerCase();
  if (!text || /^\d+$/.test(text)) return true; // a number is a place in the list
  return [name, ...labels].some((each) => each.toLowerCase().includes(text));
}

// Index of the picture that a search names: a whole name, a number from 1, else the first that is shown.
// null where there is none.
export function target(pictures, query, wanted) {
  const text = query.trim();
  const exact = pictures.findIndex(({ name }) => name === text);
  if (exact >= 0) return exact;
  if (/^\d+$/.test(text))
    return Number(text) >= 1 && Number(text) <= pictures.length ? Number(text) - 1 : null;
  const first = text ? pictures.findIndex((each) => matches(each, text, wanted)) : -1;
  return first < 0 ? null : first;
}

// Minutes and objects an hour of { seconds, objects }; null before there is anything to say.
export function pace([seconds, objects]) {
  if (seconds < 30 || !objects) return null;
  return { minutes: Math.round(seconds / 60), hourly: Math.round((3600 * objects) / seconds) };
}
