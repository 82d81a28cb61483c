// Calls of functions of JavaScript from inside programs: for a result (pure), or for what they do (an effect, in order).
import type { Aval } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { TraceError } from "../core/errors.ts";
import type { CallPrimitive } from "../core/jaxpr.ts";
import { uncut } from "../core/jaxpr.ts";
import { bindCall } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { moveAxis, reshape, without } from "../primitives/linear.ts";
import { traceJaxpr } from "../transforms/trace.ts";
import { placeAxis } from "../transforms/vmap.ts";
import { bindScan } from "./scanPrimitive.ts";

/**
 * How a batch is called: `sequential`, one example after the other; `expandDims`, all at once, operands without a batch having
 * a first axis of 1; `broadcastAll`, all at once, operands without a batch being repeated.
 */
export type VmapMethod = "sequential" | "expandDims" | "broadcastAll";
/** The function takes concrete arrays and gives results of the kinds `outs`. */
export interface CallbackAttrs {
  /** As users call it. */
  readonly name: string;
  readonly f: (ins: readonly Value[], outs: readonly Aval[]) => readonly Value[];
  readonly outs: readonly Aval[];
  /** It is called for what it does: exactly once, in the order of the program. */
  readonly effect: boolean;
  readonly method: VmapMethod;
}

const batch: CallPrimitive<CallbackAttrs>["batch"] = ({ size }, ins, axes, attrs) => {
  const { method, outs } = attrs,
    at = (i: number): number | null => axes[i] ?? null;
  if (method === "sequential") {
    const placed = ins.map((x, i) => (at(i) === null ? x : moveAxis(x, at(i) as number, 0)));
    const { jaxpr } = traceJaxpr(
      (...xs) => bindCall(callbackP, xs, attrs),
      placed.map(({ aval: { dtype, shape } }, i) => ({ dtype, shape: at(i) === null ? shape : without(shape, [0]) })),
      attrs.name,
    );
    const results = bindScan(placed, {
      jaxpr,
      roles: axes.map((a) => (a === null ? "const" : "slice")),
      length: size,
      reverse: false,
    });
    return [results, results.map(() => 0)];
  }
  const placed = ins.map((x, i) =>
    at(i) === null && method === "expandDims" ? reshape(x, [1, ...x.shape]) : placeAxis(x, at(i), 0, size),
  );
  const results = bindCall(callbackP, placed, {
    ...attrs,
    outs: outs.map(({ dtype, shape }) => ({ dtype, shape: [size, ...shape] })),
  });
  return [results, results.map(() => 0)];
};

const underivable = (name: string): never => {
  throw new TraceError({
    op: name,
    expected: "a function whose derivative is known",
    got: "differentiation through a callback",
    remedy: "give the function that calls it its own rule with customJvp or customVjp, or use lax.stopGradient",
  });
};

/** The call of a function of JavaScript. */
export const callbackP: CallPrimitive<CallbackAttrs> = {
  name: "callback",
  abstractEval: (_ins, { outs }) => outs,
  jvp: (ins, _tangents, attrs) => {
    if (attrs.outs.some((a) => isFloating(a.dtype))) return underivable(attrs.name);
    return [bindCall(callbackP, ins, attrs), attrs.outs.map(() => null)];
  },
  batch,
  partial: (_unknown, _ins, attrs) => uncut(attrs, attrs.outs.length),
  transpose: (_cts, _ins, { name }) => underivable(name),
  effect: ({ effect }) => effect,
  inline: null,
  structure: ({ name, f, outs }) => ({ kind: "host", name, call: (ins) => f(ins, outs) }),
  show: ({ name, outs, effect }) =>
    `name=${name}${effect ? " effect" : ""}${outs.length === 0 ? "" : ` outs=(${outs.map(showAval).join(", ")})`}`,
};
