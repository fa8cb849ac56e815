// The list of labels, and the labels of the keys 1 to 9.

import { make, saveText } from './dom.js';
import { t } from './language.js';

export class Labels {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.props = app.props;
    this.send = app.send;
    this.options = make('datalist', { id: 'cfr-labels' });
    this.app.root.append(this.options);
    this.chips = []; // { name, chip, remove } of each label
    this.shown = null;
    this.renaming = false; // whether a name is being written in place of a chip
    this.takeBack = () => {}; // what takes the last choice of a chip back
    this.newLabel = this.ref('new-label').querySelector('input');
    this.ref('new-label').addEventListener('submit', (event) => {
      event.preventDefault();
      this.add();
    });
    this.newLabel.addEventListener('blur', () => {
      if (document.activeElement !== this.newLabel) this.add(); // else another window is used meanwhile
    });
    this.newLabel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.newLabel.value = '';
    });
    this.ref('labels-file').addEventListener('change', async (event) => {
      const text = await event.target.files[0].text();
      event.target.value = '';
      this.send('labels', labelsIn(text));
    });
  }

  choose({ name }) {
    if (this.app.selection.selected.size) this.app.selection.change('label_objects', { name });
    else this.send('label', { name, active: true });
  }

  // The server knows what a digit means: a mask of the network's offer, else a label, of the objects and the
  // list that the actions before it leave.
  chooseByDigit(index, isLabel) {
    const ids = this.app.selection.ids();
    this.send('choose_or_label', { index, masks: !isLabel && !ids.length, ids: ids.length ? ids : null });
  }

  // The first click of a double click chooses the label; renaming it then takes that back.
  chooseByChip(index) {
    const { current, selection, state } = this.app,
      { name } = state.labels[index],
      before = state.label;
    const chosen = selection.selected.size
      ? state.objects.filter(({ id }) => selection.selected.has(id))
      : [current].filter(Boolean);
    const changes = chosen.some(({ label }) => label !== name) && !chosen.some(({ locked }) => locked);
    this.takeBack = () => {
      this.takeBack = () => {};
      if (changes) this.send('undo');
      if (before !== name) this.send('label', { name: before }); // of the next object
    };
    this.choose(state.labels[index]);
  }

  save() {
    const { labels, attribute_list: attributes } = this.app.state;
    const list = attributes?.length ? { labels, attributes } : labels;
    saveText(JSON.stringify(list, null, 1), 'labels.json');
  }

  show(active) {
    const { labels, label, objects } = this.app.state;
    const current = active ? active.label : label,
      used = new Set(objects.map((object) => object.label));
    this.showCurrent(current, labels, active?.colour);
    if (this.renaming) return; // the chips are shown when the name is written
    const now = JSON.stringify([this.props.label, labels]);
    if (now !== this.shown) this.list(labels);
    this.shown = now;
    for (const { name, chip, remove } of this.chips) {
      chip.setAttribute('aria-pressed', String(name === current));
      remove.hidden = used.has(name);
    }
  }

  list(labels) {
    this.options.replaceChildren(...labels.map(({ name }) => make('option', { value: name })));
    this.chips = labels.map((each, index) => ({
      name: each.name,
      chip: this.chipOf(each, index),
      remove: this.removal(each.name),
    }));
    this.ref('labels').replaceChildren(
      ...this.chips.map(({ chip, remove }) => make('span', {}, chip, remove)),
    );
  }

  // The label of the object in work, or of the next one, is always seen.
  showCurrent(name, labels, colour) {
    this.ref('label-name').textContent = name ?? '';
    const dot = colour ?? labels?.find((each) => each.name === name)?.colour;
    if (dot) this.ref('label-colour').style.background = dot;
    else this.ref('label-colour').removeAttribute('style');
  }

  open() {
    const fold = this.app.root.querySelector('details.labels');
    fold.open = true;
    fold.scrollIntoView({ block: 'nearest' });
    this.newLabel.focus();
  }

  // Take the label that was typed.
  add() {
    if (this.newLabel.value.trim()) this.send('label', { name: this.newLabel.value, active: true });
    this.newLabel.value = '';
  }

  // Write another name in place of a label, on the list and on all objects.
  rename(chip, name) {
    const input = make('input', { type: 'text', maxLength: 60, value: name });
    input.setAttribute('aria-label', `${t('New name of')} ${name}`);
    let ended = false;
    const end = (taken) => {
      if (ended) return;
      ended = true;
      this.renaming = false;
      input.replaceWith(chip);
      const renamed = input.value.trim();
      if (taken && renamed && renamed !== name) this.send('rename_label', { name, new: renamed });
      this.show(this.app.current);
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === 'Escape') end(event.key === 'Enter');
    });
    input.addEventListener('blur', () => end(true));
    this.renaming = true;
    chip.replaceWith(input);
    input.select();
  }

  chipOf({ name, colour }, index) {
    const dot = make('i');
    dot.style.background = colour;
    const key = index < 9 ? `${t('Label')} (${index + 1})` : t('Label'),
      title = `${key} · ${t('double click or F2 renames it')}`;
    const chip = make('button', { type: 'button', title }, dot, make('bdi', {}, name));
    if (index < 9) chip.dataset.key = index + 1;
    chip.addEventListener('click', (event) => {
      if (event.detail < 2) this.chooseByChip(index);
    });
    chip.addEventListener('dblclick', () => {
      this.takeBack();
      this.rename(chip, name);
    });
    chip.addEventListener('keydown', (event) => {
      if (event.key === 'F2') this.rename(chip, name);
    });
    return chip;
  }

  removal(name) {
    const title = t('Remove this label from the list');
    const remove = make('button', { type: 'button', className: 'remove', title }, '✕');
    remove.setAttribute('aria-label', `${title}: ${name}`);
    remove.addEventListener('click', () => this.send('remove_label', { name }));
    return remove;
  }
}

// What a label file holds, as the action's fields: JSON, or one label a line.
export function labelsIn(text) {
  try {
    const list = JSON.parse(text);
    if (Array.isArray(list)) return { labels: list };
    return { labels: list.labels ?? list.classes, attributes: list.attributes };
  } catch {
    return { labels: text.split(/\r?\n/).filter((line) => line.trim()) };
  }
}
