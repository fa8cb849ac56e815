import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MaskLoading } from '../../cfr_icl/ui/static/mask_loading.js';
import { elements } from './elements.js';

// A page that asks a question, which the person answers with `answer`.
function page(answer = 'yes') {
  const { ref } = elements();
  const asked = [],
    sent = [],
    offered = [];
  const app = {
    ref,
    send: (kind, data) => sent.push([kind, data]),
    notices: { show: (_, { choices }) => offered.push(...choices) },
    question: {
      choose: async (said, { yes, other }) => {
        asked.push([said.split('\n'), yes, other]);
        return answer;
      },
    },
  };
  return { asked, loading: new MaskLoading(app), offered, sent };
}

test('masks for pictures without work are loaded when the person agrees', async () => {
  const { asked, loading, sent } = page();
  await loading.confirm({ pictures: 3, with_work: 0, unknown: 2 });
  const [[said, yes, other]] = asked;
  assert.equal(said[0], 'Load masks into 3 pictures?');
  assert.equal(said[1], 'Files without a picture of their name: 2.');
  assert.deepEqual([yes, other], ['Load them', '']);
  assert.deepEqual(sent, [['fill_folder', { add: false }]]);
});

test('where some pictures have work, masks are loaded into the others or added to all', async () => {
  for (const [answer, add] of [
    ['yes', false],
    ['other', true],
  ]) {
    const { asked, loading, sent } = page(answer);
    await loading.confirm({ pictures: 3, with_work: 1, unknown: 0 });
    assert.deepEqual(asked[0].slice(1), ['Only where there is no work (2)', 'Add them to all (3)']);
    assert.deepEqual(sent, [['fill_folder', { add }]]);
  }
});

test('where all pictures have work, masks can only be added', async () => {
  const { asked, loading, sent } = page();
  await loading.confirm({ pictures: 2, with_work: 2, unknown: 0 });
  assert.deepEqual(asked[0].slice(1), ['Add them to all (2)', '']);
  assert.deepEqual(sent, [['fill_folder', { add: true }]]);
});

test('who cancels loads nothing', async () => {
  const { loading, sent } = page('no');
  await loading.confirm({ pictures: 2, with_work: 1, unknown: 0 });
  assert.deepEqual(sent, []);
});

test('a mask file that can be read in other ways is read anew in the chosen one', () => {
  const { loading, offered, sent } = page();
  loading.offerReadings({ path: '/tmp/1', file: 'a.png', reading: 'mask', readings: ['mask'] });
  assert.deepEqual(offered, []);
  loading.offerReadings({ path: '/tmp/1', file: 'a.png', reading: 'mask', readings: ['mask', 'indices'] });
  const [[text, choose]] = offered;
  assert.equal(text, 'a number is an object');
  choose();
  const data = { path: '/tmp/1', name: 'a.png', reading: 'indices', replace: true };
  assert.deepEqual(sent, [['import', data]]);
});
