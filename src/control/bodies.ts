// Bodies of loops and branches under the transforms: the same derivations as for calls, but the results that are carried around,
// or that other branches have, keep their places.
import type { ClosedJaxpr, Jaxpr, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import type { Value } from "../core/value.ts";
import { zerosOf } from "../primitives/linear.ts";
import { cached } from "../transforms/derived.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { partialJaxpr } from "../transforms/partial.ts";
import { evalJaxpr, traceJaxpr } from "../transforms/trace.ts";

const bits = (flags: readonly boolean[]): string => flags.map(Number).join("");

/** Flags that grow until a round adds none: what is true of a carry in one round is true in all. */
export const fixpoint = (
  start: readonly boolean[],
  round: (now: readonly boolean[]) => readonly boolean[],
): readonly boolean[] => {
  let now = start;
  for (;;) {
    const next = round(now).map((flag, i) => flag || (now[i] as boolean));
    if (next.every((flag, i) => flag === now[i])) return now;
    now = next;
  }
};

/** A body that also computes tangents. */
export interface JvpBody {
  /** `(ins, tangents of the flagged ones) -> (outs, tangents of those that have one)`. */
  readonly closed: ClosedJaxpr;
  /** Per result, whether it has a tangent. */
  readonly nonzero: readonly boolean[];
}
/** Differentiate a body in its flagged inputs; results flagged by `force` get a tangent, be it zero. */
export const jvpBody = (jaxpr: Jaxpr, flags: readonly boolean[], force: readonly boolean[]): JvpBody =>
  cached(jaxpr, `jvp of body ${bits(flags)} ${bits(force)}`, () => {
    let nonzero: readonly boolean[] = [];
    const n = jaxpr.ins.length;
    const closed = traceJaxpr(
      (...all) => {
        let k = n;
        const tangents = flags.map((z) => (z ? (all[k++] as Value) : null));
        const [outs, some] = jvpFlat((...ins) => evalJaxpr(jaxpr, ins), all.slice(0, n), tangents);
        const ts = some.map((t, i) => t ?? (force[i] === true ? zerosOf((outs[i] as Value).aval) : null));
        nonzero = ts.map((t) => t !== null);
        return [...outs, ...ts.filter((t) => t !== null)];
      },
      [...jaxpr.ins, ...jaxpr.ins.filter((_, i) => flags[i])].map((v) => v.aval),
      "jvp",
    );
    return { closed, nonzero };
  });

/** A body cut in two. */
export interface SplitBody {
  /** `known inputs -> (known results, residuals)`. */
  readonly known: Jaxpr;
  /** `(residuals, inputs at forwarded, unknown inputs) -> unknown results`. */
  readonly unknown: Jaxpr;
  readonly unknownOuts: readonly boolean[];
  readonly residuals: number;
  /** Known inputs that the second part needs as they are. */
  readonly forwarded: readonly number[];
}
/** Cut a body; results flagged by `force` count as unknown. What `forwardable` flags is passed on instead of stored. */
export const splitBody = (
  jaxpr: Jaxpr,
  flags: readonly boolean[],
  force: readonly boolean[],
  forwardable: readonly boolean[],
): SplitBody =>
  cached(jaxpr, `split ${bits(flags)} ${bits(force)} ${bits(forwardable)}`, () => {
    const p = partialJaxpr(jaxpr, flags),
      knownCount = p.unknownOuts.filter((u) => !u).length;
    const known = p.known.outs.slice(0, knownCount),
      later = [...p.unknown.outs];
    const unknownOuts = p.unknownOuts.map((u, i) => u || force[i] === true);
    // Every result that is known but must not be becomes a residual, which the second part returns.
    const saved = p.known.outs.slice(knownCount),
      inputs: Var[] = p.unknown.ins.slice(0, p.residuals) as Var[];
    let k = 0,
      u = 0;
    const keptKnown: (typeof known)[number][] = [],
      outs: (typeof later)[number][] = [];
    p.unknownOuts.forEach((isUnknown, i) => {
      if (isUnknown) {
        outs.push(later[u++] as (typeof later)[number]);
        return;
      }
      const a = known[k++] as (typeof known)[number];
      if (force[i] !== true) keptKnown.push(a);
      else if (!isVar(a)) outs.push(a);
      else {
        const at = saved.indexOf(a);
        if (at >= 0) outs.push(inputs[at] as Var);
        else {
          saved.push(a);
          inputs.push(a);
          outs.push(a);
        }
      }
    });
    const position = new Map(jaxpr.ins.map((v, i) => [v, i])),
      forwarded: number[] = [],
      given: Var[] = [],
      residuals: (typeof saved)[number][] = [],
      stored: Var[] = [];
    saved.forEach((a, i) => {
      const at = isVar(a) ? position.get(a) : undefined;
      if (at !== undefined && forwardable[at] === true) {
        forwarded.push(at);
        given.push(inputs[i] as Var);
      } else {
        residuals.push(a);
        stored.push(inputs[i] as Var);
      }
    });
    return {
      known: { ...p.known, outs: [...keptKnown, ...residuals] },
      unknown: { ...p.unknown, ins: [...stored, ...given, ...p.unknown.ins.slice(p.residuals)], outs },
      unknownOuts,
      residuals: residuals.length,
      forwarded,
    };
  });
