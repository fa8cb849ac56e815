// The page: joins view, panel and channel. `element`, `trigger`, `props`, `upload` and `watch`
// come from gradio.HTML.

const root = element.querySelector('.cfr');
const ref = (name) => root.querySelector(`[data-ref="${name}"]`);

const look = { opacity: 0.45, contour: true, markers: true, ...JSON.parse(localStorage.getItem('cfr-look') || '{}') };
let mode = 'positive';
let state = { objects: [], active: null, cfr: null, canUndo: false, canRedo: false };
let picture = null;
let shapes = new Map();   // mask version -> MaskShape, so that a mask is decoded once

const view = new View(ref('canvas'), look, {
  click(x, y, positive) {
    const number = channel.send('click', { x, y, positive });
    view.pending.push(Object.assign([x, y, positive], { number }));
    ref('hint').hidden = true;
    view.draw();
  },
  hover(pixel) { ref('pointer').textContent = pixel ? `${pixel.x}, ${pixel.y}` : ''; },
  zoomed(scale) { ref('zoom').textContent = `${Math.round(scale * 100)} %`; },
  mode: () => mode,
});

const channel = new Channel(
  trigger,
  () => ({
    picture: picture && picture.token,
    masks: Object.fromEntries(state.objects.map((object) => [object.id, object.version])),
  }),
  () => { ref('busy').hidden = !channel.busy; root.toggleAttribute('data-busy', channel.busy); },
);

watch('value', () => {
  const reply = props.value;
  view.pending = view.pending.filter((click) => click.number > reply.applied);
  if (reply.picture && (!picture || picture.token !== reply.picture.token)) showPicture(reply.picture);
  if (reply.session) showSession(reply.session);
  if (reply.download) save(reply.download);
  channel.acknowledge(reply.applied);
});

// ---- showing

function showPicture(described) {
  picture = described;
  const image = new Image();
  image.onload = () => { if (picture === described) { view.setPicture(image); root.removeAttribute('data-empty'); ref('canvas').focus({ preventScroll: true }); } };
  image.src = described.file.url;
  ref('name').textContent = described.name;
  ref('size').textContent = `${described.width} × ${described.height}`;
  ref('hint').hidden = localStorage.getItem('cfr-hint') === 'seen';
  localStorage.setItem('cfr-hint', 'seen');
}

function showSession(session) {
  const before = new Map(state.objects.map((object) => [object.id, object]));
  const kept = new Map();
  for (const object of session.objects) {
    const shape = object.counts !== undefined ? new MaskShape(object.size, object.counts) : shapes.get(object.version);
    const old = before.get(object.id);
    if (old && old.version === object.version) Object.assign(object, { bitmap: old.bitmap, path: old.path, paintedColour: old.paintedColour });
    object.shape = shape;
    object.current = object.id === session.active;
    kept.set(object.version, shape);
  }
  shapes = kept;
  state = session;
  view.objects = session.objects;
  view.draw();
  showPanel();
}

function showPanel() {
  const active = state.objects.find((object) => object.current);
  button('undo').disabled = !state.canUndo;
  button('redo').disabled = !state.canRedo;
  button('clear').disabled = !active;
  for (const name of ['download-mask', 'download-cutout']) button(name).disabled = !state.objects.length;
  ref('steps').value = state.cfr.steps;
  ref('steps-value').textContent = state.cfr.steps;
  ref('adaptive').checked = state.cfr.adaptive;
  ref('every-click').checked = state.cfr.every_click;
  const answer = active && active.answer;
  ref('answer').textContent = answer
    ? `${active.clicks.length} ${active.clicks.length === 1 ? 'click' : 'clicks'} · ${answer.forwards} ${answer.forwards === 1 ? 'forward' : 'forwards'} · ${Math.round(answer.milliseconds)} ms`
    : 'Ready';
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

async function open(file) {
  if (!file) return;
  try {
    const { path } = await upload(file);
    channel.send('open', { path, name: file.name || 'pasted.png' });
  } catch (error) {
    ref('answer').textContent = `The file could not be sent: ${error.message || error}`;
  }
}

ref('file').addEventListener('change', (event) => { open(event.target.files[0]); event.target.value = ''; });
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
props.examples.forEach(({ name, thumbnail }, index) => {
  const choice = document.createElement('button');
  const image = document.createElement('img');
  image.src = thumbnail;
  image.alt = name;
  choice.title = name;
  choice.append(image);
  choice.addEventListener('click', () => channel.send('example', { index }));
  ref('examples').append(choice);
});

// ---- commands: buttons and hotkeys call the same

const commands = {
  open: () => ref('file').click(),
  undo: () => channel.send('undo'),
  redo: () => channel.send('redo'),
  clear: () => channel.send('clear'),
  fit: () => view.fit(),
  actual: () => { view.place(1); view.fitted = false; },
  'zoom-in': () => view.zoomTo(view.scale * 1.5),
  'zoom-out': () => view.zoomTo(view.scale / 1.5),
  theme: () => showTheme(!document.body.classList.contains('dark')),
  mode: () => showMode(mode === 'positive' ? 'negative' : 'positive'),
  'download-mask': () => channel.send('download', { what: 'mask' }),
  'download-cutout': () => channel.send('download', { what: 'cutout' }),
};

function button(name) { return root.querySelector(`[data-do="${name}"]`); }

function run(name) {
  const source = button(name);
  if (!source || !source.disabled) commands[name]();
}

root.addEventListener('click', (event) => {
  const source = event.target.closest('[data-do], [role=radio][data-mode]');
  if (!source) return;
  if (source.dataset.do) run(source.dataset.do); else showMode(source.dataset.mode);
});

const sendCascade = () => channel.send('cascade', {
  steps: Number(ref('steps').value), adaptive: ref('adaptive').checked, every_click: ref('every-click').checked,
});
ref('steps').addEventListener('input', () => { ref('steps-value').textContent = ref('steps').value; });
for (const name of ['steps', 'adaptive', 'every-click']) ref(name).addEventListener('change', sendCascade);
ref('opacity').addEventListener('input', () => { look.opacity = ref('opacity').value / 100; showLook(); });
for (const name of ['contour', 'markers']) ref(name).addEventListener('change', () => { look[name] = ref(name).checked; showLook(); });

const HOTKEYS = { o: 'open', x: 'mode', c: 'clear', f: 'fit', 0: 'fit', 1: 'actual', '+': 'zoom-in', '=': 'zoom-in', '-': 'zoom-out', z: 'undo', y: 'redo' };

function typing(target) {
  return target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT'
    || (target.tagName === 'INPUT' && !['range', 'checkbox', 'color'].includes(target.type));
}

document.addEventListener('keydown', (event) => {
  if (typing(event.target)) return;
  view.shiftHeld = event.shiftKey;
  if (event.key === ' ' && (event.target === ref('canvas') || event.target === document.body)) {
    view.spaceHeld = true;
    event.preventDefault();
  }
  view.showCursor();
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === 'z') run(event.shiftKey ? 'redo' : 'undo');
    else if (key === 'y') run('redo');
    else return;
  } else if (HOTKEYS[key] && !event.altKey) {
    run(HOTKEYS[key]);
  } else return;
  event.preventDefault();
});
document.addEventListener('keyup', (event) => {
  view.shiftHeld = event.shiftKey;
  if (event.key === ' ') view.spaceHeld = false;
  view.showCursor();
});

const darkBefore = localStorage.getItem('cfr-dark');
if (darkBefore !== null) showTheme(darkBefore === '1');
showLook();
showMode('positive');
channel.send('hello');
