// Replies of the server: the mask is shown at once, the panel one frame later.

import { save } from './dom.js';
import { t } from './language.js';
import { tab } from './memory.js';
import { merged } from './session.js';
import { addressOf } from './uploading.js';

const LISTS = ['messages', 'downloads', 'added_pictures', 'missing_uploads'];

export class Replies {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.view = app.view;
    this.channel = app.channel;
    this.root = app.root;
    this.panelDue = false; // whether the panel is to be painted
  }

  // Show a reply, as `replies.Reply` (ui/protocol/replies.py).
  receive(reply) {
    const { app, channel } = this;
    app.transport.heard();
    app.transport.offerLogOut(reply.login);
    const late = app.lastReply !== null && reply.reply <= app.lastReply;
    if (!late) reply = withMissed(reply, app.lastReply);
    if (reply.picture && reply.picture.token !== app.latest()?.token) app.notices.forgetPicture();
    // of an export, or of "done", after which another picture comes
    const general = Boolean(reply.downloads) || this.answers(reply, 'done');
    for (const message of (!late && reply.messages) || []) app.notices.show(message, { general });
    if (reply.left_folder) {
      if (reply.page === app.page) app.ownFolder.beginAnew(); // else a reply before this one has told it
      return;
    }
    if (reply.forgotten && reply.page === null) {
      app.restorer.putBack(reply);
      return;
    }
    const isNew = !app.page && !reply.resumed;
    if (!app.page) {
      app.page = reply.page;
      tab.set('cfr-page', app.page);
    }
    if (reply.page !== app.page) {
      // the server goes on with this page in another tab
      this.view.pending = [];
      channel.takeWaiting();
      return;
    }
    this.view.pending = this.view.pending.filter((entry) => entry.number > reply.applied);
    if (!late) {
      this.showNewest(reply);
      this.passOn(reply);
    }
    channel.acknowledge(reply.applied);
    if (!late && reply.model && !channel.awaits('model')) app.settings.showModel(reply.model);
    if (isNew) app.settings.useModelOfBefore();
    app.shownPicture.followWish();
    app.shownPicture.showComing();
    app.restorer.check();
    if (reply.resumed === false) app.restorer.recover(reply);
  }

  // Pass on the fields that are sent once. Those of a late reply came with the one that has overtaken it.
  passOn(reply) {
    const { app } = this;
    if (reply.inside) app.inspector.show(reply.inside);
    if (reply.choices) app.choices.offer(reply.choices);
    if (reply.suggestion) app.commands.suggest(reply.suggestion);
    if (reply.polygons) app.exporting.showPolygons(reply.polygons);
    for (const file of reply.downloads ?? []) {
      save(addressOf(file), file.orig_name);
      app.exporting.markTaken(file.action);
    }
    if (reply.fill) app.maskLoading.confirm(reply.fill);
    if (reply.relabel) app.relabelling.confirm(reply.relabel);
    if (reply.added_pictures) app.ownFolder.noteAdded(reply.added_pictures);
    if (reply.missing_uploads) app.ownFolder.sendAgain(reply.missing_uploads);
    if (reply.loaded) app.maskLoading.offerReadings(reply.loaded);
  }

  // Whether a waiting action of a kind is answered by the reply.
  answers({ applied }, kind) {
    return this.channel.waiting.some((action) => action.kind === kind && action.number <= applied);
  }

  // Not called with a reply that a newer one has overtaken: it would show an old state, and end the polling
  // of a job.
  showNewest(reply) {
    this.app.takesCoordinates = Boolean(reply.takes_coordinates);
    this.showState(reply);
    this.app.learning.follow(reply.learning);
    this.app.cost.show(reply.model_cost);
    this.app.jobs.follow(reply.job);
    this.app.following.follow();
  }

  showState(reply) {
    Object.assign(this.app, { lastReply: reply.reply, applied: reply.applied });
    if (reply.picture && reply.picture.token !== this.app.latest()?.token)
      this.app.shownPicture.expect(reply.picture);
    if (reply.folder) this.showFolder(reply.folder);
    if (!reply.session) return;
    const { incoming } = this.app,
      token = reply.session.picture;
    if (incoming && (token === undefined || token === incoming.picture.token)) {
      incoming.state = merged(incoming.state, reply.session);
    } else if (token === undefined || token === (this.app.picture?.token ?? null)) {
      this.showSession(merged(this.app.state, reply.session));
    }
  }

  showSession(state) {
    const before = this.app.current;
    tellChanges(this.app, this.app.state, state);
    this.app.state = state;
    this.app.restorer.copySoon();
    this.view.objects = state.objects;
    this.app.notices.keepObjects(state.objects);
    this.showCurrent(before);
    this.root.dataset.reply = this.app.lastReply;
  }

  // The object in work is shown as the actions that wait will leave it: what is clicked next is meant for it.
  showCurrent(before = this.app.current) {
    const { activeSoon, state } = this.app,
      id = activeSoon === undefined ? state.active : activeSoon;
    for (const object of state.objects) object.current = object.id === id;
    if (before && before.id !== id && this.app.mode === 'negative') this.app.settings.showMode('positive');
    this.view.drawNow();
    if (this.panelDue) return;
    this.panelDue = true;
    requestAnimationFrame(() => requestAnimationFrame(() => this.showNews()));
  }

  showNews() {
    this.panelDue = false;
    this.app.panel.show();
    this.showBusy();
  }

  showFolder(folder) {
    this.root.toggleAttribute('data-folder', true);
    this.app.ownFolder.follow(folder);
    if (this.ref('files').hidden) {
      for (const name of ['files', 'walk']) this.ref(name).hidden = false;
      this.app.exporting.showForFolder(Boolean(folder.own));
    }
    this.app.files.show(folder);
    if (folder.change !== undefined) this.app.maskLoading.offerTakingBack(folder.change);
    this.app.reviewing.followVisits(folder.visits);
    if (this.app.incoming) this.app.incoming.index = folder.index;
    else if (folder.index !== this.app.files.index) this.app.files.showIndex(folder.index);
  }

  showBusy() {
    this.ref('busy').hidden = !this.channel.busy && !this.app.incoming;
    this.app.cost.followEncoding();
    this.root.toggleAttribute('data-busy', this.app.busy());
    this.root.toggleAttribute('data-waits', Boolean(this.app.picture) && !this.app.ready());
    this.view.showCursor();
  }

  showFailure() {
    this.app.notices.show(t('The server cannot be reached; the page keeps trying.'), {
      lasting: true,
      general: true,
    });
  }
}

// A reply with the fields that are sent once of the replies after `last` that did not arrive.
export function withMissed(reply, last) {
  const all = [...(reply.earlier ?? []).filter((missed) => missed.reply > (last ?? 0)), reply];
  const lists = LISTS.map((name) => [name, all.flatMap((each) => each[name] ?? [])]);
  return Object.assign({}, ...all, Object.fromEntries(lists.filter(([, values]) => values.length)));
}

// For a page within somebody's Blocks: say which objects are new, changed or gone.
function tellChanges({ props, page, trigger }, before, after) {
  if (!props.tells_changes) return;
  const marks = ({ objects }) =>
    new Map(objects.map(({ id, version, label }) => [id, `${version} ${label}`]));
  const [old, now] = [marks(before), marks(after)];
  const ids = [...new Set([...old.keys(), ...now.keys()])].filter((id) => old.get(id) !== now.get(id));
  if (ids.length) trigger('change', { page, ids });
}
