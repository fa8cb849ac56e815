// The masks that a network offers for the first click on an object, as small pictures to choose from. The one
// that is taken is shown as the object has it; the network refines the others when they are taken.

import { make } from './dom.js';
import { t } from './language.js';
import { MaskShape } from './mask.js';

const SIDE = 72; // CSS pixels
const MARGIN = 0.2; // of the mask's box, beside it
const LEAST = 0.3; // of the side of a frame around all masks

export class Choices {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.send = app.send;
    this.asked = null; // names the click whose masks were asked for
    this.offered = null; // those masks
  }

  // Names the one click on an object for which the network offers several masks; null for any other object.
  clickOf(active) {
    return active?.clicks.length === 1 && active.timing?.choices > 1
      ? [this.app.picture?.token, active.id, this.ref('model').value, ...active.clicks[0]].join(' ')
      : null;
  }

  // Called with the object in work whenever something changed.
  follow(active) {
    const click = this.clickOf(active);
    if (click !== this.asked) {
      this.asked = click;
      this.offered = null;
      if (click) this.send('choices');
    }
    this.show(active);
  }

  // The server has sent the masks, as `replies.Choices`.
  offer(choices) {
    if (!this.asked || choices.object !== this.app.current?.id) return;
    const shapes = choices.masks.map(({ counts }) => MaskShape.decode(choices.size, counts));
    this.offered = { ...choices, shapes, taken: shapes.map(() => null) };
    this.ref('choices').replaceChildren(
      ...shapes.map((_, index) => {
        const choice = make('button', { type: 'button' }, make('img', { alt: '' }));
        choice.append(make('small', {}, String(index + 1)));
        choice.setAttribute('role', 'radio');
        choice.setAttribute('aria-label', `${t('Take this mask')} (${index + 1})`);
        choice.addEventListener('click', () => this.choose(index));
        return choice;
      }),
    );
    const active = this.app.current;
    shapes.forEach((_, index) => {
      this.paint(index, active.colour);
    });
    this.show(active);
  }

  choose(index) {
    this.send('choose', { index, object: this.offered.object });
  }

  show(active) {
    this.ref('choices').hidden = !this.offered;
    if (!this.offered) return;
    const now = active.choice ?? this.offered.choice;
    [...this.ref('choices').children].forEach((choice, index) => {
      choice.setAttribute('aria-checked', String(index === now));
    });
    if (!active.shape || active.shape === this.offered.taken[now] || this.app.view.pending.length) return;
    this.offered.taken[now] = active.shape;
    this.offered.shapes[now] = new MaskShape(active.shape.columns); // its path is that of another size
    this.paint(now, active.colour);
  }

  // Show a mask of the offer in its button. The outline of a rough one is dashed, as that of a preview.
  paint(index, colour) {
    const choice = this.ref('choices').children[index],
      rough = !this.app.takesCoordinates && !this.offered.taken[index];
    const rating = `${Math.round(100 * this.offered.masks[index].predicted_iou)} %`,
      name = `${t('Take this mask')} (${index + 1}): ${t('predicted IoU')} ${rating}`;
    choice.title = rough ? `${name}; ${t('refined when it is taken')}` : name;
    choice.querySelector('img').src = this.small(this.offered.shapes[index], colour, rough);
  }

  // The address of a picture of a mask on its part of the picture.
  small(shape, colour, rough) {
    const ratio = window.devicePixelRatio || 1,
      canvas = make('canvas', { width: SIDE * ratio, height: SIDE * ratio });
    const context = canvas.getContext('2d'),
      [x, y, side] = frameOf(shape, this.offered.shapes, this.offered.size);
    context.scale(canvas.width / side, canvas.width / side);
    context.translate(-x, -y);
    context.drawImage(this.app.view.picture, 0, 0);
    if (rough) context.setLineDash([4, 3].map((length) => (length * side) / SIDE));
    if (!shape.empty) shape.paint(context, canvas.width / side, colour, rough ? 0.35 : 0.55, ratio);
    return canvas.toDataURL();
  }
}

// [x, y, side] of the square around a mask, in pixels of the picture of this size (height, width). A small
// mask beside a large one is shown larger, with some of its surroundings; the square stays in the picture.
export function frameOf(shape, shapes, [height, width]) {
  const all = around(shapes);
  if (shape.empty) return all;
  const own = around([shape]),
    side = Math.max(own[2], LEAST * all[2]),
    [x, y] = own.map((start) => start - (side - own[2]) / 2);
  const within = (start, end) => (side > end ? (end - side) / 2 : Math.min(Math.max(0, start), end - side));
  return [within(x, width), within(y, height), side];
}

function around(shapes) {
  const boxes = shapes.filter((shape) => !shape.empty).map(({ box }) => box);
  if (!boxes.length) return [0, 0, 1];
  const left = Math.min(...boxes.map((box) => box.left)),
    top = Math.min(...boxes.map((box) => box.top)),
    width = Math.max(...boxes.map((box) => box.right)) - left,
    height = Math.max(...boxes.map((box) => box.bottom)) - top;
  const side = Math.max(width, height) * (1 + 2 * MARGIN);
  return [left + (width - side) / 2, top + (height - side) / 2, side];
}
