// Products of vectors and matrices, each a contraction with names for its axes.
import { showAval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import { convertElementType } from "../primitives/elementwise.ts";
import { reshape } from "../primitives/linear.ts";
import { type ArrayLike, type NDArray, promote } from "./array.ts";
import { normalAxis, orderedAxes } from "./axes.ts";
import { contract, type Labels } from "./contraction.ts";
import { named } from "./named.ts";

/** What the products of this file can be told. */
export interface DotOptions {
  /** The dtype to compute in and to return; default the common one of the operands. */
  readonly preferredElementType?: DType;
}
const operands = (op: string, x: ArrayLike, y: ArrayLike, options: DotOptions): readonly [Value, Value] => {
  const dtype = options.preferredElementType,
    both = promote(op, x, y);
  return (dtype === undefined ? both : both.map((v) => convertElementType(v, dtype))) as readonly Value[] as [
    Value,
    Value,
  ];
};
/** `n` names of axes, the last one 0, so that equal names are aligned at the end. */
const batchLabels = (n: number): Labels => Array.from({ length: n }, (_, i) => `batch${n - 1 - i}`);
const names = (prefix: string, n: number): readonly string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
const longer = (a: Labels, b: Labels): Labels => (a.length >= b.length ? a : b);

const checkInner = (op: string, x: Value, y: Value, a: number, b: number): void => {
  if (x.shape[a] !== y.shape[b])
    throw new ShapeError({
      op,
      expected: `equal extents of axis ${a} of the left and axis ${b} of the right`,
      got: `${x.shape[a]} and ${y.shape[b]} in ${showAval(x.aval)} and ${showAval(y.aval)}`,
      remedy: "transpose one of them (x.T), or name the axes with np.einsum",
    });
};
const checkRank = (op: string, x: Value, rank: number, which: string): void => {
  if (x.ndim < rank)
    throw new ShapeError({
      op,
      expected: `at least ${rank} ax${rank === 1 ? "is" : "es"} on the ${which}`,
      got: showAval(x.aval),
      remedy: "scalars are multiplied with np.multiply",
    });
};
/** A product over the last axes `x[..., left] y[..., right]`, all axes before them broadcast. */
const product =
  (op: string, left: Labels, right: Labels, out: Labels) =>
  (a: Value, b: Value): NDArray => {
    checkRank(op, a, left.length, "left");
    checkRank(op, b, right.length, "right");
    const p = batchLabels(a.ndim - left.length),
      q = batchLabels(b.ndim - right.length);
    checkInner(op, a, b, a.ndim - left.length + left.indexOf("k"), b.ndim - right.length + right.indexOf("k"));
    const terms = [
      { value: a, labels: [...p, ...left] },
      { value: b, labels: [...q, ...right] },
    ];
    return settle(contract(op, terms, [...longer(p, q), ...out]), op);
  };

const matrices = product("matmul", ["m", "k"], ["k", "n"], ["m", "n"]);
const matrixVector = product("matmul", ["m", "k"], ["k"], ["m"]);
const vectorMatrix = product("matmul", ["k"], ["k", "n"], ["n"]);
const vectors = product("matmul", ["k"], ["k"], []);
/**
 * The matrix product `out[..., m, n] = sum_k x[..., m, k] y[..., k, n]`; leading axes broadcast. A vector on the left is a row,
 * on the right a column, and its axis is dropped. Throws ShapeError for scalars and extents that do not fit.
 * @example
 * matmul([[1, 2], [3, 4]], [[5, 6], [7, 8]]) // => [[19 22] [43 50]]
 * matmul([[1, 2], [3, 4]], [1, 1]) // => [3 7]
 */
export const matmul = named(
  "matmul",
  [],
  ["preferredElementType"],
  (x: ArrayLike, y: ArrayLike, options: DotOptions = {}): NDArray => {
    const [a, b] = operands("matmul", x, y, options);
    const form = a.ndim === 1 ? (b.ndim === 1 ? vectors : vectorMatrix) : b.ndim === 1 ? matrixVector : matrices;
    return form(a, b);
  },
);

const matvecs = product("matvec", ["m", "k"], ["k"], ["m"]);
/**
 * Matrices times vectors, `out[..., m] = sum_k x[..., m, k] v[..., k]`; leading axes broadcast. Throws ShapeError.
 * @example
 * matvec([[1, 2], [3, 4]], [[1, 0], [0, 1]]) // => [[1 3] [2 4]]
 */
export const matvec = (x: ArrayLike, v: ArrayLike): NDArray => matvecs(...operands("matvec", x, v, {}));
const vecmats = product("vecmat", ["k"], ["k", "n"], ["n"]);
/**
 * Vectors times matrices, `out[..., n] = sum_k v[..., k] x[..., k, n]`; leading axes broadcast. Throws ShapeError.
 * @example
 * vecmat([1, 1], [[1, 2], [3, 4]]) // => [4 6]
 */
export const vecmat = (v: ArrayLike, x: ArrayLike): NDArray => vecmats(...operands("vecmat", v, x, {}));

/**
 * Dot products along one axis, `out[...] = sum_k x[..., k] y[..., k]`; the other axes broadcast. Throws ShapeError.
 * @example
 * vecdot([[1, 2], [3, 4]], [1, 10]) // => [21 43]
 */
export const vecdot = named(
  "vecdot",
  [],
  ["preferredElementType", "axis"],
  (x: ArrayLike, y: ArrayLike, options: DotOptions & { readonly axis?: number } = {}): NDArray => {
    const op = "vecdot",
      [a, b] = operands(op, x, y, options);
    checkRank(op, a, 1, "left");
    checkRank(op, b, 1, "right");
    const place = (v: Value, labels: Labels): Labels => {
      const axis = normalAxis(options.axis ?? -1, v.ndim, op);
      return [...labels.slice(0, axis), "k", ...labels.slice(axis)];
    };
    const p = batchLabels(a.ndim - 1),
      q = batchLabels(b.ndim - 1),
      left = place(a, p),
      right = place(b, q);
    checkInner(op, a, b, left.indexOf("k"), right.indexOf("k"));
    const terms = [
      { value: a, labels: left },
      { value: b, labels: right },
    ];
    return settle(contract(op, terms, longer(p, q)), op);
  },
);

/** The sum over pairs of axes; the result has the other axes of `a`, then those of `b`. */
const over = (op: string, a: Value, b: Value, axes: readonly number[], others: readonly number[]): NDArray => {
  axes.forEach((d, i) => {
    checkInner(op, a, b, d, others[i] as number);
  });
  const left = names("x", a.ndim),
    right = names("y", b.ndim).map((l, d) => left[axes[others.indexOf(d)] ?? -1] ?? l);
  const out = [...left.filter((_, d) => !axes.includes(d)), ...right.filter((_, d) => !others.includes(d))];
  const terms = [
    { value: a, labels: left },
    { value: b, labels: right },
  ];
  return settle(contract(op, terms, out), op);
};
/**
 * NumPy's dot: the sum over the last axis of `x` and the second to last of `y` (its only one if it is a vector); a scalar multiplies.
 * Throws ShapeError.
 * @example
 * dot([1, 2, 3], [4, 5, 6]) // => 32
 * dot([[1, 2]], [[3], [4]]) // => [[11]]
 */
export const dot = named(
  "dot",
  [],
  ["preferredElementType"],
  (x: ArrayLike, y: ArrayLike, options: DotOptions = {}): NDArray => {
    const [a, b] = operands("dot", x, y, options);
    return a.ndim === 0 || b.ndim === 0
      ? over("dot", a, b, [], [])
      : over("dot", a, b, [a.ndim - 1], [Math.max(0, b.ndim - 2)]);
  },
);
/**
 * The sum over the last axes of both, `out[i..., j...] = sum_k x[i..., k] y[j..., k]`; a scalar multiplies. Throws ShapeError.
 * @example
 * inner([[1, 2], [3, 4]], [1, 1]) // => [3 7]
 */
export const inner = named(
  "inner",
  [],
  ["preferredElementType"],
  (x: ArrayLike, y: ArrayLike, options: DotOptions = {}): NDArray => {
    const [a, b] = operands("inner", x, y, options);
    return a.ndim === 0 || b.ndim === 0 ? over("inner", a, b, [], []) : over("inner", a, b, [a.ndim - 1], [b.ndim - 1]);
  },
);
const flat = (v: Value): Value => reshape(v, [v.size]);
/**
 * The dot product of two arrays as flat vectors. Throws ShapeError if their sizes differ.
 * @example
 * vdot([[1, 2], [3, 4]], [[1, 1], [1, 1]]) // => 10
 */
export const vdot = named(
  "vdot",
  [],
  ["preferredElementType"],
  (x: ArrayLike, y: ArrayLike, options: DotOptions = {}): NDArray => {
    const [a, b] = operands("vdot", x, y, options);
    return over("vdot", flat(a), flat(b), [0], [0]);
  },
);
/**
 * All products of two flat vectors, `out[i, j] = x[i] y[j]`.
 * @example
 * outer([1, 2], [3, 4]) // => [[3 4] [6 8]]
 */
export const outer = (x: ArrayLike, y: ArrayLike): NDArray => {
  const [a, b] = operands("outer", x, y, {});
  return over("outer", flat(a), flat(b), [], []);
};

/**
 * The sum over several axes: the last `axes` of `x` with the first of `y` (default 2), or lists of axes in pairs. The result has the
 * other axes of `x`, then those of `y`. Throws ShapeError, and ArgumentError for lists of different lengths.
 * @example
 * tensordot([[1, 2], [3, 4]], [[1, 1], [1, 1]]) // => 10
 * tensordot([[1, 2], [3, 4]], [1, 10], [[0], [0]]) // => [31 42]
 */
export const tensordot = named(
  "tensordot",
  ["axes"],
  ["preferredElementType"],
  (
    x: ArrayLike,
    y: ArrayLike,
    axes: number | readonly [number | readonly number[], number | readonly number[]] = 2,
    options: DotOptions = {},
  ): NDArray => {
    const op = "tensordot",
      [a, b] = operands(op, x, y, options);
    if (typeof axes === "number") {
      if (!Number.isInteger(axes) || axes < 0 || axes > Math.min(a.ndim, b.ndim))
        throw new ShapeError({
          op,
          expected: `from 0 to ${Math.min(a.ndim, b.ndim)} axes of ${showAval(a.aval)} and ${showAval(b.aval)}`,
          got: String(axes),
        });
      const first = Array.from({ length: axes }, (_, i) => i);
      return over(
        op,
        a,
        b,
        first.map((i) => a.ndim - axes + i),
        first,
      );
    }
    const list = (v: number | readonly number[]): readonly number[] => (typeof v === "number" ? [v] : v);
    const [p, q] = [orderedAxes(list(axes[0]), a.ndim, op), orderedAxes(list(axes[1]), b.ndim, op)];
    if (p.length !== q.length)
      throw new ArgumentError({ op, expected: "two lists of axes of equal length", got: `[${p}] and [${q}]` });
    return over(op, a, b, p, q);
  },
);

/**
 * The Kronecker product, `out[i p + k, ...] = x[i, ...] y[k, ...]` with p the extent of y; a missing axis has extent 1.
 * @example
 * kron([1, 10], [1, 2, 3]) // => [1 2 3 10 20 30]
 */
export const kron = (x: ArrayLike, y: ArrayLike): NDArray => {
  const op = "kron",
    [a, b] = operands(op, x, y, {}),
    rank = Math.max(a.ndim, b.ndim);
  const full = (v: Value): Value => reshape(v, [...new Array<number>(rank - v.ndim).fill(1), ...v.shape]);
  const [p, q] = [full(a), full(b)],
    left = names("x", rank),
    right = names("y", rank);
  // The axes of both are distinct, so none of extent 1 is dropped.
  const terms = [
    { value: p, labels: left },
    { value: q, labels: right },
  ];
  const pairs = contract(
    op,
    terms,
    left.flatMap((l, d) => [l, right[d] as string]),
  );
  return settle(
    reshape(
      pairs,
      p.shape.map((n, d) => n * (q.shape[d] as number)),
    ),
    op,
  );
};
