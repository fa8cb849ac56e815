import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Element, elements } from './elements.js';

elements(); // whose storage the module asks for
const { OwnKeys } = await import('../../cfr_icl/ui/static/own_keys.js');
const { person } = await import('../../cfr_icl/ui/static/memory.js');

// The help of a page with the tool that Q stands beside.
function page() {
  const { ref } = elements();
  const root = new Element(),
    brush = new Element('BUTTON');
  brush.dataset.tool = 'brush';
  Object.assign(brush, { title: 'Brush (B)', english: { title: 'Brush (B)' } });
  root.append(brush);
  const own = new OwnKeys({ ref, root });
  own.show();
  const button = (command) => ref('keys').querySelector(`[data-command="${command}"]`);
  // A person chooses a command in the list, and presses a key.
  const choose = (command, key, event = {}) => {
    button(command).click();
    const code = `Key${key.toUpperCase()}`;
    ref('help').fire('keydown', { key, code, ...event });
  };
  return { brush, button, choose, own, ref };
}

beforeEach(() => person.set('cfr-keys', '{}'));

test('a command gets the key that is pressed for it, wherever keys are named, and at the next visit', () => {
  const { brush, button, choose, ref } = page();
  assert.equal(button('tool-brush').text, 'B');
  button('tool-brush').click();
  assert.equal(button('tool-brush').text, 'Press a key …');
  button('tool-brush').click();
  choose('tool-brush', 'q');
  assert.equal(button('tool-brush').text, 'Q');
  assert.equal(document.activeElement, button('tool-brush'));
  assert.equal(brush.title, 'Brush (Q)');
  assert.equal(ref('keys-said').text, '');
  assert.equal(page().button('tool-brush').text, 'Q');
});

test('a key with Shift is another key', () => {
  const { button, choose, ref } = page();
  choose('tool-brush', 'Shift', { code: 'ShiftLeft' });
  assert.equal(button('tool-brush').getAttribute('aria-pressed'), 'true'); // it waits for the other one
  ref('help').fire('keydown', { key: 'Q', code: 'KeyQ', shiftKey: true });
  assert.equal(button('tool-brush').text, 'Shift+Q');
});

test('the key of another command is refused, and so is one that has its place', () => {
  const { button, choose, ref } = page();
  choose('tool-brush', 'e');
  assert.match(ref('keys-said').text, /^E is the key of “Eraser”/);
  choose('tool-brush', 'Tab', { code: 'Tab' });
  assert.match(ref('keys-said').text, /cannot be chosen/);
  choose('tool-brush', 'Escape', { code: 'Escape' });
  assert.equal(ref('keys-said').text, '');
  assert.equal(button('tool-brush').text, 'B');
});

test('a key that was given up is free, and the usual keys come back', () => {
  const { brush, button, choose, own } = page();
  choose('tool-eraser', 'q');
  choose('tool-brush', 'e');
  assert.equal(button('tool-brush').text, 'E');
  choose('tool-eraser', 'b');
  choose('tool-brush', 'q');
  choose('tool-eraser', 'e'); // its usual one
  choose('tool-brush', 'b');
  assert.equal(person.get('cfr-keys'), '{}');
  choose('tool-brush', '+', { code: 'BracketRight' });
  assert.match(document.activeElement.getAttribute('aria-label'), /Brush: B/); // + zooms in
  choose('tool-brush', 'q');
  own.reset();
  assert.equal(button('tool-brush').text, 'B');
  assert.equal(brush.title, 'Brush (B)');
});

test('keys of a file are taken, and a file without any is told of', () => {
  const { button, own, ref } = page();
  own.load('{"keys": {"tool-brush": "Q", "of another version": "X"}}');
  assert.equal(button('tool-brush').text, 'Q');
  for (const text of ['no JSON', '{}', '{"keys": {"tool-brush": "Q", "tool-eraser": "Q"}}']) {
    own.load(text);
    assert.match(ref('keys-said').text, /holds no keys, or one key for two commands/);
    assert.equal(button('tool-brush').text, 'Q');
  }
});

test('a list that is closed waits for no key', () => {
  const { button, choose, ref } = page();
  button('tool-brush').click();
  ref('help').fire('close');
  ref('help').fire('keydown', { key: 'q', code: 'KeyQ' });
  assert.equal(button('tool-brush').text, 'B');
  choose('tool-brush', 'q');
  assert.equal(button('tool-brush').text, 'Q');
});
