import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unzipped, ZipError } from '../../cfr_icl/ui/static/unzipping.js';
import { zip } from './archive.js';

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
