// Collectives for users: sums, extremes and exchanges across the named axes of the vmaps around.
import { axesInScope } from "../core/axes.ts";
import { showAval } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import type { Primitive, Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import { add, convertElementType, div, mul } from "../primitives/elementwise.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { leavesOf, rebuild } from "../transforms/leaves.ts";
import type { Arrays } from "../transforms/types.ts";
import * as P from "./collectivePrimitives.ts";

/** The name of an axis, or names of several. */
export type AxisNames = string | readonly string[];

const namesOf = (names: AxisNames): readonly string[] => (typeof names === "string" ? [names] : names);
const sizeOf = (op: string, name: string): number => {
  const scope = axesInScope(),
    size = scope.get(name);
  if (size !== undefined) return size;
  const known = [...scope.keys()].map((n) => JSON.stringify(n));
  throw new ArgumentError({
    op,
    expected:
      known.length === 0 ? "a named axis in scope, but there is none" : `a named axis in scope, ${known.join(" or ")}`,
    got: typeof name === "string" ? JSON.stringify(name) : String(name),
    remedy: "name the mapped axis: vmap(f, { axisName })",
  });
};
const axisOf = (op: string, axis: number, rank: number, x: Value): number => {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new ShapeError({
      op,
      expected: `an axis from ${-rank} to ${rank - 1} for ${showAval(x.aval)}`,
      got: String(axis),
    });
  return axis < 0 ? axis + rank : axis;
};
const each = <T>(op: string, tree: T, f: (x: Value) => Value): Arrays<T> => {
  const { leaves, def } = leavesOf(tree, op);
  return rebuild(def, leaves.map(f), op) as Arrays<T>;
};
const reduced = <T>(prim: Primitive<P.AcrossAttrs, Unary>, tree: T, axisName: AxisNames): Arrays<T> => {
  const names = namesOf(axisName);
  for (const n of names) sizeOf(prim.name, n);
  return each(prim.name, tree, (x) => {
    const v = x.dtype === "bool" ? convertElementType(x, "int32") : x;
    return names.length === 0 ? v : bind(prim, [v], { names });
  });
};

/**
 * The sum across a named axis (or several) of the vmaps around, `sum_i x_i` of every array of a tree: the same for all. Its transpose is itself. Booleans
 * count as int32. Throws ArgumentError for a name that is not in scope.
 * @example
 * vmap((x: NDArray) => np.divide(x, lax.psum(x, "i")), { axisName: "i" })(np.array([1, 3])) // => [0.25 0.75]
 */
export const psum = <T>(tree: T, axisName: AxisNames): Arrays<T> => reduced(P.psumP, tree, axisName);
/**
 * The largest across a named axis (or several), of every array of a tree. Ties share the derivative. Throws as `psum` does.
 * @example
 * vmap((x: NDArray) => lax.pmax(x, "i"), { axisName: "i" })(np.array([1, 3, 2])) // => [3 3 3]
 */
export const pmax = <T>(tree: T, axisName: AxisNames): Arrays<T> => reduced(P.pmaxP, tree, axisName);
/**
 * The smallest across a named axis (or several), of every array of a tree. Ties share the derivative. Throws as `psum` does.
 * @example
 * vmap((x: NDArray) => lax.pmin(x, "i"), { axisName: "i" })(np.array([1, 3, 2])) // => [1 1 1]
 */
export const pmin = <T>(tree: T, axisName: AxisNames): Arrays<T> => reduced(P.pminP, tree, axisName);
/**
 * The mean across a named axis (or several), of every array of a tree; integers become float32. Throws as `psum` does.
 * @example
 * vmap((x: NDArray) => np.subtract(x, lax.pmean(x, "i")), { axisName: "i" })(np.array([1, 3, 5])) // => [-2 0 2]
 */
export const pmean = <T>(tree: T, axisName: AxisNames): Arrays<T> => {
  const op = "pmean",
    names = namesOf(axisName),
    count = names.reduce((n, name) => n * sizeOf(op, name), 1);
  return each(op, tree, (x) => {
    const v = isFloating(x.dtype) ? x : convertElementType(x, "float32");
    return names.length === 0 ? v : div(P.psum(v, names), fullLike(v, count));
  });
};
/**
 * The extent of a named axis (the product, if there are several): a number. Throws as `psum` does.
 * @example
 * vmap((x: NDArray) => x.mul(lax.axisSize("i")), { axisName: "i" })(np.array([1, 2, 3])) // => [3 6 9]
 */
export const axisSize = (axisName: AxisNames): number =>
  namesOf(axisName).reduce((n, name) => n * sizeOf("axisSize", name), 1);
/**
 * Where the code is on a named axis, `i32[]` from 0 on; of several axes the last one runs fastest. Throws as `psum` does.
 * @example
 * vmap((x: NDArray) => x.add(lax.axisIndex("i")), { axisName: "i" })(np.array([10, 10, 10])) // => [10 11 12]
 */
export const axisIndex = (axisName: AxisNames): Value =>
  namesOf(axisName).reduce<Value | null>((outer, name) => {
    const size = sizeOf("axisIndex", name),
      own = P.axisIndex({ name, size });
    return outer === null ? own : add(mul(outer, new Literal(size, "int32")), own);
  }, null) ?? new Literal(0, "int32");

/** Where gathered and scattered arrays meet the named axis. */
export interface GatherOptions {
  /** Where the named axis goes in the result, 0 by default. */
  readonly axis?: number;
  /** Put the arrays one after the other along `axis`, instead of stacking them. */
  readonly tiled?: boolean;
}
/**
 * The arrays of all places on a named axis, stacked along a new `axis` (or joined, `tiled`): the same for all, `f32[n]` gives `f32[size, n]`. Its transpose
 * is psumScatter. Works on trees. Throws as `psum` does, ShapeError for an axis out of range.
 * @example
 * vmap((x: NDArray) => lax.allGather(x, "i"), { axisName: "i" })(np.array([1, 2])) // => [[1 2] [1 2]]
 */
export const allGather = <T>(tree: T, axisName: string, { axis = 0, tiled = false }: GatherOptions = {}): Arrays<T> => {
  const op = "allGather",
    size = sizeOf(op, axisName);
  return each(op, tree, (x) =>
    P.allGather(x, { name: axisName, size, axis: axisOf(op, axis, x.ndim + (tiled ? 0 : 1), x), tiled }),
  );
};
/** How `psumScatter` deals out the sum. */
export interface ScatterOptions {
  /** The axis that is dealt out, 0 by default. */
  readonly scatterDimension?: number;
  /** Each place keeps a block of the axis, instead of one element without the axis. */
  readonly tiled?: boolean;
}
/**
 * The sum across a named axis, of which each place keeps its own part: element i of axis `scatterDimension`, or (`tiled`) block i. Its transpose is
 * allGather. Works on trees. Throws as `psum` does, ShapeError where the axis cannot be dealt out.
 * @example
 * vmap((x: NDArray) => lax.psumScatter(x, "i"), { axisName: "i" })(np.array([[1, 2], [10, 20]])) // => [11 22]
 */
export const psumScatter = <T>(
  tree: T,
  axisName: string,
  { scatterDimension = 0, tiled = false }: ScatterOptions = {},
): Arrays<T> => {
  const op = "psumScatter",
    size = sizeOf(op, axisName);
  return each(op, tree, (x) =>
    P.psumScatter(x, { name: axisName, size, axis: axisOf(op, scatterDimension, x.ndim, x), tiled }),
  );
};
/**
 * Axis `splitAxis` of every place is dealt out, one element (or block, `tiled`) to each; what a place gets from the others is lined up along `concatAxis`:
 * a transposition of the named axis and `splitAxis`. Works on trees. Throws as `psum` does, ShapeError where the axis cannot be dealt out.
 * @example
 * vmap((x: NDArray) => lax.allToAll(x, "i", 0, 0), { axisName: "i" })(np.array([[1, 2], [3, 4]])) // => [[1 3] [2 4]]
 */
export const allToAll = <T>(
  tree: T,
  axisName: string,
  splitAxis: number,
  concatAxis: number,
  { tiled = false }: { readonly tiled?: boolean } = {},
): Arrays<T> => {
  const op = "allToAll",
    size = sizeOf(op, axisName);
  return each(op, tree, (x) =>
    P.allToAll(x, {
      name: axisName,
      size,
      split: axisOf(op, splitAxis, x.ndim, x),
      concat: axisOf(op, concatAxis, x.ndim, x),
      tiled,
    }),
  );
};
/**
 * Every array sent from place `from` to place `to` of a named axis, for pairs `[from, to]`; places that get nothing have zeros. Its transpose sends
 * back. Works on trees. Throws as `psum` does, ArgumentError for a place that is not on the axis or stands twice on one side.
 * @example
 * vmap((x: NDArray) => lax.ppermute(x, "i", [[0, 1], [1, 2]]), { axisName: "i" })(np.array([5, 6, 7])) // => [0 5 6]
 */
export const ppermute = <T>(
  tree: T,
  axisName: string,
  permutation: readonly (readonly [from: number, to: number])[],
): Arrays<T> => {
  const op = "ppermute",
    size = sizeOf(op, axisName);
  for (const side of [0, 1] as const) {
    const places = permutation.map((p) => p[side]);
    const bad = places.find((p, i) => !Number.isInteger(p) || p < 0 || p >= size || places.indexOf(p) !== i);
    if (bad !== undefined)
      throw new ArgumentError({
        op,
        expected: `pairs [from, to] of places from 0 to ${size - 1}, each at most once on either side`,
        got: JSON.stringify(permutation),
      });
  }
  return each(op, tree, (x) => P.ppermute(x, { name: axisName, size, pairs: permutation }));
};
/**
 * Place i of a named axis gets the array of place `permutation[i]`. Works on trees. Throws as `ppermute` does.
 * @example
 * vmap((x: NDArray) => lax.pshuffle(x, "i", [2, 0, 1]), { axisName: "i" })(np.array([5, 6, 7])) // => [7 5 6]
 */
export const pshuffle = <T>(tree: T, axisName: string, permutation: readonly number[]): Arrays<T> =>
  ppermute(
    tree,
    axisName,
    permutation.map((from, to) => [from, to]),
  );
/**
 * A named axis and `axis`, which must be as long, swapped. Works on trees. Throws as `allToAll` does.
 * @example
 * vmap((x: NDArray) => lax.pswapaxes(x, "i", 0), { axisName: "i" })(np.array([[1, 2], [3, 4]])) // => [[1 3] [2 4]]
 */
export const pswapaxes = <T>(tree: T, axisName: string, axis: number): Arrays<T> =>
  allToAll(tree, axisName, axis, axis);
