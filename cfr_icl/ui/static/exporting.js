// What goes out: downloads, exports, and a preview of polygons.

const POLYGON_FORMATS = ['coco-polygons', 'yolo', 'labelme', 'everything'];
let polygonsOf = null;

// While the slider moves one preview at a time is asked for, and the last one always.
function previewPolygons() {
  ref('detail-value').textContent = `${Number(ref('detail').value)} px`;
  if (!channel.busy) askPolygons();
}

function askPolygons() {
  polygonsOf = state.objects.map((object) => object.version).join();
  channel.send('polygons', { detail: Number(ref('detail').value) });
}

function showPolygons(rings) {
  view.polygons = ref('detail-row').hidden ? null : rings;
  const corners = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
  ref('detail-value').textContent = `${Number(ref('detail').value)} px · ${count(corners, 'corner')}`;
  view.draw();
}

function exportsFolder() { return !ref('whole-folder-row').hidden && ref('whole-folder').checked; }

function showExport() { button('export').disabled = !state.objects.length && !exportsFolder(); }

function showFormat() {
  ref('detail-row').hidden = !POLYGON_FORMATS.includes(ref('format').value);
  ref('whole-folder-row').hidden = !root.hasAttribute('data-folder') || ref('format').value === 'session';
  showExport();
  if (ref('detail-row').hidden) { view.polygons = null; view.draw(); } else if (picture) askPolygons();
}

function save(file) {
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}

function takeOne(what) {
  if (state.objects.length === 1) taking = work();
  channel.send('download', { what });
}

// Without a folder the work lives in this page; what was not taken out of it is not left without asking.
let taken = '', taking = '';

function work() { return JSON.stringify(state.objects.map(({ id, version, label, colour }) => [id, version, label, colour])); }

function unsaved() { return state.objects.length > 0 && !root.hasAttribute('data-folder') && work() !== taken; }

function mayLeave() { return !unsaved() || confirm(t('The objects on this picture were not exported. Leave them?')); }

ref('format').addEventListener('change', showFormat);
ref('whole-folder').addEventListener('change', showExport);
ref('detail').addEventListener('change', askPolygons);
ref('detail').addEventListener('input', previewPolygons);
window.addEventListener('beforeunload', (event) => { if (unsaved()) event.preventDefault(); });
