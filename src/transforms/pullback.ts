// Reverse mode at a point: `vjp`, the value and the map from cotangents of the result to cotangents of the arguments.
import { eitherOrder } from "./combinator.ts";
import { flattened, leavesOf, listed, rebuild } from "./leaves.ts";
import { linearizeFlat, pullLinear } from "./linearize.ts";
import { tangentsFor, tangentTree } from "./prefix.ts";
import type { Arrays, AuxOptions, Fn, Loose, Main, NoOptions, Second, Tangents, WithAux } from "./types.ts";

/** From a cotangent like the result (null stands for zeros) to the list of cotangents of the arguments. */
export type Pullback<F extends Fn, O> = (cotangent: Tangents<Main<ReturnType<F>, O>>) => Arrays<Parameters<F>>;
/** What `vjp` gives. */
export type Pulled<F extends Fn, O> = WithAux<
  O,
  [Main<ReturnType<F>, O>, Pullback<F, O>, Second<ReturnType<F>>],
  [Main<ReturnType<F>, O>, Pullback<F, O>]
>;
/** Both forms of `vjp`. */
export interface Vjp {
  <F extends Fn, const O extends AuxOptions = NoOptions>(
    f: F,
    primals: Loose<Parameters<F>>,
    options?: O,
  ): Pulled<F, O>;
  <const O extends AuxOptions = NoOptions>(
    primals: readonly unknown[],
    options?: O,
  ): <F extends Fn>(f: F) => Pulled<F, O>;
}

/**
 * `[f(x), ct -> ct df/dx]`: the value of `f` at the list `primals` and the pullback, which takes a cotangent with the structure
 * of the result (null stands for zeros) and gives the list of cotangents of the arguments (null for integers). With `hasAux`
 * `[f(x), pullback, aux]`. `vjp(primals)(f)` does too. Throws ArgumentError if `primals` is no list, TraceError if `f` is
 * asynchronous; the pullback throws TreeError where the cotangent does not fit.
 * @example
 * const f = (x: NDArray, y: NDArray) => np.multiply(x, np.square(y));
 * const [value, pullback] = vjp(f, [3, 2]);
 * value // => 12
 * pullback(1) // => [4, 12]
 */
export const vjp = eitherOrder("vjp", (f, primals, options) => {
  const op = "vjp",
    hasAux = (options as AuxOptions | undefined)?.hasAux === true;
  const point = listed(primals, op, "primals", leavesOf),
    flat = flattened(f, point.rebuild, op, hasAux);
  const [values, linear] = linearizeFlat(flat.flat, point.leaves, op, flat.count);
  const n = flat.count(),
    def = flat.def();
  const outAvals = values.slice(0, n).map((v) => v.aval),
    inAvals = point.leaves.map((v) => v.aval);
  const pullback = (cotangent: unknown): unknown =>
    tangentTree(point.def, inAvals, pullLinear(linear, tangentsFor(def, outAvals, cotangent, op, "cotangent")), op);
  const out = rebuild(def, values.slice(0, n), op);
  return hasAux ? [out, pullback, flat.aux(values.slice(n))] : [out, pullback];
}) as Vjp;
