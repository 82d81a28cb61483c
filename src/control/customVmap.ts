// customVmap: a function whose batched version the user gives.
import { atFlags } from "../transforms/flags.ts";
import { TreeError } from "../core/errors.ts";
import type { CallPrimitive } from "../core/jaxpr.ts";
import type { MappedAxis } from "../core/primitive.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import { flatten, unflatten } from "../core/tree.ts";
import type { Value } from "../core/value.ts";
import { zerosOf } from "../primitives/linear.ts";
import { combinator } from "../transforms/combinator.ts";
import { cached } from "../transforms/derived.ts";
import { jvpFlat, jvpJaxpr } from "../transforms/jvp.ts";
import { type Callable, call, leavesOf } from "../transforms/leaves.ts";
import { partialJaxpr } from "../transforms/partial.ts";
import { spread } from "../transforms/prefix.ts";
import { evalJaxpr } from "../transforms/trace.ts";
import type { Fn } from "../transforms/types.ts";
import { batchJaxpr, placeAxis } from "../transforms/vmap.ts";
import { checkRule, noRule, perSignature, type Signature, splitOperands } from "./customArguments.ts";
import { callWithRule, checkAvals, type Results, type RuledCall, transposedBody } from "./customCall.ts";
import { map } from "./scan.ts";

/** Results over a batch, from operands of which the flagged ones have it along axis 0; and which results have it. */
type VmapRule = (
  size: number,
  ins: readonly Value[],
  batched: readonly boolean[],
  results: Results,
) => readonly [readonly Value[], readonly boolean[]];
/** The first `fixed` operands are not the rule's. */
interface CustomVmapAttrs extends RuledCall {
  /** null for what partial evaluation made of a call: it is batched like any other. */
  readonly rule: VmapRule | null;
}

/** The rule for values and tangents of the flagged operands; results flagged by `nonzero` have tangents. */
const jvpRule = (rule: VmapRule, flags: readonly boolean[], nonzero: readonly boolean[]): VmapRule =>
  cached(
    rule,
    `jvp ${flags.map(Number).join("")} ${nonzero.map(Number).join("")}`,
    () => (size, ins, batched, results) => {
      const n = flags.length,
        tangents = atFlags(flags, ins.slice(n)),
        moved = scatterFlags(flags, batched.slice(n));
      const both = flags.map((_, i) => batched[i] === true || moved[i] === true);
      const over = (x: Value, has: boolean, want: boolean): Value => (want && !has ? placeAxis(x, null, 0, size) : x);
      let outFlags: readonly boolean[] = [];
      const [outs, ts] = jvpFlat(
        (...xs) => {
          const [ys, at] = rule(size, xs, both, results);
          outFlags = at;
          return ys;
        },
        ins.slice(0, n).map((x, i) => over(x, batched[i] === true, both[i] as boolean)),
        tangents.map((t, i) => (t === null ? null : over(t, moved[i] === true, both[i] as boolean))),
      );
      const along = outs.flatMap((y, i) => (nonzero[i] ? [ts[i] ?? zerosOf(y.aval)] : []));
      return [
        [...outs, ...along],
        [...outFlags, ...outFlags.filter((_, i) => nonzero[i])],
      ];
    },
  );
const scatterFlags = (flags: readonly boolean[], xs: readonly boolean[]): readonly boolean[] => {
  let k = 0;
  return flags.map((f) => f && (xs[k++] as boolean));
};

const byRule = (
  { size }: MappedAxis,
  ins: readonly Value[],
  axes: readonly (number | null)[],
  { rule, fixed, results }: CustomVmapAttrs & { readonly rule: VmapRule },
): readonly [readonly Value[], readonly (number | null)[]] => {
  const own = ins.slice(fixed).map((x, i) => {
    const a = axes[fixed + i] ?? null;
    return a === null ? x : placeAxis(x, a, 0, size);
  });
  const [outs, flags] = rule(
    size,
    own,
    axes.slice(fixed).map((a) => a !== null),
    results,
  );
  return [outs, flags.map((f) => (f ? 0 : null))];
};

/** Call of a function with a rule for batches. */
const customVmapP: CallPrimitive<CustomVmapAttrs> = {
  name: "customVmap",
  abstractEval: (_ins, { jaxpr }) => jaxpr.outs.map((a) => a.aval),
  jvp: (ins, tangents, attrs) => {
    const flags = tangents.map((t) => t !== null),
      { closed, nonzero } = jvpJaxpr(attrs.jaxpr, flags);
    const { rule, fixed } = attrs,
      own = flags.slice(fixed);
    // Tangents of operands that are not the rule's would come between those that are.
    const derived = rule === null || flags.slice(0, fixed).includes(true) ? null : jvpRule(rule, own, nonzero);
    const outs = bindCall(customVmapP, [...closed.consts, ...ins, ...tangents.filter((t) => t !== null)], {
      ...attrs,
      jaxpr: closed.jaxpr,
      rule: derived,
      fixed: fixed + closed.consts.length,
    });
    return [outs.slice(0, nonzero.length), atFlags(nonzero, outs, nonzero.length)];
  },
  batch: (axis, ins, axes, attrs) => {
    const { rule, fixed, jaxpr } = attrs;
    if (rule !== null && axes.slice(0, fixed).every((a) => a === null))
      return byRule(axis, ins, axes, { ...attrs, rule });
    const { closed, axes: outAxes } = batchJaxpr(jaxpr, axis, axes);
    return [evalJaxpr(closed.jaxpr, [...closed.consts, ...ins]), outAxes];
  },
  partial: (unknown, _ins, attrs) => {
    const { known, unknown: later, ...cut } = partialJaxpr(attrs.jaxpr, unknown);
    return { ...cut, known: { ...attrs, rule: null, jaxpr: known }, unknown: { ...attrs, rule: null, jaxpr: later } };
  },
  transpose: (cts, ins, { jaxpr }) => transposedBody(jaxpr, cts, ins),
  inline: ({ jaxpr }) => jaxpr,
  show: ({ name, jaxpr }) => showAttrs({ name, jaxpr }),
};

/** The user's rule on operands. */
const flatRule =
  (user: Callable, s: Signature, op: string): VmapRule =>
  (size, ins, batched, results) => {
    const flags = unflatten(s.def, splitOperands(s, batched).given) as readonly unknown[];
    const out = call(user, [size, flags, ...(unflatten(s.def, splitOperands(s, ins).given) as readonly unknown[])], op);
    if (!Array.isArray(out) || out.length !== 2)
      throw new TreeError({
        op,
        expected: "a rule that returns [result, which parts of it are batched]",
        got: Array.isArray(out) ? `a list of ${out.length}` : "something else",
      });
    const { leaves, def } = leavesOf(out[0], op),
      at = spread(out[1], def, op, "outBatched").map((b) => b === true);
    const want = results.avals.map((a, i) => (at[i] ? { ...a, shape: [size, ...a.shape] } : a));
    if (leaves.length !== want.length)
      throw new TreeError({ op, expected: `a result of ${want.length} arrays`, got: `${leaves.length}` });
    checkAvals(op, "result", def, want, leaves);
    return [leaves, at];
  };

/** A function like F with a place for its rule. */
export type CustomVmap<F extends Fn> = F & {
  /**
   * Give the rule: `(axisSize, inBatched, ...args) -> [result, outBatched]`. Batched arguments have the batch along axis 0; `inBatched` has true in
   * their places, as `outBatched` must have for batched results. Returns the function.
   */
  readonly defVmap: (
    rule: (axisSize: number, inBatched: never, ...args: Parameters<F>) => readonly [unknown, unknown],
  ) => CustomVmap<F>;
};

const make = (f: Callable): Callable => {
  const op = `customVmap(${f.name === "" ? "f" : f.name})`;
  let rules: ((s: Signature) => VmapRule) | null = null;
  const apply = (...args: readonly unknown[]): unknown => {
    const ruleOf = rules;
    if (ruleOf === null) return noRule(op, "defVmap(rule)");
    return callWithRule(customVmapP, f, args, {}, op, (s) => ({ rule: ruleOf(s) }));
  };
  return Object.assign(apply, {
    defVmap: (rule: unknown) => {
      checkRule(rule, `${op}.defVmap`);
      rules = perSignature((s) => flatRule(rule as Callable, s, op));
      return apply;
    },
  });
};

/** Both forms of `customVmap`. */
export interface CustomVmapOf {
  <F extends Fn>(f: F): CustomVmap<F>;
  (): <F extends Fn>(f: F) => CustomVmap<F>;
}
/**
 * `f` with a batched version of its own, which `defVmap` gives and `vmap` uses for values and forward mode; the parts into which reverse mode cuts the
 * function, and calls that close over something batched, are batched as usual. Called without a function it gives a combinator. When called it throws
 * ArgumentError without a rule, TreeError, ShapeError or DTypeError where the rule's result does not fit.
 * @example
 * const f = customVmap((x: NDArray) => np.sin(x))
 *   .defVmap((size, [batched], x) => [np.multiply(x, size), batched]);
 * vmap(f)(np.array([1, 2, 3])) // => [3 6 9]
 */
export const customVmap: CustomVmapOf = ((f?: unknown) =>
  combinator<object>("customVmap", make, f, undefined, {})) as CustomVmapOf;

/** Both forms of `sequentialVmap`. */
export interface SequentialVmap {
  <F extends Fn>(f: F): F;
  (): <F extends Fn>(f: F) => F;
}
const makeSequential = (f: Callable): Callable => {
  const one = make(f) as Callable & { readonly defVmap: (rule: Callable) => Callable };
  return one.defVmap((_size, flags, ...args) => {
    const op = "sequentialVmap",
      { leaves, def } = leavesOf(args, op),
      batched = flatten(flags, op)[0];
    const mapped = leaves.filter((_, i) => batched[i]);
    const out = map(
      (xs: readonly Value[]) => {
        let k = 0;
        return f(
          ...(unflatten(
            def,
            leaves.map((x, i) => (batched[i] ? xs[k++] : x)),
          ) as readonly unknown[]),
        );
      },
      mapped as readonly Value[],
    );
    return [out, true];
  });
};
/**
 * `f`, which `vmap` calls for one example after the other, as `lax.map` does: less memory, and no batching of what it does. Called without a function it
 * gives a combinator.
 * @example
 * vmap(customBatching.sequentialVmap((x: NDArray) => np.square(x)))(np.array([1, 2, 3])) // => [1 4 9]
 */
export const sequentialVmap: SequentialVmap = ((f?: unknown) =>
  combinator<object>("sequentialVmap", makeSequential, f, undefined, {})) as SequentialVmap;
