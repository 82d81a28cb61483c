// Linearization: the value of a function at a point, and the linear map that is its derivative there, as a jaxpr.
import { atFlags } from "./flags.ts";
import { isFloating } from "../core/dtype.ts";
import type { ClosedJaxpr } from "../core/jaxpr.ts";
import type { Value } from "../core/value.ts";
import { zerosOf } from "../primitives/linear.ts";
import { jvpFlat } from "./jvp.ts";
import { partialFlat } from "./partial.ts";
import { evalJaxpr, type Flat } from "./trace.ts";
import { backwardPass, type MaybeZero } from "./transpose.ts";

/** A derivative: `jaxpr` maps tangents of the inputs where `ins` to tangents of the outputs where `outs`; other outputs are constant. */
export interface Linear {
  readonly jaxpr: ClosedJaxpr;
  readonly ins: readonly boolean[];
  readonly outs: readonly boolean[];
}

/**
 * Values of `f` at `primals`, and its derivative in the floating ones. Only the first `count()` results (asked after the call)
 * are differentiated; the others are auxiliary.
 */
export const linearizeFlat = (
  f: Flat,
  primals: readonly Value[],
  name = "linearize",
  count: () => number = () => Infinity,
): readonly [outs: readonly Value[], linear: Linear] => {
  const ins = primals.map((v) => isFloating(v.dtype));
  let values: readonly Value[] = [],
    outs: readonly boolean[] = [];
  const jaxpr = partialFlat(
    (...given) => {
      const [ys, all] = jvpFlat(f, primals, atFlags(ins, given), name);
      const tangents = all.slice(0, count());
      values = ys;
      outs = tangents.map((t) => t !== null);
      return tangents.filter((t) => t !== null);
    },
    primals.filter((_, i) => ins[i]).map((v) => v.aval),
    name,
  );
  return [values, { jaxpr, ins, outs }];
};

/** Apply a derivative to tangents, one for each input; null is a zero. */
export const pushLinear = (
  { jaxpr: { jaxpr, consts }, ins, outs }: Linear,
  tangents: readonly MaybeZero[],
): readonly MaybeZero[] => {
  const vars = jaxpr.ins.slice(jaxpr.consts),
    given = tangents.filter((_, i) => ins[i]);
  if (given.every((t) => t === null)) return outs.map(() => null);
  return atFlags(outs, evalJaxpr(jaxpr, [...consts, ...vars.map((v, i) => given[i] ?? zerosOf(v.aval))]));
};

/** Apply the transpose of a derivative to cotangents, one for each output; null is a zero. */
export const pullLinear = (
  { jaxpr: { jaxpr, consts }, ins, outs }: Linear,
  cotangents: readonly MaybeZero[],
): readonly MaybeZero[] => {
  const all = backwardPass(
    jaxpr,
    [...consts, ...jaxpr.ins.slice(jaxpr.consts).map(() => null)],
    cotangents.filter((_, i) => outs[i]),
  );
  let k = jaxpr.consts;
  return ins.map((d) => (d ? (all[k++] as MaybeZero) : null));
};
