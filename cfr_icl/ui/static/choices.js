// The masks that a network offers for the first click on an object, as small pictures to choose from. The one
// that is taken is shown as the object has it; the network refines the others when they are taken.

import { make } from './dom.js';
import { t } from './language.js';
import { MaskShape } from './mask.js';

const SIDE = 72; // CSS pixels
const MARGIN = 0.2; // of the mask's box, beside it
const LEAST = 0.3; // of the side of a frame around all masks
const MOST = 3; // masks of an offer, and digits that choose one

export function setUpChoices(app) {
  const { ref, send } = app;
  let asked = null; // names the click whose masks were asked for
  let offer = null; // those masks
  let held = null; // { index, picture } of a digit's key that came before it was known what it chooses

  const current = () => app.state.objects.find((object) => object.current);
  const clickOf = (active) =>
    active?.clicks.length === 1 && active.timing?.choices > 1
      ? [app.picture?.token, active.id, ref('model').value, ...active.clicks[0]].join(' ')
      : null;
  const offered = () => offer !== null && asked === clickOf(current());

  // Whether a first click, or the masks that are offered for it, are under way.
  const awaited = () =>
    app.view.pending.length ? !current()?.clicks.length : clickOf(current()) !== null && !offered();

  // Called with the object in work whenever something changed.
  app.followChoices = (active) => {
    const click = clickOf(active);
    if (click !== asked) {
      asked = click;
      offer = null;
      if (click) send('choices');
    }
    show(active);
    release();
  };

  app.showChoices = (choices) => {
    if (!asked || choices.object !== app.state.active) return;
    const shapes = choices.masks.map(({ counts }) => MaskShape.decode(choices.size, counts));
    offer = { ...choices, shapes, taken: shapes.map(() => null) };
    ref('choices').replaceChildren(
      ...shapes.map((_, index) => {
        const choice = make('button', { type: 'button' }, make('img', { alt: '' }));
        choice.append(make('small', {}, String(index + 1)));
        choice.setAttribute('role', 'radio');
        choice.setAttribute('aria-label', `${t('Take this mask')} (${index + 1})`);
        choice.addEventListener('click', () => app.choose(index));
        return choice;
      }),
    );
    const active = current();
    shapes.forEach((_, index) => {
      paint(index, active.colour);
    });
    show(active);
    release();
  };

  app.choose = (index) => {
    if (offered() && !app.view.pending.length) send('choose', { index });
  };

  // A digit chooses a mask of the offer, else a label. Before that is known it waits, so that its meaning
  // does not depend on how fast the network is.
  app.chooseByDigit = (index) => {
    if (awaited() && index < MOST) held = { index, picture: app.picture?.token };
    else if (offered() && index < offer.shapes.length) app.choose(index);
    else app.chooseLabel(index);
  };

  function release() {
    if (!held || awaited()) return;
    const { index, picture } = held;
    held = null;
    if (picture === app.picture?.token) app.chooseByDigit(index);
  }

  function show(active) {
    ref('choices').hidden = !offer;
    if (!offer) return;
    const now = active.choice ?? offer.choice;
    [...ref('choices').children].forEach((choice, index) => {
      choice.setAttribute('aria-checked', String(index === now));
    });
    if (!active.shape || active.shape === offer.taken[now] || app.view.pending.length) return;
    offer.taken[now] = active.shape;
    offer.shapes[now] = new MaskShape(active.shape.columns); // its path is that of another size
    paint(now, active.colour);
  }

  // Show a mask of the offer in its button. The outline of a rough one is dashed, as that of a preview.
  function paint(index, colour) {
    const choice = ref('choices').children[index],
      rough = !app.takesCoordinates && !offer.taken[index];
    const rating = `${Math.round(100 * offer.masks[index].predicted_iou)} %`,
      name = `${t('Take this mask')} (${index + 1}): ${t('predicted IoU')} ${rating}`;
    choice.title = rough ? `${name}; ${t('refined when it is taken')}` : name;
    choice.querySelector('img').src = small(offer.shapes[index], colour, rough);
  }

  // The address of a picture of a mask on its part of the picture.
  function small(shape, colour, rough) {
    const ratio = window.devicePixelRatio || 1,
      canvas = make('canvas', { width: SIDE * ratio, height: SIDE * ratio });
    const context = canvas.getContext('2d'),
      [x, y, side] = frameOf(shape, offer.shapes, offer.size);
    context.scale(canvas.width / side, canvas.width / side);
    context.translate(-x, -y);
    context.drawImage(app.view.picture, 0, 0);
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
