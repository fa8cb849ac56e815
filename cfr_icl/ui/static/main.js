// The page: makes its parts, which know each other by their names in `app`.

import { App } from './app.js';
import { Attributes } from './attributes.js';
import { CascadeSettings } from './cascade.js';
import { Choices } from './choices.js';
import { Commands } from './commands.js';
import { Cost } from './cost.js';
import { Exporting } from './exporting.js';
import { FileList } from './files.js';
import { returnFocus } from './focus.js';
import { Folder } from './folder.js';
import { Following } from './following.js';
import { Inspector } from './inspect.js';
import { Jobs } from './jobs.js';
import { listenToKeys } from './keyboard.js';
import { Labels } from './labels.js';
import { translate } from './language.js';
import { Learning } from './learning.js';
import { Marking } from './marking.js';
import { MaskLoading } from './mask_loading.js';
import { Notices, Question } from './notices.js';
import { Opening } from './opening.js';
import { OwnFolder } from './own_folder.js';
import { OwnKeys } from './own_keys.js';
import { Panel } from './panel.js';
import { ShownPicture } from './picture.js';
import { Preview } from './preview.js';
import { Relabelling } from './relabelling.js';
import { Replies } from './replies.js';
import { Restorer } from './restoring.js';
import { Reviewing } from './reviewing.js';
import { Selection } from './selection.js';
import { Settings } from './settings.js';
import { Showing } from './showing.js';
import { Transport } from './transport.js';

// Called by loader.js with what gradio.HTML gives to a component's script.
export function start({ element, trigger, props, server, upload, watch }) {
  const root = element.querySelector('.cfr');
  root.toggleAttribute('data-within', Boolean(props.height)); // a part of somebody's page
  if (props.height) root.style.setProperty('--cfr-height', props.height);
  const app = new App({ root, trigger, props, server, upload });
  makeParts(app);
  listenToKeys(app);
  returnFocus(app);
  window.addEventListener('pagehide', () => app.transport.leave());

  const showLanguage = () => {
    const table = props.translations[props.label];
    translate(root, table);
    if (!props.height) document.documentElement.lang = table ? props.label : 'en';
    if (app.state.cfr) app.panel.show();
    app.learning.show();
    app.ownKeys.show();
  };
  watch('label', showLanguage);
  watch('value', () => app.replies.receive(props.value));
  showLanguage();
  app.send('hello');
}

function makeParts(app) {
  const { ref } = app;
  app.notices = new Notices(ref('notices'));
  app.question = new Question(ref('ask'));

  // the picture, and the way to the server and back
  app.marking = new Marking(app);
  app.view = app.marking.view;
  app.transport = new Transport(app);
  app.replies = new Replies(app);
  app.restorer = new Restorer(app);
  app.shownPicture = new ShownPicture(app);
  app.showing = new Showing(app);
  app.preview = new Preview(app);

  // the panel
  app.panel = new Panel(app);
  app.settings = new Settings(app);
  app.cascade = new CascadeSettings(app);
  app.choices = new Choices(app);
  app.cost = new Cost(app);
  app.labels = new Labels(app);
  app.attributes = new Attributes(app);
  app.selection = new Selection(app);
  app.exporting = new Exporting(app);
  app.inspector = new Inspector(ref('inspect'), app.view, app.send, (kind) => app.channel.awaits(kind));

  // files and folders
  app.opening = new Opening(app);
  app.maskLoading = new MaskLoading(app);
  app.files = new FileList(
    {
      list: ref('file-list'),
      none: ref('none-found'),
      progress: ref('progress'),
      text: ref('progress-text'),
      pace: ref('pace'),
      place: ref('place'),
    },
    (index, step) => app.shownPicture.goTo(index, step),
  );
  app.folder = new Folder(app);
  app.ownFolder = new OwnFolder(app);
  app.following = new Following(app);
  app.reviewing = new Reviewing(app);
  app.relabelling = new Relabelling(app);
  app.jobs = new Jobs(app);
  app.learning = new Learning(app);

  app.ownKeys = new OwnKeys(app);
  app.commands = new Commands(app);
}
