// Positions of the true elements of a mask: read on the host, since their number is data.
import { type Shape, stridesOf } from "../core/aval.ts";
import type { TypedArray } from "../core/dtype.ts";
import { tracerMisuse } from "../core/misuse.ts";
import { Tracer, type Value } from "../core/value.ts";
import { fromTyped } from "../runtime/array.ts";
import type { NDArray } from "./array.ts";
import { elements } from "./reading.ts";

/** The elements of a concrete array; a traced one throws TraceError, where `what` says what was done with it. */
export const hostData = (x: Value, what: string): TypedArray =>
  x instanceof Tracer ? tracerMisuse(x, what) : elements(x);

/** Row-major offsets of the elements that are not 0. */
export const trueOffsets = (data: TypedArray): Int32Array => {
  const out = new Int32Array(data.length);
  let n = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) out[n++] = i;
  return out.slice(0, n);
};
/** Per axis of an array the positions of row-major offsets. */
export const along = (shape: Shape, offsets: Int32Array): readonly Int32Array[] =>
  stridesOf(shape).map((stride, d) => offsets.map((o) => Math.floor(o / stride) % (shape[d] as number)));
/** Per axis of the concrete array `x` the positions `i32[n]` of its elements that are not 0, in row-major order. */
export const positionsOf = (x: Value, op: string, what = "mask"): readonly NDArray[] =>
  along(x.shape, trueOffsets(hostData(x, what))).map((at) => fromTyped("int32", [at.length], at, op));
