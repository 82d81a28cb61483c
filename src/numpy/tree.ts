// The namespace `tree`: taking nested structures of arrays apart and putting them together.
import { sameShape, showAval } from "../core/aval.ts";
import { ArgumentError, ShapeError, TreeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import * as core from "../core/tree.ts";
import type { Key, NodeType, TreeDef } from "../core/tree.ts";
import { Value } from "../core/value.ts";
import { concatenate, expandDims, sliceAxis, squeeze } from "../primitives/movement.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { item } from "./reading.ts";

export type { Key, NodeType, TreeDef } from "../core/tree.ts";

/** What most functions on trees can be told. */
export interface TreeOptions {
  /** Where it holds, a container (or anything else) counts as a leaf. */
  readonly isLeaf?: (x: unknown) => boolean;
}
/** The tree with leaves of another type; unknown some levels down, so that recursive types end. */
export type Mapped<T, R, Depth extends readonly 0[] = []> = T extends Value | number | boolean
  ? R
  : T extends null | undefined
    ? T
    : Depth["length"] extends 5
      ? unknown
      : T extends object
        ? { -readonly [K in keyof T]: Mapped<T[K], R, [...Depth, 0]> }
        : R;
/** Where a leaf is: object keys, positions in lists, names that a registered class gives. */
export type KeyPath = readonly Key[];

type AnyFunction = (...args: readonly unknown[]) => unknown;
const isOptions = (x: unknown): x is TreeOptions =>
  typeof x === "object" && x !== null && Object.keys(x).length === 1 && typeof (x as TreeOptions).isLeaf === "function";
/** Options may stand behind any number of trees. */
const splitOptions = (args: readonly unknown[]): readonly [trees: readonly unknown[], options: TreeOptions] => {
  const last = args.at(-1);
  return isOptions(last) ? [args.slice(0, -1), last] : [args, {}];
};
const apart = (op: string, x: unknown, { isLeaf }: TreeOptions): readonly [readonly unknown[], TreeDef] =>
  core.flatten(x, op, isLeaf ?? null);
/** A structure that prints itself. */
const printable = (def: TreeDef): TreeDef =>
  Object.defineProperty({ ...def }, "toString", { value: () => core.showDef(def) });
/** Leaves of `x`, which must have the structure `def`. */
const like = (op: string, def: TreeDef, x: unknown, root: string, options: TreeOptions): readonly unknown[] => {
  if (options.isLeaf === undefined) return core.flattenLike(def, x, op, root);
  const [found, got] = apart(op, x, options),
    d = core.difference(def, got);
  if (d !== null)
    throw new TreeError({
      op,
      expected: `${core.pathString(root, d.path)} to have the structure ${d.expected}`,
      got: d.got,
      ...(d.remedy === undefined ? {} : { remedy: d.remedy }),
    });
  return found;
};

/**
 * The leaves of a tree in order (object keys sorted), and its structure. Throws TreeError for what is no tree.
 * @example
 * tree.flatten({ b: [2, 3], a: 1 }) // => [[1, 2, 3], { a: *, b: [*, *] }]
 */
export const flatten = <T>(x: T, options: TreeOptions = {}): readonly [leaves: NDArray[], def: TreeDef] => {
  const [found, def] = apart("tree.flatten", x, options);
  return [[...found] as NDArray[], printable(def)];
};
/**
 * A tree of the given structure with other leaves. Throws TreeError if their number does not fit.
 * @example
 * tree.unflatten(tree.structure({ a: 0, b: [0, 0] }), [1, 2, 3]) // => { a: 1, b: [2, 3] }
 */
export const unflatten = <T = unknown>(def: TreeDef, leavesOf: readonly unknown[]): T => {
  if (leavesOf.length !== core.leafCount(def))
    throw new TreeError({
      op: "tree.unflatten",
      expected: `${core.leafCount(def)} leaves for ${core.showDef(def)}`,
      got: `${leavesOf.length}`,
    });
  return core.unflatten(def, leavesOf) as T;
};
/**
 * The leaves of a tree in order. Throws TreeError for what is no tree.
 * @example
 * tree.leaves({ b: [2, null], a: 1 }) // => [1, 2]
 */
export const leaves = <T>(x: T, options: TreeOptions = {}): NDArray[] => [
  ...(apart("tree.leaves", x, options)[0] as readonly NDArray[]),
];
/**
 * The structure of a tree, without its leaves. Throws TreeError for what is no tree.
 * @example
 * tree.structure({ w: 1, layers: [{}, null] }) // => { layers: [{}, null], w: * }
 */
export const structure = <T>(x: T, options: TreeOptions = {}): TreeDef =>
  printable(apart("tree.structure", x, options)[1]);

/** Both forms of `map`: to arrays, which keeps the type of the tree, and to anything. */
export interface TreeMap {
  <T>(f: (...leaves: NDArray[]) => NDArray, first: T, ...rest: readonly unknown[]): T;
  <T, R>(f: (...leaves: never[]) => R, first: T, ...rest: readonly unknown[]): Mapped<T, R>;
}
/**
 * The tree of `f(leaf, ...)` over the leaves of one or more trees of one structure, matched by key; options (`isLeaf`) may come
 * last. Throws TreeError where structures differ and names the place.
 * @example
 * tree.map((x: number, y: number) => x + 10 * y, { a: 1, b: [2] }, { b: [3], a: 4 }) // => { a: 41, b: [32] }
 */
export const map: TreeMap = ((f: AnyFunction, first: unknown, ...args: readonly unknown[]): unknown => {
  const [rest, options] = splitOptions(args),
    [own, def] = apart("tree.map", first, options);
  const others = rest.map((t, i) => like("tree.map", def, t, `trees[${i + 1}]`, options));
  return core.unflatten(
    def,
    own.map((x, i) => f(x, ...others.map((o) => o[i]))),
  );
}) as TreeMap;

/**
 * The leaves of a tree with their key paths, in order. Throws TreeError for what is no tree.
 * @example
 * tree.leavesWithPath({ b: [2, 3], a: 1 }) // => [[[a], 1], [[b, 0], 2], [[b, 1], 3]]
 */
export const leavesWithPath = <T>(
  x: T,
  options: TreeOptions = {},
): readonly (readonly [path: KeyPath, leaf: NDArray])[] => {
  const [found, def] = apart("tree.leavesWithPath", x, options),
    paths = core.paths(def);
  return found.map((leaf, i) => [paths[i] as KeyPath, leaf as NDArray]);
};
/**
 * The leaves of a tree with their key paths, in order, and its structure. Throws TreeError for what is no tree.
 * @example
 * tree.flattenWithPath([1]) // => [[[[0], 1]], [*]]
 */
export const flattenWithPath = <T>(
  x: T,
  options: TreeOptions = {},
): readonly [leaves: readonly (readonly [path: KeyPath, leaf: NDArray])[], def: TreeDef] => [
  leavesWithPath(x, options),
  structure(x, options),
];
/** Both forms of `mapWithPath`. */
export interface TreeMapWithPath {
  <T>(f: (path: KeyPath, ...leaves: NDArray[]) => NDArray, first: T, ...rest: readonly unknown[]): T;
  <T, R>(f: (path: KeyPath, ...leaves: never[]) => R, first: T, ...rest: readonly unknown[]): Mapped<T, R>;
}
/**
 * As `map`, but `f` also gets the key path of the leaf. Throws TreeError where structures differ and names the place.
 * @example
 * tree.mapWithPath((path, x: number) => `${path.join(".")} = ${x}`, { a: [1, 2] }) // => { a: [a.0 = 1, a.1 = 2] }
 */
export const mapWithPath: TreeMapWithPath = ((f: AnyFunction, first: unknown, ...args: readonly unknown[]): unknown => {
  const [rest, options] = splitOptions(args),
    [own, def] = apart("tree.mapWithPath", first, options),
    paths = core.paths(def);
  const others = rest.map((t, i) => like("tree.mapWithPath", def, t, `trees[${i + 1}]`, options));
  return core.unflatten(
    def,
    own.map((x, i) => f(paths[i], x, ...others.map((o) => o[i]))),
  );
}) as TreeMapWithPath;

/**
 * All leaves folded from the left, `f(f(initial, leaf0), leaf1) ...`; without `initial` the first leaf begins. Throws TreeError for
 * an empty tree without `initial`.
 * @example
 * tree.reduce((sum: number, x: number) => sum + x, { a: 1, b: [2, 3] }, 0) // => 6
 */
export const reduce = <A>(f: (sum: A, leaf: never) => A, x: unknown, initial?: A, options: TreeOptions = {}): A => {
  const [found] = apart("tree.reduce", x, options);
  if (initial === undefined && found.length === 0)
    throw new TreeError({
      op: "tree.reduce",
      expected: "a leaf to begin with",
      got: "an empty tree",
      remedy: "give an initial value",
    });
  const rest = initial === undefined ? found.slice(1) : found;
  return rest.reduce((sum: A, leaf) => f(sum, leaf as never), initial === undefined ? (found[0] as A) : initial);
};
/**
 * Whether all leaves are true (not 0). Throws TraceError for traced leaves, ShapeError for arrays of several elements.
 * @example
 * tree.all({ a: true, b: [1, 2] }) // => true
 */
export const all = (x: unknown, options: TreeOptions = {}): boolean =>
  apart("tree.all", x, options)[0].every((leaf) => Boolean(leaf instanceof Value ? item(leaf) : leaf));

/**
 * A tree of trees turned inside out: `x` has the structure `outer` with a tree of structure `inner` at every leaf, the result has
 * `inner` with a tree of structure `outer` at every leaf. Throws TreeError if `x` is not such a tree.
 * @example
 * const x = [{ a: 1, b: 2 }, { a: 3, b: 4 }];
 * tree.transpose(tree.structure([0, 0]), tree.structure({ a: 0, b: 0 }), x) // => { a: [1, 3], b: [2, 4] }
 */
export const transpose = <T = unknown>(outer: TreeDef, inner: TreeDef, x: unknown): T => {
  const n = core.leafCount(inner),
    slots = Array.from({ length: core.leafCount(outer) }, () => core.unflatten(inner, new Array<number>(n).fill(0)));
  const [, whole] = core.flatten(core.unflatten(outer, slots), "tree.transpose"),
    found = core.flattenLike(whole, x, "tree.transpose", "tree");
  const columns = Array.from({ length: n }, (_, k) =>
    core.unflatten(
      outer,
      slots.map((_s, i) => found[i * n + k]),
    ),
  );
  return core.unflatten(inner, columns) as T;
};

/**
 * One tree of several of one structure, leaves stacked along a new axis. Throws TreeError, and ShapeError for leaves of several shapes.
 * @example
 * tree.stack([{ a: 1, b: [2, 3] }, { a: 4, b: [5, 6] }]) // => { a: [1 4], b: [[2 5], [3 6]] }
 */
export const stack = <T>(trees: readonly T[], { axis = 0 }: { readonly axis?: number } = {}): T => {
  const op = "tree.stack",
    [first, ...rest] = trees;
  if (first === undefined) throw new ArgumentError({ op, expected: "at least one tree", got: "none" });
  const [own, def] = core.flatten(first, op),
    others = rest.map((t, i) => core.flattenLike(def, t, op, `trees[${i + 1}]`));
  const stacked = own.map((x, i) => {
    const xs = promote(op, ...([x, ...others.map((o) => o[i])] as readonly ArrayLike[])),
      a = xs[0] as Value,
      odd = xs.find((y) => !sameShape(y.shape, a.shape));
    if (odd !== undefined)
      throw new ShapeError({
        op,
        expected: `leaves of equal shape, here ${showAval(a.aval)}`,
        got: showAval(odd.aval),
      });
    const at = normalAxis(axis, a.ndim + 1, op);
    return settle(
      concatenate(
        xs.map((y) => expandDims(y, [at])),
        at,
      ),
      op,
    );
  });
  return core.unflatten(def, stacked) as T;
};
/**
 * The trees that `stack` would make this one of: all leaves cut along an axis. Throws TreeError for an empty tree, ShapeError for
 * leaves of several extents along it.
 * @example
 * tree.unstack({ a: np.array([1, 2]), b: np.array([[3], [4]]) }) // => [{ a: 1, b: [3] }, { a: 2, b: [4] }]
 */
export const unstack = <T>(x: T, { axis = 0 }: { readonly axis?: number } = {}): readonly T[] => {
  const op = "tree.unstack",
    [found, def] = core.flatten(x, op),
    values = found.map((leaf) => asArray(leaf as ArrayLike, op));
  const axes = values.map((v) => normalAxis(axis, v.ndim, op)),
    counts = new Set(values.map((v, i) => v.shape[axes[i] as number] as number));
  if (values.length === 0) throw new TreeError({ op, expected: "a tree with leaves", got: core.showDef(def) });
  if (counts.size > 1)
    throw new ShapeError({
      op,
      expected: `leaves of equal extent along axis ${axis}`,
      got: values.map((v) => showAval(v.aval)).join(" and "),
    });
  return Array.from(
    { length: [...counts][0] as number },
    (_, k) =>
      core.unflatten(
        def,
        values.map((v, i) => settle(squeeze(sliceAxis(v, axes[i] as number, k, k + 1), [axes[i] as number]), op)),
      ) as T,
  );
};

/**
 * Teach trees to look into instances of a class: how it comes apart into children with keys (and the rest, compared by
 * `Object.is`), and how it is put together.
 * @example
 * class Pair { constructor(readonly x: number, readonly y: number) {} }
 * tree.registerNode(Pair, {
 *   name: "Pair",
 *   flatten: (p) => [[p.x, p.y], ["x", "y"], null],
 *   unflatten: ([x, y]) => new Pair(x as number, y as number),
 * });
 * tree.leaves([new Pair(1, 2), 3]) // => [1, 2, 3]
 */
export const registerNode = <T>(cls: new (...args: never[]) => T, type: NodeType<T>): void => {
  core.registerNode(cls, type);
};
