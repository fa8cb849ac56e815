// The list of labels, and what each key from 1 to 9 gives.

let labelsShown = null;

function showLabels(active) {
  const current = active ? active.label : state.label;
  const used = new Set(state.objects.map((object) => object.label));
  const shown = JSON.stringify([props.label, current, state.labels, [...used]]);
  if (shown === labelsShown) return;
  labelsShown = shown;
  document.getElementById('cfr-labels').replaceChildren(...state.labels.map(({ name }) => make('option', { value: name })));
  ref('labels').replaceChildren(...state.labels.map(({ name, colour }, index) => {
    const dot = make('i');
    dot.style.background = colour;
    const chip = make('button', { type: 'button', title: index < 9 ? `${t('Label')} (${index + 1})` : t('Label') }, dot, name);
    chip.setAttribute('aria-pressed', String(name === current));
    chip.addEventListener('click', () => chooseLabel(index));
    if (used.has(name)) return chip;
    const remove = make('button', { type: 'button', className: 'remove', title: t('Remove this label from the list') }, '✕');
    remove.setAttribute('aria-label', `${remove.title}: ${name}`);
    remove.addEventListener('click', () => channel.send('remove_label', { name }));
    return make('span', {}, chip, remove);
  }));
}

function chooseLabel(index) {
  const label = state.labels[index];
  if (label) channel.send('label', { name: label.name, active: true });
}

ref('new-label').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = event.target.querySelector('input');
  if (input.value.trim()) channel.send('label', { name: input.value, active: true });
  input.value = '';
});
ref('labels-file').addEventListener('change', async (event) => {
  const text = await event.target.files[0].text();
  event.target.value = '';
  let labels;
  try { labels = JSON.parse(text); } catch { labels = text.split(/\r?\n/).filter((line) => line.trim()); }
  channel.send('labels', { labels });
});
