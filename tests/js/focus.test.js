import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { endWriting, focusPicture, returnFocus } from '../../cfr_icl/ui/static/focus.js';
import { Element, elements } from './elements.js';

// A page with a picture and a panel; `use` fires events at a control and at all that it lies in.
function page() {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { document, ref } = elements();
  const root = new Element(),
    panel = new Element();
  panel.className = 'panel';
  root.append(ref('canvas'), panel);
  const app = { root, ref, picture: { name: 'cat.png' } };
  returnFocus(app);
  const use = (target, kind, event = {}) => {
    for (const each of [document, root]) each.fire(kind, { target, detail: 1, ...event });
    mock.timers.runAll();
  };
  const click = (control) => {
    control.focus();
    use(control, 'pointerdown');
    use(control, 'click');
  };
  // A control of the panel, in something of a class where one is given.
  const control = (tag, properties = {}, className = '') => {
    const made = Object.assign(new Element(tag), properties),
      around = Object.assign(new Element(), { className });
    around.append(made);
    panel.append(around);
    return made;
  };
  return { app, click, control, panel, ref, use };
}

const focused = () => document.activeElement;

afterEach(() => mock.timers.reset());

test('after a click on a control the keys belong to the picture', () => {
  const { click, control, ref, use } = page();
  click(control('BUTTON'));
  assert.equal(focused(), ref('canvas'));
  const menu = control('SELECT');
  click(menu);
  assert.equal(focused(), menu); // it is open
  use(menu, 'change');
  assert.equal(focused(), ref('canvas'));
  const slider = control('INPUT', { type: 'range' });
  slider.focus();
  use(slider, 'pointerup');
  assert.equal(focused(), ref('canvas'));
});

test('with the keyboard alone the focus stays', () => {
  const { click, control, use } = page();
  click(control('BUTTON'));
  const button = control('BUTTON');
  button.focus();
  use(button, 'keydown', { key: 'Enter' });
  use(button, 'click', { detail: 0 });
  assert.equal(focused(), button);
});

test('a field that is clicked into, a dialog, and a page without a picture keep the focus', () => {
  const { app, click, control, panel } = page();
  const field = control('INPUT', { type: 'text' });
  click(field);
  assert.equal(focused(), field);
  const dialog = Object.assign(new Element('DIALOG'), { open: true }),
    button = new Element('BUTTON');
  dialog.append(button);
  panel.append(dialog);
  click(button);
  assert.equal(focused(), button);
  dialog.open = false;
  app.picture = null;
  const other = control('BUTTON');
  click(other);
  assert.equal(focused(), other);
});

test('Enter in a field is no sign of the keyboard alone: a control that it uses gives the focus back', () => {
  const { click, control, ref, use } = page();
  const field = control('INPUT', { type: 'text' });
  click(field);
  use(field, 'keydown', { key: 'Enter' });
  const button = control('BUTTON');
  button.focus();
  use(button, 'click');
  assert.equal(focused(), ref('canvas'));
  use(button, 'keydown', { key: 'Tab' });
  const menu = control('SELECT');
  menu.focus();
  use(menu, 'change');
  assert.equal(focused(), menu);
});

test('Enter ends a field; in that of a new label only an empty one, so that several can be typed', () => {
  const { control, ref, use } = page();
  const name = control('INPUT', { type: 'text' });
  name.focus();
  use(name, 'keydown', { key: 'Enter' });
  assert.equal(focused(), ref('canvas'));
  const label = control('INPUT', { type: 'text', form: ref('new-label'), value: 'cat' });
  label.focus();
  use(label, 'keydown', { key: 'Enter' });
  assert.equal(focused(), label);
  label.value = '';
  use(label, 'keydown', { key: 'Enter' });
  assert.equal(focused(), ref('canvas'));
});

test('what is written about a picture is sent before another comes; a search goes on', () => {
  const { app, control, ref } = page();
  const written = [],
    line = control('INPUT', { type: 'text', value: 'red cup' }, 'objects');
  line.addEventListener('change', ({ target }) => written.push(target.value));
  line.focus();
  endWriting(app);
  focusPicture(app);
  assert.deepEqual(written, ['red cup']);
  assert.equal(focused(), ref('canvas'));
  const search = control('INPUT', { type: 'text' });
  search.focus();
  endWriting(app);
  focusPicture(app);
  assert.equal(focused(), search);
});
