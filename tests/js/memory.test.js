import assert from 'node:assert/strict';
import { test } from 'node:test';

Object.assign(globalThis, { window: {} }); // whose storage the module asks for
const { Memory } = await import('../../cfr_icl/ui/static/memory.js');

test('values are stored, and read again by another page', () => {
  const stored = new Map();
  const storage = { getItem: (name) => stored.get(name), setItem: (name, value) => stored.set(name, value) };
  new Memory(() => storage).set('tool', 'brush');
  const other = new Memory(() => storage);
  assert.equal(other.get('tool'), 'brush');
  assert.equal(other.get('theme'), null);
});

test('where the browser refuses storage, values live as long as the page', () => {
  const refused = () => {
    throw Error('refused');
  };
  for (const find of [refused, () => ({ getItem: refused, setItem: refused })]) {
    const memory = new Memory(find);
    assert.equal(memory.get('tool'), null);
    memory.set('tool', 'brush');
    assert.equal(memory.get('tool'), 'brush');
  }
});

test('JSON that cannot be read counts as not there', () => {
  const memory = new Memory(() => null);
  memory.set('look', '{"opacity": 1}');
  assert.deepEqual(memory.json('look', {}), { opacity: 1 });
  memory.set('look', '{"opac');
  assert.deepEqual(memory.json('look', { opacity: 0.5 }), { opacity: 0.5 });
});
