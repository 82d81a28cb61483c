// Arithmetic on whole pytrees, leaf by leaf. Trees are matched by key; null holds no leaves.
import { type ArrayLike, np, type NDArray, tree } from "../numpy/index.ts";
import type { EmptyState, GradientTransformation, Scalar, Tree } from "./types.ts";

/** Leaves of `trees` at one place become the leaf there. */
export const mapLeaves = <P>(f: (...leaves: NDArray[]) => NDArray, first: P, ...rest: readonly Tree[]): P =>
  tree.map(f, first, ...rest);
/** Leaves of `trees` at one place become several leaves there, each in a tree of its own. */
export const mapSeveral = <P>(
  count: number,
  f: (...leaves: NDArray[]) => readonly NDArray[],
  first: P,
  ...rest: readonly Tree[]
): readonly P[] => {
  const made: (readonly NDArray[])[] = [];
  tree.map(
    (...leaves: NDArray[]) => {
      made.push(f(...leaves));
      return null;
    },
    first,
    ...rest,
  );
  const def = tree.structure(first);
  return Array.from({ length: count }, (_, k) =>
    tree.unflatten<P>(
      def,
      made.map((results) => results[k]),
    ),
  );
};
/** The leaves in order. */
export const leavesOf = (x: Tree): readonly NDArray[] => tree.leaves(x);

/** Zeros like the leaves. */
export const zerosLike = <P>(x: P): P => mapLeaves((v) => np.zerosLike(v), x);
/** `value` at every element of every leaf. */
export const fullLike = <P>(x: P, value: Scalar): P => mapLeaves((v) => np.fullLike(v, value), x);
/** `factor` times every leaf. */
export const times = <P>(factor: Scalar, x: P): P => mapLeaves((v) => np.multiply(v, factor), x);
/** Leaves of `yes` where the scalar condition holds, else those of `no`. */
export const choose = <P>(condition: ArrayLike, yes: P, no: P): P =>
  mapLeaves((a, b) => np.where(condition, a, b), yes, no);

/** `1 - x`, a plain number if `x` is one. */
export const oneMinus = (x: Scalar): Scalar => (typeof x === "number" ? 1 - x : np.subtract(1, x));
/** The step count zero. */
export const noSteps = (): NDArray => np.zeros([], { dtype: "int32" });
/** The next step count; stays at the largest int32. */
export const nextStep = (count: NDArray): NDArray =>
  np.where(np.less(count, 2 ** 31 - 1), np.add(count, 1), 2 ** 31 - 1);

/** `sqrt(sum x^2)`; where that is below `least`, `least` without a slope. */
export const safeNorm = (x: NDArray, least: Scalar): NDArray => floored(np.sum(np.square(x)), least);
/** `sqrt(mean x^2)`; where that is below `least`, `least` without a slope. */
export const safeRms = (x: NDArray, least: Scalar): NDArray => floored(np.mean(np.square(x)), least);
const floored = (squared: NDArray, least: Scalar): NDArray => {
  const small = np.lessEqual(squared, np.square(least));
  return np.where(small, least, np.sqrt(np.where(small, 1, squared)));
};

/** `g / sqrt(s + eps)`, 0 where `s` is not positive. */
export const overRoot = (g: NDArray, s: NDArray, eps: Scalar): NDArray => {
  const some = np.greater(s, 0);
  return np.where(some, np.divide(g, np.sqrt(np.add(np.where(some, s, 1), eps))), 0);
};

/** A transformation that remembers nothing. */
export const stateless = (apply: <P>(updates: P, params: P | undefined) => P): GradientTransformation<EmptyState> => ({
  init: () => ({}),
  update: (updates, state, params) => [apply(updates, params), state],
});
