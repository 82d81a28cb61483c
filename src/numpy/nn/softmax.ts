// Functions of whole rows: softmax and its relatives, standardization. A mask says which elements count.
import { sizeOf } from "../../core/aval.ts";
import type { Value } from "../../core/value.ts";
import {
  abs,
  add,
  convertElementType,
  div,
  eq,
  exp,
  isFinite as isFiniteOf,
  log,
  mul,
  rsqrt,
  select,
  sign,
  square,
  sub,
} from "../../primitives/elementwise.ts";
import { stopGradient } from "../../primitives/identity.ts";
import { broadcast, full, sum } from "../../primitives/linear.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { reduceMax } from "../../primitives/reductions.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { type Axes, normalAxes } from "../axes.ts";
import { expandTo } from "../broadcasting.ts";
import { keep } from "../keeping.ts";
import { operand, real, truth } from "../kinds.ts";
import { program } from "../program.ts";
import { named } from "../named.ts";

/** Options of functions of rows. */
export interface MaskOptions {
  /** Elements that count, a mask that broadcasts to the operand; all if it is left out. */
  readonly where?: ArrayLike | null;
}
const maskOf = (op: string, where: ArrayLike | null | undefined): readonly Value[] =>
  where === null || where === undefined ? [] : [operand(truth, op, where)];

/** Axes of rows, ascending. */
type Rows = readonly number[];
/** `x` where the mask holds (everywhere without one), else a number. */
const masked = (op: string, x: Value, mask: Value | undefined, otherwise: number): Value =>
  mask === undefined ? x : select(expandTo(op, mask, x.shape), x, fullLike(x, otherwise));
/** The greatest element of each row. No tangent flows. */
const top = (x: Value, axes: Rows): Value => reduceMax(stopGradient(x), axes);
/** The greatest element of each row, 0 if that is infinite or NaN. No tangent flows. */
const finiteTop = (x: Value, axes: Rows): Value => {
  const greatest = top(x, axes);
  return select(isFiniteOf(greatest), greatest, fullLike(greatest, 0));
};
/** `x` less a number for each row. */
const less = (x: Value, shift: Value, axes: Rows): Value => sub(x, broadcast(shift, x.shape, axes));
/** `x` times a number for each row, the reciprocal of `sums`: a division for each row instead of one for each element. */
const shares = (x: Value, sums: Value, axes: Rows): Value =>
  mul(x, broadcast(div(fullLike(sums, 1), sums), x.shape, axes));

const drawSoftmax = program<Rows>("softmax", (axes, v, mask) => {
  const x = masked("softmax", v as Value, mask, -Infinity);
  if (mask === undefined) {
    const e = exp(less(x, top(x, axes), axes));
    return shares(e, sum(e, axes), axes);
  }
  const e = exp(less(x, finiteTop(x, axes), axes)),
    sums = sum(e, axes);
  return shares(e, select(eq(sums, fullLike(sums, 0)), fullLike(sums, 1), sums), axes); // nothing counts: a row of zeros
});
/**
 * `e^x / sum(e^x)` along an axis, or several (the last), without overflow. Elements that the mask leaves out give 0. A row with
 * +inf, or of -inf alone, is NaN. Throws ShapeError.
 * @example
 * nn.softmax([[1000, 1000], [0, -Infinity]]) // => [[0.5 0.5] [1 0]]
 * nn.softmax([1, 1, 7], -1, { where: [true, true, false] }) // => [0.5 0.5 0]
 */
export const softmax = named(
  "softmax",
  ["axis"],
  ["where"],
  (x: ArrayLike, axis: Axes = -1, { where }: MaskOptions = {}): NDArray => {
    const v = operand(real, "softmax", x);
    return drawSoftmax(normalAxes(axis, v.ndim, "softmax"), v, ...maskOf("softmax", where));
  },
);

const drawLogSoftmax = program<Rows>("logSoftmax", (axes, v, mask) => {
  const x = masked("logSoftmax", v as Value, mask, -Infinity);
  if (mask === undefined) {
    const shifted = less(x, top(x, axes), axes);
    return sub(shifted, broadcast(log(sum(exp(shifted), axes)), x.shape, axes));
  }
  const shifted = less(x, finiteTop(x, axes), axes),
    sums = sum(exp(shifted), axes);
  const logs = log(select(eq(sums, fullLike(sums, 0)), fullLike(sums, 1), sums));
  return masked("logSoftmax", sub(shifted, broadcast(logs, x.shape, axes)), mask, -Infinity);
});
/**
 * `x - log(sum(e^x))` along an axis, or several (the last), without overflow. Elements that the mask leaves out give -inf.
 * Throws ShapeError.
 * @example
 * nn.logSoftmax([1e4, 0]) // => [0 -10000]
 */
export const logSoftmax = named(
  "logSoftmax",
  ["axis"],
  ["where"],
  (x: ArrayLike, axis: Axes = -1, { where }: MaskOptions = {}): NDArray => {
    const v = operand(real, "logSoftmax", x);
    return drawLogSoftmax(normalAxes(axis, v.ndim, "logSoftmax"), v, ...maskOf("logSoftmax", where));
  },
);

/** Options of `logsumexp`. */
export interface LogSumExpOptions extends MaskOptions {
  /** A factor for each `e^x`, which may be negative or 0. */
  readonly b?: ArrayLike | null;
  /** Keep reduced axes with extent 1 (false). */
  readonly keepdims?: boolean;
  /** Give `[log |sum|, sign]` (false). */
  readonly returnSign?: boolean;
}
interface Sums {
  readonly axes: Rows;
  readonly keepdims: boolean;
  readonly weighted: boolean;
  readonly part: "log" | "absolute" | "sign";
}
const drawLogSum = program<Sums>("logsumexp", ({ axes, keepdims, weighted, part }, v, ...rest) => {
  const [b, mask] = weighted ? rest : [undefined, ...rest];
  let x = masked("logsumexp", v as Value, mask, -Infinity);
  const factors = b === undefined ? undefined : expandTo("logsumexp", b, x.shape);
  // What has no weight must not overflow either.
  if (factors !== undefined) x = select(eq(factors, fullLike(factors, 0)), fullLike(x, -Infinity), x);
  const shift = finiteTop(x, axes),
    e = exp(less(x, shift, axes));
  const signed = sum(factors === undefined ? e : mul(factors, e), axes);
  if (part === "sign") return keep(sign(signed), x.shape, axes, keepdims);
  const s = part === "absolute" ? abs(signed) : signed,
    none = eq(s, fullLike(s, 0));
  // log(0) by hand: its slope would be infinite.
  const logs = select(none, fullLike(s, -Infinity), log(select(none, fullLike(s, 1), s)));
  return keep(add(logs, shift), x.shape, axes, keepdims);
});
/** Both forms of `logsumexp`. */
export interface LogSumExp {
  (x: ArrayLike, axis: Axes, options: LogSumExpOptions & { readonly returnSign: true }): readonly [NDArray, NDArray];
  (
    x: ArrayLike,
    options: LogSumExpOptions & { readonly axis?: Axes; readonly returnSign: true },
  ): readonly [NDArray, NDArray];
  (x: ArrayLike, options: LogSumExpOptions & { readonly axis?: Axes }): NDArray;
  (x: ArrayLike, axis?: Axes, options?: LogSumExpOptions): NDArray;
}
/**
 * `log(sum(b e^x))` over axes (all), without overflow; `b` is 1 if it is left out. Nothing, and -inf alone, give -inf, with
 * gradient 0. With `returnSign`, the logarithm of the absolute value and the sign. Throws ShapeError.
 * @example
 * nn.logsumexp([1e4, -Infinity]) // => 10000
 * nn.logsumexp([0, 0], null, { b: [1, -3], returnSign: true }) // => [0.6931472, -1]
 */
export const logsumexp: LogSumExp = named(
  "logsumexp",
  ["axis"],
  ["b", "where", "keepdims", "returnSign"],
  (
    x: ArrayLike,
    axis: Axes = null,
    { b = null, where, keepdims = false, returnSign = false }: LogSumExpOptions = {},
  ) => {
    const v = operand(real, "logsumexp", x),
      axes = normalAxes(axis, v.ndim, "logsumexp"),
      weighted = b !== null;
    const rest = [...(weighted ? [asArray(b, "logsumexp", v.dtype)] : []), ...maskOf("logsumexp", where)];
    const part = (name: Sums["part"]): Value => drawLogSum({ axes, keepdims, weighted, part: name }, v, ...rest);
    return returnSign ? [part("absolute"), part("sign")] : part("log");
  },
) as unknown as LogSumExp;
/**
 * `log(mean(e^x))` over axes (all), without overflow. Throws ShapeError.
 * @example
 * nn.logmeanexp([5, 5, 5]) // => 5
 */
export const logmeanexp = named(
  "logmeanexp",
  ["axis"],
  ["where", "keepdims"],
  (
    x: ArrayLike,
    axis: Axes = null,
    { where, keepdims = false }: MaskOptions & { readonly keepdims?: boolean } = {},
  ): NDArray => {
    const v = operand(real, "logmeanexp", x),
      axes = normalAxes(axis, v.ndim, "logmeanexp");
    return drawLogMean(
      { axes, keepdims },
      logsumexp(v, axes, { where: where ?? null, keepdims }),
      v,
      ...maskOf("logmeanexp", where),
    );
  },
);
/** How many elements of each row count. */
const counts = (op: string, x: Value, mask: Value | undefined, axes: Rows): Value =>
  mask === undefined
    ? full(
        x.shape.filter((_, i) => !axes.includes(i)),
        sizeOf(axes.map((a) => x.shape[a] as number)),
        x.dtype,
      )
    : sum(convertElementType(expandTo(op, mask, x.shape), x.dtype), axes);
const drawLogMean = program<Pick<Sums, "axes" | "keepdims">>("logmeanexp", ({ axes, keepdims }, sums, v, mask) => {
  const x = v as Value;
  return sub(sums as Value, keep(log(counts("logmeanexp", x, mask, axes)), x.shape, axes, keepdims));
});

/** Options of `standardize`. */
export interface StandardizeOptions extends MaskOptions {
  /** The mean to use, not the operand's; it broadcasts to the operand. */
  readonly mean?: ArrayLike | null;
  /** The variance to use, not the operand's; it broadcasts to the operand. */
  readonly variance?: ArrayLike | null;
  /** What is added to the variance (1e-5). */
  readonly epsilon?: number;
}
interface Standard {
  readonly axes: Rows;
  readonly epsilon: number;
  readonly given: readonly ("mean" | "variance" | "where")[];
}
const drawStandard = program<Standard>("standardize", ({ axes, epsilon, given }, v, ...rest) => {
  const x = v as Value,
    part = (name: Standard["given"][number]): Value | undefined => rest[given.indexOf(name)];
  const mask = part("where"),
    along = (y: Value): Value => expandTo("standardize", y, x.shape);
  const average = (y: Value): Value =>
    broadcast(div(sum(masked("standardize", y, mask, 0), axes), counts("standardize", x, mask, axes)), x.shape, axes);
  const m = part("mean"),
    s = part("variance");
  const mean = m === undefined ? average(x) : along(m),
    variance = s === undefined ? sub(average(square(x)), square(mean)) : along(s);
  return mul(sub(x, mean), rsqrt(add(variance, fullLike(x, epsilon))));
});
/**
 * `(x - mean) / sqrt(variance + epsilon)` along an axis, or several (the last), with the variance `mean(x^2) - mean(x)^2`.
 * Throws ShapeError.
 * @example
 * nn.standardize([1, 3], -1, { epsilon: 0 }) // => [-1 1]
 */
export const standardize = named(
  "standardize",
  ["axis"],
  ["where", "mean", "variance", "epsilon"],
  (x: ArrayLike, axis: Axes = -1, { mean, variance, epsilon = 1e-5, where }: StandardizeOptions = {}): NDArray => {
    const v = operand(real, "standardize", x),
      rest: Value[] = [],
      given: Standard["given"][number][] = [];
    for (const [name, y] of [
      ["mean", mean],
      ["variance", variance],
      ["where", where],
    ] as const) {
      if (y === null || y === undefined) continue;
      given.push(name);
      rest.push(name === "where" ? operand(truth, "standardize", y) : asArray(y, "standardize", v.dtype));
    }
    return drawStandard({ axes: normalAxes(axis, v.ndim, "standardize"), epsilon, given }, v, ...rest);
  },
);
