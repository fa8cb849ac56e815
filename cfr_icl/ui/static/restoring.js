// When the server has forgotten the page: picture, objects and waiting actions are given to it again.

import { t } from './language.js';
import { sendFile } from './uploading.js';

export function setUpRestoring(app) {
  const { channel } = app;

  // Called with a reply that says `forgotten`.
  app.putBack = async (reply) => {
    if (app.restoring) return;
    const waiting = channel.takeWaiting().filter(({ kind }) => !['hello', 'restore'].includes(kind));
    const { picture, state } = app,
      folder = app.root.hasAttribute('data-folder');
    const name = app.files.names[app.files.index];
    Object.assign(app, { page: null, resume: null, lastReply: null, restoring: true });
    app.view.pending = [];
    try {
      const copy = picture && !folder ? await pack(picture) : null;
      const masks = copy && state.objects.length ? await sendFile(masksFile(picture, state), () => {}) : null;
      app.send('hello');
      if (folder && name !== undefined)
        app.send('goto', { index: app.files.index, name, picture: undefined });
      if (copy?.path) app.send('open', copy);
      else if (copy) app.send('example', { index: copy.example, picture: undefined });
      if (masks) app.send('import', { path: masks, picture: undefined });
      // what waited is for the picture that comes now
      app.painted = () => {
        app.painted = null;
        app.restoring = false;
        for (const { number, kind, picture: token, ...data } of waiting) {
          if (token === undefined || token === null || token === picture?.token) app.send(kind, data);
        }
        app.notices.show(told(reply.forgotten));
      };
      if (!copy && !folder) app.restoring = false;
    } catch {
      app.restoring = false;
      app.notices.show(t('The server has lost the work of this page; reload the page to go on.'), {
        lasting: true,
      });
    }
  };

  async function pack(picture) {
    const source = app.source ?? { file: new File([await shownPicture()], 'picture.png') };
    app.nextSource = source;
    const from = source.file ? { path: await sendFile(source.file, () => {}) } : { example: source.example };
    return { ...from, name: picture.name, picture: null };
  }

  function shownPicture() {
    const canvas = document.createElement('canvas'),
      { view } = app;
    Object.assign(canvas, { width: view.width, height: view.height });
    canvas.getContext('2d', { alpha: app.picture.transparent }).drawImage(view.picture, 0, 0);
    return new Promise((done, fail) => {
      canvas.toBlob((blob) => (blob ? done(blob) : fail(Error('too large'))));
    });
  }
}

// The objects as a COCO file.
function masksFile({ name, height, width }, { objects }) {
  const names = [...new Set(objects.map((object) => object.label))];
  const content = JSON.stringify({
    images: [{ id: 1, file_name: name, height, width }],
    categories: names.map((label, index) => ({ id: index + 1, name: label })),
    annotations: objects.map(({ label, counts }, index) => ({
      id: index + 1,
      image_id: 1,
      category_id: names.indexOf(label) + 1,
      segmentation: { size: [height, width], counts },
    })),
  });
  return new File([content], 'masks.json');
}

function told(forgotten) {
  return forgotten === 'closed'
    ? t('The server had closed this page; your work is back. Earlier steps cannot be undone.')
    : t('The server was started anew; your work is back. Earlier steps cannot be undone.');
}
