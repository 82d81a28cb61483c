// customGradient: a function that gives its value together with its backward rule; and closureConvert, which makes arguments of what a
// function closes over.
import { atFlags } from "../transforms/flags.ts";
import { isFloating } from "../core/dtype.ts";
import { TreeError } from "../core/errors.ts";
import { flattenLike, type TreeDef } from "../core/tree.ts";
import { Tracer, type Value } from "../core/value.ts";
import { lift } from "../core/lift.ts";
import { zerosOf } from "../primitives/linear.ts";
import { combinator } from "../transforms/combinator.ts";
import { avalsOf, type Callable, call, flattened, listed, rebuild } from "../transforms/leaves.ts";
import { tangentsFor, tangentTree } from "../transforms/prefix.ts";
import { evalJaxpr, traceJaxpr } from "../transforms/trace.ts";
import type { Abstract, Arrays, Fn, Tangents } from "../transforms/types.ts";
import { allArguments, perSignature, type Signature, splitOperands } from "./customArguments.ts";
import { callWithRule, likeResults } from "./customCall.ts";
import { customVjpP, type ForwardRule } from "./customVjpPrimitive.ts";

const pairOf = (op: string, out: unknown): readonly [unknown, Callable] => {
  if (!Array.isArray(out) || out.length !== 2 || typeof out[1] !== "function")
    throw new TreeError({
      op,
      expected: "a function that returns [value, pullback]",
      got: Array.isArray(out) ? `a list of ${out.length}` : "something else",
    });
  return out as unknown as readonly [unknown, Callable];
};

/** The rule that a call gives, on operands; what the pullback closes over are the residuals. */
const flatRule =
  (f: Callable, s: Signature, op: string): ForwardRule =>
  (ins, results) => {
    const { held, given } = splitOperands(s, ins),
      avals = given.map((v) => v.aval);
    const [out, pullback] = pairOf(op, call(f, allArguments(s, [...held, ...given]), op)),
      real = results.avals.filter((a) => isFloating(a.dtype));
    const { jaxpr, consts } = traceJaxpr(
      (...cts) => {
        const all = atFlags(
          results.avals.map((a) => isFloating(a.dtype)),
          cts,
        );
        const back = call(pullback, [tangentTree(results.def, results.avals, all, op)], op);
        const found = tangentsFor(s.def, avals, Array.isArray(back) ? back : [back], op, "cotangents");
        return found.flatMap((c, i) => {
          const a = avals[i] as Value["aval"];
          return isFloating(a.dtype) ? [c ?? zerosOf(a)] : [];
        });
      },
      real,
      op,
    );
    return {
      outs: likeResults(op, "value", out, results),
      residuals: consts,
      back: (residuals, cts) => evalJaxpr(jaxpr, [...residuals, ...cts]),
    };
  };

const make = (f: Callable): Callable => {
  const op = `customGradient(${f.name === "" ? "f" : f.name})`,
    value: Callable = (...args) => pairOf(op, call(f, args, op))[0],
    rules = perSignature((s) => flatRule(f, s, op));
  return (...args) => callWithRule(customVjpP, value, args, {}, op, (s) => ({ forward: rules(s) }));
};

/** The type of `customGradient(f)`. */
export type WithGradient<F> = F extends (...args: infer A) => readonly [infer R, unknown]
  ? (...args: A) => Arrays<R>
  : never;
/** Both forms of `customGradient`. */
export interface CustomGradient {
  <A extends readonly unknown[], R>(
    f: (...args: A) => readonly [R, (cotangent: Arrays<R>) => Tangents<A> | Tangents<A[0]>],
  ): (...args: A) => Arrays<R>;
  (): <F extends Fn>(f: F) => WithGradient<F>;
}
/**
 * A function from one that returns `[value, pullback]`: `pullback(cotangent)` gives the list of cotangents of the arguments (a single one may stand without
 * list), and may close over whatever the function computed. Forward mode throws TraceError. Called without a function it gives a combinator. Throws
 * TreeError where results do not fit.
 * @example
 * const f = customGradient((x: NDArray) => [np.square(x), (ct: NDArray) => [np.multiply(ct, x)]]);
 * grad(f)(np.array(3)) // => 3
 */
export const customGradient: CustomGradient = ((f?: unknown) =>
  combinator<object>("customGradient", make, f, undefined, {})) as CustomGradient;

/**
 * `[g, hoisted]`: `g(...args, ...hoisted)` is `f(...args)`, where `hoisted` lists the traced arrays that `f` closes over. So rules can be given for
 * functions of functions: what is differentiated has to come in by arguments. Of `examples` only shapes and dtypes matter. Throws TreeError where the
 * arguments of `g` are not like the examples.
 * @example
 * const [g, hoisted] = closureConvert((x: NDArray) => np.sin(x), np.array(1));
 * hoisted // => []
 * g(np.array(0)) // => 0
 */
export const closureConvert = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...examples: Extract<Abstract<A>, readonly unknown[]>
): readonly [converted: (...args: [...A, ...Value[]]) => Arrays<R>, hoisted: readonly Value[]] => {
  const op = "closureConvert",
    given = listed(examples, op, "examples", avalsOf),
    flat = flattened(f as unknown as Callable, given.rebuild, op);
  const { jaxpr, consts } = traceJaxpr(flat.flat, given.leaves, op),
    out: TreeDef = flat.def();
  const hoist = consts.map((c) => c instanceof Tracer),
    hoisted = consts.filter((_, i) => hoist[i]);
  const converted = (...args: readonly unknown[]): unknown => {
    const own = flattenLike(given.def, args.slice(0, examples.length), op, "args").map((x) => lift(x, op)),
      rest = args.slice(examples.length);
    if (rest.length !== hoisted.length)
      throw new TreeError({
        op,
        expected: `${examples.length} arguments and ${hoisted.length} hoisted values`,
        got: `${args.length} arguments`,
      });
    let k = 0;
    const all = consts.map((c, i) => (hoist[i] ? lift(rest[k++], op) : c));
    return rebuild(out, evalJaxpr(jaxpr, [...all, ...own]), op);
  };
  return [converted as (...args: [...A, ...Value[]]) => Arrays<R>, hoisted];
};
