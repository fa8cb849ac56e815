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

export function setUpReviewing(app) {
  const { ref, send } = app;
  let visits = []; // of the picture, the latest first
  let naming = null; // a timer while a name is being typed
  if (!tab.get('cfr-tab')) tab.set('cfr-tab', Math.random().toString(36).slice(2));

  ref('who').value = person.get('cfr-who') ?? '';
  // Others see the name while nothing else is done: when it is typed, also where the line is not left.
  const giveName = () => {
    clearTimeout(naming);
    if ((person.get('cfr-who') ?? '') === ref('who').value.trim()) return;
    person.set('cfr-who', ref('who').value.trim());
    send('hello');
  };
  ref('who').addEventListener('change', giveName);
  ref('who').addEventListener('input', () => {
    clearTimeout(naming);
    naming = setTimeout(giveName, TYPED_AFTER);
  });

  // Who works here, as the server is told with each request.
  app.introduce = () => ({ who: person.get('cfr-who') ?? '', tab: tab.get('cfr-tab') });

  app.followVisits = (now) => {
    if (now) visits = now;
    ref('visits').replaceChildren(...visits.map((visit) => make('li', {}, describe(visit))));
  };

  app.showReview = ({ done, review, note }) => {
    ref('review-state').textContent = review
      ? [t(DONE_THINGS[review]), note].filter(Boolean).join(': ')
      : t(done ? 'to check' : 'not done yet');
    app.button('accept').disabled = review === 'accepted';
    app.button('send-back').disabled = review === 'sent_back';
  };

  // Whoever goes through the pictures to check comes to the next one.
  app.review = (accepted) => {
    if (ref('review').hidden) return;
    send('review', { accepted, note: ref('review-note').value.trim() });
    ref('review-note').value = '';
    if (ref('filter').value === 'check') app.files.step(1);
  };

  app.writeNote = () => {
    if (ref('review').hidden) return;
    ref('review').open = true;
    ref('review-note').focus();
  };

  ref('review-note').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    if (event.key === 'Enter') app.review(false);
    else ref('review-note').value = '';
    ref('canvas').focus({ preventScroll: true });
    event.stopPropagation();
  });

  function describe({ who, began, minutes, objects = 0, outcome, note }) {
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
