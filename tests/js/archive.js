import { deflateRawSync } from 'node:zlib';

// A zip archive of { name: text }; `change` may alter the fields of an entry.
export function zip(files, change = (fields) => fields) {
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
