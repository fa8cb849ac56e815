import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Element, elements, silent } from './elements.js';

elements(); // whose storage the module asks for
const { LOOK, Settings } = await import('../../cfr_icl/ui/static/settings.js');
const { person, tab } = await import('../../cfr_icl/ui/static/memory.js');

// A page with the buttons of two tools and of both signs, a section of the panel, and these models.
function page(models = ['embedded']) {
  const { document, ref } = elements();
  const root = new Element(),
    body = new Element('BODY'),
    classes = new Set(),
    sent = [];
  body.classList = { toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)) };
  document.body = body;
  const radio = (kind, value) => {
    const button = new Element('BUTTON');
    button.setAttribute('role', 'radio');
    button.dataset[kind] = value;
    root.append(button);
  };
  for (const tool of ['click', 'brush']) radio('tool', tool);
  for (const mode of ['positive', 'negative']) radio('mode', mode);
  const fold = new Element('DETAILS'),
    panel = new Element();
  fold.className = 'fold';
  fold.dataset.fold = 'look';
  fold.append(new Element('SUMMARY'));
  panel.className = 'panel';
  panel.append(fold);
  root.append(panel);
  // A browser adds the choices of a menu to its `options`, and has one chosen.
  Object.defineProperty(ref('model'), 'options', { get: () => ref('model').children });
  const app = {
    ref,
    root,
    look: { ...LOOK, ...person.json('cfr-look', {}) },
    preview: silent,
    learning: silent,
    props: { models },
    send: (kind, data) => sent.push([kind, data]),
    picture: null,
    view: { width: 600, height: 400, keys: silent, showCursor() {}, draw() {} },
  };
  Object.defineProperty(app.view, 'brushing', { get: () => app.view.tool === 'brush' });
  const settings = new Settings(app);
  const checked = (kind) =>
    root
      .querySelectorAll(`[role=radio][data-${kind}]`)
      .filter((each) => each.getAttribute('aria-checked') === 'true')
      .map(({ dataset }) => dataset[kind]);
  return { app, checked, classes, fold, ref, sent, settings };
}

beforeEach(() => {
  for (const name of ['cfr-look', 'cfr-open', 'cfr-dark', 'cfr-model']) person.set(name, null);
  for (const name of ['cfr-tool', 'cfr-brush']) tab.set(name, null);
});

test('the chosen tool is marked, and the size of a brush is offered with a brush alone', () => {
  const { app, checked, ref, settings } = page();
  assert.deepEqual(checked('tool'), ['click']);
  assert.equal(ref('brush-size').hidden, true);
  settings.showTool('brush');
  assert.deepEqual(checked('tool'), ['brush']);
  assert.equal(ref('brush-size').hidden, false);
  settings.showMode('negative');
  assert.deepEqual([app.mode, ...checked('mode')], ['negative', 'negative']);
});

test('tool, brush, look, theme and open sections are as they were left', () => {
  const { ref, fold, settings } = page();
  settings.showTool('brush');
  ref('brush').value = '33';
  ref('brush').fire('input');
  ref('opacity').value = '80';
  ref('opacity').fire('input');
  ref('contour').checked = false;
  ref('contour').fire('change');
  settings.showTheme(true);
  fold.open = true;
  fold.fire('toggle');
  const next = page();
  assert.deepEqual(next.checked('tool'), ['brush']);
  assert.equal(next.ref('brush-value').textContent, '33 px');
  assert.equal(next.ref('opacity-value').textContent, '80 %');
  assert.equal(next.ref('contour').checked, false);
  assert.equal(next.app.look.markers, true);
  assert.equal(next.classes.has('dark'), true);
  assert.equal(next.fold.open, true);
});

test('a section that a person opens is scrolled into view, one that was left open is not', () => {
  const { fold } = page();
  let scrolled = 0;
  fold.scrollIntoView = () => {
    scrolled += 1;
  };
  fold.open = true;
  fold.fire('toggle');
  assert.equal(scrolled, 0);
  const press = (open) => {
    fold.children[0].click();
    fold.open = open;
    fold.fire('toggle');
  };
  press(false);
  assert.equal(scrolled, 0);
  press(true);
  assert.equal(scrolled, 1);
});

test('while masks are hidden the page says so', () => {
  const { ref, settings } = page();
  settings.hideMasks(true);
  assert.equal(ref('hidden-note').hidden, false);
  settings.hideMasks(false);
  assert.equal(ref('hidden-note').hidden, true);
});

test('a tool that is not known, of another version, is the click', () => {
  tab.set('cfr-tool', 'magic wand');
  assert.deepEqual(page().checked('tool'), ['click']);
});

test('a brush is as large as half of the picture at most', () => {
  const { app, ref, settings } = page();
  settings.showBrush(5000);
  assert.equal(ref('brush-value').textContent, '300 px');
  settings.showBrush(0);
  assert.equal(app.view.brush, 1);
  Object.assign(app.view, { width: 60, height: 40 });
  settings.showBrush(5000);
  assert.equal(app.view.brush, 120);
});

test('a menu is shown for several models, with the one that learnt by what it is', () => {
  const { ref, settings } = page();
  assert.equal(ref('model-row').hidden, true);
  settings.showModels('learnt-1');
  assert.equal(ref('model-row').hidden, false);
  assert.equal(ref('model').text, 'embeddedlearnt from this folder');
  ref('model').value = 'learnt-1';
  settings.showModels('learnt-1');
  assert.equal(ref('model').value, 'learnt-1');
});

test('the model that a person chose is used, at the next visit too, where the menu has it', () => {
  const { app, ref, sent } = page(['embedded', 'vit_b']);
  app.picture = { name: 'cat.png' };
  ref('model').value = 'vit_b';
  ref('model').fire('change');
  assert.deepEqual(sent, [
    ['model', { name: 'vit_b' }],
    ['prepare', undefined],
  ]);
  const next = page(['embedded', 'vit_b']);
  next.settings.useModelOfBefore();
  assert.deepEqual(next.sent, [['model', { name: 'vit_b' }]]);
  const other = page(['embedded', 'vit_h']);
  other.settings.useModelOfBefore();
  assert.deepEqual(other.sent, []);
  other.settings.showModel('vit_h'); // as the server says
  assert.equal(other.ref('model').value, 'vit_h');
});
