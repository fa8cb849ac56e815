// A folder of this page: files that the browser sends, held by the server until the page or the folder is
// closed.

import { FolderCopies } from './folder_copies.js';
import { sorted } from './gathering.js';
import { t } from './language.js';
import { tab } from './memory.js';
import { sendFile } from './uploading.js';

const AT_ONCE = 3; // files that are being sent
const TOGETHER = 8; // files that the server is told of in one action
const TRIES = 3;
const TRY_AGAIN_AFTER = 3000; // milliseconds
const COPY_AFTER = 300; // milliseconds after work was saved
const COPIED_TOGETHER = 50;

export function setUpOwnFolder(app) {
  const { root, ref, props } = app;
  const limits = props.own_folder;
  const copies = new FolderCopies();
  const arrivedAs = new Map(); // { file, path } of what was sent, by the upload
  let sending = null; // an AbortController while files are on their way
  let stale = new Set(); // pictures whose work is to be copied
  let copying = false; // whether a copy is being made, or soon
  let unsaved = false; // work was done that no export of the whole folder holds

  const isOwn = () => root.hasAttribute('data-own');
  const key = () => {
    if (!tab.get('cfr-own')) tab.set('cfr-own', crypto.randomUUID?.() ?? String(Math.random()));
    return tab.get('cfr-own');
  };

  // Add files to the folder of this page, { file, path } each; the first make it.
  app.addFiles = async (found) => {
    if (root.hasAttribute('data-folder') && !isOwn()) {
      app.notices.show(t('This page works through a folder; add pictures to the folder instead.'));
      return;
    }
    const { pictures, works, others } = sorted(found, limits);
    const room = limits.pictures - (isOwn() ? app.files.names.length : 0);
    if (!pictures.length && !works.length) {
      app.notices.show(t('There is no picture among these files.'));
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
    await send(together(pictures.slice(0, Math.max(room, 0)), works), { open: single });
  };

  // Each picture with its saved work, which must be there when the picture is opened; then work of others.
  function together(pictures, works) {
    const left = new Map(works.map((each) => [each.path, each]));
    const entries = pictures.map((each) => {
      const found = left.get(each.path + limits.work);
      left.delete(each.path + limits.work);
      return { ...each, works: found ? [found] : [] };
    });
    return [...entries, ...[...left.values()].map((each) => ({ ...each, works: [] }))];
  }

  app.cancelAdding = () => sending?.abort();

  // Send files, and tell the server of those that arrived: with `open` it opens the last of them, with `back`
  // it does not tell once more what is left out.
  async function send(files, how = {}) {
    while (sending) await sending.ended;
    sending = new AbortController();
    let ended = null;
    sending.ended = new Promise((done) => {
      ended = done;
    });
    const { signal } = sending,
      waiting = [...files],
      failed = [];
    let arrived = [],
      sent = 0;
    const tell = (more) => {
      app.send('add_files', {
        files: arrived.map(({ path, sent: at }) => ({ path: at, name: path })),
        more,
        ...how,
      });
      arrived = [];
    };
    const show = (share) => {
      ref('upload-bar').value = (sent + share) / files.length;
      ref('upload-text').textContent = `${sent.toLocaleString()} / ${files.length.toLocaleString()}`;
      ref('upload').hidden = false;
    };
    const sendOn = async (most = Infinity) => {
      for (let count = 0; count < most && waiting.length && !signal.aborted; count += 1) {
        const entry = waiting.shift();
        const at = [];
        for (const { file } of [entry, ...entry.works]) at.push(await sendOne(file, show, signal));
        if (signal.aborted) return;
        sent += 1;
        show(0);
        if (at.includes(null)) failed.push(entry);
        else {
          for (const [i, { file, path }] of [entry, ...entry.works].entries()) {
            arrived.push({ path, sent: at[i] });
            arrivedAs.set(at[i], { file, path });
          }
        }
        if (arrived.length >= TOGETHER) tell(true);
      }
    };
    show(0);
    if (!isOwn()) {
      await sendOn(1); // the first one is seen while the others are on their way
      if (arrived.length) tell(true);
    }
    await Promise.all(Array.from({ length: AT_ONCE }, () => sendOn()));
    tell(false);
    ref('upload').hidden = true;
    sending = null;
    ended();
    if (failed.length) {
      const said = t('Files could not be sent: {n}.').replace('{n}', failed.length);
      app.notices.show(said, {
        lasting: true,
        general: true,
        choices: [[t('Try again'), () => send(failed, how)]],
      });
    }
  }

  // Path of a file on the server; null where it cannot be sent.
  async function sendOne(file, onProgress, signal) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sendFile(file, onProgress, signal);
      } catch (error) {
        const refused = error.message === 'HTTP 413'; // too large
        if (error.name === 'AbortError' || refused || attempt === TRIES) return null;
        await app.explainFailure();
        await new Promise((done) => setTimeout(done, TRY_AGAIN_AFTER));
      }
    }
  }

  // Called with the uploads that the server did not find any more.
  app.sendAgain = (uploads) => send(ofUploads(uploads));

  function ofUploads(uploads) {
    const found = uploads.map((upload) => arrivedAs.get(upload)).filter(Boolean);
    const isWork = ({ path }) => path.toLowerCase().endsWith(limits.work);
    return together(
      found.filter((each) => !isWork(each)),
      found.filter(isWork),
    );
  }

  // ---- what the browser keeps

  // Called with [upload, name] of pictures: under this name, which may be another than that of the file, the
  // server has them and their work.
  app.followNamed = (named) => {
    for (const [upload, name] of named) {
      const sent = arrivedAs.get(upload);
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
    const at = key();
    const found = await app.server.saved_work({ page: app.page, names }).catch(() => null);
    const open = at === tab.get('cfr-own'); // not closed meanwhile
    if (open && found) await copies.keepWork(at, found);
    else if (open) for (const name of names) stale.add(name);
    setTimeout(copyWork, found ? 0 : TRY_AGAIN_AFTER);
  }

  app.hasOwnCopies = async () => {
    if (!tab.get('cfr-own')) return false;
    const { files } = await copies.find(key());
    return files.size > 0;
  };

  // Send everything once more to a server that has lost it, with what it was not told of yet, and open the
  // picture of this name.
  app.giveFolderBack = async (name, uploads) => {
    const { files, work } = await copies.find(key());
    const pictures = [...files].map(([path, file]) => ({ path, file }));
    const works = [...work].map(([path, text]) => ({
      path: path + limits.work,
      file: new File([text], 'work.json', { type: 'application/json' }),
    }));
    app.send('hello');
    const kept = sorted(pictures, limits).pictures;
    const lost = ofUploads(uploads);
    if (kept.length) await send(together(kept, works), { back: true });
    if (lost.length) await send(lost);
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
      ));
    if (!sure) return;
    app.cancelAdding();
    arrivedAs.clear();
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
