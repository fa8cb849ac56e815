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

// A state in the form that the server takes back, without the fields that the page has added.
export function portable(state, size) {
  const { objects, order, ...rest } = state;
  return { ...rest, size, objects: objects.map(({ shape, current, ...object }) => object) };
}
