// Actions travel to the server numbered and in order; one parcel is on its way at a time.
// What was not acknowledged is sent again, and the server skips the numbers it has applied.

const RETRY_AFTER = 45000;
const RETRY_AFTER_FAILURE = 3000;

class Channel {
  // `deliver` takes a parcel of actions to the server; when a promise from it fails, it is tried again soon
  constructor(deliver, onChange, onFailure) {
    Object.assign(this, { deliver, onChange, onFailure });
    this.last = 0;
    this.waiting = [];
    this.timer = null;
    this.failed = false;
  }

  get busy() { return this.waiting.length > 0; }

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
    const timer = this.timer = this.retryIn(RETRY_AFTER);
    Promise.resolve(this.deliver(this.waiting)).catch(() => {
      if (this.timer !== timer) return;   // an answer came by another parcel
      clearTimeout(timer);
      this.timer = this.retryIn(RETRY_AFTER_FAILURE);
      if (!this.failed) this.onFailure();
      this.failed = true;
    });
  }

  retryIn(milliseconds) { return setTimeout(() => this.dispatch(), milliseconds); }

  // Called with the number of the last action that the server has applied.
  acknowledge(number) {
    this.failed = false;
    this.waiting = this.waiting.filter((action) => action.number > number);
    this.dispatch();
    this.onChange();
  }

  // Give up what waits: the server will not apply it.
  stop() {
    this.acknowledge(this.last);
  }
}
