// The settings of the page: tool, brush, sign of a click, look, theme and model.

import { make } from './dom.js';
import { t } from './language.js';
import { person, tab } from './memory.js';

const LEAST_MAX_BRUSH = 120; // diameter in picture pixels
const MAX_BRUSH = 4000;
const TOOLS = ['click', 'box', 'brush', 'eraser', 'lasso', 'corners'];

export const LOOK = { opacity: 0.45, contour: true, markers: true, names: false, keep: false, preview: true };

export function setUpSettings(app) {
  const { root, ref, view, look } = app;
  const check = (name, chosen) => {
    for (const radio of root.querySelectorAll(`[role=radio][data-${name}]`)) {
      radio.setAttribute('aria-checked', String(radio.dataset[name] === chosen));
    }
  };

  // A tool stays until another one is chosen; a box drawn `once` leads back to clicks.
  app.showTool = (tool, once = false) => {
    view.keys.end();
    app.oneBox = once;
    view.tool = tool;
    check('tool', tool);
    app.dropPreview();
    ref('brush-size').hidden = !view.brushing;
    tab.set('cfr-tool', tool);
    view.showCursor();
    view.draw();
  };

  app.showBrush = (diameter) => {
    const half = Math.round(Math.max(view.width, view.height) / 2);
    ref('brush').max = Math.min(MAX_BRUSH, Math.max(LEAST_MAX_BRUSH, half));
    view.brush = Math.min(ref('brush').max, Math.max(1, Math.round(diameter)));
    ref('brush').value = view.brush;
    ref('brush-value').textContent = `${view.brush} px`;
    tab.set('cfr-brush', String(view.brush));
    view.draw();
  };

  app.showMode = (mode) => {
    app.mode = mode;
    root.dataset.mode = mode;
    app.dropPreview();
    check('mode', mode);
    view.showCursor();
  };

  app.hideMasks = (hidden) => {
    view.hidden = hidden;
    ref('hidden-note').hidden = !hidden;
    view.draw();
  };

  app.showTheme = (dark) => {
    document.body.classList.toggle('dark', dark);
    person.set('cfr-dark', dark ? '1' : '0');
  };

  const showLook = () => {
    ref('opacity').value = Math.round(look.opacity * 100);
    ref('opacity-value').textContent = `${Math.round(look.opacity * 100)} %`;
    ref('contour').checked = look.contour;
    ref('markers').checked = look.markers;
    ref('names').checked = look.names;
    ref('keep').checked = look.keep;
    ref('preview').checked = look.preview;
    app.dropPreview();
    person.set('cfr-look', JSON.stringify(look));
    view.draw();
  };

  // `learnt` is the name of the model that learnt from the folder, null without one.
  app.showModels = (learnt) => {
    const chosen = ref('model').value,
      names = [...app.props.models, ...(learnt ? [learnt] : [])];
    ref('model-row').hidden = names.length < 2;
    ref('model').replaceChildren(
      ...names.map((name) =>
        make('option', { value: name, textContent: name === learnt ? t('learnt from this folder') : name }),
      ),
    );
    if (names.includes(chosen)) ref('model').value = chosen;
  };
  app.showModels(null);
  // The model that the server uses for this page.
  app.showModel = (name) => {
    if (ref('model').value === name) return;
    ref('model').value = name;
    app.showLearning();
  };
  ref('model').addEventListener('change', () => {
    app.send('model', { name: ref('model').value });
    if (app.picture) app.send('prepare');
  });
  ref('brush').addEventListener('input', () => app.showBrush(Number(ref('brush').value)));
  ref('opacity').addEventListener('input', () => {
    look.opacity = ref('opacity').value / 100;
    showLook();
  });
  for (const name of ['contour', 'markers', 'names', 'keep', 'preview']) {
    ref(name).addEventListener('change', () => {
      look[name] = ref(name).checked;
      showLook();
    });
  }

  // Which sections of the panel are open stays as it was left.
  const open = [person.json('cfr-open', [])].flat();
  for (const fold of root.querySelectorAll('[data-fold]')) {
    fold.open = open.includes(fold.dataset.fold);
    fold.addEventListener('toggle', () => {
      const folds = [...root.querySelectorAll('[data-fold][open]')];
      person.set('cfr-open', JSON.stringify(folds.map(({ dataset }) => dataset.fold)));
    });
  }

  const dark = person.get('cfr-dark'),
    tool = tab.get('cfr-tool');
  if (dark !== null) app.showTheme(dark === '1');
  showLook();
  app.showMode('positive');
  app.showTool(TOOLS.includes(tool) ? tool : 'click');
  app.showBrush(Number(tab.get('cfr-brush')) || 20);
}
