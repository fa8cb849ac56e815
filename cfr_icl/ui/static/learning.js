// Learning from the finished pictures of the folder: start, progress and result.

import { polling } from './jobs.js';
import { t } from './language.js';

const ASK_AGAIN = 2000; // milliseconds
const WIDTH = 200,
  HEIGHT = 70, // of the plot
  SHOWN_CLICKS = 10;

export function setUpLearning(app) {
  const { ref, button, send } = app;
  const poll = polling(app, ASK_AGAIN);
  let learning = null;

  // Called with each reply's `learning`, which is undefined where nothing changed.
  app.followLearning = (told) => {
    if (told === undefined) return;
    if ((told.model ?? null) !== (learning?.model ?? null)) app.showModels(told.model);
    learning = told;
    app.showLearning();
    poll(learning.running);
  };

  app.showLearning = () => {
    if (!learning) return;
    const { finished, needed, running, elsewhere, stage, comparison, message, model } = learning;
    ref('learning').hidden = !(running || stage || finished >= needed);
    button('learn').hidden = running || finished < needed;
    button('learn').textContent = t('Learn from {n} finished pictures').replace(
      '{n}',
      finished.toLocaleString(),
    );
    ref('learning-run').hidden = !running;
    ref('learning-text').textContent = told(learning);
    ref('learning-bar').value = learning.progress;
    button('stop-learning').hidden = elsewhere;
    ref('learnt').hidden = running || !(stage || model);
    ref('learnt-text').textContent =
      message || (comparison ? result(comparison) : t('Stopped; it can go on.'));
    ref('learnt-plot').toggleAttribute('hidden', !comparison);
    if (comparison) plot(ref('learnt-plot'), comparison);
    button('use-learnt').hidden = !model || ref('model').value === model;
  };

  app.useLearnt = () => {
    send('model', { name: learning.model });
    ref('model').value = learning.model;
    app.showLearning();
  };

  app.forgetLearnt = async () => {
    const sure = await app.question.ask(t('Throw away what was learnt?'), t('Throw it away'), t('Keep it'));
    if (sure) send('forget_learnt');
  };

  ref('model').addEventListener('change', app.showLearning);
}

const STAGES = {
  reading: () => t('Reading the pictures'),
  before: () => t('Counting clicks before'),
  learning: () => t('Learning'),
  after: () => t('Counting clicks after'),
};

// How far it is.
function told({ stage, elsewhere, seconds_left: seconds }) {
  const step = STAGES[stage]?.() ?? t('Learning'),
    name = elsewhere ? `${step} · ${t('on another server')}` : step;
  if (seconds === null || seconds === undefined) return name;
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  return `${name} · ${t('{n} min left').replace('{n}', minutes.toLocaleString())}`;
}

// The result, in one line.
function result({ before, after, low, high, better, held_out_pictures: pictures, ...found }) {
  const clicks = t('Clicks on {n} pictures that were held out: {a} before, {b} after ({low} to {high}).')
    .replace('{n}', pictures.toLocaleString())
    .replace('{a}', fixed(before))
    .replace('{b}', fixed(after))
    .replace('{low}', signed(low))
    .replace('{high}', signed(high));
  const ious = t('IoU of the first clicks: {gain} % ({low} to {high}).')
    .replace('{gain}', signed(100 * found.iou_gain))
    .replace('{low}', signed(100 * found.iou_low))
    .replace('{high}', signed(100 * found.iou_high));
  // results of older versions lack the second figure
  const all = found.iou_low === found.iou_high ? clicks : `${clicks} ${ious}`;
  return better ? all : `${all} ${t('That is not surely better; the model stays as it is.')}`;
}

const fixed = (value) =>
  value.toLocaleString(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const signed = (value) =>
  value.toLocaleString(undefined, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });

// Mean IoU against the number of clicks, before and after.
function plot(svg, { ious_before: before, ious_after: after }) {
  const node = (tag, properties, text = '') => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const line = (ious, kind) => {
    const shown = ious.slice(0, SHOWN_CLICKS),
      points = shown.map((iou, n) => `${(n / (SHOWN_CLICKS - 1)) * WIDTH},${HEIGHT * (1 - iou) + 2}`);
    return node('polyline', { class: kind, points: points.join(' ') });
  };
  svg.replaceChildren(
    node('path', { class: 'axes', d: `M0 0V${HEIGHT + 2}H${WIDTH}` }),
    line(before, 'before'),
    line(after, 'after'),
    node('text', { class: 'before', x: 4, y: 83 }, t('before')),
    node('text', { class: 'after', x: 60, y: 83 }, t('after')),
    node('text', { class: 'axes', x: WIDTH, y: 83, 'text-anchor': 'end' }, t('IoU, clicks 1 to 10')),
  );
  svg.setAttribute('aria-label', t('IoU, clicks 1 to 10'));
}
