// The page: joins view, panel and channel. `element`, `trigger`, `server`, `props`, `upload` and
// `watch` come from gradio.HTML.

const root = element.querySelector('.cfr');
root.append(make('datalist', { id: 'cfr-labels' }));
const ref = (name) => root.querySelector(`[data-ref="${name}"]`);

const look = { opacity: 0.45, contour: true, markers: true, ...JSON.parse(localStorage.getItem('cfr-look') || '{}') };
let mode = 'positive';
let state = { objects: [], active: null, cfr: null, canUndo: false, canRedo: false };
let picture = null;
let page = null;          // which session of the server this is
const resume = sessionStorage.getItem('cfr-page');   // the same before the page was loaded anew
let lastReply = null;     // its number tells the server what is shown here

const view = new View(ref('canvas'), look, {
  click(x, y, positive) {
    const number = mark('click', { x, y, positive });
    view.pending.push(Object.assign([x, y, positive], { number }));
    view.draw();
  },
  select: (id) => channel.send('select', { id }),
  box(left, top, right, bottom) { mark('box', { left, top, right, bottom }); showTool('click'); },
  paint: (points, add) => mark('paint', { points, add, diameter: view.brush }),
  hover(pixel) { ref('pointer').textContent = pixel ? `${pixel.x}, ${pixel.y}` : ''; },
  zoomed(scale) {
    ref('zoom').textContent = `${Math.round(scale * 100)} %`;
    if (picture) sessionStorage.setItem('cfr-place', JSON.stringify(view.fitted ? [] : [picture.token, scale, view.x, view.y]));
  },
  mode: () => mode,
});

const channel = new Channel(deliver, showBusy, () => trigger('warning', t('The server cannot be reached; the page keeps trying.')));

// Gradio's events bring the session, files and a model's progress; what changes objects alone goes
// around them, which is faster.
function deliver(actions) {
  const known = { page, resume, language: props.label, picture: picture && picture.token, reply: lastReply };
  const kinds = actions.map((action) => action.kind), parcel = { actions, known };
  if (page && kinds.every((kind) => props.direct.includes(kind))) return server.apply(parcel).then((reply) => {
    if (!reply) throw Error('no reply');   // Gradio keeps failures to itself
    queueMicrotask(() => receive(reply));   // what fails there is no failure to deliver
  });
  trigger(kinds.includes('model') ? 'switch' : 'act', parcel);
}

let panelDue = false;

// Whether an answer is awaited, or not all of it is shown yet.
function isBusy() { return channel.busy || panelDue; }

function showBusy() {
  ref('busy').hidden = !channel.busy;
  root.toggleAttribute('data-busy', isBusy());
}

// Whoever works on the picture wants to see the answer, also where the masks were hidden to look below them.
function mark(kind, data) {
  view.hidden = false;
  ref('hint').hidden = true;
  return channel.send(kind, data);
}

const objectList = new ObjectList(ref('objects'), 'cfr-labels', (kind, data) => channel.send(kind, data), () => view.draw());

const fileList = new FileList(
  { list: ref('file-list'), progress: ref('progress'), text: ref('progress-text'), place: ref('place') },
  (index) => channel.send('goto', { index }),
);

const inspector = new Inspector(ref('inspect'), view, (kind, data) => channel.send(kind, data));

watch('value', () => receive(props.value));

function receive(reply) {
  for (const message of reply.messages || []) trigger('warning', message);   // Gradio shows it
  if (!page) sessionStorage.setItem('cfr-page', page = reply.page);
  if (reply.page !== page) {   // the server has forgotten this page, or goes on with it in another tab
    view.pending = [];
    channel.stop();
    if (reply.forgotten) putBack();
    return;
  }
  view.pending = view.pending.filter((click) => click.number > reply.applied);
  lastReply = reply.reply;
  if (reply.folder) showFolder(reply.folder);
  if (reply.picture && (!picture || picture.token !== reply.picture.token)) showPicture(reply.picture);
  if (reply.session) showSession(reply.session);
  if (reply.model) ref('model').value = reply.model;
  if (reply.inside) inspector.show(reply.inside);
  if (reply.polygons) showPolygons(reply.polygons);
  if (reply.download) { save(reply.download); taken = taking; }
  channel.acknowledge(reply.applied);
}

function showPicture(described) {
  picture = described;
  const image = new Image();
  image.onload = () => {
    if (picture !== described) return;
    const [token, ...place] = JSON.parse(sessionStorage.getItem('cfr-place') || '[]');
    view.setPicture(image, described.transparent);
    if (token === described.token) view.goTo(...place);
    root.removeAttribute('data-empty');
    ref('canvas').focus({ preventScroll: true });
    channel.send('prepare');   // while the person looks for the first place to click
  };
  image.src = described.file.url;
  ref('name').textContent = described.name;
  ref('size').textContent = [
    `${described.width} × ${described.height}`,
    ...(described.transparent ? [t('holes count as white')] : []),
    ...(described.first_frame ? [t('first frame')] : []),
  ].join(' · ');
  ref('hint').hidden = localStorage.getItem('cfr-hint') === 'seen';
  localStorage.setItem('cfr-hint', 'seen');
}

function showSession(session) {
  const before = new Map(state.objects.map((object) => [object.id, object]));
  const objects = new Map(before);   // those that did not change are not sent again
  for (const object of session.objects) {
    const old = before.get(object.id);
    if (old && old.version === object.version) Object.assign(object, { shape: old.shape, counts: old.counts });
    else object.shape = MaskShape.decode(object.size, object.counts);
    objects.set(object.id, object);
  }
  if (session.order) session.objects = session.order.map((id) => objects.get(id));
  else session.objects = [...objects.values()];
  for (const object of session.objects) object.current = object.id === session.active;
  state = session;
  view.objects = session.objects;
  view.drawNow();
  root.dataset.reply = lastReply;
  showPanelSoon();
}

// The mask comes first: the panel waits until it is painted.
function showPanelSoon() {
  if (panelDue) return;
  panelDue = true;
  requestAnimationFrame(() => setTimeout(() => { panelDue = false; showPanel(); showBusy(); }));
}

function showPanel() {
  const active = state.objects.find((object) => object.current);
  button('undo').disabled = !state.canUndo;
  button('redo').disabled = !state.canRedo;
  button('clear').disabled = button('finish').disabled = !active;
  for (const name of ['download-mask', 'download-cutout']) button(name).disabled = !state.objects.length;
  showExport();
  button('load-masks').disabled = !picture;
  objectList.show(state.objects);
  ref('no-objects').hidden = state.objects.length > 0;
  ref('object-switches').hidden = !active;
  if (active) for (const input of root.querySelectorAll('[data-edit]')) {
    input.checked = active[input.dataset.edit];
    input.disabled = active.locked;
  }
  button('done').classList.toggle('on', state.done);
  button('done').setAttribute('aria-pressed', String(state.done));
  showLabels(active);
  inspector.follow(active);
  if (view.polygons && state.objects.map((object) => object.version).join() !== polygonsOf) askPolygons();
  ref('steps').value = state.cfr.steps;
  ref('steps-value').textContent = state.cfr.steps;
  ref('stop').value = state.cfr.adaptive ? (state.cfr.min_change_ratio ? 'settled' : 'published') : 'never';
  ref('every-click').checked = state.cfr.cf_clicks === null;
  ref('best-pass').checked = state.cfr.best_pass;
  ref('close-up').checked = state.cfr.close_ups;
  ref('answer').textContent = describe(active);
}

function showFolder(folder) {
  root.toggleAttribute('data-folder', true);
  if (ref('files').hidden) { for (const name of ['files', 'walk']) ref(name).hidden = false; showFormat(); }
  fileList.show(folder);
}

function describe(active) {
  if (!active) return state.objects.length
    ? `${count(state.objects.length, 'object')} · ${t('click a mask to correct it, anything else to start a new one')}` : t('Ready');
  const parts = [count(active.clicks.length, 'click'), `${active.area.toLocaleString()} px`];
  if (active.answer) parts.push(count(active.answer.forwards, 'forward'), `${Math.round(active.answer.milliseconds)} ms`);
  if (active.left_out) parts.push(t('{n} px left to other objects').replace('{n}', active.left_out.toLocaleString()));
  return parts.join(' · ');
}
