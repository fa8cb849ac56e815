// The page: joins view, panel and channel. `element`, `trigger`, `props`, `upload` and `watch`
// come from gradio.HTML.

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
  zoomed(scale) { ref('zoom').textContent = `${Math.round(scale * 100)} %`; },
  mode: () => mode,
});

const channel = new Channel(
  trigger,
  () => ({
    page,
    resume,
    language: props.label,
    picture: picture && picture.token,
    reply: lastReply,
  }),
  () => { ref('busy').hidden = !channel.busy; root.toggleAttribute('data-busy', channel.busy); },
);

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

watch('value', () => {
  const reply = props.value;
  if (!page) sessionStorage.setItem('cfr-page', page = reply.page);
  if (reply.page !== page) {   // the server has forgotten this page, and said so
    view.pending = [];
    channel.stop();
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
});

// ---- showing

function showPicture(described) {
  picture = described;
  const image = new Image();
  image.onload = () => {
    if (picture !== described) return;
    view.setPicture(image, described.transparent);
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
    object.shape = old && old.version === object.version ? old.shape : MaskShape.decode(object.size, object.counts);
    objects.set(object.id, object);
  }
  if (session.order) session.objects = session.order.map((id) => objects.get(id));
  else session.objects = [...objects.values()];
  for (const object of session.objects) object.current = object.id === session.active;
  state = session;
  view.objects = session.objects;
  view.draw();
  showPanel();
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
  ref('adaptive').checked = state.cfr.adaptive;
  ref('every-click').checked = state.cfr.every_click;
  ref('best-pass').checked = state.cfr.best_pass;
  ref('answer').textContent = describe(active);
}

// ---- polygons: a preview of what would be exported

const POLYGON_FORMATS = ['coco-polygons', 'yolo', 'labelme', 'everything'];
let polygonsOf = null;

// While the slider moves one preview at a time is asked for, and the last one always.
function previewPolygons() {
  ref('detail-value').textContent = `${Number(ref('detail').value)} px`;
  if (!channel.busy) askPolygons();
}

function askPolygons() {
  polygonsOf = state.objects.map((object) => object.version).join();
  channel.send('polygons', { detail: Number(ref('detail').value) });
}

function showPolygons(rings) {
  view.polygons = ref('detail-row').hidden ? null : rings;
  const corners = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
  ref('detail-value').textContent = `${Number(ref('detail').value)} px · ${count(corners, 'corner')}`;
  view.draw();
}

function exportsFolder() { return !ref('whole-folder-row').hidden && ref('whole-folder').checked; }

function showExport() { button('export').disabled = !state.objects.length && !exportsFolder(); }

function showFormat() {
  ref('detail-row').hidden = !POLYGON_FORMATS.includes(ref('format').value);
  ref('whole-folder-row').hidden = !root.hasAttribute('data-folder') || ref('format').value === 'session';
  showExport();
  if (ref('detail-row').hidden) { view.polygons = null; view.draw(); } else if (picture) askPolygons();
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

let labelsShown = null;

function showLabels(active) {
  const current = active ? active.label : state.label;
  const used = new Set(state.objects.map((object) => object.label));
  const shown = JSON.stringify([props.label, current, state.labels, [...used]]);
  if (shown === labelsShown) return;
  labelsShown = shown;
  document.getElementById('cfr-labels').replaceChildren(...state.labels.map(({ name }) => make('option', { value: name })));
  ref('labels').replaceChildren(...state.labels.map(({ name, colour }, index) => {
    const dot = make('i');
    dot.style.background = colour;
    const chip = make('button', { type: 'button', title: index < 9 ? `${t('Label')} (${index + 1})` : t('Label') }, dot, name);
    chip.setAttribute('aria-pressed', String(name === current));
    chip.addEventListener('click', () => chooseLabel(index));
    if (used.has(name)) return chip;
    const remove = make('button', { type: 'button', className: 'remove', title: t('Remove this label from the list') }, '✕');
    remove.setAttribute('aria-label', `${remove.title}: ${name}`);
    remove.addEventListener('click', () => channel.send('remove_label', { name }));
    return make('span', {}, chip, remove);
  }));
}

function chooseLabel(index) {
  const label = state.labels[index];
  if (label) channel.send('label', { name: label.name, active: true });
}

function showTool(next) {
  view.tool = next;
  for (const radio of root.querySelectorAll('[role=radio][data-tool]'))
    radio.setAttribute('aria-checked', String(radio.dataset.tool === next));
  ref('brush-size').hidden = !view.brushing;
  view.showCursor();
  view.draw();
}

function showBrush(diameter) {
  view.brush = Math.min(120, Math.max(1, Math.round(diameter)));
  ref('brush').value = view.brush;
  ref('brush-value').textContent = `${view.brush} px`;
  view.draw();
}

function showMode(next) {
  mode = next;
  root.dataset.mode = next;
  for (const radio of root.querySelectorAll('[role=radio][data-mode]'))
    radio.setAttribute('aria-checked', String(radio.dataset.mode === next));
  view.showCursor();
}

function showLook() {
  ref('opacity').value = Math.round(look.opacity * 100);
  ref('opacity-value').textContent = `${Math.round(look.opacity * 100)} %`;
  ref('contour').checked = look.contour;
  ref('markers').checked = look.markers;
  localStorage.setItem('cfr-look', JSON.stringify(look));
  view.draw();
}

function showTheme(dark) {
  document.body.classList.toggle('dark', dark);
  localStorage.setItem('cfr-dark', dark ? '1' : '0');
}

function save(file) {
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}

// ---- pictures coming in

// Without a folder the work lives in this page; what was not taken out of it is not left without asking.
let taken = '', taking = '';

function work() { return JSON.stringify(state.objects.map(({ id, version, label, colour }) => [id, version, label, colour])); }

function unsaved() { return state.objects.length > 0 && !root.hasAttribute('data-folder') && work() !== taken; }

function mayLeave() { return !unsaved() || confirm(t('The objects on this picture were not exported. Leave them?')); }

async function open(file, kind = file && file.name.toLowerCase().endsWith('.json') ? 'import' : 'open') {
  if (!file || (kind === 'open' && !mayLeave())) return;
  try {
    const { path } = await upload(file);
    channel.send(kind, { path, name: file.name || 'pasted.png' });
  } catch (error) {
    ref('answer').textContent = `${t('The file could not be sent:')} ${error.message || error}`;
  }
}

ref('help').addEventListener('click', (event) => { if (event.target === ref('help')) ref('help').close(); });
ref('file').addEventListener('change', (event) => { open(event.target.files[0]); event.target.value = ''; });
ref('masks-file').addEventListener('change', (event) => { open(event.target.files[0], 'import'); event.target.value = ''; });
root.addEventListener('dragover', (event) => { event.preventDefault(); root.toggleAttribute('data-drop', true); });
root.addEventListener('dragleave', (event) => { if (!root.contains(event.relatedTarget)) root.removeAttribute('data-drop'); });
root.addEventListener('drop', (event) => {
  event.preventDefault();
  root.removeAttribute('data-drop');
  open(event.dataTransfer.files[0]);
});
document.addEventListener('paste', (event) => {
  const file = [...event.clipboardData.files][0];
  if (file) { event.preventDefault(); open(file); }
});
props.examples.forEach(({ name, credit, thumbnail }, index) => {
  const choice = document.createElement('button');
  const image = document.createElement('img');
  image.src = thumbnail;
  image.alt = name;
  choice.title = credit || name;
  choice.append(image);
  choice.addEventListener('click', () => { if (mayLeave()) channel.send('example', { index }); });
  ref('examples').append(choice);
});

// ---- commands: buttons and hotkeys call the same

const commands = {
  open: () => ref('file').click(),
  undo: () => channel.send('undo'),
  redo: () => channel.send('redo'),
  clear: () => channel.send('clear'),
  finish: () => {
    channel.send('finish');
    for (const object of state.objects) object.current = false;
    view.draw();
  },
  help: () => ref('help').showModal(),
  'close-help': () => ref('help').close(),
  hide: () => { view.hidden = !view.hidden; view.draw(); },
  previous: () => fileList.step(-1),
  next: () => fileList.step(1),
  done: () => {
    if (fileList.index === null) return;
    channel.send('done', { done: !state.done });
    if (!state.done && fileList.nextOpen !== null) channel.send('goto', { index: fileList.nextOpen });
  },
  'load-labels': () => ref('labels-file').click(),
  'save-labels': () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(state.labels, null, 1)], { type: 'application/json' }));
    save({ url, orig_name: 'labels.json' });
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  },
  fit: () => view.fit(),
  actual: () => { view.place(1); view.fitted = false; },
  'zoom-in': () => view.zoomTo(view.scale * 1.5),
  'zoom-out': () => view.zoomTo(view.scale / 1.5),
  theme: () => showTheme(!document.body.classList.contains('dark')),
  mode: () => showMode(mode === 'positive' ? 'negative' : 'positive'),
  'load-masks': () => ref('masks-file').click(),
  export: () => {
    taking = work();
    const format = ref('format').value;
    if (format === 'session') channel.send('download', { what: 'session' });
    else channel.send('export', { format, detail: Number(ref('detail').value), whole_folder: exportsFolder() });
  },
  'download-mask': () => takeOne('mask'),
  'download-cutout': () => takeOne('cutout'),
};

function takeOne(what) {
  if (state.objects.length === 1) taking = work();
  channel.send('download', { what });
}

function button(name) { return root.querySelector(`[data-do="${name}"]`); }

function run(name) {
  const source = button(name);
  // while answers are under way the buttons lag behind; the server ignores what cannot be done
  if (!source || !source.disabled || channel.busy) commands[name]();
}

root.addEventListener('click', (event) => {
  const source = event.target.closest('[data-do], [role=radio]');
  if (!source) return;
  if (source.dataset.do) run(source.dataset.do);
  else if (source.dataset.tool) showTool(source.dataset.tool);
  else showMode(source.dataset.mode);
  // after the mouse the keys belong to the picture again, not to the button
  if (picture && event.detail && !ref('help').open && source.closest('.bar')) ref('canvas').focus({ preventScroll: true });
});

root.addEventListener('keydown', (event) => {
  const group = event.target.closest('[role=radiogroup]'), step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!group || !step) return;
  const radios = [...group.querySelectorAll('[role=radio]')];
  radios[(radios.indexOf(event.target) + step + radios.length) % radios.length].focus();
  event.preventDefault();
});

ref('model-row').hidden = props.models.length < 2;
ref('model').append(...props.models.map((name) => make('option', { value: name, textContent: name })));
ref('model').addEventListener('change', () => channel.send('model', { name: ref('model').value }));

const sendCascade = () => channel.send('cascade', {
  steps: Number(ref('steps').value), adaptive: ref('adaptive').checked, every_click: ref('every-click').checked,
  best_pass: ref('best-pass').checked,
});
ref('steps').addEventListener('input', () => { ref('steps-value').textContent = ref('steps').value; });
for (const name of ['steps', 'adaptive', 'every-click', 'best-pass']) ref(name).addEventListener('change', sendCascade);
ref('opacity').addEventListener('input', () => { look.opacity = ref('opacity').value / 100; showLook(); });
for (const name of ['contour', 'markers']) ref(name).addEventListener('change', () => { look[name] = ref(name).checked; showLook(); });

for (const input of root.querySelectorAll('[data-edit]'))
  input.addEventListener('change', () => channel.send('edit', { id: state.active, [input.dataset.edit]: input.checked }));
ref('brush').addEventListener('input', () => showBrush(Number(ref('brush').value)));
ref('new-label').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = event.target.querySelector('input');
  if (input.value.trim()) channel.send('label', { name: input.value, active: true });
  input.value = '';
});
ref('labels-file').addEventListener('change', async (event) => {
  const text = await event.target.files[0].text();
  event.target.value = '';
  let labels;
  try { labels = JSON.parse(text); } catch { labels = text.split(/\r?\n/).filter((line) => line.trim()); }
  channel.send('labels', { labels });
});

const HOTKEYS = { '?': 'help', h: 'hide', o: 'open', x: 'mode', c: 'clear', f: 'fit', 0: 'fit', a: 'actual', delete: 'clear', d: 'done', pageup: 'previous', pagedown: 'next', '+': 'zoom-in', '=': 'zoom-in', '-': 'zoom-out', z: 'undo', y: 'redo' };

ref('format').addEventListener('change', showFormat);
ref('whole-folder').addEventListener('change', showExport);
ref('detail').addEventListener('change', askPolygons);
ref('detail').addEventListener('input', previewPolygons);

const TOOL_KEYS = { v: 'click', r: 'box', b: 'brush', e: 'eraser' };

function onStage(event) { return event.target === ref('canvas') || event.target === document.body; }

function typing(target) {
  return target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT'
    || (target.tagName === 'INPUT' && !['range', 'checkbox', 'color'].includes(target.type));
}

document.addEventListener('keydown', (event) => {
  if (typing(event.target) || ref('help').open) return;
  view.shiftHeld = event.shiftKey;
  if (event.key === ' ' && onStage(event)) {
    if (!view.spaceHeld) view.spaceUsed = false;
    view.spaceHeld = true;
    event.preventDefault();
  }
  view.showCursor();
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === 'z') run(event.shiftKey ? 'redo' : 'undo');
    else if (key === 'y') run('redo');
    else return;
  } else if (TOOL_KEYS[key] && !event.altKey) {
    showTool(TOOL_KEYS[key]);
  } else if (key === '[' || key === ']') {
    showBrush(key === '[' ? Math.min(view.brush - 1, view.brush / 1.25) : Math.max(view.brush + 1, view.brush * 1.25));
  } else if (/^[1-9]$/.test(key)) {
    chooseLabel(Number(key) - 1);
  } else if (key === 'enter' && !event.target.closest('button, summary, select, a')) {
    run('finish');
  } else if (HOTKEYS[key] && !event.altKey) {
    run(HOTKEYS[key]);
  } else return;
  event.preventDefault();
});
document.addEventListener('keyup', (event) => {
  view.shiftHeld = event.shiftKey;
  if (event.key === ' ' && view.spaceHeld) {
    view.spaceHeld = false;
    if (!view.spaceUsed) run('finish');   // held and dragged it moves the picture
  }
  view.showCursor();
});

function showLanguage() {
  translate(root, props.translations[props.label]);
  document.documentElement.lang = props.translations[props.label] ? props.label : 'en';
  if (state.cfr) showPanel();
}
watch('label', showLanguage);

window.addEventListener('beforeunload', (event) => { if (unsaved()) event.preventDefault(); });

const darkBefore = localStorage.getItem('cfr-dark');
if (darkBefore !== null) showTheme(darkBefore === '1');
showLanguage();
showLook();
showMode('positive');
showTool('click');
showBrush(20);
channel.send('hello');
