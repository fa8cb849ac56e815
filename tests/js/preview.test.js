import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { Preview } from '../../cfr_icl/ui/static/preview.js';
import { elements, settled } from './elements.js';

const ANSWER = { size: [4, 4], counts: '04<', colour: '#f00' };

// A page that awaits the first click of an object; `app.questions` are those to the server, which answers
// with `app.answers`, the first of them first.
function page(changes = {}) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { ref } = elements();
  const app = {
    ref,
    page: 'p',
    picture: { token: 't' },
    mode: 'positive',
    current: null,
    props: { previews: true },
    look: { preview: true },
    ready: () => true,
    busy: () => false,
    questions: [],
    answers: [],
    server: {
      preview: async (question) => {
        app.questions.push(question);
        const answer = app.answers.shift() ?? null;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    view: { awaitsFirstClick: true, shiftHeld: false, altHeld: false, wouldSelect: () => false, draw() {} },
    ...changes,
  };
  app.preview = new Preview(app);
  return app;
}

// The pointer rests at a pixel until a server would have answered.
async function rest(app, pixel, touch = false) {
  app.preview.followPointer(pixel, touch);
  await wait(150);
}

async function wait(milliseconds) {
  mock.timers.tick(milliseconds);
  await settled();
}

afterEach(() => mock.timers.reset());

test('where the pointer rests, the mask of a click there is shown until it moves', async () => {
  const app = page();
  app.answers = [ANSWER];
  app.preview.followPointer({ x: 1, y: 2 }, false);
  await wait(100);
  app.preview.followPointer({ x: 2, y: 2 }, false); // it had not rested
  await wait(100);
  assert.deepEqual(app.questions, []);
  await wait(50);
  assert.deepEqual(app.questions, [
    { page: 'p', picture: 't', x: 2, y: 2, positive: true, may_overlap: false },
  ]);
  assert.equal(app.view.preview.colour, '#f00');
  app.preview.followPointer({ x: 2, y: 2 }, false); // within the pixel
  assert.ok(app.view.preview);
  app.preview.followPointer({ x: 3, y: 2 }, false);
  assert.equal(app.view.preview, null);
});

test('nothing is asked where a click would not start an object', async () => {
  const pixel = { x: 1, y: 2 };
  const view = { awaitsFirstClick: true, shiftHeld: false, wouldSelect: () => false, draw() {} };
  for (const changes of [
    { ready: () => false },
    { busy: () => true },
    { view: { ...view, awaitsFirstClick: false } },
    { view: { ...view, shiftHeld: true } }, // a negative click
    { mode: 'negative' },
    { view: { ...view, wouldSelect: () => true } },
    { current: { clicks: [[1, 1, true]] } },
    { current: { clicks: [], locked: true } },
    { look: { preview: false } },
    { props: { previews: false } },
  ]) {
    const app = page(changes);
    await rest(app, pixel);
    assert.deepEqual(app.questions, [], JSON.stringify(changes));
    mock.timers.reset();
  }
  const app = page();
  await rest(app, pixel, true); // a finger
  assert.deepEqual(app.questions, []);
});

test('an object in work without clicks has previews of negative clicks too', async () => {
  const app = page({ mode: 'negative', current: { clicks: [] } });
  await rest(app, { x: 1, y: 2 });
  assert.equal(app.questions[0].positive, false);
});

test('a server that cannot tell yet is asked again, five times at most', async () => {
  const app = page();
  app.answers = [null, Error('HTTP 500'), ANSWER];
  await rest(app, { x: 1, y: 2 });
  await wait(400);
  assert.equal(app.view.preview, undefined);
  await wait(400);
  assert.ok(app.view.preview);
  app.questions = [];
  await rest(app, { x: 9, y: 9 });
  for (let time = 0; time < 9; time += 1) await wait(400);
  assert.equal(app.questions.length, 5);
});

test('an answer for a place that was left, or for another picture, is not shown', async () => {
  const app = page();
  let answer;
  app.server.preview = () =>
    new Promise((done) => {
      answer = done;
    });
  await rest(app, { x: 1, y: 2 });
  app.preview.followPointer({ x: 7, y: 7 }, false);
  answer(ANSWER);
  await settled();
  assert.equal(app.view.preview, undefined);
  await wait(150);
  app.picture = { token: 'other' };
  answer(ANSWER);
  await settled();
  assert.equal(app.view.preview, undefined);
});
