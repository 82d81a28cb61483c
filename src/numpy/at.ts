// `x.at(...)`: the elements that an index names, to read and to write. Writing gives a new array.
import type { DType } from "../core/dtype.ts";
import { isFloating } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { Tracer, type Value } from "../core/value.ts";
import { add, convertElementType, div, max, min, mul, neg, pow, select } from "../primitives/elementwise.ts";
import { scatterAdd } from "../primitives/indexing.ts";
import { broadcast } from "../primitives/linear.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { scatter, scatterMax, scatterMin, scatterMul } from "../primitives/scatter.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { expandTo } from "./broadcasting.ts";
import { read, write, type Writing } from "./indexingAccess.ts";
import { type Index, planOf } from "./indexingPlan.ts";

/** What to do where an index is out of range: take the nearest element, or leave it out (reading then gives a fill value). */
export type IndexMode = "clip" | "fill" | "drop" | "promiseInBounds";
/** How reading treats positions out of range. */
export interface GetOptions {
  /** Default "clip". */
  readonly mode?: IndexMode;
  /** What is read out of range in mode "fill"; default NaN, the least int32, the largest uint32 or uint8, true. */
  readonly fillValue?: number;
}
/** How writing treats positions out of range and repeated ones. */
export interface UpdateOptions {
  /** Default "drop". */
  readonly mode?: IndexMode;
  /** A promise that no element is named twice: cheaper gradients, and `mul` and `div` have gradients by the factors. */
  readonly uniqueIndices?: boolean;
}
/** The elements that an index names. Where it names one several times, `add`, `mul`, `div`, `min`, `max` count them all, `set` keeps the last. */
export interface At {
  readonly get: (options?: GetOptions) => NDArray;
  readonly set: (values: ArrayLike, options?: UpdateOptions) => NDArray;
  readonly add: (values: ArrayLike, options?: UpdateOptions) => NDArray;
  readonly sub: (values: ArrayLike, options?: UpdateOptions) => NDArray;
  readonly mul: (values: ArrayLike, options?: UpdateOptions) => NDArray;
  readonly div: (values: ArrayLike, options?: UpdateOptions) => NDArray;
  readonly pow: (values: ArrayLike, options?: UpdateOptions) => NDArray;
  readonly min: (values: ArrayLike, options?: UpdateOptions) => NDArray;
  readonly max: (values: ArrayLike, options?: UpdateOptions) => NDArray;
  /** `f` of the elements, put in their places; once, however often an element is named. */
  readonly apply: (f: (elements: NDArray) => NDArray, options?: UpdateOptions) => NDArray;
}

const modes: readonly unknown[] = ["clip", "fill", "drop", "promiseInBounds", undefined];
const clips = (op: string, mode: IndexMode | undefined, byDefault: boolean): boolean => {
  if (!modes.includes(mode))
    throw new ArgumentError({
      op,
      expected: 'a mode of "clip", "fill", "drop" or "promiseInBounds"',
      got: JSON.stringify(mode),
    });
  return mode === undefined ? byDefault : mode === "clip" || mode === "promiseInBounds";
};

interface Update extends Writing {
  readonly name: string;
  /** `set` takes the dtype of the array; the others compute in the common one and come back. */
  readonly dtype: "own" | "common";
}
// Quotients and powers of repeated positions: by the product of all that meet there.
const byProduct =
  (f: (x: Value, product: Value) => Value): Writing["scatter"] =>
  (x, rows, v, options) =>
    f(x, scatterMul(fullLike(x, 1), rows, v, options));
const updates: { readonly [K in "set" | "add" | "sub" | "mul" | "div" | "pow" | "min" | "max"]: Update } = {
  set: { name: "at.set", dtype: "own", combine: (_, v) => v, scatter },
  add: { name: "at.add", dtype: "common", combine: add, scatter: scatterAdd },
  sub: {
    name: "at.sub",
    dtype: "common",
    combine: (x, v) => add(x, neg(v)),
    scatter: (x, rows, v, o) => scatterAdd(x, rows, neg(v), o),
  },
  mul: { name: "at.mul", dtype: "common", combine: mul, scatter: scatterMul },
  div: { name: "at.div", dtype: "common", combine: div, scatter: byProduct(div) },
  pow: { name: "at.pow", dtype: "common", combine: pow, scatter: byProduct(pow) },
  min: { name: "at.min", dtype: "common", combine: min, scatter: scatterMin },
  max: { name: "at.max", dtype: "common", combine: max, scatter: scatterMax },
};

/** The traced mask that is the whole index, if it is. */
const tracedMask = (index: readonly Index[]): Value | null => {
  const [only, ...more] = index.filter((e) => e !== "...");
  return only instanceof Tracer && only.dtype === "bool" && only.ndim > 0 && more.length === 0 && index[0] === only
    ? only
    : null;
};

/** Array and values in the dtype in which the update happens. */
const meet = (x: Value, values: ArrayLike, { name, dtype }: Update): readonly [Value, Value] => {
  if (dtype === "own") return [x, asArray(values, name, x.dtype)];
  const [a, v] = promote(name, x, values) as readonly [Value, Value];
  const integral = name === "at.div" && !isFloating(a.dtype);
  return integral ? [convertElementType(a, "float32"), convertElementType(v, "float32")] : [a, v];
};

const updated = (x: Value, index: readonly Index[], how: Update, values: ArrayLike, options: UpdateOptions): Value => {
  const op = how.name,
    [a, v] = meet(x, values, how),
    back = (y: Value): Value => settle(convertElementType(y, x.dtype as DType), op);
  const mask = tracedMask(index);
  if (mask !== null && v.ndim === 0) {
    // How many elements are chosen is unknown, but one value for all needs no count.
    const new_ = how.combine(a, expandTo(op, v, a.shape));
    const where = broadcast(mask, a.shape, a.shape.map((_, d) => d).slice(mask.ndim));
    return back(select(where, new_, a));
  }
  const clip = clips(op, options.mode, false),
    plan = planOf(op, x.aval, index, clip, options.mode);
  const o = { mode: clip ? "clip" : "drop", uniqueIndices: options.uniqueIndices ?? false } as const;
  return back(write(op, a, plan, expandTo(op, v, plan.shape), how, o));
};

const got = (op: string, x: Value, index: readonly Index[], options: GetOptions): Value => {
  const clip = clips(op, options.mode, true);
  return settle(
    read(op, x, planOf(op, x.aval, index, clip, options.mode), {
      mode: clip ? "clip" : "fill",
      fillValue: options.fillValue,
    }),
    op,
  );
};

/**
 * The elements that an index names: one entry per axis, namely a position, a span `[start, stop, step]` (`[]` all), null (a new
 * axis), "..." (all axes between), an array of integer positions, or a boolean mask. Negative positions count from the end;
 * positions out of range are the nearest ones, as in JAX. Arrays of positions broadcast together; their axes stand where they do,
 * or first if something separates them, as in NumPy. Throws ShapeError, DTypeError, ArgumentError, and TraceError for a mask that is traced.
 * @example
 * const x = np.array([[1, 2, 3], [4, 5, 6]]);
 * slice(x, 0) // => [1 2 3]
 * slice(x, [], [null, null, -1]) // => [[3 2 1] [6 5 4]]
 * slice(x, "...", np.array([2, 0], { dtype: "int32" })) // => [[3 1] [6 4]]
 * slice(x, np.greater(x, 3)) // => [4 5 6]
 */
export const slice = (x: ArrayLike, ...index: readonly Index[]): NDArray =>
  got("slice", asArray(x, "slice"), index, {});

/**
 * The elements that an index names (entries as in `slice`), to `get` or to `set`, `add`, `mul`, ... in a new array. Out of range,
 * `get` takes the nearest element and updates are dropped, as in JAX, unless `mode` says otherwise.
 * @example
 * const x = np.array([1, 2, 3]);
 * at(x, 1).set(9) // => [1 9 3]
 * at(x, [1, null]).add(10) // => [1 12 13]
 * at(x, np.array([0, 0, 7], { dtype: "int32" })).add(1) // => [3 2 3]
 * at(x, 5).get({ mode: "fill", fillValue: 0 }) // => 0
 */
export const at = (x: ArrayLike, ...index: readonly Index[]): At => {
  const array = asArray(x, "at");
  const update =
    (how: Update) =>
    (values: ArrayLike, options: UpdateOptions = {}): NDArray =>
      updated(array, index, how, values, options);
  return {
    get: (options = {}) => got("at.get", array, index, options),
    set: update(updates.set),
    add: update(updates.add),
    sub: update(updates.sub),
    mul: update(updates.mul),
    div: update(updates.div),
    pow: update(updates.pow),
    min: update(updates.min),
    max: update(updates.max),
    apply: (f, options = {}) => {
      const mode = clips("at.apply", options.mode, false) ? "clip" : "fill"; // what is checked is the update
      return updated(array, index, updates.set, f(got("at.apply", array, index, { mode })), options);
    },
  };
};
