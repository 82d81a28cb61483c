// The call of a checkpointed function. Cut by partial evaluation, its second part computes again what the first did not keep.
import { atFlags } from "../transforms/flags.ts";
import type { CallPrimitive, Jaxpr, Eqn } from "../core/jaxpr.ts";
import { Var } from "../core/jaxpr.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import { Value } from "../core/value.ts";
import { cached } from "../transforms/derived.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { applyEqn, traceJaxpr } from "../transforms/trace.ts";
import { transposeJaxpr } from "../transforms/transpose.ts";
import { batchJaxpr } from "../transforms/vmap.ts";
import { afterP } from "./barrier.ts";
import { callP } from "./call.ts";
import type { Policy } from "./checkpointPolicies.ts";
import { splitCheckpoint } from "./checkpointSplit.ts";

/** The body, all of whose inputs are operands. */
export interface CheckpointAttrs {
  readonly jaxpr: Jaxpr;
  readonly name: string;
  readonly policy: Policy;
  readonly preventCse: boolean;
  /** The inputs from which something is computed again: it waits for the other inputs. null if nothing is. */
  readonly waiting: readonly boolean[] | null;
}

/** The same body with the bodies of jitted functions in their places, so that policies see all values. */
export const withoutCalls = (jaxpr: Jaxpr): Jaxpr => {
  const isJit = (e: Eqn): boolean => e.prim === (callP as unknown);
  if (!jaxpr.eqns.some(isJit)) return jaxpr;
  return cached(jaxpr, "without calls", () => {
    const run = (j: Jaxpr, ins: readonly Value[]): readonly Value[] => {
      const env = new Map<unknown, Value>(j.ins.map((v, i) => [v, ins[i] as Value]));
      for (const e of j.eqns) {
        const given = e.ins.map((a) => env.get(a) ?? a);
        const outs = isJit(e) ? run((e.attrs as { readonly jaxpr: Jaxpr }).jaxpr, given) : applyEqn(e, given);
        e.outs.forEach((v, i) => {
          env.set(v, outs[i] as Value);
        });
      }
      return j.outs.map((a) => env.get(a) ?? a);
    };
    const closed = traceJaxpr(
      (...ins) => run(jaxpr, ins),
      jaxpr.ins.map((v) => v.aval),
      "checkpoint",
    );
    return closed.jaxpr;
  });
};

/** The body behind barriers: what is computed again is not computed before the cotangents have come. */
const guarded = (jaxpr: Jaxpr, waiting: readonly boolean[]): Jaxpr =>
  cached(jaxpr, `guarded ${waiting.map(Number).join("")}`, () => {
    const used = new Set<unknown>(jaxpr.eqns.flatMap((e) => e.ins)),
      ins = jaxpr.ins.map((v, i) => (waiting[i] && used.has(v) ? new Var(v.aval) : v));
    const awaited = jaxpr.ins.filter((v, i) => !waiting[i] && used.has(v));
    if (awaited.length === 0) return jaxpr;
    const barriers = jaxpr.ins.flatMap((v, i): Eqn[] =>
      ins[i] === v
        ? []
        : [{ prim: afterP as unknown as Eqn["prim"], ins: [ins[i] as Var, ...awaited], attrs: {}, outs: [v] }],
    );
    // A result that is an input needs no barrier.
    const plain = new Map<unknown, Var>(jaxpr.ins.map((v, i) => [v, ins[i] as Var]));
    return { ...jaxpr, ins, eqns: [...barriers, ...jaxpr.eqns], outs: jaxpr.outs.map((a) => plain.get(a) ?? a) };
  });

const more = (
  waiting: readonly boolean[] | null,
  before: number,
  after: readonly boolean[],
): readonly boolean[] | null =>
  waiting === null ? null : [...new Array<boolean>(before).fill(false), ...waiting, ...after];

/** Call of a checkpointed function. */
export const checkpointP: CallPrimitive<CheckpointAttrs> = {
  name: "checkpoint",
  abstractEval: (_ins, { jaxpr }) => jaxpr.outs.map((a) => a.aval),
  jvp: (ins, tangents, attrs) => {
    const flags = tangents.map((t) => t !== null);
    const {
      closed: { jaxpr, consts },
      nonzero,
    } = jvpJaxpr(attrs.jaxpr, flags);
    const { waiting } = attrs;
    const outs = bindCall(checkpointP, [...consts, ...ins, ...tangents.filter((t) => t !== null)], {
      ...attrs,
      jaxpr,
      waiting: more(waiting, consts.length, waiting?.filter((_, i) => flags[i]) ?? []),
    });
    return [outs.slice(0, nonzero.length), atFlags(nonzero, outs, nonzero.length)];
  },
  batch: (axis, ins, axes, attrs) => {
    const {
      closed: { jaxpr, consts },
      axes: outAxes,
    } = batchJaxpr(attrs.jaxpr, axis, axes);
    const waiting = more(attrs.waiting, consts.length, []);
    return [bindCall(checkpointP, [...consts, ...ins], { ...attrs, jaxpr, waiting }), outAxes];
  },
  partial: (unknown, _ins, attrs) => {
    const {
      known,
      unknown: later,
      unknownOuts,
      residuals,
      forwarded,
      again,
    } = splitCheckpoint(attrs.jaxpr, unknown, attrs.policy);
    const kept = residuals + forwarded.length;
    return {
      known: { ...attrs, jaxpr: known, waiting: attrs.waiting?.filter((_, i) => !unknown[i]) ?? null },
      unknown: { ...attrs, jaxpr: later, waiting: again ? later.ins.map((_, i) => i < kept) : null },
      unknownOuts,
      residuals,
      forwarded,
    };
  },
  transpose: (cts, ins, attrs) => {
    const linear = ins.map((v) => !(v instanceof Value)),
      given = cts.filter((c) => c !== null);
    const {
      closed: { jaxpr, consts },
      nonzero,
    } = transposeJaxpr(
      attrs.jaxpr,
      linear,
      cts.map((c) => c !== null),
    );
    if (jaxpr.outs.length === 0) return nonzero.map(() => null);
    const { waiting } = attrs,
      known = ins.filter((v) => v instanceof Value);
    const outs = bindCall(checkpointP, [...consts, ...known, ...given], {
      ...attrs,
      jaxpr,
      waiting:
        waiting === null
          ? null
          : [...consts.map(() => false), ...waiting.filter((_, i) => !linear[i]), ...given.map(() => false)],
    });
    return atFlags(nonzero, outs);
  },
  inline: ({ jaxpr, preventCse, waiting }) => (preventCse && waiting !== null ? guarded(jaxpr, waiting) : jaxpr),
  show: ({ name, jaxpr }) => showAttrs({ name, jaxpr }),
};
