// A function whose derivatives are those of another one: what it computes once is known there, and nothing has to be kept for them.
import { bindCall, isEager } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { traceCall } from "./customCall.ts";
import { customJvpP, type JvpRule } from "./customJvpPrimitive.ts";

/**
 * The first of the values of `f`, with the tangents of `like(operands, values)`, where the values of `f` are held fixed: a formula that
 * may use them, and of whose own value nothing is asked. Derivatives of higher order go through both functions.
 */
export const derivedFrom = (
  name: string,
  f: (operands: readonly Value[]) => readonly [Value, ...Value[]],
  like: (operands: readonly Value[], values: readonly Value[]) => Value,
): ((operands: readonly Value[]) => Value) => {
  const rule: JvpRule = (ins, tangents) => {
    const values = f(ins),
      [, slopes] = jvpFlat((...xs) => [like(xs, values)], ins, tangents, name);
    return [[values[0]], slopes];
  };
  return (operands) => {
    if (isEager()) return f(operands)[0];
    const { jaxpr, consts, results } = traceCall(
      (...ins) => f(ins as readonly Value[])[0],
      (ins) => ins,
      operands,
      name,
    );
    return bindCall(customJvpP, [...consts, ...operands], {
      jaxpr,
      name,
      fixed: consts.length,
      rule,
      results,
    })[0] as Value;
  };
};
