// Attributes of the objects in work or selected, and of the picture.

import { make } from './dom.js';
import { t } from './language.js';

const USUAL = ['occluded', 'truncated', 'crowd'];
const SPOKEN = { occluded: () => t('occluded'), truncated: () => t('truncated'), crowd: () => t('crowd') };

// The definitions to show for values, those that a list defines first: { name, kind, choices }.
export function definitionsFor(defined, usual, values) {
  const definitions = new Map(usual.map((name) => [name, { name, kind: 'yes_no' }]));
  for (const definition of defined) definitions.set(definition.name, definition);
  const kinds = { boolean: 'yes_no', number: 'number', string: 'text' };
  for (const [name, value] of Object.entries(values)) {
    if (!definitions.has(name)) definitions.set(name, { name, kind: kinds[typeof value] });
  }
  return [...definitions.values()];
}

export class Attributes {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.send = app.send;
    this.shown = {}; // what each group shows
  }

  // Called whenever something changed. While newer values are under way, or are being written, those stay.
  show() {
    if (this.app.channel.awaits('attribute')) return;
    const { state } = this.app,
      list = state.attribute_list ?? [],
      objects = state.objects.filter(({ id, current }) =>
        this.app.selection.selected.size ? this.app.selection.selected.has(id) : current,
      ),
      first = objects[0];
    const title =
      objects.length > 1 ? this.ref('selection-count').textContent : `${t('Object')} ${first?.id}`;
    const of = (owner) =>
      list.filter((definition) => (definition.of === 'picture') === (owner === 'picture'));
    this.ref('attributes-note').hidden = Boolean(first);
    const values = first?.attributes ?? {},
      locked = objects.some((object) => object.locked),
      ids = objects.map(({ id }) => id);
    this.showGroup(
      'object',
      first ? definitionsFor(of('object'), USUAL, values) : [],
      values,
      title,
      ids,
      locked,
    );
    const picture = state.attributes ?? {},
      listed = this.app.picture ? definitionsFor(of('picture'), [], picture) : [];
    this.showGroup('picture', listed, picture, t('Picture'), null, false);
  }

  open() {
    const fold = this.app.root.querySelector('details.attributes');
    fold.open = true;
    fold.scrollIntoView({ block: 'nearest' });
    fold.querySelector('.values :is(input, select)')?.focus();
  }

  showGroup(owner, definitions, values, title, ids, locked) {
    const now = JSON.stringify([this.app.props.label, definitions, values, title, ids, locked]);
    const group = this.ref(`${owner}-attributes`),
      written = group.querySelector('input:is([type=text], [type=number]):focus');
    if (now === this.shown[owner] || (written && written.value !== written.defaultValue)) return;
    this.shown[owner] = now;
    const focused = group.contains(document.activeElement) ? document.activeElement.name : null;
    group.hidden = !definitions.length;
    group.replaceChildren(
      make('legend', {}, title),
      ...definitions.map((definition) => this.field(definition, values[definition.name], ids, locked)),
    );
    if (focused !== null) group.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
  }

  field(definition, value, ids, locked) {
    const { name, kind } = definition,
      input = make(kind === 'choice' ? 'select' : 'input', { name, disabled: locked });
    const spoken = SPOKEN[name]?.() ?? name;
    input.setAttribute('aria-label', spoken);
    const set = (given) => this.send('attribute', { name, value: given, ids });
    if (kind === 'yes_no') {
      Object.assign(input, { type: 'checkbox', checked: value === true });
      input.addEventListener('change', () => set(input.checked || null));
      return make('label', { className: 'check' }, input, make('span', {}, spoken));
    }
    if (kind === 'choice') {
      input.append(...['', ...definition.choices].map((text) => make('option', { value: text }, text)));
      input.addEventListener('change', () => set(input.value || null));
    } else {
      Object.assign(input, { type: kind === 'number' ? 'number' : 'text', maxLength: 500, step: 'any' });
      const given = () => (kind === 'number' ? input.valueAsNumber : input.value.trim());
      input.addEventListener('change', () => set(Number.isNaN(given()) || given() === '' ? null : given()));
      input.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') input.blur();
      });
      input.addEventListener('blur', () => setTimeout(() => this.show())); // when the focus is at its place
    }
    if (kind === 'choice') input.value = value ?? '';
    else input.defaultValue = value ?? '';
    return make('label', { className: 'row' }, make('span', {}, spoken), input);
  }
}
