// What a click would give, shown faintly where the pointer or the crosshair rests. Nothing waits for it.

import { t } from './language.js';
import { MaskShape } from './mask.js';

const RESTS_AFTER = 150; // milliseconds without a movement
const AGAIN_AFTER = 400; // milliseconds until a server that could not tell is asked again
const TRIES = 5;

export class Preview {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.view = app.view;
    this.props = app.props;
    this.place = null; // the pixel at which the pointer is; null beside the picture and for fingers
    this.timer = null;
    this.asking = false;
    this.ref('preview').closest('label').hidden = !this.props.previews;
  }

  // The pointer has moved to a pixel, or left the picture.
  followPointer(pixel, touch) {
    if (pixel && !touch && pixel.x === this.place?.x && pixel.y === this.place?.y) return;
    this.drop();
    this.place = touch ? null : pixel;
    if (this.place && this.props.previews && this.app.look.preview) this.wait(RESTS_AFTER, TRIES);
  }

  // The place is the same, and a click there gives something else.
  askAnew() {
    const { place } = this;
    this.drop();
    this.followPointer(place, false);
  }

  // Forget the preview, also one that is under way.
  drop() {
    clearTimeout(this.timer);
    this.place = null;
    this.show(null);
  }

  wait(milliseconds, tries) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(tries), milliseconds);
  }

  async ask(tries) {
    if (this.asking) return this.wait(RESTS_AFTER, tries); // for a place that was left; one at a time
    const question = this.questionAt(this.place);
    if (!question) return;
    this.asking = true;
    const asked = this.place,
      answer = await this.app.server.preview(question).catch(() => null);
    this.asking = false;
    const now = JSON.stringify(this.questionAt(this.place));
    if (asked !== this.place || now !== JSON.stringify(question)) return;
    if (answer) this.show(answer);
    else if (tries > 1) this.wait(AGAIN_AFTER, tries - 1);
  }

  // What to ask the server; null where a click would not be the first one on its object.
  questionAt(pixel) {
    if (!pixel || !this.app.ready() || this.app.busy() || !this.view.awaitsFirstClick) return null;
    const current = this.app.current,
      positive = (this.app.mode === 'positive') !== this.view.shiftHeld;
    if (current ? current.clicks.length || current.locked : !positive) return null;
    if (positive && this.view.wouldSelect(pixel, this.view.altHeld)) return null;
    const { page, picture } = this.app;
    return { page, picture: picture.token, ...pixel, positive, may_overlap: this.view.altHeld };
  }

  show(answer) {
    if (!answer && !this.view.preview) return;
    this.view.preview = answer && {
      shape: MaskShape.decode(answer.size, answer.counts),
      colour: answer.colour,
    };
    this.ref('canvas').toggleAttribute('data-preview', Boolean(answer));
    this.view.draw();
  }

  // Turn previews on or off by key, and say which: the switch may be folded away.
  toggle() {
    if (!this.props.previews) return;
    this.ref('preview').click();
    this.app.notices.show(
      this.app.look.preview ? t('Previews of clicks are on.') : t('Previews of clicks are off.'),
    );
  }
}
