// The side panel: shows the current state of the session.

import { count, t } from './language.js';
import { listed, ObjectList } from './objects.js';

const MANY = 8; // objects from which on the list is searched and ordered

export function setUpPanel(app) {
  const { root, ref, button, send } = app;
  const list = new ObjectList(ref('objects'), 'cfr-labels', send, app.select, () => app.view.draw());

  app.listedIds = () => list.ids;
  app.idInList = (element) => list.idOf(element);
  app.markSelected = (selected) => list.mark(selected);

  // An object that is pointed at is shown on the picture and in the list.
  app.pointAt = (id) => {
    if (app.view.pointed === id) return;
    app.view.pointed = id;
    app.view.draw();
    list.point(id);
  };
  ref('objects').addEventListener('pointerover', (event) => {
    app.pointAt(list.idOf(event.target));
  });
  ref('objects').addEventListener('pointerleave', () => app.pointAt(null));
  for (const name of ['object-filter', 'object-order']) {
    ref(name).addEventListener('input', () => showList());
  }

  function showList() {
    const { objects } = app.state,
      few = objects.length < MANY;
    ref('object-search').hidden = few;
    list.show(few ? objects : listed(objects, ref('object-filter').value, ref('object-order').value));
  }

  for (const input of root.querySelectorAll('[data-edit]')) {
    input.addEventListener('change', () =>
      send('edit', { id: app.state.active, [input.dataset.edit]: input.checked }),
    );
  }

  app.showPanel = () => {
    const { state } = app,
      active = state.objects.find((object) => object.current);
    button('undo').disabled = !state.can_undo;
    button('redo').disabled = !state.can_redo;
    button('finish').disabled = !active;
    app.showExport();
    button('load-masks').disabled = !app.picture;
    ref('no-objects').hidden = state.objects.length > 0;
    ref('fill').hidden = state.objects.length > 0 || !root.hasAttribute('data-folder');
    ref('before').hidden = state.objects.length > 0 || !app.files.index;
    ref('object-switches').hidden = !active;
    for (const input of active ? root.querySelectorAll('[data-edit]') : []) {
      if (!app.channel.awaits('edit')) input.checked = active[input.dataset.edit]; // else of before a switch
      input.disabled = active.locked;
    }
    showList(); // after the switches, which take room from it
    app.showSelection();
    button('done').classList.toggle('on', Boolean(state.done));
    button('done').setAttribute('aria-pressed', String(Boolean(state.done)));
    app.showReview(state);
    app.showLabels(active);
    app.inspector.follow(active);
    app.followChoices(active);
    app.followPolygons();
    app.showCascade(state.cfr);
    ref('answer').textContent = describe(state, active);
    ref('refined').textContent = describeRefinement(active);
    ref('refined').hidden = !ref('refined').textContent;
  };
}

// Describes the last refinement of the object.
function describeRefinement(active) {
  const { passes, changed } = active?.timing ?? {};
  if (!passes) return '';
  if (changed === null) return t('1 pass, nothing was refined');
  return t('{n} passes, last changed {m} px').replace('{n}', passes).replace('{m}', changed.toLocaleString());
}

// The sentence in the status line.
function describe(state, active) {
  if (!active) {
    if (!state.objects.length) return t('Ready');
    const next = matchMedia('(hover: hover)').matches // Alt is of use beside a mouse
      ? t('click a mask to correct it, Alt + click to start one on it, anything else to start a new one')
      : t('click a mask to correct it, anything else to start a new one');
    return `${count(state.objects.length, 'object')} · ${next}`;
  }
  const clicks = active.clicks.length - active.clicks_of_box;
  const parts = [
    ...(active.drawn_box ? [t('1 box')] : []),
    ...(clicks ? [count(clicks, 'click')] : []), // none on drawn and loaded objects
    `${active.area.toLocaleString()} px`,
  ];
  const { timing } = active;
  if (timing) parts.push(count(timing.forwards, 'pass'), `${Math.round(timing.milliseconds)} ms`);
  if (active.left_out) {
    parts.push(t('{n} px left to other objects').replace('{n}', active.left_out.toLocaleString()));
  }
  return parts.join(' · ');
}
