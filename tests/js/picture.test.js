import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Element, elements, silent } from './elements.js';

elements(); // whose storage the modules ask for
const { ShownPicture } = await import('../../cfr_icl/ui/static/picture.js');
const { person, tab } = await import('../../cfr_icl/ui/static/memory.js');

const CAT = { name: 'cat.png', token: 't1', width: 60, height: 40, file: { url: '/file=cat.png' } };
const DOG = { ...CAT, name: 'dog.png', token: 't2', file: { url: '/file=dog.png' } };
const PLACE = { scale: 3, x: -20, y: -10 };

// A page of a folder with three pictures. `loads` are the pictures that the browser loads, `sent` actions.
function page() {
  const { ref } = elements();
  const loads = [],
    sent = [],
    said = new Set(),
    root = new Element(),
    moves = [];
  globalThis.Image = class {
    constructor() {
      loads.push(this);
    }
  };
  root.append(ref('canvas'));
  root.setAttribute('data-empty', '');
  const view = {
    picker: silent,
    brush: 20,
    fitted: true,
    place: { scale: 1, x: 0, y: 0 },
    size: { width: 60, height: 40 },
    stage: { width: 60, height: 40 },
    setPicture: (image) => {
      view.image = image;
    },
    goTo: (...place) => moves.push(place),
    moveTo: (place) => moves.push(place),
  };
  const app = {
    ref,
    root,
    view,
    look: { keep: false },
    picture: null,
    inFolder: true,
    incoming: null,
    files: { index: 0, names: ['cat.png', 'dog.png', 'cup.png'], showIndex() {}, showComing() {} },
    channel: {
      waiting: [],
      awaits: (...kinds) => app.channel.waiting.some(({ kind }) => kinds.includes(kind)),
    },
    latest: () => app.incoming?.picture ?? app.picture,
    send: (kind, data) => sent.push([kind, data]),
    notices: { show: (text) => said.add(text), remove: (text) => said.delete(text) },
    reviewing: { dropNote() {} },
    ...Object.fromEntries(
      ['selection', 'settings', 'showing', 'replies', 'marking', 'restorer'].map((part) => [part, silent]),
    ),
  };
  const shown = new ShownPicture(app);
  const open = (picture) => {
    shown.expect(picture);
    loads.at(-1).onload();
  };
  return { app, loads, moves, open, ref, root, said, sent, shown, view };
}

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  tab.set('cfr-place', null);
  person.set('cfr-hint', null);
});
afterEach(() => mock.timers.reset());

test('a picture is shown when its pixels have come, with its name and size', () => {
  const { app, loads, ref, root, sent, shown, view } = page();
  shown.expect(CAT);
  assert.equal(app.picture, null);
  assert.equal(root.hasAttribute('data-empty'), true);
  loads[0].onload();
  assert.equal(app.picture, CAT);
  assert.equal(view.image, loads[0]);
  assert.equal(ref('name').text, 'cat.png');
  assert.equal(ref('size').textContent, '60 × 40');
  assert.equal(root.hasAttribute('data-empty'), false);
  assert.equal(document.activeElement, ref('canvas'));
  assert.deepEqual(sent, [['prepare', undefined]]);
});

test('of a picture that browsers show otherwise the page says how it is shown', () => {
  const { open, ref } = page();
  open({ ...CAT, transparent: true, deep: true, values: [12.34567, 4000] });
  assert.equal(ref('size').textContent, '60 × 40 · holes count as white · shown from 12.35 to 4000');
});

test('of two pictures that are opened one after the other the last one is shown', () => {
  const { app, loads, shown } = page();
  shown.expect(CAT);
  shown.expect(DOG);
  loads[1].onload();
  loads[0].onload();
  assert.equal(app.picture, DOG);
});

test('a picture whose pixels do not come is asked for again, and told of until they come', () => {
  const { app, loads, open, said, shown } = page();
  open(DOG);
  shown.expect(CAT);
  loads.at(-1).onerror();
  assert.equal(app.picture, null); // nothing can be marked
  assert.equal(said.size, 1);
  mock.timers.tick(500);
  loads.at(-1).onerror();
  assert.equal(loads.length, 3);
  mock.timers.tick(2000);
  loads.at(-1).onload();
  assert.equal(app.picture, CAT);
  assert.equal(said.size, 0);
});

test('a picture is not asked for any more when another one was opened', () => {
  const { loads, open, shown } = page();
  shown.expect(CAT);
  loads[0].onerror();
  open(DOG);
  mock.timers.tick(60_000);
  assert.equal(loads.length, 2);
});

test('after a reload the same place of the picture is seen, of another picture all', () => {
  const before = page();
  before.open(CAT);
  Object.assign(before.view, { fitted: false, place: PLACE });
  before.shown.keepPlace();
  const after = page();
  after.open(CAT);
  assert.deepEqual(after.moves, [[3, -20, -10]]);
  after.open(DOG);
  assert.equal(after.moves.length, 1);
});

test('the place stays with another contrast of the picture, and with the switch for it', () => {
  const { app, moves, open, view } = page();
  open(CAT);
  Object.assign(view, { fitted: false, place: PLACE });
  open({ ...CAT, token: 't3' });
  assert.deepEqual(moves, [PLACE]);
  open(DOG);
  assert.equal(moves.length, 1);
  app.look.keep = true;
  open(CAT);
  assert.deepEqual(moves.at(-1), PLACE);
});

test('while a picture is being opened only the last wish counts', () => {
  const { app, open, sent, shown } = page();
  open(CAT);
  shown.goTo(1, 1);
  assert.deepEqual(sent.at(-1), ['goto', { name: 'dog.png', step: 1, to_do: undefined, picture: 't1' }]);
  app.channel.waiting = [{ kind: 'goto', name: 'dog.png' }];
  shown.goTo(0, -1);
  shown.goTo(2, 1);
  assert.equal(sent.length, 2);
  app.channel.waiting = [];
  app.files.index = 1;
  shown.followWish();
  assert.equal(sent.length, 3);
  assert.equal(sent.at(-1)[1].name, 'cup.png');
  app.files.index = 2;
  shown.followWish();
  assert.equal(sent.length, 3);
});

test('the list marks the picture that comes, the wished one before the one that was asked for', () => {
  const { app, open, shown } = page();
  const coming = [];
  app.files.showComing = (index) => coming.push(index);
  open(CAT);
  shown.showComing();
  app.channel.waiting = [{ kind: 'click' }, { kind: 'goto', name: 'dog.png' }];
  shown.showComing();
  shown.goTo(2, 1);
  assert.deepEqual(coming.slice(-3), [null, 1, 2]);
  app.channel.waiting = [];
  app.incoming = { index: 2 };
  shown.followWish(); // it is on its way already
  assert.deepEqual([coming.at(-1), shown.wish], [2, null]);
});

test('the tip for beginners is shown with the first picture alone', () => {
  const { open, ref } = page();
  open(CAT);
  assert.equal(ref('tip').hidden, false);
  open(DOG);
  assert.equal(ref('tip').hidden, true);
});
