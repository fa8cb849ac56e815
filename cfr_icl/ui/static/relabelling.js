// A label's name and colour are changed in all pictures of the folder: asked for, counted, agreed to.

import { make } from './dom.js';
import { count, t } from './language.js';

export class Relabelling {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.send = app.send;
    this.dialog = this.ref('relabel');
    this.ref('relabel-name').addEventListener('change', () => this.showChosen());
    this.ref('relabel-no').addEventListener('click', () => this.dialog.close());
    this.dialog.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      const label = this.chosen(),
        renamed = this.ref('relabel-new').value.trim(),
        colour = this.ref('relabel-colour').value;
      this.dialog.close();
      if (!label || !renamed || (renamed === label.name && colour === label.colour)) return;
      this.send('relabel_folder', {
        name: label.name,
        new: renamed,
        colour: colour === label.colour ? null : colour,
      });
    });
  }

  chosen() {
    return this.app.state.labels.find(({ name }) => name === this.ref('relabel-name').value);
  }

  showChosen() {
    this.ref('relabel-new').value = this.chosen()?.name ?? '';
    this.ref('relabel-colour').value = this.chosen()?.colour ?? '#000000';
  }

  ask() {
    const { labels = [], label } = this.app.state;
    const active = this.app.current;
    this.ref('relabel-name').replaceChildren(
      ...labels.map(({ name }) => make('option', { value: name, textContent: name })),
    );
    const current = active?.label ?? label;
    if (labels.some(({ name }) => name === current)) this.ref('relabel-name').value = current;
    this.showChosen();
    this.dialog.showModal();
  }

  // The server has counted: whether to go on.
  async confirm({ name, new: renamed, colour, pictures, objects, left_out }) {
    const joins = renamed !== name && this.app.state.labels.some((label) => label.name === renamed);
    const said = [
      t('Change the label "{name}" in the whole folder?').replace('{name}', name),
      `${count(pictures, 'picture')}, ${count(objects, 'object')}.`,
      ...(joins ? [t('Its objects join those of "{name}".').replace('{name}', renamed)] : []),
      ...(left_out.length
        ? [t('Left out, because others work on them: {names}.').replace('{names}', left_out.join(', '))]
        : []),
      t('While this page is open, it can be taken back above the list of pictures.'),
    ].join(' ');
    if (await this.app.question.ask(said, t('Change'), t('Stay here'))) {
      this.send('relabel_folder', { name, new: renamed, colour, sure: true });
    }
  }
}
