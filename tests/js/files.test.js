import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileList } from '../../cfr_icl/ui/static/files.js';
import { Element, elements } from './elements.js';

// A list of pictures; `opened` are those that it opens, `endings` what it says of the end of the folder.
function list(states, names = states.map((_, number) => `${number}.png`)) {
  elements();
  const parts = Object.fromEntries(
    ['list', 'none', 'progress', 'text', 'pace', 'place'].map((name) => [name, new Element()]),
  );
  const opened = [],
    endings = [];
  const files = new FileList(parts, (index) => opened.push(index));
  files.ending = (said, isNew) => endings.push([said, isNew]);
  files.show({ names, states });
  const shown = () => files.items.filter(({ parentElement }) => !parentElement.hidden);
  return { endings, files, opened, parts, shown };
}

test('steps go along the pictures, also while those they led to are on their way', () => {
  const { files, opened, parts } = list(['todo', 'todo', 'todo']);
  files.showIndex(0);
  files.step(1);
  files.step(1);
  files.step(1); // beyond the end
  files.step(-1);
  assert.deepEqual(opened, [1, 2, 1]);
  files.showComing(1);
  assert.equal(parts.place.textContent, '2 / 3');
  assert.equal(files.items[1].hasAttribute('data-coming'), true);
  files.showComing(null);
  assert.equal(parts.place.textContent, '1 / 3');
});

test('a filter hides pictures, and steps pass over them', () => {
  const { files, opened, parts, shown } = list(['done', 'todo', 'done', 'work']);
  files.filter('', 'done');
  assert.equal(shown().length, 2);
  files.showIndex(0);
  files.step(1);
  assert.deepEqual(opened, [2]);
  let beyond = 0;
  files.beyond = () => beyond++;
  files.showIndex(2);
  files.step(1);
  assert.deepEqual([opened.length, beyond], [1, 1], 'a step that the filter ends is told');
  files.filter('', '');
  files.showIndex(3);
  files.step(1);
  assert.equal(beyond, 1, 'the end of the folder is seen');
  files.filter('nothing', '');
  assert.equal(parts.none.hidden, false);
});

test('the next open picture is one that nobody else works on', () => {
  const { files } = list(['done', 'todo', 'work', 'unreadable']);
  files.showIndex(0);
  assert.equal(files.nextOpen, 1);
  files.show({ taken: { '1.png': 'Ann' } });
  assert.equal(files.nextOpen, 2);
  assert.match(files.items[1].title, /Ann works on it/);
  files.show({ states: ['done', 'todo', 'done', 'unreadable'] });
  assert.equal(files.nextOpen, null);
});

test('the end of a folder is said once it is reached, and is over when work comes back', () => {
  const { endings, files, parts } = list(['done', 'todo', 'unreadable']);
  assert.deepEqual(endings.at(-1), [null, false]);
  files.show({ states: ['done', 'done', 'unreadable'], pace: [120, 4] });
  assert.deepEqual(endings.at(-1), ['The folder is finished: 2 pictures are done. 4 objects · 2 min', true]);
  files.show({ labels: { '0.png': ['cat'] } });
  assert.equal(endings.at(-1)[1], false);
  files.show({ states: ['done', 'work', 'unreadable'] });
  assert.equal(endings.at(-1)[0], null);
  assert.equal(parts.text.textContent, '1 of 3 done');
});

test('a folder that was finished before is not celebrated when it is opened', () => {
  const { endings } = list(['done', 'done']);
  assert.match(endings[0][0], /finished/);
  assert.equal(endings[0][1], false);
});

test('the picture that is shown stays so when others come before it', () => {
  const { files, parts } = list(['todo', 'todo'], ['b.png', 'c.png']);
  files.showIndex(1);
  files.show({ names: ['a.png', 'b.png', 'c.png'], states: ['todo', 'todo', 'todo'] });
  assert.equal(files.index, 2);
  assert.equal(parts.place.textContent, '3 / 3');
  files.show({ names: ['a.png', 'b.png'], states: ['todo', 'todo'] });
  assert.equal(files.index, null);
  assert.equal(parts.place.textContent, '– / 2');
});
