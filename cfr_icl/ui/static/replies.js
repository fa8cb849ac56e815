// Replies of the server: the mask is shown at once, the panel one frame later.

import { save } from './dom.js';
import { t } from './language.js';
import { tab } from './memory.js';
import { merged } from './session.js';
import { addressOf } from './uploading.js';

export function setUpReplies(app) {
  const { ref, view, channel, root } = app;
  let panelDue = false;

  app.receive = (reply) => {
    app.heard();
    if (reply.picture && reply.picture.token !== app.latest()?.token) app.notices.forgetPicture();
    // of an export, or of "done", after which another picture comes
    const general = Boolean(reply.download) || answers(reply, 'done');
    for (const message of reply.messages || []) app.notices.show(message, { general });
    if (reply.left_folder) return reply.page === app.page ? app.beginAnew() : undefined; // else told before
    if (reply.forgotten && reply.page === null) return app.putBack(reply);
    if (!app.page) {
      app.page = reply.page;
      tab.set('cfr-page', app.page);
    }
    if (reply.page !== app.page) {
      // the server goes on with this page in another tab
      view.pending = [];
      channel.takeWaiting();
      return;
    }
    view.pending = view.pending.filter((entry) => entry.number > reply.applied);
    const late = app.lastReply !== null && reply.reply <= app.lastReply;
    if (!late) showNewest(reply);
    if (reply.inside) app.inspector.show(reply.inside);
    if (reply.choices) app.showChoices(reply.choices);
    if (reply.suggestion === 'box') app.suggestBox();
    if (reply.polygons) app.showPolygons(reply.polygons);
    if (reply.download) {
      save(addressOf(reply.download), reply.download.orig_name);
      app.markTaken();
    }
    if (reply.fill) app.offerFilling(reply.fill);
    if (reply.relabel) app.confirmRelabel(reply.relabel);
    if (reply.added_pictures) app.noteAdded(reply.added_pictures);
    if (reply.missing_uploads) app.sendAgain(reply.missing_uploads);
    if (reply.loaded) app.offerReadings(reply.loaded);
    channel.acknowledge(reply.applied);
    if (!late && reply.model && !channel.awaits('model')) app.showModel(reply.model);
    app.followWish();
    app.checkPutBack();
    if (reply.resumed === false) app.recover(reply);
  };

  // Whether a waiting action of a kind is answered by the reply.
  const answers = ({ applied }, kind) =>
    channel.waiting.some((action) => action.kind === kind && action.number <= applied);

  // A reply that another has overtaken would show what was before, and end the questions after a job.
  function showNewest(reply) {
    app.takesCoordinates = Boolean(reply.takes_coordinates);
    showState(reply);
    app.followLearning(reply.learning);
    app.showCost(reply.model_cost);
    app.followJob(reply.job);
    app.followFolder();
  }

  function showState(reply) {
    app.lastReply = reply.reply;
    if (reply.picture && reply.picture.token !== app.latest()?.token) app.expectPicture(reply.picture);
    if (reply.folder) showFolder(reply.folder);
    if (!reply.session) return;
    const { incoming } = app,
      token = reply.session.picture;
    if (incoming && (token === undefined || token === incoming.picture.token)) {
      incoming.state = merged(incoming.state, reply.session);
    } else if (token === undefined || token === (app.picture?.token ?? null)) {
      app.showSession(merged(app.state, reply.session));
    }
  }

  app.showSession = (state) => {
    const before = app.state.active;
    if (before !== null && before !== state.active && app.mode === 'negative') app.showMode('positive');
    tellChanges(app, app.state, state);
    app.state = state;
    app.copySoon();
    view.objects = state.objects;
    view.drawNow();
    root.dataset.reply = app.lastReply;
    if (panelDue) return;
    panelDue = true;
    requestAnimationFrame(() => requestAnimationFrame(showNews));
  };

  function showNews() {
    panelDue = false;
    app.showPanel();
    app.showBusy();
  }

  function showFolder(folder) {
    root.toggleAttribute('data-folder', true);
    app.followOwnFolder(folder);
    if (ref('files').hidden) {
      for (const name of ['files', 'walk']) ref(name).hidden = false;
      app.showFolderExport(Boolean(folder.own));
    }
    app.files.show(folder);
    if (folder.change !== undefined) app.offerTakingBack(folder.change);
    app.followVisits(folder.visits);
    if (app.incoming) app.incoming.index = folder.index;
    else if (folder.index !== app.files.index) app.files.showIndex(folder.index);
  }

  // Whether an answer is awaited, or not all of it is shown yet.
  app.busy = () => channel.busy || panelDue || Boolean(app.incoming);

  app.showBusy = () => {
    ref('busy').hidden = !channel.busy && !app.incoming;
    app.followEncoding();
    root.toggleAttribute('data-busy', app.busy());
    root.toggleAttribute('data-waits', Boolean(app.picture) && !app.ready());
    view.showCursor();
  };

  app.showFailure = () =>
    app.notices.show(t('The server cannot be reached; the page keeps trying.'), {
      lasting: true,
      general: true,
    });
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
