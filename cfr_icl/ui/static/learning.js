// Learning from the finished pictures of the folder: start, progress and result.

import { polling } from './jobs.js';
import { t } from './language.js';
import { person } from './memory.js';

const ASK_AGAIN = 2000; // milliseconds
const WIDTH = 200,
  HEIGHT = 50, // of the plot
  SHOWN_CLICKS = 10;

export class Learning {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.button = app.button;
    this.send = app.send;
    this.poll = polling(app, ASK_AGAIN);
    this.state = null; // as `replies.Learning`
    this.ref('model').addEventListener('change', () => this.show());
  }

  // Called with each reply's `learning`, which is undefined where nothing changed.
  follow(told) {
    if (told === undefined) return;
    if ((told.model ?? null) !== (this.state?.model ?? null)) this.app.settings.showModels(told.model);
    const ends = this.state?.running && !told.running;
    this.state = told;
    this.show();
    if (ends) this.announce();
    this.poll(this.state.running);
  }

  inUse() {
    return !this.state.newer && this.ref('model').value === this.state.model;
  }

  // The end of a run, which the panel may show out of sight.
  announce() {
    const { comparison, message, model } = this.state;
    const choices =
      comparison?.better && model && !this.inUse()
        ? [[t('Use the learnt model'), () => this.useLearnt()]]
        : [];
    const text = message || (comparison && result(comparison));
    const said = `${t('Learning has ended.')} ${text}`;
    if (text) this.app.notices.show(said, { lasting: true, general: true, choices });
  }

  show() {
    if (!this.state) return;
    const { finished, needed, running, elsewhere, stage, begun, comparison, message, model } = this.state;
    this.ref('learning').hidden = !(running || stage || finished >= needed);
    this.button('learn').hidden = running || finished < needed;
    const learn =
      begun && stage && !comparison && !message
        ? t('Go on learning from {n} pictures')
        : t('Learn from {n} finished pictures');
    this.button('learn').textContent = learn.replace('{n}', finished.toLocaleString());
    this.ref('learning-run').hidden = !running;
    this.ref('learning-text').textContent = told(this.state);
    this.ref('learning-bar').value = this.state.progress;
    this.button('stop-learning').hidden = elsewhere;
    this.button('stop-learning').disabled = Boolean(this.state.stopping);
    this.ref('learnt').hidden = running || !(stage || model);
    this.ref('learnt-text').textContent = message || (comparison ? result(comparison) : stopped(this.state));
    if (model && comparison?.better) {
      const choice = this.inUse()
        ? t('The learnt model is in use.')
        : t('Use it now; the model menu switches back.');
      this.ref('learnt-text').append(` ${choice}`);
    }
    this.ref('learnt-plot').toggleAttribute('hidden', !comparison);
    this.ref('learnt-intervals').hidden = !comparison;
    if (comparison) {
      plot(this.ref('learnt-plot'), comparison);
      this.ref('learnt-intervals').textContent = intervals(comparison);
    }
    this.button('use-learnt').hidden = !model || this.inUse();
    this.button('forget-learnt').hidden = !(model || begun);
    this.button('forget-learnt').textContent = t(model ? 'Throw it away' : 'Start over');
  }

  stop() {
    this.send('stop_learning');
    this.state.stopping = true;
    this.show();
  }

  useLearnt() {
    this.app.settings.useModel(this.state.model);
    this.state.newer = false;
    this.show();
  }

  async forgetLearnt() {
    const name = this.button('forget-learnt').textContent;
    const sure = await this.app.question.ask(t('Throw away what was learnt?'), name, t('Keep it'), {
      loses: true,
    });
    if (!sure) return;
    if (person.get('cfr-model') === this.state.model) person.set('cfr-model', ''); // the next one is another
    this.send('forget_learnt');
  }
}

const STAGES = {
  reading: () => t('Reading the pictures'),
  before: () => t('Counting clicks before'),
  learning: () => t('Learning'),
  choosing: () => t('Choosing the weights'),
  after: () => t('Counting clicks after'),
  finished: () => t('Counting clicks after'), // until the process has ended
};

// How far it is.
function told({ stage, stopping, elsewhere, seconds_left: seconds }) {
  if (stopping) return t('Stopping');
  const step = STAGES[stage]?.() ?? t('Learning'),
    name = elsewhere ? `${step} · ${t('on another server')}` : step;
  if (seconds === null || seconds === undefined) return name;
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  return `${name} · ${t('{n} min left').replace('{n}', minutes.toLocaleString())}`;
}

// What is left of a run that has no result: one that was stopped while it read the pictures has nothing yet.
function stopped({ stage, begun }) {
  if (!stage) return '';
  return begun ? t('Stopped; it can go on.') : t('Stopped before anything was learnt.');
}

// The result, in one line.
function result({ before, after, better, held_out_objects: objects }) {
  const clicks = t('Clicks per object: {a} before, {b} after, on {n} objects that it did not learn from.')
    .replace('{n}', objects.toLocaleString())
    .replace('{a}', fixed(before))
    .replace('{b}', fixed(after));
  return better ? clicks : `${clicks} ${t('That is not surely better; the model stays as it is.')}`;
}

// How sure the result is. The difference is that of the two figures as they are shown.
export function intervals({ before, after, low, high, iou_gain: gain, iou_low: lowIou, iou_high: highIou }) {
  const difference = (Math.round(10 * after) - Math.round(10 * before)) / 10;
  const clicks = t('Clicks: {difference} ({low} to {high}).')
    .replace('{difference}', signed(difference))
    .replace('{low}', signed(low))
    .replace('{high}', signed(high));
  if (lowIou === highIou) return clicks; // results of older versions lack the second figure
  const ious = t('IoU of the first clicks: {gain} % ({low} to {high}).')
    .replace('{gain}', signed(100 * gain))
    .replace('{low}', signed(100 * lowIou))
    .replace('{high}', signed(100 * highIou));
  return `${clicks} ${ious}`;
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
    node('text', { class: 'before', x: 4, y: 63 }, t('before')),
    node('text', { class: 'after', x: 60, y: 63 }, t('after')),
    node('text', { class: 'axes', x: WIDTH, y: 63, 'text-anchor': 'end' }, t('IoU, clicks 1 to 10')),
  );
  svg.setAttribute('aria-label', t('IoU, clicks 1 to 10'));
}
