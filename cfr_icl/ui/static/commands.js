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

// Those that end what is being drawn: a stroke under way belongs to what is seen now.
const ENDS_DRAWING = new Set([...NEEDS_PICTURE, 'previous', 'next']);

// Those with which a line that is drawn by keys goes on.
const GOES_ON = new Set(['undo', 'redo']);

export class Commands {
  constructor(app) {
    this.app = app;
    this.root = app.root;
    this.ref = app.ref;
    this.view = app.view;
    this.button = app.button;
    this.send = app.send;
    this.commands = this.table();
    this.root.addEventListener('click', (event) => {
      const source = event.target.closest('[data-do], [role=radio]');
      if (!source) return;
      if (source.dataset.do) this.run(source.dataset.do, true);
      else if (source.dataset.tool) this.app.settings.showTool(source.dataset.tool);
      else if (source.dataset.mode) this.app.settings.showMode(source.dataset.mode);
    });
    this.ref('help').addEventListener('click', (event) => {
      if (event.target === this.ref('help')) this.ref('help').close();
    });
    this.root.addEventListener('keydown', (event) => {
      const group = event.target.closest('[role=radiogroup]');
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!group || !step) return;
      const radios = [...group.querySelectorAll('[role=radio]')];
      radios[(radios.indexOf(event.target) + step + radios.length) % radios.length].focus();
      event.preventDefault();
    });
  }

  // What each command does. `byButton` tells whether a button was pressed, not a key.
  table() {
    const { app, view, ref, send } = this;
    return {
      open: () => ref('file').click(),
      'open-folder': () => ref('folder').click(),
      'leave-folder': () => app.ownFolder.leave(),
      undo: () => {
        send('undo');
        app.panel.showCommands(); // it can be taken back before the answer
      },
      redo: () => send('redo'),
      clear: () => (app.selection.selected.size ? app.selection.change('delete_objects') : send('clear')),
      finish: () => {
        send('finish');
        app.replies.showCurrent();
      },
      help: () => ref('help').showModal(),
      'close-help': () => ref('help').close(),
      hide: () => app.settings.hideMasks(!view.hidden),
      follow: () => this.takeOver(true),
      'take-over': () => this.takeOver(false),
      'next-unsure': () => {
        app.settings.hideMasks(false);
        app.selection.clear();
        send('go_to_unsure');
      },
      find: () => app.folder.startSearch(),
      'show-all': () => app.folder.showAll(),
      'show-all-objects': () => app.panel.showAll(),
      thumbnails: () => app.folder.showThumbnails(!app.files.thumbnails),
      previous: () => app.files.step(-1),
      next: () => app.files.step(1),
      done: (byButton) => (byButton && app.state.done ? send('done', { done: false }) : this.markDone()),
      'load-labels': () => ref('labels-file').click(),
      'save-labels': () => app.labels.save(),
      fit: () => view.fit(),
      actual: () => view.actualSize(),
      'zoom-in': () => view.zoomTo(view.scale * 1.5),
      'zoom-out': () => view.zoomTo(view.scale / 1.5),
      theme: () => app.settings.showTheme(!document.body.classList.contains('dark')),
      mode: () => app.settings.showMode(app.mode === 'positive' ? 'negative' : 'positive'),
      'load-masks': () => ref('masks-file').click(),
      export: () => app.exporting.export(),
      'download-mask': () => app.exporting.takeOne('mask'),
      'download-cutout': () => app.exporting.takeOne('cutout'),
      'cancel-upload': () => {
        app.opening.cancel();
        app.ownFolder.cancelAdding();
      },
      'cancel-job': () => send('cancel_job'),
      'log-out': () => app.transport.logOut(),
      learn: () => send('learn'),
      'stop-learning': () => app.learning.stop(),
      'use-learnt': () => app.learning.useLearnt(),
      'forget-learnt': () => app.learning.forgetLearnt(),
      cancel: () => {
        app.preview.drop();
        if (!view.cancel()) app.selection.clear();
      },
      merge: () => app.selection.change('merge_objects'),
      'delete-selected': () => app.selection.change('delete_objects'),
      'hide-selected': () => app.selection.hide(),
      'to-front': () => app.selection.change('order_objects', { front: true }),
      'to-back': () => app.selection.change('order_objects', { front: false }),
      'clear-selection': () => app.selection.clear(),
      save: () => this.saveWork(),
      fill: () => ref('fill-files').click(),
      relabel: () => app.relabelling.ask(),
      'take-back': () => send('take_back_in_folder'),
      accept: () => app.reviewing.review(true),
      'send-back': (byButton) => (byButton ? app.reviewing.review(false) : app.reviewing.writeNote()),
      'brush-smaller': () => app.settings.showBrush(Math.min(view.brush - 1, view.brush / 1.25)),
      'brush-larger': () => app.settings.showBrush(Math.max(view.brush + 1, view.brush * 1.25)),
      'tool-click': () => app.settings.showTool('click'),
      'tool-box': () => app.settings.showTool('box'),
      'tool-brush': () => app.settings.showTool('brush'),
      'tool-eraser': () => app.settings.showTool('eraser'),
      'tool-lasso': () => app.settings.showTool('lasso'),
      'tool-corners': () => app.settings.showTool('corners'),
      preview: () => app.preview.toggle(),
      names: () => ref('names').click(),
      labels: () => app.labels.open(),
      attributes: () => app.attributes.open(),
      'reset-keys': () => app.ownKeys.reset(),
      'save-keys': () => app.ownKeys.save(),
      'load-keys': () => ref('keys-file').click(),
      nothing: () => {},
    };
  }

  // The objects of the previous picture of the folder.
  takeOver(follow) {
    if (this.app.inFolder) this.send('take_over', { follow });
  }

  // The key goes on and never takes "done" back, as often as it is pressed; the button does.
  markDone() {
    if (this.app.files.index === null) return;
    const next = this.app.files.nextOpen,
      finishes =
        !this.app.state.done &&
        this.app.files.states.every((state) => ['todo', 'work', 'done'].includes(state));
    if (!this.app.state.done) this.send('done', { done: true });
    if (next !== null) {
      this.app.folder.showNextOpen(next);
      this.app.shownPicture.goTo(next, 1, true);
    } else if (!finishes) {
      // else the list says that the folder is finished
      this.app.notices.show(t('This was the last picture that was open.'));
    }
  }

  // Ctrl+S: in a folder all is saved with every action; elsewhere the session file is the way to keep it.
  saveWork() {
    if (this.app.inFolder) this.app.notices.show(t('Every action is saved at once.'));
    else if (this.app.ready() && this.app.state.objects.length) this.app.exporting.exportSession();
  }

  // Offer what may help after a click on object `id`, as long as that exists.
  suggest({ kind, object: id }) {
    const of = (act) => () => {
      if (this.app.state.objects.some((object) => object.id === id)) act();
    };
    if (kind === 'box') this.suggestBox(id, of);
    else this.suggestOverlap(id, of);
  }

  // The box starts the object anew, under the same label.
  suggestBox(id, of) {
    const begin = of(() => {
      if (this.app.state.active !== id) this.send('select', { id });
      this.run('clear');
      this.app.settings.showTool('box', true);
    });
    const said = t('The last clicks changed little. A box around the object may help.');
    this.app.notices.show(said, { choices: [[t('Draw a box instead'), begin]], object: id });
  }

  // The click on object `id` is on a pixel that another object keeps.
  suggestOverlap(id, of) {
    const said = t('Another object has the pixel that you clicked on, and keeps it.');
    const overlap = of(() => this.send('overlap_clicked', { id })),
      remove = of(() => this.send('delete', { id }));
    const choices = [
      [t('Let the new one overlap it'), overlap],
      [t('Delete the new one'), remove],
    ];
    this.app.notices.show(said, { choices, object: id });
  }

  // Run a command, unless it cannot be run now.
  run(name, byButton = false) {
    if (name === 'undo' && this.view.keys.takePointBack()) return;
    const source = this.button(name);
    if (name !== 'cancel') this.view.keys.settle(); // before an undo, or another picture
    if (ENDS_DRAWING.has(name)) this.view.dragging.settle();
    if (ENDS_DRAWING.has(name) && !GOES_ON.has(name)) this.view.keys.closeLine();
    // while answers are under way the buttons lag behind; the server ignores actions that cannot be applied
    if (source?.disabled && !this.app.busy()) return;
    if (NEEDS_PICTURE.has(name) && !this.app.accepts()) return;
    this.commands[name](byButton);
  }
}
