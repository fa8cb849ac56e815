// Filter and search of a folder's list of pictures, as pure functions.
// A picture is { name, state, labels, certainty, review, people }; `certainty` is null if no mask is to be
// checked, `review` is 'accepted', 'sent_back' or undefined.

export const DOUBT = 'doubt'; // shows what is to be looked at and not done yet, least sure first

// The choices of the filter that are more than a state.
const CHOICES = {
  [DOUBT]: ({ certainty, state }) => certainty !== null && state !== 'done',
  check: ({ state, review }) => state === 'done' && review !== 'accepted',
  accepted: ({ review }) => review === 'accepted',
  sent_back: ({ review }) => review === 'sent_back',
};

export function matches(picture, query, wanted) {
  const { name, state, labels, people = [] } = picture;
  if (wanted && !(CHOICES[wanted]?.(picture) ?? state === wanted)) return false;
  const text = query.trim().toLowerCase();
  if (!text || /^\d+$/.test(text)) return true; // a number is a place in the list
  return [name, ...labels, ...people].some((each) => each.toLowerCase().includes(text));
}

// Indices of the pictures that are shown, in their order.
export function sequence(pictures, query, wanted) {
  const shown = pictures.map((_, index) => index).filter((index) => matches(pictures[index], query, wanted));
  const certainty = (index) => pictures[index].certainty;
  return wanted === DOUBT ? shown.sort((one, other) => certainty(one) - certainty(other)) : shown;
}

// Index of the picture a step after (1) or before (-1) the one at `from`; beside one that is not shown, by
// doubt the least sure one. undefined where there is none.
export function stepped(shown, from, by, wanted) {
  const place = shown.indexOf(from);
  if (place >= 0) return shown[place + by];
  if (wanted === DOUBT) return shown[0];
  return by > 0 ? shown.find((index) => index > from) : shown.findLast((index) => index < from);
}

// Index of the next picture that is open, of those that are shown if there is one, else of all `count`: after
// the one at `from`, at the end from the beginning, by doubt the least sure one. null where there is none.
export function nextOpen(shown, count, from, isOpen, wanted) {
  const turned = (list) => [...list.filter((at) => at > from), ...list.filter((at) => at < from)];
  const open = (at) => at !== from && isOpen(at);
  const first = wanted === DOUBT ? shown : turned(shown);
  return first.find(open) ?? turned([...Array(count).keys()]).find(open) ?? null;
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
