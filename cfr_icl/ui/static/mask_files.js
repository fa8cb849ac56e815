// Finds the masks and annotations among the files that a person chose: those in zip archives, and those that
// belong to one picture. The server has the same rules for all pictures of a folder
// (annotate/whole_folder/mask_names.py); both pass tests/mask_names.json.

import { isOfSystem, MOST, withUnzipped } from './gathering.js';
import { unzipped } from './unzipping.js';

const MASK_ENDINGS = [
  '.png',
  '.jpg',
  '.jpeg',
  '.tif',
  '.tiff',
  '.bmp',
  '.gif',
  '.webp',
  '.json',
  '.txt',
  '.xml',
];
const OF_CLASSES = /(^|\/)(SegmentationClass(PNG)?\/.*|(labels|class_names|labelmap)\.txt)$/i;
const OF_PICTURES = /(^|\/)(train|val|test|trainval|obj)\.txt$/i; // lists of YOLO
const CLASS_LIST = /(^|\/)(data\.yaml|classes\.txt)$/i;
const isAtTop = (path) => !path.includes('/');

// Files with the masks and annotations of zip archives in place of these; as `withUnzipped`. Of Pascal VOC
// the maps and the list of classes come out, not the boxes; of YOLO the list of classes, and files in
// folders that are named as lists of pictures, as a picture may have that name.
export function unpackedMasks(files, bytes) {
  const ends = (path, list) => list.some((ending) => path.toLowerCase().endsWith(ending));
  const wanted = (path) =>
    (ends(path, MASK_ENDINGS) || CLASS_LIST.test(path)) &&
    !(ends(path, ['.session.json']) || (OF_PICTURES.test(path) && isAtTop(path)) || isOfSystem(path));
  return withUnzipped(files, async (archive) => {
    const found = await unzipped(archive, wanted, { files: MOST, bytes });
    const maps = found.map(({ path }) => path).filter((path) => /\.png$/i.test(path));
    const isVoc = // maps of objects, or of classes alone
      maps.some((path) => /(^|\/)SegmentationObject/.test(path)) ||
      (maps.length > 0 && maps.every((path) => OF_CLASSES.test(path)));
    const needed = (path) => (isVoc ? !/(^|\/)Annotations\//.test(path) : !OF_CLASSES.test(path));
    return found.filter(({ path }) => needed(path));
  });
}

const stemOf = (path) =>
  path
    .split('/')
    .at(-1)
    .replace(/\.[^.]*$/, '');

const ORDER = ['.json', '.txt', '', '.jpg', '.jpeg', '.xml']; // what tells most first; '' is any other
const rankOf = ({ path }) => {
  const at = ORDER.indexOf(path.toLowerCase().match(/\.[^./]*$/)?.[0]);
  return at < 0 ? ORDER.indexOf('') : at;
};
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// Whether a file of COCO or Label Studio has the picture of this name without its ending.
async function lists({ path, file }, stem) {
  if (!/\.json$/i.test(path)) return false;
  const text = await file.text();
  return /"(annotations|predictions)"/.test(text) && RegExp(`["/\\\\-]${escaped(stem)}[._]`, 'i').test(text);
}

async function areEqual(one, other) {
  if (!one || !other || one.size !== other.size) return false;
  const [bytes, others] = await Promise.all(
    [one, other].map(async (file) => new Uint8Array(await file.arrayBuffer())),
  );
  return bytes.every((byte, at) => byte === others[at]);
}

// The files that belong to a picture: that of its name which tells most, else one for each of its objects,
// named `cat_1_ear` or `cat_1`, else the only one. An annotation file that has the picture comes before its
// masks. `source` is the picture's own file, which is none of these, if it is known.
// Returns { files, classes, left }: the list of classes or null, and paths that are also objects of another
// picture, such as `cat_2_1_ear`, of a picture cat_2.
export async function masksOf(picture, packed, source = null) {
  const stem = stemOf(picture),
    isExact = ({ path }) => stemOf(path) === stem,
    isNamed = (each) => isExact(each) || stemOf(each.path).replace(/[_-](masks?|labels?)$/, '') === stem;
  const classLists = packed.filter((each) => CLASS_LIST.test(each.path));
  const classes = classLists.find(({ path }) => /yaml$/i.test(path)) ?? classLists[0] ?? null;
  const files = [];
  for (const each of packed) {
    const isList = OF_PICTURES.test(each.path) || CLASS_LIST.test(each.path);
    const left = OF_CLASSES.test(each.path) || (isList && (isAtTop(each.path) || !isNamed(each)));
    if (!left && !(await areEqual(each.file, source))) files.push(each);
  }
  const found = (files, left = []) => ({ files, classes, left: left.map(({ path }) => path) });
  const named = files
    .filter(isNamed)
    .sort((one, other) => rankOf(one) - rankOf(other) || isExact(other) - isExact(one));
  const best = named.filter((each) => rankOf(each) === rankOf(named[0])),
    folders = new Set(best.map(({ path }) => path.split('/').slice(0, -1).join('/')));
  // train/1.png and val/1.png may be of two pictures
  const foundByName = () => (folders.size > 1 ? found([], best) : found(best.slice(0, 1)));
  if (named.length && rankOf(named[0]) === 0) return foundByName();
  for (const each of files) if (await lists(each, stem)) return found([each]);
  if (named.length) return foundByName();
  const ofObjects = files.filter(({ path }) => RegExp(`^${escaped(stem)}_\\d+(_|$)`).test(stemOf(path))),
    isOfOther = ({ path }) => RegExp(`^${escaped(stem)}_\\d+_\\d+(_|$)`).test(stemOf(path));
  // with img_2_1_car among the files, img_2 is a picture
  const others = new Set(
    ofObjects.filter(isOfOther).map(({ path }) => stemOf(path).match(RegExp(`^${escaped(stem)}_\\d+`))[0]),
  );
  const left = ofObjects.filter((each) => isOfOther(each) || others.has(stemOf(each.path)));
  const own = ofObjects.filter((each) => !left.includes(each));
  return found(own.length || left.length || files.length > 1 ? own : files, left);
}
