// All parts are there: show them, and greet the server.

function showLanguage() {
  translate(root, props.translations[props.label]);
  document.documentElement.lang = props.translations[props.label] ? props.label : 'en';
  if (state.cfr) showPanel();
}
watch('label', showLanguage);

const darkBefore = localStorage.getItem('cfr-dark');
if (darkBefore !== null) showTheme(darkBefore === '1');
showLanguage();
showLook();
showMode('positive');
showTool('click');
showBrush(20);
channel.send('hello');
