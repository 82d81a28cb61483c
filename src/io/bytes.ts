// A cursor over bytes that never reads past their end, and joining of pieces.
import { FormatError } from "./format.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads `bytes` from the front. Every read checks that the bytes are there and fails with a FormatError of `format`. */
export class Cursor {
  readonly format: string;
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  /** Where the next read begins. */
  at: number;
  constructor(format: string, bytes: Uint8Array, at = 0) {
    this.format = format;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }
  /** Bytes not yet read. */
  get left(): number {
    return this.bytes.length - this.at;
  }
  /** Fail at `at`, by default here. */
  fail(expected: string, got: string, at = this.at): never {
    throw new FormatError(this.format, at, expected, got);
  }
  /** The next `n` bytes, not copied; `what` they are, for the error. */
  take(n: number, what: string): Uint8Array {
    if (!(n <= this.left)) this.fail(`${what}, ${n} bytes`, `the end of the file after ${this.left}`);
    const from = this.at;
    this.at += n;
    return this.bytes.subarray(from, this.at);
  }
  u8(what: string): number {
    return this.take(1, what)[0] as number;
  }
  u16(what: string, little = true): number {
    this.take(2, what);
    return this.view.getUint16(this.at - 2, little);
  }
  u32(what: string, little = true): number {
    this.take(4, what);
    return this.view.getUint32(this.at - 4, little);
  }
  u64(what: string): bigint {
    this.take(8, what);
    return this.view.getBigUint64(this.at - 8, true);
  }
  /** The next `n` bytes, each the character of that code: a TextDecoder for "latin1" takes 0x80 to 0x9f for others, as the standard wants it. */
  ascii(n: number, what: string): string {
    return Array.from(this.take(n, what), (code) => String.fromCharCode(code)).join("");
  }
  /** The next `n` bytes as UTF-8. */
  text(n: number, what: string): string {
    const from = this.at;
    try {
      return utf8.decode(this.take(n, what));
    } catch (error) {
      if (error instanceof FormatError) throw error;
      return this.fail(`${what} in UTF-8`, "other bytes", from);
    }
  }
}

/** The pieces, one after the other. */
export const join = (pieces: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(pieces.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
};

const encoder = new TextEncoder();
/** The UTF-8 bytes of `text`. */
export const encode = (text: string): Uint8Array => encoder.encode(text);

/** `values`, each as a little-endian integer of `width` bytes. */
export const littleEndian = (width: 2 | 4, ...values: readonly number[]): Uint8Array => {
  const out = new DataView(new ArrayBuffer(width * values.length));
  values.forEach((v, i) => {
    if (width === 2) out.setUint16(2 * i, v, true);
    else out.setUint32(4 * i, v, true);
  });
  return new Uint8Array(out.buffer);
};
