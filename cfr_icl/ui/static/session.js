// The page's state of a session; replies hold only changes, which are merged into it.

import { MaskShape } from './mask.js';

// The state after a reply; `session` is its session part, whose objects are those that changed.
export function merged(before, session) {
  const old = new Map(before.objects.map((object) => [object.id, object]));
  const objects = new Map(old);
  for (const object of session.objects) {
    const known = old.get(object.id);
    if (known && known.version === object.version) {
      Object.assign(object, { shape: known.shape, counts: known.counts, size: known.size });
    } else {
      object.shape = MaskShape.decode(object.size, object.counts);
    }
    object.stored = { ...known?.stored, ...object.stored };
    objects.set(object.id, object);
  }
  const order = session.order || [...objects.keys()];
  const listed = order.map((id) => objects.get(id)).filter(Boolean);
  for (const object of listed) object.current = object.id === session.active;
  const { labels = before.labels, attribute_list = before.attribute_list } = session;
  return { ...session, labels, attribute_list, objects: listed };
}

const MARKS = ['click', 'paint', 'lasso']; // the object in work, or start one
const STARTS = ['box', 'duplicate', 'go_to_unsure', 'import', 'take_over'];

// The id of the object in work when actions that wait are applied too, null for none. undefined while that is
// not known: an object is being started. `active` is the one before them.
export function activeAfter(active, waiting) {
  return waiting.reduce((now, { kind, id, ids, done }) => {
    if (kind === 'select') return id;
    if (['finish', 'clear', 'review'].includes(kind) || (kind === 'done' && done)) return null;
    if (kind === 'delete' || kind === 'delete_objects') return (ids ?? [id]).includes(now) ? null : now;
    return STARTS.includes(kind) || (MARKS.includes(kind) && now === null) ? undefined : now;
  }, active);
}

// A state in the form that the server takes back, without the fields that the page has added.
export function portable(state, size) {
  const { objects, order, ...rest } = state;
  return { ...rest, size, objects: objects.map(({ shape, current, ...object }) => object) };
}
