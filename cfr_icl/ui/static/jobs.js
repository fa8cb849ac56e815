// Background jobs of the server: the page polls until the result arrives.

const ASK_AGAIN = 700; // milliseconds

export function setUpJobs(app) {
  let timer = null;

  // Called with each reply's `job`, which is undefined when none runs.
  app.followJob = (job) => {
    app.ref('job').hidden = !job;
    showCount(job);
    clearTimeout(timer);
    timer = job ? setTimeout(ask, ASK_AGAIN) : null;
  };

  function showCount({ done = 0, total = 0 } = {}) {
    const bar = app.ref('job-bar');
    app.ref('job-count').textContent = total ? `${done.toLocaleString()} / ${total.toLocaleString()}` : '';
    if (total) Object.assign(bar, { max: total, value: done });
    else bar.removeAttribute('value');
  }

  function ask() {
    if (!app.channel.busy) app.deliver([]).catch(() => {});
    timer = setTimeout(ask, ASK_AGAIN);
  }
}
