// Trees in transforms: integer leaves, leaves matched by name, structures that do not fit.
import { describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import { BrickboxError } from "../src/core/errors.ts";
import { map } from "../src/core/tree.ts";
import type { Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { sum } from "../src/primitives/linear.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad, valueAndGrad } from "../src/transforms/grad.ts";
import { hessian, jacfwd, jacobian, jacrev } from "../src/transforms/jacobian.ts";
import { linearTranspose } from "../src/transforms/linearmap.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { array, near, numbers } from "./transforms-subjects.ts";

const add = E.add,
  mul = E.mul;
const total = (x: Value): Value =>
  sum(
    x,
    x.shape.map((_, i) => i),
  );
describe("integers have no derivative", () => {
  const k = array([1, 2], [2], "int32"),
    x = array([3, 4]);
  const f = (p: { x: Value; k: Value }): Value => total(mul(p.x, E.convertElementType(p.k, "float64")));
  const remedy = '\n  remedy: convert it with astype("float32"), or choose other arguments with argnums';
  it.each([grad, valueAndGrad, jacfwd, jacrev, jacobian, hessian])("%o of an integer argument throws", (d) => {
    const name = d === jacobian ? "jacobian" : d.name;
    expect(() => (d as typeof grad)(f)({ x, k })).toThrow(/: expected args\[0\]\.k to be floating, got i32\[2\]/);
    expect(() => (d as typeof grad)(f)({ x, k })).toThrow(remedy.trim());
    expect(name).toBeTypeOf("string");
  });
  it("integer arguments elsewhere are fine", () => {
    near(grad((y: Value, p: { k: Value }) => f({ x: y, k: p.k }))(x, { k }), array([1, 2]), 0);
  });
  it("an integer result throws, an integer aux is fine", () => {
    const count = (y: Value): Value => E.convertElementType(total(y), "int32");
    expect(() => grad(count)(x)).toThrow("grad: expected a function with a floating result, got i32[]");
    expect(() => jacrev(count)(x)).toThrow("jacrev: expected result to be floating, got i32[]");
    expect(() => jacfwd((y: Value) => ({ y, n: count(y) }))(x)).toThrow("jacfwd: expected result.n to be floating");
    const [slope, n] = grad((y: Value) => [total(y), count(y)] as [Value, Value], { hasAux: true })(x);
    near(slope, array([1, 1]), 0);
    expect([n.dtype, numbers(n)]).toEqual(["int32", [7]]);
  });
  it("their tangents and cotangents are null", () => {
    const g = (p: { x: Value; k: Value }): { y: Value; k: Value } => ({ y: mul(p.x, p.x), k: p.k });
    const [, t] = jvp(g, [{ x, k }], [{ x, k: null }]);
    expect(t.k).toBeNull();
    near(t.y, array([18, 32]), 0);
    const [ct] = vjp(g, [{ x, k }])[1]({ y: x, k: null });
    expect(ct.k).toBeNull();
    near(ct.x, array([18, 32]), 0);
    expect(() => jvp(g, [{ x, k }], [{ x, k }])).toThrow(
      /jvp: tangents\[0\]\.k: expected null, since i32\[2\] has no tangent/,
    );
  });
});

describe("leaves are matched by name, never by insertion order", () => {
  const f = (p: { a: Value; b: Value }): { u: Value; t: Value } => ({ u: mul(p.a, p.a), t: p.b });
  const a = array([1, 2]),
    b = array([3, 4]);
  it("in every transform", () => {
    const [, d] = jvp(f, [{ b, a }], [{ a: array([1, 0]), b: array([0, 5]) }]);
    near(d.u, array([2, 0]), 0);
    near(d.t, array([0, 5]), 0);
    const [ct] = vjp(f, [{ b, a }])[1]({ t: array([1, 1]), u: array([0, 1]) });
    near(ct.a, array([0, 4]), 0);
    near(ct.b, array([1, 1]), 0);
    const g = jit(f);
    near(g({ a, b }).u, g({ b, a }).u, 0);
    near(vmap(f)({ b, a }).u, array([1, 4]), 0);
    near(vmap(f, [{ b: null, a: 0 }])({ b, a }).t, array([3, 4, 3, 4], [2, 2]), 0);
    near(
      map((x: Value, y: Value) => E.sub(x, y), { a, b }, { b: a, a: b }),
      { a: array([-2, -2]), b: array([2, 2]) },
      0,
    );
    expect(Object.keys(grad((p: { z: Value; y: Value }) => total(add(p.z, p.y)))({ z: a, y: b }))).toEqual(["y", "z"]);
  });
});

describe("lists that are none, trees that do not fit", () => {
  const f = (p: { w: Value }, x: Value): Value => total(mul(p.w, x));
  const w = array([1, 2]);
  const first = (g: () => unknown): string => {
    try {
      g();
    } catch (e) {
      if (e instanceof BrickboxError) return e.message.replace(/\n {2}at .*/, "").replaceAll("\n  ", " | ");
      throw e;
    }
    return "nothing was thrown";
  };
  const [, pullback] = vjp(f, [{ w }, w]);
  const wrong: readonly (readonly [() => unknown, string])[] = [
    [
      () => jvp(f, w as never, [w] as never),
      "jvp: expected primals in a list, one for each argument of the function, got an array | remedy: write [x] for a single one",
    ],
    [
      () => vjp(f as never, { w } as never),
      "vjp: expected primals in a list, one for each argument of the function, got object | remedy: write [x] for a single one",
    ],
    [
      () => jvp(f, [{ w }, w], [{ w }] as never),
      "jvp: expected tangents to have the structure [{ w: * }, *], got [{ w: * }]",
    ],
    [
      () => jvp(f, [{ w }, w], [{ v: w }, w] as never),
      "jvp: expected tangents[0] to have the structure { w: * }, got { v: * }",
    ],
    [() => jvp(f, [{ w }, w], [{ w: array([1]) }, w]), "jvp: tangents[0].w: expected f64[2], got f64[1]"],
    [
      () => jvp(f, [{ w }, w], [{ w: array([1, 2], [2], "float32") }, w]),
      "jvp: tangents[0].w: expected f64[2], got f32[2]",
    ],
    [() => pullback([1] as never), "vjp: expected cotangent to have the structure *, got [*]"],
    [() => pullback(w), "vjp: cotangent: expected f64[], got f64[2]"],
    [
      () => grad(f, { argnums: 2 })({ w }, w),
      "grad: expected argnums from -2 to 1, since there are 2 arguments, got 2",
    ],
    [
      () => grad((x: Value) => mul(x, x))(w),
      "grad: expected a function with a scalar result, got f64[2] | remedy: reduce it with np.sum or np.mean, or use jacrev for all derivatives",
    ],
    [
      () => jacfwd(f, { hasAux: true } as never)({ w }, w),
      "jacfwd: expected a function that returns [result, aux], as hasAux says, got something else",
    ],
    [
      () => linearTranspose((x: Value) => E.mul(x, x), [w])(w),
      "mul: expected a function that is linear in what is transposed, got mul, which is not linear in several arguments at once | remedy: differentiate with vjp or grad, which linearize first",
    ],
    [
      () => linearTranspose((x: Value) => x, [array([1], [1], "int32")]),
      'linearTranspose: expected examples[0] to be floating, got i32[1] | remedy: convert it with astype("float32")',
    ],
    [
      () => (jvp as (...xs: readonly unknown[]) => (g: unknown) => unknown)([w], [w])("f"),
      "jvp: expected a function, got string f",
    ],
    [() => hessian("f" as never), "hessian: expected a function, got string f"],
  ];
  it.each(wrong)("error %#", (g, want) => {
    expect(first(g)).toBe(want);
  });
});
