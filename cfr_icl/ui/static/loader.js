// Run by gradio.HTML, which knows no modules: imports those whose sources ui/scripts.py puts in here, each
// after those that it imports itself. Nothing has to be served for it.
// Gradio finds the component's events by their names in this file: 'act', 'switch'.
const sources = SOURCES;
const addresses = {};
for (const [name, source] of Object.entries(sources)) {
  const text = source.replace(
    /(\bfrom |\bimport )'\.\/([\w.-]+)'/g,
    (_, word, file) => `${word}'${addresses[file]}'`,
  );
  addresses[name] = URL.createObjectURL(
    new Blob([`${text}\n//# sourceURL=cfr-icl/${name}`], { type: 'text/javascript' }),
  );
}
import(addresses['main.js'])
  .then(({ start }) => start({ element, trigger, props, server, upload, watch }))
  .catch((error) => console.error('The page cannot start:', error));
