// Restores a page that the server has lost: sends picture, objects and waiting actions again.

import { Copies } from './copies.js';
import { t } from './language.js';
import { tab } from './memory.js';
import { portable } from './session.js';
import { sendFile } from './uploading.js';

const COPY_AFTER = 700; // milliseconds after a change
const AGAIN_AFTER = 3000;

export class Restorer {
  constructor(app) {
    this.app = app;
    this.channel = app.channel;
    this.copies = new Copies();
    this.due = null; // timer of the next copy
    this.putting = null; // { waiting, picture, why, sending } while work is being put back
    document.addEventListener('visibilitychange', () => {
      if (this.due && document.hidden) this.copy();
    });
    window.addEventListener('pagehide', () => {
      if (this.due) this.copy();
    });
  }

  // Called with a reply that says `forgotten`: this page still has everything.
  async putBack({ forgotten }) {
    if (this.putting) return;
    const own = this.app.inOwnFolder || this.channel.awaits('add_files');
    const taken = this.channel.takeWaiting();
    const waiting = taken.filter(
      ({ kind }) => !['hello', 'introduce', 'restore', 'add_files'].includes(kind),
    );
    const { picture, state, source } = this.app;
    const name = this.app.files.names[this.app.files.index];
    Object.assign(this.app, { page: null, resume: null, lastReply: null, restoring: true });
    this.app.view.pending = [];
    this.putting = { waiting, picture, why: forgotten };
    this.app.replies.showBusy();
    if (own) {
      const added = taken.filter(({ kind }) => kind === 'add_files').flatMap(({ files }) => files);
      await this.giveFolderBack(
        name,
        added.map(({ path }) => path),
      );
    } else if (this.app.inFolder) {
      this.app.send('hello');
      if (name !== undefined)
        this.app.send('goto', { index: this.app.files.index, name, picture: undefined });
    } else if (picture) {
      const session = portable(state, [picture.height, picture.width]);
      await this.giveBack(picture.name, source ?? { file: await this.shownPicture() }, session);
    } else {
      this.app.send('hello');
      this.finish();
    }
  }

  // Called with the first reply after a reload when the server knows nothing of the page before.
  async recover({ forgotten }) {
    const before = this.app.resume;
    this.app.resume = null;
    if (!before) return;
    if (this.app.inFolder) return this.goBack(forgotten);
    this.app.restoring = true;
    const folder = await this.app.ownFolder.hasCopies();
    const copy = folder ? null : await this.copies.find(before);
    this.app.restoring = false;
    if (!(folder || copy) || this.app.latest()) return;
    this.app.restoring = true;
    this.putting = { waiting: [], picture: null, why: forgotten };
    if (folder) return this.giveFolderBack(tab.get('cfr-at'));
    await this.giveBack(copy.name, copy.source, copy.session, false);
    this.copies.forget(before);
  }

  // The server has the work on its folder, and opens another picture than the one that was open.
  goBack(why) {
    const index = this.app.files.names.indexOf(tab.get('cfr-at'));
    if (index < 0 || index === (this.app.incoming?.index ?? this.app.files.index)) return;
    this.app.shownPicture.goTo(index);
    this.app.notices.show(told(why), { general: true });
  }

  async giveFolderBack(name, uploads = []) {
    this.putting.sending = true;
    const sent = await this.app.ownFolder.giveBack(name, uploads);
    this.putting.sending = false;
    if (!sent) this.finish();
  }

  async giveBack(name, source, session, hello = true) {
    const from = source.file
      ? { path: await this.sendUntilItArrives(source.file) }
      : { example: source.example };
    this.app.nextSource = source;
    if (hello) this.app.send('hello');
    this.app.send('restore', { ...from, name, session, picture: undefined });
  }

  async sendUntilItArrives(file) {
    for (;;) {
      try {
        return await sendFile(file, () => {});
      } catch {
        this.app.replies.showFailure();
        await this.app.transport.explainFailure();
        await new Promise((done) => setTimeout(done, AGAIN_AFTER));
      }
    }
  }

  // Called when a picture is painted: send the waiting actions again if they were made on this picture.
  painted(now) {
    if (!this.putting || this.putting.sending || this.channel.awaits('goto', 'restore', 'add_files')) return;
    const { waiting, picture, why } = this.putting;
    this.finish();
    if (picture && picture.name === now.name) {
      for (const { number, kind, picture: token, ...data } of waiting) {
        if ((token ?? picture.token) === picture.token) this.app.send(kind, data);
      }
    }
    this.app.notices.show(told(why), { general: true }); // also when the next picture is asked for already
  }

  // Called after each reply: give up if the server has refused the work.
  check() {
    if (
      !this.putting ||
      this.putting.sending ||
      this.app.incoming ||
      this.channel.awaits('hello', 'goto', 'restore', 'add_files')
    )
      return;
    if (this.app.page === null || this.app.picture !== this.putting.picture) return;
    this.putting = null; // nothing can be marked any more, but all is still seen
    this.app.notices.show(t('The server does not take the work back; it stays on this page as it is.'), {
      lasting: true,
    });
    this.app.replies.showBusy();
  }

  finish() {
    this.putting = null;
    this.app.restoring = false;
    this.app.replies.showBusy();
  }

  async shownPicture() {
    const canvas = document.createElement('canvas'),
      { view } = this.app;
    Object.assign(canvas, { width: view.width, height: view.height });
    canvas.getContext('2d', { alpha: this.app.picture.transparent }).drawImage(view.picture, 0, 0);
    const blob = await new Promise((done) => canvas.toBlob(done));
    return new File([blob], 'picture.png');
  }

  // Keep a copy when the page has been still for a moment, or is about to go.
  copySoon() {
    if (this.app.inFolder || !this.app.picture || this.app.restoring) return;
    clearTimeout(this.due);
    this.due = setTimeout(() => this.copy(), COPY_AFTER);
  }

  copy() {
    clearTimeout(this.due);
    this.due = null;
    const { page, picture, state, source } = this.app;
    if (!page || !picture || !source || this.app.incoming || this.app.restoring) return;
    const session = portable(state, [picture.height, picture.width]);
    this.copies.keep({ page, picture: picture.token, name: picture.name, source, session });
  }
}

function told(forgotten) {
  return forgotten === 'closed'
    ? t('The server had closed this page; your work is back. Earlier steps cannot be undone.')
    : t('The server was started anew; your work is back. Earlier steps cannot be undone.');
}
