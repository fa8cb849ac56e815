import assert from 'node:assert/strict';
import { test } from 'node:test';
import { masksOf, unpacked, unpackedMasks } from '../../cfr_icl/ui/static/gathering.js';
import { zip } from './archive.js';

const LIMITS = { endings: ['.png', '.jpg'], work: '.session.json', bytes: 1e6 };

async function pathsIn(...names) {
  const archive = zip(Object.fromEntries(names.map((name) => [name, 'x'])));
  const { files } = await unpacked([{ file: archive, path: 'all.zip' }], LIMITS);
  return files.map(({ path }) => path);
}

test('all pictures of an archive come out, with saved work or without', async () => {
  const pictures = ['0.png', '1.png', '2.JPG', 'more/3.png'],
    work = '1.png.session.json';
  const inFolder = (names) => names.map((name) => `photos/${name}`);
  assert.deepEqual(await pathsIn(...inFolder([...pictures, work])), [...pictures, work]);
  assert.deepEqual(await pathsIn(...inFolder(pictures), 'photos/notes.txt'), pictures);
  assert.deepEqual(await pathsIn(...pictures, work), [...pictures, work]);
});

test('saved work alone keeps its paths, by which its pictures are found', async () => {
  assert.deepEqual(await pathsIn('more/3.png.session.json'), ['more/3.png.session.json']);
});

test('files of operating systems do not change the names', async () => {
  const own = ['__MACOSX/photos/._0.png', '.Trash/1.png', 'photos/._0.png'];
  assert.deepEqual(await pathsIn(...own, 'photos/0.png', 'photos/0.png.session.json'), [
    '0.png',
    '0.png.session.json',
  ]);
  assert.deepEqual(await pathsIn('photos/0.png', ...own), ['0.png']);
});

async function masksIn(...names) {
  const archive = zip(Object.fromEntries(names.map((name) => [name, 'x'])));
  const { files, failed } = await unpackedMasks([{ file: archive, path: 'masks.zip' }], 1e6);
  assert.deepEqual(failed, []);
  return files;
}
const pathsOf = (files) => files.map(({ path }) => path);

test('masks and annotations of an archive come out, without lists of classes and saved work', async () => {
  const files = await masksIn(
    'labels/a.txt',
    'data.yaml',
    'classes.txt',
    'b.png',
    'b.png.session.json',
    '._b.png',
  );
  assert.deepEqual(pathsOf(files), ['labels/a.txt', 'b.png']);
  const voc = ['Annotations/a.xml', 'SegmentationClass/a.png', 'SegmentationObject/a.png', 'labels.txt'];
  const filesOfVoc = await masksIn(...voc);
  assert.deepEqual(pathsOf(filesOfVoc), [...voc.slice(1)]);
  assert.deepEqual(pathsOf(masksOf('a.jpg', filesOfVoc)), ['SegmentationObject/a.png']);
  assert.deepEqual(pathsOf(await masksIn('labels.txt', 'SegmentationClass/a.png', 'a.png')), ['a.png']);
});

test('a damaged archive of masks is named', async () => {
  const { files, failed } = await unpackedMasks([{ file: new Blob(['no zip']), path: 'm.zip' }], 1e6);
  assert.deepEqual([files, failed], [[], ['m.zip']]);
});

test('of an archive a picture gets the file of its name, those of its objects, or the only one', async () => {
  const of = (picture, ...paths) =>
    pathsOf(
      masksOf(
        picture,
        paths.map((path) => ({ path })),
      ),
    );
  assert.deepEqual(of('x/cat.jpg', 'masks/dog.png', 'masks/cat_mask.png'), ['masks/cat_mask.png']);
  assert.deepEqual(of('cat.jpg', 'cat_1_ear.png', 'cat_2_ear.png', 'cats.png'), [
    'cat_1_ear.png',
    'cat_2_ear.png',
  ]);
  assert.deepEqual(of('cat.jpg', 'annotations.json'), ['annotations.json']);
  assert.deepEqual(of('cat.jpg', 'a.png', 'b.png'), []);
});
