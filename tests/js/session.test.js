import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeAfter, merged, portable } from '../../cfr_icl/ui/static/session.js';

const described = (id, version, more = {}) => ({
  id,
  version,
  area: 4,
  size: [4, 4],
  counts: '04<',
  ...more,
});
const empty = { objects: [], active: null };

test('a reply holds what changed, and the rest stays', () => {
  const first = merged(empty, { objects: [described(1, 'a'), described(2, 'b')], active: 2, order: [1, 2] });
  assert.deepEqual(
    first.objects.map(({ id, current }) => [id, current]),
    [
      [1, false],
      [2, true],
    ],
  );
  const moved = { id: 2, version: 'b', area: 4, label: 'cup' }; // the same mask, which is not sent again
  const second = merged(first, { objects: [moved, described(3, 'c')], active: null, order: [3, 2] });
  assert.deepEqual(
    second.objects.map(({ id }) => id),
    [3, 2],
  );
  assert.equal(second.objects[1].shape, first.objects[1].shape);
  assert.equal(second.objects[1].counts, '04<');
  assert.equal(second.objects[1].label, 'cup');
});

test('what the server stores of an object is collected from its changes', () => {
  const one = merged(empty, {
    objects: [described(1, 'a', { stored: { painted: 'p', box: null } })],
    active: 1,
  });
  const two = merged(one, { objects: [described(1, 'b', { stored: { painted: null } })], active: 1 });
  assert.deepEqual(two.objects[0].stored, { painted: null, box: null });
  const given = portable(two, [4, 4]);
  assert.ok(!('shape' in given.objects[0]) && !('current' in given.objects[0]) && !('order' in given));
  assert.deepEqual(given.size, [4, 4]);
  assert.equal(JSON.parse(JSON.stringify(given)).objects[0].counts, '04<');
});

test('the object in work is known while actions wait, unless one is being started', () => {
  const click = { kind: 'click' },
    finish = { kind: 'finish' },
    select = { kind: 'select', id: 2 };
  assert.equal(activeAfter(1, []), 1);
  assert.equal(activeAfter(1, [click]), 1);
  assert.equal(activeAfter(null, [click]), undefined);
  assert.equal(activeAfter(null, [click, finish]), null);
  assert.equal(activeAfter(1, [finish, select, click]), 2);
  assert.equal(activeAfter(1, [{ kind: 'box' }]), undefined);
  assert.equal(activeAfter(1, [{ kind: 'delete', id: 2 }]), 1);
  assert.equal(activeAfter(1, [{ kind: 'delete_objects', ids: [1, 2] }]), null);
  assert.equal(activeAfter(1, [{ kind: 'done', done: false }]), 1);
});
