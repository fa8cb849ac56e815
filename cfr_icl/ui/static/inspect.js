// The passes of a prediction: small pictures of each, its probabilities, threshold and zoom-in window.

import { make } from './dom.js';
import { t } from './language.js';
import { rgbOf } from './shades.js';

// Probabilities as colours over the picture: clear at 0, blue, yellow, red at 1.
function heatmap(image) {
  const canvas = make('canvas', { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const stops = [
    [30, 58, 138, 40],
    [37, 99, 235, 170],
    [250, 204, 21, 220],
    [220, 38, 38, 235],
  ];
  for (let i = 0; i < pixels.data.length; i += 4) {
    const place = (pixels.data[i] / 255) * (stops.length - 1),
      low = Math.min(stops.length - 2, Math.floor(place));
    for (let c = 0; c < 4; c++)
      pixels.data[i + c] = stops[low][c] + (stops[low + 1][c] - stops[low][c]) * (place - low);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

// Paint the mask of a threshold in a colour.
function preview(image, threshold, colour) {
  const canvas = make('canvas', { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const rgb = rgbOf(colour);
  for (let i = 0; i < pixels.data.length; i += 4)
    pixels.data.set([...rgb, pixels.data[i] > 255 * threshold ? 200 : 0], i);
  context.putImageData(pixels, 0, 0);
  return canvas;
}

export class Inspector {
  // `fold` is the section that opens and closes, `send(kind, data)` asks the server, `awaits(kind)` tells
  // whether such an action is not answered yet
  constructor(fold, view, send, awaits) {
    Object.assign(this, { fold, view, send, awaits });
    this.part = (name) => fold.querySelector(`[data-ref="${name}"]`);
    this.asked = null;
    this.part('window').checked = true;
    fold.addEventListener('toggle', () => {
      this.opened = fold.open;
      this.follow(this.active);
    });
    for (const name of ['heat', 'window']) this.part(name).addEventListener('change', () => this.paint());
    this.part('threshold').addEventListener('input', () => {
      this.trying = true;
      this.showThreshold();
      this.paint();
    });
    this.part('threshold').addEventListener('change', () =>
      this.send('edit', { id: this.active.id, threshold: Number(this.part('threshold').value) }),
    );
  }

  // Ask for the inside of the active object's answer whenever there is a new one to see.
  follow(active) {
    this.active = active;
    this.trying = false;
    const seen = this.fold.open && active && active.clicks.length > 0;
    this.part('inside').hidden = !seen;
    this.part('inspect-note').hidden = !!seen;
    if (!seen) {
      this.asked = this.shown = null;
    } else {
      if (!this.awaits('edit')) this.part('threshold').value = active.threshold; // else a late reply
      this.showThreshold();
      const { id, version: mask, clicks, threshold, chosen_pass: pass } = active;
      const version = [id, mask, clicks.length, threshold, pass].join(' ');
      if (version !== this.asked) {
        this.asked = version;
        this.send('inspect');
      }
    }
    this.paint();
  }

  showThreshold() {
    this.part('threshold-value').textContent = Number(this.part('threshold').value).toLocaleString(
      undefined,
      { minimumFractionDigits: 2 },
    );
  }

  show(inside) {
    this.shown = inside;
    this.part('passes').replaceChildren(
      ...inside.passes.map((pass, index) => {
        const change = index
          ? `+${pass.added.toLocaleString()} −${pass.removed.toLocaleString()}`
          : `${pass.added.toLocaleString()} px`;
        const name = pass.close_up ? t('Close-up') : index ? `${t('Pass')} ${index}` : t('Coarse');
        const choice = make(
          'button',
          { type: 'button', title: `${t('Keep this pass')}: ${change}` },
          make('img', { src: pass.picture, alt: '' }),
          make('b', {}, name),
          make('small', {}, change),
        );
        choice.setAttribute('role', 'radio');
        choice.setAttribute('aria-checked', String(index === inside.chosen_pass));
        choice.addEventListener('click', (event) => {
          event.stopPropagation();
          this.send('keep_pass', { pass: index, prediction: inside.prediction });
        });
        return choice;
      }),
    );
    const image = new Image();
    image.onload = () => {
      if (this.shown === inside) {
        inside.image = image;
        inside.heat = heatmap(image);
        this.paint();
      }
    };
    image.src = inside.probabilities;
    this.paint();
    if (this.opened) this.fold.scrollIntoView({ block: 'nearest' }); // once, not at each click
    this.opened = false;
  }

  paint() {
    const { shown } = this;
    this.view.heat =
      shown && this.trying && shown.image
        ? preview(shown.image, Number(this.part('threshold').value), this.active.colour)
        : shown && this.part('heat').checked
          ? shown.heat
          : null;
    this.view.window = this.shown && this.part('window').checked ? this.shown.window : null;
    this.view.draw();
  }
}
