// associativeScan: running combinations of all prefixes in a logarithmic number of steps.
import { type Shape, showAval } from "../core/aval.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { flattenLike } from "../core/tree.ts";
import type { Value } from "../core/value.ts";
import { concatenate, rev, sliceAxis } from "../primitives/movement.ts";
import { insertAt, reshape } from "../primitives/linear.ts";
import { type Callable, call, leafPath, type Leaves, leavesOf, rebuild } from "../transforms/leaves.ts";
import type { Arrays } from "../transforms/types.ts";
import { toValue } from "./bodyTrace.ts";

/** What `associativeScan` can be told. */
export interface AssociativeScanOptions {
  /** From the end to the start. */
  readonly reverse?: boolean;
  /** The axis along which to run, 0 by default. */
  readonly axis?: number;
}

type Combine = (xs: readonly Value[], ys: readonly Value[]) => readonly Value[];
const resized = ({ shape }: Value, axis: number, n: number): Shape => shape.map((d, i) => (i === axis ? n : d));
/** The elements of `even` and `odd` in turns. */
const interleave = (even: Value, odd: Value, axis: number): Value => {
  const n = odd.shape[axis] as number,
    pairs = (x: Value): Value => reshape(sliceAxis(x, axis, 0, n), insertAt(resized(x, axis, n), axis + 1, 1));
  const both = reshape(concatenate([pairs(even), pairs(odd)], axis + 1), resized(odd, axis, 2 * n));
  const rest = (even.shape[axis] as number) - n;
  return rest === 0 ? both : concatenate([both, sliceAxis(even, axis, n, n + rest)], axis);
};
/**
 * Prefixes of `xs`: those of odd length from pairs, by the same method; the others with one combination more
 * (Blelloch, "Prefix sums and their applications", 1990).
 */
const prefixes = (xs: readonly Value[], axis: number, f: Combine): readonly Value[] => {
  const n = (xs[0] as Value).shape[axis] as number;
  if (n < 2) return xs;
  const part = (ys: readonly Value[], from: number, to: number, stride = 1): readonly Value[] =>
    ys.map((y) => sliceAxis(y, axis, from, to, stride));
  const odd = prefixes(f(part(xs, 0, n - 1, 2), part(xs, 1, n, 2)), axis, f),
    pairs = Math.floor(n / 2);
  const tail = part(xs, 2, n, 2),
    later = n > 2 ? f(part(odd, 0, n % 2 === 0 ? pairs - 1 : pairs), tail) : tail;
  const even = part(xs, 0, 1).map((x, i) => concatenate([x, later[i] as Value], axis));
  return even.map((x, i) => interleave(x, odd[i] as Value, axis));
};

/** The axis, which all arrays must have, of one length. */
const axisOf = (op: string, { leaves, def }: Leaves, axis: number): number => {
  const [first] = leaves;
  if (first === undefined) throw new ArgumentError({ op, expected: "elements with arrays", got: "none" });
  const name = (i: number): string => `${leafPath(def, i, "elems")} ${showAval((leaves[i] as Value).aval)}`;
  if (!Number.isInteger(axis) || axis < -first.ndim || axis >= first.ndim)
    throw new ShapeError({ op, expected: `an axis of ${name(0)}`, got: String(axis) });
  const at = axis < 0 ? axis + first.ndim : axis;
  leaves.forEach((x, i) => {
    if (x.shape[at] !== first.shape[at])
      throw new ShapeError({ op, expected: "elements of one length", got: `${name(0)} and ${name(i)}` });
  });
  return at;
};
const checked = (op: string, { leaves, def }: Leaves, i: number, got: Value): Value => {
  const want = leaves[i] as Value;
  if (got.dtype !== want.dtype || got.ndim !== want.ndim)
    throw new ShapeError({
      op: `${op}: ${leafPath(def, i, "elems")}`,
      expected: `a combination like the elements, ${showAval(want.aval)} but for its length`,
      got: showAval(got.aval),
      remedy:
        "the function gets many elements at once and must work element by element: map it with vmap if it does not",
    });
  return got;
};

const run = (f: unknown, elems: unknown, { reverse = false, axis = 0 }: AssociativeScanOptions = {}): unknown => {
  const op = "associativeScan";
  if (typeof f !== "function") throw new ArgumentError({ op, expected: "a function", got: typeof f });
  const given = leavesOf(elems, op),
    at = axisOf(op, given, axis);
  const combine: Combine = (xs, ys) => {
    const pair = [xs, ys].map((side) => rebuild(given.def, side, op));
    const out = flattenLike(given.def, call(f as Callable, pair, op), op, "result");
    return out.map((x, i) => checked(op, given, i, toValue(x, op)));
  };
  const turned = (xs: readonly Value[]): readonly Value[] => (reverse ? xs.map((x) => rev(x, [at])) : xs);
  return rebuild(given.def, turned(prefixes(turned(given.leaves), at, combine)), op);
};

/** Both forms of `associativeScan`. */
export interface AssociativeScan {
  <E>(f: (x: Arrays<E>, y: Arrays<E>) => E | Arrays<E>, elems: E, options?: AssociativeScanOptions): Arrays<E>;
  <E>(f: (x: E, y: E) => E): (elems: E, options?: AssociativeScanOptions) => Arrays<E>;
}
/**
 * All running combinations `x_0, f(x_0, x_1), f(f(x_0, x_1), x_2), ...` along an axis of a tree of arrays, for an associative `f` that
 * combines many elements at once; about `2 log2(n)` calls of `f`, each for a part of the elements. `associativeScan(f)(elems)` does too.
 * With `reverse` it runs from the end: `x_n, f(x_n, x_{n-1}), ...`, in their places. Throws ShapeError for elements of several lengths.
 * @example
 * lax.associativeScan((x, y) => x.add(y), np.array([1, 2, 3, 4])) // => [1 3 6 10]
 */
export const associativeScan: AssociativeScan = ((...args: readonly [unknown, unknown?, AssociativeScanOptions?]) =>
  args.length === 1
    ? (elems: unknown, options?: AssociativeScanOptions) => run(args[0], elems, options)
    : run(...args)) as AssociativeScan;
