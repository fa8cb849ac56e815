// Give the focus back to the picture after the mouse or a finger has used a control: keys belong to it.

import { takesText } from './dom.js';

// With the keyboard alone the focus stays where it is.
export function returnFocus(app) {
  const { root, ref } = app;
  let pointed = false;
  document.addEventListener(
    'pointerdown',
    () => {
      pointed = true;
    },
    true,
  );
  document.addEventListener(
    'keydown',
    (event) => {
      if (!(event.target.tagName === 'INPUT' && event.key === 'Enter')) pointed = false;
    },
    true,
  );

  const giveBack = (event) => {
    const { target } = event;
    if (!app.picture || root.querySelector('dialog[open]') || target.closest('dialog')) return;
    if (takesText(target) || document.activeElement === ref('canvas')) return;
    ref('canvas').focus({ preventScroll: true });
  };
  root.addEventListener(
    'click',
    (event) => {
      const control = event.target.closest('button, summary, input[type=checkbox], [role=radio]');
      if (pointed && event.detail && control) giveBack(event);
    },
    true,
  );
  root.addEventListener('change', (event) => {
    if (pointed && event.target.matches('select, input:not([type=text])')) giveBack(event);
  });
  root.addEventListener('pointerup', (event) => {
    if (event.target.matches('input[type=range]')) setTimeout(() => giveBack(event));
  });
  root.addEventListener('keydown', (event) => {
    if (!['Enter', 'Escape'].includes(event.key) || !event.target.matches('.panel input[type=text]')) return;
    const giveToPicture = () => {
      if (app.picture) ref('canvas').focus({ preventScroll: true });
    };
    if (event.target.form !== ref('new-label')) setTimeout(giveToPicture);
    else if (event.key === 'Escape' || !event.target.value) giveToPicture(); // else the next label is typed
  });
}

// Another picture is to be shown: send what is being written about the one before, for that one.
export function endWriting({ root, ref }) {
  const line = document.activeElement;
  if (!root.contains(line) || !takesText(line)) return;
  if (line.closest('.objects, .attributes, .chips') || line === ref('review-note')) line.blur();
}

// Keys belong to the picture that has come, but for a line that belongs to no picture and is being written.
export function focusPicture({ root, ref }) {
  const line = document.activeElement;
  if (root.querySelector('dialog[open]') || (root.contains(line) && takesText(line))) return;
  ref('canvas').focus({ preventScroll: true });
}
