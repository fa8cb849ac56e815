// What is chosen on the page: tool, brush, mode, look, theme, model and refinement.

function showTool(next) {
  view.tool = next;
  for (const radio of root.querySelectorAll('[role=radio][data-tool]'))
    radio.setAttribute('aria-checked', String(radio.dataset.tool === next));
  ref('brush-size').hidden = !view.brushing;
  view.showCursor();
  view.draw();
}

function showBrush(diameter) {
  view.brush = Math.min(120, Math.max(1, Math.round(diameter)));
  ref('brush').value = view.brush;
  ref('brush-value').textContent = `${view.brush} px`;
  view.draw();
}

function showMode(next) {
  mode = next;
  root.dataset.mode = next;
  for (const radio of root.querySelectorAll('[role=radio][data-mode]'))
    radio.setAttribute('aria-checked', String(radio.dataset.mode === next));
  view.showCursor();
}

function showLook() {
  ref('opacity').value = Math.round(look.opacity * 100);
  ref('opacity-value').textContent = `${Math.round(look.opacity * 100)} %`;
  ref('contour').checked = look.contour;
  ref('markers').checked = look.markers;
  localStorage.setItem('cfr-look', JSON.stringify(look));
  view.draw();
}

function showTheme(dark) {
  document.body.classList.toggle('dark', dark);
  localStorage.setItem('cfr-dark', dark ? '1' : '0');
}

ref('model-row').hidden = props.models.length < 2;
ref('model').append(...props.models.map((name) => make('option', { value: name, textContent: name })));
ref('model').addEventListener('change', () => channel.send('model', { name: ref('model').value }));

const sendCascade = () => channel.send('cascade', {
  steps: Number(ref('steps').value), adaptive: ref('stop').value !== 'never', min_change_ratio: ref('stop').value === 'settled' ? props.min_change_ratio : 0,
  cf_clicks: ref('every-click').checked ? null : 1, best_pass: ref('best-pass').checked, close_ups: ref('close-up').checked,
});
ref('steps').addEventListener('input', () => { ref('steps-value').textContent = ref('steps').value; });
for (const name of ['steps', 'stop', 'every-click', 'best-pass', 'close-up']) ref(name).addEventListener('change', sendCascade);
ref('opacity').addEventListener('input', () => { look.opacity = ref('opacity').value / 100; showLook(); });
for (const name of ['contour', 'markers']) ref(name).addEventListener('change', () => { look[name] = ref(name).checked; showLook(); });

for (const input of root.querySelectorAll('[data-edit]'))
  input.addEventListener('change', () => channel.send('edit', { id: state.active, [input.dataset.edit]: input.checked }));
ref('brush').addEventListener('input', () => showBrush(Number(ref('brush').value)));
