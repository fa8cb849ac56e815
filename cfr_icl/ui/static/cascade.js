// The switches of CFR, made from the list of its fields that the server sends (ui/canvas.py).
// A field is { name, kind: 'bool' | 'int' | 'float', optional, help, least, most, value, published,
// coordinates_only }; rows that act only on models that take coordinates are hidden for others.

import { make } from './dom.js';

// Names of fields, and a text where that of the field does not suit its switch.
const WORDS = {
  steps: ['CFR steps'],
  adaptive: ['Stop early'],
  cf_clicks: ['Refine at every click', 'Off: only the first click of an object is refined, as published'],
  best_pass: ['Keep the best pass'],
  close_ups: ['Close-ups'],
  mirror_refinements: ['Mirror image in every pass'],
  remove_specks: ['Remove specks'],
  pseudo_clicks: ['Inner click'],
  pseudo_boxes: ['Box around the mask'],
};
const STOPS = { settled: 'at 2 % of the mask', published: 'at 20 pixels, as published', never: 'never' };
const OF_STOPS = new Set(['min_change_pixels', 'min_change_ratio']); // chosen together with `adaptive`

export class CascadeSettings {
  constructor(app) {
    this.app = app;
    this.fields = new Map(this.app.props.cfr_fields.map((field) => [field.name, field]));
    const shown = [...this.fields.values()].filter(({ name }) => !OF_STOPS.has(name));
    this.rows = shown.map((field) => ({ field, ...this.rowOf(field) }));
    for (const { field, node } of this.rows)
      this.app.ref(field.name === 'steps' ? 'steps' : 'cascade').append(node);
  }

  change(values) {
    this.app.send('cascade', { cfr: values });
  }

  show(cfr) {
    if (this.app.channel.awaits('cascade')) return; // the person has moved on from the settings in this reply
    for (const { field, node, show } of this.rows) {
      node.hidden = field.coordinates_only && !this.app.takesCoordinates;
      show(cfr);
    }
  }

  rowOf(field) {
    if (field.name === 'adaptive' && this.fields.has('min_change_ratio')) return this.stopRow(field);
    if (field.kind === 'bool') {
      return this.switchRow(
        field,
        (value) => value,
        (checked) => checked,
      );
    }
    if (field.optional) {
      // on: without this limit
      return this.switchRow(
        field,
        (value) => value === null,
        (checked) => (checked ? null : field.published),
      );
    }
    return field.kind === 'int' && field.most <= 20 ? this.sliderRow(field) : this.numberRow(field);
  }

  switchRow(field, isOn, valueFor) {
    const [label, title] = textsOf(field);
    const input = make('input', { type: 'checkbox' });
    input.setAttribute('role', 'switch');
    input.setAttribute('aria-label', label);
    input.addEventListener('change', () => this.change({ [field.name]: valueFor(input.checked) }));
    const node = make('label', { className: 'switch', title }, input, make('span', {}, label));
    return {
      node,
      show: (cfr) => {
        input.checked = isOn(cfr[field.name]);
      },
    };
  }

  sliderRow(field) {
    const [label, title] = textsOf(field);
    const { least, most, value } = field;
    const input = make('input', { type: 'range', min: least, max: most, step: 1, value });
    const output = make('output', {}, String(value));
    output.translate = false;
    input.setAttribute('aria-label', label);
    input.addEventListener('input', () => {
      output.textContent = input.value;
    });
    input.addEventListener('change', () => this.change({ [field.name]: Number(input.value) }));
    const node = make('label', { className: 'slider', title }, make('span', {}, label), output, input);
    return {
      node,
      show: (cfr) => {
        input.value = output.textContent = String(cfr[field.name]);
      },
    };
  }

  numberRow(field) {
    const [label, title] = textsOf(field);
    const step = field.kind === 'int' ? 1 : 'any';
    const input = make('input', { type: 'number', min: field.least, max: field.most, step });
    input.setAttribute('aria-label', label);
    input.addEventListener('change', () => {
      if (input.value !== '' && input.checkValidity()) this.change({ [field.name]: Number(input.value) });
      else input.value = this.app.state.cfr[field.name];
    });
    const node = make('label', { className: 'row number', title }, make('span', {}, label), input);
    return {
      node,
      show: (cfr) => {
        input.value = cfr[field.name];
      },
    };
  }

  stopRow(field) {
    const [label, title] = textsOf(field),
      ratio = this.fields.get('min_change_ratio');
    const options = Object.entries(STOPS).map(([value, text]) =>
      make('option', { value, textContent: text }),
    );
    const select = make('select', {}, ...options);
    select.setAttribute('aria-label', label);
    select.addEventListener('change', () =>
      this.change({
        adaptive: select.value !== 'never',
        min_change_ratio: select.value === 'settled' ? ratio.value : ratio.published,
      }),
    );
    const node = make('label', { className: 'row', title }, make('span', {}, label), select);
    return {
      node,
      show: (cfr) => {
        select.value = stopOf(cfr);
      },
    };
  }
}

// When refining ends, as a key of STOPS.
export function stopOf({ adaptive, min_change_ratio }) {
  if (!adaptive) return 'never';
  return min_change_ratio ? 'settled' : 'published';
}

// Name and explanation in English, which are translated with the rest of the page.
export function textsOf({ name, help }) {
  const [label = capitalised(name.replaceAll('_', ' ')), title = capitalised(help)] = WORDS[name] ?? [];
  return [label, title];
}

function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1);
}
