// The call of a function with its own forward rule: the body gives values, the rule gives values with tangents.
import { atFlags } from "../transforms/flags.ts";
import type { CallPrimitive } from "../core/jaxpr.ts";
import { uncut } from "../core/jaxpr.ts";
import type { MappedAxis } from "../core/primitive.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { cached } from "../transforms/derived.ts";
import { placeAxis, vmapFlat } from "../transforms/vmap.ts";
import { batchBody, batchKey, checkFixed, type Results, type RuledCall, transposedBody } from "./customCall.ts";

/** Values and tangents at `ins` along `tangents` (null is zero), the results being like `results`. */
export type JvpRule = (
  ins: readonly Value[],
  tangents: readonly (Value | null)[],
  results: Results,
) => readonly [readonly Value[], readonly (Value | null)[]];
/** A call with its rule. */
export interface CustomJvpAttrs extends RuledCall {
  readonly rule: JvpRule;
}

/** The rule over a batch of operands that come after `extra` others. */
const batchRule = (rule: JvpRule, axis: MappedAxis, axes: readonly (number | null)[], extra: number): JvpRule =>
  cached(rule, batchKey(axis, axes, extra), () => (ins, tangents, results) => {
    const own = ins.slice(extra),
      given = tangents.slice(extra);
    let nonzero: readonly boolean[] = [];
    const [outs, at] = vmapFlat(
      (...all) => {
        let k = own.length;
        const [ys, dys] = rule(
          all.slice(0, k),
          given.map((t) => (t === null ? null : (all[k++] as Value))),
          results,
        );
        nonzero = dys.map((t) => t !== null);
        return [...ys, ...dys.filter((t) => t !== null)];
      },
      [...own, ...given.filter((t) => t !== null)],
      [...axes, ...axes.filter((_, i) => given[i] !== null)],
      axis,
    );
    const placed = outs.map((y, i) => placeAxis(y, at[i] ?? null, 0, axis.size));
    return [placed.slice(0, nonzero.length), atFlags(nonzero, placed, nonzero.length)];
  });

/** Call of a function with a forward rule. */
export const customJvpP: CallPrimitive<CustomJvpAttrs> = {
  name: "customJvp",
  abstractEval: (_ins, { jaxpr }) => jaxpr.outs.map((a) => a.aval),
  jvp: (ins, tangents, { name, fixed, rule, results }) => {
    checkFixed(name, fixed, tangents);
    return rule(ins, tangents, results);
  },
  batch: (axis, ins, axes, attrs) => {
    const { closed } = batchBody(attrs.jaxpr, axis, axes),
      extra = closed.consts.length;
    const outs = bindCall(customJvpP, [...closed.consts, ...ins], {
      ...attrs,
      jaxpr: closed.jaxpr,
      fixed: attrs.fixed + extra,
      rule: batchRule(attrs.rule, axis, axes, extra),
    });
    return [outs, outs.map(() => 0)];
  },
  partial: (_unknown, _ins, attrs) => uncut(attrs, attrs.jaxpr.outs.length),
  transpose: (cts, ins, { jaxpr }) => transposedBody(jaxpr, cts, ins),
  opaque: true,
  inline: ({ jaxpr }) => jaxpr,
  show: ({ name, jaxpr }) => showAttrs({ name, jaxpr }),
};
