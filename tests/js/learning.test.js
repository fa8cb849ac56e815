import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervals, Learning } from '../../cfr_icl/ui/static/learning.js';
import { elements } from './elements.js';

test('the difference agrees with the two figures beside it', () => {
  const comparison = { before: 5.74, after: 3.86, difference: -1.88, low: -3.56, high: -0.21 };
  assert.equal(intervals(comparison), 'Clicks: -1.8 (-3.6 to -0.2).'); // 5.7 before, 3.9 after
});

test('a run that was stopped before anything was learnt does not offer to go on', () => {
  const { ref } = elements();
  const buttons = elements().ref;
  const learning = new Learning({ ref, button: buttons, settings: { showModels() {} } });
  const state = { finished: 12, needed: 10, running: false, stage: 'stopped', progress: 0, model: null };
  learning.state = { ...state, begun: false };
  learning.show();
  assert.equal(ref('learnt-text').textContent, 'Stopped before anything was learnt.');
  assert.equal(buttons('learn').textContent, 'Learn from 12 finished pictures');
  learning.state = { ...state, begun: true };
  learning.show();
  assert.equal(ref('learnt-text').textContent, 'Stopped; it can go on.');
  assert.equal(buttons('learn').textContent, 'Go on learning from 12 pictures');
});
