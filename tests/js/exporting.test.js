import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exporting } from '../../cfr_icl/ui/static/exporting.js';
import { person } from '../../cfr_icl/ui/static/memory.js';

// A page with the controls of exports; `change` sets a control as a person does.
function page(...attributes) {
  const parts = new Map();
  const ref = (name) => {
    if (!parts.has(name)) {
      const listeners = [];
      parts.set(name, {
        value: '',
        checked: false,
        hidden: false,
        prepend() {},
        querySelector: () => ({}),
        addEventListener: (_, listener) => listeners.push(listener),
        change() {
          for (const listener of listeners) listener();
        },
      });
    }
    return parts.get(name);
  };
  globalThis.window = { addEventListener() {} };
  const app = {
    ref,
    inFolder: attributes.includes('data-folder'),
    inOwnFolder: attributes.includes('data-own'),
    props: { export_formats: [] },
    state: { objects: [] },
    view: { draw() {} },
    button: ref,
    send() {},
  };
  app.exporting = new Exporting(app);
  const change = (name, values) => {
    Object.assign(ref(name), values);
    ref(name).change();
  };
  return { app, ref, change };
}

test('whether a whole folder is exported is remembered of the box of a server folder alone', () => {
  const single = page();
  single.app.exporting.showFormat();
  single.change('format', { value: 'yolo' });
  single.change('whole-folder', { checked: false });

  const folder = page('data-folder');
  folder.app.exporting.showForFolder(false);
  assert.equal(folder.ref('format').value, 'yolo');
  assert.equal(folder.ref('whole-folder').checked, true);
  folder.change('whole-folder', { checked: false });
  single.change('format', { value: 'coco' });

  const own = page('data-folder', 'data-own');
  own.app.exporting.showForFolder(true);
  assert.equal(own.ref('whole-folder').checked, true);
  own.change('whole-folder', { checked: true });
  folder.app.exporting.showForFolder(false);
  assert.equal(folder.ref('whole-folder').checked, false);
  assert.equal(person.json('cfr-export', {}).format, 'coco');
});
