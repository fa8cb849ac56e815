// Commands: buttons and hotkeys call the same.

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
  actual: () => { view.fitted = false; view.place(1); },
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

function button(name) { return root.querySelector(`[data-do="${name}"]`); }

function run(name) {
  const source = button(name);
  // while answers are under way the buttons lag behind; the server ignores what cannot be done
  if (!source || !source.disabled || isBusy()) commands[name]();
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

ref('help').addEventListener('click', (event) => { if (event.target === ref('help')) ref('help').close(); });

root.addEventListener('keydown', (event) => {
  const group = event.target.closest('[role=radiogroup]'), step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!group || !step) return;
  const radios = [...group.querySelectorAll('[role=radio]')];
  radios[(radios.indexOf(event.target) + step + radios.length) % radios.length].focus();
  event.preventDefault();
});

const HOTKEYS = { '?': 'help', h: 'hide', o: 'open', x: 'mode', c: 'clear', f: 'fit', 0: 'fit', a: 'actual', delete: 'clear', d: 'done', pageup: 'previous', pagedown: 'next', '+': 'zoom-in', '=': 'zoom-in', '-': 'zoom-out', z: 'undo', y: 'redo' };

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
