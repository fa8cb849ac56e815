// The picture that is shown: name, size, objects and place in the folder change together with its pixels.

import { narrow } from './dom.js';
import * as geometry from './geometry.js';
import { t } from './language.js';
import { person, tab } from './memory.js';
import { addressOf } from './uploading.js';

const LOAD_AGAIN = [500, 2000, 5000, 10000]; // milliseconds; then always the last

// A value of a picture with four digits; whole numbers with all of them.
const shortened = (value) => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));

export function setUpPicture(app) {
  const { ref, root, view, channel } = app;
  const unloadable = () => t('The picture cannot be loaded; the page keeps trying.');
  let wish = null; // arguments of `goTo`: the picture that is to be opened when the one before it is known

  // The newest picture of which the server has told, painted or not.
  app.latest = () => app.incoming?.picture ?? app.picture;

  // Whether what the person does now can mean the picture that is painted.
  app.ready = () =>
    Boolean(app.picture) &&
    !app.incoming &&
    !app.restoring &&
    !channel.awaits('open', 'example', 'goto', 'restore', 'hello', 'view');

  app.expectPicture = (picture) => {
    app.notices.remove(unloadable());
    const source = app.nextSource ?? null;
    app.nextSource = null;
    app.incoming = { picture, source, state: { objects: [], active: null }, index: app.files.index };
    load(app.incoming, 0);
  };

  function load(incoming, attempt) {
    const image = new Image();
    image.onload = () => {
      if (app.incoming === incoming) paint(incoming, image);
    };
    image.onerror = () => {
      if (app.incoming !== incoming) return;
      if (!attempt) showWithoutPixels(incoming);
      setTimeout(
        () => {
          if (app.incoming === incoming) load(incoming, attempt + 1);
        },
        LOAD_AGAIN[Math.min(attempt, LOAD_AGAIN.length - 1)],
      );
    };
    image.src = addressOf(incoming.picture.file);
  }

  function paint(incoming, image) {
    const { picture, state, index, source } = incoming;
    app.notices.remove(unloadable());
    app.incoming = null;
    const before = app.picture;
    app.picture = picture;
    app.source = source ?? (before?.name === picture.name ? app.source : null);
    view.pending = [];
    view.picker.forget();
    app.clearSelection();
    app.hideMasks(false);
    app.showMode('positive');
    const [token, ...place] = tab.json('cfr-place', []);
    const same = ['name', 'width', 'height', 'page'].every((key) => before?.[key] === picture[key]);
    const kept = same && !view.fitted ? view.place : null; // only the contrast has changed
    const old = app.look.keep && before && !view.fitted ? { place: view.place, size: view.size } : null;
    view.setPicture(image, picture.transparent);
    app.showBrush(view.brush);
    if (kept) view.moveTo(kept);
    else if (old) view.moveTo(geometry.carried(old.place, old.size, view.size, view.stage));
    else if (token === picture.token && place.length) view.goTo(...place);
    root.removeAttribute('data-empty');
    describe(picture);
    app.showViewOf(picture);
    if (root.hasAttribute('data-folder')) app.files.showIndex(index);
    if (root.hasAttribute('data-folder')) tab.set('cfr-at', picture.name);
    app.showSession(state);
    if (!root.querySelector('dialog[open]')) ref('canvas').focus({ preventScroll: true });
    ref('tip').hidden = person.get('cfr-hint') === 'seen';
    person.set('cfr-hint', 'seen');
    app.painted(picture);
    app.send('prepare'); // while the person looks for the first place to click
  }

  // The server is at a picture whose pixels do not come: nothing can be marked, but others can be opened.
  function showWithoutPixels({ picture, index, state }) {
    app.picture = null;
    view.pending = [];
    view.setPicture(null);
    describe(picture);
    app.showViewOf(picture);
    if (root.hasAttribute('data-folder')) app.files.showIndex(index);
    app.showSession(state);
    app.notices.show(unloadable(), { lasting: true });
    app.showBusy();
  }

  function describe(picture) {
    ref('name').replaceChildren(narrow(picture.name));
    ref('name').title = picture.name;
    const [darkest, brightest] = picture.deep ? picture.values.map(shortened) : [];
    ref('size').textContent = [
      `${picture.width} × ${picture.height}`,
      ...(picture.transparent ? [t('holes count as white')] : []),
      ...(picture.first_frame ? [t('first frame')] : []),
      ...(picture.deep ? [t('shown from {a} to {b}').replace('{a}', darkest).replace('{b}', brightest)] : []),
    ].join(' · ');
  }

  // Where the picture is looked at survives a reload.
  app.keepPlace = () => {
    if (!app.picture) return;
    const { scale, x, y } = view.place;
    tab.set('cfr-place', JSON.stringify(view.fitted ? [] : [app.picture.token, scale, x, y]));
  };

  // Open a picture of the folder, or where it cannot be opened the one after it in the direction `step`: with
  // `to_do` the next that is to be done. While one is being opened only the last wish counts.
  app.goTo = (index, step, to_do) => {
    if (channel.awaits('goto', 'hello')) wish = [index, step, to_do];
    else
      app.send('goto', { name: app.files.names[index], step, to_do, picture: app.latest()?.token ?? null });
  };

  app.followWish = () => {
    if (wish === null || channel.awaits('goto', 'hello')) return;
    const [index, ...how] = wish;
    wish = null;
    if (index !== (app.incoming?.index ?? app.files.index)) app.goTo(index, ...how);
  };
}
