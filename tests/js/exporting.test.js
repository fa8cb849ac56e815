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
    channel: { awaits: () => app.waits },
    waits: false,
    ownFolder: {
      saved: 0,
      markTaken: (saved) => {
        app.taken = saved;
      },
    },
    sent: 0,
    view: { draw() {} },
    button: ref,
    send: () => ++app.sent,
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

test('a folder is exported when its own export has arrived, without what was saved meanwhile', () => {
  const { app } = page('data-folder', 'data-own');
  app.exporting.showForFolder(true);
  app.ownFolder.saved = 3;
  app.exporting.export(); // action 1
  app.ownFolder.saved = 4;
  app.exporting.takeOne('mask'); // action 2
  app.exporting.markTaken(2);
  assert.equal(app.taken, undefined);
  app.exporting.markTaken(1);
  assert.equal(app.taken, 3);
});

test('work whose export failed is not exported by a mask of one of its objects', () => {
  const { app } = page();
  app.state.objects = [{ id: 1 }, { id: 2 }];
  app.exporting.export();
  app.exporting.takeOne('mask');
  app.exporting.markTaken(2);
  assert.equal(app.exporting.isUnsaved(), true);
  app.exporting.export();
  app.exporting.markTaken(3);
  assert.equal(app.exporting.isUnsaved(), false);
  app.waits = true; // a click without an answer
  assert.equal(app.exporting.isUnsaved(), true);
});
