// A data set is a pytree of arrays whose first axes agree: row i of all of them is example i.
import { ArgumentError, ShapeError, TreeError } from "../numpy/errors.ts";
import type { NDArray } from "../numpy/index.ts";
import { np, tree } from "../numpy/index.ts";

/**
 * The number of examples: the common first extent of all arrays. Throws ShapeError if they differ, TreeError if there are none.
 * @example
 * data.rowCount({ x: np.zeros([3, 2]), y: np.zeros([3]) }) // => 3
 */
export const rowCount = (dataset: unknown): number => {
  const arrays = tree.leavesWithPath(dataset).map(([path, leaf]) => ({ path, shape: np.shape(leaf as NDArray) }));
  const [first] = arrays;
  if (first === undefined)
    throw new TreeError({ op: "rowCount", expected: "a data set with at least one array", got: "none" });
  const n = first.shape[0];
  const odd = arrays.find(({ shape }) => shape[0] === undefined || shape[0] !== n);
  if (n === undefined || odd !== undefined)
    throw new ShapeError({
      op: "rowCount",
      expected: n === undefined ? "arrays with at least one axis" : `arrays of ${n} rows`,
      got: `shape [${(odd ?? first).shape}]${(odd ?? first).path.length === 0 ? "" : ` at ${(odd ?? first).path.join(".")}`}`,
    });
  return n;
};

/**
 * The examples at `positions`, an integer array, in that order. Throws ShapeError if the first axes of the arrays differ.
 * @example
 * data.takeRows({ x: np.array([[1, 2], [3, 4], [5, 6]]), y: np.array([7, 8, 9]) }, np.array([2, 0], { dtype: "int32" }))
 * // => { x: [[5 6] [1 2]], y: [9 7] }
 */
export const takeRows = <T>(dataset: T, positions: NDArray): T => {
  rowCount(dataset);
  return tree.map((x: NDArray) => np.slice(x, positions), dataset) as T;
};

/** `value` if it is an integer from `lo` to `hi`; throws ArgumentError otherwise. */
export const demandCount = (op: string, what: string, value: number, lo: number, hi: number): number => {
  if (!Number.isInteger(value) || value < lo || value > hi)
    throw new ArgumentError({ op, expected: `${what}, an integer from ${lo} to ${hi}`, got: String(value) });
  return value;
};
