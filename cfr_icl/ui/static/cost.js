// The cost of the current model, and the progress bar while a picture is encoded.

import { t } from './language.js';

const SHOW_AFTER = 700; // milliseconds; a short wait shows no progress
const TICK = 100;

export class Cost {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.cost = null;
    this.timer = null;
  }

  // Called with each reply's cost, which is undefined when it did not change.
  show(changed) {
    this.cost = changed ?? this.cost;
    this.ref('model-cost').hidden = !this.cost;
    if (!this.cost) return;
    this.ref('model-cost').textContent = describeCost(this.cost);
    this.ref('model-kind').textContent = describeKind(this.cost);
    this.ref('model-kind').hidden = this.cost.of_kind == null;
  }

  // While the picture is encoded a bar goes on as long as that took before.
  followEncoding() {
    const waits = this.app.channel.awaits('prepare');
    if (!waits) {
      clearInterval(this.timer);
      this.timer = null;
      this.ref('encoding').hidden = true;
    } else if (!this.timer) {
      const start = performance.now();
      this.timer = setInterval(() => {
        const elapsed = performance.now() - start;
        this.ref('encoding').hidden = elapsed < SHOW_AFTER;
        if (this.cost?.picture) this.ref('encoding-bar').value = shareOf(elapsed / 1000, this.cost.picture);
        else this.ref('encoding-bar').removeAttribute('value');
      }, TICK);
    }
  }
}

// How much of a wait is over, 0 to 1, that is expected to take so long; it is never said to be over.
export function shareOf(seconds, expected) {
  const share = seconds / expected;
  return share < 0.8 ? share : 1 - 0.2 * Math.exp(1 - share / 0.8);
}

// Which network of a learnt model predicts on the picture.
export function describeKind({ of_kind: ofKind }) {
  return ofKind
    ? t('A picture as those learnt from.')
    : t('Another kind of picture: the starting model predicts.');
}

export function describeCost({ parameters, device, licence, picture, click }) {
  const parts = [];
  if (parameters) {
    const millions = (parameters / 1e6).toLocaleString(undefined, { maximumSignificantDigits: 2 });
    parts.push(t('{n} million parameters').replace('{n}', millions));
  }
  parts.push(device.split(':')[0] === 'cpu' ? 'CPU' : 'GPU');
  if (picture) parts.push(t('{n} s a picture').replace('{n}', picture.toLocaleString()));
  if (click) parts.push(t('{n} s a click').replace('{n}', click.toLocaleString()));
  parts.push(licence ?? t('licence unknown'));
  return parts.join(' · ');
}
