// The list of labels, and what each key from 1 to 9 gives.

import { make, saveText } from './dom.js';
import { t } from './language.js';

export function setUpLabels(app) {
  const { ref, props, send } = app;
  const options = make('datalist', { id: 'cfr-labels' });
  app.root.append(options);
  let shown = null;

  app.chooseLabel = (index) => {
    const label = app.state.labels?.[index];
    if (label) send('label', { name: label.name, active: true });
  };

  app.saveLabels = () => saveText(JSON.stringify(app.state.labels, null, 1), 'labels.json');

  app.showLabels = (active) => {
    const { labels, label, objects } = app.state;
    const current = active ? active.label : label,
      used = new Set(objects.map((object) => object.label));
    const now = JSON.stringify([props.label, current, labels, [...used]]);
    if (now === shown) return;
    shown = now;
    options.replaceChildren(...labels.map(({ name }) => make('option', { value: name })));
    ref('labels').replaceChildren(
      ...labels.map((each, index) => {
        const chip = chipOf(each, index, each.name === current);
        return used.has(each.name) ? chip : make('span', {}, chip, removal(each.name));
      }),
    );
  };

  function chipOf({ name, colour }, index, pressed) {
    const dot = make('i');
    dot.style.background = colour;
    const title = index < 9 ? `${t('Label')} (${index + 1})` : t('Label');
    const chip = make('button', { type: 'button', title }, dot, name);
    chip.setAttribute('aria-pressed', String(pressed));
    chip.addEventListener('click', () => app.chooseLabel(index));
    return chip;
  }

  function removal(name) {
    const title = t('Remove this label from the list');
    const remove = make('button', { type: 'button', className: 'remove', title }, '✕');
    remove.setAttribute('aria-label', `${title}: ${name}`);
    remove.addEventListener('click', () => send('remove_label', { name }));
    return remove;
  }

  ref('new-label').addEventListener('submit', (event) => {
    event.preventDefault();
    const input = event.target.querySelector('input');
    if (input.value.trim()) send('label', { name: input.value, active: true });
    input.value = '';
  });

  ref('labels-file').addEventListener('change', async (event) => {
    const text = await event.target.files[0].text();
    event.target.value = '';
    send('labels', { labels: labelsIn(text) });
  });
}

// What a label file holds: JSON, or one label a line.
export function labelsIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text.split(/\r?\n/).filter((line) => line.trim());
  }
}
