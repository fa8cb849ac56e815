import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf } from '../../cfr_icl/ui/static/keys.js';

// The command of a key event; `modifiers` as in 'ctrl shift'.
function command(key, code, modifiers = '', repeat = false) {
  const held = new Set(modifiers.split(' '));
  const found = commandOf({
    key,
    code,
    repeat,
    ctrlKey: held.has('ctrl') || held.has('altgraph'),
    altKey: held.has('alt') || held.has('altgraph'),
    metaKey: held.has('meta'),
    shiftKey: held.has('shift'),
    getModifierState: (name) => held.has(name.toLowerCase()),
  });
  return found && (found.number ? `${found.name} ${found.number}` : found.name);
}

const cases = {
  QWERTY: [
    ['b', 'KeyB', '', 'tool-brush'],
    ['B', 'KeyB', 'shift', 'tool-brush'],
    ['z', 'KeyZ', 'ctrl', 'undo'],
    ['Z', 'KeyZ', 'ctrl shift', 'redo'],
    ['z', 'KeyZ', 'meta', 'undo'],
    ['s', 'KeyS', 'ctrl', 'save'],
    ['c', 'KeyC', 'ctrl', null],
    ['1', 'Digit1', '', 'label 1'],
    ['!', 'Digit1', 'shift', null],
    ['0', 'Digit0', '', 'fit'],
    ['?', 'Slash', 'shift', 'help'],
    ['[', 'BracketLeft', '', 'brush-smaller'],
    ['PageDown', 'PageDown', '', 'next'],
    ['Enter', 'Enter', '', 'finish'],
    [' ', 'Space', '', 'space'],
    ['F5', 'F5', '', null],
    ['t', 'KeyT', '', 'follow'],
    ['T', 'KeyT', 'shift', 'take-over'],
    ['h', 'KeyH', 'alt', null],
  ],
  Russian: [
    ['я', 'KeyZ', 'ctrl', 'undo'],
    ['Я', 'KeyZ', 'ctrl shift', 'redo'],
    ['и', 'KeyB', '', 'tool-brush'],
    ['ч', 'KeyX', '', 'mode'],
    ['х', 'BracketLeft', '', 'brush-smaller'],
    ['ъ', 'BracketRight', '', 'brush-larger'],
    ['ы', 'KeyS', 'ctrl', 'save'],
  ],
  AZERTY: [
    ['&', 'Digit1', '', 'label 1'],
    ['-', 'Digit6', '', 'label 6'],
    ['1', 'Digit1', 'shift', 'label 1'],
    ['à', 'Digit0', '', 'fit'],
    ['z', 'KeyW', 'ctrl', 'undo'],
    ['w', 'KeyZ', 'ctrl', null],
    ['a', 'KeyQ', '', 'actual'],
    [',', 'KeyM', '', null],
  ],
  German: [
    ['[', 'Digit8', 'altgraph', 'brush-smaller'],
    ['+', 'BracketRight', '', 'zoom-in'],
    ['ü', 'BracketLeft', '', 'brush-smaller'],
    ['=', 'Digit0', 'shift', 'zoom-in'],
    ['?', 'Minus', 'shift', 'help'],
    ['z', 'KeyY', 'ctrl', 'undo'],
    ['y', 'KeyZ', 'ctrl', 'redo'],
  ],
  'an input method': [
    ['Process', 'KeyB', '', 'tool-brush'],
    ['Process', 'Space', '', 'space'],
    ['Process', 'Enter', '', 'finish'],
    ['Process', 'Digit2', '', 'label 2'],
    ['Unidentified', 'PageUp', '', 'previous'],
  ],
  'the number pad': [
    ['1', 'Numpad1', '', 'label 1'],
    ['End', 'Numpad1', '', null],
    ['PageDown', 'Numpad3', '', 'next'],
    ['+', 'NumpadAdd', '', 'zoom-in'],
    ['Enter', 'NumpadEnter', '', 'finish'],
    ['Insert', 'Numpad0', '', null],
  ],
};
for (const [layout, keys] of Object.entries(cases)) {
  test(`keys of ${layout}`, () => {
    for (const [key, code, modifiers, expected] of keys) {
      assert.equal(command(key, code, modifiers), expected, `${modifiers} ${key} ${code}`);
    }
  });
}

test('a key that is held down repeats only what does no harm', () => {
  for (const [key, code] of [
    ['d', 'KeyD'],
    ['c', 'KeyC'],
    ['Enter', 'Enter'],
    ['1', 'Digit1'],
    ['x', 'KeyX'],
  ])
    assert.equal(command(key, code, '', true), 'nothing');
  assert.equal(command('z', 'KeyZ', 'ctrl', true), 'undo');
  assert.equal(command('+', 'Equal', '', true), 'zoom-in');
  assert.equal(command('F5', 'F5', '', true), null);
});
