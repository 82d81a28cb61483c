// The call of a jitted function: a jaxpr that is run as one program. Its rules derive new jaxprs, so that derivatives and
// batched versions of a jitted function are jitted functions too.
import type { Aval } from "../core/aval.ts";
import { sameAval, showAval } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import type { ClosedJaxpr, Jaxpr } from "../core/jaxpr.ts";
import type { CallPrimitive } from "../core/primitive.ts";
import { bindCall } from "../core/trace.ts";
import { Value } from "../core/value.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { partialJaxpr } from "../transforms/partial.ts";
import { transposeJaxpr } from "../transforms/transpose.ts";
import { batchJaxpr } from "../transforms/vmap.ts";

/** The body; all its inputs, constants included, are arguments of the call. The name is for printers. */
export interface CallAttrs {
  readonly jaxpr: Jaxpr;
  readonly name: string;
}

/** Call a derived jaxpr under the current interpreter. */
const callDerived = ({ jaxpr, consts }: ClosedJaxpr, name: string, ins: readonly Value[]): readonly Value[] =>
  jaxpr.outs.length === 0 ? [] : bindCall(callP, [...consts, ...ins], { jaxpr, name });
/** `xs` for the places that hold true, null for the others. */
const scatter = (where: readonly boolean[], xs: readonly Value[]): readonly (Value | null)[] => {
  let k = 0;
  return where.map((w) => (w ? (xs[k++] as Value) : null));
};

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
  jvp: (ins, tangents, { jaxpr, name }) => {
    const given = tangents.filter((t) => t !== null),
      { closed, nonzero } = jvpJaxpr(
        jaxpr,
        tangents.map((t) => t !== null),
      );
    const all = callDerived(closed, `jvp(${name})`, [...ins, ...given]);
    return [all.slice(0, nonzero.length), scatter(nonzero, all.slice(nonzero.length))];
  },
  batch: (size, ins, axes, { jaxpr, name }) => {
    const { closed, axes: outAxes } = batchJaxpr(jaxpr, size, axes);
    return [callDerived(closed, `vmap(${name})`, ins), outAxes];
  },
  partial: (unknown, _ins, { jaxpr, name }) => {
    const p = partialJaxpr(jaxpr, unknown);
    return {
      ...p,
      known: { jaxpr: p.known, name: `known(${name})` },
      unknown: { jaxpr: p.unknown, name: `linear(${name})` },
    };
  },
  transpose: (cts, ins, { jaxpr, name }) => {
    const linear = ins.map((v) => !(v instanceof Value)),
      nonzero = cts.map((c) => c !== null);
    const derived = transposeJaxpr(jaxpr, linear, nonzero);
    const known = ins.filter((v) => v instanceof Value),
      given = cts.filter((c) => c !== null);
    return scatter(derived.nonzero, callDerived(derived.closed, `transpose(${name})`, [...known, ...given]));
  },
  inline: ({ jaxpr }) => jaxpr,
};
