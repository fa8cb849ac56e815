// Messages for the user: notices that disappear by themselves, and questions.

import { make } from './dom.js';
import { t } from './language.js';

const SHOWN_FOR = 9000;
const AT_ONCE = 3;

export class Notices {
  constructor(list) {
    this.list = list;
    this.shown = new Map(); // text -> { text, general, object, said, node, timer }
  }

  // Show a sentence; the same one is not repeated while it is there. A lasting one stays until it is removed.
  // `choices` are pairs of a text and what happens when it is chosen; `general` is for notices that are not
  // about the picture alone; `object` is the id of the one that a notice is about.
  show(text, { lasting = false, choices = [], general = false, object = null } = {}) {
    const old = this.shown.get(text);
    if (old) this.remove(text);
    else if (this.shown.size >= AT_ONCE) this.remove(this.shown.keys().next().value);
    const notice = { text, general, object, said: make('span', {}, text) },
      close = make('button', { type: 'button', title: t('Close') }, '✕');
    close.setAttribute('aria-label', t('Close'));
    close.addEventListener('click', () => this.remove(notice.text));
    for (const [name, act] of choices) {
      const choice = make('button', { type: 'button', className: 'link' }, name);
      choice.addEventListener('click', () => {
        this.remove(notice.text);
        act();
      });
      notice.said.append(' ', choice);
    }
    notice.node = make('li', { className: 'notice toast-body' }, notice.said, close);
    this.list.append(notice.node);
    notice.timer = lasting ? null : setTimeout(() => this.remove(notice.text), SHOWN_FOR);
    this.shown.set(text, notice);
  }

  // Change the sentence of a notice that is still there; null removes it.
  replace(text, changed) {
    const notice = this.shown.get(text);
    if (!notice || changed === text) return;
    if (changed === null) {
      this.remove(text);
      return;
    }
    notice.text = notice.said.firstChild.data = changed;
    this.shown.delete(text);
    this.shown.set(changed, notice);
  }

  // Another picture comes: remove the notices about the one before, which would seem to be about it.
  forgetPicture() {
    for (const [text, { general }] of this.shown) if (!general) this.remove(text);
  }

  // Remove the notices about objects that are not there any more.
  keepObjects(objects) {
    const ids = new Set(objects.map(({ id }) => id));
    for (const [text, { object }] of this.shown) if (object !== null && !ids.has(object)) this.remove(text);
  }

  remove(text) {
    const { node, timer } = this.shown.get(text) || {};
    clearTimeout(timer);
    node?.remove();
    this.shown.delete(text);
  }
}

// A question in a dialog of the page itself, for frames may not open the browser's.
export class Question {
  #open = null;

  constructor(dialog) {
    this.dialog = dialog;
    this.part = (name) => dialog.querySelector(`[data-ref="${name}"]`);
    for (const answer of ['yes', 'other', 'no'])
      this.part(`ask-${answer}`).addEventListener('click', () => dialog.close(answer));
  }

  // Resolves to true when the person agrees, false else. Where agreeing `loses` something, the other button
  // stands out.
  async ask(text, yes, no, { loses = false } = {}) {
    return (await this.choose(text, { yes, no, loses })) === 'yes';
  }

  // Resolves to 'yes', 'no' or, where there is such a button, 'other'; one question at a time.
  async choose(text, { yes, no, other = '', loses = false }) {
    while (this.#open) await this.#open;
    this.part('ask-yes').classList.toggle('primary', !loses);
    this.part('ask-no').classList.toggle('primary', loses);
    this.part('ask-text').textContent = text;
    this.part('ask-yes').textContent = yes;
    this.part('ask-no').textContent = no;
    this.part('ask-other').textContent = other;
    this.part('ask-other').hidden = !other;
    const { dialog } = this;
    dialog.returnValue = 'no';
    dialog.showModal();
    this.#open = new Promise((done) => {
      dialog.addEventListener('close', () => done(dialog.returnValue || 'no'), { once: true });
    });
    const answer = await this.#open;
    this.#open = null;
    return answer;
  }
}
