// Working through a folder: the list of its pictures with their states.

import { make, narrow } from './dom.js';
import { DOUBT, nextOpen, pace, sequence, stepped } from './finding.js';
import { count, t } from './language.js';

const STATE_NAMES = {
  todo: 'to do',
  work: 'in work',
  done: 'done',
  unreadable: 'cannot be read',
  gone: 'is not there any more',
};

const REVIEW_NAMES = { accepted: 'accepted', sent_back: 'sent back' };

export class FileList {
  // `parts` are the elements it fills, `go(index, step)` opens a picture; with a step, 1 or -1, pictures that
  // cannot be opened are passed over in that direction
  constructor(parts, go) {
    Object.assign(this, { parts, go });
    this.names = [];
    this.states = [];
    this.done = 0; // pictures
    this.labels = {}; // of the objects of each picture, by its name
    this.certainties = {}; // the least one of each picture with masks to look at, by its name
    this.reviews = {}; // 'accepted' or 'sent_back', by name
    this.people = {}; // who worked on each picture, by its name
    this.taken = {}; // who else works on a picture now, by its name
    this.sequence = []; // indices of the pictures that are shown, in their order
    this.items = [];
    this.query = this.wantedState = ''; // what the list shows
    this.figures = [0, 0]; // seconds at work, objects made
    this.thumbnails = false;
    this.listed = () => {}; // called when the list is made anew
    // called with a sentence while all pictures are done, else with null, and whether that is new
    this.ending = () => {};
    this.beyond = () => {}; // called when a step would lead to pictures that the list does not show
    this.index = null; // of the picture that is shown
    this.coming = null; // of the picture that is on its way
    this.wanted = null; // where steps have led so far: also over pictures that cannot be read
  }

  // Show the changed parts of the list: a name and a state for each picture, labels, reviews, people, pace.
  show({ names, states, labels, certainties, reviews, people, taken, pace: figures }) {
    const before = this.states;
    if (names) this.list(names);
    if (names || states) this.showStates(states ?? before);
    Object.assign(this.labels, labels);
    for (const [name, now] of Object.entries({ certainties, reviews, people, taken })) {
      if (now) this[name] = now;
    }
    if (names || states || reviews || taken) this.showMarks();
    if (figures) this.figures = figures;
    this.showProgress();
    if (names || states || labels || certainties || reviews || people)
      this.filter(this.query, this.wantedState);
    this.showPlace();
    const ended = (list) => list.length > 0 && !list.some((state) => state === 'todo' || state === 'work');
    const over = this.done > 0 && ended(this.states);
    this.ending(over ? this.summary : null, over && !names && !ended(before));
  }

  showStates(states) {
    states.forEach((state, i) => {
      if (this.states[i] === state || !this.items[i]) return;
      this.items[i].dataset.state = state;
    });
    this.states = states;
    this.done = states.filter((state) => state === 'done').length;
  }

  // Result of the review, and who else works on a picture.
  showMarks() {
    this.items.forEach((item, i) => {
      const name = this.names[i],
        review = this.reviews[name] ?? '',
        who = this.taken[name];
      item.dataset.review = review;
      item.toggleAttribute('data-taken', who !== undefined);
      item.title = [
        name,
        t(STATE_NAMES[this.states[i]] ?? STATE_NAMES.todo),
        ...(review ? [t(REVIEW_NAMES[review])] : []),
        ...(who === undefined ? [] : [t('{who} works on it').replace('{who}', who || t('Somebody'))]),
      ].join(', ');
    });
  }

  showProgress() {
    this.parts.progress.max = this.states.length;
    this.parts.progress.value = this.done;
    this.pace = pace(this.figures);
    const { hourly } = this.pace ?? {};
    this.parts.text.textContent = t('{n} of {m} done')
      .replace('{n}', this.done)
      .replace('{m}', this.states.length);
    this.parts.pace.textContent = hourly ? `${hourly} / h` : ''; // a sentence would need a second line
    this.parts.pace.title = hourly ? t('{n} objects an hour').replace('{n}', hourly) : '';
  }

  get summary() {
    const said = t('The folder is finished: {n} pictures are done.').replace('{n}', this.done);
    const how = this.pace
      ? ` ${count(this.figures[1], 'object')} · ${t('{n} min').replace('{n}', this.pace.minutes)}`
      : '';
    return said + how;
  }

  get pictures() {
    return this.names.map((name, i) => ({
      name,
      state: this.states[i],
      labels: this.labels[name] ?? [],
      certainty: this.certainties[name] ?? null,
      review: this.reviews[name],
      people: this.people[name],
    }));
  }

  // Show only pictures with a text in their name or labels, in one state or by doubt; steps go along them.
  filter(query, wantedState) {
    Object.assign(this, { query, wantedState });
    this.sequence = sequence(this.pictures, query, wantedState);
    const shown = new Set(this.sequence);
    const order = [...this.sequence, ...this.names.map((_, i) => i).filter((i) => !shown.has(i))];
    this.items.forEach((item, i) => {
      item.parentElement.hidden = !shown.has(i);
    });
    this.parts.none.hidden = shown.size > 0 || !this.names.length;
    const ordered = wantedState === DOUBT ? order : this.names.map((_, i) => i);
    if (ordered.join() === this.ordered) return;
    this.ordered = ordered.join();
    this.parts.list.append(...ordered.map((i) => this.items[i].parentElement));
  }

  showThumbnail(index, url) {
    if (!this.items[index]?.querySelector('img')) {
      this.items[index]?.append(make('img', { src: url, alt: '' }));
    }
  }

  // The picture at this index is shown now; null for none.
  showIndex(index) {
    this.wanted = null;
    this.items[this.index]?.removeAttribute('aria-current');
    this.index = index;
    this.items[index]?.setAttribute('aria-current', 'true');
    this.items[index]?.scrollIntoView({ block: 'nearest' });
    this.showPlace();
  }

  // The picture at this index is on its way; null for none.
  showComing(index) {
    if (index === this.coming) return;
    this.items[this.coming]?.removeAttribute('data-coming');
    this.coming = index;
    this.items[index]?.setAttribute('data-coming', '');
    this.items[index]?.scrollIntoView({ block: 'nearest' });
    this.showPlace();
  }

  showPlace() {
    const index = this.coming ?? this.index,
      place = index === null ? '–' : index + 1;
    this.parts.place.textContent = `${place} / ${this.names.length}`;
  }

  list(names) {
    const shown = this.names[this.index];
    this.names = names;
    this.states = [];
    this.ordered = this.coming = null;
    this.items = names.map((name, i) => {
      const button = make('button', { type: 'button', ariaLabel: name }, narrow(name));
      button.addEventListener('click', () => this.go(i));
      return button;
    });
    this.parts.list.replaceChildren(...this.items.map((item) => make('li', {}, item)));
    if (shown !== undefined) this.showIndex(names.indexOf(shown) < 0 ? null : names.indexOf(shown));
    this.listed();
  }

  step(by) {
    const next = stepped(this.sequence, this.wanted ?? this.index ?? 0, by, this.wantedState);
    if (next === undefined) {
      const hidden = this.names[(this.wanted ?? this.index ?? 0) + by] !== undefined;
      if (hidden && this.sequence.length < this.names.length) this.beyond();
      return;
    }
    this.wanted = next;
    this.go(next, by);
  }

  // Index of the next picture that is to be done and that nobody else works on; null when there is none.
  get nextOpen() {
    const isOpen = (at) =>
      ['todo', 'work'].includes(this.states[at]) && this.taken[this.names[at]] === undefined;
    return nextOpen(this.sequence, this.names.length, this.index, isOpen, this.wantedState);
  }
}
