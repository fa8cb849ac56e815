import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { unpacked } from '../../cfr_icl/ui/static/gathering.js';
import { masksOf, unpackedMasks } from '../../cfr_icl/ui/static/mask_files.js';
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

test('masks and annotations of an archive come out, also classes, without saved work', async () => {
  const files = await masksIn(
    'labels/a.txt',
    'data.yaml',
    'classes.txt',
    'b.png',
    'b.png.session.json',
    '._b.png',
  );
  assert.deepEqual(pathsOf(files), ['labels/a.txt', 'data.yaml', 'classes.txt', 'b.png']);
  const voc = ['Annotations/a.xml', 'SegmentationClass/a.png', 'SegmentationObject/a.png', 'labels.txt'];
  const filesOfVoc = await masksIn(...voc);
  assert.deepEqual(pathsOf(filesOfVoc), [...voc.slice(1)]);
  assert.deepEqual(pathsOf((await masksOf('a.jpg', filesOfVoc)).files), ['SegmentationObject/a.png']);
  assert.deepEqual(pathsOf(await masksIn('labels.txt', 'SegmentationClass/a.png', 'a.png')), ['a.png']);
  const ofClasses = ['labelmap.txt', 'SegmentationClass/a.png'];
  assert.deepEqual(pathsOf(await masksIn('Annotations/a.xml', ...ofClasses)), ofClasses);
  assert.deepEqual(pathsOf(await masksIn('Annotations/a.xml')), ['Annotations/a.xml']);
});

test('a damaged archive of masks is named', async () => {
  const { files, failed } = await unpackedMasks([{ file: new Blob(['no zip']), path: 'm.zip' }], 1e6);
  assert.deepEqual([files, failed], [[], ['m.zip']]);
});

async function chosenOf(picture, contents, source) {
  const packed = Object.entries(contents).map(([path, text]) => ({ path, file: new Blob([text]) }));
  const { files, classes, left } = await masksOf(picture, packed, source);
  return { files: pathsOf(files), classes: classes?.path ?? null, left };
}
const named = (...paths) => Object.fromEntries(paths.map((path) => [path, path]));

const CASES = JSON.parse(readFileSync(new URL('../mask_names.json', import.meta.url)));
for (const { case: title, picture, files, chosen } of CASES)
  test(`by its name a picture gets its masks: ${title}`, async () => {
    assert.deepEqual((await chosenOf(picture, named(...files))).files, chosen);
  });

test('of an archive a picture gets the file of its name, those of its objects, or the only one', async () => {
  const of = async (picture, ...paths) => (await chosenOf(picture, named(...paths))).files;
  assert.deepEqual(await of('x/cat.jpg', 'masks/dog.png', 'masks/cat_mask.png'), ['masks/cat_mask.png']);
  const ears = ['cat_1_ear.png', 'cat_2.png'];
  assert.deepEqual(await of('cat.jpg', ...ears, 'cats.png', 'cat_night_1_car.png'), ears);
  assert.deepEqual(await of('cat.jpg', 'annotations.json'), ['annotations.json']);
  assert.deepEqual(await of('cat.jpg', 'a.png', 'b.png'), []);
});

test('objects of a picture with a longer name are left out and told', async () => {
  const paths = ['img_1_car.png', 'img_2_1_car.png', 'img_2.png', 'img_3_1_dog.png'];
  const { files, left } = await chosenOf('img.jpg', named(...paths));
  assert.deepEqual([files, left], [paths.slice(0, 1), paths.slice(1)]);
  const ofLonger = await chosenOf('img_2.jpg', named('img_1_car.png', 'img_2_1_car.png'));
  assert.deepEqual(ofLonger, { files: ['img_2_1_car.png'], classes: null, left: [] });
  assert.deepEqual((await chosenOf('img.jpg', named('img_2_1_car.png'))).files, []);
});

test('masks of one name in several folders are left out and told', async () => {
  const paths = ['train/1.png', 'val/1.png'];
  assert.deepEqual(await chosenOf('1.jpg', named(...paths)), { files: [], classes: null, left: paths });
  assert.deepEqual((await chosenOf('1.jpg', named(...paths, 'labels/1.txt'))).files, ['labels/1.txt']);
});

test('annotations come before masks, and the picture itself is no mask', async () => {
  const photo = { 'images/cat.jpg': 'photo' };
  const coco = { 'README.txt': '', 'coco.json': '{"images":[{"file_name":"x/cat.jpg"}],"annotations":[]}' };
  assert.deepEqual((await chosenOf('cat.jpg', { ...photo, ...coco })).files, ['coco.json']);
  assert.deepEqual((await chosenOf('cats.jpg', { ...photo, ...coco })).files, []);
  const yolo = { 'labels/cat.txt': '0', 'data.yaml': 'names: [cat]', 'train.txt': '' };
  assert.deepEqual(await chosenOf('cat.jpg', { ...photo, 'masks/cat.png': 'm', ...yolo }), {
    files: ['labels/cat.txt'],
    classes: 'data.yaml',
    left: [],
  });
  const files = { 'images/cat.png': 'photo', 'masks/cat.png': 'm' };
  assert.deepEqual((await chosenOf('cat.png', files, new Blob(['photo']))).files, ['masks/cat.png']);
  assert.deepEqual((await chosenOf('cat.jpg', photo, new Blob(['photo']))).files, []);
});

test('a picture may have the name of a list', async () => {
  const files = await masksIn('train.txt', 'labels/train.txt', 'labels/val.txt', 'classes.txt');
  assert.deepEqual(pathsOf(files), ['labels/train.txt', 'labels/val.txt', 'classes.txt']);
  assert.deepEqual(pathsOf((await masksOf('train.jpg', files)).files), ['labels/train.txt']);
});
