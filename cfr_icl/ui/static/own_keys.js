// Keys that a person has chosen for commands: remembered, shown wherever keys are named, kept in a file.

import { make, saveText } from './dom.js';
import { keyOf, keysOf, ownerOf, readKeys } from './keys.js';
import { t } from './language.js';
import { person } from './memory.js';

// The commands in the order of the list, as the page calls them elsewhere.
const TITLES = {
  'tool-click': () => t('Click'),
  'tool-box': () => t('Box'),
  'tool-brush': () => t('Brush'),
  'tool-eraser': () => t('Eraser'),
  'tool-lasso': () => t('Lasso'),
  'tool-corners': () => t('Corners'),
  'brush-smaller': () => t('Smaller brush'),
  'brush-larger': () => t('Larger brush'),
  mode: () => t('Swap object and background'),
  clear: () => t('Clear the object'),
  merge: () => t('Merge the selected objects'),
  labels: () => t('Type a label'),
  attributes: () => t('Attributes'),
  names: () => t('Labels on the picture'),
  preview: () => t('Preview of a click'),
  hide: () => t('Hide the masks'),
  fit: () => t('Fit'),
  actual: () => t('Actual size'),
  'zoom-in': () => t('Zoom in'),
  'zoom-out': () => t('Zoom out'),
  open: () => t('Open'),
  previous: () => t('Previous picture'),
  next: () => t('Next picture'),
  done: () => t('Done, go on'),
  find: () => t('Find a picture'),
  follow: () => t('Follow objects'),
  'take-over': () => t('Copy masks'),
  accept: () => t('Accept'),
  'send-back': () => t('Send back'),
  'next-unsure': () => t('Next mask to look at'),
  help: () => t('Help'),
};

export const COMMANDS = Object.keys(TITLES);

const KEYS = { Delete: () => t('Del'), PageUp: () => t('PgUp'), PageDown: () => t('PgDn') };

// A key as a person reads it.
function shown(key) {
  const [last, shift] = key.split('+').reverse();
  if (key === '+' || !shift) return KEYS[key]?.() ?? key;
  return `${t('Shift')}+${last}`;
}

export class OwnKeys {
  constructor(app) {
    this.app = app;
    this.root = app.root;
    this.ref = app.ref;
    this.waits = null; // the command whose key is to be pressed
    this.keys = readKeys(person.json('cfr-keys', {}), COMMANDS) ?? {};
    this.ref('help').addEventListener('keydown', (event) => this.press(event), true);
    this.ref('help').addEventListener('close', () => {
      this.waits = null;
      this.say('');
      this.show();
    });
    this.ref('keys-file').addEventListener('change', async (event) => {
      const text = await event.target.files[0].text();
      event.target.value = '';
      this.load(text);
    });
  }

  // Called when the keys, or the language, have changed.
  show() {
    this.ref('keys').replaceChildren(...COMMANDS.map((command) => this.row(command)));
    for (const key of this.root.querySelectorAll('kbd[data-key]')) {
      key.usual ??= key.textContent;
      const own = this.keys[key.dataset.key];
      key.textContent = own ? shown(own) : key.usual;
    }
    for (const control of this.root.querySelectorAll('[data-do], [data-tool]')) this.showInTitle(control);
  }

  // The key in brackets at the end of a title.
  showInTitle(control) {
    const own = this.keys[control.dataset.do ?? `tool-${control.dataset.tool}`],
      usual = control.english?.title && t(control.english.title);
    if (!usual || !/\([^()]+\)$/.test(usual)) return;
    control.title = own ? usual.replace(/\([^()]+\)$/, `(${shown(own)})`) : usual;
  }

  row(command) {
    const keys = keysOf(command, this.keys).map(shown).join(' '),
      chosen = make('button', { type: 'button', className: 'button small' });
    const title = TITLES[command]();
    chosen.textContent = this.waits === command ? t('Press a key …') : keys;
    chosen.setAttribute('aria-label', `${t('Key of')} ${title}: ${keys}`);
    chosen.setAttribute('aria-pressed', String(this.waits === command));
    chosen.dataset.command = command;
    chosen.addEventListener('click', () => {
      this.waits = this.waits === command ? null : command;
      this.say('');
      this.show();
      this.focus(command);
    });
    return make('li', {}, make('span', {}, title), chosen);
  }

  // The key that is pressed for the command that waits for one.
  press(event) {
    if (!this.waits || ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const command = this.waits;
    this.waits = null;
    if (event.key === 'Escape') this.say('');
    else this.choose(command, keyOf(event));
    this.show();
    this.focus(command);
  }

  // Give a command a key, null for one with a fixed place; says why where that cannot be.
  choose(command, key) {
    const owner = key && ownerOf(key, this.keys);
    if (!key) {
      this.say(t('This key cannot be chosen; it has its place already.'));
    } else if (owner && owner !== command) {
      const clash = t('{key} is the key of “{command}”; give that one another key first.');
      this.say(clash.replace('{key}', shown(key)).replace('{command}', TITLES[owner]?.() ?? owner));
    } else {
      const { [command]: old, ...others } = this.keys,
        usual = keysOf(command, {});
      this.say('');
      this.keep(usual.includes(key) && usual.length === 1 ? others : { ...others, [command]: key });
    }
  }

  // Take the keys of a file that `save` wrote.
  load(text) {
    let keys = null;
    try {
      keys = readKeys(JSON.parse(text).keys, COMMANDS);
    } catch {
      // said below
    }
    if (keys) this.keep(keys);
    this.say(keys ? '' : t('The file holds no keys, or one key for two commands.'));
  }

  focus(command) {
    this.ref('keys').querySelector(`[data-command="${command}"]`).focus();
  }

  say(text) {
    this.ref('keys-said').textContent = text;
  }

  keep(keys) {
    this.keys = keys;
    person.set('cfr-keys', JSON.stringify(keys));
    this.show();
  }

  reset() {
    this.say('');
    this.keep({});
  }

  save() {
    saveText(JSON.stringify({ keys: this.keys }, null, 1), 'keys.json');
  }
}
