// The spatial axes of a convolution: its attributes, and the extents that follow from them.
import type { Shape } from "../core/aval.ts";

/** Per spatial axis the stride, the padding before and behind (negative crops) and the dilations; the numbers of groups. */
export interface ConvAttrs {
  readonly strides: readonly number[];
  readonly padding: readonly (readonly [lo: number, hi: number])[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
  readonly featureGroupCount: number;
  readonly batchGroupCount: number;
}

/** Extent of `n` elements with `d - 1` holes between any two. */
export const dilate = (n: number, d: number): number => (n === 0 ? 0 : (n - 1) * d + 1);
/** The extents of the spatial axes. */
export const spatial = (shape: Shape): Shape => shape.slice(2);

/** One spatial axis: extents of the operands, attributes, extent of the result. */
export interface Axis {
  readonly x: number;
  readonly k: number;
  readonly t: number;
  readonly s: number;
  readonly l: number;
  readonly r: number;
  readonly lo: number;
  readonly hi: number;
}
const axisOf = (x: number, k: number, i: number, a: ConvAttrs): Axis => {
  const s = a.strides[i] as number,
    l = a.lhsDilation[i] as number,
    r = a.rhsDilation[i] as number,
    [lo, hi] = a.padding[i] as readonly [number, number];
  const room = Math.max(0, dilate(x, l) + lo + hi) - dilate(k, r); // places beyond the first
  return { x, k, t: room < 0 ? 0 : Math.floor(room / s) + 1, s, l, r, lo, hi };
};
/** All spatial axes of a convolution of operands of these shapes. */
export const axesOf = (x: Shape, w: Shape, attrs: ConvAttrs): readonly Axis[] =>
  spatial(x).map((n, i) => axisOf(n, w[i + 2] as number, i, attrs));
