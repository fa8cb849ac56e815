import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches, nextOpen, pace, sequence, stepped, target } from '../../cfr_icl/ui/static/finding.js';

const pictures = [
  { name: 'a/cat.png', state: 'done', labels: ['Animal'], certainty: 0.1 },
  { name: 'b.png', state: 'todo', labels: [], certainty: 0.9 },
  { name: '12', state: 'work', labels: ['cup'], certainty: 0.5 },
];

test('a search finds names and labels, in one state if need be', () => {
  const found = (query, state) => pictures.filter((p) => matches(p, query, state)).map((p) => p.name);
  assert.deepEqual(found('', ''), ['a/cat.png', 'b.png', '12']);
  assert.deepEqual(found(' ANIM ', ''), ['a/cat.png']);
  assert.deepEqual(found('png', 'todo'), ['b.png']);
  assert.deepEqual(
    found('2', ''),
    ['a/cat.png', 'b.png', '12'],
    'a number leads to a place, it hides nothing',
  );
});

test('the filter knows reviews, and a search finds people', () => {
  const reviewed = [
    { name: 'a', state: 'done', labels: [], certainty: null, people: ['Ann'] },
    { name: 'b', state: 'done', labels: [], certainty: null, review: 'accepted' },
    { name: 'c', state: 'work', labels: [], certainty: null, review: 'sent_back', people: ['Bob', 'Ann'] },
  ];
  const found = (query, wanted) => reviewed.filter((p) => matches(p, query, wanted)).map((p) => p.name);
  assert.deepEqual(found('', 'check'), ['a']);
  assert.deepEqual(found('', 'accepted'), ['b']);
  assert.deepEqual(found('', 'sent_back'), ['c']);
  assert.deepEqual(found('ann', ''), ['a', 'c']);
});

test('a search leads to a whole name, a number, or the first that is shown', () => {
  assert.equal(target(pictures, '12', ''), 2);
  assert.equal(target(pictures, '2', ''), 1);
  assert.equal(target(pictures, '4', ''), null);
  assert.equal(target(pictures, 'cup', ''), 2);
  assert.equal(target(pictures, 'png', 'todo'), 1);
  assert.equal(target(pictures, 'dog', ''), null);
  assert.equal(target(pictures, ' ', ''), null);
});

test('by doubt the least sure picture comes first, and what is done or was looked at is left out', () => {
  assert.deepEqual(sequence(pictures, '', 'doubt'), [2, 1]);
  assert.deepEqual(sequence([...pictures, { ...pictures[1], certainty: null }], '', 'doubt'), [2, 1]);
  assert.deepEqual(sequence(pictures, 'png', ''), [0, 1]);
});

test('a step goes along the shown pictures, and from a hidden one to the next that is shown', () => {
  assert.equal(stepped([1, 3, 4], 3, 1, ''), 4);
  assert.equal(stepped([1, 3, 4], 4, 1, ''), undefined);
  assert.equal(stepped([1, 3, 4], 2, 1, ''), 3);
  assert.equal(stepped([1, 3, 4], 2, -1, ''), 1);
  assert.equal(stepped([4, 1, 3], 2, -1, 'doubt'), 4, 'by doubt to the least sure one');
});

test('the next open picture comes after this one, then from the beginning, shown ones first', () => {
  const open =
    (...those) =>
    (at) =>
      those.includes(at);
  assert.equal(nextOpen([0, 1, 2, 3], 4, 1, open(0, 1, 3), ''), 3);
  assert.equal(nextOpen([0, 1, 2, 3], 4, 1, open(0, 1), ''), 0);
  assert.equal(nextOpen([0, 1], 4, 1, open(0, 3), ''), 0, 'a shown one before a hidden one');
  assert.equal(nextOpen([1], 4, 1, open(0, 3), ''), 3);
  assert.equal(nextOpen([2, 0, 3], 4, 1, open(0, 2, 3), 'doubt'), 2, 'the least sure one');
  assert.equal(nextOpen([0, 1], 2, 1, open(1), ''), null);
});

test('the pace is told when there is something to go by', () => {
  assert.equal(pace([10, 3]), null);
  assert.equal(pace([600, 0]), null);
  assert.deepEqual(pace([600, 40]), { minutes: 10, hourly: 240 });
});
