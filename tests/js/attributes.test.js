import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitionsFor } from '../../cfr_icl/ui/static/attributes.js';

test('the list defines first, then the values that a file brought say what they are', () => {
  const quality = { name: 'quality', kind: 'choice', choices: ['good', 'poor'] };
  const crowd = { name: 'crowd', kind: 'text' };
  const values = { quality: 'good', score: 0.5, seen: false, by: 'Ann' };
  assert.deepEqual(definitionsFor([quality, crowd], ['occluded', 'crowd'], values), [
    { name: 'occluded', kind: 'yes_no' },
    crowd,
    quality,
    { name: 'score', kind: 'number' },
    { name: 'seen', kind: 'yes_no' },
    { name: 'by', kind: 'text' },
  ]);
});
