// Sends actions to the server, numbered and in order; one parcel is under way at a time.
// Actions that were not acknowledged are sent again; the server skips the numbers that it has applied.

const RETRY_AFTER = 45000;
const RETRY_AFTER_FAILURE = 3000;

export class Channel {
  // `deliver(actions)` takes a parcel to the server; when it throws, or a promise from it fails, the parcel
  // is sent again soon. `onChange()` is called when actions begin or cease to wait, `onFailure()` at the
  // first of several failures in a row.
  constructor(deliver, onChange, onFailure) {
    Object.assign(this, { deliver, onChange, onFailure });
    this.last = 0;
    this.waiting = [];
    this.timer = null;
    this.failed = false;
  }

  get busy() {
    return this.waiting.length > 0;
  }

  // Whether an action of one of these kinds waits.
  awaits(...kinds) {
    return this.waiting.some((action) => kinds.includes(action.kind));
  }

  // Whether an action waits that is of none of these kinds.
  awaitsOther(kinds) {
    return this.waiting.some((action) => !kinds.includes(action.kind));
  }

  send(kind, data = {}) {
    this.waiting.push({ number: ++this.last, kind, ...data });
    if (!this.timer) this.dispatch();
    this.onChange();
    return this.last;
  }

  dispatch() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.busy) return;
    const timer = this.retryIn(RETRY_AFTER);
    this.timer = timer;
    const delivered = new Promise((done) => done(this.deliver(this.waiting))); // also when it throws at once
    delivered.catch(() => {
      if (this.timer !== timer) return; // a reply came by another parcel
      clearTimeout(timer);
      this.timer = this.retryIn(RETRY_AFTER_FAILURE);
      if (!this.failed) this.onFailure();
      this.failed = true;
    });
  }

  retryIn(milliseconds) {
    return setTimeout(() => this.dispatch(), milliseconds);
  }

  // Called with the number of the last action that the server has applied; a late reply changes nothing, and
  // one to a question without actions sends no parcel again that is still under way.
  acknowledge(number) {
    const { failed } = this,
      left = this.waiting.filter((action) => action.number > number);
    const applied = left.length < this.waiting.length;
    this.failed = false;
    this.waiting = left;
    if (applied || failed) this.dispatch();
    this.onChange();
  }

  // Take the waiting actions out, for instance to send them to another server.
  takeWaiting() {
    const taken = this.waiting;
    this.acknowledge(this.last);
    return taken;
  }
}
