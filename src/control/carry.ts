// What loops carry: it must come out of a round as it went in. Numbers of JavaScript among it take the dtype that the body gives.
import { type Aval, aval, showAval } from "../core/aval.ts";
import { DTypeError, ShapeError, TreeError } from "../core/errors.ts";
import { lift } from "../core/lift.ts";
import { difference, flatten, leafCount, type TreeDef } from "../core/tree.ts";
import type { Literal, Value } from "../core/value.ts";
import type { Weakness } from "../core/weak.ts";
import { leafPath } from "../transforms/leaves.ts";
import { pathString } from "../core/tree.ts";
import { type Argument, type Body, literalOf, toValue, withOuts } from "./bodyTrace.ts";

/** The start of a carry taken apart; leaves may be numbers. */
export interface Start {
  readonly leaves: readonly unknown[];
  readonly def: TreeDef;
}
export const startOf = (init: unknown, op: string): Start => {
  const [leaves, def] = flatten(init, op);
  return { leaves: leaves.map((x) => (typeof x === "number" ? x : toValue(x, op))), def };
};
/** How weak a number that begins a carry is; null for arrays. */
export const weaknessOf = (x: unknown): Weakness | null =>
  typeof x !== "number" ? null : Number.isInteger(x) && Math.abs(x) < 2 ** 31 ? "integral" : "fractional";

/** A loop's body with the values that its carry begins with. */
export interface Carried {
  readonly body: Body;
  readonly starts: readonly Value[];
  readonly avals: readonly Aval[];
}

/** Throw because a leaf of the carry came out as something else. */
export const changed = (op: string, path: string, want: Aval, got: Aval): never => {
  const complaint = {
    op: `${op}: ${path}`,
    expected: `${showAval(want)}, as the carry begins`,
    got: `${showAval(got)} from the body`,
  };
  throw want.dtype !== got.dtype
    ? new DTypeError({
        ...complaint,
        remedy: `a carry keeps its dtype: begin with astype("${got.dtype}"), or convert what the body gives with astype("${want.dtype}")`,
      })
    : new ShapeError({
        ...complaint,
        remedy: `a carry keeps its shape: begin with an array of shape [${got.shape}], or give what grows as a result of every round`,
      });
};
/** Throw because the carry came out with another structure. */
export const otherStructure = (op: string, path: string, expected: string, got: string): never => {
  throw new TreeError({
    op: `${op}: ${path}`,
    expected: `the structure ${expected}, as the carry begins`,
    got: `${got} from the body`,
    remedy: "a carry keeps its structure: give the same keys, and as many elements of lists",
  });
};

/**
 * Trace a body until its carry comes out as it goes in. `trace` traces it for a carry; `carryOf` finds the structure of the next carry
 * in that of the result, of which it must be the first part.
 */
export const traceCarry = (
  op: string,
  start: Start,
  trace: (carry: Argument) => Body,
  carryOf: (out: TreeDef) => TreeDef,
): Carried => {
  const { leaves, def } = start,
    weakness = leaves.map(weaknessOf);
  let avals = leaves.map((x): Aval => (typeof x === "number" ? aval([]) : (x as Value).aval));
  const path = (i: number): string => leafPath(def, i, "carry");
  for (let round = 0; ; round++) {
    // Numbers are weak in the first round only: it shows which dtype they get.
    const looking = round === 0 && weakness.some((w) => w !== null);
    const body = trace(looking ? { def, avals, weak: weakness } : { def, avals });
    const next = carryOf(body.out),
      d = difference(def, next);
    if (d !== null) otherStructure(op, pathString("carry", d.path), d.expected, d.got);
    const got = body.jaxpr.outs.slice(0, leafCount(def)).map((a) => a.aval);
    const again = avals.map((a, i): Aval => {
      const b = got[i] as Aval,
        number = body.numbers[i] ?? null;
      if (a.dtype === b.dtype || (number !== null && literalOf(number, a.dtype) !== null)) return a;
      return round < 3 && weakness[i] !== null ? aval([], b.dtype) : a;
    });
    const moved = again.some((a, i) => a.dtype !== (avals[i] as Aval).dtype);
    if (moved || (looking && body.asked)) {
      avals = again;
      continue;
    }
    const outs = body.jaxpr.outs.map((_, i): Literal | null => {
      const number = body.numbers[i] ?? null;
      return i < avals.length && number !== null ? literalOf(number, (avals[i] as Aval).dtype) : null;
    });
    const jaxpr = withOuts(body.jaxpr, outs);
    avals.forEach((a, i) => {
      const b = (jaxpr.outs[i] as Value).aval;
      if (a.dtype !== b.dtype || a.shape.length !== b.shape.length || a.shape.some((n, k) => n !== b.shape[k]))
        changed(op, path(i), a, b);
    });
    const starts = leaves.map((x, i): Value => {
      if (typeof x !== "number") return lift(x, op);
      const { dtype } = avals[i] as Aval,
        literal = literalOf(x, dtype);
      if (literal === null)
        throw new DTypeError({
          op: `${op}: ${path(i)}`,
          expected: `a start of dtype ${dtype}, which the body gives`,
          got: String(x),
          remedy: `begin with an array, or convert what the body gives with astype("float32")`,
        });
      return literal;
    });
    return { body: { ...body, jaxpr }, starts, avals };
  }
};
