// The side panel: shows the current state of the session.

import { MAKES } from './exporting.js';
import { count, t } from './language.js';
import { listed, ObjectList } from './objects.js';

const MANY = 8; // objects from which on the list is searched and ordered

export class Panel {
  constructor(app) {
    this.app = app;
    this.root = app.root;
    this.ref = app.ref;
    this.button = app.button;
    this.send = app.send;
    this.list = new ObjectList(
      this.ref('objects'),
      'cfr-labels',
      this.send,
      (id) => this.app.marking.select(id),
      () => this.app.view.draw(),
    );
    this.ref('objects').addEventListener('pointerover', (event) => {
      this.pointAt(this.list.idOf(event.target));
    });
    this.ref('objects').addEventListener('pointerleave', () => this.pointAt(null));
    for (const name of ['object-filter', 'object-order']) {
      this.ref(name).addEventListener('input', () => this.showList());
    }
    for (const input of this.root.querySelectorAll('[data-edit]')) {
      input.addEventListener('change', () =>
        this.send('edit', { id: this.app.current?.id, [input.dataset.edit]: input.checked }),
      );
    }
  }

  listedIds() {
    return this.list.ids;
  }

  idInList(element) {
    return this.list.idOf(element);
  }

  markSelected(selected) {
    this.list.mark(selected);
  }

  // An object that is pointed at is shown on the picture and in the list.
  pointAt(id) {
    if (this.app.view.pointed === id) return;
    this.app.view.pointed = id;
    this.app.view.draw();
    this.list.point(id);
  }

  // A part of some objects has its switch on, which says which these are.
  isOn(input, active) {
    if (input.dataset.edit !== 'overlap') return active[input.dataset.edit];
    const parts = active.overlap ? [] : active.overlaps;
    input.parentElement.title = parts.length
      ? t('Overlaps only: {ids}').replace('{ids}', parts.join(', '))
      : t('May overlap others');
    return active.overlap || parts.length > 0;
  }

  showList() {
    const { objects } = this.app.state,
      few = objects.length < MANY;
    const shown = few
      ? objects
      : listed(objects, this.ref('object-filter').value, this.ref('object-order').value);
    this.ref('object-search').hidden = few;
    this.ref('none-listed').hidden = few || shown.length > 0;
    this.list.show(shown);
  }

  showAll() {
    this.ref('object-filter').value = '';
    this.showList();
  }

  // Buttons of commands that work on what is there, or will be when all that waits is applied: a press that
  // comes before the answer counts.
  showCommands() {
    const { channel, current, selection, state } = this.app,
      comes = channel.awaits(...MAKES);
    this.button('undo').disabled = !state.can_undo && !comes;
    this.button('redo').disabled = !state.can_redo && !channel.awaits('undo');
    this.button('finish').disabled = !current && !comes;
    this.button('clear').disabled = !current && !selection.selected.size && !comes;
    this.app.exporting.show(comes);
  }

  show() {
    const { state, current: active } = this.app;
    this.showCommands();
    this.button('load-masks').disabled = !this.app.picture;
    this.ref('no-objects').hidden = state.objects.length > 0;
    this.ref('fill').hidden = state.objects.length > 0 || !this.app.inFolder;
    this.ref('before').hidden = state.objects.length > 0 || !this.app.files.index;
    this.ref('object-switches').hidden = !active;
    for (const input of active ? this.root.querySelectorAll('[data-edit]') : []) {
      // while a switch is under way, the reply tells of before it
      if (!this.app.channel.awaits('edit', 'overlap_clicked')) input.checked = this.isOn(input, active);
      input.disabled = active.locked;
    }
    this.showList(); // after the switches, which take room from it
    this.app.selection.show();
    this.button('done').classList.toggle('on', Boolean(state.done));
    this.button('done').setAttribute('aria-pressed', String(Boolean(state.done)));
    this.app.reviewing.show(state);
    this.app.labels.show(active);
    this.app.inspector.follow(active);
    this.app.choices.follow(active);
    this.app.exporting.followPolygons();
    this.app.cascade.show(state.cfr);
    this.ref('answer').textContent = describe(state, active);
    this.ref('refined').textContent = describeRefinement(active);
    this.ref('refined').hidden = !this.ref('refined').textContent;
  }
}

// Describes the last refinement of the object.
function describeRefinement(active) {
  const { passes, changed } = active?.timing ?? {};
  if (!passes) return '';
  if (changed === null) return t('1 pass, nothing was refined');
  return t('{n} passes, last changed {m} px').replace('{n}', passes).replace('{m}', changed.toLocaleString());
}

// How long a prediction took, as people read it.
function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
}

// The sentence in the status line.
function describe(state, active) {
  if (!active) {
    if (!state.objects.length) return t('Ready');
    const next = matchMedia('(hover: hover)').matches // Alt is of use beside a mouse
      ? t('click a mask to correct it, Alt + click to start one on it, anything else to start a new one')
      : t('tap a mask to correct it');
    return `${count(state.objects.length, 'object')} · ${next}`;
  }
  const clicks = active.clicks.length - active.clicks_of_box;
  const parts = [
    ...(active.drawn_box ? [t('1 box')] : []),
    ...(clicks ? [count(clicks, 'click')] : []), // none on drawn and loaded objects
    `${active.area.toLocaleString()} px`,
  ];
  if (active.left_out) {
    parts.push(t('{n} px left to other objects').replace('{n}', active.left_out.toLocaleString()));
  }
  const { timing } = active; // last, as a phone has no room for all of it
  if (timing) parts.push(count(timing.forwards, 'pass'), duration(timing.milliseconds));
  return parts.join(' · ');
}
