import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Channel } from '../../cfr_icl/ui/static/channel.js';

// A channel with a hand on its line: `parcels` are those that were sent, as numbers.
function line(deliver = () => {}) {
  const parcels = [];
  let failures = 0;
  const channel = new Channel(
    (actions) => {
      parcels.push(actions.map(({ number }) => number));
      return deliver(actions);
    },
    () => {},
    () => {
      failures += 1;
    },
  );
  return { channel, parcels, failures: () => failures };
}

const settled = async () => {
  for (let i = 0; i < 8; i++) await Promise.resolve();
};

test('one parcel is on its way at a time, and what came meanwhile follows', () => {
  const { channel, parcels } = line();
  for (const kind of ['a', 'b', 'c']) channel.send(kind);
  assert.deepEqual(parcels, [[1]]);
  channel.acknowledge(1);
  assert.deepEqual(parcels, [[1], [2, 3]]);
  assert.ok(channel.busy && channel.awaits('b', 'x') && !channel.awaits('a'));
  channel.acknowledge(3);
  assert.ok(!channel.busy);
  channel.takeWaiting();
});

test('a lost parcel is sent again with what came meanwhile', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { channel, parcels } = line();
  channel.send('click');
  channel.send('click');
  mock.timers.tick(44_000);
  assert.equal(parcels.length, 1);
  mock.timers.tick(2_000);
  assert.deepEqual(parcels, [[1], [1, 2]]);
  channel.takeWaiting();
  mock.timers.reset();
});

test('a late reply takes nothing away that it does not acknowledge', () => {
  const { channel } = line();
  channel.send('a');
  channel.send('b');
  channel.acknowledge(2);
  channel.send('c');
  channel.acknowledge(1); // of the first parcel, which had been sent twice
  assert.deepEqual(
    channel.waiting.map(({ number }) => number),
    [3],
  );
  channel.takeWaiting();
});

test('a reply that acknowledges nothing sends no parcel again that is under way', () => {
  const { channel, parcels } = line();
  channel.send('click');
  channel.acknowledge(0); // to a question that was asked before
  assert.deepEqual(parcels, [[1]]);
  channel.takeWaiting();
});

for (const [how, deliver] of [
  ['fails later', () => Promise.reject(Error('line'))],
  [
    'fails at once',
    () => {
      throw Error('line');
    },
  ],
]) {
  test(`a delivery that ${how} is tried again soon, and told once`, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { channel, parcels, failures } = line(deliver);
    channel.send('click');
    await settled();
    assert.equal(failures(), 1);
    mock.timers.tick(3_000);
    await settled();
    assert.deepEqual(parcels, [[1], [1]]);
    assert.equal(failures(), 1);
    channel.acknowledge(1);
    channel.send('click');
    await settled();
    assert.equal(failures(), 2);
    channel.takeWaiting();
    mock.timers.reset();
  });
}

test('a failure is of no matter when a reply came by another parcel', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let fail;
  const { channel, parcels, failures } = line(
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  channel.send('click');
  const first = fail;
  channel.acknowledge(1);
  first(Error('late'));
  await settled();
  assert.equal(failures(), 0);
  mock.timers.tick(100_000);
  assert.equal(parcels.length, 1);
  mock.timers.reset();
});

test('waiting actions can be taken to another server', () => {
  const { channel } = line();
  channel.send('click', { x: 1 });
  channel.send('click', { x: 2 });
  assert.deepEqual(
    channel.takeWaiting().map(({ x }) => x),
    [1, 2],
  );
  assert.ok(!channel.busy);
  assert.equal(channel.send('hello'), 3);
  channel.takeWaiting();
});
