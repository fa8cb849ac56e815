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

export function setUpOwnKeys(app) {
  const { root, ref } = app;
  let waits = null; // the command whose key is to be pressed
  app.keys = readKeys(person.json('cfr-keys', {}), COMMANDS) ?? {};

  // Called when the keys, or the language, have changed.
  app.showKeys = () => {
    ref('keys').replaceChildren(...COMMANDS.map(row));
    for (const key of root.querySelectorAll('kbd[data-key]')) {
      key.usual ??= key.textContent;
      const own = app.keys[key.dataset.key];
      key.textContent = own ? shown(own) : key.usual;
    }
    for (const control of root.querySelectorAll('[data-do], [data-tool]')) showInTitle(control);
  };

  // The key in brackets at the end of a title.
  function showInTitle(control) {
    const own = app.keys[control.dataset.do ?? `tool-${control.dataset.tool}`],
      usual = control.english?.title && t(control.english.title);
    if (!usual || !/\([^()]+\)$/.test(usual)) return;
    control.title = own ? usual.replace(/\([^()]+\)$/, `(${shown(own)})`) : usual;
  }

  function row(command) {
    const keys = keysOf(command, app.keys).map(shown).join(' '),
      chosen = make('button', { type: 'button', className: 'button small' });
    const title = TITLES[command]();
    chosen.textContent = waits === command ? t('Press a key …') : keys;
    chosen.setAttribute('aria-label', `${t('Key of')} ${title}: ${keys}`);
    chosen.setAttribute('aria-pressed', String(waits === command));
    chosen.dataset.command = command;
    chosen.addEventListener('click', () => {
      waits = waits === command ? null : command;
      say('');
      app.showKeys();
      focus(command);
    });
    return make('li', {}, make('span', {}, title), chosen);
  }

  const focus = (command) => ref('keys').querySelector(`[data-command="${command}"]`).focus();

  function say(text) {
    ref('keys-said').textContent = text;
  }

  function keep(keys) {
    app.keys = keys;
    person.set('cfr-keys', JSON.stringify(keys));
    app.showKeys();
  }

  // The key that was pressed for the command that waits for one.
  ref('help').addEventListener(
    'keydown',
    (event) => {
      if (!waits || ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta'].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      const command = waits,
        key = keyOf(event),
        owner = key && ownerOf(key, app.keys);
      waits = null;
      if (event.key === 'Escape') say('');
      else if (!key) say(t('This key cannot be chosen; it has its place already.'));
      else if (owner && owner !== command) {
        const clash = t('{key} is the key of “{command}”; give that one another key first.');
        say(clash.replace('{key}', shown(key)).replace('{command}', TITLES[owner]?.() ?? owner));
      } else {
        const { [command]: old, ...others } = app.keys,
          usual = keysOf(command, {});
        say('');
        keep(usual.includes(key) && usual.length === 1 ? others : { ...others, [command]: key });
      }
      app.showKeys();
      focus(command);
    },
    true,
  );
  ref('help').addEventListener('close', () => {
    waits = null;
    say('');
    app.showKeys();
  });

  app.resetKeys = () => {
    say('');
    keep({});
  };
  app.saveKeys = () => saveText(JSON.stringify({ keys: app.keys }, null, 1), 'keys.json');
  ref('keys-file').addEventListener('change', async (event) => {
    const text = await event.target.files[0].text();
    event.target.value = '';
    let keys = null;
    try {
      keys = readKeys(JSON.parse(text).keys, COMMANDS);
    } catch {
      // said below
    }
    if (keys) keep(keys);
    say(keys ? '' : t('The file holds no keys, or one key for two commands.'));
  });
}
