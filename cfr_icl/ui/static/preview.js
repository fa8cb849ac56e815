// What a click would give, shown faintly where the pointer or the crosshair rests. Nothing waits for it.

import { t } from './language.js';
import { MaskShape } from './mask.js';

const RESTS_AFTER = 150; // milliseconds without a movement
const AGAIN_AFTER = 400; // milliseconds until a server that could not tell is asked again
const TRIES = 5;

export function setUpPreview(app) {
  const { ref, view, props } = app;
  let place = null; // the pixel at which the pointer is; null beside the picture and for fingers
  let timer = null;
  let asking = false;

  ref('preview').closest('label').hidden = !props.previews;

  // The pointer has moved to a pixel, or left the picture.
  app.followPointer = (pixel, touch) => {
    if (pixel && !touch && pixel.x === place?.x && pixel.y === place?.y) return;
    app.dropPreview();
    place = touch ? null : pixel;
    if (place && props.previews && app.look.preview) wait(RESTS_AFTER, TRIES);
  };

  // Forget the preview, also one that is under way.
  app.dropPreview = () => {
    clearTimeout(timer);
    place = null;
    show(null);
  };

  function wait(milliseconds, tries) {
    clearTimeout(timer);
    timer = setTimeout(() => ask(tries), milliseconds);
  }

  async function ask(tries) {
    if (asking) return wait(RESTS_AFTER, tries); // for a place that was left; one at a time
    const question = questionAt(place);
    if (!question) return;
    asking = true;
    const asked = place,
      answer = await app.server.preview(question).catch(() => null);
    asking = false;
    const now = JSON.stringify(questionAt(place));
    if (asked !== place || now !== JSON.stringify(question)) return;
    if (answer) show(answer);
    else if (tries > 1) wait(AGAIN_AFTER, tries - 1);
  }

  // What to ask the server; null where a click would not be the first one on its object.
  function questionAt(pixel) {
    if (!pixel || !app.ready() || app.busy() || !view.awaitsFirstClick) return null;
    const current = app.state.objects.find((object) => object.current),
      positive = (app.mode === 'positive') !== view.shiftHeld;
    if (current ? current.clicks.length || current.locked : !positive) return null;
    if (positive && view.wouldSelect(pixel, view.altHeld)) return null;
    return { page: app.page, picture: app.picture.token, ...pixel, positive };
  }

  function show(answer) {
    if (!answer && !view.preview) return;
    view.preview = answer && {
      shape: MaskShape.decode(answer.size, answer.counts),
      colour: answer.colour,
    };
    ref('canvas').toggleAttribute('data-preview', Boolean(answer));
    view.draw();
  }

  // The key tells what it has done, as the switch is folded away.
  app.togglePreview = () => {
    if (!props.previews) return;
    ref('preview').click();
    app.notices.show(app.look.preview ? t('Previews of clicks are on.') : t('Previews of clicks are off.'));
  };
}
