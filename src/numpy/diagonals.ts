// Diagonals and triangles of matrices, by index arithmetic.
import { ShapeError } from "../core/errors.ts";
import type { DType } from "../core/dtype.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { broadcast, reshape, sum, transpose } from "../primitives/linear.ts";
import * as m from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { fromTyped } from "../runtime/array.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { orderedAxes } from "./axes.ts";
import { expandTo } from "./broadcasting.ts";
import { lastDiagonal } from "./contraction.ts";
import { counting, operand } from "./kinds.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

const vector = (op: string, data: readonly number[]): NDArray =>
  fromTyped("int32", [data.length], Int32Array.from(data), op);
/** x with two axes last. */
const matrices = (op: string, x: Value, axis1: number, axis2: number): Value => {
  if (x.ndim < 2) throw new ShapeError({ op, expected: "at least two axes", got: `shape [${x.shape}]` });
  const [a, b] = orderedAxes([axis1, axis2], x.ndim, op) as readonly [number, number];
  return transpose(x, [...x.shape.map((_, i) => i).filter((i) => i !== a && i !== b), a, b]);
};
/**
 * The elements `x[i, i + offset]` of two axes, as a new last axis.
 * @example
 * np.diagonal([[1, 2], [3, 4]]) // => [1 4]
 */
export const diagonal = named(
  "diagonal",
  ["offset", "axis1", "axis2"],
  [],
  (x: ArrayLike, offset: number = 0, axis1: number = 0, axis2: number = 1): NDArray =>
    lastDiagonal(matrices("diagonal", asArray(x, "diagonal"), axis1, axis2), offset),
);
/** Options of `trace`. */
export interface TraceOptions {
  readonly dtype?: DType;
}
/**
 * The sum of the diagonal of two axes.
 * @example
 * np.trace([[1, 2], [3, 4]]) // => 5
 */
export const trace = named(
  "trace",
  ["offset", "axis1", "axis2"],
  ["dtype"],
  (x: ArrayLike, offset: number = 0, axis1: number = 0, axis2: number = 1, { dtype }: TraceOptions = {}): NDArray => {
    const d = operand(
      counting,
      "trace",
      diagonal(dtype === undefined ? x : asArray(x, "trace", dtype), offset, axis1, axis2),
    );
    return sum(d, [d.ndim - 1]);
  },
);
/** A vector on the k-th diagonal of a square matrix. */
const spread = (v: Value, k: number): Value => {
  const n = v.size + Math.abs(given.integer("diag", "k", k)),
    shape = [n, n];
  // Row i holds element i (or i + k, below the main diagonal) in the column where the diagonal is.
  const padded = m.pad(v, asArray(0, "diag", v.dtype), [Math.max(-k, 0)], [Math.max(k, 0)]),
    rows = m.iota(shape, 0),
    on = p.eq(p.add(rows, fullLike(rows, k)), m.iota(shape, 1));
  const repeated = asColumn(padded, n);
  return p.select(on, repeated, fullLike(repeated, 0));
};
const asColumn = (v: Value, n: number): Value => broadcast(v, [v.size, n], [1]);
/**
 * The k-th diagonal of a matrix, or the matrix with a vector on its k-th diagonal.
 * @example
 * np.diag([[1, 2], [3, 4]]) // => [1 4]
 * np.diag([1, 2]) // => [[1 0] [0 2]]
 */
export const diag = named("diag", ["k"], [], (x: ArrayLike, k: number = 0): NDArray => {
  const v = asArray(x, "diag");
  if (v.ndim === 1) return spread(v, k);
  if (v.ndim === 2) return diagonal(v, k);
  throw new ShapeError({ op: "diag", expected: "a vector or a matrix", got: `shape [${v.shape}]` });
});
/**
 * The matrix with the elements of x, flattened, on its k-th diagonal.
 * @example
 * np.diagflat([1, 2], 1) // => [[0 1 0] [0 0 2] [0 0 0]]
 */
export const diagflat = named("diagflat", ["k"], [], (x: ArrayLike, k: number = 0): NDArray => {
  const v = asArray(x, "diagflat");
  return spread(reshape(v, [v.size]), k);
});
/**
 * A matrix like x with `value` on its diagonal.
 * @example
 * np.fillDiagonal([[1, 2], [3, 4]], 0) // => [[0 2] [3 0]]
 */
export const fillDiagonal = (x: ArrayLike, value: ArrayLike): NDArray => {
  const v = asArray(x, "fillDiagonal");
  if (v.ndim < 2 || (v.ndim > 2 && new Set(v.shape).size > 1))
    throw new ShapeError({
      op: "fillDiagonal",
      expected: "a matrix, or axes of one extent",
      got: `shape [${v.shape}]`,
    });
  const first = m.iota(v.shape, 0);
  const on = v.shape
    .slice(1)
    .map((_, i) => p.eq(first, m.iota(v.shape, i + 1)))
    .reduce(p.and);
  const c = asArray(value, "fillDiagonal", v.dtype);
  return p.select(on, expandTo("fillDiagonal", c, v.shape), v);
};
/**
 * The indices of the diagonal of an array of `ndim` axes of extent n: one vector per axis.
 * @example
 * np.diagIndices(2) // => [[0 1], [0 1]]
 */
export const diagIndices = named("diagIndices", ["ndim"], [], (n: number, ndim: number = 2): readonly NDArray[] =>
  Array.from({ length: given.integer("diagIndices", "ndim", ndim, 0) }, () =>
    m.iota(given.shape("diagIndices", [n]), 0),
  ),
);
/**
 * The indices of the diagonal of x, whose axes have one extent.
 * @example
 * np.diagIndicesFrom([[1, 2], [3, 4]]) // => [[0 1], [0 1]]
 */
export const diagIndicesFrom = (x: ArrayLike): readonly NDArray[] => {
  const v = asArray(x, "diagIndicesFrom");
  if (v.ndim < 2 || new Set(v.shape).size > 1)
    throw new ShapeError({
      op: "diagIndicesFrom",
      expected: "at least two axes of one extent",
      got: `shape [${v.shape}]`,
    });
  return diagIndices(v.shape[0] as number, v.ndim);
};
const triangle = (
  op: string,
  n: number,
  columns: number,
  keep: (i: number, j: number) => boolean,
): readonly NDArray[] => {
  given.shape(op, [n, columns]);
  const pairs = Array.from({ length: n }, (_, i) =>
    Array.from({ length: columns }, (__, j) => [i, j] as const).filter(([a, b]) => keep(a, b)),
  ).flat();
  return [
    vector(
      op,
      pairs.map(([i]) => i),
    ),
    vector(
      op,
      pairs.map(([, j]) => j),
    ),
  ];
};
/**
 * The indices of the lower triangle of n rows and m columns, up to the k-th diagonal: rows and columns.
 * @example
 * np.trilIndices(2) // => [[0 1 1], [0 0 1]]
 */
export const trilIndices = named(
  "trilIndices",
  ["k", "m"],
  [],
  (n: number, k: number = 0, columns: number = n): readonly NDArray[] =>
    triangle("trilIndices", n, columns, (i, j) => j <= i + k),
);
/**
 * The indices of the upper triangle of n rows and m columns, from the k-th diagonal on: rows and columns.
 * @example
 * np.triuIndices(2) // => [[0 0 1], [0 1 1]]
 */
export const triuIndices = named(
  "triuIndices",
  ["k", "m"],
  [],
  (n: number, k: number = 0, columns: number = n): readonly NDArray[] =>
    triangle("triuIndices", n, columns, (i, j) => j >= i + k),
);
const matrixShape = (op: string, x: ArrayLike): readonly [number, number] => {
  const { shape } = asArray(x, op);
  if (shape.length !== 2) throw new ShapeError({ op, expected: "a matrix", got: `shape [${shape}]` });
  return shape as unknown as readonly [number, number];
};
/**
 * The indices of the lower triangle of a matrix.
 * @example
 * np.trilIndicesFrom([[1, 2], [3, 4]]) // => [[0 1 1], [0 0 1]]
 */
export const trilIndicesFrom = named(
  "trilIndicesFrom",
  ["k"],
  [],
  (x: ArrayLike, k: number = 0): readonly NDArray[] => {
    const [n, columns] = matrixShape("trilIndicesFrom", x);
    return trilIndices(n, k, columns);
  },
);
/**
 * The indices of the upper triangle of a matrix.
 * @example
 * np.triuIndicesFrom([[1, 2], [3, 4]]) // => [[0 0 1], [0 1 1]]
 */
export const triuIndicesFrom = named(
  "triuIndicesFrom",
  ["k"],
  [],
  (x: ArrayLike, k: number = 0): readonly NDArray[] => {
    const [n, columns] = matrixShape("triuIndicesFrom", x);
    return triuIndices(n, k, columns);
  },
);
