// A label's name and colour are changed in all pictures of the folder: asked for, counted, agreed to.

import { make } from './dom.js';
import { count, t } from './language.js';

export function setUpRelabelling(app) {
  const { ref, send } = app;
  const dialog = ref('relabel');
  const chosen = () => app.state.labels.find(({ name }) => name === ref('relabel-name').value);

  function showChosen() {
    ref('relabel-new').value = chosen()?.name ?? '';
    ref('relabel-colour').value = chosen()?.colour ?? '#000000';
  }

  app.askRelabel = () => {
    const { labels = [], label } = app.state;
    const active = app.state.objects.find((object) => object.current);
    ref('relabel-name').replaceChildren(
      ...labels.map(({ name }) => make('option', { value: name, textContent: name })),
    );
    const current = active?.label ?? label;
    if (labels.some(({ name }) => name === current)) ref('relabel-name').value = current;
    showChosen();
    dialog.showModal();
  };

  ref('relabel-name').addEventListener('change', showChosen);
  ref('relabel-no').addEventListener('click', () => dialog.close());
  dialog.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    const label = chosen(),
      renamed = ref('relabel-new').value.trim(),
      colour = ref('relabel-colour').value;
    dialog.close();
    if (!label || !renamed || (renamed === label.name && colour === label.colour)) return;
    send('relabel_folder', {
      name: label.name,
      new: renamed,
      colour: colour === label.colour ? null : colour,
    });
  });

  // The server has counted: whether to go on.
  app.confirmRelabel = async ({ name, new: renamed, colour, pictures, objects, left_out }) => {
    const joins = renamed !== name && app.state.labels.some((label) => label.name === renamed);
    const said = [
      t('Change the label "{name}" in the whole folder?').replace('{name}', name),
      `${count(pictures, 'picture')}, ${count(objects, 'object')}.`,
      ...(joins ? [t('Its objects join those of "{name}".').replace('{name}', renamed)] : []),
      ...(left_out.length
        ? [t('Left out, because others work on them: {names}.').replace('{names}', left_out.join(', '))]
        : []),
      t('While this page is open, it can be taken back above the list of pictures.'),
    ].join(' ');
    if (await app.question.ask(said, t('Change'), t('Stay here'))) {
      send('relabel_folder', { name, new: renamed, colour, sure: true });
    }
  };
}
