// No limits: long chains overflow no stack, and nothing grows with the number of transforms.
import { describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import { checkJaxpr } from "../src/core/check.ts";
import { currentTrace, isEager } from "../src/core/trace.ts";
import type { Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { sum } from "../src/primitives/linear.ts";
import { compilations, equationsKept } from "../src/runtime/eager.ts";
import { evalShape, makeJaxpr } from "../src/transforms/abstract.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad } from "../src/transforms/grad.ts";
import { hessian, jacfwd, jacrev } from "../src/transforms/jacobian.ts";
import { linearize, linearTranspose } from "../src/transforms/linearmap.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { array, near, numbers, scalar } from "./transforms-subjects.ts";

type F = (x: Value) => Value;
const add = E.add,
  mul = E.mul,
  one = scalar(1);
const total = (x: Value): Value =>
  sum(
    x,
    x.shape.map((_, i) => i),
  );
describe("long chains overflow no stack", () => {
  const half = scalar(0.5);
  const chain =
    (n: number): F =>
    (x) => {
      let y = x;
      for (let i = 0; i < n; i++) y = i % 2 === 1 ? add(y, y) : mul(y, half);
      return y;
    };
  const x = scalar(3);
  const runs: Readonly<Record<string, (f: F) => unknown>> = {
    eager: (f) => f(x),
    jvp: (f) => jvp(f, [x], [one])[1],
    vjp: (f) => vjp(f, [x])[1](1),
    linearize: (f) => linearize(f, [x])[1](1),
    linearTranspose: (f) => linearTranspose(f, [x])(1),
    grad: (f) => grad(f)(x),
    hessian: (f) => hessian(f)(x),
    jacfwd: (f) => jacfwd(f)(x),
    jacrev: (f) => jacrev(f)(x),
    vmap: (f) => vmap(f)(array([1, 2])),
    makeJaxpr: (f) => [checkJaxpr(makeJaxpr(f)(x).jaxpr)._tag, String(makeJaxpr(grad(f))(x)).length],
    evalShape: (f) => evalShape(grad(f), x),
    jit: (f) => jit(f)(x),
    "jit of grad": (f) => jit(grad(f))(x),
    "vmap of grad of jit": (f) => vmap(grad(jit(f)))(array([1, 2])),
  };
  const value: Readonly<Record<string, readonly number[]>> = {
    eager: [3],
    jit: [3],
    vmap: [1, 2],
    hessian: [0],
    "vmap of grad of jit": [1, 1],
  };
  it.each(Object.keys(runs).flatMap((name) => [400, 10_000].map((n) => [name, n] as const)))(
    "%s of %i operations",
    (name, n) => {
      const got = (runs[name] as (f: F) => unknown)(chain(n));
      if (name === "makeJaxpr") return expect((got as readonly unknown[])[0]).toBe("Right");
      if (name === "evalShape") return expect(got).toEqual({ dtype: "float64", shape: [] });
      expect(numbers(got)).toEqual(value[name] ?? [1]);
    },
  );
  it("a jit in a jit, 100 deep", () => {
    let f: F = (y) => add(y, one);
    for (let i = 0; i < 100; i++) {
      const g = f;
      f = jit((y: Value) => g(y));
    }
    expect(numbers(f(x))).toEqual([4]);
    expect(numbers(grad(f)(x))).toEqual([1]);
  });
});

describe("nothing grows with each grad", () => {
  const f = (x: Value): Value => total(mul(x, mul(x, x)));
  const x = array([1, 2]);
  it("trace level and caches after 10,000 gradients", () => {
    const before = currentTrace();
    for (let i = 0; i < 100; i++) grad(f)(x);
    const kept = [compilations.count, equationsKept()];
    for (let i = 0; i < 10_000; i++) grad(f)(x);
    expect([compilations.count, equationsKept()]).toEqual(kept);
    expect(currentTrace()).toBe(before);
    expect(isEager()).toBe(true);
  });
  it("an error inside a transform ends its trace", () => {
    const bad = (_: Value): Value => {
      throw new Error("mine");
    };
    const all: readonly (() => unknown)[] = [
      () => grad(bad)(x),
      () => jvp(bad, [x], [x]),
      () => vjp(bad, [x]),
      () => linearize(bad, [x]),
      () => vmap(bad)(x),
      () => jit(bad)(x),
      () => jacfwd(bad)(x),
      () => hessian(bad)(x),
      () => makeJaxpr(bad)(x),
      () => jit(grad((y: Value) => total(vmap(bad)(y))))(x),
    ];
    for (const run of all) {
      expect(run).toThrow("mine");
      expect(isEager()).toBe(true);
    }
    near(grad(f)(x), array([3, 12]), 0);
  });
});
