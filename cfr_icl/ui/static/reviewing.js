// Several people on a folder: their names, the review of a picture, and who did what and when.

import { make } from './dom.js';
import { count, t } from './language.js';
import { person, tab } from './memory.js';

const DONE_THINGS = {
  done: 'done',
  open: 'open again',
  accepted: 'accepted',
  sent_back: 'sent back',
  filled: 'loaded from files',
  relabelled: 'label changed in the whole folder',
  taken_back: 'a change of the folder was taken back',
};

const TYPED_AFTER = 800; // milliseconds after the last letter of a name

export class Reviewing {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.send = app.send;
    this.visits = []; // of the picture, the latest first
    this.sentNote = null; // { note, picture } that is on its way
    this.naming = null; // a timer while a name is being typed
    if (!tab.get('cfr-tab')) tab.set('cfr-tab', Math.random().toString(36).slice(2));
    this.ref('who').value = person.get('cfr-who') ?? '';
    this.ref('who').addEventListener('change', () => this.giveName());
    this.ref('who').addEventListener('input', () => {
      clearTimeout(this.naming);
      this.naming = setTimeout(() => this.giveName(), TYPED_AFTER);
    });
    this.ref('review-note').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      if (event.key === 'Enter') this.review(false);
      else this.ref('review-note').value = '';
      this.ref('canvas').focus({ preventScroll: true });
      event.stopPropagation();
    });
  }

  // Others see the name while nothing else is done: when it is typed, also where the line is not left.
  giveName() {
    clearTimeout(this.naming);
    if ((person.get('cfr-who') ?? '') === this.ref('who').value.trim()) return;
    person.set('cfr-who', this.ref('who').value.trim());
    this.send('introduce');
  }

  // Who works here, as the server is told with each request.
  introduce() {
    return { who: person.get('cfr-who') ?? '', tab: tab.get('cfr-tab') };
  }

  followVisits(now) {
    if (now) this.visits = now;
    this.ref('visits').replaceChildren(...this.visits.map((visit) => make('li', {}, this.describe(visit))));
  }

  // A note that was refused, as somebody else had worked on the picture, need not be written again.
  keepRefused(review) {
    if (!this.sentNote || this.app.channel.awaits('review')) return;
    const { note, picture } = this.sentNote;
    this.sentNote = null;
    if (review !== 'sent_back' && picture === this.app.picture?.token) this.ref('review-note').value ||= note;
  }

  show({ done, review, note }) {
    this.keepRefused(review);
    this.ref('review-state').textContent = review
      ? [t(DONE_THINGS[review]), note].filter(Boolean).join(': ')
      : t(done ? 'to check' : 'not done yet');
    this.app.button('accept').disabled = review === 'accepted';
    this.app.button('send-back').disabled = review === 'sent_back';
  }

  // Accept the picture or send it back; in a list of the pictures to check, go on to the next.
  review(accepted) {
    if (this.ref('review').hidden || !this.app.ready()) return; // then `dropNote` tells of the note
    const note = this.ref('review-note').value.trim();
    this.send('review', { accepted, note });
    this.sentNote = accepted ? null : { note, picture: this.app.picture?.token };
    this.ref('review-note').value = '';
    if (this.ref('filter').value === 'check') this.app.files.step(1);
  }

  writeNote() {
    if (this.ref('review').hidden) return;
    this.ref('review').open = true;
    this.ref('review-note').focus();
  }

  // A note that was written, but not sent, is about the picture before and not about the one that comes.
  dropNote(name) {
    const note = this.ref('review-note').value.trim();
    this.ref('review-note').value = '';
    if (!note || !name) return;
    const said = t('The note on {name} was not sent: {note}')
      .replace('{name}', () => name)
      .replace('{note}', () => note);
    this.app.notices.show(said, { general: true });
  }

  describe({ who, began, minutes, objects = 0, outcome, note }) {
    return [
      who || t('Somebody'),
      new Date(began).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' }),
      ...(minutes ? [t('{n} min').replace('{n}', minutes)] : []),
      ...(objects > 0 ? [count(objects, 'object')] : []),
      ...(outcome ? [t(DONE_THINGS[outcome] ?? 'done')] : []),
      ...(note ? [note] : []),
    ].join(' · ');
  }
}
