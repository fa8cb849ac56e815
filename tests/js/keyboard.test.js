import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenToKeys } from '../../cfr_icl/ui/static/keyboard.js';
import { Element, elements } from './elements.js';

// A page on which keys are pressed: at an element, usually the picture; `ran` are the commands that run.
function page() {
  const { document, window, ref } = elements();
  const ran = [];
  document.body = new Element('BODY');
  const outside = new Element('INPUT');
  const app = {
    ref,
    root: { querySelector: () => app.dialog, contains: (target) => target !== outside },
    dialog: null,
    ownKeys: { keys: {} },
    commands: { run: (name) => ran.push(name) },
    labels: { chooseByDigit: (index, shift) => ran.push(`label ${index}${shift ? ' shift' : ''}`) },
    view: { spaceHeld: false, spaceUsed: false, showCursor() {}, releaseAll: () => ran.push('released') },
    preview: { drop: () => ran.push('preview dropped') },
  };
  listenToKeys(app);
  const press = (key, event = {}) => {
    let prevented = false;
    const pressed = {
      key,
      code: key === ' ' ? 'Space' : /^[a-z]$/.test(key) ? `Key${key.toUpperCase()}` : key,
      target: ref('canvas'),
      preventDefault: () => {
        prevented = true;
      },
      getModifierState: () => false,
      ...event,
    };
    document.fire('keydown', pressed);
    return prevented;
  };
  const release = (key) => document.fire('keyup', { key, code: key === ' ' ? 'Space' : key });
  return { app, outside, press, ran, release, window };
}

const field = (value) => Object.assign(new Element('INPUT'), { type: 'text', value });

test('a key runs its command, and what it does in the browser is left out', () => {
  const { press, ran } = page();
  assert.equal(press('b'), true);
  assert.equal(press('F5'), false);
  assert.deepEqual(ran, ['tool-brush']);
});

test('keys in a field are text, but pages are turned from an empty one', () => {
  const { press, ran } = page();
  press('b', { target: field('') });
  press('PageDown', { target: field('cup') });
  assert.deepEqual(ran, []);
  press('PageDown', { target: field('') });
  assert.deepEqual(ran, ['next']);
});

test('keys in a dialog, in a list of choices or beside the page are left alone', () => {
  const { app, outside, press, ran } = page();
  press('b', { target: new Element('SELECT') });
  press('PageDown', { target: outside });
  app.dialog = new Element('DIALOG');
  press('b');
  assert.deepEqual(ran, []);
  assert.equal(press('s', { ctrlKey: true }), true); // the browser would save the page
});

test('Enter on a button presses it', () => {
  const { press, ran } = page();
  assert.equal(press('Enter', { target: new Element('BUTTON') }), false);
  press('Enter');
  assert.deepEqual(ran, ['finish']);
});

test('the space bar finishes an object unless the picture was moved with it', () => {
  const { app, press, ran, release } = page();
  press(' ');
  assert.equal(app.view.spaceHeld, true);
  release(' ');
  assert.deepEqual(ran, ['finish']);
  press(' ');
  app.view.spaceUsed = true;
  press(' ', { repeat: true });
  release(' ');
  assert.deepEqual(ran, ['finish']);
  press(' ', { target: new Element('BUTTON') }); // presses the button
  assert.equal(app.view.spaceHeld, false);
});

test('digits choose labels, once for a press', () => {
  const { press, ran } = page();
  press('2', { code: 'Digit2' });
  press('2', { code: 'Digit2', repeat: true });
  assert.deepEqual(
    ran.filter((name) => name.startsWith('label')),
    ['label 1'],
  );
});

test('keys that are held when the window is left are released, and a preview goes', () => {
  const { ran, window } = page();
  window.fire('blur');
  assert.deepEqual(ran, ['released', 'preview dropped']);
});
