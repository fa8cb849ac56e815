// How a picture file is shown: which of its pages, and which values are black and white where they have more
// than 8 bits.

import { make } from './dom.js';

export class Showing {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.send = app.send;
    this.ref('page').addEventListener('change', () =>
      this.send('view', { page: Number(this.ref('page').value) }),
    );
    for (const name of ['low', 'high']) {
      this.ref(name).addEventListener('input', () => this.showPercentiles());
      this.ref(name).addEventListener('change', () => {
        const [low, high] = ['low', 'high'].map((end) => Number(this.ref(end).value));
        if (low < high) this.send('view', { low, high });
        else this.follow(this.app.picture);
      });
    }
  }

  follow({ pages = 1, page = 0, deep = false, low, high }) {
    this.ref('page-row').hidden = pages < 2;
    const options = Array.from({ length: Math.min(pages, 1000) }, (_, index) =>
      make('option', { value: index, textContent: `${index + 1} / ${pages}` }),
    );
    this.ref('page').replaceChildren(...options);
    this.ref('page').value = page;
    this.ref('contrast').hidden = !deep;
    this.ref('contrast-section').hidden = pages < 2 && !deep;
    if (!deep) return;
    this.ref('low').value = low;
    this.ref('high').value = high;
    this.showPercentiles();
  }

  // The two ends stay apart.
  showPercentiles() {
    for (const name of ['low', 'high'])
      this.ref(`${name}-value`).textContent = `${Number(this.ref(name).value)} %`;
  }
}
