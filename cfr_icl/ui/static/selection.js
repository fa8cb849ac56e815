// Several objects selected, on the picture or in the list, to be changed together.

import { count, t } from './language.js';

const LONG_PRESS = 500; // milliseconds

export function setUpSelection(app) {
  const { ref, button, view, send } = app;
  let anchor = null; // id from which on Shift selects
  app.selected = view.selected = new Set();

  const ids = () => [...app.selected];

  // An object is added to the selection, or taken from it; nothing is in work then.
  app.toggleSelected = (id) => {
    const current = app.state.objects.find((object) => object.current);
    if (current && !app.selected.size && current.id !== id) app.selected.add(current.id);
    if (!app.selected.delete(id)) app.selected.add(id);
    anchor = id;
    changed(current);
  };

  // All of the list from the object selected last to this one.
  app.selectTo = (id) => {
    const current = app.state.objects.find((object) => object.current),
      listed = app.listedIds();
    const from = listed.indexOf(anchor ?? current?.id ?? id),
      to = listed.indexOf(id);
    const [low, high] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
    for (const each of listed.slice(low, high + 1)) app.selected.add(each);
    changed(current);
  };

  app.selectListed = () => {
    for (const id of app.listedIds()) app.selected.add(id);
    changed(app.state.objects.find((object) => object.current));
  };

  // Tells whether anything was selected.
  app.clearSelection = () => {
    const some = app.selected.size > 0;
    app.selected.clear();
    anchor = null;
    if (some) app.showSelection();
    return some;
  };

  function changed(current) {
    if (current && app.selected.size) app.command('finish');
    app.showSelection();
  }

  // Objects that are gone are not selected any more.
  app.showSelection = () => {
    const { selected } = app,
      there = app.state.objects.filter(({ id }) => selected.has(id));
    for (const id of ids()) if (!there.some((object) => object.id === id)) selected.delete(id);
    ref('selection').hidden = !selected.size;
    button('clear').disabled = !selected.size && !app.state.objects.some((object) => object.current);
    app.markSelected(selected);
    view.draw();
    if (!selected.size) return app.showAttributes();
    const labels = new Set(there.map(({ label }) => label)),
      locked = there.some((object) => object.locked),
      hidden = there.every((object) => !object.visible);
    ref('selection-count').textContent = t('{n} selected').replace('{n}', selected.size.toLocaleString());
    if (document.activeElement !== ref('selection-label'))
      ref('selection-label').value = labels.size === 1 ? there[0].label : '';
    ref('selection-label').placeholder = labels.size === 1 ? '' : count(labels.size, 'label');
    if (document.activeElement !== ref('selection-colour')) ref('selection-colour').value = there[0].colour;
    const hide = button('hide-selected');
    hide.textContent = hidden ? t('Show') : t('Hide');
    for (const name of ['merge', 'delete-selected', 'to-front', 'to-back']) button(name).disabled = locked;
    for (const name of ['selection-label', 'selection-colour']) ref(name).disabled = locked;
    button('merge').disabled = locked || selected.size < 2;
    app.showAttributes();
  };

  app.changeSelected = (kind, data = {}) => {
    if (!app.selected.size || !app.ready()) return;
    send(kind, { ids: ids(), ...data });
    if (kind === 'merge_objects' || kind === 'delete_objects') app.clearSelection(); // they will be gone
  };

  app.hideSelected = () => {
    const visible = app.state.objects.every((object) => !app.selected.has(object.id) || !object.visible);
    app.changeSelected('edit_objects', { visible });
  };

  ref('selection-label').addEventListener('change', () => {
    const name = ref('selection-label').value;
    if (name.trim()) app.changeSelected('label_objects', { name });
  });
  ref('selection-label').addEventListener('keydown', (event) => {
    if (event.key === 'Enter') ref('selection-label').blur();
  });
  ref('selection-colour').addEventListener('change', () =>
    app.changeSelected('edit_objects', { colour: ref('selection-colour').value }),
  );

  listenToList(app);
}

// Ctrl and Shift in the list, with the mouse or on the keys, and a long press of a finger.
function listenToList(app) {
  const list = app.ref('objects');
  let timer = null,
    pressed = false; // for long

  list.addEventListener('pointerdown', (event) => {
    pressed = false;
    clearTimeout(timer);
    const id = app.idInList(event.target);
    if (id === null) return;
    if (event.pointerType === 'touch') {
      timer = setTimeout(() => {
        pressed = true;
        app.toggleSelected(id);
      }, LONG_PRESS);
    }
  });
  for (const kind of ['pointerup', 'pointermove', 'pointercancel', 'pointerleave'])
    list.addEventListener(kind, (event) => {
      if (kind !== 'pointermove' || Math.hypot(event.movementX, event.movementY) > 4) clearTimeout(timer);
    });
  list.addEventListener('contextmenu', (event) => {
    if (pressed) event.preventDefault(); // of the long press
  });
  // a field is not written into, and no text is marked
  list.addEventListener('mousedown', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) event.preventDefault();
  });
  list.addEventListener(
    'click',
    (event) => {
      const id = app.idInList(event.target);
      if (id === null) return;
      const touched = event.pointerType === 'touch' && app.selected.size > 0;
      if (event.shiftKey) app.selectTo(id);
      else if (pressed) pressed = false;
      else if (event.ctrlKey || event.metaKey || (touched && !event.target.closest('.tiny'))) {
        app.toggleSelected(id);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
  list.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const id = app.idInList(event.target);
    if (event.key === 'a' && event.target.type !== 'text') app.selectListed();
    else if (id !== null && (event.key === 'Enter' || event.key === ' ')) app.toggleSelected(id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
