// Downloads, exports, and a preview of polygons.

import { make } from './dom.js';
import { count, t } from './language.js';
import { person } from './memory.js';

const FIRST_CHOICE = { format: 'coco', detail: 1, split: '' }; // on a person's first visit

export function setUpExporting(app) {
  const { ref, root, view, send } = app;
  const { export_formats: formats } = app.props; // { name, title, polygons }, listed in ui/canvas.py
  const polygonFormats = [
    ...formats.filter(({ polygons }) => polygons).map(({ name }) => name),
    'everything',
  ];
  const option = ({ name, title }) => make('option', { value: name, textContent: title });
  ref('format').prepend(...formats.map(option));
  const detail = () => Number(ref('detail').value);
  const versions = () => app.state.objects.map((object) => object.version).join();
  let polygonsOf = null;
  let taken = '',
    taking = ''; // the work that was exported, and the one whose export is under way
  let takesFolder = false; // whether that is an export of the whole folder

  // Without a folder the work lives in this page; what was not taken out of it is not left without asking.
  const work = () =>
    JSON.stringify(app.state.objects.map(({ id, version, label, colour }) => [id, version, label, colour]));

  const exportsFolder = () => !ref('whole-folder-row').hidden && ref('whole-folder').checked;

  const restoreChoice = () => {
    const kept = person.json('cfr-export', {});
    for (const [name, first] of Object.entries(FIRST_CHOICE)) {
      ref(name).value = kept[name] ?? first;
      if (ref(name).selectedIndex === -1) ref(name).value = first; // another version of the tool had more
    }
  };

  const keepChoice = (change) => {
    const [format, split] = [ref('format').value, ref('split').value],
      { whole } = person.json('cfr-export', {});
    person.set('cfr-export', JSON.stringify({ format, split, detail: detail(), whole, ...change }));
  };

  // The box of a single picture is hidden and not checked; that of a page's own folder is no lasting choice.
  const keepWhole = () => {
    if (!ref('whole-folder-row').hidden && !root.hasAttribute('data-own'))
      keepChoice({ whole: ref('whole-folder').checked });
  };

  // A folder is exported as a whole, unless a person has chosen otherwise for one that the server keeps.
  app.showFolderExport = (own) => {
    ref('whole-folder').checked = own || (person.json('cfr-export', {}).whole ?? true);
    app.showFormat();
  };

  const askPolygons = () => {
    polygonsOf = versions();
    send('polygons', { detail: detail() });
  };

  // While the slider moves, one preview is requested at a time, and always the last one.
  const previewPolygons = () => {
    ref('detail-value').textContent = `${detail()} px`;
    if (!app.channel.busy) askPolygons();
  };

  app.showPolygons = (rings) => {
    view.polygons = ref('detail-row').hidden ? null : rings;
    const corners = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
    ref('detail-value').textContent = `${detail()} px · ${count(corners, 'corner')}`;
    view.draw();
  };

  app.followPolygons = () => {
    if (view.polygons && versions() !== polygonsOf) askPolygons();
  };

  app.showExport = () => {
    ref('split').hidden = !exportsFolder() || ref('format').value === 'session';
    app.button('export').disabled = !app.state.objects.length && !exportsFolder();
    app.button('export').title = exportsFolder() ? t('All pictures of the folder') : t('This picture');
    showDownloads(app.state.objects);
  };

  // Without an object in work these files hold all objects together.
  function showDownloads(objects) {
    const all = objects.length > 1 && !objects.some((object) => object.current);
    const show = (name, text, title) => {
      const button = app.button(name);
      button.disabled = !objects.length;
      button.querySelector('span').textContent = text;
      button.title = all ? `${title}; ${t('all objects together, as none is selected')}` : title;
    };
    show(
      'download-mask',
      all ? t('Mask (all)') : t('Mask'),
      t('PNG as large as the picture, with 0 and 255'),
    );
    const title = t('PNG with transparency around the object');
    show('download-cutout', all ? t('Cut-out (all)') : t('Cut-out'), title);
  }

  app.showFormat = () => {
    ref('detail-row').hidden = !polygonFormats.includes(ref('format').value);
    const own = root.hasAttribute('data-own'); // another folder has its session files on the server's disk
    ref('whole-folder-row').hidden =
      !root.hasAttribute('data-folder') || (ref('format').value === 'session' && !own);
    app.showExport();
    if (ref('detail-row').hidden) {
      view.polygons = null;
      view.draw();
    } else if (app.picture) {
      askPolygons();
    }
  };

  app.exportSession = () => {
    taking = work();
    takesFolder = exportsFolder();
    send('download', { what: takesFolder ? 'sessions' : 'session' });
  };

  app.export = () => {
    const format = ref('format').value;
    if (format === 'session') return app.exportSession();
    taking = work();
    takesFolder = exportsFolder();
    send('export', {
      format,
      detail: detail(),
      whole_folder: takesFolder,
      split: ref('split').value || null,
    });
  };

  app.takeOne = (what) => {
    if (app.state.objects.length === 1) taking = work();
    send('download', { what });
  };

  // An export has arrived.
  app.markTaken = () => {
    taken = taking;
    if (takesFolder) app.markFolderTaken();
    takesFolder = false;
  };

  const unsaved = () => app.state.objects.length > 0 && !root.hasAttribute('data-folder') && work() !== taken;

  app.mayLeave = async () =>
    !unsaved() ||
    app.question.ask(
      t('The objects on this picture were not exported. Leave them?'),
      t('Leave them'),
      t('Stay here'),
      { loses: true },
    );

  restoreChoice();
  for (const name of ['format', 'detail', 'split']) ref(name).addEventListener('change', () => keepChoice());
  ref('whole-folder').addEventListener('change', keepWhole);
  ref('format').addEventListener('change', app.showFormat);
  ref('whole-folder').addEventListener('change', app.showExport);
  ref('detail').addEventListener('change', askPolygons);
  ref('detail').addEventListener('input', previewPolygons);
  window.addEventListener('beforeunload', (event) => {
    if (unsaved() || app.ownUnsaved()) event.preventDefault();
  });
}
