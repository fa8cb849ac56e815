import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf, keyOf, keysOf, ownerOf, readKeys } from '../../cfr_icl/ui/static/keys.js';
import { COMMANDS } from '../../cfr_icl/ui/static/own_keys.js';

// A key event; `modifiers` as in 'ctrl shift'.
function event(key, code, modifiers = '', repeat = false) {
  const held = new Set(modifiers.split(' '));
  return {
    key,
    code,
    repeat,
    ctrlKey: held.has('ctrl') || held.has('altgraph'),
    altKey: held.has('alt') || held.has('altgraph'),
    metaKey: held.has('meta'),
    shiftKey: held.has('shift'),
    getModifierState: (name) => held.has(name.toLowerCase()),
  };
}

// Its command.
function command(key, code, modifiers = '', repeat = false, own = {}) {
  const found = commandOf(event(key, code, modifiers, repeat), own);
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
    ['!', 'Digit1', 'shift', 'label 1'],
    ['0', 'Digit0', '', 'fit'],
    ['?', 'Slash', 'shift', 'help'],
    ['[', 'BracketLeft', '', 'brush-smaller'],
    ['PageDown', 'PageDown', '', 'next'],
    ['Enter', 'Enter', '', 'finish'],
    [' ', 'Space', '', 'space'],
    ['F5', 'F5', '', null],
    ['t', 'KeyT', '', 'follow'],
    ['i', 'KeyI', '', 'labels'],
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

test('an own key takes the place of all usual keys of its command, and of no other', () => {
  const own = { clear: 'K', 'tool-brush': 'Shift+K', 'take-over': '#' };
  const cases = [
    ['k', 'KeyK', '', 'clear'],
    ['K', 'KeyK', 'shift', 'tool-brush'],
    ['c', 'KeyC', '', null],
    ['Delete', 'Delete', '', null],
    ['b', 'KeyB', '', null],
    ['#', 'Digit3', 'shift', 'take-over'],
    ['T', 'KeyT', 'shift', null],
    ['t', 'KeyT', '', 'follow'],
    ['л', 'KeyK', '', 'clear'], // Russian
    ['z', 'KeyZ', 'ctrl', 'undo'],
  ];
  for (const [key, code, modifiers, expected] of cases)
    assert.equal(command(key, code, modifiers, false, own), expected, `${modifiers} ${key}`);
  assert.equal(command('K', 'KeyK', 'shift', false, { clear: 'K' }), 'clear');
});

test('keys with a fixed place cannot be chosen', () => {
  const fixed = ['1', 'Enter', ' ', 'Escape', 'Tab', 'ArrowLeft', 'Backspace', 'Process'];
  for (const key of fixed) assert.equal(keyOf(event(key, '')), null, key);
  assert.equal(keyOf(event('b', 'KeyB', 'ctrl')), null);
  const free = { b: 'B', '[': '[', F2: 'F2', PageUp: 'PageUp', 0: '0' };
  for (const [key, name] of Object.entries(free)) assert.equal(keyOf(event(key, '')), name);
});

test('the owner of a key is known, and one key never has two', () => {
  assert.deepEqual(keysOf('clear', {}), ['C', 'Delete']);
  assert.deepEqual(keysOf('zoom-in', {}), ['+']);
  assert.deepEqual(keysOf('clear', { clear: 'K' }), ['K']);
  assert.equal(ownerOf('C', {}), 'clear');
  assert.equal(ownerOf('C', { clear: 'K' }), null);
  assert.equal(ownerOf('K', { clear: 'K' }), 'clear');
  assert.deepEqual(readKeys({ clear: 'K', unknown: 'L' }, COMMANDS), { clear: 'K' });
  assert.deepEqual(readKeys({ clear: 'B', 'tool-brush': 'C' }, COMMANDS), { clear: 'B', 'tool-brush': 'C' });
  const wrong = [null, [], 'K', { clear: 'B' }, { clear: 'K', mode: 'K' }, { clear: 'Enter' }, { clear: 3 }];
  for (const keys of wrong) assert.equal(readKeys(keys, COMMANDS), null, JSON.stringify(keys));
});

test('every command with a key of its own can have another one', () => {
  const fixed = ['finish', 'space', 'cancel'];
  const characters = [...'?+-[]0hoxcfadg/tuvrbelpnmjwi', 'Delete', 'PageUp', 'PageDown', 'Shift+T'];
  const named = new Set(characters.map((key) => ownerOf(/^[a-z]$/.test(key) ? key.toUpperCase() : key, {})));
  for (const name of named) assert.ok(COMMANDS.includes(name) || fixed.includes(name), name);
  for (const name of COMMANDS) assert.ok(keysOf(name, {}).length > 0, name);
});
