// The head of the list of pictures: search, filter, thumbnails and progress of the work.

import { target } from './finding.js';
import { t } from './language.js';
import { person } from './memory.js';

const ASKED_AT_ONCE = 12; // small pictures of one request

export function setUpFolder(app) {
  const { ref, root, files, button } = app;
  let waiting = new Set(); // indices of pictures whose small ones are to be asked for
  let asking = false;

  // ---- search and filter

  const filter = () => files.filter(ref('find').value, ref('filter').value);

  ref('find').addEventListener('input', filter);
  ref('filter').addEventListener('change', filter);
  ref('find').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    if (event.key === 'Escape') ref('find').value = '';
    const index = target(files.pictures, ref('find').value, ref('filter').value);
    if (index !== null) app.goTo(index);
    else if (ref('find').value) app.notices.show(t('No picture of this name, label or number.'));
    if (/^\d*$/.test(ref('find').value.trim())) ref('find').value = '';
    filter();
    ref('canvas').focus({ preventScroll: true });
    event.stopPropagation();
  });

  app.startSearch = () => {
    if (!root.hasAttribute('data-folder')) return;
    ref('find').focus();
    ref('find').select();
  };

  // ---- small pictures, for what is in sight

  const seen = new IntersectionObserver((entries) => {
    for (const { target: item, isIntersecting } of entries) {
      const index = files.items.indexOf(item);
      if (isIntersecting && index >= 0 && !item.querySelector('img')) waiting.add(index);
      else waiting.delete(index);
    }
    ask();
  });

  async function ask() {
    if (asking || !waiting.size || !files.thumbnails) return;
    asking = true;
    const names = [...waiting].slice(0, ASKED_AT_ONCE).map((index) => files.names[index]);
    const urls = (await app.server.thumbnails({ page: app.page, names }).catch(() => null)) ?? {};
    for (const name of names) {
      const index = files.names.indexOf(name);
      waiting.delete(index);
      if (urls[name]) files.showThumbnail(index, urls[name]);
    }
    asking = false;
    ask();
  }

  app.showThumbnails = (shown) => {
    files.thumbnails = shown;
    root.toggleAttribute('data-thumbnails', shown);
    button('thumbnails').setAttribute('aria-pressed', String(shown));
    person.set('cfr-thumbnails', shown ? '1' : '0');
    waiting = new Set();
    seen.disconnect();
    if (shown) for (const item of files.items) seen.observe(item);
  };

  files.listed = () => app.showThumbnails(person.get('cfr-thumbnails') === '1');

  // ---- how the work goes

  let end = null; // the notice that the folder is finished
  files.ending = (text, isNew) => {
    if (isNew) app.notices.show(text, { lasting: true, general: true });
    else if (end !== null) app.notices.replace(end, text);
    end = text;
  };
}
