// Zip archives, as far as .npz files need them: entries stored or deflated on reading, stored on writing.
// Format: PKWARE APPNOTE 6.3, sections 4.3 and 4.4; archives in the zip64 form are refused.
import { Cursor, encode, join, littleEndian } from "./bytes.ts";

/** A file in an archive, as it stands there. */
export interface Entry {
  readonly name: string;
  readonly method: "stored" | "deflated";
  readonly bytes: Uint8Array;
  /** Length and checksum of the contents, after inflation. */
  readonly size: number;
  readonly crc: number;
  /** Where the bytes begin. */
  readonly at: number;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});
/** CRC-32 of ISO 3309, the checksum of zip and gzip. */
export const crc32 = (bytes: Uint8Array): number => {
  let c = 0xffffffff;
  for (const b of bytes) c = (crcTable[(c ^ b) & 0xff] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
};

const localSignature = 0x04034b50,
  centralSignature = 0x02014b50,
  endSignature = 0x06054b50;
const endSize = 22,
  longestComment = 0xffff;

/** Offset of the record at the end of the archive; a comment may follow it. */
const findEnd = (cursor: Cursor): number => {
  const { bytes } = cursor;
  const last = bytes.length - endSize;
  for (let at = last; at >= Math.max(0, last - longestComment); at--)
    if (new Cursor(cursor.format, bytes, at).u32("a signature") === endSignature) return at;
  return cursor.fail("the record that ends a zip archive", "none", bytes.length);
};

const expectSignature = (cursor: Cursor, signature: number, what: string): void => {
  const at = cursor.at,
    got = cursor.u32(what);
  if (got !== signature) cursor.fail(`${what} (${signature.toString(16)})`, got.toString(16), at);
};

/** The entry whose record in the central directory is next. */
const readEntry = (directory: Cursor): Entry => {
  const start = directory.at;
  expectSignature(directory, centralSignature, "an entry of the directory");
  directory.take(6, "versions and flags");
  const method = directory.u16("a method");
  directory.take(4, "a time");
  const crc = directory.u32("a checksum"),
    packed = directory.u32("a size"),
    size = directory.u32("a size");
  const [nameLength, extra, comment] = [
    directory.u16("a length"),
    directory.u16("a length"),
    directory.u16("a length"),
  ];
  directory.take(8, "attributes");
  const offset = directory.u32("an offset");
  const name = directory.text(nameLength as number, "a name");
  directory.take((extra as number) + (comment as number), "the rest of the entry");
  if (method !== 0 && method !== 8) directory.fail(`${name} stored or deflated`, `method ${method}`, start);
  if ([packed, size, offset].includes(0xffffffff)) directory.fail("an archive below 4 GiB", "one in zip64", start);
  const local = new Cursor(directory.format, directory.bytes, offset);
  expectSignature(local, localSignature, "a local header");
  local.take(22, "a local header");
  const skip = local.u16("a length") + local.u16("a length");
  local.take(skip, "a name");
  const at = local.at;
  return { name, method: method === 0 ? "stored" : "deflated", bytes: local.take(packed, name), size, crc, at };
};

/** The entries of an archive, in the order of its directory. Throws FormatError. */
export const readZip = (format: string, bytes: Uint8Array): readonly Entry[] => {
  const cursor = new Cursor(format, bytes);
  cursor.at = findEnd(cursor) + 10;
  const count = cursor.u16("the number of entries");
  cursor.take(4, "the size of the directory");
  const directory = new Cursor(format, bytes, cursor.u32("the offset of the directory"));
  return Array.from({ length: count }, () => readEntry(directory));
};

/** 1980-01-01, the first day that zip knows: equal contents give equal archives. */
const firstDay = [0, 0x21];
const utf8Names = 0x0800;

/** An archive of stored files. */
export const writeZip = (files: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array => {
  const body: Uint8Array[] = [],
    directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const title = encode(name);
    const same = join([
      littleEndian(2, 20, utf8Names, 0, ...firstDay),
      littleEndian(4, crc32(bytes), bytes.length, bytes.length),
      littleEndian(2, title.length, 0),
    ]);
    const local = join([littleEndian(4, localSignature), same, title, bytes]);
    body.push(local);
    directory.push(
      join([
        littleEndian(4, centralSignature),
        littleEndian(2, 20),
        same,
        littleEndian(2, 0, 0, 0),
        littleEndian(4, 0, offset),
        title,
      ]),
    );
    offset += local.length;
  }
  const index = join(directory);
  const end = join([
    littleEndian(4, endSignature),
    littleEndian(2, 0, 0, files.length, files.length),
    littleEndian(4, index.length, offset),
    littleEndian(2, 0),
  ]);
  return join([...body, index, end]);
};
