// Long work of the server that goes on in the background: the page asks until its result comes.

const ASK_AGAIN = 700; // milliseconds

export function setUpJobs(app) {
  let timer = null;

  // Called with each reply's `job`, which is undefined when none runs.
  app.followJob = (job) => {
    app.ref('job').hidden = !job;
    clearTimeout(timer);
    timer = job ? setTimeout(ask, ASK_AGAIN) : null;
  };

  function ask() {
    if (!app.channel.busy) app.deliver([]).catch(() => {});
    timer = setTimeout(ask, ASK_AGAIN);
  }
}
