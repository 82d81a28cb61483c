// customVjp: a function whose backward derivative the user gives.
import { atFlags } from "../transforms/flags.ts";
import { TreeError } from "../core/errors.ts";
import { isFloating } from "../core/dtype.ts";
import { unflatten } from "../core/tree.ts";
import type { Value } from "../core/value.ts";
import { combinator } from "../transforms/combinator.ts";
import { type Callable, call, leavesOf } from "../transforms/leaves.ts";
import { tangentsFor, tangentTree } from "../transforms/prefix.ts";
import type { Arrays, Fn, NoOptions, Tangents } from "../transforms/types.ts";
import {
  allArguments,
  checkRule,
  heldArguments,
  type NondiffOptions,
  noRule,
  perSignature,
  type Signature,
  splitOperands,
} from "./customArguments.ts";
import { callWithRule, likeResults } from "./customCall.ts";
import { customVjpP, type ForwardRule } from "./customVjpPrimitive.ts";

type Backward<F extends Fn, O, R> = O extends { readonly nondiffArgnums: unknown }
  ? (...args: never[]) => readonly unknown[]
  : (residuals: Arrays<R>, cotangent: Arrays<ReturnType<F>>) => Tangents<Parameters<F>>;
/** A function like F with a place for its rule. */
export type CustomVjp<F extends Fn, O = NoOptions> = F & {
  /**
   * Give the rule: `forward(...args) -> [result, residuals]` and `backward(residuals, cotangent) -> [cotangent of each argument]` (null for zeros and
   * for integers). With nondiffArgnums `backward` gets those arguments first, and gives no cotangents for them. Returns the function.
   */
  readonly defvjp: <R>(
    forward: (...args: Parameters<F>) => readonly [ReturnType<F>, R],
    backward: Backward<F, O, R>,
  ) => CustomVjp<F, O>;
};

const pairOf = (op: string, out: unknown, what: string): readonly [unknown, unknown] => {
  if (!Array.isArray(out) || out.length !== 2)
    throw new TreeError({
      op,
      expected: what,
      got: Array.isArray(out) ? `a list of ${out.length}` : "something else",
    });
  return out as unknown as readonly [unknown, unknown];
};

/** The user's rules on operands. */
const flatRule =
  (forward: Callable, backward: Callable, s: Signature, op: string): ForwardRule =>
  (ins, results) => {
    const { held, given } = splitOperands(s, ins),
      own = [...held, ...given];
    const [out, kept] = pairOf(
      op,
      call(forward, allArguments(s, own), op),
      "a forward rule that returns [result, residuals]",
    );
    const stored = leavesOf(kept, op),
      avals = given.map((v) => v.aval),
      count = stored.leaves.length;
    return {
      outs: likeResults(op, "result", out, results),
      residuals: [...stored.leaves, ...held],
      back: (residuals, cts) => {
        const all = atFlags(
          results.avals.map((a) => isFloating(a.dtype)),
          cts,
        );
        const fixed = heldArguments(s, residuals.slice(count));
        const back = call(
          backward,
          [
            ...fixed,
            unflatten(stored.def, residuals.slice(0, count)),
            tangentTree(results.def, results.avals, all, op),
          ],
          op,
        );
        const wanted = s.differentiated.filter((d) => d).length;
        if (!Array.isArray(back) || back.length !== wanted)
          throw new TreeError({
            op,
            expected: `a backward rule that returns a list of ${wanted} cotangents, one for each argument`,
            got: Array.isArray(back) ? `a list of ${back.length}` : "something else",
            remedy: "write [ct] for a single argument, and null for a zero",
          });
        const found = tangentsFor(s.def, avals, back, op, "cotangents");
        return found.filter((_, i) => isFloating((avals[i] as Value["aval"]).dtype));
      },
    };
  };

const make = (f: Callable, options: NondiffOptions): Callable => {
  const op = `customVjp(${f.name === "" ? "f" : f.name})`;
  let rules: ((s: Signature) => ForwardRule) | null = null;
  const apply = (...args: readonly unknown[]): unknown => {
    const ruleOf = rules;
    if (ruleOf === null) return noRule(op, "defvjp(forward, backward)");
    return callWithRule(customVjpP, f, args, options, op, (s) => ({ forward: ruleOf(s) }));
  };
  return Object.assign(apply, {
    defvjp: (forward: unknown, backward: unknown) => {
      checkRule(forward, `${op}.defvjp`);
      checkRule(backward, `${op}.defvjp`);
      rules = perSignature((s) => flatRule(forward as Callable, backward as Callable, s, op));
      return apply;
    },
  });
};

/** Both forms of `customVjp`. */
export interface CustomVjpOf {
  <F extends Fn, const O extends NondiffOptions = NoOptions>(f: F, options?: O): CustomVjp<F, O>;
  <const O extends NondiffOptions = NoOptions>(options?: O): <F extends Fn>(f: F) => CustomVjp<F, O>;
}
/**
 * `f` with a backward derivative of its own: `defvjp(forward, backward)` gives the rule. Residuals are any tree of arrays. Higher orders differentiate the
 * rule. Works under every transform but forward mode, which throws TraceError. Called without a function it gives a combinator. When called it throws
 * ArgumentError without a rule, TreeError, ShapeError or DTypeError naming the leaf where the rule does not fit the function, TraceError if something is
 * differentiated that it closes over.
 * @example
 * const clipped = customVjp((x: NDArray) => x)
 *   .defvjp((x) => [x, null], (_, ct) => [np.clip(ct, -1, 1)]);
 * grad((x: NDArray) => np.sum(np.multiply(clipped(x), np.array([5, 0.5]))))(np.array([1, 2])) // => [1 0.5]
 */
export const customVjp: CustomVjpOf = ((f?: unknown, options?: unknown) =>
  combinator<NondiffOptions>("customVjp", make, f, options, {})) as CustomVjpOf;
