// Points and directions for numerical derivatives: everything floating in float64, directions random but reproducible.
import { type NDArray, np, random, tree } from "../numpy/index.ts";

const isFloating = (x: NDArray): boolean => x.dtype === "float32" || x.dtype === "float64";
/** A tree of arguments whose floating leaves can be moved. */
export interface Point {
  /** The floating leaves in float64, in order. */
  readonly leaves: readonly NDArray[];
  /** Where they are, as key paths. */
  readonly paths: readonly (readonly (string | number)[])[];
  /** The arguments with other floating leaves. */
  readonly at: (leaves: readonly NDArray[]) => readonly unknown[];
  /** A tree like the arguments of something for each floating leaf, null elsewhere. */
  readonly spread: <T>(values: readonly T[]) => readonly unknown[];
}
/** The arguments, with floating leaves as float64. */
export const pointOf = (args: readonly unknown[]): Point => {
  const all = tree.leavesWithPath(args).map(([path, leaf]) => [path, np.asarray(leaf)] as const);
  const def = tree.structure(args);
  const moving = all.map(([, x]) => isFloating(x));
  const fill = (values: readonly unknown[], rest: (i: number) => unknown): readonly unknown[] => {
    let at = 0;
    return tree.unflatten<readonly unknown[]>(
      def,
      all.map((_, i) => (moving[i] === true ? values[at++] : rest(i))),
    );
  };
  const chosen = all.filter((_, i) => moving[i]);
  return {
    leaves: chosen.map(([, x]) => x.astype("float64")),
    paths: chosen.map(([path]) => path),
    at: (leaves) => fill(leaves, (i) => (all[i] as (typeof all)[number])[1]),
    spread: (values) => fill(values, () => null),
  };
};

/** Normal numbers like each of the arrays (null for what is not floating); the same ones for the same seed. */
export const directionsLike = (arrays: readonly NDArray[], seed: number): readonly (NDArray | null)[] =>
  arrays.map((x, i) =>
    isFloating(x) ? random.normal(random.foldIn(random.key(seed), i), x.shape, { dtype: x.dtype }) : null,
  );
/** The leaves of a tree in order, with null wherever it has null: derivatives have it for what has none. */
export const leavesAndNulls = (x: unknown): readonly (NDArray | null)[] =>
  tree.leaves(x, { isLeaf: (node) => node === null }) as readonly (NDArray | null)[];
/** `x + step v`. */
export const moved = (x: NDArray, step: number, v: NDArray): NDArray => np.add(x, np.multiply(v, step));
/** The elements in float64. */
export const doubles = (x: NDArray): Float64Array => Float64Array.from(np.asarray(x).dataSync());
/** `sum x y`, and `sum |x y|`, to which rounding errors are to be compared. */
export const inner = (x: Float64Array, y: Float64Array): readonly [sum: number, size: number] => {
  let [sum, size] = [0, 0];
  x.forEach((a, i) => {
    const term = a * (y[i] as number);
    sum += term;
    size += Math.abs(term);
  });
  return [sum, size];
};
