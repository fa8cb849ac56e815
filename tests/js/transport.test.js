import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';

Object.assign(globalThis, { window: { gradio_config: { root: 'http://here' } } });
const { Transport } = await import('../../cfr_icl/ui/static/transport.js');

// A page whose server answers with a reply, or fails; what came and went, in its order.
function pageWith({ reply = { applied: 1 }, status = 200 } = {}) {
  const happened = [];
  mock.method(globalThis, 'fetch', async (address) => {
    happened.push(['asked', address]);
    if (!status) throw Error('network');
    return { ok: status === 200, status };
  });
  const app = {
    page: 'token',
    resume: null,
    lastReply: 4,
    props: { label: 'en', direct: ['click', 'undo'] },
    latest: () => ({ token: 'picture' }),
    reviewing: { introduce: () => ({ who: 'Ann' }) },
    ref: () => null,
    notices: { remove() {} },
    server: {
      apply: async (parcel) => {
        happened.push(['apply', parcel]);
        return reply;
      },
    },
    trigger: (name) => {
      happened.push([name]);
      queueMicrotask(() => app.transport.heard());
    },
    replies: { receive: (received) => happened.push(['received', received]) },
  };
  app.transport = new Transport(app);
  app.transport.logIn = async () => happened.push(['log in']);
  return { app, happened };
}
afterEach(() => mock.restoreAll());

test('an action that needs no event goes straight to the server, with what the page shows', async () => {
  const { app, happened } = pageWith();
  await app.transport.deliver([{ kind: 'click', number: 1 }]);
  await Promise.resolve();
  const [[, { actions, known }], received] = happened;
  assert.deepEqual(actions, [{ kind: 'click', number: 1 }]);
  assert.deepEqual(known, {
    page: 'token',
    resume: null,
    language: 'en',
    picture: 'picture',
    reply: 4,
    who: 'Ann',
  });
  assert.deepEqual(received, ['received', { applied: 1 }]);
});

test('others go by events of Gradio, models by one that shows progress', async () => {
  const { app, happened } = pageWith();
  await app.transport.deliver([{ kind: 'hello', number: 1 }]);
  await app.transport.deliver([{ kind: 'model', number: 2 }]);
  const names = happened.map(([name]) => name);
  assert.deepEqual(names, ['asked', 'act', 'asked', 'switch']);
});

test('without a reply the page finds out why, and asks for the password where that is it', async () => {
  for (const [status, state] of [
    [200, 'reached'],
    [401, 'login'],
    [502, 'unreachable'],
    [0, 'unreachable'],
  ]) {
    const { app, happened } = pageWith({ reply: null, status });
    assert.equal(await app.transport.explainFailure(), state);
    assert.deepEqual(happened[0], ['asked', 'http://here/gradio_api/login_check']);
    await assert.rejects(app.transport.deliver([{ kind: 'click', number: 1 }]), /no reply/);
    assert.equal(happened.filter(([name]) => name === 'log in').length, state === 'login' ? 2 : 0);
    mock.restoreAll();
  }
});

test('an event is not sent while the server is out of reach, which would end the page', async () => {
  const { app, happened } = pageWith({ status: 0 });
  await assert.rejects(app.transport.deliver([{ kind: 'hello', number: 1 }]), /no reply/);
  assert.deepEqual(
    happened.map(([name]) => name),
    ['asked'],
  );
});
