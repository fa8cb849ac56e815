// Files that come in: chosen, dropped, pasted, or an example. The newest choice counts.

import { make } from './dom.js';
import { t } from './language.js';
import { sendFile } from './uploading.js';

const SHOW_AFTER = 400; // milliseconds; a short upload shows no progress

export function setUpOpening(app) {
  const { root, ref, send } = app;
  let newest = null; // the choice that counts: an AbortController

  const choose = () => {
    newest?.abort();
    newest = new AbortController();
    return newest;
  };

  app.cancelUpload = () => newest?.abort();

  app.open = async (file, kind = kindOf(file)) => {
    if (!file) return;
    if (kind === 'open' && root.hasAttribute('data-folder')) {
      app.notices.show(t('This page works through a folder; add pictures to the folder instead.'));
      return;
    }
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
      if (error.name === 'AbortError') return;
      app.notices.show(`${t('The file could not be sent:')} ${error.message}`);
      app.explainFailure();
    } finally {
      if (newest === choice) newest = null;
    }
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

  for (const [name, kind] of [
    ['file', undefined],
    ['masks-file', 'import'],
  ]) {
    ref(name).addEventListener('change', (event) => {
      app.open(event.target.files[0], kind);
      event.target.value = '';
    });
  }
  root.addEventListener('dragover', (event) => {
    event.preventDefault();
    root.toggleAttribute('data-drop', true);
  });
  root.addEventListener('dragleave', (event) => {
    if (!root.contains(event.relatedTarget)) root.removeAttribute('data-drop');
  });
  root.addEventListener('drop', (event) => {
    event.preventDefault();
    root.removeAttribute('data-drop');
    app.open(event.dataTransfer.files[0]);
  });
  document.addEventListener('paste', (event) => {
    const file = [...event.clipboardData.files][0];
    if (!file) return;
    event.preventDefault();
    app.open(file);
  });
  app.props.examples.forEach(({ name, credit, thumbnail }, index) => {
    const choice = make('button', { title: credit || name }, make('img', { src: thumbnail, alt: name }));
    choice.addEventListener('click', () => openExample(index));
    ref('examples').append(choice);
  });
}

function kindOf(file) {
  return /\.(json|txt)$/i.test(file?.name ?? '') ? 'import' : 'open';
}
