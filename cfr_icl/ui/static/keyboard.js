// Keys that are pressed on the page run commands; the space bar finishes an object, and held down it pans.

import { takesText } from './dom.js';
import { commandOf } from './keys.js';

// Keys that mean nothing in a line of text, and so turn pages from an empty one.
const TURNS = new Set(['previous', 'next']);

export function listenToKeys(app) {
  const { view, ref } = app;
  const onStage = (target) => target === ref('canvas') || target === document.body;

  document.addEventListener('keydown', (event) => {
    followModifiers(event);
    const command = commandOf(event, app.ownKeys.keys);
    if (command?.name === 'save') event.preventDefault(); // the browser's own dialog would save the page
    if (app.root.querySelector('dialog[open]')) return;
    if (takesText(event.target) && !(TURNS.has(command?.name) && !event.target.value)) return;
    const chooses = event.target.tagName === 'SELECT' && !(event.ctrlKey || event.metaKey); // by letters
    if (chooses) return;
    if (!app.root.contains(event.target) && event.target !== document.body) return;
    if (command?.name === 'space' || (event.repeat && view.spaceHeld && event.code === 'Space')) {
      holdSpace(event);
    } else if (command?.name === 'finish' && event.target.closest('button, summary, select, a')) {
      return; // Enter presses the button
    } else if (command?.name === 'label') {
      // with Shift a label, also while masks are offered
      if (!event.repeat) app.labels.chooseByDigit(command.number - 1, command.shift);
      event.preventDefault();
    } else if (command) {
      app.commands.run(command.name);
      event.preventDefault();
    }
    view.showCursor();
  });

  // What a click gives changes with them, also while the pointer rests.
  function followModifiers({ shiftKey, altKey }) {
    const changed = shiftKey !== view.shiftHeld || altKey !== view.altHeld;
    Object.assign(view, { shiftHeld: shiftKey, altHeld: altKey });
    if (changed) app.preview.askAnew();
  }

  function holdSpace(event) {
    if (!onStage(event.target)) return;
    if (!view.spaceHeld) view.spaceUsed = false;
    view.spaceHeld = true;
    event.preventDefault();
  }

  document.addEventListener('keyup', (event) => {
    followModifiers(event);
    if (view.spaceHeld && (event.key === ' ' || event.code === 'Space')) {
      view.spaceHeld = false;
      if (!view.spaceUsed) app.commands.run('finish'); // held and dragged it moves the picture
    }
    view.showCursor();
  });

  const letGo = () => {
    view.releaseAll();
    app.preview.drop(); // it may be that of a click with a key held
  };
  window.addEventListener('blur', letGo);
  document.addEventListener('visibilitychange', letGo);
}
