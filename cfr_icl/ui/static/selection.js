// Several objects selected, on the picture or in the list, to be changed together.

import { count, t } from './language.js';

const LONG_PRESS = 500; // milliseconds

export class Selection {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.button = app.button;
    this.view = app.view;
    this.send = app.send;
    this.anchor = null; // id from which on Shift selects
    this.selected = this.view.selected = new Set(); // ids
    this.ref('selection-label').addEventListener('change', () => {
      const name = this.ref('selection-label').value;
      if (name.trim()) this.change('label_objects', { name });
    });
    this.ref('selection-label').addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.ref('selection-label').blur();
    });
    this.ref('selection-colour').addEventListener('change', () =>
      this.change('edit_objects', { colour: this.ref('selection-colour').value }),
    );
    this.listenToList();
  }

  ids() {
    return [...this.selected];
  }

  // An object is added to the selection, or taken from it; nothing is in work then.
  toggle(id) {
    const current = this.app.current;
    if (current && !this.selected.size && current.id !== id) this.selected.add(current.id);
    if (!this.selected.delete(id)) this.selected.add(id);
    this.anchor = id;
    this.changed(current);
  }

  // All of the list from the object selected last to this one.
  extendTo(id) {
    const current = this.app.current,
      listed = this.app.panel.listedIds();
    const from = listed.indexOf(this.anchor ?? current?.id ?? id),
      to = listed.indexOf(id);
    const [low, high] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
    for (const each of listed.slice(low, high + 1)) this.selected.add(each);
    this.changed(current);
  }

  selectListed() {
    for (const id of this.app.panel.listedIds()) this.selected.add(id);
    this.changed(this.app.current);
  }

  // Tells whether anything was selected.
  clear() {
    const some = this.selected.size > 0;
    this.selected.clear();
    this.anchor = null;
    if (some) this.show();
    return some;
  }

  changed(current) {
    if (current && this.selected.size) this.app.commands.run('finish');
    this.show();
  }

  // Objects that are gone are not selected any more.
  show() {
    const { selected } = this,
      there = this.app.state.objects.filter(({ id }) => selected.has(id));
    for (const id of this.ids()) if (!there.some((object) => object.id === id)) selected.delete(id);
    this.ref('selection').hidden = !selected.size;
    this.app.panel.showCommands();
    this.app.panel.markSelected(selected);
    this.view.draw();
    if (!selected.size) return this.app.attributes.show();
    const labels = new Set(there.map(({ label }) => label)),
      locked = there.some((object) => object.locked),
      hidden = there.every((object) => !object.visible);
    this.ref('selection-count').textContent = t('{n} selected').replace(
      '{n}',
      selected.size.toLocaleString(),
    );
    if (document.activeElement !== this.ref('selection-label'))
      this.ref('selection-label').value = labels.size === 1 ? there[0].label : '';
    this.ref('selection-label').placeholder = labels.size === 1 ? '' : count(labels.size, 'label');
    if (document.activeElement !== this.ref('selection-colour'))
      this.ref('selection-colour').value = there[0].colour;
    const hide = this.button('hide-selected');
    hide.textContent = hidden ? t('Show') : t('Hide');
    for (const name of ['merge', 'delete-selected', 'to-front', 'to-back'])
      this.button(name).disabled = locked;
    for (const name of ['selection-label', 'selection-colour']) this.ref(name).disabled = locked;
    this.button('merge').disabled = locked || selected.size < 2;
    this.app.attributes.show();
  }

  // Send an action on the selected objects.
  change(kind, data = {}) {
    if (!this.selected.size || !this.app.accepts()) return;
    this.send(kind, { ids: this.ids(), ...data });
    if (kind === 'merge_objects' || kind === 'delete_objects') this.clear(); // they will be gone
  }

  hide() {
    const visible = this.app.state.objects.every(
      (object) => !this.selected.has(object.id) || !object.visible,
    );
    this.change('edit_objects', { visible });
  }

  // Ctrl and Shift in the list, with the mouse or on the keys, and a long press of a finger.
  listenToList() {
    const list = this.ref('objects');
    let timer = null,
      pressed = false; // for long

    list.addEventListener('pointerdown', (event) => {
      pressed = false;
      clearTimeout(timer);
      const id = this.app.panel.idInList(event.target);
      if (id === null) return;
      if (event.pointerType === 'touch') {
        timer = setTimeout(() => {
          pressed = true;
          this.toggle(id);
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
        const id = this.app.panel.idInList(event.target);
        if (id === null) return;
        const touched = event.pointerType === 'touch' && this.selected.size > 0;
        if (event.shiftKey) this.extendTo(id);
        else if (pressed) pressed = false;
        else if (event.ctrlKey || event.metaKey || (touched && !event.target.closest('.tiny'))) {
          this.toggle(id);
        } else return;
        event.preventDefault();
        event.stopPropagation();
      },
      true,
    );
    list.addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const id = this.app.panel.idInList(event.target);
      if (event.key === 'a' && event.target.type !== 'text') this.selectListed();
      else if (id !== null && (event.key === 'Enter' || event.key === ' ')) this.toggle(id);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}
