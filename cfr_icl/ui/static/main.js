// The page: joins its parts and shows what the server replies.

import { setUpAttributes } from './attributes.js';
import { setUpCascade } from './cascade.js';
import { Channel } from './channel.js';
import { setUpChoices } from './choices.js';
import { setUpCommands } from './commands.js';
import { setUpExporting } from './exporting.js';
import { setUpCost } from './cost.js';
import { save } from './dom.js';
import { FileList } from './files.js';
import { setUpFilling } from './filling.js';
import { setUpFolder } from './folder.js';
import { Inspector } from './inspect.js';
import { setUpJobs } from './jobs.js';
import { setUpLabels } from './labels.js';
import { t, translate } from './language.js';
import { setUpLearning } from './learning.js';
import { person, tab } from './memory.js';
import { Notices, Question } from './notices.js';
import { setUpOpening } from './opening.js';
import { setUpOwnFolder } from './own_folder.js';
import { setUpOwnKeys } from './own_keys.js';
import { setUpPanel } from './panel.js';
import { objectsAt } from './picking.js';
import { setUpPicture } from './picture.js';
import { setUpPreview } from './preview.js';
import { setUpRelabelling } from './relabelling.js';
import { setUpReviewing } from './reviewing.js';
import { setUpRestoring } from './restoring.js';
import { merged } from './session.js';
import { setUpSelection } from './selection.js';
import { LOOK, setUpSettings } from './settings.js';
import { setUpTransport } from './transport.js';
import { addressOf } from './uploading.js';
import { setUpShowing } from './showing.js';
import { View } from './view.js';

// Called by loader.js with what gradio.HTML gives to a component's script.
export function start({ element, trigger, props, server, upload, watch }) {
  const root = element.querySelector('.cfr');
  root.toggleAttribute('data-within', Boolean(props.height)); // a part of somebody's page
  if (props.height) root.style.setProperty('--cfr-height', props.height);
  const ref = (name) => root.querySelector(`[data-ref="${name}"]`);
  const button = (name) => root.querySelector(`[data-do="${name}"]`);

  // State and functions shared by the parts, which add their own: `showTool`, `goTo`, `receive` and so on.
  const app = {
    root,
    ref,
    button,
    trigger,
    props,
    server,
    upload,
    page: null, // which page of the server this is
    resume: tab.get('cfr-page'), // the same before the page was loaded anew
    lastReply: null, // its number tells the server the state of this page
    picture: null, // the one that is painted
    incoming: null, // the next one, whose pixels are on their way, with its state
    state: { objects: [], active: null, cfr: null },
    mode: 'positive',
    look: { ...LOOK, ...person.json('cfr-look', {}) },
    notices: new Notices(ref('notices')),
    question: new Question(ref('ask')),
  };

  app.channel = new Channel(
    (actions) => app.deliver(actions),
    () => app.showBusy(),
    () => app.showFailure(),
  );
  app.send = (kind, data = {}) => {
    app.dropPreview();
    return app.channel.send(kind, { picture: app.picture?.token ?? null, ...data });
  };

  // Whoever marks something wants to see the answer, also where the masks were hidden.
  const mark = (kind, data, shown) => {
    app.hideMasks(false);
    app.clearSelection();
    ref('tip').hidden = true;
    const number = app.send(kind, data);
    app.view.pending.push({ ...shown, number });
    app.view.draw();
  };
  app.select = (id) => {
    app.hideMasks(false);
    app.clearSelection();
    app.send('select', { id });
  };
  app.view = new View(ref('canvas'), app.look, {
    click: (x, y, positive) => mark('click', { x, y, positive }, { x, y, positive }),
    select: (id) => app.select(id),
    toggle: (id) => app.toggleSelected(id),
    box: (left, top, right, bottom, drag) => {
      mark('box', { left, top, right, bottom }, drag);
      app.showTool('click');
    },
    paint: (points, add, drag) => mark('paint', { points, add, diameter: drag.brush }, drag),
    lasso: (points, add, drag) => mark('lasso', { points, add }, drag),
    reshape: (points, drag) => mark('reshape', { points }, drag),
    fillHole: ({ x, y }) => app.send('fill_hole', { x, y }),
    resizeBrush: (direction) => app.command(direction > 0 ? 'brush-larger' : 'brush-smaller'),
    hover: (pixel, touch) => {
      app.followPointer(pixel, touch);
      ref('pointer').textContent = pixel ? `${pixel.x}, ${pixel.y}` : '';
      app.pointAt(pixel ? (objectsAt(app.view.objects, pixel)[0]?.id ?? null) : null);
    },
    zoomed: (scale) => {
      ref('zoom').textContent = `${Math.round(scale * 100)} %`;
      app.keepPlace();
      app.dropPreview();
    },
    mode: () => app.mode,
    ready: () => app.ready(),
  });
  app.inspector = new Inspector(ref('inspect'), app.view, app.send);
  app.files = new FileList(
    { list: ref('file-list'), progress: ref('progress'), text: ref('progress-text'), place: ref('place') },
    (index, step) => app.goTo(index, step),
  );

  for (const setUp of [
    setUpTransport,
    setUpPreview,
    setUpPicture,
    setUpSettings,
    setUpCascade,
    setUpChoices,
    setUpCost,
    setUpLabels,
    setUpExporting,
    setUpPanel,
    setUpSelection,
    setUpAttributes,
    setUpOpening,
    setUpShowing,
    setUpFolder,
    setUpOwnFolder,
    setUpReviewing,
    setUpRelabelling,
    setUpFilling,
    setUpJobs,
    setUpLearning,
    setUpRestoring,
    setUpOwnKeys,
    setUpCommands,
  ])
    setUp(app);
  setUpReplies(app);

  const showLanguage = () => {
    const table = props.translations[props.label];
    translate(root, table);
    if (!props.height) document.documentElement.lang = table ? props.label : 'en';
    if (app.state.cfr) app.showPanel();
    app.showLearning();
    app.showKeys();
  };
  watch('label', showLanguage);
  watch('value', () => app.receive(props.value));
  showLanguage();
  app.send('hello');
}

// Show a reply of the server: the mask at once, the panel one frame later.
function setUpReplies(app) {
  const { ref, view, channel, root } = app;
  let panelDue = false;

  app.receive = (reply) => {
    app.heard();
    if (reply.picture && reply.picture.token !== app.latest()?.token) app.notices.forgetPicture();
    const general = Boolean(reply.download); // of an export
    for (const message of reply.messages || []) app.notices.show(message, { general });
    if (reply.left) return app.beginAnew();
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
    if (!late) app.takesCoordinates = Boolean(reply.takes_coordinates);
    if (!late) showState(reply);
    if (!late) app.followLearning(reply.learning);
    if (reply.model) ref('model').value = reply.model;
    if (reply.inside) app.inspector.show(reply.inside);
    app.showCost(reply.model_cost);
    if (reply.choices) app.showChoices(reply.choices);
    if (reply.suggestion === 'box') app.suggestBox();
    if (reply.polygons) app.showPolygons(reply.polygons);
    if (reply.download) {
      save(addressOf(reply.download), reply.download.orig_name);
      app.markTaken();
    }
    if (reply.fill) app.offerFilling(reply.fill);
    if (reply.relabel) app.confirmRelabel(reply.relabel);
    if (reply.named) app.followNamed(reply.named);
    if (reply.again) app.sendAgain(reply.again);
    if (reply.loaded) app.offerReadings(reply.loaded);
    app.followJob(reply.job);
    channel.acknowledge(reply.applied);
    app.followWish();
    app.checkPutBack();
    if (reply.resumed === false && !reply.picture) app.recover(reply);
  };

  // A reply that another has overtaken would show what was before.
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
      ref('whole-folder').checked = Boolean(folder.own); // it is to be taken out of the page as a whole
      app.showFormat();
    }
    app.files.show(folder);
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
