// Files that come in: chosen, dropped, pasted, or an example. Of single ones the newest choice counts;
// several pictures, a folder or an archive become a folder of this page.

import { make } from './dom.js';
import { chosen, dropped, unpacked } from './gathering.js';
import { t } from './language.js';
import { sendFile } from './uploading.js';

const NEWER = 'newer choice';
const SHOW_AFTER = 400; // milliseconds; a short upload shows no progress

export function setUpOpening(app) {
  const { root, ref, send } = app;
  let newest = null; // the choice that counts: an AbortController

  const choose = () => {
    newest?.abort(NEWER);
    newest = new AbortController();
    return newest;
  };
  app.chooseFile = choose;

  app.cancelUpload = () => newest?.abort();

  app.open = async (file, kind = kindOf(file)) => {
    if (!file) return;
    if (kind === 'open' && root.hasAttribute('data-folder')) return app.addFiles([{ file, path: file.name }]);
    const choice = choose(),
      picture = app.latest()?.token ?? null;
    try {
      const path = await withProgress(file, choice.signal);
      // asked when the file is there: what was done meanwhile counts
      if (kind === 'open' && !(await app.mayLeave())) return;
      if (choice.signal.aborted) return;
      if (kind === 'open') app.nextSource = { file };
      const current = kind === 'open' ? (app.latest()?.token ?? null) : picture;
      send(kind, { path, name: file.name || 'pasted.png', picture: current });
    } catch (error) {
      sayUnsent(error);
    } finally {
      if (newest === choice) newest = null;
    }
  };

  // Masks for the picture with this token, { file, path } each, are loaded in one step; `classes` names the
  // numbers in them, `choice` is the person's, which a newer one gives up.
  app.sendMasks = async (files, classes, picture, choice) => {
    const { signal } = choice,
      isOpen = () => (app.latest()?.token ?? null) === picture;
    try {
      const paths = [];
      for (const { file } of classes ? [...files, classes] : files) {
        if (!signal.aborted && isOpen()) paths.push(await withProgress(file, signal));
      }
      if (signal.reason === NEWER || !isOpen()) return sayNotLoaded();
      if (signal.aborted) return;
      const class_list = classes ? paths.pop() : null,
        [path, ...more] = paths;
      send('import', { path, name: files[0].file.name, more, class_list, picture });
    } catch (error) {
      if (signal.reason === NEWER) sayNotLoaded();
      else sayUnsent(error);
    } finally {
      if (newest === choice) newest = null;
    }
  };

  function sayNotLoaded() {
    const said = t('The masks were not loaded, as another file was opened meanwhile.');
    app.notices.show(said, { general: true });
  }

  function sayUnsent(error) {
    if (error.name === 'AbortError') return;
    app.notices.show(`${t('The file could not be sent:')} ${error.message}`);
    app.explainFailure();
  }

  // Several files, or those of a folder or an archive, go into a folder of this page; { file, path } each.
  app.openAll = async (chosenFiles, folder = false) => {
    const { files, archives, failed } = await unpacked(chosenFiles, app.props.own_folder);
    if (failed.length) {
      const said = t('This archive cannot be read; unpack it and open its files: {names}.');
      app.notices.show(said.replace('{names}', failed.join(', ')), { general: true });
      if (!files.length) return;
    }
    if (files.length > 1 || folder || archives) return app.addFiles(files);
    return app.open(files[0]?.file);
  };

  async function withProgress(file, signal) {
    const show = (share) => {
      ref('upload-bar').value = share;
      ref('upload-text').textContent = `${file.name || 'pasted.png'} · ${Math.floor(100 * share)} %`;
    };
    show(0);
    const timer = setTimeout(() => {
      ref('upload').hidden = false;
    }, SHOW_AFTER);
    try {
      return await sendFile(file, show, signal);
    } finally {
      clearTimeout(timer);
      ref('upload').hidden = true;
    }
  }

  async function openExample(index) {
    const choice = choose();
    if (!(await app.mayLeave()) || choice.signal.aborted) return;
    newest = null;
    app.nextSource = { example: index };
    send('example', { index, picture: app.latest()?.token ?? null });
  }

  for (const [name, open] of [
    ['file', (files) => app.openAll(chosen(files))],
    ['folder', (files) => app.openAll(chosen(files), true)],
    ['masks-file', ([file]) => app.loadMasks(file)],
  ]) {
    ref(name).addEventListener('change', (event) => {
      const files = [...event.target.files];
      event.target.value = '';
      if (files.length) open(files);
    });
  }
  root.addEventListener('dragover', (event) => {
    event.preventDefault();
    root.toggleAttribute('data-drop', true);
  });
  root.addEventListener('dragleave', (event) => {
    if (!root.contains(event.relatedTarget)) root.removeAttribute('data-drop');
  });
  root.addEventListener('drop', async (event) => {
    event.preventDefault();
    root.removeAttribute('data-drop');
    const { files, folder } = await dropped(event.dataTransfer);
    app.openAll(files, folder);
  });
  document.addEventListener('paste', (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    app.openAll(chosen(files));
  });
  app.props.examples.forEach(({ name, credit, thumbnail }, index) => {
    const choice = make('button', { title: credit || name }, make('img', { src: thumbnail, alt: name }));
    choice.addEventListener('click', () => openExample(index));
    ref('examples').append(choice);
  });
}

function kindOf(file) {
  return /\.(json|txt|xml)$/i.test(file?.name ?? '') ? 'import' : 'open';
}
