// A growable byte string and the number formats of the WebAssembly binary.

const scratch = new DataView(new ArrayBuffer(8));
const text = new TextEncoder();

/** Bytes under construction: the first `length` of `data`. A record and functions, not closures: these are the hot path. */
export interface Bytes {
  data: Uint8Array<ArrayBuffer>;
  length: number;
}

/** An empty byte string. */
export const byteString = (capacity = 1024): Bytes => ({ data: new Uint8Array(capacity), length: 0 });

const reserve = (out: Bytes, room: number): void => {
  if (out.length + room <= out.data.length) return;
  const larger = new Uint8Array(Math.max(2 * out.data.length, out.length + room));
  larger.set(out.data);
  out.data = larger;
};

/** Append a byte. */
export const putByte = (out: Bytes, value: number): void => {
  if (out.length === out.data.length) reserve(out, 1);
  out.data[out.length++] = value;
};

/** Append the unsigned LEB128 of an integer in [0, 2^32). */
export const putU32 = (out: Bytes, value: number): void => {
  let rest = value;
  while (rest > 127) {
    putByte(out, (rest & 127) | 128);
    rest >>>= 7;
  }
  putByte(out, rest);
};

/** Append the signed LEB128 of the low 32 bits. */
export const putI32 = (out: Bytes, value: number): void => {
  let rest = value | 0;
  while (rest < -64 || rest > 63) {
    putByte(out, (rest & 127) | 128);
    rest >>= 7;
  }
  putByte(out, rest & 127);
};

/** Append the signed LEB128 of the low 64 bits. */
export const putI64 = (out: Bytes, value: bigint): void => {
  let rest = BigInt.asIntN(64, value);
  while (rest < -64n || rest > 63n) {
    putByte(out, Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  putByte(out, Number(rest & 127n));
};

const putScratch = (out: Bytes, width: number): void => {
  for (let i = 0; i < width; i++) putByte(out, scratch.getUint8(i));
};

/** Append the four bytes of a float32. */
export const putF32 = (out: Bytes, value: number): void => {
  scratch.setFloat32(0, value, true);
  putScratch(out, 4);
};

/** Append the eight bytes of a float64. */
export const putF64 = (out: Bytes, value: number): void => {
  scratch.setFloat64(0, value, true);
  putScratch(out, 8);
};

/** Append bytes. */
export const putBytes = (out: Bytes, values: ArrayLike<number>): void => {
  reserve(out, values.length);
  out.data.set(values, out.length);
  out.length += values.length;
};

/** Append bytes after their number. */
export const putSized = (out: Bytes, values: ArrayLike<number>): void => {
  putU32(out, values.length);
  putBytes(out, values);
};

/** Append the UTF-8 of a name after its length. */
export const putName = (out: Bytes, value: string): void => putSized(out, text.encode(value));

/** Cut off everything from `start` on and return it. */
export const take = (out: Bytes, start = 0): Uint8Array<ArrayBuffer> => {
  const taken = out.data.slice(start, out.length);
  out.length = start;
  return taken;
};
