import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { Notices } from '../../cfr_icl/ui/static/notices.js';
import { Element, elements } from './elements.js';

function page() {
  mock.timers.enable({ apis: ['setTimeout'] });
  elements();
  const list = new Element('UL');
  const said = () => list.children.map((notice) => notice.children[0].text);
  return { list, said, notices: new Notices(list) };
}

afterEach(() => mock.timers.reset());

test('a notice disappears by itself, a lasting one when it is removed', () => {
  const { notices, said } = page();
  notices.show('saved');
  notices.show('offline', { lasting: true });
  mock.timers.tick(60_000);
  assert.deepEqual(said(), ['offline']);
  notices.remove('offline');
  assert.deepEqual(said(), []);
  notices.remove('offline'); // of nothing
});

test('a sentence that is shown again is there once, for its whole time', () => {
  const { notices, said } = page();
  notices.show('refused');
  mock.timers.tick(8000);
  notices.show('refused');
  mock.timers.tick(8000);
  assert.deepEqual(said(), ['refused']);
  mock.timers.tick(8000);
  assert.deepEqual(said(), []);
});

test('of too many notices the oldest goes', () => {
  const { notices, said } = page();
  for (const text of ['a', 'b', 'c', 'd']) notices.show(text);
  assert.deepEqual(said(), ['b', 'c', 'd']);
});

test('another picture removes what was said about the one before', () => {
  const { notices, said } = page();
  notices.show('the mask is empty');
  notices.show('files were left out', { general: true });
  notices.forgetPicture();
  assert.deepEqual(said(), ['files were left out']);
});

test('what was said about an object goes with it', () => {
  const { notices, said } = page();
  notices.show('a box may help', { object: 2 });
  notices.show('saved');
  notices.keepObjects([{ id: 1 }, { id: 2 }]);
  assert.deepEqual(said(), ['a box may help', 'saved']);
  notices.keepObjects([{ id: 1 }]);
  assert.deepEqual(said(), ['saved']);
});

test('a changed sentence stays the same notice, which ends with its time or is closed', () => {
  const { list, notices, said } = page();
  notices.show('tries again in 3 s');
  notices.replace('tries again in 3 s', 'tries again in 2 s');
  notices.replace('tries again in 3 s', 'too late');
  assert.deepEqual(said(), ['tries again in 2 s']);
  mock.timers.tick(9000);
  assert.deepEqual(said(), []);
  notices.show('one', { lasting: true });
  notices.replace('one', 'two');
  list.children[0].children[1].click();
  assert.deepEqual(said(), []);
  notices.show('three');
  notices.replace('three', null);
  assert.deepEqual(said(), []);
});

test('a choice is made once and takes its notice away', () => {
  const { list, notices, said } = page();
  const chosen = [];
  notices.show('deleted', { choices: [['Undo', () => chosen.push('undo')]] });
  const [sentence] = list.children[0].children;
  sentence.children.at(-1).click();
  assert.deepEqual(chosen, ['undo']);
  assert.deepEqual(said(), []);
});
