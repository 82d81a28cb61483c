// Vectorization for users: `vmap` maps a function over an axis of its arguments.
import { showAval } from "../core/aval.ts";
import { ArgumentError, ShapeError, TreeError } from "../core/errors.ts";
import { type TreeDef, unflatten } from "../core/tree.ts";
import type { Value } from "../core/value.ts";
import { without } from "../primitives/linear.ts";
import { combinator } from "./combinator.ts";
import { type Callable, flattened, leafPath, leavesOf, rebuild } from "./leaves.ts";
import { spread } from "./prefix.ts";
import type { Arrays, Fn, Mapped, NoOptions } from "./types.ts";
import { type Axis, placeAxis, vmapFlat } from "./vmap.ts";

/** Axes of the leaves of a tree: a number or null speaks for the whole subtree at its place. */
export type AxisTree = number | null | readonly AxisTree[] | { readonly [key: string]: AxisTree };
/** Axes of arguments: one for all, or a list with a tree for each argument. */
export type InAxes = number | null | readonly AxisTree[];
/** Options of `vmap`. */
export interface VmapOptions {
  /** Which axes are mapped, 0 everywhere by default; null for what is the same in every call. Negative ones count from the end. */
  readonly inAxes?: InAxes;
  /** Where the mapped axis goes in the results, 0 by default; null for results that do not depend on it. */
  readonly outAxes?: AxisTree;
  /** The name by which collectives (`lax.psum`) know the axis. */
  readonly axisName?: string;
  /** Its extent, needed where no argument is mapped. */
  readonly axisSize?: number;
}
/** The function over a batch; a function of arrays keeps its type. */
export type Vmapped<F> = F extends (...args: infer A) => infer R ? (...args: Mapped<A>) => Arrays<R> : never;

const op = "vmap";
const isAxes = (x: unknown): x is InAxes => x === null || typeof x === "number" || Array.isArray(x);
const isOptions = (x: unknown): x is VmapOptions | InAxes => isAxes(x) || typeof x === "object";

/** An axis counted from 0 of a leaf with `rank` axes, or null. */
const axisAt = (given: unknown, rank: number, what: () => string, complaint: () => string): Axis => {
  if (given === null) return null;
  if (typeof given !== "number" || !Number.isInteger(given))
    throw new ArgumentError({ op, expected: `${what()} to be an integer or null`, got: String(given) });
  if (given < -rank || given >= rank)
    throw new ShapeError({
      op,
      expected: `${what()} to be an axis of ${complaint()}`,
      got: String(given),
      remedy: "give null for what is not mapped",
    });
  return given < 0 ? given + rank : given;
};

/** The one extent of all mapped axes. */
const sizeOf = (
  leaves: readonly Value[],
  axes: readonly Axis[],
  def: TreeDef,
  axisSize: number | undefined,
): number => {
  if (axisSize !== undefined && (!Number.isInteger(axisSize) || axisSize < 0))
    throw new ArgumentError({ op, expected: "axisSize to be a length", got: String(axisSize) });
  let size = axisSize,
    first = `axisSize ${axisSize}`;
  leaves.forEach((v, i) => {
    const a = axes[i];
    if (a === null || a === undefined) return;
    const here = `${v.shape[a]} (axis ${a} of ${leafPath(def, i, "args")}, ${showAval(v.aval)})`;
    if (size === undefined) {
      size = v.shape[a] as number;
      first = here;
    } else if (size !== v.shape[a])
      throw new ShapeError({ op, expected: "one size for all mapped axes", got: `${first} and ${here}` });
  });
  if (size === undefined)
    throw new ArgumentError({
      op,
      expected: "a mapped argument, or axisSize",
      got: leaves.length === 0 ? "no array among the arguments" : "inAxes that are null for all arguments",
      remedy: "say how many results there are: vmap(f, { inAxes: null, axisSize: n })",
    });
  return size;
};

/** Bring the mapped axis of the i-th result to where `outAxes` wants it. */
const placed = (v: Value, at: Axis, want: unknown, i: number, def: TreeDef, size: number): Value => {
  const rank = v.shape.length + (at === null ? 1 : 0),
    name = (): string => leafPath(def, i, "result");
  const to = axisAt(
    want,
    rank,
    () => `outAxes for ${name()}`,
    () => `a batch of ${showAval({ dtype: v.dtype, shape: at === null ? v.shape : without(v.shape, [at]) })}`,
  );
  if (to !== null) return placeAxis(v, at, to, size);
  if (at !== null)
    throw new ArgumentError({
      op,
      expected: `${name()} not to depend on the mapped axis, since outAxes is null there`,
      got: "a result for each element of the axis",
      remedy: "give outAxes a number there",
    });
  return v;
};

const make =
  (f: Callable, given: VmapOptions | InAxes): Callable =>
  (...args) => {
    const { inAxes = 0, outAxes = 0, axisName, axisSize }: VmapOptions = isAxes(given) ? { inAxes: given } : given;
    const { leaves, def } = leavesOf(args, op);
    if (Array.isArray(inAxes) && inAxes.length !== args.length)
      throw new TreeError({
        op,
        expected: `inAxes with an entry for each of ${args.length} arguments`,
        got: `${inAxes.length} in [${inAxes.map(String).join(", ")}]`,
        remedy: "give null for an argument that is not mapped, or one number for all",
      });
    const axes = spread(inAxes, def, op, "inAxes").map((a, i) => {
      const v = leaves[i] as Value,
        name = leafPath(def, i, "args");
      return axisAt(
        a,
        v.shape.length,
        () => `inAxes for ${name}`,
        () => showAval(v.aval),
      );
    });
    const size = sizeOf(leaves, axes, def, axisSize);
    const flat = flattened(f, (xs) => unflatten(def, xs) as readonly unknown[], op);
    const [outs, at] = vmapFlat(flat.flat, leaves, axes, { size, name: axisName ?? null }, op);
    const result = flat.def(),
      wanted = spread(outAxes, result, op, "outAxes");
    return rebuild(
      result,
      outs.map((v, i) => placed(v, at[i] ?? null, wanted[i], i, result, size)),
      op,
    );
  };

/** Both forms of `vmap`. */
export interface Vmap {
  <F extends Fn>(f: F, options?: VmapOptions | InAxes): Vmapped<F>;
  (options?: VmapOptions | InAxes): <F extends Fn>(f: F) => Vmapped<F>;
}
/**
 * `f` over a batch: `f32[n] -> f32[m]` gives `f32[b, n] -> f32[b, m]`, in one go instead of a loop. `inAxes` and `outAxes` may be
 * trees cut short. Called without a function it gives a combinator. Throws ShapeError where sizes of mapped axes differ or there
 * is no such axis, TreeError where axes do not fit the arguments, ArgumentError where nothing is mapped and axisSize is missing.
 * @example
 * const dot = (x: NDArray, y: NDArray) => np.sum(np.multiply(x, y));
 * const rows = np.array([[1, 2], [3, 4]]);
 * vmap(dot)(rows, rows) // => [5 25]
 * vmap(dot, [0, null])(rows, np.array([1, 10])) // => [21 43]
 * vmap({ inAxes: [-1, null] })(dot)(rows, np.array([1, 10])) // => [31 42]
 */
export const vmap: Vmap = ((f?: unknown, options?: unknown) =>
  combinator<VmapOptions | InAxes>(op, make, f, options, {} satisfies NoOptions, isOptions)) as Vmap;
