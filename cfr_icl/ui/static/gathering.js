// Finds the files that a person chose or dropped, also those in folders, with their paths below these.

import { unzipped } from './unzipping.js';

const MOST = 20_000; // files that are read from a drop or an archive

// Of a file dialog: { file, path } each.
export function chosen(files) {
  return belowCommon(files.map((file) => ({ file, path: file.webkitRelativePath || file.name })));
}

// Of a drop: { files, folder }; `folder` tells whether one was among them.
export async function dropped(data) {
  // now: later they are gone
  const entries = [...data.items].filter(({ kind }) => kind === 'file').map(entryOf);
  const waiting = entries.filter(Boolean),
    files = [];
  const folder = waiting.some((entry) => entry.isDirectory);
  while (waiting.length && files.length < MOST) {
    const entry = waiting.shift();
    if (entry.file instanceof File) files.push({ file: entry.file, path: entry.file.name });
    else if (entry.isDirectory) waiting.push(...(await childrenOf(entry)));
    else files.push({ file: await fileOf(entry), path: entry.fullPath.replace(/^\/+/, '') });
  }
  return { files: belowCommon(files.filter(({ file }) => file)), folder };
}

function entryOf(item) {
  return item.webkitGetAsEntry?.() ?? { file: item.getAsFile() };
}

// The entries of a folder, which browsers give a hundred at a time.
async function childrenOf(entry) {
  const reader = entry.createReader(),
    children = [];
  for (;;) {
    const some = await new Promise((done) => reader.readEntries(done, () => done([])));
    children.push(...some);
    if (!some.length || children.length >= MOST) return children;
  }
}

function fileOf(entry) {
  return new Promise((done) => entry.file(done, () => done(null)));
}

// Paths below the one folder that holds all files, as names are in a folder of the server.
function belowCommon(files) {
  const first = files[0]?.path.split('/')[0];
  const common = files.every(({ path }) => path.startsWith(`${first}/`));
  return common ? files.map(({ file, path }) => ({ file, path: path.slice(first.length + 1) })) : files;
}

// Files of operating systems: their names or folders begin with a dot.
const isOfSystem = (path) => /(^|\/)(\.|__MACOSX\/)/.test(path);

// Files with the pictures and the saved work of zip archives in place of these. `failed` are archives that
// cannot be read.
export async function unpacked(files, { endings, work, bytes }) {
  const ends = (path, list) => list.some((ending) => path.toLowerCase().endsWith(ending));
  const all = [],
    failed = [];
  let archives = 0;
  for (const each of files) {
    if (!ends(each.path, ['.zip'])) {
      all.push(each);
      continue;
    }
    archives += 1;
    try {
      const wanted = (path) => ends(path, [...endings, work]) && !isOfSystem(path);
      const found = await unzipped(each.file, wanted, { files: MOST, bytes });
      // work alone is of pictures that are open under these paths
      all.push(...(found.some(({ path }) => ends(path, endings)) ? belowCommon(found) : found));
    } catch {
      failed.push(each.path);
    }
  }
  return { files: all, archives, failed };
}

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
const OF_CLASSES = /(^|\/)(SegmentationClass(PNG)?\/.*|(labels|class_names)\.txt)$/i;
const OF_PICTURES = /(^|\/)(train|val|test|trainval|obj)\.txt$/i; // lists of YOLO
const CLASS_LIST = /(^|\/)(data\.yaml|classes\.txt)$/i;
const isAtTop = (path) => !path.includes('/');

// Files with the masks and annotations of zip archives in place of these. `failed` are archives that cannot
// be read. Of Pascal VOC the maps and the list of classes come out, not the boxes; of YOLO the list of
// classes, and files in folders that are named as lists of pictures, as a picture may have that name.
export async function unpackedMasks(files, bytes) {
  const all = [],
    failed = [];
  const ends = (path, list) => list.some((ending) => path.toLowerCase().endsWith(ending));
  const wanted = (path) =>
    (ends(path, MASK_ENDINGS) || CLASS_LIST.test(path)) &&
    !(ends(path, ['.session.json']) || (OF_PICTURES.test(path) && isAtTop(path)) || isOfSystem(path));
  for (const each of files) {
    if (!each.path.toLowerCase().endsWith('.zip')) {
      all.push(each);
      continue;
    }
    try {
      const found = await unzipped(each.file, wanted, { files: MOST, bytes });
      const isVoc = found.some(({ path }) => /(^|\/)SegmentationObject/.test(path));
      const needed = (path) => (isVoc ? !/(^|\/)Annotations\//.test(path) : !OF_CLASSES.test(path));
      all.push(...found.filter(({ path }) => needed(path)));
    } catch {
      failed.push(each.path);
    }
  }
  return { files: all, failed };
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
    isNamed = ({ path }) => stemOf(path).replace(/[_-](masks?|labels?)$/, '') === stem;
  const classLists = packed.filter((each) => CLASS_LIST.test(each.path));
  const classes = classLists.find(({ path }) => /yaml$/i.test(path)) ?? classLists[0] ?? null;
  const files = [];
  for (const each of packed) {
    const isList = OF_PICTURES.test(each.path) || CLASS_LIST.test(each.path);
    const left = OF_CLASSES.test(each.path) || (isList && (isAtTop(each.path) || !isNamed(each)));
    if (!left && !(await areEqual(each.file, source))) files.push(each);
  }
  const found = (files, left = []) => ({ files, classes, left: left.map(({ path }) => path) });
  const named = files.filter(isNamed).sort((one, other) => rankOf(one) - rankOf(other));
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

// Which files are of use: pictures, and saved work of them, in the order of their names; and the number of
// others, without files of operating systems.
export function sorted(files, { endings, work }) {
  const seen = files.filter(({ path }) => !isOfSystem(path));
  const has = (path, ending) => path.toLowerCase().endsWith(ending);
  const pictures = seen.filter(({ path }) => endings.some((ending) => has(path, ending)));
  const works = seen.filter(({ path }) => has(path, work));
  const byName = new Intl.Collator('en', { numeric: true });
  pictures.sort((one, other) => byName.compare(one.path, other.path));
  return { pictures, works, others: seen.length - pictures.length - works.length };
}

// Each picture with its saved work, which must be there when the picture is opened; then work of others.
// Returns { file, path, works } each; `ending` is that of the names of saved work.
export function withWork(pictures, works, ending) {
  const left = new Map(works.map((work) => [work.path, work]));
  const entries = pictures.map((picture) => {
    const work = left.get(picture.path + ending);
    left.delete(picture.path + ending);
    return { ...picture, works: work ? [work] : [] };
  });
  return [...entries, ...[...left.values()].map((work) => ({ ...work, works: [] }))];
}
