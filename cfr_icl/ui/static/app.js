// What all parts of the page share: its state, its controls, and the way to send an action. main.js adds the
// parts themselves: `app.labels`, `app.exporting` and so on.

import { Channel } from './channel.js';
import { t } from './language.js';
import { person, tab } from './memory.js';
import { activeAfter } from './session.js';
import { LOOK } from './settings.js';

// Actions after which another picture may come.
const OPENING = ['open', 'example', 'goto', 'restore', 'hello', 'view'];

export class App {
  // `trigger`, `props`, `server` and `upload` are those that gradio.HTML gives to a component's script.
  constructor({ root, trigger, props, server, upload }) {
    Object.assign(this, { root, trigger, props, server, upload });
    this.page = null; // which page of the server this is
    this.resume = tab.get('cfr-page'); // which page it was before a reload; null if none
    this.lastReply = null; // its number tells the server the state of this page
    this.applied = 0; // the last action that this state shows
    this.picture = null; // the one that is painted, as `replies.Picture`
    this.source = null; // where that came from, { file } or { example }; null if unknown
    this.nextSource = null; // the same of a picture that the server is still to tell of
    this.incoming = null; // { picture, source, state, index } of the next one, whose pixels are on their way
    this.state = { objects: [], active: null, cfr: null }; // as `merged` of session.js
    this.restoring = false; // whether work is being given back to a server that has lost it
    this.takesCoordinates = false; // whether the model takes clicks as coordinates
    this.mode = 'positive';
    this.oneBox = false; // whether the next box leads back to clicks
    this.look = { ...LOOK, ...person.json('cfr-look', {}) };
    this.channel = new Channel(
      (actions) => this.transport.deliver(actions),
      () => this.replies.showBusy(),
      () => this.replies.showFailure(),
    );
  }

  // An element of page.html by its `data-ref`, and a button by its command.
  ref = (name) => this.root.querySelector(`[data-ref="${name}"]`);
  button = (name) => this.root.querySelector(`[data-do="${name}"]`);

  // Send an action on the picture that is painted, with its fields (ui/protocol/); returns its number.
  send = (kind, fields = {}) => {
    this.preview.drop();
    if (OPENING.includes(kind)) this.view.keys.closeLine(); // it belongs to the picture that is left
    return this.channel.send(kind, { picture: this.picture?.token ?? null, ...fields, seen: this.lastReply });
  };

  // The newest picture of which the server has told, painted or not.
  latest() {
    return this.incoming?.picture ?? this.picture;
  }

  // The object in work, to which clicks go; undefined without one.
  get current() {
    return this.state.objects.find((object) => object.current);
  }

  // The object in work when all that waits is applied; as `activeAfter` of session.js.
  get activeSoon() {
    const waiting = this.channel.waiting.filter(
      ({ number, picture }) => number > this.applied && picture === this.picture?.token,
    );
    return activeAfter(this.state.active, waiting);
  }

  // Whether the page works through a folder: of the server, or of its own.
  get inFolder() {
    return this.root.hasAttribute('data-folder');
  }

  get inOwnFolder() {
    return this.root.hasAttribute('data-own');
  }

  // Whether actions may be sent on the painted picture: no other one is on its way.
  ready() {
    return Boolean(this.picture) && !this.incoming && !this.restoring && !this.channel.awaits(...OPENING);
  }

  // Whether an action that a person has just made can be taken, as `ready`. If not, a notice says so.
  accepts() {
    const ready = this.ready();
    if (!ready && this.picture)
      this.notices.show(t('Not taken: the picture is still on its way.'), { general: true });
    return ready;
  }

  // Whether an answer is awaited, or not all of it is shown yet.
  busy() {
    return this.channel.busy || this.replies.panelDue || Boolean(this.incoming);
  }
}
