// Files that come in: chosen, dropped, pasted, or an example. Of single ones the newest choice counts;
// several pictures, a folder or an archive become a folder of this page.

import { make } from './dom.js';
import { chosen, dropped, unpacked } from './gathering.js';
import { t } from './language.js';
import { sendFile } from './uploading.js';

const NEWER = 'newer choice';
const SHOW_AFTER = 400; // milliseconds; a short upload shows no progress

export class Opening {
  constructor(app) {
    this.app = app;
    this.root = app.root;
    this.ref = app.ref;
    this.send = app.send;
    this.newest = null; // the choice that counts: an AbortController
    for (const [name, open] of [
      ['file', (files) => this.openAll(chosen(files))],
      ['folder', (files) => this.openAll(chosen(files), true)],
      ['masks-file', ([file]) => this.app.maskLoading.loadMasks(file)],
    ]) {
      this.ref(name).addEventListener('change', (event) => {
        const files = [...event.target.files];
        event.target.value = '';
        if (files.length) open(files);
      });
    }
    this.listenToDrops();
    app.props.examples.forEach(({ name, credit, thumbnail }, index) => {
      const choice = make('button', { title: credit || name }, make('img', { src: thumbnail, alt: name }));
      choice.addEventListener('click', () => this.openExample(index));
      this.ref('examples').append(choice);
    });
  }

  // Files that are dropped or pasted on the page.
  listenToDrops() {
    this.root.addEventListener('dragover', (event) => {
      event.preventDefault();
      this.root.toggleAttribute('data-drop', true);
    });
    this.root.addEventListener('dragleave', (event) => {
      if (!this.root.contains(event.relatedTarget)) this.root.removeAttribute('data-drop');
    });
    this.root.addEventListener('drop', async (event) => {
      event.preventDefault();
      this.root.removeAttribute('data-drop');
      const { files, folder } = await dropped(event.dataTransfer);
      this.openAll(files, folder);
    });
    document.addEventListener('paste', (event) => {
      const files = [...event.clipboardData.files];
      if (!files.length) return;
      event.preventDefault();
      this.openAll(chosen(files));
    });
  }

  // Make a choice that gives up the one before it.
  choose() {
    this.newest?.abort(NEWER);
    this.newest = new AbortController();
    return this.newest;
  }

  cancel() {
    this.newest?.abort();
  }

  async open(file, kind = kindOf(file)) {
    if (!file) return;
    if (kind === 'open' && this.app.inFolder) return this.app.ownFolder.add([{ file, path: file.name }]);
    const choice = this.choose(),
      picture = this.app.latest()?.token ?? null;
    try {
      const path = await this.withProgress(file, choice.signal);
      // asked when the file is there: what was done meanwhile counts
      if (kind === 'open' && !(await this.app.exporting.mayLeave())) return;
      if (choice.signal.aborted) return;
      if (kind === 'open') this.app.nextSource = { file };
      const current = kind === 'open' ? (this.app.latest()?.token ?? null) : picture;
      this.send(kind, { path, name: file.name || 'pasted.png', picture: current });
    } catch (error) {
      this.sayUnsent(error);
    } finally {
      if (this.newest === choice) this.newest = null;
    }
  }

  // Masks for the picture with this token, { file, path } each, are loaded in one step; `classes` names the
  // numbers in them, `choice` is the person's, which a newer one gives up.
  async sendMasks(files, classes, picture, choice) {
    const { signal } = choice,
      isOpen = () => (this.app.latest()?.token ?? null) === picture;
    try {
      const paths = [];
      for (const { file } of classes ? [...files, classes] : files) {
        if (!signal.aborted && isOpen()) paths.push(await this.withProgress(file, signal));
      }
      if (signal.reason === NEWER || !isOpen()) return this.sayNotLoaded();
      if (signal.aborted) return;
      const class_list = classes ? paths.pop() : null,
        [path, ...more] = paths;
      this.send('import', { path, name: files[0].file.name, more, class_list, picture });
    } catch (error) {
      if (signal.reason === NEWER) this.sayNotLoaded();
      else this.sayUnsent(error);
    } finally {
      if (this.newest === choice) this.newest = null;
    }
  }

  sayNotLoaded() {
    const said = t('The masks were not loaded, as another file was opened meanwhile.');
    this.app.notices.show(said, { general: true });
  }

  sayUnsent(error) {
    if (error.name === 'AbortError') return;
    this.app.notices.show(`${t('The file could not be sent:')} ${error.message}`);
    this.app.transport.explainFailure();
  }

  // Several files, or those of a folder or an archive, go into a folder of this page; { file, path } each.
  async openAll(chosenFiles, folder = false) {
    const { files, archives, failed } = await unpacked(chosenFiles, this.app.props.own_folder);
    if (failed.length) {
      const said = t('This archive cannot be read; unpack it and open its files: {names}.');
      this.app.notices.show(said.replace('{names}', failed.join(', ')), { general: true });
      if (!files.length) return;
    }
    if (files.length > 1 || folder || archives) return this.app.ownFolder.add(files);
    return this.open(files[0]?.file);
  }

  async withProgress(file, signal) {
    const show = (share) => {
      this.ref('upload-bar').value = share;
      this.ref('upload-text').textContent = `${file.name || 'pasted.png'} · ${Math.floor(100 * share)} %`;
    };
    show(0);
    const timer = setTimeout(() => {
      this.ref('upload').hidden = false;
    }, SHOW_AFTER);
    try {
      return await sendFile(file, show, signal);
    } finally {
      clearTimeout(timer);
      this.ref('upload').hidden = true;
    }
  }

  async openExample(index) {
    const choice = this.choose();
    if (!(await this.app.exporting.mayLeave()) || choice.signal.aborted) return;
    this.newest = null;
    this.app.nextSource = { example: index };
    this.send('example', { index, picture: this.app.latest()?.token ?? null });
  }
}

function kindOf(file) {
  return /\.(json|txt|xml)$/i.test(file?.name ?? '') ? 'import' : 'open';
}
