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

export function setUpOwnFolder(app) {
  const { root, ref, props } = app;
  const limits = props.own_folder;
  const copies = new FolderCopies();
  const uploads = new FolderUploads(app, limits.work);
  let stale = new Set(); // pictures whose work is to be copied
  let copying = false; // whether a copy is being made, or soon
  let unsaved = false; // work was done that no export of the whole folder holds

  const isOwn = () => root.hasAttribute('data-own');
  const key = () => {
    if (!tab.get('cfr-own')) tab.set('cfr-own', crypto.randomUUID?.() ?? String(Math.random()));
    return tab.get('cfr-own');
  };

  // Add files to the folder of this page, { file, path } each; the first make it.
  app.addFiles = async (files) => {
    if (root.hasAttribute('data-folder') && !isOwn()) {
      app.notices.show(t('This page works through a folder; add pictures to the folder instead.'));
      return;
    }
    const { pictures, works, others } = sorted(files, limits);
    const room = limits.pictures - (isOwn() ? app.files.names.length : 0);
    if (!pictures.length && !(works.length && isOwn())) {
      const said = works.length
        ? t('Open the pictures of this work first, or together with it.')
        : t('There is no picture among these files.');
      app.notices.show(said);
      return;
    }
    if (!isOwn() && !(await app.mayLeave())) return;
    if (others) {
      const said = t('Files that are no pictures were left out: {n}.').replace('{n}', others);
      app.notices.show(said, { general: true });
    }
    if (pictures.length > room) {
      const said = t('A folder of this page holds {n} pictures at most; left out: {m}.');
      const left = pictures.length - Math.max(room, 0);
      app.notices.show(said.replace('{n}', limits.pictures).replace('{m}', left), { general: true });
    }
    const single = isOwn() && pictures.length === 1 && !works.length;
    const taken = withWork(pictures.slice(0, Math.max(room, 0)), works, limits.work);
    await uploads.send(taken, { open: single });
  };

  app.cancelAdding = () => uploads.cancel();

  // Called with the uploads that the server did not find any more.
  app.sendAgain = (missing) => uploads.send(uploads.filesOf(missing));

  // ---- what the browser keeps

  // Called with [upload, name] of pictures: under this name, which may be another than that of the file, the
  // server has them and their work.
  app.noteAdded = (added) => {
    for (const [upload, name] of added) {
      const sent = uploads.arrived.get(upload);
      if (sent) copies.keepFile(key(), name, sent.file);
    }
  };

  app.followOwnFolder = ({ own = false, saved = [] }) => {
    root.toggleAttribute('data-own', own);
    ref('leave').hidden = !own;
    ref('review').hidden = own;
    ref('relabel-button').hidden = false;
    if (!own || !saved.length) return;
    if (app.page && app.files.names.length) unsaved = true;
    for (const name of saved) stale.add(name);
    if (!copying) setTimeout(copyWork, COPY_AFTER);
    copying = true;
  };

  async function copyWork() {
    const names = [...stale].slice(0, COPIED_TOGETHER);
    copying = names.length > 0;
    if (!copying) return;
    for (const name of names) stale.delete(name);
    const folder = key();
    const texts = await app.server.saved_work({ page: app.page, names }).catch(() => null);
    const open = folder === tab.get('cfr-own'); // not closed meanwhile
    if (open && texts) await copies.keepWork(folder, texts);
    else if (open) for (const name of names) stale.add(name);
    setTimeout(copyWork, texts ? 0 : TRY_AGAIN_AFTER);
  }

  app.hasOwnCopies = async () => {
    if (!tab.get('cfr-own')) return false;
    const { files } = await copies.find(key());
    return files.size > 0;
  };

  // Send everything once more to a server that has lost it, with what it was not told of yet, and open the
  // picture of this name.
  app.giveFolderBack = async (name, untold) => {
    const { files, work } = await copies.find(key());
    const pictures = [...files].map(([path, file]) => ({ path, file }));
    const works = [...work].map(([path, text]) => ({
      path: path + limits.work,
      file: new File([text], 'work.json', { type: 'application/json' }),
    }));
    app.send('hello');
    const kept = sorted(pictures, limits).pictures;
    const lost = uploads.filesOf(untold);
    if (kept.length) await uploads.send(withWork(kept, works, limits.work), { back: true });
    if (lost.length) await uploads.send(lost);
    const first = kept[0]?.path;
    if (first) app.send('goto', { name: files.has(name) ? name : first, picture: undefined });
    return kept.length > 0 || lost.length > 0;
  };

  // ---- leaving

  app.ownUnsaved = () => isOwn() && unsaved;

  app.markFolderTaken = () => {
    unsaved = false;
  };

  app.leaveFolder = async () => {
    const sure =
      !unsaved ||
      (await app.question.ask(
        t('The work on this folder was not exported since its last change. Close the folder?'),
        t('Close the folder'),
        t('Stay here'),
        { loses: true },
      ));
    if (!sure) return;
    uploads.forget();
    copies.forget(key());
    tab.set('cfr-own', '');
    app.send('leave_folder');
  };

  // The server gave the folder back: the page begins anew.
  app.beginAnew = () => {
    stale = new Set();
    unsaved = false;
    app.channel.takeWaiting();
    Object.assign(app, {
      page: null,
      resume: null,
      lastReply: null,
      picture: null,
      incoming: null,
      source: null,
    });
    app.view.pending = [];
    app.view.setPicture(null);
    for (const name of ['data-folder', 'data-own']) root.removeAttribute(name);
    for (const name of ['files', 'walk', 'leave', 'review', 'relabel-button']) ref(name).hidden = true;
    root.toggleAttribute('data-empty', true);
    for (const name of ['name', 'size']) ref(name).textContent = '';
    ref('name').removeAttribute('title');
    app.files.show({ names: [], states: [] });
    app.files.index = null;
    app.showFormat();
    app.showSession({
      ...app.state,
      objects: [],
      active: null,
      done: false,
      can_undo: false,
      can_redo: false,
    });
    app.send('hello');
  };
}
