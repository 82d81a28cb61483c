// The element types that files may hold, and which dtype each becomes. What the library does not have is widened to the
// nearest dtype that holds every value: int8 and int16 to int32, float16 and bfloat16 to float32. 64-bit integers become
// 32-bit ones if all of them fit.
import type { NDArray } from "../numpy/index.ts";
import { np } from "../numpy/index.ts";
import { FormatError } from "./format.ts";

type DType = NDArray["dtype"];
type TypedArray = ReturnType<NDArray["dataSync"]>;

/** An element type of a file. */
export type Element =
  | "f16" | "bf16" | "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "bool"; // biome-ignore format: one line

interface Decoder {
  readonly bytes: number;
  readonly dtype: DType;
  readonly get: (view: DataView, at: number, little: boolean) => number | bigint;
}

/** A float16 (5 bits of exponent) or bfloat16 (8 bits, the upper half of a float32). */
const half =
  (exponentBits: number) =>
  (view: DataView, at: number, little: boolean): number => {
    const bits = view.getUint16(at, little),
      fractionBits = 15 - exponentBits;
    const sign = bits >> 15 === 0 ? 1 : -1,
      exponent = (bits >> fractionBits) & (2 ** exponentBits - 1),
      fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
    const bias = 2 ** (exponentBits - 1) - 1;
    if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
  };

/** One row per element type. */
const decoders: { readonly [K in Element]: Decoder } = {
  f16: { bytes: 2, dtype: "float32", get: half(5) },
  bf16: { bytes: 2, dtype: "float32", get: half(8) },
  f32: { bytes: 4, dtype: "float32", get: (v, i, le) => v.getFloat32(i, le) },
  f64: { bytes: 8, dtype: "float64", get: (v, i, le) => v.getFloat64(i, le) },
  i8: { bytes: 1, dtype: "int32", get: (v, i) => v.getInt8(i) },
  i16: { bytes: 2, dtype: "int32", get: (v, i, le) => v.getInt16(i, le) },
  i32: { bytes: 4, dtype: "int32", get: (v, i, le) => v.getInt32(i, le) },
  i64: { bytes: 8, dtype: "int32", get: (v, i, le) => v.getBigInt64(i, le) },
  u8: { bytes: 1, dtype: "uint8", get: (v, i) => v.getUint8(i) },
  u16: { bytes: 2, dtype: "int32", get: (v, i, le) => v.getUint16(i, le) },
  u32: { bytes: 4, dtype: "uint32", get: (v, i, le) => v.getUint32(i, le) },
  u64: { bytes: 8, dtype: "uint32", get: (v, i, le) => v.getBigUint64(i, le) },
  bool: { bytes: 1, dtype: "bool", get: (v, i) => Number(v.getUint8(i) !== 0) },
};
/** The element type in which each dtype is written. */
export const elementOf: { readonly [K in DType]: Element } = {
  float32: "f32",
  float64: "f64",
  int32: "i32",
  uint32: "u32",
  bool: "bool",
  uint8: "u8",
};
/** Bytes of one element. */
export const bytesOf = (element: Element): number => decoders[element].bytes;

const fresh: { readonly [K in DType]: (n: number) => TypedArray } = {
  float32: (n) => new Float32Array(n),
  float64: (n) => new Float64Array(n),
  int32: (n) => new Int32Array(n),
  uint32: (n) => new Uint32Array(n),
  bool: (n) => new Uint8Array(n),
  uint8: (n) => new Uint8Array(n),
};
const littleMachine = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
/** Bytes of such an element are already what the typed array of its dtype holds. */
const sameBytes = (element: Element, little: boolean): boolean =>
  element !== "bool" &&
  elementOf[decoders[element].dtype] === element &&
  (bytesOf(element) === 1 || little === littleMachine);

/** Where bytes of elements come from: for the errors. */
export interface Origin {
  readonly format: string;
  readonly at: number;
}

const narrow = (value: bigint, element: Element, origin: Origin, offset: number): number => {
  const [lo, hi] = element === "i64" ? [-(2n ** 31n), 2n ** 31n - 1n] : [0n, 2n ** 32n - 1n];
  if (value < lo || value > hi)
    throw new FormatError(origin.format, origin.at + offset, `${element} values of 32 bits`, String(value));
  return Number(value);
};

const decode = (element: Element, bytes: Uint8Array, little: boolean, origin: Origin): TypedArray => {
  const { bytes: width, dtype, get } = decoders[element],
    n = bytes.length / width,
    out = fresh[dtype](n);
  if (sameBytes(element, little)) {
    new Uint8Array(out.buffer).set(bytes);
    return out;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < n; i++) {
    const value = get(view, i * width, little);
    out[i] = typeof value === "bigint" ? narrow(value, element, origin, i * width) : value;
  }
  return out;
};

/** The array of `shape` whose elements are `bytes`. Throws FormatError for 64-bit integers that do not fit into 32 bits. */
export const arrayOf = (
  element: Element,
  shape: readonly number[],
  bytes: Uint8Array,
  little: boolean,
  origin: Origin,
): NDArray => np.reshape(np.array(decode(element, bytes, little, origin), { dtype: decoders[element].dtype }), shape);

/** The elements of `x` in row-major order, little or big endian. */
export const bytesOfArray = (x: NDArray, little = true): Uint8Array => {
  const data = x.dataSync(),
    bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    width = data.BYTES_PER_ELEMENT;
  if (width > 1 && little !== littleMachine)
    for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
  return bytes;
};

/** Number of elements of `shape`; fails if an extent is no non-negative integer or the product is no safe integer. */
export const sizeOfShape = (shape: readonly number[], origin: Origin): number => {
  const size = shape.reduce((a, b) => a * b, 1);
  if (!shape.every((d) => Number.isSafeInteger(d) && d >= 0) || !Number.isSafeInteger(size))
    throw new FormatError(origin.format, origin.at, "a shape of non-negative integers", `[${shape}]`);
  return size;
};
