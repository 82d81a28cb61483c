// Typed views of a backend's memory, and copies between it and typed arrays.
import { type DType, itemSize, type TypedArray } from "../core/dtype.ts";

/** Views of all of one memory; made anew when the memory has grown, since growing detaches them. */
export interface Views {
  readonly buffer: ArrayBufferLike;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u8: Uint8Array;
}
export const viewsOf = (buffer: ArrayBufferLike): Views => ({
  buffer,
  f32: new Float32Array(buffer, 0, Math.floor(buffer.byteLength / 4)),
  f64: new Float64Array(buffer, 0, Math.floor(buffer.byteLength / 8)),
  i32: new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4)),
  u32: new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4)),
  u8: new Uint8Array(buffer),
});

/** A typed array of zeros. */
export const typedArray = (dtype: DType, n: number): TypedArray => {
  switch (dtype) {
    case "float32":
      return new Float32Array(n);
    case "float64":
      return new Float64Array(n);
    case "int32":
      return new Int32Array(n);
    case "uint32":
      return new Uint32Array(n);
    case "bool":
    case "uint8":
      return new Uint8Array(n);
    default:
      return dtype satisfies never;
  }
};

/** Below this many elements a loop beats the call of `set`. */
const few = 8;

/** Copy elements into memory at `address`. */
export const write = (v: Views, dtype: DType, address: number, from: TypedArray): void => {
  switch (dtype) {
    case "float32": {
      const to = v.f32,
        at = address >>> 2,
        xs = from as Float32Array,
        n = xs.length;
      if (n <= few) for (let i = 0; i < n; i++) to[at + i] = xs[i] as number;
      else to.set(xs, at);
      return;
    }
    case "float64":
      v.f64.set(from, address >>> 3);
      return;
    case "int32":
      v.i32.set(from, address >>> 2);
      return;
    case "uint32":
      v.u32.set(from, address >>> 2);
      return;
    case "bool":
    case "uint8":
      v.u8.set(from, address);
      return;
    default:
      dtype satisfies never;
  }
};
/** Write one element. */
export const writeScalar = (v: Views, dtype: DType, address: number, value: number): void => {
  switch (dtype) {
    case "float32":
      v.f32[address >>> 2] = value;
      return;
    case "float64":
      v.f64[address >>> 3] = value;
      return;
    case "int32":
      v.i32[address >>> 2] = value;
      return;
    case "uint32":
      v.u32[address >>> 2] = value;
      return;
    case "bool":
    case "uint8":
      v.u8[address] = value;
      return;
    default:
      dtype satisfies never;
  }
};
/** Write `n` elements that are one number. */
export const writeMany = (v: Views, dtype: DType, address: number, n: number, value: number): void => {
  const size = itemSize[dtype],
    all = { float32: v.f32, float64: v.f64, int32: v.i32, uint32: v.u32, bool: v.u8, uint8: v.u8 }[dtype];
  all.fill(value, address / size, address / size + n);
};
/** A copy of `n` elements at `address`. */
export const readOut = (v: Views, dtype: DType, address: number, n: number): TypedArray => {
  switch (dtype) {
    case "float32": {
      const from = v.f32,
        at = address >>> 2;
      if (n > few) return from.slice(at, at + n);
      const to = new Float32Array(n);
      for (let i = 0; i < n; i++) to[i] = from[at + i] as number;
      return to;
    }
    case "float64":
      return v.f64.slice(address >>> 3, (address >>> 3) + n);
    case "int32":
      return v.i32.slice(address >>> 2, (address >>> 2) + n);
    case "uint32":
      return v.u32.slice(address >>> 2, (address >>> 2) + n);
    case "bool":
    case "uint8":
      return v.u8.slice(address, address + n);
    default:
      return dtype satisfies never;
  }
};
