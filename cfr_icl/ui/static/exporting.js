// Downloads, exports, and a preview of polygons.

import { make, takesText } from './dom.js';
import { count, t } from './language.js';
import { person } from './memory.js';

// Kinds of actions that change no work: a page that is left does not wait for them.
const LOSES_NOTHING = [
  'hello',
  'introduce',
  'prepare',
  'goto',
  'polygons',
  'inspect',
  'choices',
  'view',
  'model',
  'cancel_job',
];

// Kinds of actions that make objects, or change them.
export const MAKES = ['click', 'box', 'paint', 'lasso', 'reshape'];

const FIRST_CHOICE = { format: 'coco', detail: 1, split: '' }; // on a person's first visit

const option = ({ name, title }) => make('option', { value: name, textContent: title });

export class Exporting {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.root = app.root;
    this.view = app.view;
    this.send = app.send;
    const { export_formats: formats } = app.props; // { name, title, polygons }, listed in ui/canvas.py
    this.polygonFormats = [
      ...formats.filter(({ polygons }) => polygons).map(({ name }) => name),
      'everything',
    ];
    this.ref('format').prepend(...formats.map(option));
    this.polygonsOf = null; // the versions of the objects whose polygons are shown
    this.taken = ''; // the work that was exported
    this.taking = new Map(); // what exports under way hold, by the number of their action; as `ask` takes it
    this.restoreChoice();
    for (const name of ['format', 'detail', 'split'])
      this.ref(name).addEventListener('change', () => this.keepChoice());
    this.ref('whole-folder').addEventListener('change', () => this.keepWhole());
    this.ref('format').addEventListener('change', () => this.showFormat());
    this.ref('whole-folder').addEventListener('change', () => this.show());
    this.ref('detail').addEventListener('change', () => this.askPolygons());
    this.ref('detail').addEventListener('input', () => this.previewPolygons());
    window.addEventListener('beforeunload', (event) => {
      this.sendUnfinished();
      const waits = this.app.channel.awaitsOther(LOSES_NOTHING),
        runs = ['upload', 'job'].some((name) => !this.ref(name).hidden); // files are sent, or made
      if (this.isUnsaved() || this.app.ownFolder.isUnsaved() || waits || runs) event.preventDefault();
    });
  }

  // Send what is being written or drawn, as the page is about to be left.
  sendUnfinished() {
    const line = document.activeElement;
    if (this.root.contains(line) && takesText(line)) line.blur();
    this.view.keys.settle();
    this.view.keys.closeLine();
    this.view.dragging.settle();
  }

  detail() {
    return Number(this.ref('detail').value);
  }

  versions() {
    return this.app.state.objects.map((object) => object.version).join();
  }

  // The work on a single picture as a text, by which it is known whether it was exported since it changed.
  work() {
    return JSON.stringify(
      this.app.state.objects.map(({ id, version, label, colour }) => [id, version, label, colour]),
    );
  }

  exportsFolder() {
    return !this.ref('whole-folder-row').hidden && this.ref('whole-folder').checked;
  }

  restoreChoice() {
    const kept = person.json('cfr-export', {});
    for (const [name, first] of Object.entries(FIRST_CHOICE)) {
      const select = this.ref(name);
      select.value = kept[name] ?? first;
      if (select.selectedIndex === -1) select.value = first; // another version of the tool had more
    }
  }

  keepChoice(change) {
    const [format, split] = [this.ref('format').value, this.ref('split').value],
      { whole } = person.json('cfr-export', {});
    person.set('cfr-export', JSON.stringify({ format, split, detail: this.detail(), whole, ...change }));
  }

  // The box of a single picture is hidden and not checked; that of a page's own folder is no lasting choice.
  keepWhole() {
    if (!this.ref('whole-folder-row').hidden && !this.app.inOwnFolder)
      this.keepChoice({ whole: this.ref('whole-folder').checked });
  }

  // A folder is exported as a whole, unless a person has chosen otherwise for one that the server keeps.
  showForFolder(own) {
    this.ref('whole-folder').checked = own || (person.json('cfr-export', {}).whole ?? true);
    this.showFormat();
  }

  askPolygons() {
    this.polygonsOf = this.versions();
    this.send('polygons', { detail: this.detail() });
  }

  // While the slider moves, one preview is requested at a time, and always the last one.
  previewPolygons() {
    this.ref('detail-value').textContent = `${this.detail()} px`;
    if (!this.app.channel.busy) this.askPolygons();
  }

  showPolygons(rings) {
    this.view.polygons = this.ref('detail-row').hidden ? null : rings;
    const corners = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
    this.ref('detail-value').textContent = `${this.detail()} px · ${count(corners, 'corner')}`;
    this.view.draw();
  }

  followPolygons() {
    if (this.view.polygons && this.versions() !== this.polygonsOf) this.askPolygons();
  }

  // `comes` tells whether an object is being made.
  show(comes = this.app.channel.awaits(...MAKES)) {
    this.ref('split').hidden = !this.exportsFolder() || this.ref('format').value === 'session';
    const some = this.app.state.objects.length > 0 || comes;
    this.app.button('export').disabled = !some && !this.exportsFolder();
    this.app.button('export').title = this.exportsFolder()
      ? t('All pictures of the folder')
      : t('This picture');
    this.showDownloads(this.app.state.objects, some);
  }

  // Without an object in work these files hold all objects together.
  showDownloads(objects, some) {
    const all = objects.length > 1 && !objects.some((object) => object.current);
    const show = (name, text, title) => {
      const button = this.app.button(name);
      button.disabled = !some;
      button.querySelector('span').textContent = text;
      button.title = all ? `${title}; ${t('all objects together, as none is selected')}` : title;
    };
    show(
      'download-mask',
      all ? t('Mask (all)') : t('Mask'),
      t('PNG as large as the picture, with 0 and 255'),
    );
    const title = t('PNG with transparency around the object');
    show('download-cutout', all ? t('Cut-out (all)') : t('Cut-out'), title);
  }

  showFormat() {
    this.ref('detail-row').hidden = !this.polygonFormats.includes(this.ref('format').value);
    // a folder that is not the page's own has its session files on the server's disk
    const own = this.app.inOwnFolder;
    this.ref('whole-folder-row').hidden =
      !this.app.inFolder || (this.ref('format').value === 'session' && !own);
    this.show();
    if (this.ref('detail-row').hidden) {
      this.view.polygons = null;
      this.view.draw();
    } else if (this.app.picture) {
      this.askPolygons();
    }
  }

  exportSession() {
    this.ask('download', { what: this.exportsFolder() ? 'sessions' : 'session' }, this.held());
  }

  export() {
    const format = this.ref('format').value;
    if (format === 'session') return this.exportSession();
    this.ask(
      'export',
      {
        format,
        detail: this.detail(),
        whole_folder: this.exportsFolder(),
        split: this.ref('split').value || null,
      },
      this.held(),
    );
  }

  takeOne(what) {
    this.ask('download', { what }, { work: this.app.state.objects.length === 1 ? this.work() : null });
  }

  // What an export contains: `work`, the objects of the picture, and `saved`, the state of the page's own
  // folder, or null if the picture alone is exported.
  held() {
    return { work: this.work(), saved: this.exportsFolder() ? this.app.ownFolder.saved : null };
  }

  ask(kind, fields, held) {
    this.taking.set(this.send(kind, fields), held);
  }

  // The export that an action asked for has arrived.
  markTaken(action) {
    const { work = null, saved = null } = this.taking.get(action) ?? {};
    this.taking.delete(action);
    if (work !== null) this.taken = work;
    if (saved !== null) this.app.ownFolder.markTaken(saved);
  }

  // Work that the server has not answered yet counts as unsaved too.
  isUnsaved() {
    const { channel, inFolder, state } = this.app;
    const changed = state.objects.length > 0 && this.work() !== this.taken;
    return !inFolder && (changed || channel.awaits(...MAKES));
  }

  // Whether the open picture may be left: asks where its objects were not exported.
  async mayLeave() {
    return (
      !this.isUnsaved() ||
      this.app.question.ask(
        t('The objects on this picture were not exported. Leave them?'),
        t('Leave them'),
        t('Stay here'),
        { loses: true },
      )
    );
  }
}
