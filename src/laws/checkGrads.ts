// Derivatives against central differences, in forward and reverse mode, to any order.
import { ArgumentError } from "../numpy/errors.ts";
import { type NDArray, np, tree } from "../numpy/index.ts";
import { LawError, near, place, position, type Tolerance } from "./agreement.ts";
import { directionsLike, doubles, inner, leavesAndNulls, moved, type Point, pointOf } from "./directions.ts";
import { type Callable, jvp, vjp } from "./modes.ts";

/** Which derivatives to check: forward mode (`jvp`), reverse mode (`vjp`). */
export type Mode = "fwd" | "rev";
/** Options of `checkGrads`. */
export interface CheckGradsOptions {
  /** Check derivatives up to this one; 1 by default. */
  readonly order?: number;
  /** Both modes by default. */
  readonly modes?: readonly Mode[];
  /** Absolute tolerance. */
  readonly atol?: number;
  /** Relative tolerance. */
  readonly rtol?: number;
  /** Step of the central differences. */
  readonly eps?: number;
  /** Chooses the random directions. */
  readonly seed?: number;
}

/** Step and tolerance by the precision of the results: float64 everywhere, or float32 somewhere inside. */
const precisions = {
  float64: { eps: 1e-5, atol: 1e-6, rtol: 1e-6 },
  float32: { eps: 1e-2, atol: 1e-2, rtol: 1e-2 },
} as const;
interface Settings extends Tolerance {
  readonly eps: number;
  readonly seed: number;
  readonly modes: readonly Mode[];
}

const resultsOf = (f: Callable, point: Point, leaves: readonly NDArray[]): readonly NDArray[] =>
  tree.leaves(f(...point.at(leaves))).map((y) => np.asarray(y));

/** `(f(x + eps v) - f(x - eps v)) / (2 eps)` for each leaf of the result, where only the k-th leaf of x moves. */
const difference = (f: Callable, point: Point, k: number, v: NDArray, eps: number): readonly Float64Array[] => {
  const side = (step: number): readonly Float64Array[] =>
    resultsOf(
      f,
      point,
      point.leaves.map((x, i) => (i === k ? moved(x, step, v) : x)),
    ).map(doubles);
  const [up, down] = [side(eps), side(-eps)];
  return up.map((y, j) => y.map((a, i) => (a - ((down[j] as Float64Array)[i] as number)) / (2 * eps)));
};

const checkOrder = (f: Callable, point: Point, settings: Settings, order: number): void => {
  const { eps, seed, modes, atol, rtol } = settings;
  const results = resultsOf(f, point, point.leaves),
    outPaths = tree.leavesWithPath(f(...point.at(point.leaves))).map(([path]) => path);
  const differentiable = results.map((y) => y.dtype === "float64" || y.dtype === "float32");
  const along = directionsLike(point.leaves, seed + 2 * order) as readonly NDArray[],
    cotangents = directionsLike(results, seed + 2 * order + 1);
  const args = point.at(point.leaves);
  const pulled = modes.includes("rev") ? pullback(f, args, cotangents, point) : null;
  point.leaves.forEach((_, k) => {
    const v = along[k] as NDArray,
      where = place("args", point.paths[k] as readonly (string | number)[]);
    const numeric = difference(f, point, k, v, eps);
    if (modes.includes("fwd")) {
      const tangents = point.spread(point.leaves.map((_x, i) => (i === k ? v : null)));
      const [value, tangent] = jvp(f, args, tangents);
      const pushed = derivativesOf(tangent, value);
      numeric.forEach((want, j) => {
        if (differentiable[j] !== true) return;
        const got = pushed[j] as Float64Array;
        const bad = want.findIndex((a, i) => !near(a, got[i] as number, { atol, rtol }));
        const { shape } = results[j] as NDArray;
        if (bad >= 0)
          throw new LawError({
            op: `checkGrads (jvp, order ${order})`,
            expected: `the slope ${want[bad]} of ${place("result", outPaths[j] ?? [])}${shape.length === 0 ? "" : `, element ${position(shape, bad)},`} along a random direction of ${where}`,
            got: String(got[bad]),
            remedy: "check the derivative rule; at a kink, move the arguments away from it",
          });
      });
    }
    if (pulled !== null) {
      const pairs = numeric.flatMap((y, j) => {
        const ct = cotangents[j];
        return ct === null || ct === undefined ? [] : [inner(y, doubles(ct))];
      });
      const want = pairs.reduce((s, [x]) => s + x, 0),
        size = pairs.reduce((s, [, x]) => s + x, 0);
      const [got] = inner(pulled[k] as Float64Array, doubles(v));
      if (!(Math.abs(want - got) <= atol + rtol * size) && !Object.is(want, got))
        throw new LawError({
          op: `checkGrads (vjp, order ${order})`,
          expected: `the slope ${want} of a random combination of the results along a random direction of ${where}`,
          got: String(got),
          remedy: "check the derivative rule; at a kink, move the arguments away from it",
        });
    }
  });
};
/** The derivatives of the leaves of `like`; zeros where there are none. */
const derivativesOf = (found: unknown, like: unknown): readonly Float64Array[] => {
  const values = leavesAndNulls(found);
  return leavesAndNulls(like).flatMap((x, i) => {
    const value = values[i];
    if (x === null) return [];
    return [value === null || value === undefined ? new Float64Array(np.asarray(x).size) : doubles(value)];
  });
};
/** Cotangents of the floating leaves of the arguments. */
const pullback = (
  f: Callable,
  args: readonly unknown[],
  cotangents: readonly (NDArray | null)[],
  point: Point,
): readonly Float64Array[] => {
  const [out, pull] = vjp(f, args);
  return derivativesOf(pull(tree.unflatten(tree.structure(out), cotangents)), point.spread(point.leaves));
};

/**
 * Check the derivatives of `f` at the list `args` against central differences `(f(x + eps v) - f(x - eps v)) / (2 eps)` along a
 * random direction of each argument leaf, in float64 (float32 leaves are converted; integers stay fixed). Order 2 checks the
 * derivatives of the derivatives, and so on. Throws LawError that names the leaf, what was expected and what came;
 * ArgumentError if `f` has a value there that is not finite.
 * @example
 * checkGrads((x: NDArray) => np.sum(np.sin(x)), [np.array([0.5, 1])], { order: 2 }) // => undefined
 */
export const checkGrads = (
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  { order = 1, modes = ["fwd", "rev"], seed = 0, ...given }: CheckGradsOptions = {},
): void => {
  const op = "checkGrads";
  if (!Number.isInteger(order) || order < 1)
    throw new ArgumentError({ op, expected: "an order of at least 1", got: String(order) });
  const point = pointOf(args);
  const results = resultsOf(f as Callable, point, point.leaves);
  if (results.some((y) => !doubles(y).every(Number.isFinite)))
    throw new ArgumentError({
      op,
      expected: "a function that is finite at these arguments",
      got: "a NaN or an infinity",
    });
  const coarse = results.some((y) => y.dtype === "float32");
  const settings = { ...precisions[coarse ? "float32" : "float64"], ...given, modes, seed };
  const check = (g: Callable, at: Point, level: number): void => {
    checkOrder(g, at, settings, level);
    if (level === order) return;
    if (modes.includes("fwd")) {
      const v = at.spread(directionsLike(at.leaves, seed + 100));
      check((...xs) => tree.leaves(jvp(g, xs, v)[1]), at, level + 1);
    }
    if (modes.includes("rev")) check(slopes(g, seed + 200), at, level + 1);
  };
  check(f as Callable, point, 1);
};
/** The gradient of a random combination of the results of `g`, as a function of the same arguments. */
const slopes =
  (g: Callable, seed: number): Callable =>
  (...xs) => {
    const [out, pull] = vjp(g, xs);
    const ct = tree.unflatten(tree.structure(out), directionsLike(tree.leaves(out), seed));
    return tree.leaves(pull(ct));
  };
