// Working through a folder: the list of its pictures with their states.

import { make } from './dom.js';
import { t } from './language.js';

const STATE_NAMES = {
  todo: 'to do',
  work: 'in work',
  done: 'done',
  unreadable: 'cannot be read',
  gone: 'is not there any more',
};

export class FileList {
  // `parts` are the elements it fills, `go(index, step)` opens a picture; with a step, 1 or -1, pictures that
  // cannot be opened are passed over in that direction
  constructor(parts, go) {
    Object.assign(this, { parts, go });
    this.names = [];
    this.states = [];
    this.items = [];
    this.index = null; // of the picture that is shown
    this.wanted = null; // where steps have led so far: also over pictures that cannot be read
  }

  // Names and states, one for each picture, when they changed.
  show({ names, states = this.states }) {
    if (names) this.list(names);
    states.forEach((state, i) => {
      if (this.states[i] === state || !this.items[i]) return;
      this.items[i].dataset.state = state;
      this.items[i].title = `${this.names[i]}, ${t(STATE_NAMES[state] ?? STATE_NAMES.todo)}`;
    });
    this.states = states;
    const done = states.filter((state) => state === 'done').length;
    this.parts.progress.max = states.length;
    this.parts.progress.value = done;
    this.parts.text.textContent = t('{n} of {m} done').replace('{n}', done).replace('{m}', states.length);
    this.showPlace();
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

  showPlace() {
    const place = this.index === null ? '–' : this.index + 1;
    this.parts.place.textContent = `${place} / ${this.names.length}`;
  }

  list(names) {
    const shown = this.names[this.index];
    this.names = names;
    this.states = [];
    this.items = names.map((name, i) => {
      const button = make('button', { type: 'button' }, name);
      button.addEventListener('click', () => this.go(i));
      return button;
    });
    this.parts.list.replaceChildren(...this.items.map((item) => make('li', {}, item)));
    if (shown !== undefined) this.showIndex(names.indexOf(shown) < 0 ? null : names.indexOf(shown));
  }

  step(by) {
    const next = (this.wanted ?? this.index ?? 0) + by;
    if (next < 0 || next >= this.names.length) return;
    this.wanted = next;
    this.go(next, by);
  }

  // Index of the next picture that is to be done, after the last the first; null when there is none.
  get nextOpen() {
    for (let i = 1; i < this.names.length; i++) {
      const at = (this.index + i) % this.names.length;
      if (['todo', 'work'].includes(this.states[at])) return at;
    }
    return null;
  }
}
