// scan and map for users: loops over the first axis of trees of arrays.
import { type Aval, aval, showAval } from "../core/aval.ts";
import { ArgumentError, ShapeError, TreeError } from "../core/errors.ts";
import { modes } from "../core/modes.ts";
import { leafCount, showDef, type TreeDef } from "../core/tree.ts";
import type { Value } from "../core/value.ts";
import { concatenate, sliceAxis } from "../primitives/movement.ts";
import { reshape } from "../primitives/linear.ts";
import { vmap } from "../transforms/batching.ts";
import { type Callable, leafPath, type Leaves, leavesOf, rebuild } from "../transforms/leaves.ts";
import type { Arrays, Loose } from "../transforms/types.ts";
import { traceBody } from "./bodyTrace.ts";
import { startOf, traceCarry } from "./carry.ts";
import { plainScan } from "./plain.ts";
import { bindScan } from "./scanPrimitive.ts";

/** What `scan` can be told. */
export interface ScanOptions {
  /** The number of rounds; needed where xs has no arrays. */
  readonly length?: number;
  /** From the last slice to the first; results stay in their places. */
  readonly reverse?: boolean;
  /** Rounds that are written out one after the other in the program, true for all: a larger program, fewer jumps. */
  readonly unroll?: number | boolean;
}
/** A slice of each array of a tree. */
export type Slices<X> = Arrays<X>;

/** The one length of the first axes of `xs`, which the option must agree with. */
const lengthOf = (op: string, { leaves, def }: Leaves, given: number | undefined): number => {
  if (given !== undefined && (!Number.isInteger(given) || given < 0))
    throw new ArgumentError({ op, expected: "length to be a number of rounds", got: String(given) });
  let length = given,
    first = `length ${given}`;
  leaves.forEach((x, i) => {
    const here = `${leafPath(def, i, "xs")} ${showAval(x.aval)}`;
    if (x.ndim === 0)
      throw new ShapeError({
        op,
        expected: "arrays with a first axis to loop over",
        got: here,
        remedy: "close over what is the same in every round",
      });
    if (length === undefined) {
      length = x.shape[0] as number;
      first = here;
    } else if (x.shape[0] !== length)
      throw new ShapeError({ op, expected: "xs of one length", got: `${first} and ${here}` });
  });
  if (length === undefined)
    throw new ArgumentError({
      op,
      expected: "xs with arrays, or a length",
      got: "neither",
      remedy: "say how often: lax.scan(f, init, null, { length: n })",
    });
  return length;
};
const unrolling = (op: string, unroll: number | boolean, length: number): number => {
  if (typeof unroll === "boolean") return unroll ? Math.max(length, 1) : 1;
  if (!Number.isInteger(unroll) || unroll < 1)
    throw new ArgumentError({ op, expected: "unroll to be a number of rounds from 1 on", got: String(unroll) });
  return Math.min(unroll, Math.max(length, 1));
};
const sliceOf = ({ dtype, shape }: Aval): Aval => aval(shape.slice(1), dtype);
const pairOf = (op: string, out: TreeDef): readonly [carry: TreeDef, y: TreeDef] => {
  if (out.kind !== "list" || out.children.length !== 2)
    throw new TreeError({
      op,
      expected: "a body that returns [carry, y]",
      got: showDef(out),
      remedy: "return [carry, null] if there is nothing to stack",
    });
  return out.children as unknown as readonly [TreeDef, TreeDef];
};

const run = (f: unknown, init: unknown, xs: unknown, options: ScanOptions = {}): unknown => {
  const op = "scan",
    slices = leavesOf(xs, op);
  const length = lengthOf(op, slices, options.length),
    each = { def: slices.def, avals: slices.leaves.map((x) => sliceOf(x.aval)) };
  const start = startOf(init, op);
  if (!modes.jit && length > 0 && typeof f === "function")
    return plainScan(op, f as Callable, start, slices, { length, reverse: options.reverse ?? false }, pairOf);
  const { body, starts } = traceCarry(
    op,
    start,
    (carry) => traceBody(op, f, [carry, each]),
    (out) => pairOf(op, out)[0],
  );
  const outs = bindScan([...body.consts, ...starts, ...slices.leaves], {
    jaxpr: body.jaxpr,
    roles: [
      ...body.consts.map(() => "const" as const),
      ...starts.map((_, i) => i),
      ...slices.leaves.map(() => "slice" as const),
    ],
    length,
    reverse: options.reverse ?? false,
    unroll: unrolling(op, options.unroll ?? 1, length),
  });
  const count = leafCount(start.def);
  return [rebuild(start.def, outs.slice(0, count), op), rebuild(pairOf(op, body.out)[1], outs.slice(count), op)];
};

/** The forms of `scan`: the body's types follow from the arguments, or the other way round; and `xs` last. */
export interface Scan {
  <const C, X, Y>(
    f: (carry: Arrays<C>, x: Slices<X>) => readonly [carry: Loose<C>, y: Y],
    init: C,
    xs: X,
    options?: ScanOptions,
  ): readonly [carry: Arrays<C>, ys: Arrays<Y>];
  <C, X, Y>(
    f: (carry: C, x: X) => readonly [carry: Loose<C>, y: Y],
    init: Loose<C>,
    xs: Loose<X>,
    options?: ScanOptions,
  ): readonly [carry: Arrays<C>, ys: Arrays<Y>];
  <C, X, Y>(
    f: (carry: C, x: X) => readonly [carry: Loose<C>, y: Y],
    init: Loose<C>,
  ): (xs: Loose<X>, options?: ScanOptions) => readonly [carry: Arrays<C>, ys: Arrays<Y>];
}
/**
 * A loop that carries values: `[carry, y_i] = f(carry, x_i)` for every slice `x_i` of the first axis of `xs`; gives the last carry and
 * the y stacked. It becomes one loop in the program, whatever the length, and can be differentiated in both modes.
 * `scan(f, init)(xs)` does too. `carry`, `xs` and `y` are trees; without xs say `null` and a length. Throws ShapeError, DTypeError or
 * TreeError naming the leaf if the carry changes, or if the xs have several lengths.
 * @example
 * lax.scan((sum, x) => [sum.add(x), sum.mul(x)], 0, np.array([1, 2, 3])) // => [6, [0 2 9]]
 * lax.scan((x, _) => [x.mul(2), null], 1, null, { length: 10 })[0] // => 1024
 */
export const scan: Scan = ((...args: readonly unknown[]) =>
  args.length === 2
    ? (xs: unknown, options?: ScanOptions) => run(args[0], args[1], xs, options)
    : run(args[0], args[1], args[2], args[3] as ScanOptions | undefined)) as Scan;

/** What `map` can be told. */
export interface MapOptions {
  /** How many slices are worked on at once (as by vmap), one by default. */
  readonly batchSize?: number;
}
const parts = (xs: readonly Value[], from: number, to: number): readonly Value[] =>
  xs.map((x) => sliceAxis(x, 0, from, to));
const runMap = (f: unknown, xs: unknown, { batchSize }: MapOptions = {}): unknown => {
  const op = "map";
  if (typeof f !== "function") throw new ArgumentError({ op, expected: "a function", got: typeof f });
  const user = f as Callable;
  if (batchSize !== undefined && (!Number.isInteger(batchSize) || batchSize < 1))
    throw new ArgumentError({ op, expected: "batchSize from 1 on", got: String(batchSize) });
  const { leaves, def } = leavesOf(xs, op),
    length = lengthOf(op, { leaves, def }, undefined);
  const mapped = (g: Callable, ys: readonly Value[]): unknown =>
    (run(mapBody(g), null, rebuild(def, ys, op)) as readonly unknown[])[1];
  if (batchSize === undefined || batchSize === 1) return mapped(user, leaves);
  const batches = Math.floor(length / batchSize),
    whole = batches * batchSize,
    many = vmapped(user);
  const rest = (): unknown => many(rebuild(def, parts(leaves, whole, length), op));
  if (batches === 0 && length > 0) return rest();
  const grouped = parts(leaves, 0, whole).map((x) => reshape(x, [batches, batchSize, ...x.shape.slice(1)]));
  const out = leavesOf(mapped(many, grouped), op),
    flat = out.leaves.map((y) => reshape(y, [whole, ...y.shape.slice(2)]));
  const tail = whole === length ? null : leavesOf(rest(), op).leaves;
  return rebuild(out.def, tail === null ? flat : flat.map((y, i) => concatenate([y, tail[i] as Value], 0)), op);
};
/** A function made of another one, the same one every time. */
const derived = (make: (f: Callable) => Callable): ((f: Callable) => Callable) => {
  const known = new WeakMap<Callable, Callable>();
  return (f) => {
    const made = known.get(f) ?? make(f);
    known.set(f, made);
    return made;
  };
};
const mapBody = derived((f) => (_carry, x) => [null, f(x)]);
const vmapped = derived((f) => vmap(f as (x: never) => unknown) as Callable);

/** Both forms of `map`. */
export interface MapOver {
  <X, Y>(f: (x: Slices<X>) => Y, xs: X, options?: MapOptions): Arrays<Y>;
  <X, Y>(f: (x: X) => Y): (xs: X, options?: MapOptions) => Arrays<Y>;
}
/**
 * `f` of every slice of the first axis of `xs`, one after the other, stacked: the results of `vmap(f)` with the memory of one call; `batchSize`
 * slices at once are quicker. `map(f)(xs)` does too. Throws ShapeError if the xs have several lengths.
 * @example
 * lax.map((x) => x.mul(x), np.array([1, 2, 3])) // => [1 4 9]
 * lax.map((x) => x.sum(), np.array([[1, 2], [3, 4], [5, 6]]), { batchSize: 2 }) // => [3 7 11]
 */
export const map: MapOver = ((...args: readonly [unknown, unknown?, MapOptions?]) =>
  args.length === 1 ? (xs: unknown, options?: MapOptions) => runMap(args[0], xs, options) : runMap(...args)) as MapOver;
