// The list of labels, and the labels of the keys 1 to 9.

import { make, saveText } from './dom.js';
import { t } from './language.js';

export function setUpLabels(app) {
  const { ref, props, send } = app;
  const options = make('datalist', { id: 'cfr-labels' });
  app.root.append(options);
  let shown = null;

  app.chooseLabel = (index) => {
    const label = app.state.labels?.[index];
    if (label && app.selected.size) app.changeSelected('label_objects', { name: label.name });
    else if (label) send('label', { name: label.name, active: true });
  };

  app.saveLabels = () => {
    const { labels, attribute_list: attributes } = app.state;
    const list = attributes?.length ? { labels, attributes } : labels;
    saveText(JSON.stringify(list, null, 1), 'labels.json');
  };

  app.showLabels = (active) => {
    const { labels, label, objects } = app.state;
    const current = active ? active.label : label,
      used = new Set(objects.map((object) => object.label));
    const now = JSON.stringify([props.label, current, labels, [...used]]);
    showCurrent(current, labels, active?.colour);
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

  // The label of the object in work, or of the next one, is always seen.
  function showCurrent(name, labels, colour) {
    ref('label-name').textContent = name ?? '';
    const dot = colour ?? labels?.find((each) => each.name === name)?.colour;
    if (dot) ref('label-colour').style.background = dot;
    else ref('label-colour').removeAttribute('style');
  }

  app.openLabels = () => {
    const fold = app.root.querySelector('details.labels');
    fold.open = true;
    fold.scrollIntoView({ block: 'nearest' });
    ref('new-label').querySelector('input').focus();
  };

  // Write another name in place of a label, on the list and on all objects.
  function rename(chip, name) {
    const input = make('input', { type: 'text', maxLength: 60, value: name });
    input.setAttribute('aria-label', `${t('New name of')} ${name}`);
    let ended = false;
    const end = (taken) => {
      if (ended) return;
      ended = true;
      input.replaceWith(chip);
      const renamed = input.value.trim();
      if (taken && renamed && renamed !== name) send('rename_label', { name, new: renamed });
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === 'Escape') end(event.key === 'Enter');
    });
    input.addEventListener('blur', () => end(true));
    chip.replaceWith(input);
    input.select();
  }

  function chipOf({ name, colour }, index, pressed) {
    const dot = make('i');
    dot.style.background = colour;
    const key = index < 9 ? `${t('Label')} (${index + 1})` : t('Label'),
      title = `${key} · ${t('double click or F2 renames it')}`;
    const chip = make('button', { type: 'button', title }, dot, make('bdi', {}, name));
    if (index < 9) chip.dataset.key = index + 1;
    chip.setAttribute('aria-pressed', String(pressed));
    chip.addEventListener('click', () => app.chooseLabel(index));
    chip.addEventListener('dblclick', () => rename(chip, name));
    chip.addEventListener('keydown', (event) => {
      if (event.key === 'F2') rename(chip, name);
    });
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
    send('labels', labelsIn(text));
  });
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
