// The page: joins its parts.

import { setUpAttributes } from './attributes.js';
import { setUpCascade } from './cascade.js';
import { Channel } from './channel.js';
import { setUpChoices } from './choices.js';
import { setUpCommands } from './commands.js';
import { setUpExporting } from './exporting.js';
import { setUpCost } from './cost.js';
import { FileList } from './files.js';
import { setUpFilling } from './filling.js';
import { setUpFocus } from './focus.js';
import { setUpFolder } from './folder.js';
import { setUpFollowing } from './following.js';
import { Inspector } from './inspect.js';
import { setUpJobs } from './jobs.js';
import { setUpKeyboard } from './keyboard.js';
import { setUpLabels } from './labels.js';
import { translate } from './language.js';
import { setUpLearning } from './learning.js';
import { setUpMarking } from './marking.js';
import { person, tab } from './memory.js';
import { Notices, Question } from './notices.js';
import { setUpOpening } from './opening.js';
import { setUpOwnFolder } from './own_folder.js';
import { setUpOwnKeys } from './own_keys.js';
import { setUpPanel } from './panel.js';
import { setUpPicture } from './picture.js';
import { setUpPreview } from './preview.js';
import { setUpRelabelling } from './relabelling.js';
import { setUpReplies } from './replies.js';
import { setUpReviewing } from './reviewing.js';
import { setUpRestoring } from './restoring.js';
import { setUpSelection } from './selection.js';
import { LOOK, setUpSettings } from './settings.js';
import { setUpTransport } from './transport.js';
import { setUpShowing } from './showing.js';

// Called by loader.js with what gradio.HTML gives to a component's script.
export function start({ element, trigger, props, server, upload, watch }) {
  const root = element.querySelector('.cfr');
  root.toggleAttribute('data-within', Boolean(props.height)); // a part of somebody's page
  if (props.height) root.style.setProperty('--cfr-height', props.height);
  const ref = (name) => root.querySelector(`[data-ref="${name}"]`);
  const button = (name) => root.querySelector(`[data-do="${name}"]`);

  // State and functions shared by the parts, which add their own: `showTool`, `goTo`, `receive` and so on.
  const app = {
    root,
    ref,
    button,
    trigger,
    props,
    server,
    upload,
    page: null, // which page of the server this is
    resume: tab.get('cfr-page'), // the same before the page was loaded anew
    lastReply: null, // its number tells the server the state of this page
    picture: null, // the one that is painted
    incoming: null, // the next one, whose pixels are on their way, with its state
    state: { objects: [], active: null, cfr: null },
    mode: 'positive',
    oneBox: false, // whether the next box leads back to clicks
    look: { ...LOOK, ...person.json('cfr-look', {}) },
    notices: new Notices(ref('notices')),
    question: new Question(ref('ask')),
  };

  app.channel = new Channel(
    (actions) => app.deliver(actions),
    () => app.showBusy(),
    () => app.showFailure(),
  );
  app.send = (kind, data = {}) => {
    app.dropPreview();
    return app.channel.send(kind, { picture: app.picture?.token ?? null, ...data });
  };

  setUpMarking(app);
  app.inspector = new Inspector(ref('inspect'), app.view, app.send, (kind) => app.channel.awaits(kind));
  app.files = new FileList(
    { list: ref('file-list'), progress: ref('progress'), text: ref('progress-text'), place: ref('place') },
    (index, step) => app.goTo(index, step),
  );

  for (const setUp of [
    setUpTransport,
    setUpPreview,
    setUpPicture,
    setUpSettings,
    setUpCascade,
    setUpChoices,
    setUpCost,
    setUpLabels,
    setUpExporting,
    setUpPanel,
    setUpSelection,
    setUpAttributes,
    setUpOpening,
    setUpShowing,
    setUpFolder,
    setUpFollowing,
    setUpOwnFolder,
    setUpReviewing,
    setUpRelabelling,
    setUpFilling,
    setUpJobs,
    setUpLearning,
    setUpRestoring,
    setUpOwnKeys,
    setUpCommands,
    setUpKeyboard,
    setUpFocus,
    setUpReplies,
  ])
    setUp(app);

  const showLanguage = () => {
    const table = props.translations[props.label];
    translate(root, table);
    if (!props.height) document.documentElement.lang = table ? props.label : 'en';
    if (app.state.cfr) app.showPanel();
    app.showLearning();
    app.showKeys();
  };
  watch('label', showLanguage);
  watch('value', () => app.receive(props.value));
  showLanguage();
  app.send('hello');
}
