// What transforms of others got wrong, each as a law with the name of the trap.
import { describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import { map } from "../src/core/tree.ts";
import { Tracer, Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { take } from "../src/primitives/indexing.ts";
import { sum } from "../src/primitives/linear.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad, valueAndGrad } from "../src/transforms/grad.ts";
import { hessian, jacfwd, jacobian, jacrev } from "../src/transforms/jacobian.ts";
import { linearize } from "../src/transforms/linearmap.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { stopGradient } from "../src/transforms/stopGradient.ts";
import { array, dataOf, near, numbers, scalar } from "./transforms-subjects.ts";

type F = (x: Value) => Value;
const add = E.add,
  mul = E.mul,
  one = scalar(1);
const total = (x: Value): Value =>
  sum(
    x,
    x.shape.map((_, i) => i),
  );
/** The derivative of a function of one number, in every way there is. */
const ways: Readonly<Record<string, (f: F) => F>> = {
  grad: (f) => grad(f),
  jvp: (f) => (x) => jvp(f, [x], [one])[1],
  linearize: (f) => (x) => linearize(f, [x])[1](one),
  vjp: (f) => (x) => vjp(f, [x])[1](one)[0],
  jacfwd: (f) => jacfwd(f),
  jacrev: (f) => jacrev(f),
  "grad of jit": (f) => grad(jit(f)),
  "jit of grad": (f) => jit(grad(f)),
  "jvp in vmap": (f) => (x) =>
    total(vmap((s: Value) => jvp(f, [mul(s, x)], [one])[1], { axisSize: 1 })(array([1])) as Value),
};
const pairs = Object.keys(ways).flatMap((a) => Object.keys(ways).map((b) => [a, b] as const));
const way = (name: string): ((f: F) => F) => ways[name] as (f: F) => F;

describe("perturbation confusion", () => {
  // biome-ignore format: one line per example
  const examples: readonly (readonly [string, (outer: (f: F) => F, inner: (f: F) => F) => Value, number])[] = [
    ["d/dx (x d/dy (x + y)) at 1, y = 1 is 1", (outer, inner) => outer((x) => mul(x, inner((y) => add(x, y))(one)))(one), 1],
    ["d/dx (x d/dy (x y)) at 3, y = 2 is 2 x", (outer, inner) => outer((x) => mul(x, inner((y) => mul(x, y))(scalar(2))))(scalar(3)), 6],
    ["d/dx d/dy (x y^2) at y = x is 2 y + 2 x", (outer, inner) => outer((x) => inner((y) => mul(x, mul(y, y)))(x))(scalar(3)), 12],
    ["d/dx (x + d/dy x) is 1", (outer, inner) => outer((x) => add(x, inner(() => x)(one)))(one), 1],
    ["d/dx of d/dy (y stopGradient(x)) is 0", (outer, inner) => outer((x) => inner((y) => mul(y, stopGradient(x)))(one))(one), 0],
  ];
  it.each(examples.flatMap(([name, f, want]) => pairs.map(([a, b]) => [name, a, b, f, want] as const)))(
    "%s: %s of %s",
    (_name, a, b, f, want) => {
      expect(numbers(f(way(a), way(b)))).toEqual([want]);
    },
  );
});

describe("closed-over tracers", () => {
  it.each(pairs)("%s of a function that %s closes over", (a, b) => {
    const got = way(a)((x) => {
      const square = mul(x, x);
      return add(way(b)((y) => mul(mul(y, square), y))(scalar(2)), x); // 4 x^2 + x
    })(scalar(3));
    expect(numbers(got)).toEqual([25]);
  });
  it("a jitted function that closes over a tracer is traced anew in each trace", () => {
    let outside: Value = one;
    const inner = jit((y: Value) => mul(y, outside));
    const slope = grad((x: Value) => {
      outside = x;
      return inner(mul(x, x));
    });
    expect([2, 3].map((x) => numbers(slope(scalar(x)))[0])).toEqual([12, 27]);
    const mapped = vmap((x: Value) => {
      outside = x;
      return inner(scalar(10));
    });
    expect(numbers(mapped(array([1, 2])))).toEqual([10, 20]);
  });
});

describe("hasAux returning an input leaks no tracer", () => {
  interface Aux {
    readonly input: Value;
    readonly inner: Value;
    readonly index: Value;
    readonly deep: { readonly label: string; readonly values: readonly (Value | number | null)[] };
  }
  const f = (x: Value): [Value, Aux] => {
    const inner = mul(x, x);
    return [
      total(mul(inner, x)),
      { input: x, inner, index: array([7], [], "int32"), deep: { label: "text", values: [x, 3, null] } },
    ];
  };
  const g = (x: Value): [Value, Aux] => [mul(x, x), f(x)[1]];
  const x = array([1, 2]);
  const o = { hasAux: true } as const;
  const auxes: Readonly<Record<string, () => Aux>> = {
    grad: () => grad(f, o)(x)[1],
    valueAndGrad: () => valueAndGrad(f, o)(x)[0][1],
    jvp: () => jvp(f, [x], [x], o)[2],
    vjp: () => vjp(f, [x], o)[2],
    linearize: () => linearize(f, [x], o)[2],
    jacfwd: () => jacfwd(g, o)(x)[1],
    jacrev: () => jacrev(g, o)(x)[1],
    jacobian: () => jacobian(g, o)(x)[1],
    hessian: () => hessian(f, o)(x)[1],
    "grad of jit": () => grad(jit((y: Value) => [f(y)[0], { ...f(y)[1], deep: {} }]) as unknown as typeof f, o)(x)[1],
    "grad in vmap": () =>
      map(
        (v: Value) => total(v),
        vmap((y: Value) => ({ ...grad(f, o)(y)[1], deep: {} }))(array([1, 2], [1, 2])),
      ) as Aux,
  };
  it.each(Object.keys(auxes))("%s", (name) => {
    const { input, inner, index, deep } = (auxes[name] as () => Aux)();
    for (const v of [input, inner, index]) {
      expect(v).toBeInstanceOf(Value);
      expect(v).not.toBeInstanceOf(Tracer);
    }
    if (name === "grad in vmap") return expect([input, inner].flatMap(numbers)).toEqual([3, 5]);
    expect([input, inner, index].map(numbers)).toEqual([[1, 2], [1, 4], [7]]);
    if (name === "grad of jit") return;
    expect(deep.label).toBe("text");
    expect(deep.values[1]).toBe(3);
    near(deep.values[0], x, 0);
    near(add(input, inner), array([2, 6]), 0);
  });
  it("the derivative is that of the first part", () => {
    near(grad(f, o)(x)[0], array([3, 12]), 0);
    near(hessian(f, o)(x)[0], array([6, 0, 0, 12], [2, 2]), 0);
    expect(numbers(vjp(f, [x], o)[1](1))).toEqual([3, 12]);
  });
});

describe("jit(grad(embedding lookup)) crashing", () => {
  const table = array([1, 2, 3, 4, 5, 6], [3, 2]),
    ids = array([2, 0, 2, 5], [4], "int32");
  const f = (t: Value, i: Value): Value => total(E.square(take(t, i, 0, "clip")));
  it.each([
    ["grad", (t: Value) => grad(f)(t, ids)],
    ["jit of grad", (t: Value) => jit(grad(f))(t, ids)],
    ["grad of jit", (t: Value) => grad(jit(f))(t, ids)],
    ["grad of jit, ids closed over", (t: Value) => grad(jit((u: Value) => f(u, ids)))(t)],
  ] as const)("%s", (_name, g) => {
    near(g(table), array([2, 4, 0, 0, 30, 36], [3, 2]), 0);
  });
  it("vmap over the ids", () => {
    const per = vmap(grad(f), [null, 0])(table, array([0, 1], [2, 1], "int32"));
    near(per, array([2, 4, 0, 0, 0, 0, 0, 0, 6, 8, 0, 0], [2, 3, 2]), 0);
  });
});

describe("stopGradient", () => {
  it("passes values and no derivative, in every mode, order and place", () => {
    const f = (x: Value): Value => mul(mul(x, x), stopGradient(mul(x, x)));
    for (const d of Object.values(ways)) expect(numbers(d(f)(scalar(3)))).toEqual([54]);
    for (const d of Object.values(ways)) expect(numbers(grad(d(f))(scalar(3)))).toEqual([18]);
    expect(numbers(vmap(f)(array([1, 2])))).toEqual([1, 16]);
    expect(numbers(jit(f)(scalar(2)))).toEqual([16]);
  });
  it("takes trees, with integers in them", () => {
    const f = (p: { x: Value; k: Value }): Value => {
      const { x, k } = stopGradient(p);
      return mul(x, add(p.x, E.convertElementType(k, "float64")));
    };
    expect(numbers(grad((x: Value) => f({ x, k: array([4], [], "int32") }))(scalar(3)))).toEqual([3]);
    const tree = { a: array([1]), b: [2, null] };
    expect(map((v: Value) => dataOf(v)[0], stopGradient(tree))).toEqual({ a: 1, b: [2, null] });
  });
});
