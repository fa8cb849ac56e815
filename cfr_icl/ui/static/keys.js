// The command of a key, on every keyboard layout, as a pure function of the key event.

// By the character that the key types; letters where the layout has Latin ones.
const CHARACTERS = {
  '?': 'help',
  '+': 'zoom-in',
  '=': 'zoom-in',
  '-': 'zoom-out',
  '−': 'zoom-out',
  '[': 'brush-smaller',
  ']': 'brush-larger',
  0: 'fit',
  h: 'hide',
  o: 'open',
  x: 'mode',
  c: 'clear',
  f: 'fit',
  a: 'actual',
  d: 'done',
  g: 'find',
  '/': 'find',
  t: 'follow',
  u: 'next-unsure',
  v: 'tool-click',
  r: 'tool-box',
  b: 'tool-brush',
  e: 'tool-eraser',
  l: 'tool-lasso',
  p: 'tool-corners',
  n: 'names',
  m: 'merge',
  j: 'attributes',
  i: 'labels',
  w: 'preview',
  y: 'accept',
  s: 'send-back',
};
// By the key's place, where its character says nothing: other scripts, an input method that is switched on.
const PLACES = {
  BracketLeft: 'brush-smaller',
  BracketRight: 'brush-larger',
  Equal: 'zoom-in',
  Minus: 'zoom-out',
  Digit0: 'fit',
};
const NAMED = {
  Delete: 'clear',
  PageUp: 'previous',
  PageDown: 'next',
  Enter: 'finish',
  NumpadEnter: 'finish',
  Space: 'space',
  Escape: 'cancel',
};
const REPEATED = new Set([
  'zoom-in',
  'zoom-out',
  'brush-smaller',
  'brush-larger',
  'undo',
  'redo',
  'previous',
  'next',
]);

// The Latin letter that a key types, or else the one that it types on a QWERTY keyboard.
function letterOf({ key, code }) {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  if (/^[!-~]$/.test(key)) return null; // another Latin character, as on AZERTY's M key
  const place = /^Key([A-Z])$/.exec(code);
  return place?.[1].toLowerCase();
}

// The label's number that a digit key chooses, also where Shift types the digits, as on AZERTY.
function digitOf({ key, code, shiftKey }) {
  const place = /^(?:Digit|Numpad)([1-9])$/.exec(code);
  if (place && code.startsWith('Digit') && (!shiftKey || key === place[1])) return Number(place[1]);
  return /^[1-9]$/.test(key) ? Number(key) : null;
}

const SHIFTED = { 'Shift+T': 'take-over' };
const CHOOSABLE =
  /^(?:(?:Shift\+)?[A-Z]|[!-/0:-@[-`{-~]|Delete|PageUp|PageDown|Home|End|Insert|F(?:[1-9]|1[0-2]))$/;

// The name of a key, as own keys have it: what it types, 'Shift+B', 'Delete'; null for one with a fixed
// place.
export function keyOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || digitOf(event)) return null;
  const letter = letterOf(event)?.toUpperCase();
  const key = letter ? (event.shiftKey ? `Shift+${letter}` : letter) : event.key;
  return CHOOSABLE.test(key) ? key : null;
}

const nameOf = (character) => (/^[a-z]$/.test(character) ? character.toUpperCase() : character);

// The keys of a command; `own` has those that a person chose: { command: key }.
export function keysOf(command, own) {
  if (own[command]) return [own[command]];
  const usual = { ...CHARACTERS, ...SHIFTED, ...NAMED };
  const keys = Object.keys(usual).filter((key) => usual[key] === command);
  return keys.map(nameOf).filter((key) => key !== '−' && (key !== '=' || command !== 'zoom-in'));
}

// The command that has a key; null for none.
export function ownerOf(key, own) {
  const chosen = Object.keys(own).find((command) => own[command] === key);
  if (chosen) return chosen;
  const usual = SHIFTED[key] ?? NAMED[key] ?? CHARACTERS[key.toLowerCase()];
  return usual && !own[usual] ? usual : null;
}

// Own keys that come from outside, or null where they are none: unknown commands are left out.
export function readKeys(value, commands) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const own = Object.fromEntries(Object.entries(value).filter(([command]) => commands.includes(command)));
  const keys = Object.values(own);
  if (!keys.every((key) => typeof key === 'string' && CHOOSABLE.test(key))) return null;
  const clash = Object.entries(own).some(([command, key]) => {
    const { [command]: _, ...others } = own;
    return ![null, command].includes(ownerOf(key, others));
  });
  return clash ? null : own;
}

// { name, number?, shift? } of the command, or null. A key that is held down repeats only what does no harm.
export function commandOf(event, own = {}) {
  const command = find(event, own);
  return command && event.repeat && !REPEATED.has(command.name) ? { name: 'nothing' } : command;
}

function find(event, own) {
  const altGraph = Boolean(event.getModifierState?.('AltGraph')); // types a character, for instance German [
  const letter = letterOf(event);
  if ((event.ctrlKey || event.metaKey) && !altGraph) {
    if (event.altKey) return null;
    if (letter === 'z') return { name: event.shiftKey ? 'redo' : 'undo' };
    if (letter === 'y') return { name: 'redo' };
    if (letter === 's') return { name: 'save' };
    return null;
  }
  if (event.altKey && !altGraph) return null;
  const digit = altGraph ? null : digitOf(event);
  if (digit) return { name: 'label', number: digit, shift: event.shiftKey };
  const chosen = chosenBy(event, own);
  if (chosen) return { name: chosen };
  const name =
    (letter && event.shiftKey && SHIFTED[`Shift+${letter.toUpperCase()}`]) ||
    (CHARACTERS[letter ?? event.key] ?? namedKey(event) ?? placedKey(event));
  if (name && !own[name]) return { name };
  const place = event.shiftKey && !altGraph && /^Digit([1-9])$/.exec(event.code);
  return place ? { name: 'label', number: Number(place[1]), shift: true } : null;
}

// The command for which a person chose this key; a letter is meant with Shift too where that has no command.
function chosenBy(event, own) {
  const key = keyOf(event);
  const having = (name) => Object.keys(own).find((command) => own[command] === name);
  if (!key) return null;
  return having(key) ?? (ownerOf(key, own) ? null : having(key.replace(/^Shift\+/, '')));
}

function namedKey({ key, code }) {
  if (key === ' ') return 'space';
  return NAMED[key] ?? (typesNothing(key) ? NAMED[code] : undefined);
}

function placedKey({ key, code }) {
  return typesNothing(key) || /^[^ -~]$/.test(key) ? PLACES[code] : undefined;
}

// Key values of input methods and dead keys.
function typesNothing(key) {
  return ['Process', 'Unidentified', 'Dead', ''].includes(key);
}
