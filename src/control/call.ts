// The call of a jitted function: a jaxpr that is run as one program. Its rules derive new jaxprs, so that derivatives and
// batched versions of a jitted function are jitted functions too.
import { atFlags } from "../transforms/flags.ts";
import type { Aval } from "../core/aval.ts";
import { sameAval, showAval } from "../core/aval.ts";
import { jaxprHasEffects } from "../core/effects.ts";
import { ShapeError } from "../core/errors.ts";
import type { CallPrimitive, ClosedJaxpr, Jaxpr } from "../core/jaxpr.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import { Value } from "../core/value.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { partialJaxpr } from "../transforms/partial.ts";
import { transposeJaxpr } from "../transforms/transpose.ts";
import { batchJaxpr } from "../transforms/vmap.ts";

/** The body; all its inputs, constants included, are arguments of the call. */
export interface CallAttrs {
  readonly jaxpr: Jaxpr;
  /** For printers and messages. */
  readonly name: string;
  /** Which arguments the caller gave away; no derived call does. */
  readonly donated?: readonly boolean[] | null;
  /** Where to run, if not on the configured device; derived calls run there too. */
  readonly device?: string | null;
}

/** What is known of a call but for its body. */
interface Origin {
  readonly name: string;
  readonly device?: string | null;
}
const derivedAttrs = (jaxpr: Jaxpr, transform: string, { name, device = null }: Origin): CallAttrs => ({
  jaxpr,
  name: `${transform}(${name})`,
  device,
});
/** Call a derived jaxpr under the current interpreter. */
const callDerived = (
  { jaxpr, consts }: ClosedJaxpr,
  transform: string,
  origin: Origin,
  ins: readonly Value[],
): readonly Value[] =>
  jaxpr.outs.length === 0 && !jaxprHasEffects(jaxpr)
    ? []
    : bindCall(callP, [...consts, ...ins], derivedAttrs(jaxpr, transform, origin));

/** Call of a jaxpr. */
export const callP: CallPrimitive<CallAttrs> = {
  name: "jit",
  abstractEval: (ins, { jaxpr, name }) => {
    const want = jaxpr.ins.map((v) => v.aval);
    if (want.length !== ins.length || !want.every((a, i) => sameAval(a, ins[i] as Aval)))
      throw new ShapeError({
        op: name,
        expected: `arguments (${want.map(showAval).join(", ")})`,
        got: `(${ins.map(showAval).join(", ")})`,
      });
    return jaxpr.outs.map((a) => a.aval);
  },
  jvp: (ins, tangents, attrs) => {
    const given = tangents.filter((t) => t !== null);
    const { closed, nonzero } = jvpJaxpr(
      attrs.jaxpr,
      tangents.map((t) => t !== null),
    );
    const all = callDerived(closed, "jvp", attrs, [...ins, ...given]);
    return [all.slice(0, nonzero.length), atFlags(nonzero, all, nonzero.length)];
  },
  batch: (axis, ins, axes, attrs) => {
    const { closed, axes: outAxes } = batchJaxpr(attrs.jaxpr, axis, axes);
    return [callDerived(closed, "vmap", attrs, ins), outAxes];
  },
  partial: (unknown, _ins, attrs) => {
    const { known, unknown: rest, ...cut } = partialJaxpr(attrs.jaxpr, unknown);
    return { ...cut, known: derivedAttrs(known, "known", attrs), unknown: derivedAttrs(rest, "unknown", attrs) };
  },
  transpose: (cts, ins, attrs) => {
    const linear = ins.map((v) => !(v instanceof Value));
    const { closed, nonzero } = transposeJaxpr(
      attrs.jaxpr,
      linear,
      cts.map((c) => c !== null),
    );
    const known = ins.filter((v) => v instanceof Value),
      given = cts.filter((c) => c !== null);
    return atFlags(nonzero, callDerived(closed, "transpose", attrs, [...known, ...given]));
  },
  inline: ({ jaxpr }) => jaxpr,
  show: ({ name, jaxpr }) => showAttrs({ name, jaxpr }),
};
