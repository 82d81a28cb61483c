// pureCallback: the result of a function of JavaScript inside a program.
import { callbackP, type VmapMethod } from "../control/callback.ts";
import { type Aval, sameShape, showAval, sizeOf } from "../core/aval.ts";
import { ArgumentError, DTypeError, ShapeError, TreeError } from "../core/errors.ts";
import { bindCall } from "../core/trace.ts";
import { flatten, showDef, type TreeDef, unflatten } from "../core/tree.ts";
import { Value } from "../core/value.ts";
import { reshape } from "../primitives/linear.ts";
import { avalsOf, call, type Callable, leafPath, leavesOf, rebuild } from "../transforms/leaves.ts";
import type { Arrays } from "../transforms/types.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";

/** What `pureCallback` can be told. */
export interface PureCallbackOptions {
  /**
   * What vmap does: call `f` for one example after the other (`sequential`, the default), or once for all, with a first axis on
   * every operand: of extent 1 where an operand has no batch (`expandDims`), or repeated (`broadcastAll`).
   */
  readonly vmapMethod?: VmapMethod;
}
const methods: readonly unknown[] = ["sequential", "expandDims", "broadcastAll"] satisfies readonly VmapMethod[];
/** The kinds of arrays that a tree of `{ shape, dtype }` or of arrays speaks of. */
export type ResultOf<S> = S extends { readonly shape: readonly number[]; readonly dtype: string }
  ? NDArray
  : { readonly [K in keyof S]: ResultOf<S[K]> };

/** Options in the last place: an object with nothing but the name of a method is no tree of arrays. */
const optionsIn = (args: readonly unknown[]): PureCallbackOptions | null => {
  const last = args.at(-1);
  return typeof last === "object" && last !== null && Object.keys(last).join() === "vmapMethod" ? last : null;
};

const op = "pureCallback";
/** One result as an array of its kind: lists and typed arrays take dtype and shape, arrays must have them. */
const resultAs = (x: unknown, want: Aval, path: string): Value => {
  const v = asArray(x as ArrayLike, op, x instanceof Value ? undefined : want.dtype);
  if (v.dtype !== want.dtype)
    throw new DTypeError({
      op: `${op}: ${path}`,
      expected: `${showAval(want)}, as resultShape says`,
      got: `${showAval(v.aval)} from the function`,
      remedy: `convert it with astype("${want.dtype}"), or say so in resultShape`,
    });
  if (sameShape(v.shape, want.shape)) return v;
  if (ArrayBuffer.isView(x) && v.size === sizeOf(want.shape)) return reshape(v, want.shape);
  throw new ShapeError({
    op: `${op}: ${path}`,
    expected: `${showAval(want)}, as resultShape says`,
    got: `${showAval(v.aval)} from the function`,
    remedy: "resultShape and what the function returns must agree; under vmap the batch comes first",
  });
};
/** The leaves of a result of the structure `def`, at whose leaves lists may stand for arrays. */
const leavesLike = (def: TreeDef, x: unknown): readonly unknown[] => {
  const out: unknown[] = [];
  const go = (d: TreeDef, y: unknown): void => {
    if (d.kind === "leaf") out.push(y);
    else if (d.kind === "list" && Array.isArray(y) && y.length === d.children.length)
      d.children.forEach((c, i) => {
        go(c, y[i]);
      });
    else if (d.kind === "record" && typeof y === "object" && y !== null && d.keys.every((k) => k in y))
      d.children.forEach((c, i) => {
        go(c, (y as Readonly<Record<string, unknown>>)[d.keys[i] as string]);
      });
    else if (d.kind !== "none")
      throw new TreeError({
        op,
        expected: `a result of the structure ${showDef(def)}, as resultShape says`,
        got: typeof y === "object" && y !== null ? showDef(flatten(x, op)[1]) : String(y),
      });
  };
  go(def, x);
  return out;
};

/**
 * `f(...args)` computed by JavaScript, also inside jit, loops and vmap: `f` gets concrete arrays and returns arrays, typed arrays or
 * lists of the kinds that `resultShape` says, a tree of `{ shape, dtype }` or of arrays. It must be pure: it may be called several times
 * or not at all. No derivative goes through it (use customJvp). Options stand last: `{ vmapMethod }`. Throws ShapeError, DTypeError or
 * TreeError if the result is of another kind, TraceError if `f` is asynchronous.
 * @example
 * const half = jit((x: NDArray) => pureCallback((y) => y.js().map((v) => v / 2), { shape: [2], dtype: "float32" }, x));
 * half(np.array([1, 2])) // => [0.5 1]
 */
export const pureCallback = <A extends readonly unknown[], S>(
  f: (...args: { readonly [K in keyof A]: Arrays<A[K]> }) => unknown,
  resultShape: S,
  ...args: readonly [...A, PureCallbackOptions] | readonly [...A]
): ResultOf<S> => {
  if (typeof f !== "function") throw new ArgumentError({ op, expected: "a function", got: typeof f });
  const options = optionsIn(args),
    method = options?.vmapMethod ?? "sequential";
  if (!methods.includes(method))
    throw new ArgumentError({ op, expected: `a vmapMethod among ${methods.join(", ")}`, got: JSON.stringify(method) });
  const { leaves: outs, def: out } = avalsOf(resultShape, op),
    { leaves, def } = leavesOf(options === null ? args : args.slice(0, -1), op);
  const flat = (ins: readonly Value[], wanted: readonly Aval[]): readonly Value[] => {
    const result = call(f as unknown as Callable, unflatten(def, ins) as readonly unknown[], op);
    return leavesLike(out, result).map((x, i) => resultAs(x, wanted[i] as Aval, leafPath(out, i, "result")));
  };
  return rebuild(
    out,
    bindCall(callbackP, leaves, { name: op, f: flat, outs, effect: false, method }),
    op,
  ) as ResultOf<S>;
};
