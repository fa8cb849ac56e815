// Working through a folder: the list of its pictures with their states.

const STATE_NAMES = { todo: 'to do', work: 'in work', done: 'done' };

class FileList {
  // `parts` are the elements it fills, `go(index)` opens a picture
  constructor(parts, go) {
    Object.assign(this, { parts, go });
    this.names = [];
    this.states = [];
    this.index = null;
    this.wanted = null;   // where steps have led so far: also over pictures that cannot be read
  }

  show({ names, states, index }) {
    if (names) this.list(names);
    states.forEach((state, i) => {
      if (this.states[i] === state) return;
      this.items[i].dataset.state = state;
      this.items[i].title = `${this.names[i]}, ${t(STATE_NAMES[state])}`;
    });
    this.states = states;
    if (index !== this.index) {
      this.wanted = null;
      if (this.index !== null) this.items[this.index].removeAttribute('aria-current');
      this.index = index;
      if (index !== null) {
        this.items[index].setAttribute('aria-current', 'true');
        this.items[index].scrollIntoView({ block: 'nearest' });
      }
    }
    const done = states.filter((state) => state === 'done').length;
    this.parts.progress.max = states.length;
    this.parts.progress.value = done;
    this.parts.text.textContent = t('{n} of {m} done').replace('{n}', done).replace('{m}', states.length);
    this.parts.place.textContent = `${index === null ? '–' : index + 1} / ${states.length}`;
  }

  list(names) {
    this.names = names;
    this.states = [];
    this.index = null;
    this.items = names.map((name, i) => {
      const button = make('button', { type: 'button' }, name);
      button.addEventListener('click', () => this.go(i));
      return button;
    });
    this.parts.list.replaceChildren(...this.items.map((item) => make('li', {}, item)));
  }

  step(by) {
    const next = (this.wanted ?? this.index ?? 0) + by;
    if (next < 0 || next >= this.names.length) return;
    this.wanted = next;
    this.go(next);
  }

  get nextOpen() {
    for (let i = 1; i < this.names.length; i++) {
      const at = (this.index + i) % this.names.length;
      if (this.states[at] !== 'done') return at;
    }
    return null;
  }
}
