import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { polling } from '../../cfr_icl/ui/static/jobs.js';

const settled = async () => {
  for (let i = 0; i < 8; i++) await Promise.resolve();
};

const pass = async (seconds) => {
  for (let i = 0; i < 10 * seconds; i++) {
    mock.timers.tick(100);
    await settled();
  }
};

// A page that polls each second, and the answers to its questions that are still to come.
function page() {
  mock.timers.enable({ apis: ['setTimeout'] });
  const app = { channel: { busy: false }, answers: [] };
  app.transport = { deliver: () => new Promise((answer) => app.answers.push(answer)) };
  app.poll = polling(app, 1000);
  app.poll(true);
  return app;
}

test('a slow server is asked once at a time, and again when it has answered', async () => {
  const app = page();
  await pass(9);
  assert.equal(app.answers.length, 1);
  app.answers[0]();
  await pass(0.9);
  assert.equal(app.answers.length, 1);
  await pass(0.2);
  assert.equal(app.answers.length, 2);
  mock.timers.reset();
});

test('a question whose answer is lost is asked again', async () => {
  const app = page();
  await pass(60);
  assert.ok(app.answers.length >= 2);
  mock.timers.reset();
});

test('nothing is asked while an action is under way, nor after polling has ended', async () => {
  const app = page();
  app.channel.busy = true;
  await pass(5);
  assert.equal(app.answers.length, 0);
  app.channel.busy = false;
  await pass(1);
  assert.equal(app.answers.length, 1);
  app.poll(false);
  app.answers[0]();
  await pass(60);
  assert.equal(app.answers.length, 1);
  mock.timers.reset();
});
