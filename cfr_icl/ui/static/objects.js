// The list of objects in the side panel.

import { icon, make } from './dom.js';
import { t } from './language.js';

// The objects whose label or number contains a text, ordered by 'number', 'label' or 'area' (largest first).
export function listed(objects, text, order) {
  const sought = text.trim().toLocaleLowerCase();
  const shown = objects.filter(
    ({ id, label, current }) =>
      current || String(id) === sought || label.toLocaleLowerCase().includes(sought),
  );
  const orders = {
    number: () => 0,
    label: (one, other) => one.label.localeCompare(other.label) || one.id - other.id,
    area: (one, other) => other.area - one.area,
  };
  return shown.sort(orders[order] ?? orders.number);
}

export class ObjectList {
  // `send(kind, data)` asks the server, `select(id)` takes an object up, `labels` is the id of a datalist,
  // `repaint` draws the objects at once
  constructor(list, labels, send, select, repaint) {
    Object.assign(this, { list, labels, send, select, repaint });
    this.rows = new Map();
    this.shown = ''; // id and place of the object in work
    new ResizeObserver(() => this.keepInSight()).observe(list);
  }

  show(objects) {
    const ids = new Set(objects.map((object) => object.id));
    for (const [id, row] of this.rows)
      if (!ids.has(id)) {
        row.node.remove();
        this.rows.delete(id);
      }
    let place = this.list.firstElementChild;
    for (const object of objects) {
      if (!this.rows.has(object.id)) this.rows.set(object.id, this.makeRow(object.id));
      const row = this.rows.get(object.id);
      if (row.object !== object || row.current !== object.current || row.label.value !== object.label)
        this.fill(row, object);
      if (row.node === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.node, place);
    }
    const current = objects.findIndex((object) => object.current),
      shown = `${objects[current]?.id} ${current}`;
    if (shown !== this.shown) this.keepInSight();
    this.shown = shown;
  }

  // Scroll to the object in work, the list alone: the panel around it stays where it is.
  keepInSight() {
    const current = this.list.querySelector('.current');
    if (!current) return;
    const frame = this.list.getBoundingClientRect(),
      row = current.getBoundingClientRect();
    if (row.top < frame.top) this.list.scrollTop -= frame.top - row.top;
    else if (row.bottom > frame.bottom) this.list.scrollTop += row.bottom - frame.bottom;
  }

  // Ids of the objects that are shown, in their order.
  get ids() {
    return [...this.list.children].map((node) => this.idOf(node));
  }

  // Mark the rows of several objects as selected.
  mark(selected) {
    for (const [id, { node, number }] of this.rows) {
      node.classList.toggle('selected', selected.has(id));
      number.setAttribute('aria-pressed', String(selected.has(id)));
    }
  }

  // Mark the row of the object that is pointed at; null for none.
  point(id) {
    for (const [each, { node }] of this.rows) node.classList.toggle('pointed', each === id);
  }

  // The object whose row holds an element; null for none.
  idOf(element) {
    for (const [id, { node }] of this.rows) if (node.contains(element)) return id;
    return null;
  }

  makeRow(id) {
    const button = (label, act) => rowButton(id, label, act);
    const row = {
      colour: make('input', { type: 'color', title: t('Colour') }),
      number: make('button', { type: 'button', className: 'number', textContent: id }),
      label: make('input', { type: 'text', maxLength: 60 }),
      certainty: make('output', { className: 'certainty', title: t('How sure the mask is; U goes on') }),
      visible: button('Show or hide', () => this.turn(row, 'visible')),
      locked: button('Lock or unlock', () => this.turn(row, 'locked')),
      copy: button('Duplicate', () => this.send('duplicate', { id })),
      remove: button('Delete', () => this.send('delete', { id })),
    };
    row.colour.setAttribute('aria-label', `${t('Colour of object')} ${id}`);
    row.number.setAttribute('aria-label', `${t('Select object')} ${id}`);
    row.label.setAttribute('aria-label', `${t('Label of object')} ${id}`);
    row.label.setAttribute('list', this.labels);
    row.visible.classList.add('eye');
    row.copy.append(icon('copy'));
    row.remove.append(icon('trash'));
    this.listenTo(row, id);
    const { colour, number, label, certainty, visible, locked, copy, remove } = row;
    row.node = make('li', {}, colour, number, label, certainty, visible, locked, copy, remove);
    row.node.title = `${t('Select this object')} · ${t('double click or F2 renames it')}`;
    // the pointer passes through a label that is not written (objects.css)
    row.node.addEventListener('click', (event) => {
      if (event.target.tagName !== 'INPUT') this.select(id);
    });
    row.node.addEventListener('dblclick', (event) => {
      const several = event.ctrlKey || event.metaKey || event.shiftKey;
      if (!several && !event.target.closest('input, .tiny')) this.rename(row);
    });
    row.node.addEventListener('keydown', (event) => {
      if (event.key !== 'F2') return;
      event.stopPropagation(); // somebody may have chosen it for a command
      this.rename(row);
    });
    return row;
  }

  // Write another label for an object.
  rename({ label }) {
    if (label.disabled || document.activeElement === label) return;
    label.focus();
    label.select();
  }

  // Turn a switch. It is shown at once, so that a second press before the answer turns it back.
  turn(row, name) {
    row.object[name] = !row.object[name];
    this.fill(row, row.object);
    this.repaint();
    this.send('edit', { id: row.object.id, [name]: row.object[name] });
  }

  listenTo(row, id) {
    row.colour.addEventListener('input', () => {
      row.object.colour = row.colour.value;
      this.repaint();
    });
    row.colour.addEventListener('change', () => this.send('edit', { id, colour: row.colour.value }));
    row.label.addEventListener('change', () => this.send('label', { id, name: row.label.value }));
    row.label.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') row.label.value = row.object.label; // what was typed is given up
      if (event.key === 'Enter' || event.key === 'Escape') row.label.blur();
    });
  }

  fill(row, object) {
    row.object = object;
    row.current = object.current;
    row.node.classList.toggle('current', object.current);
    row.node.classList.toggle('faint', !object.visible);
    row.number.setAttribute('aria-current', String(object.current));
    if (document.activeElement !== row.colour) row.colour.value = object.colour;
    if (document.activeElement !== row.label) row.label.value = object.label;
    row.label.disabled = row.remove.disabled = object.locked;
    row.certainty.hidden = object.certainty === null;
    row.certainty.textContent = `${Math.round(100 * object.certainty)} %`;
    row.node.classList.toggle('unsure', object.unsure);
    row.visible.replaceChildren(icon(object.visible ? 'eye' : 'eye-off'));
    row.locked.replaceChildren(icon(object.locked ? 'lock' : 'unlock'));
    row.locked.classList.toggle('on', object.locked);
    row.visible.classList.toggle('on', !object.visible);
  }
}

function rowButton(id, label, act) {
  const node = make('button', { type: 'button', className: 'icon tiny', title: t(label) });
  node.setAttribute('aria-label', `${t(label)} ${t('object')} ${id}`);
  node.addEventListener('click', (event) => {
    event.stopPropagation();
    act();
  });
  return node;
}
