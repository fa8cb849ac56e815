// A page at rest hears what others do in its folder: when somebody comes back to it, and now and then.

import { polling } from './jobs.js';

const ASK_AGAIN = 30000; // milliseconds
const FRESH_FOR = 3000; // milliseconds after a reply in which coming back asks nothing
const WATCHED_FOR = 900000; // milliseconds after the last key or press; then the server may let the page rest

export function setUpFollowing(app) {
  const { root } = app,
    poll = polling(app, ASK_AGAIN),
    now = () => performance.now();
  let heard = now(),
    touched = now();
  const follows = () =>
    root.hasAttribute('data-folder') &&
    !root.hasAttribute('data-own') &&
    document.visibilityState === 'visible' &&
    now() - touched < WATCHED_FOR;

  // Called with each reply.
  app.followFolder = () => {
    heard = now();
    poll(follows());
  };

  const comeBack = () => {
    touched = now();
    if (follows() && now() - heard > FRESH_FOR && !app.channel.busy) app.deliver([]).catch(() => {});
  };
  document.addEventListener('visibilitychange', comeBack);
  window.addEventListener('focus', comeBack);
  for (const kind of ['pointerdown', 'keydown']) {
    document.addEventListener(
      kind,
      () => {
        touched = now();
      },
      true,
    );
  }
}
