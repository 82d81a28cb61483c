// Element types of arrays.
import type { ScalarType, StorageType } from "../kernel/expr.ts";
import { registerType } from "../kernel/expr.ts";

/** Element type of an array. */
export type DType = "float32" | "float64" | "int32" | "uint32" | "bool" | "uint8";

/** The short names that printers use, which are also the kernel IR's storage types. */
export const storageOf: { readonly [K in DType]: StorageType } = {
  float32: "f32",
  float64: "f64",
  int32: "i32",
  uint32: "u32",
  bool: "bool",
  uint8: "u8",
};
/** Register type in which elements of `dtype` are computed. */
export const scalarOf = (dtype: DType): ScalarType => registerType(storageOf[dtype]);
/** Bytes per element. */
export const itemSize: { readonly [K in DType]: number } = {
  float32: 4,
  float64: 8,
  int32: 4,
  uint32: 4,
  bool: 1,
  uint8: 1,
};
/** The typed arrays of JavaScript that hold elements of arrays. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;
/** The typed array that views elements of `dtype` (bool is a byte, 0 or 1). */
export const viewOf = (dtype: DType, data: ArrayBufferLike, offset: number, length: number): TypedArray => {
  switch (dtype) {
    case "float32":
      return new Float32Array(data, offset, length);
    case "float64":
      return new Float64Array(data, offset, length);
    case "int32":
      return new Int32Array(data, offset, length);
    case "uint32":
      return new Uint32Array(data, offset, length);
    case "bool":
    case "uint8":
      return new Uint8Array(data, offset, length);
    default:
      return dtype satisfies never;
  }
};
export const isFloating = (d: DType): boolean => d === "float32" || d === "float64";
export const isInteger = (d: DType): boolean => d === "int32" || d === "uint32" || d === "uint8";
/** All dtypes, in promotion order. */
export const dtypes: readonly DType[] = ["bool", "uint8", "int32", "uint32", "float32", "float64"];
