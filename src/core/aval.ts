// Abstract values: what tracing knows about an array.
import type { DType } from "./dtype.ts";
import { itemSize, storageOf } from "./dtype.ts";

/** The extents of an array, one per axis. */
export type Shape = readonly number[];
/** Dtype and shape. */
export interface Aval {
  readonly dtype: DType;
  readonly shape: Shape;
}
export const aval = (shape: Shape, dtype: DType = "float32"): Aval => ({ shape, dtype });
/** `f32[2,3]`. */
export const showAval = (a: Aval): string => `${storageOf[a.dtype]}[${a.shape.join(",")}]`;
/** Number of elements. */
export const sizeOf = (shape: Shape): number => {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
};
export const bytesOf = (a: Aval): number => sizeOf(a.shape) * itemSize[a.dtype];
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);
export const sameAval = (a: Aval, b: Aval): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);
/** Row-major strides in elements. */
export const stridesOf = (shape: Shape): readonly number[] => {
  const strides = new Array<number>(shape.length);
  let s = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = s;
    s *= shape[i] as number;
  }
  return strides;
};
