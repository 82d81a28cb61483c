// The methods of arrays: functions of `np` with the array as their first argument, and the ways out to JavaScript.
import type { Shape } from "../core/aval.ts";
import type { DType, TypedArray } from "../core/dtype.ts";
import { tracerMisuse } from "../core/misuse.ts";
import { Tracer, Value } from "../core/value.ts";
import * as arithmetic from "./arithmetic.ts";
import type { ArrayLike, NDArray } from "./array.ts";
import type { Axes } from "./axes.ts";
import * as comparison from "./comparison.ts";
import { astype } from "./dtypes.ts";
import type { At, Index } from "./indexing.ts";
import * as indexing from "./indexing.ts";
import * as mathematical from "./mathematical.ts";
import * as contraction from "./matmul.ts";
import { inspect, print } from "./printing.ts";
import { elements, item, nested, type NestedList, rows } from "./reading.ts";
import type { KeepOptions, MeanOptions, ReduceOptions, SumOptions, VarOptions, WhereOptions } from "./reductions.ts";
import * as reductions from "./reductions.ts";
import type { RunningOptions } from "./running.ts";
import * as running from "./running.ts";
import type { OrderOptions } from "./shapes.ts";
import * as shapes from "./shapes.ts";
import type { SortOptions } from "./sorting.ts";
import * as sorting from "./sorting.ts";

/** A reduction as a method: `x.sum(axis, options)`, or `x.sum({ axis, ...options })`. */
export interface Reducing<O, A = Axes> {
  (options: O & { readonly axis?: A }): NDArray;
  (axis?: A, options?: O): NDArray;
}
/** What every array can do, besides `shape`, `dtype`, `ndim` and `size`. Each method is the function of `np` of its name. */
export interface ArrayMethods {
  /** The array with its axes reversed. */
  readonly T: NDArray;
  /** A fresh typed array with the elements in row-major order; bool is 0 and 1. */
  dataSync(): TypedArray;
  /** The same as `dataSync`, on any backend. */
  data(): Promise<TypedArray>;
  /** Nested lists of numbers or booleans; a number for a scalar. */
  js(): NestedList;
  /** The same as `js`, on any backend. */
  jsAsync(): Promise<NestedList>;
  /** The only element. Throws ShapeError if there are several. */
  item(): number | boolean;
  /** As NumPy prints it. */
  toString(): string;
  /** Iterates over axis 0. */
  [Symbol.iterator](): Iterator<NDArray>;
  /** The elements that an index names: per axis a number, `[start, stop, step]`, `[]`, null, "...", an integer array or a mask. */
  slice(...index: readonly Index[]): NDArray;
  /** The same elements, to `get` or to `set`, `add`, ... in a new array. */
  at(...index: readonly Index[]): At;

  add(y: ArrayLike): NDArray;
  sub(y: ArrayLike): NDArray;
  mul(y: ArrayLike): NDArray;
  div(y: ArrayLike): NDArray;
  mod(y: ArrayLike): NDArray;
  pow(y: ArrayLike): NDArray;
  floorDivide(y: ArrayLike): NDArray;
  neg(): NDArray;
  abs(): NDArray;
  exp(): NDArray;
  log(): NDArray;
  sqrt(): NDArray;
  square(): NDArray;
  round(decimals?: number): NDArray;
  clip(min?: ArrayLike | null, max?: ArrayLike | null): NDArray;
  clip(options: { readonly min?: ArrayLike | null; readonly max?: ArrayLike | null }): NDArray;
  astype(dtype: DType): NDArray;

  greater(y: ArrayLike): NDArray;
  greaterEqual(y: ArrayLike): NDArray;
  less(y: ArrayLike): NDArray;
  lessEqual(y: ArrayLike): NDArray;
  equal(y: ArrayLike): NDArray;
  notEqual(y: ArrayLike): NDArray;

  matmul(y: ArrayLike): NDArray;
  dot(y: ArrayLike): NDArray;

  readonly sum: Reducing<SumOptions>;
  readonly prod: Reducing<SumOptions>;
  readonly mean: Reducing<MeanOptions>;
  readonly var: Reducing<VarOptions>;
  readonly std: Reducing<VarOptions>;
  readonly min: Reducing<ReduceOptions>;
  readonly max: Reducing<ReduceOptions>;
  readonly all: Reducing<WhereOptions>;
  readonly any: Reducing<WhereOptions>;
  readonly argmax: Reducing<KeepOptions, number | null>;
  readonly argmin: Reducing<KeepOptions, number | null>;
  readonly cumsum: Reducing<RunningOptions, number | null>;
  readonly cumprod: Reducing<RunningOptions, number | null>;
  readonly sort: Reducing<SortOptions, number | null>;
  readonly argsort: Reducing<SortOptions, number | null>;

  reshape(shape: number | Shape, options?: OrderOptions): NDArray;
  reshape(...shape: readonly number[]): NDArray;
  flatten(): NDArray;
  ravel(): NDArray;
  transpose(axes?: readonly number[] | null): NDArray;
  swapaxes(axis1: number, axis2: number): NDArray;
  squeeze(axis?: Axes): NDArray;
}

declare module "../core/value.ts" {
  interface Value extends ArrayMethods {}
}

/** Methods that are functions of `np`. */
const functions = {
  slice: indexing.slice,
  at: indexing.at,
  add: arithmetic.add,
  sub: arithmetic.sub,
  mul: arithmetic.mul,
  div: arithmetic.div,
  mod: arithmetic.mod,
  pow: arithmetic.pow,
  floorDivide: arithmetic.floorDivide,
  neg: arithmetic.neg,
  abs: arithmetic.abs,
  exp: mathematical.exp,
  log: mathematical.log,
  sqrt: mathematical.sqrt,
  square: arithmetic.square,
  round: arithmetic.round,
  clip: arithmetic.clip,
  astype,
  greater: comparison.greater,
  greaterEqual: comparison.greaterEqual,
  less: comparison.less,
  lessEqual: comparison.lessEqual,
  equal: comparison.equal,
  notEqual: comparison.notEqual,
  matmul: contraction.matmul,
  dot: contraction.dot,
  sum: reductions.sum,
  prod: reductions.prod,
  mean: reductions.mean,
  var: reductions.var,
  std: reductions.std,
  min: reductions.min,
  max: reductions.max,
  all: reductions.all,
  any: reductions.any,
  argmax: reductions.argmax,
  argmin: reductions.argmin,
  cumsum: running.cumsum,
  cumprod: running.cumprod,
  sort: sorting.sort,
  argsort: sorting.argsort,
  flatten: shapes.ravel,
  ravel: shapes.ravel,
  transpose: shapes.transpose,
  swapaxes: shapes.swapaxes,
  squeeze: shapes.squeeze,
} as const;

/** The ways out to JavaScript, and what looks different as a method. */
const own: { readonly [name: string | symbol]: (...args: never[]) => unknown } & ThisType<Value> = {
  dataSync() {
    return elements(this);
  },
  async data() {
    return elements(this, "data");
  },
  js() {
    return nested(this);
  },
  async jsAsync() {
    return nested(this, "jsAsync");
  },
  item() {
    return item(this);
  },
  toString() {
    return print(this);
  },
  reshape(first: number | Shape = [], ...rest: readonly (number | OrderOptions)[]) {
    if (typeof first !== "number") return shapes.reshape(this, first, rest[0] as OrderOptions | undefined);
    const [next] = rest;
    return typeof next === "object"
      ? shapes.reshape(this, first, next)
      : shapes.reshape(this, [first, ...(rest as readonly number[])]);
  },
  [Symbol.iterator]() {
    return rows(this, indexing.slice);
  },
  [Symbol.toPrimitive](hint: "number" | "string" | "default") {
    if (this instanceof Tracer) return tracerMisuse(this, hint);
    return hint === "number" || (hint === "default" && this.size === 1) ? item(this) : print(this);
  },
  [Symbol.for("nodejs.util.inspect.custom")]() {
    return inspect(this);
  },
};

/** Give all values their methods. */
export const installMethods = (): void => {
  const define = (name: string | symbol, value: unknown): void => {
    Object.defineProperty(Value.prototype, name, { value, writable: true, configurable: true });
  };
  for (const [name, f] of Object.entries(functions) as [string, (...args: unknown[]) => unknown][])
    define(name, function (this: Value, ...args: unknown[]) {
      return f(this, ...args);
    });
  for (const name of Reflect.ownKeys(own)) define(name, own[name]);
  Object.defineProperty(Value.prototype, "T", {
    get(this: Value) {
      return shapes.transpose(this);
    },
    configurable: true,
  });
};
