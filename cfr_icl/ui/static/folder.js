// The head of the list of pictures: search, filter, thumbnails and progress of the work.

import { target } from './finding.js';
import { t } from './language.js';
import { person } from './memory.js';

const ASKED_AT_ONCE = 12; // small pictures of one request

export class Folder {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.root = app.root;
    this.files = app.files;
    this.waiting = new Set(); // indices of pictures whose small ones are to be asked for
    this.asking = false;
    this.finished = null; // the notice that the folder is finished
    this.inSight = new IntersectionObserver((entries) => this.askForSeen(entries));
    this.files.listed = () => this.showThumbnails(person.get('cfr-thumbnails') === '1');
    this.files.ending = (text, isNew) => this.showEnding(text, isNew);
    this.files.beyond = () => this.showBeyond();
    this.ref('find').addEventListener('input', () => this.filter());
    this.ref('filter').addEventListener('change', () => this.filter());
    this.ref('find').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      this.endSearch(event.key === 'Enter');
      event.stopPropagation();
    });
  }

  // ---- search and filter

  filter() {
    this.files.filter(this.ref('find').value, this.ref('filter').value);
  }

  showAll() {
    this.ref('find').value = this.ref('filter').value = '';
    this.filter();
  }

  // A step ends where the list does.
  showBeyond() {
    const said = t('The list, as it is searched or filtered, ends here.');
    this.app.notices.show(said, { choices: [[t('Show all pictures'), () => this.showAll()]] });
  }

  // The next open picture is not in the list: show all, as work goes on there.
  showNextOpen(index) {
    if (this.files.sequence.includes(index)) return;
    this.showAll();
    const said = t('No other picture that was listed is open; the list shows all pictures again.');
    this.app.notices.show(said, { general: true });
  }

  startSearch() {
    if (!this.app.inFolder) return;
    this.ref('find').focus();
    this.ref('find').select();
  }

  // Open the picture that the search leads to; a number leaves the list as it was, a text filters it further.
  endSearch(kept) {
    const find = this.ref('find');
    if (!kept) find.value = '';
    const index = target(this.files.pictures, find.value, this.ref('filter').value);
    if (index !== null) this.app.shownPicture.goTo(index);
    else if (find.value) this.app.notices.show(t('No picture of this name, label or number.'));
    if (/^\d*$/.test(find.value.trim())) find.value = '';
    this.filter();
    this.ref('canvas').focus({ preventScroll: true });
  }

  // ---- thumbnails of the pictures in sight

  showThumbnails(shown) {
    this.files.thumbnails = shown;
    this.root.toggleAttribute('data-thumbnails', shown);
    this.app.button('thumbnails').setAttribute('aria-pressed', String(shown));
    person.set('cfr-thumbnails', shown ? '1' : '0');
    this.waiting = new Set();
    this.inSight.disconnect();
    if (shown) for (const item of this.files.items) this.inSight.observe(item);
  }

  askForSeen(entries) {
    for (const { target: item, isIntersecting } of entries) {
      const index = this.files.items.indexOf(item);
      if (isIntersecting && index >= 0 && !item.querySelector('img')) this.waiting.add(index);
      else this.waiting.delete(index);
    }
    this.ask();
  }

  async ask() {
    if (this.asking || !this.waiting.size || !this.files.thumbnails) return;
    this.asking = true;
    const names = [...this.waiting].slice(0, ASKED_AT_ONCE).map((index) => this.files.names[index]);
    const urls = (await this.app.server.thumbnails({ page: this.app.page, names }).catch(() => null)) ?? {};
    for (const name of names) {
      const index = this.files.names.indexOf(name);
      this.waiting.delete(index);
      if (urls[name]) this.files.showThumbnail(index, urls[name]);
    }
    this.asking = false;
    this.ask();
  }

  // ---- how the work goes

  showEnding(text, isNew) {
    if (isNew) this.app.notices.show(text, { lasting: true, general: true });
    else if (this.finished !== null) this.app.notices.replace(this.finished, text);
    this.finished = text;
  }
}
