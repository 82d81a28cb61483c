// Random functions with nested loops and branches do what straight-line programs do: their values, and any stack of transforms of
// them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import * as E from "../src/primitives/elementwise.ts";
import { bodies, type Engine, functionOf, kindsOf, real, realWith, straight } from "./random-bodies.ts";
import { check, type F, forwardNames, inputs, names, stacks, steps } from "./random-stacks.ts";
import { near, scalar } from "./transforms-subjects.ts";

/** Runs of each property. */
const runs = 14;
describe("control flow is what straight lines are", () => {
  it("values, eager and jitted, rounds written out or not", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(bodies(true), fc.boolean(), fc.integer({ min: 1, max: 3 }), (p, jitted, unroll) => {
        for (const k of kindsOf(p)) seen.set(k, (seen.get(k) ?? 0) + 1);
        check(p, jitted ? [["jit", 0]] : [], realWith(unroll));
      }),
      { numRuns: 40 },
    );
    console.log([...seen].map(([k, n]) => `${k} ${n}`).join(", "));
    expect(seen.size).toBe(6);
  });
  it.each(names)("%s", (name) => {
    const backward = steps[name]?.backward === true;
    fc.assert(
      fc.property(bodies(!backward), fc.nat(31), fc.integer({ min: 1, max: 3 }), (p, z, unroll) =>
        check(p, [[name, z]], realWith(unroll)),
      ),
      { numRuns: runs },
    );
  });
  it("any stack of two or three transforms", () => {
    const any = fc.boolean().chain((forward) => fc.tuple(bodies(forward), stacks(forward ? forwardNames : names)));
    fc.assert(
      fc.property(any, ([p, stack]) => check(p, stack)),
      { numRuns: 5 * runs },
    );
  });
  it("arguments may be donated", () => {
    fc.assert(
      fc.property(bodies(true), fc.nat(31), (p, mask) => {
        const f = functionOf(p, real),
          donate = [0, 1, 2, 3, 4].filter((i) => (mask >> i) % 2 === 1);
        const g = jit(f as never, { donate }) as unknown as F;
        near(g(...inputs(p)), functionOf(p, straight)(...inputs(p)), 1e-9);
      }),
      { numRuns: runs },
    );
  });
  it("has teeth", () => {
    const wrong: readonly Engine[] = [
      { ...real, scan: (f, init, xs, length, reverse) => real.scan(f, init, xs, length, !reverse) },
      { ...real, cond: (pred, yes, no, xs) => real.cond(pred, no, yes, xs) },
      { ...real, choose: (index, branches, xs) => real.choose(E.add(index, scalar(1, "int32")), branches, xs) },
      { ...real, loop: (cond, body, init, most) => real.loop(cond, (c) => body(body(c)), init, most) },
    ];
    for (const e of wrong)
      expect(() =>
        fc.assert(
          fc.property(bodies(true), (p) => check(p, [], e)),
          { numRuns: 2000, endOnFailure: true },
        ),
      ).toThrow();
  });
});
