// Random functions with nested loops and branches do what straight-line programs do: their values, and any stack of transforms of
// them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import { sizeOf } from "../src/core/aval.ts";
import type { Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { broadcast, full, insertAt, moveAxis, sum } from "../src/primitives/linear.ts";
import { concatenate, expandDims } from "../src/primitives/movement.ts";
import { grad } from "../src/transforms/grad.ts";
import { jvpFlat } from "../src/transforms/jvp.ts";
import { vmapFlat } from "../src/transforms/vmap.ts";
import {
  bodies,
  type Engine,
  functionOf,
  kindsOf,
  type RandomBody,
  real,
  realWith,
  straight,
} from "./random-bodies.ts";
import { dyadic } from "./rule-checks.ts";
import { array, isReal, near, scalar } from "./transforms-subjects.ts";

type F = (...ins: readonly Value[]) => readonly Value[];

const weights = (x: Value, seed: number): Value => array(dyadic(x.size, seed), x.shape);
/** A number that depends on every real result. */
const scalarized = (outs: readonly Value[]): Value =>
  outs.filter(isReal).reduce<Value>(
    (total, y, i) =>
      E.add(
        total,
        sum(
          E.mul(y, weights(y, i)),
          y.shape.map((_, d) => d),
        ),
      ),
    scalar(0),
  );
/** A transform of functions of lists that leaves their arguments what they were. `z` chooses what to differentiate or map. */
type Step = (f: F, z: number) => F;
const steps: Readonly<Record<string, { readonly of: Step; readonly backward?: true }>> = {
  jit: { of: (f) => jit(f as never) as unknown as F },
  jvp: {
    of:
      (f, z) =>
      (...ins) => {
        const ts = ins.map((x, i) => (isReal(x) && (z + i) % 3 !== 0 ? weights(x, i + 7) : null));
        const [outs, tangents] = jvpFlat((...xs) => f(...xs), ins, ts);
        return outs.map((y, i) => tangents[i] ?? (isReal(y) ? full(y.shape, 0, y.dtype) : y));
      },
  },
  grad: {
    backward: true,
    of:
      (f, z) =>
      (...ins) => {
        const argnums = ins.flatMap((x, i) => (isReal(x) && (z + i) % 3 !== 0 ? [i] : []));
        const g = grad(((...xs: readonly Value[]) => scalarized(f(...xs))) as never, { argnums }) as unknown as F;
        return g(...ins);
      },
  },
  vmap: {
    of:
      (f, z) =>
      (...ins) => {
        const size = 2 + (z % 2),
          axes = ins.map((x, i) => ((z >> i) % 2 === 0 ? (z + i) % (x.ndim + 1) : null));
        const many = ins.map((x, i) => {
          const a = axes[i] ?? null;
          if (a === null) return x;
          const each = Array.from({ length: size }, (_, k) =>
            isReal(x) ? E.mul(x, full(x.shape, 1 - k * 0.75, x.dtype)) : E.add(x, full(x.shape, k, x.dtype)),
          );
          return moveAxis(
            concatenate(
              each.map((y) => expandDims(y, [0])),
              0,
            ),
            0,
            a,
          );
        });
        const [outs, at] = vmapFlat((...xs) => f(...xs), many, axes, { size, name: null });
        return outs.map((y, i) => {
          const a = at[i] ?? null,
            all = a === null ? broadcast(y, insertAt(y.shape, 0, size), [0]) : moveAxis(y, a, 0);
          const scale = isReal(y)
            ? broadcast(array([1, -0.5, 2].slice(0, size)), all.shape, all.shape.map((_, d) => d).slice(1))
            : null;
          return sum(scale === null ? all : E.mul(all, scale), [0]);
        });
      },
  },
};
const names = Object.keys(steps),
  forwardNames = names.filter((s) => steps[s]?.backward !== true);

const inputs = ({ shape, length }: RandomBody): readonly Value[] => [
  ...[shape, shape, [length, ...shape], [length, ...shape]].map((s, i) => array(dyadic(sizeOf(s), i + 1), s)),
  scalar(2, "int32"),
];
const transformed = (p: RandomBody, e: Engine, stack: readonly (readonly [string, number])[]): F =>
  stack.reduce<F>((f, [name, z]) => (steps[name] as { readonly of: Step }).of(f, z), functionOf(p, e));
const check = (p: RandomBody, stack: readonly (readonly [string, number])[], e: Engine = real): void => {
  const ins = inputs(p);
  near(
    transformed(p, e, stack)(...ins),
    transformed(
      p,
      straight,
      stack.filter(([s]) => s !== "jit"),
    )(...ins),
    1e-9,
  );
};
const stacks = (of: readonly string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...of), fc.nat(31)), { minLength: 2, maxLength: 3 });

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
          { numRuns: 200, endOnFailure: true },
        ),
      ).toThrow();
  });
});
