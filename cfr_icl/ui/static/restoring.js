// Restores a page that the server has lost: sends picture, objects and waiting actions again.

import { Copies } from './copies.js';
import { t } from './language.js';
import { tab } from './memory.js';
import { portable } from './session.js';
import { sendFile } from './uploading.js';

const COPY_AFTER = 700; // milliseconds after a change
const AGAIN_AFTER = 3000;

export function setUpRestoring(app) {
  const { channel } = app;
  const copies = new Copies();
  const inFolder = () => app.root.hasAttribute('data-folder');
  let due = null; // timer of the next copy
  let putting = null; // { waiting, picture, why, sending } while work is being put back

  // Called with a reply that says `forgotten`: this page still has everything.
  app.putBack = async ({ forgotten }) => {
    if (putting) return;
    const own = app.root.hasAttribute('data-own') || channel.awaits('add_files');
    const taken = channel.takeWaiting();
    const waiting = taken.filter(({ kind }) => !['hello', 'restore', 'add_files'].includes(kind));
    const { picture, state, source } = app;
    const name = app.files.names[app.files.index];
    Object.assign(app, { page: null, resume: null, lastReply: null, restoring: true });
    app.view.pending = [];
    putting = { waiting, picture, why: forgotten };
    app.showBusy();
    if (own) {
      const added = taken.filter(({ kind }) => kind === 'add_files').flatMap(({ files }) => files);
      await giveFolderBack(
        name,
        added.map(({ path }) => path),
      );
    } else if (inFolder()) {
      app.send('hello');
      if (name !== undefined) app.send('goto', { index: app.files.index, name, picture: undefined });
    } else if (picture) {
      const session = portable(state, [picture.height, picture.width]);
      await giveBack(picture.name, source ?? { file: await shownPicture() }, session);
    } else {
      app.send('hello');
      finish();
    }
  };

  // Called with the first reply after a reload when the server knows nothing of the page before.
  app.recover = async ({ forgotten }) => {
    const before = app.resume;
    app.resume = null;
    if (!before) return;
    if (inFolder()) return goBack(forgotten);
    app.restoring = true;
    const folder = await app.hasOwnCopies();
    const copy = folder ? null : await copies.find(before);
    app.restoring = false;
    if (!(folder || copy) || app.latest()) return;
    app.restoring = true;
    if (folder) {
      putting = { waiting: [], picture: null, why: forgotten };
      return giveFolderBack(tab.get('cfr-at'));
    }
    putting = { waiting: [], picture: null, why: forgotten };
    await giveBack(copy.name, copy.source, copy.session, false);
    copies.forget(before);
  };

  // The server has the work on its folder, and opens another picture than the one that was open.
  function goBack(why) {
    const index = app.files.names.indexOf(tab.get('cfr-at'));
    if (index < 0 || index === (app.incoming?.index ?? app.files.index)) return;
    app.goTo(index);
    app.notices.show(told(why), { general: true });
  }

  async function giveFolderBack(name, uploads = []) {
    putting.sending = true;
    const sent = await app.giveFolderBack(name, uploads);
    putting.sending = false;
    if (!sent) finish();
  }

  async function giveBack(name, source, session, hello = true) {
    const from = source.file ? { path: await sendUntilItArrives(source.file) } : { example: source.example };
    app.nextSource = source;
    if (hello) app.send('hello');
    app.send('restore', { ...from, name, session, picture: undefined });
  }

  async function sendUntilItArrives(file) {
    for (;;) {
      try {
        return await sendFile(file, () => {});
      } catch {
        app.showFailure();
        await app.explainFailure();
        await new Promise((done) => setTimeout(done, AGAIN_AFTER));
      }
    }
  }

  // Called when a picture is painted: what waited is for it, if it is the one that was there before.
  app.painted = (now) => {
    if (!putting || putting.sending || channel.awaits('goto', 'restore', 'add_files')) return;
    const { waiting, picture, why } = putting;
    finish();
    if (picture && picture.name === now.name) {
      for (const { number, kind, picture: token, ...data } of waiting) {
        if ((token ?? picture.token) === picture.token) app.send(kind, data);
      }
    }
    app.notices.show(told(why), { general: true }); // also when the next picture is asked for already
  };

  // Called after each reply: the server may have refused what was given back.
  app.checkPutBack = () => {
    if (
      !putting ||
      putting.sending ||
      app.incoming ||
      channel.awaits('hello', 'goto', 'restore', 'add_files')
    )
      return;
    if (app.page === null || app.picture !== putting.picture) return;
    putting = null; // nothing can be marked any more, but all is still seen
    app.notices.show(t('The server does not take the work back; it stays on this page as it is.'), {
      lasting: true,
    });
    app.showBusy();
  };

  function finish() {
    putting = null;
    app.restoring = false;
    app.showBusy();
  }

  async function shownPicture() {
    const canvas = document.createElement('canvas'),
      { view } = app;
    Object.assign(canvas, { width: view.width, height: view.height });
    canvas.getContext('2d', { alpha: app.picture.transparent }).drawImage(view.picture, 0, 0);
    const blob = await new Promise((done) => canvas.toBlob(done));
    return new File([blob], 'picture.png');
  }

  // Keep a copy when the page has been still for a moment, or is about to go.
  app.copySoon = () => {
    if (inFolder() || !app.picture || app.restoring) return;
    clearTimeout(due);
    due = setTimeout(copy, COPY_AFTER);
  };

  function copy() {
    clearTimeout(due);
    due = null;
    const { page, picture, state, source } = app;
    if (!page || !picture || !source || app.incoming || app.restoring) return;
    const session = portable(state, [picture.height, picture.width]);
    copies.keep({ page, picture: picture.token, name: picture.name, source, session });
  }

  document.addEventListener('visibilitychange', () => {
    if (due && document.hidden) copy();
  });
  window.addEventListener('pagehide', () => {
    if (due) copy();
  });
}

function told(forgotten) {
  return forgotten === 'closed'
    ? t('The server had closed this page; your work is back. Earlier steps cannot be undone.')
    : t('The server was started anew; your work is back. Earlier steps cannot be undone.');
}
