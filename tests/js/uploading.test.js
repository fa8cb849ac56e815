import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendFile } from '../../cfr_icl/ui/static/uploading.js';

test('equal files are sent under names of their own, which end as the file is named', async () => {
  const sent = [];
  globalThis.window = {};
  globalThis.XMLHttpRequest = class {
    upload = {};
    open() {}
    send(body) {
      sent.push(body.get('files').name);
      Object.assign(this, { status: 200, responseText: '["path"]' });
      this.onload();
    }
  };
  const file = new File(['cat'], 'cat.png');
  assert.equal(await sendFile(file, () => {}), 'path');
  await sendFile(file, () => {});
  for (const name of sent) assert.match(name, /^[0-9a-f]{16}-cat\.png$/); // as the server takes off
  assert.notEqual(sent[0], sent[1]);
});
