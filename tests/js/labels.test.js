import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelsIn } from '../../cfr_icl/ui/static/labels.js';

test('a list of labels is JSON of this page or of others, or one label a line', () => {
  const labels = [{ name: 'cat', colour: '#ff0000' }, 'dog'];
  assert.deepEqual(labelsIn(JSON.stringify(labels)), { labels });
  assert.deepEqual(labelsIn(JSON.stringify({ labels, attributes: [{ name: 'wet' }] })), {
    labels,
    attributes: [{ name: 'wet' }],
  });
  assert.deepEqual(labelsIn('{"classes": ["cat"]}').labels, ['cat']);
  assert.deepEqual(labelsIn('cat\r\n\n  \ndog').labels, ['cat', 'dog']);
});
