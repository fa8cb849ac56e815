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
