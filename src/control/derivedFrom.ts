// A function whose derivatives are those of another one: what it computes once is known there, and nothing has to be kept for them.
import type { Value } from "../core/value.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { callWithRule } from "./customCall.ts";
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
  return (operands) =>
    callWithRule(
      customJvpP,
      (...xs) => f(xs as readonly Value[])[0],
      operands,
      {},
      name,
      () => ({ rule }),
    ) as Value;
};
