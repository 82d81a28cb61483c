// Limits on the size of updates, and the norms they look at.
import { np, type NDArray } from "../numpy/index.ts";
import { leavesOf, mapLeaves, stateless } from "./leaves.ts";
import type { EmptyState, GradientTransformation, Scalar, Tree } from "./types.ts";

/**
 * The Euclidean norm of all leaves together, `sqrt(sum x^2)`; 0 for a tree without leaves.
 * @example
 * optim.globalNorm({ a: np.array([3]), b: [np.array([4])] }) // => 5
 */
export const globalNorm = (updates: Tree): NDArray =>
  np.sqrt(
    leavesOf(updates)
      .map((x) => np.sum(np.square(x)))
      .reduce((a, b) => np.add(a, b), np.zeros([])),
  );

/**
 * Every element limited to `[-maxDelta, maxDelta]`.
 * @example
 * optim.clip(1).update(np.array([-3, 0.5]), {})[0] // => [-1 0.5]
 */
export const clip = (maxDelta: Scalar): GradientTransformation<EmptyState> =>
  stateless((updates) =>
    mapLeaves((g) => np.clip(g, typeof maxDelta === "number" ? -maxDelta : np.negative(maxDelta), maxDelta), updates),
  );

/**
 * All leaves shrunk by one factor, so that their global norm is at most `maxNorm` (Pascanu et al. 2013, arXiv:1211.5063).
 * @example
 * optim.clipByGlobalNorm(1).update({ a: np.array([3]), b: np.array([4]) }, {})[0] // => { a: [0.6], b: [0.8] }
 */
export const clipByGlobalNorm = (maxNorm: Scalar): GradientTransformation<EmptyState> =>
  stateless((updates) => {
    const norm = globalNorm(updates),
      small = np.less(norm, maxNorm);
    return mapLeaves((g) => np.where(small, g, np.multiply(np.divide(g, norm.astype(g.dtype)), maxNorm)), updates);
  });

/**
 * Each leaf shrunk so that its root mean square is at most `threshold`.
 * @example
 * optim.clipByBlockRms(1).update([np.array([2, 2]), np.array([0.5])], {})[0] // => [[1 1], [0.5]]
 */
export const clipByBlockRms = (threshold: Scalar): GradientTransformation<EmptyState> =>
  stateless((updates) =>
    mapLeaves((g) => {
      const rms = np.sqrt(np.mean(np.square(g)));
      return np.divide(g, np.maximum(1, np.divide(rms, threshold)));
    }, updates),
  );
