// Second moments that take little memory: one number for each row and column instead of one for each element.
import { np, type NDArray } from "../numpy/index.ts";
import { mapLeaves, mapSeveral, nextStep, noSteps, oneMinus, overRoot, zerosLike } from "./leaves.ts";
import { firstMoment } from "./moments.ts";
import type { GradientTransformation, Scalar, Tree } from "./types.ts";

/** For each leaf the largest second moments along each axis, and momentum. */
export interface Sm3State {
  readonly mu: Tree;
  readonly nu: Tree;
}
/**
 * SM3: `g / sqrt(v + eps)`, where `v` is `g^2` plus the least of one accumulator for each axis, then averaged with `b1`
 * (Anil et al. 2019, arXiv:1901.11150).
 * @example
 * const t = optim.scaleBySm3({ b1: 0.5, eps: 0 });
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [0.5 -0.5]
 */
export const scaleBySm3 = ({
  b1 = 0.9,
  b2 = 1,
  eps = 1e-8,
}: {
  readonly b1?: Scalar;
  readonly b2?: number;
  readonly eps?: Scalar;
} = {}): GradientTransformation<Sm3State> => {
  // Accumulators of a leaf lie in one vector, one axis after the other, so that they are a tree like the parameters.
  const read = (mu: NDArray, shape: readonly number[]): readonly NDArray[] => {
    let at = 0;
    return shape.map((d, i) => {
      at += d;
      return np.reshape(
        mu.slice([at - d, at]),
        shape.map((_, j) => (i === j ? d : 1)),
      );
    });
  };
  const perAxis = (accumulated: NDArray): NDArray =>
    accumulated.ndim === 0
      ? np.reshape(accumulated, [1])
      : np.concatenate(
          accumulated.shape.map((_, i) =>
            np.max(
              accumulated,
              accumulated.shape.map((_, j) => j).filter((j) => j !== i),
            ),
          ),
        );
  const length = (p: NDArray): number => (p.ndim === 0 ? 1 : p.shape.reduce((a, b) => a + b, 0));
  return {
    init: (params) => ({
      mu: mapLeaves((p) => np.zeros([length(p)], { dtype: p.dtype }), params),
      nu: zerosLike(params),
    }),
    update: <P>(updates: P, state: Sm3State) => {
      const [accumulated, scaled] = mapSeveral(
        2,
        (g, mu) => {
          const covers = g.ndim === 0 ? [np.reshape(mu, [])] : read(mu, g.shape);
          const least = covers.reduce((a, b) => np.minimum(a, b));
          const fresh = np.multiply(np.square(g), b2 === 1 ? 1 : 1 - b2);
          const v = np.add(fresh, np.multiply(least, b2));
          return [perAxis(v), overRoot(g, v, eps)];
        },
        updates,
        state.mu,
      ) as readonly [P, P];
      const nu = firstMoment(scaled, state.nu, b1);
      return [nu, { mu: accumulated, nu }];
    },
  };
};

/** Options of second moments in factors. */
export interface FactoredOptions {
  /** Whether to keep rows and columns only. */
  readonly factored?: boolean;
  /** The decay at step t is `1 - t^-decayRate`. */
  readonly decayRate?: number;
  /** Steps not to count. */
  readonly stepOffset?: number;
  /** Leaves with two axes at least this long are factored. */
  readonly minDimSizeToFactor?: number;
  /** Added to the squares. */
  readonly epsilon?: Scalar;
}
/** Steps taken, and second moments: of rows and columns, or of all elements; those that are not used are `[0]`. */
export interface FactoredState {
  readonly count: NDArray;
  readonly vRow: Tree;
  readonly vCol: Tree;
  readonly v: Tree;
}
/** The two longest axes, the second longest first, or null if a leaf of this shape is not factored. */
const factoredAxes = (shape: readonly number[], factored: boolean, least: number): readonly [number, number] | null => {
  if (!factored || shape.length < 2) return null;
  const [long, longest] = shape
    .map((_, i) => i)
    .sort((a, b) => (shape[a] as number) - (shape[b] as number))
    .slice(-2) as [number, number];
  return (shape[long] as number) < least ? null : [long, longest];
};
/**
 * `g` over the root of its second moment, which for large matrices is the product of the means of rows and columns
 * (Shazeer and Stern 2018, arXiv:1804.04235).
 * @example
 * const t = optim.scaleByFactoredRms();
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [1 -1]
 */
export const scaleByFactoredRms = ({
  factored = true,
  decayRate = 0.8,
  stepOffset = 0,
  minDimSizeToFactor = 128,
  epsilon = 1e-30,
}: FactoredOptions = {}): GradientTransformation<FactoredState> => {
  const axesOf = (x: NDArray): readonly [number, number] | null => factoredAxes(x.shape, factored, minDimSizeToFactor);
  const without = (x: NDArray, axis: number): NDArray =>
    np.zeros(
      x.shape.filter((_, i) => i !== axis),
      { dtype: x.dtype },
    );
  const unused = (x: NDArray): NDArray => np.zeros([1], { dtype: x.dtype });
  return {
    init: (params) => ({
      count: noSteps(),
      vRow: mapLeaves((p) => (axesOf(p) === null ? unused(p) : without(p, axesOf(p)?.[1] as number)), params),
      vCol: mapLeaves((p) => (axesOf(p) === null ? unused(p) : without(p, axesOf(p)?.[0] as number)), params),
      v: mapLeaves((p) => (axesOf(p) === null ? np.zerosLike(p) : unused(p)), params),
    }),
    update: <P>(updates: P, state: FactoredState) => {
      const [out, vRow, vCol, v] = mapSeveral(
        4,
        (g, rows, columns, all) => {
          const t = np.add(np.subtract(state.count, stepOffset), 1).astype(g.dtype);
          const fresh = np.power(t, -decayRate),
            old = oneMinus(fresh);
          const square = np.add(np.square(g), epsilon),
            axes = axesOf(g);
          const mix = (before: NDArray, now: NDArray): NDArray =>
            np.add(np.multiply(before, old), np.multiply(now, fresh));
          if (axes === null) {
            const next = mix(all, square);
            return [np.divide(g, np.sqrt(next)), rows, columns, next];
          }
          const [d1, d0] = axes;
          const nextRows = mix(rows, np.mean(square, d0)),
            nextColumns = mix(columns, np.mean(square, d1));
          const mean = np.mean(nextRows, d1 > d0 ? d1 - 1 : d1, { keepdims: true });
          const rowRoot = np.expandDims(np.sqrt(np.divide(nextRows, mean)), d0),
            columnRoot = np.expandDims(np.sqrt(nextColumns), d1);
          return [np.divide(np.divide(g, rowRoot), columnRoot), nextRows, nextColumns, all];
        },
        updates,
        state.vRow,
        state.vCol,
        state.v,
      ) as readonly [P, P, P, P];
      return [out, { count: nextStep(state.count), vRow, vCol, v }];
    },
  };
};
