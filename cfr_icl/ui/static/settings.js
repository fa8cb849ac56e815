// The settings of the page: tool, brush, sign of a click, look, theme and model.

import { make } from './dom.js';
import { t } from './language.js';
import { person, tab } from './memory.js';

const LEAST_MAX_BRUSH = 120; // diameter in picture pixels
const MAX_BRUSH = 4000;
const TOOLS = ['click', 'box', 'brush', 'eraser', 'lasso', 'corners'];

const SWITCHES = ['contour', 'markers', 'names', 'keep', 'preview']; // of the look

export const LOOK = { opacity: 0.45, contour: true, markers: true, names: false, keep: false, preview: true };

export class Settings {
  constructor(app) {
    this.app = app;
    this.root = app.root;
    this.ref = app.ref;
    this.view = app.view;
    this.look = app.look;
    this.keepFolds();
    this.showOpenedFolds();
    this.showModels(null);
    this.ref('model').addEventListener('change', () => this.useModel(this.ref('model').value));
    this.ref('brush').addEventListener('input', () => this.showBrush(Number(this.ref('brush').value)));
    this.ref('opacity').addEventListener('input', () => {
      this.look.opacity = this.ref('opacity').value / 100;
      this.showLook();
    });
    for (const name of SWITCHES) {
      this.ref(name).addEventListener('change', () => {
        this.look[name] = this.ref(name).checked;
        this.showLook();
      });
    }
    this.restore();
  }

  // Which sections of the panel are open stays as it was left.
  keepFolds() {
    const open = [person.json('cfr-open', [])].flat();
    for (const fold of this.root.querySelectorAll('[data-fold]')) {
      fold.open = open.includes(fold.dataset.fold);
      fold.addEventListener('toggle', () => {
        const folds = [...this.root.querySelectorAll('[data-fold][open]')];
        person.set('cfr-open', JSON.stringify(folds.map(({ dataset }) => dataset.fold)));
      });
    }
  }

  // A section that a person opens is scrolled into view, as far as there is room for it.
  showOpenedFolds() {
    for (const fold of this.root.querySelectorAll('.panel .fold')) {
      let pressed = false;
      fold.querySelector('summary').addEventListener('click', () => {
        pressed = true;
      });
      fold.addEventListener('toggle', () => {
        if (pressed && fold.open) fold.scrollIntoView({ block: 'nearest' });
        pressed = false;
      });
    }
  }

  // Show the settings of the last visit.
  restore() {
    const dark = person.get('cfr-dark'),
      tool = tab.get('cfr-tool');
    if (dark !== null) this.showTheme(dark === '1');
    this.showLook();
    this.showMode('positive');
    this.showTool(TOOLS.includes(tool) ? tool : 'click');
    this.showBrush(Number(tab.get('cfr-brush')) || 20);
  }

  check(name, chosen) {
    for (const radio of this.root.querySelectorAll(`[role=radio][data-${name}]`)) {
      radio.setAttribute('aria-checked', String(radio.dataset[name] === chosen));
    }
  }

  // A tool stays until another one is chosen; a box drawn `once` leads back to clicks.
  showTool(tool, once = false) {
    this.view.keys.end();
    this.app.oneBox = once;
    this.view.tool = tool;
    this.check('tool', tool);
    this.app.preview.drop();
    this.ref('brush-size').hidden = !this.view.brushing;
    tab.set('cfr-tool', tool);
    this.view.showCursor();
    this.view.draw();
  }

  showBrush(diameter) {
    const half = Math.round(Math.max(this.view.width, this.view.height) / 2);
    this.ref('brush').max = Math.min(MAX_BRUSH, Math.max(LEAST_MAX_BRUSH, half));
    this.view.brush = Math.min(this.ref('brush').max, Math.max(1, Math.round(diameter)));
    this.ref('brush').value = this.view.brush;
    this.ref('brush-value').textContent = `${this.view.brush} px`;
    tab.set('cfr-brush', String(this.view.brush));
    this.view.draw();
  }

  showMode(mode) {
    this.app.mode = mode;
    this.root.dataset.mode = mode;
    this.app.preview.drop();
    this.check('mode', mode);
    this.view.showCursor();
  }

  hideMasks(hidden) {
    this.view.hidden = hidden;
    this.ref('hidden-note').hidden = !hidden;
    this.view.draw();
  }

  showTheme(dark) {
    document.body.classList.toggle('dark', dark);
    person.set('cfr-dark', dark ? '1' : '0');
  }

  showLook() {
    this.ref('opacity').value = Math.round(this.look.opacity * 100);
    this.ref('opacity-value').textContent = `${Math.round(this.look.opacity * 100)} %`;
    for (const name of SWITCHES) this.ref(name).checked = this.look[name];
    this.app.preview.drop();
    person.set('cfr-look', JSON.stringify(this.look));
    this.view.draw();
  }

  // `learnt` is the name of the model that learnt from the folder, null without one.
  showModels(learnt) {
    const chosen = this.ref('model').value,
      names = [...this.app.props.models, ...(learnt ? [learnt] : [])];
    this.ref('model-row').hidden = names.length < 2;
    this.ref('model').replaceChildren(
      ...names.map((name) =>
        make('option', { value: name, textContent: name === learnt ? t('learnt from this folder') : name }),
      ),
    );
    if (names.includes(chosen)) this.ref('model').value = chosen;
  }

  // Switch to a model of the menu; the next page of this browser begins with it too.
  useModel(name) {
    this.ref('model').value = name;
    person.set('cfr-model', name);
    this.app.send('model', { name });
    if (this.app.picture) this.app.send('prepare');
  }

  // A page that is new to the server begins with the model that was chosen last, where the menu has it.
  useModelOfBefore() {
    const name = person.get('cfr-model'),
      listed = [...this.ref('model').options].some(({ value }) => value === name);
    if (listed && this.ref('model').value !== name) this.useModel(name);
  }

  // The model that the server uses for this page.
  showModel(name) {
    if (this.ref('model').value === name) return;
    this.ref('model').value = name;
    this.app.learning.show();
  }
}
