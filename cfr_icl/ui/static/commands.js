// Commands: buttons and keys call the same.

import { t } from './language.js';

// What works on the picture that is seen, and waits for nothing: refused while another one is on its way.
const NEEDS_PICTURE = new Set([
  'undo',
  'redo',
  'clear',
  'finish',
  'done',
  'accept',
  'send-back',
  'export',
  'download-mask',
  'download-cutout',
  'load-masks',
  'follow',
  'take-over',
  'next-unsure',
]);

export function setUpCommands(app) {
  const { root, ref, view, button, send } = app;

  const commands = {
    open: () => ref('file').click(),
    'open-folder': () => ref('folder').click(),
    'leave-folder': () => app.leaveFolder(),
    undo: () => send('undo'),
    redo: () => send('redo'),
    clear: () => (app.selected.size ? app.changeSelected('delete_objects') : send('clear')),
    finish: () => {
      send('finish');
      for (const object of app.state.objects) object.current = false;
      view.draw();
    },
    help: () => ref('help').showModal(),
    'close-help': () => ref('help').close(),
    hide: () => app.hideMasks(!view.hidden),
    follow: () => takeOver(true),
    'take-over': () => takeOver(false),
    'next-unsure': () => selectUnsure(),
    find: () => app.startSearch(),
    thumbnails: () => app.showThumbnails(!app.files.thumbnails),
    previous: () => app.files.step(-1),
    next: () => app.files.step(1),
    done: (byButton) => (byButton && app.state.done ? send('done', { done: false }) : markDone()),
    'load-labels': () => ref('labels-file').click(),
    'save-labels': () => app.saveLabels(),
    fit: () => view.fit(),
    actual: () => view.actualSize(),
    'zoom-in': () => view.zoomTo(view.scale * 1.5),
    'zoom-out': () => view.zoomTo(view.scale / 1.5),
    theme: () => app.showTheme(!document.body.classList.contains('dark')),
    mode: () => app.showMode(app.mode === 'positive' ? 'negative' : 'positive'),
    'load-masks': () => ref('masks-file').click(),
    export: () => app.export(),
    'download-mask': () => app.takeOne('mask'),
    'download-cutout': () => app.takeOne('cutout'),
    'cancel-upload': () => {
      app.cancelUpload();
      app.cancelAdding();
    },
    'cancel-job': () => send('cancel_job'),
    learn: () => send('learn'),
    'stop-learning': () => send('stop_learning'),
    'use-learnt': () => app.useLearnt(),
    'forget-learnt': () => app.forgetLearnt(),
    cancel: () => {
      app.dropPreview();
      if (!view.cancel()) app.clearSelection();
    },
    merge: () => app.changeSelected('merge_objects'),
    'delete-selected': () => app.changeSelected('delete_objects'),
    'hide-selected': () => app.hideSelected(),
    'to-front': () => app.changeSelected('order_objects', { front: true }),
    'to-back': () => app.changeSelected('order_objects', { front: false }),
    'clear-selection': () => app.clearSelection(),
    save: () => saveWork(),
    fill: () => ref('fill-files').click(),
    relabel: () => app.askRelabel(),
    'take-back': () => send('take_back_in_folder'),
    accept: () => app.review(true),
    'send-back': (byButton) => (byButton ? app.review(false) : app.writeNote()),
    'brush-smaller': () => app.showBrush(Math.min(view.brush - 1, view.brush / 1.25)),
    'brush-larger': () => app.showBrush(Math.max(view.brush + 1, view.brush * 1.25)),
    'tool-click': () => app.showTool('click'),
    'tool-box': () => app.showTool('box'),
    'tool-brush': () => app.showTool('brush'),
    'tool-eraser': () => app.showTool('eraser'),
    'tool-lasso': () => app.showTool('lasso'),
    'tool-corners': () => app.showTool('corners'),
    preview: () => app.togglePreview(),
    names: () => ref('names').click(),
    labels: () => app.openLabels(),
    attributes: () => app.openAttributes(),
    'reset-keys': () => app.resetKeys(),
    'save-keys': () => app.saveKeys(),
    'load-keys': () => ref('keys-file').click(),
    nothing: () => {},
  };

  // The objects of the previous picture of the folder.
  function takeOver(follow) {
    if (root.hasAttribute('data-folder')) send('take_over', { follow });
  }

  // The next object that is to be looked at; the one in work counts as looked at when it is finished.
  function selectUnsure() {
    const { objects } = app.state,
      current = objects.findIndex((object) => object.current),
      next = [...objects.slice(current + 1), ...objects.slice(0, current + 1)].find(
        (object) => object.unsure,
      );
    if (current >= 0) send('finish');
    if (next && !next.current) app.select(next.id);
  }

  // The key goes on and never takes "done" back, as often as it is pressed; the button does.
  function markDone() {
    if (app.files.index === null) return;
    const next = app.files.nextOpen,
      finishes =
        !app.state.done && app.files.states.every((state) => ['todo', 'work', 'done'].includes(state));
    if (!app.state.done) send('done', { done: true });
    if (next !== null) app.goTo(next, 1, true);
    else if (!finishes)
      // else the list says that the folder is finished
      app.notices.show(t('This was the last picture that was open.'));
  }

  // Ctrl+S: in a folder all is saved with every action; elsewhere the session file is the way to keep it.
  function saveWork() {
    if (root.hasAttribute('data-folder')) app.notices.show(t('Every action is saved at once.'));
    else if (app.ready() && app.state.objects.length) app.exportSession();
  }

  // The box starts the object anew, under the same label.
  app.suggestBox = () => {
    const begin = () => {
      app.command('clear');
      app.showTool('box', true);
    };
    const said = t('The last clicks changed little. A box around the object may help.');
    app.notices.show(said, { choices: [[t('Draw a box instead'), begin]] });
  };

  app.command = (name, byButton = false) => {
    const source = button(name);
    if (name !== 'cancel') view.keys.settle(); // before an undo, or another picture
    // while answers are under way the buttons lag behind; the server ignores what cannot be done
    if (source?.disabled && !app.busy()) return;
    if (NEEDS_PICTURE.has(name) && !app.ready()) return;
    commands[name](byButton);
  };

  root.addEventListener('click', (event) => {
    const source = event.target.closest('[data-do], [role=radio]');
    if (!source) return;
    if (source.dataset.do) app.command(source.dataset.do, true);
    else if (source.dataset.tool) app.showTool(source.dataset.tool);
    else if (source.dataset.mode) app.showMode(source.dataset.mode);
  });

  ref('help').addEventListener('click', (event) => {
    if (event.target === ref('help')) ref('help').close();
  });

  root.addEventListener('keydown', (event) => {
    const group = event.target.closest('[role=radiogroup]');
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!group || !step) return;
    const radios = [...group.querySelectorAll('[role=radio]')];
    radios[(radios.indexOf(event.target) + step + radios.length) % radios.length].focus();
    event.preventDefault();
  });
}
