// Reads zip archives in the browser, so that the server gets files alone. An archive is untrusted: sizes are
// bounded by what it states, and no file becomes larger than it states.

const END = 0x06054b50,
  ENTRY = 0x02014b50,
  LOCAL = 0x04034b50; // signatures
const END_SIZE = 22,
  LONGEST_COMMENT = 65535;
const STORED = 0,
  DEFLATED = 8;
const UNKNOWN = [0xffff, 0xffffffff]; // values that stand elsewhere in archives of more than 4 GB

export class ZipError extends Error {}

const bytesOf = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer());

// The entries { path, method, size, packed, at } of the files in an archive; throws ZipError.
async function entriesOf(file, most) {
  const from = Math.max(0, file.size - END_SIZE - LONGEST_COMMENT),
    tail = await bytesOf(file, from, file.size);
  let end = tail.byteLength - END_SIZE;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new ZipError('no archive');
  const count = tail.getUint16(end + 10, true),
    size = tail.getUint32(end + 12, true),
    start = tail.getUint32(end + 16, true);
  if ([count, size, start].some((value) => UNKNOWN.includes(value)) || count > most)
    throw new ZipError('too large');
  const list = await bytesOf(file, start, start + size),
    entries = [];
  for (let at = 0, number = 0; number < count; number += 1) {
    if (at + 46 > list.byteLength || list.getUint32(at, true) !== ENTRY) throw new ZipError('damaged');
    const [name, extra, comment] = [28, 30, 32].map((place) => list.getUint16(at + place, true));
    if (at + 46 + name > list.byteLength) throw new ZipError('damaged');
    const encrypted = list.getUint16(at + 8, true) & 1,
      path = textOf(new Uint8Array(list.buffer, at + 46, name)).replaceAll('\\', '/');
    const entry = {
      path,
      method: list.getUint16(at + 10, true),
      packed: list.getUint32(at + 20, true),
      size: list.getUint32(at + 24, true),
      at: list.getUint32(at + 42, true),
    };
    if (!encrypted && !path.endsWith('/')) entries.push(entry);
    at += 46 + name + extra + comment;
  }
  return entries;
}

function textOf(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

// The content of an entry as a Blob; throws ZipError.
async function contentOf(file, { method, packed, size, at }) {
  const head = await bytesOf(file, at, at + 30);
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw new ZipError('damaged');
  const begin = at + 30 + head.getUint16(26, true) + head.getUint16(28, true),
    content = file.slice(begin, begin + packed);
  if (method === STORED && packed === size && content.size === size) return content;
  if (method !== DEFLATED) throw new ZipError('damaged');
  const reader = content.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader(),
    parts = [];
  let left = size;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      left -= value.length;
      if (left < 0) break;
      parts.push(value);
    }
  } catch {
    throw new ZipError('damaged');
  }
  if (left) {
    reader.cancel().catch(() => {});
    throw new ZipError('damaged');
  }
  return new Blob(parts);
}

// The files of an archive whose paths are `wanted`, { file, path } each, within `most` { files, bytes }.
export async function unzipped(archive, wanted, most) {
  const entries = (await entriesOf(archive, most.files)).filter(({ path }) => wanted(path));
  if (entries.reduce((sum, { size }) => sum + size, 0) > most.bytes) throw new ZipError('too large');
  const files = [];
  for (const entry of entries) {
    const content = await contentOf(archive, entry);
    files.push({ file: new File([content], entry.path.split('/').at(-1)), path: entry.path });
  }
  return files;
}
