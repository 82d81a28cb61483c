// What is done with updates: parameters move.
import { np } from "../numpy/index.ts";
import { average } from "./moments.ts";
import { mapLeaves, oneMinus } from "./leaves.ts";
import type { Scalar } from "./types.ts";

/**
 * `params + updates`, leaf by leaf, in the dtypes of the parameters.
 * @example
 * optim.applyUpdates({ w: np.array([1, 2]) }, { w: np.array([0.5, -1]) }) // => { w: [1.5 1] }
 */
export const applyUpdates = <P>(params: P, updates: P): P =>
  mapLeaves((p, u) => np.add(p, u).astype(p.dtype), params, updates);

/**
 * Averaged parameters: `stepSize new + (1 - stepSize) old`, leaf by leaf.
 * @example
 * optim.incrementalUpdate({ w: np.array([4]) }, { w: np.array([0]) }, 0.25) // => { w: [1] }
 */
export const incrementalUpdate = <P>(newTree: P, oldTree: P, stepSize: Scalar): P =>
  mapLeaves((fresh, old) => average(fresh, old, oneMinus(stepSize)), newTree, oldTree);
