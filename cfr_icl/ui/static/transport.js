// Sends actions to the server, and shows a message when it cannot be reached.

import { t } from './language.js';
import { serverAddress } from './uploading.js';

const ASK_AFTER = 6000; // milliseconds without a reply after which the page looks whether the server is there
const PROBE_WITHIN = 8000;

// Where Gradio's own pages are.
const root = () => serverAddress().replace(/\/gradio_api$/, '');

export class Transport {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.waiters = [];
    this.loggedIn = null; // a promise while the login dialog is open
  }

  // A reply came, by whichever way.
  heard() {
    this.app.notices.remove(t('The server cannot be reached; the page keeps trying.'));
    for (const done of this.waiters) done();
    this.waiters = [];
  }

  // Gradio's events name the tab and show a model's progress. All else goes around them: that is faster,
  // and Gradio reloads the page, with all that waits in it, after an event that did not arrive.
  async deliver(actions) {
    const kinds = actions.map((action) => action.kind);
    const known = {
      page: this.app.page,
      resume: this.app.resume,
      language: this.app.props.label,
      picture: this.app.latest()?.token ?? null,
      reply: this.app.lastReply,
      ...this.app.reviewing.introduce(),
    };
    const parcel = { actions, known };
    if (this.app.page && kinds.every((kind) => this.app.props.direct.includes(kind))) {
      const reply = await this.replied(this.app.server.apply(parcel).catch(() => null));
      if (!reply) {
        // Gradio does not report failures
        await this.explainFailure();
        throw Error('no reply');
      }
      queueMicrotask(() => this.app.replies.receive(reply)); // an error there is not a failed delivery
      return;
    }
    // a page that was lost has work that no reload may end
    if ((this.app.page || this.app.restoring) && (await this.explainFailure()) !== 'reached')
      throw Error('no reply');
    const heard = new Promise((done) => this.waiters.push(done));
    this.app.trigger(kinds.includes('model') ? 'switch' : 'act', parcel);
    await this.replied(heard);
  }

  // The tab is being closed: others may work on its picture now, and not only when the lease has ended.
  leave() {
    const { page, inFolder, inOwnFolder } = this.app;
    if (!page || !inFolder || inOwnFolder) return;
    const body = JSON.stringify({ data: [page] }),
      headers = { 'Content-Type': 'application/json' };
    fetch(`${serverAddress()}/run/leave`, { method: 'POST', keepalive: true, headers, body }).catch(() => {});
  }

  // Wait for a reply, and return it; fails when the server is found to be out of reach.
  async replied(heard) {
    let came = false;
    heard.then(() => {
      came = true;
    });
    while (!came) {
      await Promise.race([heard, new Promise((done) => setTimeout(done, ASK_AFTER))]);
      if (!came && (await this.explainFailure()) !== 'reached') throw Error('no reply');
    }
    return heard;
  }

  // Find out why there is no reply: 'reached', 'unreachable', or 'login', which opens the login dialog.
  async explainFailure() {
    const state = await this.probe();
    if (state === 'login') await this.logIn();
    return state;
  }

  async probe() {
    try {
      const signal = AbortSignal.timeout(PROBE_WITHIN);
      const { ok, status } = await fetch(`${serverAddress()}/login_check`, { cache: 'no-store', signal });
      if (status === 401) return 'login';
      return ok ? 'reached' : 'unreachable';
    } catch {
      return 'unreachable';
    }
  }

  logIn() {
    this.loggedIn ??= this.askLogin().finally(() => {
      this.loggedIn = null;
    });
    return this.loggedIn;
  }

  // Called with the name of a reply to somebody who has logged in.
  offerLogOut(name) {
    if (name) this.app.button('log-out').hidden = false;
  }

  // Leave the page by Gradio's route, which leads to its login. The name is that of many people: their logins
  // stay.
  logOut() {
    location.assign(`${root()}/logout?all_session=false`);
  }

  // The page stays as it is while the person logs in; then the same actions are sent again.
  askLogin() {
    const dialog = this.ref('login'),
      form = dialog.querySelector('form'),
      wrong = this.ref('login-wrong');
    wrong.hidden = true;
    if (!dialog.open) dialog.showModal();
    return new Promise((done) => {
      form.onsubmit = async (event) => {
        event.preventDefault();
        const response = await fetch(`${root()}/login`, { method: 'POST', body: new FormData(form) }).catch(
          () => null,
        );
        wrong.hidden = Boolean(response?.ok);
        if (!response?.ok) return;
        form.reset();
        dialog.close();
      };
      dialog.addEventListener('close', () => done(), { once: true });
    });
  }
}
