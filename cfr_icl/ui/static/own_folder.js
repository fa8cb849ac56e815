// A folder of this page: files that the browser sends, held by the server until the page or the folder is
// closed.

import { FolderCopies } from './folder_copies.js';
import { FolderUploads } from './folder_uploads.js';
import { sorted, withWork } from './gathering.js';
import { t } from './language.js';
import { tab } from './memory.js';

const TRY_AGAIN_AFTER = 3000; // milliseconds
const COPY_AFTER = 300; // milliseconds after work was saved
const COPIED_TOGETHER = 50;

export class OwnFolder {
  constructor(app) {
    this.app = app;
    this.root = app.root;
    this.ref = app.ref;
    this.props = app.props;
    this.limits = this.props.own_folder;
    this.copies = new FolderCopies();
    this.uploads = new FolderUploads(app, this.limits.work);
    this.stale = new Set(); // pictures whose work is to be copied
    this.copying = false; // whether a copy is being made, or soon
    this.saved = this.taken = 0; // replies that told of saved work, and those before the last whole export
  }

  // The name of the folder in the browser's storage.
  key() {
    if (!tab.get('cfr-own')) tab.set('cfr-own', crypto.randomUUID?.() ?? String(Math.random()));
    return tab.get('cfr-own');
  }

  // Add files to the folder of this page, { file, path } each; the first make it.
  async add(files) {
    if (this.app.inFolder && !this.app.inOwnFolder) {
      this.app.notices.show(t('This page works through a folder; add pictures to the folder instead.'));
      return;
    }
    const { pictures, works, others } = sorted(files, this.limits);
    const room = this.limits.pictures - (this.app.inOwnFolder ? this.app.files.names.length : 0);
    if (!pictures.length && !(works.length && this.app.inOwnFolder)) {
      const said = works.length
        ? t('Open the pictures of this work first, or together with it.')
        : t('There is no picture among these files.');
      this.app.notices.show(said);
      return;
    }
    if (!this.app.inOwnFolder && !(await this.app.exporting.mayLeave())) return;
    if (others) {
      const said = t('Files that are no pictures were left out: {n}.').replace('{n}', others);
      this.app.notices.show(said, { general: true });
    }
    if (pictures.length > room) {
      const said = t('A folder of this page holds {n} pictures at most; left out: {m}.');
      const left = pictures.length - Math.max(room, 0);
      this.app.notices.show(said.replace('{n}', this.limits.pictures).replace('{m}', left), {
        general: true,
      });
    }
    const single = this.app.inOwnFolder && pictures.length === 1 && !works.length;
    const taken = withWork(pictures.slice(0, Math.max(room, 0)), works, this.limits.work);
    await this.uploads.send(taken, { open: single });
  }

  cancelAdding() {
    this.uploads.cancel();
  }

  // Called with the uploads that the server did not find any more.
  sendAgain(missing) {
    this.uploads.send(this.uploads.filesOf(missing));
  }

  // ---- copies in the browser

  // Called with [upload, name] of pictures: under this name, which may be another than that of the file, the
  // server has them and their work.
  noteAdded(added) {
    for (const [upload, name] of added) {
      const sent = this.uploads.arrived.get(upload);
      if (sent) this.copies.keepFile(this.key(), name, sent.file);
    }
  }

  // Called with each reply's `folder`: whether it is this page's own, and the pictures whose work was saved.
  follow({ own = false, saved = [] }) {
    this.root.toggleAttribute('data-own', own);
    this.ref('leave').hidden = !own;
    this.ref('review').hidden = own;
    this.ref('relabel-button').hidden = false;
    if (!own || !saved.length) return;
    if (this.app.page && this.app.files.names.length) this.saved += 1;
    for (const name of saved) this.stale.add(name);
    if (!this.copying) setTimeout(() => this.copyWork(), COPY_AFTER);
    this.copying = true;
  }

  async copyWork() {
    const names = [...this.stale].slice(0, COPIED_TOGETHER);
    this.copying = names.length > 0;
    if (!this.copying) return;
    for (const name of names) this.stale.delete(name);
    const folder = this.key();
    const texts = await this.app.server.saved_work({ page: this.app.page, names }).catch(() => null);
    const open = folder === tab.get('cfr-own'); // not closed meanwhile
    if (open && texts) await this.copies.keepWork(folder, texts);
    else if (open) for (const name of names) this.stale.add(name);
    setTimeout(() => this.copyWork(), texts ? 0 : TRY_AGAIN_AFTER);
  }

  async hasCopies() {
    if (!tab.get('cfr-own')) return false;
    const { files } = await this.copies.find(this.key());
    return files.size > 0;
  }

  // Send pictures and work again to a server that has lost them, also uploads (`untold`) that it was never
  // told of, and open the picture of this name.
  async giveBack(name, untold) {
    const { files, work } = await this.copies.find(this.key());
    const pictures = [...files].map(([path, file]) => ({ path, file }));
    const works = [...work].map(([path, text]) => ({
      path: path + this.limits.work,
      file: new File([text], 'work.json', { type: 'application/json' }),
    }));
    this.app.send('hello');
    const kept = sorted(pictures, this.limits).pictures;
    const lost = this.uploads.filesOf(untold);
    if (kept.length) await this.uploads.send(withWork(kept, works, this.limits.work), { back: true });
    if (lost.length) await this.uploads.send(lost);
    const first = kept[0]?.path;
    if (first) this.app.send('goto', { name: files.has(name) ? name : first, picture: undefined });
    return kept.length > 0 || lost.length > 0;
  }

  // ---- leaving

  isUnsaved() {
    return this.app.inOwnFolder && this.saved !== this.taken;
  }

  // An export of the whole folder has arrived; what was saved since it was asked for is not in it.
  markTaken(saved) {
    this.taken = saved;
  }

  async leave() {
    const sure =
      !this.isUnsaved() ||
      (await this.app.question.ask(
        t('The work on this folder was not exported since its last change. Close the folder?'),
        t('Close the folder'),
        t('Stay here'),
        { loses: true },
      ));
    if (!sure) return;
    this.uploads.forget();
    this.copies.forget(this.key());
    tab.set('cfr-own', '');
    this.app.send('leave_folder');
  }

  // The server gave the folder back: the page begins anew.
  beginAnew() {
    this.stale = new Set();
    this.saved = this.taken = 0;
    this.app.channel.takeWaiting();
    Object.assign(this.app, {
      page: null,
      resume: null,
      lastReply: null,
      picture: null,
      incoming: null,
      source: null,
    });
    this.app.view.pending = [];
    this.app.view.setPicture(null);
    for (const name of ['data-folder', 'data-own']) this.root.removeAttribute(name);
    for (const name of ['files', 'walk', 'leave', 'review', 'relabel-button']) this.ref(name).hidden = true;
    this.root.toggleAttribute('data-empty', true);
    for (const name of ['name', 'size']) this.ref(name).textContent = '';
    this.ref('name').removeAttribute('title');
    this.app.files.show({ names: [], states: [] });
    this.app.files.index = null;
    this.app.exporting.showFormat();
    this.app.replies.showSession({
      ...this.app.state,
      objects: [],
      active: null,
      done: false,
      can_undo: false,
      can_redo: false,
    });
    this.app.send('hello');
  }
}
