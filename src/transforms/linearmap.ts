// Linear maps: `linearize` makes one of a function at a point, `linearTranspose` turns one around.
import { eitherOrder } from "./combinator.ts";
import { avalsOf, checkFloating, flattened, leavesOf, listed, rebuild } from "./leaves.ts";
import { linearizeFlat, pushLinear } from "./linearize.ts";
import { tangentsFor, tangentTree } from "./prefix.ts";
import { traceJaxpr } from "./trace.ts";
import { backwardPass } from "./transpose.ts";
import type { Abstract, Arrays, AuxOptions, Fn, Loose, Main, NoOptions, Second, Tangents, WithAux } from "./types.ts";

/** The derivative at a point: from tangents of the arguments (null stands for zeros) to the tangent of the result. */
export type Push<F extends Fn, O> = (
  ...tangents: Extract<Tangents<Parameters<F>>, readonly unknown[]>
) => Main<ReturnType<F>, O>;
/** What `linearize` gives. */
export type Linearized<F extends Fn, O> = WithAux<
  O,
  [Main<ReturnType<F>, O>, Push<F, O>, Second<ReturnType<F>>],
  [Main<ReturnType<F>, O>, Push<F, O>]
>;
/** Both forms of `linearize`. */
export interface Linearize {
  <F extends Fn, const O extends AuxOptions = NoOptions>(
    f: F,
    primals: Loose<Parameters<F>>,
    options?: O,
  ): Linearized<F, O>;
  <const O extends AuxOptions = NoOptions>(
    primals: readonly unknown[],
    options?: O,
  ): <F extends Fn>(f: F) => Linearized<F, O>;
}

/**
 * `[f(x), dx -> df/dx dx]`: the value of `f` at the list `primals` and its derivative there, which repeats nothing that does
 * not depend on the tangents; it takes one tangent for each argument. With `hasAux` `[f(x), push, aux]`.
 * `linearize(primals)(f)` does too. Throws as `jvp` does.
 * @example
 * const [value, push] = linearize((x: NDArray) => np.square(x), [3]);
 * value // => 9
 * push(10) // => 60
 */
export const linearize = eitherOrder("linearize", (f, primals, options) => {
  const op = "linearize",
    hasAux = (options as AuxOptions | undefined)?.hasAux === true;
  const point = listed(primals, op, "primals", leavesOf),
    flat = flattened(f, point.rebuild, op, hasAux);
  const [values, linear] = linearizeFlat(flat.flat, point.leaves, op, flat.count);
  const n = flat.count(),
    def = flat.def();
  const inAvals = point.leaves.map((v) => v.aval),
    outAvals = values.slice(0, n).map((v) => v.aval);
  const push = (...tangents: readonly unknown[]): unknown =>
    tangentTree(def, outAvals, pushLinear(linear, tangentsFor(point.def, inAvals, tangents, op, "tangents")), op);
  const out = rebuild(def, values.slice(0, n), op);
  return hasAux ? [out, push, flat.aux(values.slice(n))] : [out, push];
}) as Linearize;

/** The transpose of F: from a cotangent like its result to the list of cotangents of its arguments. */
export type Transposed<F extends Fn> = (cotangent: Tangents<Arrays<ReturnType<F>>>) => Arrays<Parameters<F>>;
/** Both forms of `linearTranspose`. */
export interface LinearTranspose {
  <F extends Fn>(f: F, examples: Abstract<Parameters<F>>): Transposed<F>;
  (examples: readonly unknown[]): <F extends Fn>(f: F) => Transposed<F>;
}

/**
 * The transpose of the linear function `f`: `A x` becomes `ct -> A^T ct`, a list with one cotangent for each argument. Of
 * `examples` only shapes and dtypes matter; `{ shape, dtype }` does too. `linearTranspose(examples)(f)` does too. Throws
 * DTypeError for integer examples, TraceError (when called) where `f` is not linear, TreeError where the cotangent does not fit.
 * @example
 * const f = (x: NDArray) => np.multiply(3, np.sum(x));
 * linearTranspose(f, [{ shape: [2], dtype: "float32" }])(5) // => [[15 15]]
 */
export const linearTranspose = eitherOrder("linearTranspose", (f, examples) => {
  const op = "linearTranspose",
    given = listed(examples, op, "examples", avalsOf);
  checkFloating(given, op, "examples", 'convert it with astype("float32")');
  const flat = flattened(f, given.rebuild, op),
    { jaxpr, consts } = traceJaxpr(flat.flat, given.leaves, op);
  const def = flat.def(),
    outAvals = jaxpr.outs.map((a) => a.aval);
  return (cotangent: unknown): unknown => {
    const cts = tangentsFor(def, outAvals, cotangent, op, "cotangent");
    const all = backwardPass(jaxpr, [...consts, ...given.leaves.map(() => null)], cts);
    return tangentTree(given.def, given.leaves, all.slice(consts.length), op);
  };
}) as LinearTranspose;
