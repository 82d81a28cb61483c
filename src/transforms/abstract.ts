// Functions run on shapes alone: `makeJaxpr` shows the program, `evalShape` the shape of the result.
import type { Aval } from "../core/aval.ts";
import type { ClosedJaxpr } from "../core/jaxpr.ts";
import { showJaxpr } from "../core/print.ts";
import { unflatten } from "../core/tree.ts";
import { combinator, eitherOrder } from "./combinator.ts";
import { avalsOf, type Callable, type Flattened, flattened, listed, positions } from "./leaves.ts";
import { traceJaxpr } from "./trace.ts";
import type { Abstract, Avals, Fn } from "./types.ts";

/** Trace `f` at arguments that are arrays or `{ shape, dtype }`, but for those at the positions `fixed`. */
const trace = (
  f: Callable,
  args: readonly unknown[],
  fixed: readonly number[],
  op: string,
): readonly [ClosedJaxpr, Flattened] => {
  const given = listed(
    args.filter((_, i) => !fixed.includes(i)),
    op,
    "args",
    avalsOf,
  );
  const flat = flattened(
    f,
    (leaves) => {
      const own = given.rebuild(leaves);
      let k = 0;
      return args.map((x, i) => (fixed.includes(i) ? x : own[k++]));
    },
    op,
  );
  return [traceJaxpr(flat.flat, given.leaves, op), flat];
};

/** A jaxpr with its constants; it prints as its text. */
export interface PrintableJaxpr extends ClosedJaxpr {
  readonly toString: () => string;
}
/** Options of `makeJaxpr`. */
export interface MakeJaxprOptions {
  /** Positions of arguments that are no arrays. */
  readonly staticArgnums?: number | readonly number[];
}
/** The type of `makeJaxpr(f)`. */
export type JaxprMaker<F extends Fn> = (
  ...args: Extract<Abstract<Parameters<F>>, readonly unknown[]>
) => PrintableJaxpr;
/** Both forms of `makeJaxpr`. */
export interface MakeJaxpr {
  <F extends Fn>(f: F, options?: MakeJaxprOptions): JaxprMaker<F>;
  (options?: MakeJaxprOptions): <F extends Fn>(f: F) => JaxprMaker<F>;
}
const makeJaxprOf =
  (f: Callable, { staticArgnums = [] }: MakeJaxprOptions): Callable =>
  (...args) => {
    const op = "makeJaxpr",
      [closed] = trace(f, args, positions(staticArgnums, args.length, op), op);
    const out: PrintableJaxpr = { ...closed, toString: () => showJaxpr(closed) };
    return Object.defineProperty(out, "toString", { enumerable: false });
  };
/**
 * The function that gives the program of `f` for arguments of these shapes and dtypes: `{ shape, dtype }` stands for an array.
 * Arrays that `f` closes over are its constants. Throws TraceError if `f` looks at values or is asynchronous.
 * @example
 * const f = (x: NDArray) => np.multiply(np.sin(x), 2);
 * makeJaxpr(f)({ shape: [], dtype: "float32" }) // => { lambda a:f32[] . let b:f32[] = sin a; c:f32[] = mul b 2.0:f32 in ( c ) }
 */
export const makeJaxpr: MakeJaxpr = ((f?: unknown, options?: unknown) =>
  combinator<MakeJaxprOptions>("makeJaxpr", makeJaxprOf, f, options, {})) as MakeJaxpr;

/** Both forms of `evalShape`. */
export interface EvalShape {
  <F extends Fn>(f: F, ...args: Extract<Abstract<Parameters<F>>, readonly unknown[]>): Avals<ReturnType<F>>;
  (...args: readonly unknown[]): <F extends Fn>(f: F) => Avals<ReturnType<F>>;
}
/**
 * Shapes and dtypes of the result of `f`, without computing anything: a tree like the result with `{ shape, dtype }` at its
 * leaves. Arguments may be `{ shape, dtype }` too. `evalShape(...args)(f)` does too. Throws as `makeJaxpr` does.
 * @example
 * const f = (x: NDArray, y: NDArray) => np.matmul(x, y);
 * evalShape(f, { shape: [2, 3], dtype: "float32" }, { shape: [3, 5], dtype: "float32" }) // => { dtype: float32, shape: [2, 5] }
 */
export const evalShape = eitherOrder("evalShape", (f, ...args) => {
  const [{ jaxpr }, flat] = trace(f, args, [], "evalShape");
  const avals = jaxpr.outs.map(({ aval: { dtype, shape } }): Aval => ({ dtype, shape }));
  return unflatten(flat.def(), avals);
}) as EvalShape;
