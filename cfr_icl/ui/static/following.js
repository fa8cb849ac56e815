// A page at rest hears what others do in its folder: when somebody comes back to it, and now and then.

import { polling } from './jobs.js';

const ASK_AGAIN = 30000; // milliseconds
const FRESH_FOR = 3000; // milliseconds after a reply in which coming back asks nothing
const WATCHED_FOR = 900000; // milliseconds after the last key or press; then the server may let the page rest

export class Following {
  constructor(app) {
    this.app = app;
    this.poll = polling(app, ASK_AGAIN);
    this.heard = performance.now(); // when the last reply came
    this.touched = performance.now(); // when a key or the pointer was last pressed
    document.addEventListener('visibilitychange', () => this.comeBack());
    window.addEventListener('focus', () => this.comeBack());
    const touch = () => {
      this.touched = performance.now();
    };
    for (const kind of ['pointerdown', 'keydown']) document.addEventListener(kind, touch, true);
  }

  // Called with each reply.
  follow() {
    this.heard = performance.now();
    this.poll(this.isWatched());
  }

  // Whether somebody looks at a folder in which others may work too.
  isWatched() {
    return (
      this.app.inFolder &&
      !this.app.inOwnFolder &&
      document.visibilityState === 'visible' &&
      performance.now() - this.touched < WATCHED_FOR
    );
  }

  comeBack() {
    this.touched = performance.now();
    const isFresh = this.touched - this.heard <= FRESH_FOR;
    if (!this.isWatched() || isFresh || this.app.channel.busy) return;
    this.app.transport.deliver([]).catch(() => {});
  }
}
