// Background jobs of the server: the page polls until the result arrives.

const ASK_AGAIN = 700; // milliseconds

const LOST_AFTER = 20000; // milliseconds after which a question without an answer is asked again

// A function that starts or stops polling; each reply that comes meanwhile puts the next question off. A slow
// server is asked once at a time: questions that pile up would delay the person's actions.
export function polling(app, interval) {
  let timer = null;
  const ask = () => {
    const asked = setTimeout(ask, LOST_AFTER);
    timer = asked;
    const next = () => {
      if (timer !== asked) return; // polling was restarted or stopped, or the question was asked again
      clearTimeout(asked);
      timer = setTimeout(ask, interval);
    };
    if (app.channel.busy) next();
    else app.transport.deliver([]).then(next, next);
  };
  return (on) => {
    clearTimeout(timer);
    timer = on ? setTimeout(ask, interval) : null;
  };
}

export class Jobs {
  constructor(app) {
    this.app = app;
    this.poll = polling(app, ASK_AGAIN);
  }

  // Called with each reply's `job`, which is undefined when none runs.
  follow(job) {
    this.app.ref('job').hidden = !job;
    this.showCount(job);
    this.poll(Boolean(job));
  }

  showCount({ done = 0, total = 0 } = {}) {
    const bar = this.app.ref('job-bar');
    this.app.ref('job-count').textContent = total
      ? `${done.toLocaleString()} / ${total.toLocaleString()}`
      : '';
    if (total) Object.assign(bar, { max: total, value: done });
    else bar.removeAttribute('value');
  }
}
