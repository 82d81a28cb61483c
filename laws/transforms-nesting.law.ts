// Transforms in any nesting and order. Functions of one number that are polynomials: every transform of such a function is one
// too, and says in plain JavaScript which. A stack of transforms must give what the stack of their meanings gives.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import type { Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { full, sum } from "../src/primitives/linear.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad, valueAndGrad } from "../src/transforms/grad.ts";
import { hessian, jacfwd, jacrev } from "../src/transforms/jacobian.ts";
import { linearize, linearTranspose } from "../src/transforms/linearmap.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { stopGradient } from "../src/transforms/stopGradient.ts";
import { dataOf, scalar } from "./transforms-subjects.ts";

type F = (x: Value) => Value;
/** Coefficients, the constant one first. */
type Polynomial = readonly number[];

const polynomial =
  (p: Polynomial): F =>
  (x) =>
    p.reduceRight<Value>((y, a) => E.add(E.mul(y, x), full(x.shape, a, x.dtype)), full(x.shape, 0, x.dtype));
const at = (p: Polynomial, x: number): number => p.reduceRight((y, a) => y * x + a, 0);
const derivative = (p: Polynomial): Polynomial => p.slice(1).map((a, i) => a * (i + 1));
const same = (p: Polynomial): Polynomial => p;
const one = scalar(1);
const third = scalar(3);

/** A transform of functions, and what it does to polynomials. */
interface Step {
  readonly of: (f: F) => F;
  readonly means: (p: Polynomial) => Polynomial;
}
const steps: Readonly<Record<string, Step>> = {
  jit: { of: (f) => jit(f), means: same },
  grad: { of: (f) => grad(f), means: derivative },
  valueAndGrad: { of: (f) => (x) => valueAndGrad(f)(x)[1], means: derivative },
  "value of valueAndGrad": { of: (f) => (x) => valueAndGrad(f)(x)[0], means: same },
  jvp: { of: (f) => (x) => jvp(f, [x], [one])[1], means: derivative },
  "value of jvp": { of: (f) => (x) => jvp(f, [x], [one])[0], means: same },
  vjp: { of: (f) => (x) => vjp(f, [x])[1](one)[0], means: derivative },
  linearize: { of: (f) => (x) => linearize(f, [x])[1](one), means: derivative },
  jacfwd: { of: (f) => jacfwd(f), means: derivative },
  jacrev: { of: (f) => jacrev(f), means: derivative },
  hessian: { of: (f) => hessian(f), means: (p) => derivative(derivative(p)) },
  "mean over a vmap": {
    of: (f) => (x) => E.mul(scalar(0.5), sum(vmap(f)(E.mul(full([2], 1, x.dtype), spread(x, 2))), [0])),
    means: same,
  },
  "vmap of nothing": { of: (f) => vmap(f, { inAxes: null, outAxes: null, axisSize: 3 }) as F, means: same },
  "transposed multiplication": {
    of: (f) => (x) => linearTranspose((t: Value) => E.mul(t, f(x)), [x])(one)[0],
    means: same,
  },
  "derivative in another variable": { of: (f) => (x) => grad((y: Value) => E.mul(y, f(x)))(third), means: same },
  "derivative of a shift": { of: (f) => (x) => grad((y: Value) => f(E.add(x, y)))(scalar(0)), means: derivative },
  "shift by a constant of the outside": {
    of: (f) => (x) => jvp((y: Value) => E.mul(E.sub(y, stopGradient(x)), f(x)), [x], [one])[1],
    means: same,
  },
  "jit in jit": { of: (f) => jit((x: Value) => jit(f)(x)), means: same },
  "closed over by jit": { of: (f) => (x) => jit((y: Value) => E.mul(y, f(x)))(one), means: same },
};
const spread = (x: Value, n: number): Value => vmap((_: Value) => x, { axisSize: n })(full([n], 0, x.dtype)) as Value;

const names = Object.keys(steps);
const apply = (f: F, stack: readonly string[]): F => stack.reduce((g, name) => (steps[name] as Step).of(g), f);
const meaning = (p: Polynomial, stack: readonly string[]): Polynomial =>
  stack.reduce((q, name) => (steps[name] as Step).means(q), p);
const check = (p: Polynomial, stack: readonly string[], x: number, q = meaning(p, stack)): void => {
  const want = at(q, x);
  const [got] = dataOf(apply(polynomial(p), stack)(scalar(x)));
  expect(Math.abs((got as number) - want), `${stack.join(" of ")}: ${got} for ${want}`).toBeLessThan(
    1e-9 * (1 + Math.abs(want)),
  );
};
const eighth = fc.integer({ min: -16, max: 16 }).map((n) => n / 8);

describe("nesting", () => {
  it.each(names)("%s", (name) => check([1, -2, 0.5, 3, -1], [name], 1.25));
  it.each(names.flatMap((a) => names.map((b) => [a, b] as const)))("%s, then %s", (a, b) => {
    check([1, -2, 0.5, 3, -1], [a, b], -0.75);
  });
  it("any stack of transforms", () => {
    fc.assert(
      fc.property(
        fc.array(eighth, { minLength: 1, maxLength: 5 }),
        fc.array(fc.constantFrom(...names), { minLength: 3, maxLength: 5 }),
        eighth,
        (p, stack, x) => check(p, stack, x),
      ),
      { numRuns: 60 },
    );
  });
  it("has teeth", () => {
    const p = [1, -2, 0.5, 3, -1];
    expect(() => check(p, ["jvp", "grad"], 0.5, derivative(p))).toThrow(/jvp of grad/);
    expect(() => check(p, ["mean over a vmap"], 0.5, derivative(p))).toThrow(/vmap/);
  });
  it.each(["grad", "jvp", "vjp", "linearize", "jacfwd", "jacrev"])("orders 1 to 4 of %s", (name) => {
    for (const order of [1, 2, 3, 4]) {
      const stack = Array.from({ length: order }, () => name);
      check([0.5, 1, -1, 0.25, 1, 0.125], stack, 1.5);
      check([0.5, 1, -1, 0.25, 1, 0.125], ["jit", ...stack, "jit"], 1.5);
    }
  });
});
