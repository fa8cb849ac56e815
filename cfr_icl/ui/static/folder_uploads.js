// Uploads of files into the folder of this page: several at a time, tried again, told to the server as they
// arrive.

import { withWork } from './gathering.js';
import { t } from './language.js';
import { sendFile } from './uploading.js';

const AT_ONCE = 3; // files that are being sent
const TOGETHER = 8; // uploaded files that one action names to the server
const TRIES = 3;
const TRY_AGAIN_AFTER = 3000; // milliseconds

export class FolderUploads {
  constructor(app, work) {
    this.app = app;
    this.work = work; // how names of files with saved work end
    this.arrived = new Map(); // { file, path } of what was sent, by the path that the server gave it
    this.sending = null; // an AbortController while files are on their way
  }

  cancel() {
    this.sending?.abort();
  }

  forget() {
    this.cancel();
    this.arrived.clear();
  }

  // The files behind uploads, as `send` takes them; those that are not known are left out.
  filesOf(uploads) {
    const files = uploads.map((upload) => this.arrived.get(upload)).filter(Boolean);
    const isWork = ({ path }) => path.toLowerCase().endsWith(this.work);
    return withWork(
      files.filter((file) => !isWork(file)),
      files.filter(isWork),
      this.work,
    );
  }

  // Send files, { file, path, works } each, and tell the server of those that arrived: with `open` it opens
  // the last of them, with `back` it does not tell once more what is left out.
  async send(files, options = {}) {
    while (this.sending) await this.sending.ended;
    const { signal } = this.#begin();
    const waiting = [...files],
      failed = [];
    let arrived = [],
      sent = 0;
    const tell = (more) => {
      this.app.send('add_files', { files: arrived, more, ...options });
      arrived = [];
    };
    const show = (share) => this.#show(sent, share, files.length);
    const sendOn = async (most = Infinity) => {
      for (let count = 0; count < most && waiting.length && !signal.aborted; count += 1) {
        const entry = waiting.shift(),
          parts = [entry, ...entry.works],
          uploads = [];
        for (const { file } of parts) uploads.push(await this.#sendOne(file, show, signal));
        if (signal.aborted) return;
        sent += 1;
        show(0);
        if (uploads.includes(null)) failed.push(entry);
        else {
          for (const [index, { file, path }] of parts.entries()) {
            arrived.push({ path: uploads[index], name: path });
            this.arrived.set(uploads[index], { file, path });
          }
        }
        if (arrived.length >= TOGETHER) tell(true);
      }
    };
    show(0);
    if (!this.app.inOwnFolder) {
      await sendOn(1); // the first one is seen while the others are on their way
      if (arrived.length) tell(true);
    }
    await Promise.all(Array.from({ length: AT_ONCE }, () => sendOn()));
    tell(false);
    this.#end();
    if (failed.length) this.#offerAgain(failed, options);
  }

  #begin() {
    const sending = new AbortController();
    sending.ended = new Promise((done) => {
      sending.end = done;
    });
    this.sending = sending;
    return sending;
  }

  #end() {
    const { end } = this.sending;
    this.app.ref('upload').hidden = true;
    this.sending = null;
    end();
  }

  // Progress: files that were sent, the share of the one that is being sent, and the number of all.
  #show(sent, share, all) {
    const { ref } = this.app;
    ref('upload-bar').value = (sent + share) / all;
    ref('upload-text').textContent = `${sent.toLocaleString()} / ${all.toLocaleString()}`;
    ref('upload').hidden = false;
  }

  // Path of a file on the server; null where it cannot be sent.
  async #sendOne(file, onProgress, signal) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sendFile(file, onProgress, signal);
      } catch (error) {
        const refused = error.message === 'HTTP 413'; // too large
        if (error.name === 'AbortError' || refused || attempt === TRIES) return null;
        await this.app.transport.explainFailure();
        await new Promise((done) => setTimeout(done, TRY_AGAIN_AFTER));
      }
    }
  }

  #offerAgain(failed, options) {
    const said = t('Files could not be sent: {n}.').replace('{n}', failed.length);
    this.app.notices.show(said, {
      lasting: true,
      general: true,
      choices: [[t('Try again'), () => this.send(failed, options)]],
    });
  }
}
