// The call of a function with its own backward rule. Differentiated, it becomes its forward rule and a linear call, of which only
// the transpose is known: the backward rule.
import { atFlags } from "../transforms/flags.ts";
import type { Aval } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { TraceError } from "../core/errors.ts";
import type { CallPrimitive } from "../core/jaxpr.ts";
import { uncut } from "../core/jaxpr.ts";
import type { MappedAxis } from "../core/primitive.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import { Value } from "../core/value.ts";
import { sum, zerosOf } from "../primitives/linear.ts";
import { cached } from "../transforms/derived.ts";
import { placeAxis, vmapFlat } from "../transforms/vmap.ts";
import { batchBody, batchKey, checkFixed, type Results, type RuledCall, transposedBody } from "./customCall.ts";

/** Cotangents of the operands that are real and have derivatives, null for zeros, from those of the real results. */
export type Back = (residuals: readonly Value[], cts: readonly Value[]) => readonly (Value | null)[];
/** What the forward rule gives. */
export interface Forward {
  readonly outs: readonly Value[];
  readonly residuals: readonly Value[];
  readonly back: Back;
}
export type ForwardRule = (ins: readonly Value[], results: Results) => Forward;
/** A call with its rule. */
export interface CustomVjpAttrs extends RuledCall {
  readonly forward: ForwardRule;
}

/** Whether each operand has tangents. */
const realAfter = (fixed: number, ins: readonly { readonly aval: Aval }[]): readonly boolean[] =>
  ins.map((v, i) => i >= fixed && isFloating(v.aval.dtype));

/** The rule over a batch of operands that come after `extra` others. */
const batchForward = (
  rule: ForwardRule,
  axis: MappedAxis,
  axes: readonly (number | null)[],
  { extra, fixed }: { readonly extra: number; readonly fixed: number },
): ForwardRule =>
  cached(rule, `${batchKey(axis, axes, extra)} ${fixed}`, () => (ins, results) => {
    const own = ins.slice(extra),
      real = realAfter(fixed, own),
      to = axes.filter((_, i) => real[i]);
    let count = 0,
      back: Back = () => [];
    const [all, at] = vmapFlat(
      (...xs) => {
        const f = rule(xs, results);
        count = f.outs.length;
        back = f.back;
        return [...f.outs, ...f.residuals];
      },
      own,
      axes,
      axis,
    );
    const stored = at.slice(count);
    return {
      outs: all.slice(0, count).map((y, i) => placeAxis(y, at[i] ?? null, 0, axis.size)),
      residuals: all.slice(count),
      back: (residuals, cts) => {
        let nonzero: readonly boolean[] = [];
        const [some, where] = vmapFlat(
          (...xs) => {
            const back1 = back(xs.slice(0, stored.length), xs.slice(stored.length));
            nonzero = back1.map((c) => c !== null);
            return back1.filter((c) => c !== null);
          },
          [...residuals, ...cts],
          [...stored, ...cts.map(() => 0)],
          axis,
        );
        let k = 0;
        return nonzero.map((z, i) => {
          if (!z) return null;
          const ct = placeAxis(some[k] as Value, where[k] ?? null, 0, axis.size),
            a = to[i] ?? null;
          k++;
          return a === null ? sum(ct, [0]) : placeAxis(ct, 0, a, axis.size);
        });
      },
    };
  });

/** Call of a function with a backward rule. */
export const customVjpP: CallPrimitive<CustomVjpAttrs> = {
  name: "customVjp",
  abstractEval: (_ins, { jaxpr }) => jaxpr.outs.map((a) => a.aval),
  jvp: (ins, tangents, { name, fixed, forward, results }) => {
    checkFixed(name, fixed, tangents);
    const { outs, residuals, back } = forward(ins, results);
    const real = realAfter(fixed, ins);
    const along = ins.flatMap((x, i) => (real[i] ? [tangents[i] ?? zerosOf(x.aval)] : []));
    const isReal = outs.map((y) => isFloating(y.dtype)),
      floating = outs.filter((_, i) => isReal[i]).map((y) => y.aval);
    const ts =
      floating.length === 0
        ? []
        : bindCall(linearP, [...residuals, ...along], { name, residuals: residuals.length, outs: floating, back });
    return [outs, atFlags(isReal, ts)];
  },
  batch: (axis, ins, axes, attrs) => {
    const { closed } = batchBody(attrs.jaxpr, axis, axes),
      extra = closed.consts.length;
    const outs = bindCall(customVjpP, [...closed.consts, ...ins], {
      ...attrs,
      jaxpr: closed.jaxpr,
      fixed: attrs.fixed + extra,
      forward: batchForward(attrs.forward, axis, axes, { extra, fixed: attrs.fixed }),
    });
    return [outs, outs.map(() => 0)];
  },
  partial: (_unknown, _ins, attrs) => uncut(attrs, attrs.jaxpr.outs.length),
  transpose: (cts, ins, { jaxpr }) => transposedBody(jaxpr, cts, ins),
  opaque: true,
  inline: ({ jaxpr }) => jaxpr,
  show: ({ name, jaxpr }) => showAttrs({ name, jaxpr }),
};

interface LinearAttrs {
  readonly name: string;
  /** Number of operands that are residuals; the others are tangents. */
  readonly residuals: number;
  readonly outs: readonly Aval[];
  readonly back: Back;
}
const forwardMode = (name: string): never => {
  throw new TraceError({
    op: name,
    expected: "reverse mode (grad, vjp, jacrev), for which customVjp has a rule",
    got: "forward-mode differentiation (jvp, jacfwd, the function of linearize)",
    remedy: "give the function a forward rule with customJvp, which serves both modes",
  });
};
/** The linear map from tangents of operands to tangents of results, known by its transpose. */
const linearP: CallPrimitive<LinearAttrs> = {
  name: "customLinear",
  abstractEval: (_ins, { outs }) => outs,
  jvp: (ins, tangents, attrs) => {
    const { residuals, name } = attrs;
    if (tangents.slice(0, residuals).some((t) => t !== null)) forwardMode(name);
    const all = ins.map((x, i) => (i < residuals ? x : (tangents[i] ?? zerosOf(x.aval))));
    return [bindCall(linearP, ins, attrs), bindCall(linearP, all, attrs)];
  },
  batch: (_axis, _ins, _axes, { name }) => forwardMode(name),
  partial: (_unknown, _ins, attrs) => uncut(attrs, attrs.outs.length),
  transpose: (cts, ins, { name, residuals, outs, back }) => {
    const stored = ins.slice(0, residuals);
    if (!stored.every((v) => v instanceof Value)) return forwardMode(name);
    const found = back(
      stored,
      outs.map((a, i) => cts[i] ?? zerosOf(a)),
    );
    return ins.map((v, i) => (v instanceof Value ? null : (found[i - residuals] ?? null)));
  },
  inline: ({ name }) => forwardMode(name),
  show: ({ name }) => `name=${name}`,
};
