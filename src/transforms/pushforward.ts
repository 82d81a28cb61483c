// Forward mode at a point: `jvp`, the value and the derivative along a tangent.
import type { Value } from "../core/value.ts";
import { eitherOrder } from "./combinator.ts";
import { jvpFlat } from "./jvp.ts";
import { flattened, leavesOf, listed, rebuild } from "./leaves.ts";
import { tangentsFor, tangentTree } from "./prefix.ts";
import type { AuxOptions, Fn, Loose, Main, NoOptions, Second, Tangents, WithAux } from "./types.ts";

const avalOf = (v: Value): Value["aval"] => v.aval;

/** What `jvp` gives. */
export type Pushed<F extends Fn, O> = WithAux<
  O,
  [Main<ReturnType<F>, O>, Main<ReturnType<F>, O>, Second<ReturnType<F>>],
  [Main<ReturnType<F>, O>, Main<ReturnType<F>, O>]
>;
/** Both forms of `jvp`. */
export interface Jvp {
  <F extends Fn, const O extends AuxOptions = NoOptions>(
    f: F,
    primals: Loose<Parameters<F>>,
    tangents: Tangents<Parameters<F>>,
    options?: O,
  ): Pushed<F, O>;
  <const O extends AuxOptions = NoOptions>(
    primals: readonly unknown[],
    tangents: readonly unknown[],
    options?: O,
  ): <F extends Fn>(f: F) => Pushed<F, O>;
}

/**
 * `[f(x), df/dx dx]`: the value of `f` at the list `primals` and its derivative along the list `tangents`, which has the same
 * structure (null stands for zeros). With `hasAux` `[f(x), df/dx dx, aux]`. Integers have no tangent: theirs is null.
 * `jvp(primals, tangents)(f)` does too. Throws ArgumentError if an argument is no list, TreeError where tangents do not fit,
 * DTypeError for the tangent of an integer, TraceError if `f` is asynchronous.
 * @example
 * const f = (x: NDArray, y: NDArray) => np.multiply(x, np.square(y));
 * jvp(f, [3, 2], [1, 0]) // => [12, 4]
 * jvp([3, 2], [0, 1])(f) // => [12, 12]
 */
export const jvp = eitherOrder("jvp", (f, primals, tangents, options) => {
  const op = "jvp",
    hasAux = (options as AuxOptions | undefined)?.hasAux === true;
  const point = listed(primals, op, "primals", leavesOf),
    flat = flattened(f, point.rebuild, op, hasAux);
  const along = tangentsFor(point.def, point.leaves.map(avalOf), tangents, op, "tangents");
  const [values, pushed] = jvpFlat(flat.flat, point.leaves, along, op);
  const n = flat.count(),
    outs = values.slice(0, n);
  const result = [rebuild(flat.def(), outs, op), tangentTree(flat.def(), outs.map(avalOf), pushed, op)];
  return hasAux ? [...result, flat.aux(values.slice(n))] : result;
}) as Jvp;
