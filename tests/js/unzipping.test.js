import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { unzipped, ZipError } from '../../cfr_icl/ui/static/unzipping.js';

// A zip archive of { name: text }; `change` may alter the fields of an entry.
function zip(files, change = (fields) => fields) {
  const parts = [],
    list = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text),
      deflated = deflateRawSync(content);
    const entry = change({ method: 8, data: deflated, size: content.length, flags: 0x800, at });
    const title = Buffer.from(name),
      local = Buffer.alloc(30),
      central = Buffer.alloc(46);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(title.length, 26);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(entry.flags, 8);
    central.writeUInt16LE(entry.method, 10);
    central.writeUInt32LE(entry.data.length, 20);
    central.writeUInt32LE(entry.size, 24);
    central.writeUInt16LE(title.length, 28);
    central.writeUInt32LE(entry.at, 42);
    parts.push(local, title, entry.data);
    list.push(central, title);
    at += 30 + title.length + entry.data.length;
  }
  const end = Buffer.alloc(22),
    directory = Buffer.concat(list);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return new File([...parts, directory, end], 'work.zip');
}

const all = () => true,
  MOST = { files: 10, bytes: 1e6 };
const FILES = { 'more/ä.json': 'x'.repeat(5000), 'b.png': '', 'c.txt': 'hello' };

async function texts(archive, wanted = all, most = MOST) {
  const found = await unzipped(archive, wanted, most);
  return Object.fromEntries(
    await Promise.all(found.map(async ({ file, path }) => [path, await file.text()])),
  );
}

test('the wanted files of an archive come out with their paths', async () => {
  assert.deepEqual(await texts(zip(FILES)), FILES);
  assert.deepEqual(await texts(zip(FILES), (path) => path.endsWith('.txt')), { 'c.txt': 'hello' });
  const stored = zip({ 'a.txt': 'hello' }, (entry) => ({ ...entry, method: 0, data: Buffer.from('hello') }));
  assert.deepEqual(await texts(stored), { 'a.txt': 'hello' });
  const folder = zip({ 'a/': '', 'a\\b.txt': 'x' });
  assert.deepEqual(await texts(folder), { 'a/b.txt': 'x' });
});

test('hostile archives are refused', async () => {
  const changed = (change) => zip({ 'a.txt': 'hello' }, (entry) => ({ ...entry, ...change }));
  for (const archive of [
    new File(['no archive'], 'a.zip'),
    new File([], 'a.zip'),
    changed({ size: 3 }), // grows beyond what it states
    changed({ size: 9 }),
    changed({ size: 2e6 }),
    changed({ at: 4000 }),
    changed({ method: 9 }),
    changed({ method: 0 }),
    changed({ data: Buffer.from('garbage') }),
    zip(Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`${i}`, 'x']))),
    zip(FILES).slice(40),
  ]) {
    await assert.rejects(texts(archive), ZipError);
  }
  assert.deepEqual(await texts(changed({ flags: 1 })), {}); // encrypted
});
