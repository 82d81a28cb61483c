// whileLoop and foriLoop for users.
import { type Aval, aval, showAval } from "../core/aval.ts";
import { isInteger } from "../core/dtype.ts";
import { jaxprHasEffects } from "../core/effects.ts";
import { ArgumentError, DTypeError, ShapeError, TreeError } from "../core/errors.ts";
import { modes } from "../core/modes.ts";
import type { Atom, Jaxpr } from "../core/jaxpr.ts";
import { Var } from "../core/jaxpr.ts";
import { leafDef, showDef } from "../core/tree.ts";
import { bindCall } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import { add, convertElementType, lt } from "../primitives/elementwise.ts";
import { type Callable, rebuild } from "../transforms/leaves.ts";
import { cached } from "../transforms/derived.ts";
import { evalJaxpr, traceJaxpr } from "../transforms/trace.ts";
import type { Arrays, Loose } from "../transforms/types.ts";
import { type Body, literalOf, toValue, traceBody } from "./bodyTrace.ts";
import { startOf, traceCarry } from "./carry.ts";
import { plainFor, plainWhile } from "./plain.ts";
import { bindScan } from "./scanPrimitive.ts";
import { whileP } from "./whilePrimitive.ts";

const checkCondition = (op: string, { jaxpr, out }: Body): void => {
  if (out.kind !== "leaf")
    throw new TreeError({ op, expected: "a condition that returns one truth value", got: showDef(out) });
  const got = (jaxpr.outs[0] as Value).aval;
  if (got.shape.length > 0)
    throw new ShapeError({
      op,
      expected: "a condition that returns one truth value bool[]",
      got: showAval(got),
      remedy: "combine them with np.all or np.any",
    });
  if (got.dtype !== "bool")
    throw new DTypeError({
      op,
      expected: "a condition that returns a truth value bool[]",
      got: showAval(got),
      remedy: "compare: np.notEqual(x, 0)",
    });
};

const runWhile = (cond: unknown, body: unknown, init: unknown): unknown => {
  const op = "whileLoop",
    start = startOf(init, op);
  if (!modes.jit && typeof cond === "function" && typeof body === "function") {
    const plain = plainWhile(op, cond as Callable, body as Callable, start);
    if (plain !== null) return plain.out;
  }
  const {
    body: step,
    starts,
    avals,
  } = traceCarry(
    op,
    start,
    (carry) => traceBody(op, body, [carry]),
    (out) => out,
  );
  const test = traceBody(op, cond, [{ def: start.def, avals }], "a condition");
  checkCondition(op, test);
  const outs =
    starts.length === 0 && !jaxprHasEffects(step.jaxpr) && !jaxprHasEffects(test.jaxpr)
      ? []
      : bindCall(whileP, [...test.consts, ...step.consts, ...starts], {
          cond: test.jaxpr,
          body: step.jaxpr,
          roles: [
            ...test.consts.map(() => "cond" as const),
            ...step.consts.map(() => "body" as const),
            ...starts.map((_, i) => i),
          ],
          results: starts.map((_, i) => i),
        });
  return rebuild(start.def, outs, op);
};

/** The forms of `whileLoop`; `init` may come last. */
export interface WhileLoop {
  <const C>(cond: (carry: Arrays<C>) => Value | boolean, body: (carry: Arrays<C>) => Loose<C>, init: C): Arrays<C>;
  <C>(cond: (carry: C) => Value | boolean, body: (carry: C) => Loose<C>, init: Loose<C>): C;
  <C>(cond: (carry: C) => Value | boolean, body: (carry: C) => Loose<C>): (init: Loose<C>) => C;
}
/**
 * `body` applied again and again as long as `cond` holds: `while (cond(x)) x = body(x)`. It becomes one loop in the program. Forward mode
 * goes through it; reverse mode throws TraceError, since the number of rounds is not known (use scan, or foriLoop with static bounds).
 * `whileLoop(cond, body)(init)` does too. Throws ShapeError, DTypeError or TreeError naming the leaf if the carry changes.
 * @example
 * lax.whileLoop((x) => x.less(1000), (x) => x.mul(2), 1) // => 1024
 */
export const whileLoop: WhileLoop = ((...args: readonly unknown[]) =>
  args.length === 2
    ? (init: unknown) => runWhile(args[0], args[1], init)
    : runWhile(args[0], args[1], args[2])) as WhileLoop;

/** A bound of a loop: a number, or an int32 that may be traced. */
export type Bound = number | Value;
const boundOf = (x: unknown, what: string): Bound => {
  const op = "foriLoop";
  if (typeof x === "number") {
    if (literalOf(x, "int32") === null)
      throw new ArgumentError({ op, expected: `${what} to be an integer of 32 bits`, got: String(x) });
    return x;
  }
  const v = toValue(x, op);
  if (v.ndim > 0) throw new ShapeError({ op, expected: `${what} to be a scalar`, got: showAval(v.aval) });
  if (!isInteger(v.dtype))
    throw new DTypeError({
      op,
      expected: `${what} to be an integer`,
      got: showAval(v.aval),
      remedy: 'convert it with astype("int32")',
    });
  return v instanceof Literal ? v.value : v;
};
const counter: Aval = aval([], "int32");
/** `(constants, i, carry) -> (i + 1, next carry)` from a body that takes the round's number and the carry. */
const counting = (body: Jaxpr): Jaxpr =>
  cached(body, "counting", () => {
    const { consts } = body;
    const { jaxpr } = traceJaxpr(
      (...ins) => {
        const i = ins[consts] as Value;
        return [...evalJaxpr(body, ins), add(i, new Literal(1, "int32"))];
      },
      body.ins.map((v) => v.aval),
      "foriLoop",
    );
    return { ...jaxpr, outs: [jaxpr.outs[jaxpr.outs.length - 1] as Atom, ...jaxpr.outs.slice(0, -1)] };
  });
const below: Jaxpr = traceJaxpr((hi, i) => [lt(i as Value, hi as Value)], [counter, counter], "foriLoop").jaxpr;
/** The condition `i < upper` on a counter and a carry. */
const belowWith = (body: Jaxpr): Jaxpr =>
  cached(body, "below", () => ({
    ...below,
    ins: [...below.ins, ...body.ins.slice(body.consts + 1).map((v) => new Var(v.aval))],
  }));
const asBound = (x: Bound): Value => (typeof x === "number" ? new Literal(x, "int32") : convertElementType(x, "int32"));

const runFor = (lower: unknown, upper: unknown, body: unknown, init: unknown): unknown => {
  const op = "foriLoop",
    lo = boundOf(lower, "the lower bound"),
    hi = boundOf(upper, "the upper bound"),
    start = startOf(init, op),
    index = { def: leafDef, avals: [counter] };
  if (!modes.jit && typeof body === "function") {
    const plain = plainFor(op, [lo, hi], body as Callable, start);
    if (plain !== null) return plain.out;
  }
  const { body: step, starts } = traceCarry(
    op,
    start,
    (carry) => traceBody(op, body, [index, carry]),
    (out) => out,
  );
  if (starts.length === 0 && !jaxprHasEffects(step.jaxpr)) return rebuild(start.def, [], op);
  const loop = counting(step.jaxpr),
    carry = [asBound(lo), ...starts];
  const outs =
    typeof lo === "number" && typeof hi === "number"
      ? bindScan([...step.consts, ...carry], {
          jaxpr: loop,
          roles: [...step.consts.map(() => "const" as const), ...carry.map((_, i) => i)],
          length: Math.max(0, hi - lo),
          reverse: false,
          unroll: 1,
        }).slice(1)
      : bindCall(whileP, [asBound(hi), ...step.consts, ...carry], {
          cond: belowWith(step.jaxpr),
          body: loop,
          roles: ["cond", ...step.consts.map(() => "body" as const), ...carry.map((_, i) => i)],
          results: starts.map((_, i) => i + 1),
        });
  return rebuild(start.def, outs, op);
};

/** The forms of `foriLoop`; `init` may come last. */
export interface ForiLoop {
  <const C>(lower: Bound, upper: Bound, body: (i: Value, carry: Arrays<C>) => Loose<C>, init: C): Arrays<C>;
  <C>(lower: Bound, upper: Bound, body: (i: Value, carry: C) => Loose<C>, init: Loose<C>): C;
  <C>(lower: Bound, upper: Bound, body: (i: Value, carry: C) => Loose<C>): (init: Loose<C>) => C;
}
/**
 * A loop that counts: `for (i = lower; i < upper; i++) x = body(i, x)`, `i` being int32. With bounds that are known it is a scan and has
 * both modes of differentiation; with traced ones it is a whileLoop. `foriLoop(lower, upper, body)(init)` does too. Throws as those do.
 * @example
 * lax.foriLoop(0, 5, (i, x) => x.add(i), 0) // => 10
 */
export const foriLoop: ForiLoop = ((...args: readonly unknown[]) =>
  args.length === 3
    ? (init: unknown) => runFor(args[0], args[1], args[2], init)
    : runFor(args[0], args[1], args[2], args[3])) as ForiLoop;
