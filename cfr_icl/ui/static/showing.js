// How a picture file is shown: which of its pages, and which values are black and white where they have more
// than 8 bits.

import { make } from './dom.js';
import { t } from './language.js';

export function setUpShowing(app) {
  const { ref, send } = app;

  app.showViewOf = ({ pages = 1, page = 0, deep = false, low, high }) => {
    ref('page-row').hidden = pages < 2;
    const options = Array.from({ length: Math.min(pages, 1000) }, (_, index) =>
      make('option', { value: index, textContent: `${index + 1} / ${pages}` }),
    );
    ref('page').replaceChildren(...options);
    ref('page').value = page;
    ref('contrast').hidden = !deep;
    ref('contrast-section').hidden = pages < 2 && !deep;
    if (!deep) return;
    ref('low').value = low;
    ref('high').value = high;
    showPercentiles();
  };

  // The two ends stay apart.
  function showPercentiles() {
    for (const name of ['low', 'high']) ref(`${name}-value`).textContent = `${Number(ref(name).value)} %`;
  }

  ref('page').addEventListener('change', () => send('view', { page: Number(ref('page').value) }));
  for (const name of ['low', 'high']) {
    ref(name).addEventListener('input', showPercentiles);
    ref(name).addEventListener('change', () => {
      const [low, high] = ['low', 'high'].map((end) => Number(ref(end).value));
      if (low < high) send('view', { low, high });
      else app.showViewOf(app.picture);
    });
  }

  // A mask file that can be read in several ways: the server says how it was read, the others are offered.
  const readings = {
    mask: 'one mask',
    indices: 'a number is an object',
    colours: 'a colour is a class',
    alpha: 'what is not transparent',
    objects: 'a connected part is an object',
  };
  app.offerReadings = ({ path, file, reading, readings: all = [] }) => {
    const others = all.filter((name) => name !== reading);
    if (!others.length) return;
    const choices = others.map((name) => [
      t(readings[name] ?? name),
      () => send('import', { path, name: file ?? '', reading: name, replace: true }),
    ]);
    app.notices.show(t('It can also be read like this:'), { lasting: true, choices });
  };
}
