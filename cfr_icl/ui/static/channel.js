// Actions travel to the server numbered and in order; one parcel is on its way at a time.
// What was not acknowledged is sent again, and the server skips the numbers it has applied.

const RETRY_AFTER = 45000;

class Channel {
  constructor(trigger, known, onChange) {
    Object.assign(this, { trigger, known, onChange });
    this.last = 0;
    this.waiting = [];
    this.timer = null;
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
    this.timer = setTimeout(() => this.dispatch(), RETRY_AFTER);
    const kind = this.waiting.some((action) => action.kind === 'model') ? 'switch' : 'act';
    this.trigger(kind, { actions: this.waiting, known: this.known() });
  }

  // Called with the number of the last action that the server has applied.
  acknowledge(number) {
    this.waiting = this.waiting.filter((action) => action.number > number);
    this.dispatch();
    this.onChange();
  }

  // Give up what waits: the server will not apply it.
  stop() {
    this.acknowledge(this.last);
  }
}
