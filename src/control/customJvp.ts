// customJvp: a function whose forward derivative the user gives. Reverse mode follows, since the rule is linear in the tangents.
import { lift } from "../core/lift.ts";
import { ArgumentError, TreeError } from "../core/errors.ts";
import { flatten, unflatten } from "../core/tree.ts";
import type { Value } from "../core/value.ts";
import { add } from "../primitives/elementwise.ts";
import { combinator } from "../transforms/combinator.ts";
import { type Callable, call } from "../transforms/leaves.ts";
import { tangentsFor, tangentTree } from "../transforms/prefix.ts";
import type { Arrays, Fn, NoOptions, Tangents } from "../transforms/types.ts";
import {
  checkRule,
  heldArguments,
  type NondiffOptions,
  noRule,
  perSignature,
  type Signature,
  splitOperands,
} from "./customArguments.ts";
import { callWithRule, likeResults } from "./customCall.ts";
import { customJvpP, type JvpRule } from "./customJvpPrimitive.ts";

/** A result and its tangent. */
type Pair<R> = readonly [R, Tangents<R>];
/** Rules of functions that have arguments without derivative are not checked by the compiler. */
type Rule<F extends Fn, O> = O extends { readonly nondiffArgnums: unknown }
  ? (...args: never[]) => readonly [unknown, unknown]
  : (primals: Arrays<Parameters<F>>, tangents: Arrays<Parameters<F>>) => Pair<ReturnType<F>>;
/** A function like F with a place for its rule. */
export type CustomJvp<F extends Fn, O = NoOptions> = F & {
  /**
   * Give the rule: `(primals, tangents) -> [result, tangent of the result]`, linear in the tangents; zeros are arrays of zeros, integers have
   * null. With nondiffArgnums those arguments come first. Returns the function.
   */
  readonly defjvp: (rule: Rule<F, O>) => CustomJvp<F, O>;
  /** Give a rule per argument, `(tangent, result, ...primals) -> its part of the tangent`, or null for none; the parts are added up. */
  readonly defjvps: (
    ...rules: readonly (((tangent: never, result: never, ...primals: never[]) => unknown) | null)[]
  ) => CustomJvp<F, O>;
};

/** The user's rule on operands. */
const flatRule =
  (user: Callable, s: Signature, op: string): JvpRule =>
  (ins, tangents, results) => {
    const { held, given } = splitOperands(s, ins),
      along = splitOperands(s, tangents).given;
    const dx = tangentTree(
      s.def,
      given.map((v) => v.aval),
      along,
      op,
    );
    const out = call(user, [...heldArguments(s, held), unflatten(s.def, given), dx], op);
    if (!Array.isArray(out) || out.length !== 2)
      throw new TreeError({
        op,
        expected: "a rule that returns [result, tangent]",
        got: Array.isArray(out) ? `a list of ${out.length}` : "something else",
      });
    return [likeResults(op, "result", out[0], results), tangentsFor(results.def, results.avals, out[1], op, "tangent")];
  };

/** One rule from a rule for each argument. */
const summed =
  (f: Callable, rules: readonly (Callable | null)[], held: number, op: string): Callable =>
  (...args) => {
    const fixed = args.slice(0, held),
      primals = args[held] as readonly unknown[],
      tangents = args[held + 1] as readonly unknown[];
    const positional = [...primals];
    const result = f(...fixed, ...positional),
      [leaves, def] = flatten(result, op),
      values = leaves.map((x) => lift(x, op));
    let sum: readonly (Value | null)[] = values.map(() => null);
    rules.forEach((rule, i) => {
      const t = tangents[i];
      if (rule === null || t === null || t === undefined) return;
      const part = tangentsFor(
        def,
        values.map((v) => v.aval),
        rule(t, result, ...fixed, ...primals),
        op,
        `the tangent from rule ${i}`,
      );
      sum = sum.map((a, k) => {
        const b = part[k] ?? null;
        return a === null ? b : b === null ? a : add(a, b);
      });
    });
    return [
      result,
      tangentTree(
        def,
        values.map((v) => v.aval),
        sum,
        op,
      ),
    ];
  };

const make = (f: Callable, options: NondiffOptions): Callable => {
  const op = `customJvp(${f.name === "" ? "f" : f.name})`;
  let rule: Callable | null = null,
    rules = perSignature((s) => flatRule(rule as Callable, s, op));
  const apply = (...args: readonly unknown[]): unknown => {
    if (rule === null) return noRule(op, "defjvp(rule)");
    return callWithRule(customJvpP, f, args, options, op, (s) => ({ rule: rules(s) }));
  };
  const give = (r: Callable): unknown => {
    rule = r;
    rules = perSignature((s) => flatRule(r, s, op));
    return apply;
  };
  return Object.assign(apply, {
    defjvp: (r: unknown) => {
      checkRule(r, `${op}.defjvp`);
      return give(r as Callable);
    },
    defjvps: (...each: readonly (Callable | null)[]) => {
      for (const r of each) if (r !== null) checkRule(r, `${op}.defjvps`);
      const { nondiffArgnums = [] } = options,
        held = typeof nondiffArgnums === "number" ? 1 : nondiffArgnums.length;
      if (held > 0 && Math.max(...[nondiffArgnums].flat()) >= held)
        throw new ArgumentError({
          op: `${op}.defjvps`,
          expected: "arguments without derivative to come first",
          got: `nondiffArgnums ${JSON.stringify(nondiffArgnums)}`,
          remedy: "use defjvp",
        });
      return give(summed(apply, each, held, op));
    },
  });
};

/** Both forms of `customJvp`. */
export interface CustomJvpOf {
  <F extends Fn, const O extends NondiffOptions = NoOptions>(f: F, options?: O): CustomJvp<F, O>;
  <const O extends NondiffOptions = NoOptions>(options?: O): <F extends Fn>(f: F) => CustomJvp<F, O>;
}
/**
 * `f` with a forward derivative of its own: `defjvp` gives the rule that maps arguments and tangents to the result and its tangent. Reverse mode
 * transposes it, and higher orders differentiate it. Works under every transform. Called without a function it gives a combinator. When called it throws
 * ArgumentError without a rule, TreeError, ShapeError or DTypeError naming the leaf where the rule does not fit the function, TraceError if something is
 * differentiated that it closes over.
 * @example
 * const log1pexp = customJvp((x: NDArray) => np.log(np.add(1, np.exp(x))));
 * log1pexp.defjvp(([x], [dx]) => [log1pexp(x), np.multiply(np.subtract(1, np.divide(1, np.add(1, np.exp(x)))), dx)]);
 * grad(log1pexp)(np.array(0)) // => 0.5
 */
export const customJvp: CustomJvpOf = ((f?: unknown, options?: unknown) =>
  combinator<NondiffOptions>("customJvp", make, f, options, {})) as CustomJvpOf;
