// Laws for users' functions, as properties of fast-check: `fc.assert(gradientProperty(f, [arrays()]))`.
import fc from "fast-check";
import { np, tree } from "../numpy/index.ts";
import { jit, vmap } from "../numpy/transforms.ts";
import { agree, LawError, type Tolerance } from "./agreement.ts";
import { type CheckGradsOptions, checkGrads } from "./checkGrads.ts";
import { directionsLike, doubles, inner, leavesAndNulls, pointOf } from "./directions.ts";
import { type Callable, jvp, vjp } from "./modes.ts";

/** One arbitrary for each argument of a function. */
export type Arbitraries<A extends readonly unknown[]> = { readonly [K in keyof A]: fc.Arbitrary<A[K]> };
/** A property that fast-check can run: `fc.assert(property)`. */
export type Property<A extends readonly unknown[]> = fc.IPropertyWithHooks<A>;

const property = <A extends readonly unknown[]>(arbitraries: Arbitraries<A>, check: (args: A) => void): Property<A> =>
  fc.property(fc.tuple(...(arbitraries as readonly fc.Arbitrary<unknown>[])), (args) => {
    check(args as unknown as A);
  }) as unknown as Property<A>;

/** Options of properties that compare results. */
export interface AgreementOptions {
  /** Absolute tolerance; 1e-5 for float32, 1e-12 for float64 by default. */
  readonly atol?: number;
  /** Relative tolerance; 1e-5 for float32, 1e-12 for float64 by default. */
  readonly rtol?: number;
}
const exact: Tolerance = { atol: 0, rtol: 0 };
const tolerances =
  ({ atol, rtol }: AgreementOptions) =>
  (dtype: string): Tolerance => {
    const usual = dtype === "float64" ? 1e-12 : 1e-5;
    return dtype.startsWith("float") ? { atol: atol ?? usual, rtol: rtol ?? usual } : exact;
  };

/**
 * The derivatives of `f` are right at all arguments: `checkGrads` holds. Keep arguments away from kinks by the arbitraries.
 * @example
 * const f = (x: NDArray) => np.sum(np.multiply(x, x));
 * laws.gradientProperty(f, [laws.arrays({ shape: [2] })]).isAsync() // => false
 */
export const gradientProperty = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  arbitraries: Arbitraries<A>,
  options: CheckGradsOptions = {},
): Property<A> =>
  property(arbitraries, (args) => {
    checkGrads(f as never, args, options);
  });

/** `sum x y` over two trees of one structure, and `sum |x y|`; null counts nothing. */
const product = (xs: unknown, ys: unknown): readonly [sum: number, size: number] => {
  const others = leavesAndNulls(ys);
  return leavesAndNulls(xs).reduce<readonly [number, number]>(
    ([sum, size], x, i) => {
      const y = others[i];
      if (x === null || y === null || y === undefined) return [sum, size];
      const [s, n] = inner(doubles(x), doubles(y));
      return [sum + s, size + n];
    },
    [0, 0],
  );
};
/**
 * Forward and reverse mode agree: `<ct, J v> = <J^T ct, v>` for random `v` and `ct`, in float64.
 * @example
 * laws.adjointProperty((x: NDArray) => np.cumsum(x), [laws.arrays({ shape: [3] })]).isAsync() // => false
 */
export const adjointProperty = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  arbitraries: Arbitraries<A>,
  { atol = 1e-9, rtol = 1e-9 }: AgreementOptions = {},
): Property<A> =>
  property(arbitraries, (args) => {
    const g = f as unknown as Callable;
    const point = pointOf(args),
      primals = point.at(point.leaves);
    const v = directionsLike(point.leaves, 1);
    const [out, pushed] = jvp(g, primals, point.spread(v));
    const ct = directionsLike(
      tree.leaves(out).map((y) => np.asarray(y)),
      2,
    );
    const cotangent = tree.unflatten(tree.structure(out), ct),
      [, pull] = vjp(g, primals);
    const [forward, size] = product(pushed, cotangent),
      [backward] = product(pull(cotangent), point.spread(v));
    if (!(Math.abs(forward - backward) <= atol + rtol * size))
      throw new LawError({
        op: "adjointProperty",
        expected: `<ct, J v> = ${forward} (jvp)`,
        got: `<J^T ct, v> = ${backward} (vjp)`,
      });
  });

/** Options of `vmapProperty`. */
export interface VmapPropertyOptions extends AgreementOptions {
  /** For each argument whether it is mapped along axis 0 or the same for all (null); all are mapped by default. */
  readonly inAxes?: readonly (0 | null)[];
}
/**
 * `vmap(f)` is `f` of each example: the arbitraries give batches, with examples along axis 0.
 * @example
 * laws.vmapProperty((x: NDArray) => np.sum(x), [laws.arrays({ shape: [3, 2] })]).isAsync() // => false
 */
export const vmapProperty = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  arbitraries: Arbitraries<A>,
  { inAxes, ...options }: VmapPropertyOptions = {},
): Property<A> =>
  property(arbitraries, (args) => {
    const axes = args.map((_, i) => (inAxes === undefined ? 0 : (inAxes[i] ?? null)));
    const g = f as unknown as Callable;
    const [first] = args.filter((_, i) => axes[i] === 0).flatMap((x) => tree.leaves(x));
    const count = first?.shape[0] ?? 0;
    const example = (i: number): readonly unknown[] =>
      args.map((x, k) => (axes[k] === 0 ? tree.map((leaf) => leaf.slice(i), x) : x));
    const mapped = (vmap as unknown as (h: Callable, a: unknown) => Callable)(g, axes)(...args);
    for (let i = 0; i < count; i++)
      agree(
        { op: "vmapProperty", root: `result[${i}]`, expected: "f of the example", got: "vmap(f) of the batch" },
        g(...example(i)),
        tree.map((leaf) => leaf.slice(i), mapped),
        tolerances(options),
      );
  });

/**
 * `jit(f)` is `f`, also when it is called again.
 * @example
 * laws.jitProperty((x: NDArray) => np.sum(x), [laws.arrays({ shape: [3] })]).isAsync() // => false
 */
export const jitProperty = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  arbitraries: Arbitraries<A>,
  options: AgreementOptions = {},
): Property<A> => {
  const g = f as unknown as Callable;
  const compiled = (jit as unknown as (h: Callable) => Callable)(g);
  return property(arbitraries, (args) => {
    const expected = g(...args);
    for (const call of ["first", "second"])
      agree(
        { op: "jitProperty", root: "result", expected: "f", got: `jit(f), ${call} call` },
        expected,
        compiled(...args),
        tolerances(options),
      );
  });
};
