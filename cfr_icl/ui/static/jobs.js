// Background jobs of the server: the page polls until the result arrives.

const ASK_AGAIN = 700; // milliseconds

// A function that starts or stops polling; each reply that comes meanwhile puts the next question off.
export function polling(app, interval) {
  let timer = null;
  const ask = () => {
    if (!app.channel.busy) app.deliver([]).catch(() => {});
    timer = setTimeout(ask, interval);
  };
  return (on) => {
    clearTimeout(timer);
    timer = on ? setTimeout(ask, interval) : null;
  };
}

export function setUpJobs(app) {
  const poll = polling(app, ASK_AGAIN);

  // Called with each reply's `job`, which is undefined when none runs.
  app.followJob = (job) => {
    app.ref('job').hidden = !job;
    showCount(job);
    poll(Boolean(job));
  };

  function showCount({ done = 0, total = 0 } = {}) {
    const bar = app.ref('job-bar');
    app.ref('job-count').textContent = total ? `${done.toLocaleString()} / ${total.toLocaleString()}` : '';
    if (total) Object.assign(bar, { max: total, value: done });
    else bar.removeAttribute('value');
  }
}
