// Files that come in: chosen, dropped, pasted, or an example.

async function open(file, kind = file && file.name.toLowerCase().endsWith('.json') ? 'import' : 'open') {
  if (!file || (kind === 'open' && !mayLeave())) return;
  try {
    const { path } = await upload(file);
    channel.send(kind, { path, name: file.name || 'pasted.png' });
  } catch (error) {
    ref('answer').textContent = `${t('The file could not be sent:')} ${error.message || error}`;
  }
}

ref('file').addEventListener('change', (event) => { open(event.target.files[0]); event.target.value = ''; });
ref('masks-file').addEventListener('change', (event) => { open(event.target.files[0], 'import'); event.target.value = ''; });
root.addEventListener('dragover', (event) => { event.preventDefault(); root.toggleAttribute('data-drop', true); });
root.addEventListener('dragleave', (event) => { if (!root.contains(event.relatedTarget)) root.removeAttribute('data-drop'); });
root.addEventListener('drop', (event) => {
  event.preventDefault();
  root.removeAttribute('data-drop');
  open(event.dataTransfer.files[0]);
});
document.addEventListener('paste', (event) => {
  const file = [...event.clipboardData.files][0];
  if (file) { event.preventDefault(); open(file); }
});
props.examples.forEach(({ name, credit, thumbnail }, index) => {
  const choice = document.createElement('button');
  const image = document.createElement('img');
  image.src = thumbnail;
  image.alt = name;
  choice.title = credit || name;
  choice.append(image);
  choice.addEventListener('click', () => { if (mayLeave()) channel.send('example', { index }); });
  ref('examples').append(choice);
});

// A server that was started anew is given the picture and the masks again; those of a folder it has on disk.
async function putBack() {
  page = null;
  try {
    const actions = [];
    if (fileList.index !== null) actions.push(['goto', { index: fileList.index }]);
    else if (picture) {
      const { path } = await upload(new File([await shownPicture()], 'picture.png'));
      actions.push(['open', { path, name: picture.name }]);
      const masks = state.objects.length && await upload(new File([masksFile()], 'masks.json'));
      if (masks) actions.push(['import', { path: masks.path }]);
    }
    channel.send('hello');
    for (const [kind, data] of actions) channel.send(kind, data);
    trigger('warning', t('The server was started anew; picture and masks are back. Repeat your last action.'));
  } catch {
    trigger('warning', t('The server has lost the work of this page; reload the page to go on.'));
  }
}

function shownPicture() {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: view.width, height: view.height });
  canvas.getContext('2d', { alpha: picture.transparent }).drawImage(view.picture, 0, 0);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(Error('too large')))));
}

// The objects as a COCO file.
function masksFile() {
  const names = [...new Set(state.objects.map((object) => object.label))], { height, width } = view;
  return JSON.stringify({
    images: [{ id: 1, file_name: picture.name, height, width }],
    categories: names.map((name, index) => ({ id: index + 1, name })),
    annotations: state.objects.map(({ label, counts }, index) => ({
      id: index + 1, image_id: 1, category_id: names.indexOf(label) + 1, segmentation: { size: [height, width], counts },
    })),
  });
}
