// Choices with a costly side that is seldom needed: whatever is shared, nested or grouped, they mean what a plain choice means.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hoist } from "../src/compile/hoist.ts";
import type { Expr } from "../src/kernel/expr.ts";
import { binary, buffer, cast, compare, constant, loopVar, rare, read, select } from "../src/kernel/expr.ts";
import type { Mark, Program, Stmt } from "../src/kernel/program.ts";
import { outcome, programOf, textOf } from "./backend-run.ts";

const extent = 37,
  i = loopVar("i", extent);
/** One value made of earlier ones: an operation, or a choice under one of a few conditions, and which operands. */
const step = fc.tuple(fc.nat(9), fc.nat(99), fc.nat(99), fc.nat(99));
type Choose = typeof select;

/** A loop that stores two of the values; `wide` ones are float64, in two lanes. */
const kernel = (steps: readonly (readonly number[])[], wide: boolean) => {
  const type = wide ? "f64" : "f32",
    [x, y, out, last] = [0, 1, 2, 3].map(() => buffer(type, [extent])) as [Buf, Buf, Buf, Buf];
  return (choose: Choose, place: boolean, mark: Mark): Program => {
    const values: Expr[] = [read(x, [i]), read(y, [i]), constant(type, 2), cast(type, i)];
    const at = (n: number): Expr => values[n % values.length] as Expr,
      recent = (n: number): Expr => values[values.length - 1 - (n % Math.min(3, values.length))] as Expr;
    for (const [op, a, b, c] of steps as readonly (readonly [number, number, number, number])[])
      values.push(
        op < 4
          ? binary((["add", "sub", "mul", "max"] as const)[op] as "add", recent(a), at(b))
          : // Few conditions, so that choices meet under one.
            choose(compare(op < 7 ? "gt" : "lt", at(op % 3), constant(type, c % 4)), recent(a), at(b)),
      );
    const stores = [out, last].map((b, k): Stmt => ({ op: "store", buffer: b, at: [i], value: recent(k) })),
      body: readonly Stmt[] = [{ op: "for", index: i, mark, accs: [], body: stores }];
    return programOf({
      name: "choices",
      params: [x, y, out, last],
      outputs: [out, last],
      scratch: [],
      body: place ? hoist(body) : body,
    });
  };
};
type Buf = ReturnType<typeof buffer>;

describe("choices that are seldom made", () => {
  it("mean what plain choices mean", () => {
    let branches = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 3, maxLength: 14 }), fc.boolean(), (steps, wide) => {
        const make = kernel(steps, wide),
          want = outcome("reference", make(select, false, "serial"));
        for (const mark of ["vector", "serial"] as const) {
          const p = make(rare, true, mark),
            text = textOf(p);
          if (/^ *if /m.test(text)) branches++;
          expect(outcome("wasm", p), text).toEqual(want);
          expect(outcome("reference", p), text).toEqual(want);
        }
      }),
      { numRuns: 60 },
    );
    expect(branches).toBeGreaterThan(30);
  });
  it("one branch for those of one condition, and nothing of the seldom side outside of it", () => {
    const [x, out, last] = [0, 1, 2].map(() => buffer("f32", [extent])) as [Buf, Buf, Buf];
    const e = read(x, [i]),
      far = compare("gt", e, constant("f32", 9)),
      costly = binary("div", constant("f32", 1), binary("add", e, constant("f32", 1)));
    const stores = [binary("mul", costly, costly), binary("add", costly, e)].map(
      (a, k): Stmt => ({ op: "store", buffer: k === 0 ? out : last, at: [i], value: rare(far, a, e) }),
    );
    const text = textOf(
      programOf({
        name: "choices",
        params: [x, out, last],
        outputs: [out, last],
        scratch: [],
        body: hoist([{ op: "for", index: i, mark: "vector", accs: [], body: stores }]),
      }),
    );
    expect(text.match(/ if /g)?.length, text).toBe(1);
    expect(text.match(/\/ /g)?.length, text).toBe(1);
    expect(text.indexOf(" if ")).toBeLessThan(text.indexOf("/ "));
  });
});
