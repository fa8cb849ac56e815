import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { Selection } from '../../cfr_icl/ui/static/selection.js';
import { Element, elements, silent } from './elements.js';

// A page with four objects, which are listed from 4 to 1; rows of the list have the id of their object.
function page(current = null) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { ref } = elements();
  const objects = [1, 2, 3, 4].map((id) => ({ id, label: 'cup', colour: '#ff0000', visible: true }));
  const sent = [],
    ran = [];
  const app = {
    ref,
    button: ref,
    view: { draw() {} },
    state: { objects },
    current: current && objects.find(({ id }) => id === current),
    accepts: () => true,
    send: (kind, data) => sent.push([kind, data]),
    commands: { run: (name) => ran.push(name) },
    attributes: silent,
    panel: {
      listedIds: () => [4, 3, 2, 1],
      showCommands() {},
      markSelected() {},
      idInList: (target) => target.id ?? null,
    },
  };
  const selection = new Selection(app);
  const row = (id) => Object.assign(new Element('LI'), { id });
  const press = (id, event) => ref('objects').fire('click', { target: row(id), ...event });
  return { app, objects, ran, ref, row, press, selection, sent };
}

afterEach(() => mock.timers.reset());

test('Ctrl adds objects one by one, beginning with the one in work, which is finished', () => {
  const { press, ran, selection } = page(1);
  press(3, { ctrlKey: true });
  assert.deepEqual(selection.ids(), [1, 3]);
  assert.deepEqual(ran, ['finish']);
  press(1, { ctrlKey: true });
  assert.deepEqual(selection.ids(), [3]);
  press(2, {}); // selects one object, which is not the selection's business
  assert.deepEqual(selection.ids(), [3]);
});

test('Shift selects from the object selected last, in the order of the list', () => {
  const { press, selection } = page();
  press(3, { ctrlKey: true });
  press(1, { shiftKey: true });
  assert.deepEqual(selection.ids(), [3, 2, 1]);
  press(4, { shiftKey: true });
  assert.deepEqual(selection.ids().toSorted(), [1, 2, 3, 4]);
});

test('Shift without a selection takes the object alone, or all from the one in work', () => {
  const { app, objects, press, selection } = page();
  press(2, { shiftKey: true });
  assert.deepEqual(selection.ids(), [2]);
  selection.clear();
  app.current = objects[3];
  press(3, { shiftKey: true });
  assert.deepEqual(selection.ids(), [4, 3]);
});

test('a long press of a finger selects, and taps then add objects', () => {
  const { press, ref, row, selection } = page();
  const touch = { pointerType: 'touch' };
  press(1, touch);
  assert.deepEqual(selection.ids(), []);
  ref('objects').fire('pointerdown', { target: row(1), ...touch });
  mock.timers.tick(500);
  ref('objects').fire('pointerup', touch);
  press(1, touch); // the click of the long press itself
  assert.deepEqual(selection.ids(), [1]);
  press(2, touch);
  assert.deepEqual(selection.ids(), [1, 2]);
});

test('a finger that scrolls the list selects nothing', () => {
  const { ref, row, selection } = page();
  ref('objects').fire('pointerdown', { target: row(1), pointerType: 'touch' });
  ref('objects').fire('pointermove', { movementX: 0, movementY: 9 });
  mock.timers.tick(500);
  assert.deepEqual(selection.ids(), []);
});

test('an action is sent with all selected objects; merged and deleted ones are not selected', () => {
  const { press, selection, sent } = page();
  selection.change('delete_objects');
  assert.deepEqual(sent, []); // nothing is selected
  press(1, { ctrlKey: true });
  press(2, { ctrlKey: true });
  selection.change('edit_objects', { colour: '#00ff00' });
  assert.deepEqual(sent, [['edit_objects', { ids: [1, 2], colour: '#00ff00' }]]);
  assert.deepEqual(selection.ids(), [1, 2]);
  selection.change('merge_objects');
  assert.deepEqual(sent.at(-1), ['merge_objects', { ids: [1, 2] }]);
  assert.deepEqual(selection.ids(), []);
});

test('hiding shows objects only if all of them are hidden', () => {
  const { objects, press, selection, sent } = page();
  press(1, { ctrlKey: true });
  press(2, { ctrlKey: true });
  objects[0].visible = false;
  selection.hide();
  assert.equal(sent.at(-1)[1].visible, false);
  objects[1].visible = false;
  selection.hide();
  assert.equal(sent.at(-1)[1].visible, true);
});

test('objects that are gone are not selected, and locked ones are not changed', () => {
  const { app, objects, press, ref, selection } = page();
  press(1, { ctrlKey: true });
  press(2, { ctrlKey: true });
  assert.equal(ref('merge').disabled, false);
  objects[0].locked = true;
  selection.show();
  assert.deepEqual([ref('merge').disabled, ref('delete-selected').disabled], [true, true]);
  app.state = { objects: objects.slice(1) };
  selection.show();
  assert.deepEqual(selection.ids(), [2]);
  assert.deepEqual([ref('merge').disabled, ref('delete-selected').disabled], [true, false]);
});
