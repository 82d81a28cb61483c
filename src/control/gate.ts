// A value that counts as a constant for some of its elements.
import type { Aval } from "../core/aval.ts";
import type { Binary, None, Primitive } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { select } from "../primitives/elementwise.ts";
import { zerosOf } from "../primitives/linear.ts";
import { alignBatch } from "../primitives/pointwise.ts";

/** Derivatives pass in both directions where `open` holds, and nowhere else. */
const masked = (open: Value, t: Value): Value => select(open, t, zerosOf(t.aval));
const gateP: Primitive<None, Binary> = {
  name: "gate",
  abstractEval: ([, x]) => x as Aval,
  jvp: [null, (dx, _out, [open]) => masked(open, dx)],
  // Not the transpose of the identity: as stopGradient it lets nothing through on the way back.
  transpose: [null, (ct, [open]) => masked(open as Value, ct)],
  batch: (size, ins, axes, attrs) => {
    const [[open, x], at] = alignBatch(size, ins, axes) as readonly [readonly [Value, Value], number];
    return [bind(gateP, [open, x], attrs), at];
  },
  lower: ([, x], at) => x(at),
};
/** `x`, a constant to every derivative where `open` (a bool of its shape) does not hold. */
export const gate = (open: Value, x: Value): Value => bind(gateP, [open, x], {});
