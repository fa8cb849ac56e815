// The picture that is shown: name, size, objects and place in the folder change together with its pixels.

import { narrow } from './dom.js';
import { endWriting, focusPicture } from './focus.js';
import * as geometry from './geometry.js';
import { t } from './language.js';
import { person, tab } from './memory.js';
import { addressOf } from './uploading.js';

const LOAD_AGAIN = [500, 2000, 5000, 10000]; // milliseconds; then always the last

// A value of a picture with four digits; whole numbers with all of them.
const shortened = (value) => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));

const unloadable = () => t('The picture cannot be loaded; the page keeps trying.');

export class ShownPicture {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.root = app.root;
    this.view = app.view;
    this.channel = app.channel;
    this.wish = null; // arguments of `goTo`: the picture that is to be opened when the one before it is known
  }

  // A reply told of another picture: load its pixels, then show it.
  expect(picture) {
    this.app.notices.remove(unloadable());
    const source = this.app.nextSource ?? null;
    this.app.nextSource = null;
    this.app.incoming = {
      picture,
      source,
      state: { objects: [], active: null },
      index: this.app.files.index,
    };
    this.load(this.app.incoming, 0);
  }

  load(incoming, attempt) {
    const image = new Image();
    image.onload = () => {
      if (this.app.incoming === incoming) this.paint(incoming, image);
    };
    image.onerror = () => {
      if (this.app.incoming !== incoming) return;
      if (!attempt) this.showWithoutPixels(incoming);
      setTimeout(
        () => {
          if (this.app.incoming === incoming) this.load(incoming, attempt + 1);
        },
        LOAD_AGAIN[Math.min(attempt, LOAD_AGAIN.length - 1)],
      );
    };
    image.src = addressOf(incoming.picture.file);
  }

  paint(incoming, image) {
    const { picture, state, index, source } = incoming;
    this.app.notices.remove(unloadable());
    endWriting(this.app);
    this.app.incoming = null;
    const before = this.app.picture;
    if (before?.token !== picture.token) this.app.reviewing.dropNote(before?.name);
    this.app.picture = picture;
    this.app.source = source ?? (before?.name === picture.name ? this.app.source : null);
    this.view.pending = [];
    this.view.picker.forget();
    this.app.selection.clear();
    this.app.settings.hideMasks(false);
    this.app.settings.showMode('positive');
    const [token, ...place] = tab.json('cfr-place', []);
    const same = ['name', 'width', 'height', 'page'].every((key) => before?.[key] === picture[key]);
    const kept = same && !this.view.fitted ? this.view.place : null; // only the contrast has changed
    const old =
      this.app.look.keep && before && !this.view.fitted
        ? { place: this.view.place, size: this.view.size }
        : null;
    this.view.setPicture(image, picture.transparent);
    this.app.settings.showBrush(this.view.brush);
    if (kept) this.view.moveTo(kept);
    else if (old) this.view.moveTo(geometry.carried(old.place, old.size, this.view.size, this.view.stage));
    else if (token === picture.token && place.length) this.view.goTo(...place);
    this.root.removeAttribute('data-empty');
    this.describe(picture);
    this.app.showing.follow(picture);
    if (this.app.inFolder) this.app.files.showIndex(index);
    this.showComing();
    if (this.app.inFolder) tab.set('cfr-at', picture.name);
    this.app.replies.showSession(state);
    this.app.marking.pointAnew();
    focusPicture(this.app);
    this.ref('tip').hidden = person.get('cfr-hint') === 'seen';
    person.set('cfr-hint', 'seen');
    this.app.restorer.painted(picture);
    this.app.send('prepare'); // while the person looks for the first place to click
  }

  // The server is at a picture whose pixels do not come: nothing can be marked, but others can be opened.
  showWithoutPixels({ picture, index, state }) {
    endWriting(this.app);
    this.app.reviewing.dropNote(this.app.picture?.name);
    this.app.picture = null;
    this.view.pending = [];
    this.view.setPicture(null);
    this.describe(picture);
    this.app.showing.follow(picture);
    if (this.app.inFolder) this.app.files.showIndex(index);
    this.app.replies.showSession(state);
    this.app.marking.pointAnew();
    this.app.notices.show(unloadable(), { lasting: true });
    this.app.replies.showBusy();
  }

  describe(picture) {
    this.ref('name').replaceChildren(narrow(picture.name));
    this.ref('name').title = picture.name;
    const [darkest, brightest] = picture.deep ? picture.values.map(shortened) : [];
    this.ref('size').textContent = [
      `${picture.width} × ${picture.height}`,
      ...(picture.transparent ? [t('holes count as white')] : []),
      ...(picture.first_frame ? [t('first frame')] : []),
      ...(picture.deep ? [t('shown from {a} to {b}').replace('{a}', darkest).replace('{b}', brightest)] : []),
    ].join(' · ');
  }

  // Where the picture is looked at survives a reload.
  keepPlace() {
    if (!this.app.picture) return;
    const { scale, x, y } = this.view.place;
    tab.set('cfr-place', JSON.stringify(this.view.fitted ? [] : [this.app.picture.token, scale, x, y]));
  }

  // Open a picture of the folder, or where it cannot be opened the one after it in the direction `step`: with
  // `to_do` the next that is to be done. While one is being opened only the last wish counts.
  goTo(index, step, to_do) {
    if (this.channel.awaits('goto', 'hello')) this.wish = [index, step, to_do];
    else
      this.app.send('goto', {
        name: this.app.files.names[index],
        step,
        to_do,
        picture: this.app.latest()?.token ?? null,
      });
    this.showComing();
  }

  // Mark the picture that is on its way in the list, so that a step is seen before it is answered.
  showComing() {
    const { channel, app } = this,
      asked = channel.waiting.filter(({ kind }) => kind === 'goto').at(-1),
      index = this.wish?.[0] ?? (asked ? app.files.names.indexOf(asked.name) : app.incoming?.index);
    app.files.showComing(index >= 0 ? index : null); // the list may not have come yet
  }

  // Called after each reply: open the picture that was asked for meanwhile.
  followWish() {
    if (this.wish === null || this.channel.awaits('goto', 'hello')) return;
    const [index, ...how] = this.wish;
    this.wish = null;
    if (index !== (this.app.incoming?.index ?? this.app.files.index)) this.goTo(index, ...how);
  }
}
