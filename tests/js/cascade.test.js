import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stopOf, textsOf } from '../../cfr_icl/ui/static/cascade.js';

test('a new setting gets its switch without a word in the scripts', () => {
  const texts = textsOf({ name: 'more_passes', help: 'run one more pass' });
  assert.deepEqual(texts, ['More passes', 'Run one more pass']);
});

test('settings that the page knows have its names', () => {
  assert.deepEqual(textsOf({ name: 'steps', help: 'most refinements' }), ['CFR steps', 'Most refinements']);
  const [name, explanation] = textsOf({ name: 'cf_clicks', help: 'refine only the first N clicks' });
  assert.equal(name, 'Refine at every click');
  assert.match(explanation, /^Off: only the first click/); // the switch has no N
});

test('the three ways to stop are told apart', () => {
  assert.equal(stopOf({ adaptive: true, min_change_ratio: 0.02 }), 'settled');
  assert.equal(stopOf({ adaptive: true, min_change_ratio: 0 }), 'published');
  assert.equal(stopOf({ adaptive: false, min_change_ratio: 0.02 }), 'never');
});
