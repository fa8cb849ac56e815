// The masks that a network offers for the first click on an object, as small pictures to choose from. The one
// that is taken is shown as the object has it; the network refines the others when they are taken.

import { make } from './dom.js';
import { t } from './language.js';
import { MaskShape } from './mask.js';

const SIDE = 72; // CSS pixels
const MARGIN = 0.2; // of the mask's box, beside it
const LEAST = 0.3; // of the side of a frame around all masks
const MOST = 3; // masks of an offer, and digits that choose one

export class Choices {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.send = app.send;
    this.asked = null; // names the click whose masks were asked for
    this.offered = null; // those masks
    this.held = null; // { index, picture } of a digit's key that came before it was known what it chooses
  }

  // Names the one click on an object for which the network offers several masks; null for any other object.
  clickOf(active) {
    return active?.clicks.length === 1 && active.timing?.choices > 1
      ? [this.app.picture?.token, active.id, this.ref('model').value, ...active.clicks[0]].join(' ')
      : null;
  }

  // Whether the masks for the one click on the object in work are known.
  isOffered() {
    return this.offered !== null && this.asked === this.clickOf(this.app.current);
  }

  // Whether a first click, or the masks that are offered for it, are under way; not once its object is
  // finished.
  isAwaited() {
    const { channel, current, view } = this.app,
      last = view.pending.at(-1);
    if (!last) return this.clickOf(current) !== null && !this.isOffered();
    const finished = channel.waiting.some(({ kind, number }) => kind === 'finish' && number > last.number);
    return !finished && !current?.clicks.length;
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
    this.release();
  }

  // The server has sent the masks, as `replies.Choices`.
  offer(choices) {
    if (!this.asked || choices.object !== this.app.state.active) return;
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
    this.release();
  }

  choose(index) {
    if (this.isOffered() && !this.app.view.pending.length) this.send('choose', { index });
  }

  // A digit chooses a mask of the offer, else a label. Before that is known it waits, so that its meaning
  // does not depend on how fast the network is.
  chooseByDigit(index) {
    if (this.isAwaited() && index < MOST) this.held = { index, picture: this.app.picture?.token };
    else if (this.isOffered() && index < this.offered.shapes.length) this.choose(index);
    else this.app.labels.choose(index);
  }

  // Let a waiting digit choose as soon as its meaning is known.
  release() {
    if (!this.held || this.isAwaited()) return;
    const { index, picture } = this.held;
    this.held = null;
    if (picture === this.app.picture?.token) this.chooseByDigit(index);
    else this.tellUnused(index);
  }

  // The object is finished: a digit that still waits would choose for the next one.
  giveUp() {
    if (this.held) this.tellUnused(this.held.index);
    this.held = null;
  }

  tellUnused(index) {
    const said = t('Key {n} did nothing: its object was finished before there were masks to choose from.');
    this.app.notices.show(said.replace('{n}', index + 1), { general: true });
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
