// A tree of arrays as one vector, and back.
import { showAval, sizeOf } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { flatten, unflatten } from "../core/tree.ts";
import type { Value } from "../core/value.ts";
import { convertElementType } from "../primitives/elementwise.ts";
import { full, reshape } from "../primitives/linear.ts";
import { concatenate, sliceAxis } from "../primitives/movement.ts";
import type { Arrays } from "../transforms/types.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";

/**
 * `[flat, unravel]`: all leaves of a tree in one vector, in the dtype in which they meet, and the function that makes such a tree of a vector again, with
 * the dtypes that the leaves had. Both can be differentiated. `unravel` throws ShapeError for a vector of another length.
 * @example
 * const [flat, unravel] = ravelPytree({ b: np.array([[1, 2], [3, 4]]), a: 5 });
 * flat // => [5 1 2 3 4]
 * unravel(np.multiply(flat, 10)) // => { a: 50, b: [[10 20] [30 40]] }
 */
export const ravelPytree = <T>(tree: T): readonly [flat: NDArray, unravel: (flat: ArrayLike) => Arrays<T>] => {
  const op = "ravelPytree",
    [found, def] = flatten(tree, op),
    leaves = found.map((x) => asArray(x as ArrayLike, op));
  const vectors =
    leaves.length === 0 ? [full([0], 0, "float32")] : promote(op, ...leaves).map((x) => reshape(x, [sizeOf(x.shape)]));
  const flat = vectors.length === 1 ? (vectors[0] as Value) : concatenate(vectors, 0);
  const starts = leaves.map((_, i) => leaves.slice(0, i).reduce((n, x) => n + x.size, 0));
  const unravel = (given: ArrayLike): Arrays<T> => {
    const v = asArray(given, "unravel");
    if (v.ndim !== 1 || v.size !== flat.size)
      throw new ShapeError({ op: "unravel", expected: `a vector of ${flat.size} elements`, got: showAval(v.aval) });
    const parts = leaves.map((x: Value, i) => {
      const at = starts[i] as number;
      return settle(convertElementType(reshape(sliceAxis(v, 0, at, at + x.size), x.shape), x.dtype), op);
    });
    return unflatten(def, parts) as Arrays<T>;
  };
  return [settle(flat, op), unravel];
};
