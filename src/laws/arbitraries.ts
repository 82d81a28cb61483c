// Arrays and pytrees for property tests. Numbers are multiples of 1/8: sums and products of a few are exact, and they shrink well.
import fc from "fast-check";
import { type NDArray, np } from "../numpy/index.ts";

/** A shape, or a way to draw one. */
type Shapes = readonly (readonly number[])[] | fc.Arbitrary<readonly number[]>;
/** Options of `arrays`. */
export interface ArraysOptions {
  /** The shape of all arrays. */
  readonly shape?: readonly number[];
  /** Shapes to choose from, or an arbitrary of shapes; by default up to 3 axes of extent 0, 1, 2, 3 or 5. */
  readonly shapes?: Shapes;
  /** float32 by default. Integers are multiples of 1, booleans 0 or 1. */
  readonly dtype?: "float32" | "float64" | "int32" | "uint32" | "bool";
  /** The least element; -2 by default, 0 for what has no sign. */
  readonly min?: number;
  /** The largest element; 2 by default. */
  readonly max?: number;
  /** Elements are multiples of `1 / grid`; 8 by default. */
  readonly grid?: number;
}
const anyShape = (): fc.Arbitrary<readonly number[]> => fc.array(fc.constantFrom(1, 2, 3, 5, 0), { maxLength: 3 });
const isArbitrary = (s: Shapes): s is fc.Arbitrary<readonly number[]> => s instanceof fc.Arbitrary;

/**
 * Arrays with elements on a grid. Counterexamples shrink to few elements near 0.
 * @example
 * const some = laws.arrays({ shape: [2, 3], dtype: "int32" });
 * some.constructor.name.length > 0 // => true
 */
export const arrays = ({
  shape,
  shapes,
  dtype = "float32",
  min = dtype === "uint32" || dtype === "bool" ? 0 : -2,
  max = dtype === "bool" ? 1 : 2,
  grid = 8,
}: ArraysOptions = {}): fc.Arbitrary<NDArray> => {
  const step = dtype === "float32" || dtype === "float64" ? grid : 1;
  const element = fc.integer({ min: Math.ceil(min * step), max: Math.floor(max * step) }).map((n) => n / step);
  const given = shape !== undefined ? [shape] : (shapes ?? anyShape());
  return (isArbitrary(given) ? given : fc.constantFrom(...given)).chain((s) => {
    const size = s.reduce((n, d) => n * d, 1);
    return fc
      .array(element, { minLength: size, maxLength: size })
      .map((xs) => np.reshape(np.array(xs, { dtype }), [...s]));
  });
};

/** Options of `trees`. */
export interface TreesOptions<T> {
  /** The leaves; arrays by default. */
  readonly leaf?: fc.Arbitrary<T>;
  /** The most levels of nesting; 2 by default. */
  readonly depth?: number;
  /** The most members of a list or object; 3 by default. */
  readonly width?: number;
}
/** A pytree with leaves of type T. */
export type TreeOf<T> = T | null | readonly TreeOf<T>[] | { readonly [key: string]: TreeOf<T> };
/**
 * Pytrees: lists and objects, nested, with leaves of one kind and here and there null. Counterexamples shrink to few leaves.
 * @example
 * laws.trees({ depth: 1 }).constructor.name.length > 0 // => true
 */
export const trees = <T = NDArray>({ leaf, depth = 2, width = 3 }: TreesOptions<T> = {}): fc.Arbitrary<TreeOf<T>> => {
  const leaves = (leaf ?? arrays({ shapes: [[], [2], [2, 3]] })) as fc.Arbitrary<TreeOf<T>>;
  if (depth === 0) return leaves;
  const below = trees<T>({ ...(leaf === undefined ? {} : { leaf }), depth: depth - 1, width });
  return fc.oneof(
    { weight: 3, arbitrary: leaves },
    { weight: 2, arbitrary: fc.dictionary(fc.constantFrom("w", "b", "a", "c"), below, { maxKeys: width }) },
    { weight: 2, arbitrary: fc.array(below, { maxLength: width }) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
};
