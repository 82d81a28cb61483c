// A growable byte string and the number formats of the WebAssembly binary.

const scratch = new DataView(new ArrayBuffer(8));
const text = new TextEncoder();

/** Bytes under construction. Every method appends. */
export interface Bytes {
  readonly length: () => number;
  readonly byte: (value: number) => void;
  /** Unsigned LEB128 of an integer in [0, 2^32). */
  readonly u32: (value: number) => void;
  /** Signed LEB128 of the low 32 bits. */
  readonly i32: (value: number) => void;
  /** Signed LEB128 of the low 64 bits. */
  readonly i64: (value: bigint) => void;
  readonly f32: (value: number) => void;
  readonly f64: (value: number) => void;
  readonly raw: (values: ArrayLike<number>) => void;
  /** Length and UTF-8. */
  readonly name: (value: string) => void;
  /** Cut off everything from `start` on and return it. */
  readonly take: (start: number) => Uint8Array<ArrayBuffer>;
}

/** An empty byte string. */
export const byteString = (capacity = 1024): Bytes => {
  let bytes = new Uint8Array(capacity);
  let at = 0;

  const reserve = (room: number): void => {
    if (at + room <= bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * bytes.length, at + room));
    larger.set(bytes);
    bytes = larger;
  };
  const byte = (value: number): void => {
    if (at === bytes.length) reserve(1);
    bytes[at++] = value;
  };
  const u32 = (value: number): void => {
    let rest = value;
    while (rest > 127) {
      byte((rest & 127) | 128);
      rest >>>= 7;
    }
    byte(rest);
  };
  const i32 = (value: number): void => {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      byte((rest & 127) | 128);
      rest >>= 7;
    }
    byte(rest & 127);
  };
  const i64 = (value: bigint): void => {
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      byte(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    byte(Number(rest & 127n));
  };
  const raw = (values: ArrayLike<number>): void => {
    reserve(values.length);
    bytes.set(values, at);
    at += values.length;
  };
  const float = (width: number): void => {
    for (let i = 0; i < width; i++) byte(scratch.getUint8(i));
  };
  return {
    length: () => at,
    byte,
    u32,
    i32,
    i64,
    f32: (value) => {
      scratch.setFloat32(0, value, true);
      float(4);
    },
    f64: (value) => {
      scratch.setFloat64(0, value, true);
      float(8);
    },
    raw,
    name: (value) => {
      const utf8 = text.encode(value);
      u32(utf8.length);
      raw(utf8);
    },
    take: (start) => {
      const taken = bytes.slice(start, at);
      at = start;
      return taken;
    },
  };
};
