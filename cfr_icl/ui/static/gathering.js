// Finds the files that a person chose or dropped, also those in folders, with their paths below these.

import { unzipped } from './unzipping.js';

export const MOST = 20_000; // files that are read from a drop or an archive

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
export const isOfSystem = (path) => /(^|\/)(\.|__MACOSX\/)/.test(path);

// Files with what `read` finds in zip archives in place of these. `failed` are archives that it rejects.
export async function withUnzipped(files, read) {
  const all = [],
    failed = [];
  let archives = 0;
  for (const each of files) {
    if (!each.path.toLowerCase().endsWith('.zip')) {
      all.push(each);
      continue;
    }
    archives += 1;
    try {
      all.push(...(await read(each.file)));
    } catch {
      failed.push(each.path);
    }
  }
  return { files: all, archives, failed };
}

// Files with the pictures and the saved work of zip archives in place of these; as `withUnzipped`.
export function unpacked(files, { endings, work, bytes }) {
  const ends = (path, list) => list.some((ending) => path.toLowerCase().endsWith(ending));
  const wanted = (path) => ends(path, [...endings, work]) && !isOfSystem(path);
  return withUnzipped(files, async (archive) => {
    const found = await unzipped(archive, wanted, { files: MOST, bytes });
    // work alone is of pictures that are open under these paths
    return found.some(({ path }) => ends(path, endings)) ? belowCommon(found) : found;
  });
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
