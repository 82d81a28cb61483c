// Functions with derivatives of their own: a rule that is the derivative changes nothing under any stack of transforms; another
// one is used, under every transform and in every order; what does not fit is named.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkGrads,
  closureConvert,
  customGradient,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearize,
  type NDArray,
  np,
  vjp,
  vmap,
} from "../src/index.ts";
import type { Value } from "../src/core/value.ts";
import { bodies, type Engine, real } from "./random-bodies.ts";
import { check, type F, names, type Stack, stacks } from "./random-stacks.ts";
import { array, near, scalar } from "./transforms-subjects.ts";

type Any = (...args: never[]) => unknown;
type Custom = <G>(f: G) => G;
/** A function with the derivative that it has, as a rule. */
const customs: Readonly<Record<"jvp" | "vjp" | "gradient", Custom>> = {
  jvp: (f) =>
    customJvp(f as Any).defjvp(((primals: never, tangents: never) =>
      jvp(f as Any, primals, tangents)) as never) as never,
  vjp: (f) =>
    customVjp(f as Any).defvjp(
      ((...args: never[]) => [(f as Any)(...args), args]) as never,
      ((args: never, ct: never) => (vjp(f as Any, args) as unknown as [unknown, Any])[1](ct)) as never,
    ) as never,
  gradient: (f) => customGradient(((...args: never[]) => vjp(f as Any, args as never)) as never) as never,
};
/** What bodies close over becomes arguments. */
const converted =
  (custom: Custom): Custom =>
  (f) =>
    ((...args: never[]) => {
      const [g, hoisted] = closureConvert(f as Any, ...args);
      return (custom(g) as Any)(...args, ...(hoisted as never[]));
    }) as never;
const around = (wrap: Custom): Engine => ({
  ...real,
  scan: (f, init, xs, length, reverse) => real.scan(wrap(f), init, xs, length, reverse),
  fori: (lo, hi, body, init, most) => real.fori(lo, hi, wrap(body), init, most),
  cond: (pred, yes, no, xs) => real.cond(pred, wrap(yes), wrap(no), xs),
});
/** Stacks in which forward mode does not come before reverse mode. */
const backward = stacks(names).map((stack): Stack => {
  const first = stack.findIndex(([s]) => s === "grad");
  return stack.filter(([s], i) => s !== "jvp" || (first >= 0 && i > first));
});

describe("a rule that is the derivative changes nothing", () => {
  it("customJvp", () => {
    fc.assert(
      fc.property(bodies(false), stacks(names), (p, stack) => check(p, stack, real, customs.jvp as (f: F) => F)),
      { numRuns: 15 },
    );
  });
  it("customJvp of bodies of loops", () => {
    const e = around(converted(customs.jvp));
    fc.assert(
      fc.property(bodies(false), stacks(names), (p, stack) => check(p, stack, e)),
      { numRuns: 15 },
    );
  });
  it.each(["vjp", "gradient"] as const)("custom %s", (kind) => {
    fc.assert(
      fc.property(bodies(false), backward, (p, stack) => check(p, stack, real, customs[kind] as (f: F) => F)),
      { numRuns: 15 },
    );
  });
  it("customVjp of bodies of loops", () => {
    // A forward rule that calls functions with backward rules has no forward mode, so there is none in these stacks.
    const e = around(converted(customs.vjp)),
      reverse = backward.map((stack) => stack.filter(([s]) => s !== "jvp"));
    fc.assert(
      fc.property(bodies(false), reverse, (p, stack) => check(p, stack, e)),
      { numRuns: 15 },
    );
  });
  it("has teeth: a rule that is off by a little is caught", () => {
    const off: Custom = (f) =>
      customJvp(f as Any).defjvp(((primals: never, tangents: never) => {
        const [out, t] = jvp(f as Any, primals, tangents) as unknown as [readonly Value[], readonly (Value | null)[]];
        return [out, t.map((x) => (x === null ? null : np.multiply(x, 1.001)))];
      }) as never) as never;
    expect(() =>
      fc.assert(
        fc.property(bodies(false), (p) => check(p, [["grad", 1]], real, off as (f: F) => F)),
        { numRuns: 500, endOnFailure: true },
      ),
    ).toThrow();
  });
});

const x3 = array([0.5, 1, -2]);
const one = scalar(1.5);
/** `x^2` with ten times its derivative. */
const forward: (x: NDArray) => NDArray = customJvp((x: NDArray) => np.square(x)).defjvp(([x], [dx]) => [
  forward(x),
  np.multiply(np.multiply(20, x), dx),
]);
const reverse: (x: NDArray) => NDArray = customVjp((x: NDArray) => np.square(x)).defvjp(
  (x) => [np.square(x), x],
  (x, ct) => [np.multiply(np.multiply(20, x), ct)],
);
const given: (x: NDArray) => NDArray = customGradient((x: NDArray) => [
  np.square(x),
  (ct: NDArray) => [np.multiply(np.multiply(20, x), ct)],
]);
describe.each([
  ["customJvp", forward],
  ["customVjp", reverse],
  ["customGradient", given],
] as const)("the rule of %s is used", (kind, f) => {
  const total = (g: typeof f) => (x: NDArray) => np.sum(g(x));
  it("and values are those of the function", () => {
    for (const g of [f, jit(f), vmap(f), jit(vmap(jit(f)))]) near(g(x3), np.square(x3));
  });
  it("by grad, inside and outside of jit and vmap", () => {
    const want = np.multiply(20, x3);
    for (const g of [
      grad(total(f)),
      jit(grad(total(f))),
      grad(total(jit(f))),
      vmap(grad(f)),
      jit(vmap(grad(jit(f)))),
      grad(total(vmap(f))),
      grad(total(vmap(jit(f)))),
    ])
      near(g(x3), want);
    near(jacrev(f)(x3), np.diag(want));
    near(vmap(vmap(grad(f)))(array([1, 2, 3, 4], [2, 2])), array([20, 40, 60, 80], [2, 2]));
    near(vmap(grad(f), { inAxes: null, axisSize: 2 })(one), array([30, 30]));
  });
  it("in second order: derivatives of the rule", () => {
    near(grad(grad(f))(one), scalar(20));
    near(jit(grad(jit(grad(f))))(one), scalar(20));
    near(vmap(grad(grad(f)))(x3), array([20, 20, 20]));
    near(jacfwd(grad(f))(one), scalar(20));
    near(hessian((x: NDArray) => np.sum(f(x)))(x3), np.diag(array([20, 20, 20])));
  });
  it("inside of loops and branches", () => {
    const twice = (x: NDArray) => lax.scan((c: NDArray) => [f(c), null] as never, x, null, { length: 2 })[0] as NDArray;
    const want = 20 * 1.5 ** 2 * 20 * 1.5;
    for (const g of [grad(twice), jit(grad(twice)), grad(jit(twice))]) near(g(one), scalar(want));
    near(vmap(grad(twice))(array([1.5, 1.5])), array([want, want]));
    near(grad((x: NDArray) => lax.cond(true, f, (y: NDArray) => y, x))(one), scalar(30));
    near(grad((x: NDArray) => lax.foriLoop(0, 2, (_, c: NDArray) => f(c), x))(one), scalar(want));
    near(vmap(grad((x: NDArray) => lax.cond(x.greater(0), f, (y: NDArray) => y, x)))(x3), array([10, 20, 1]));
  });
  if (kind === "customJvp")
    it("by forward mode", () => {
      near(jvp(f, [one], [2]), [scalar(2.25), scalar(60)]);
      near(jit((x: NDArray) => jvp(f, [x], [2])[1])(one), scalar(60));
      near(linearize(f, [one])[1](2), scalar(60));
      near(jvp((x: NDArray) => lax.whileLoop((c: NDArray) => c.less(2), f, x), [one], [1])[1], scalar(30));
    });
  else
    it("and forward mode is refused", () => {
      const message = `${kind}(f): expected reverse mode (grad, vjp, jacrev), for which customVjp has a rule, got forward-mode differentiation`;
      for (const g of [
        () => jvp(f, [one], [1]),
        () => jacfwd(f)(one),
        () => jit((x: NDArray) => jvp(f, [x], [1]))(one),
        () => vmap((x: NDArray) => jvp(f, [x], [1])[1])(x3),
      ])
        expect(g).toThrow(message);
    });
});

it("a forward rule may call the function itself", () => {
  const f = customVjp((x: NDArray) => np.square(x));
  f.defvjp(
    (x) => [f(x), x],
    (x, ct) => [np.multiply(np.multiply(20, x), ct)],
  );
  near(grad(f)(one), scalar(30));
  near(jacrev(grad(f))(one), scalar(20));
});

describe("arguments", () => {
  interface Params {
    readonly w: NDArray;
    readonly parts: readonly [NDArray, NDArray];
  }
  const params: Params = { w: x3, parts: [one, array([1, 2])] };
  const f = ({ w, parts: [s, v] }: Params, k: NDArray) => ({
    y: np.multiply(w, s),
    z: [np.sum(np.sin(v)), k] as const,
  });
  const loss = (g: typeof f) => (p: Params) => {
    const { y, z } = g(p, scalar(2, "int32"));
    return np.add(np.sum(np.square(y)), z[0]);
  };
  it("and results are trees, with integers", () => {
    for (const custom of [customs.jvp, customs.vjp, customs.gradient])
      for (const t of [(g: Any) => g, (g: Any) => jit(g as never)])
        near((t(grad(loss(custom(f)))) as Any)(params as never), grad(loss(f))(params));
  });
  it("without derivative may be functions; they come first", () => {
    const apply = customJvp((h: (x: NDArray) => NDArray, x: NDArray, n: number) => np.multiply(h(x), n), {
      nondiffArgnums: [0, 2],
    });
    apply.defjvp((h: (x: NDArray) => NDArray, n: number, [x]: [NDArray], [dx]: [NDArray]) => [
      np.multiply(h(x), n),
      np.multiply(dx, 100 * n),
    ]);
    const applied = customVjp((h: (x: NDArray) => NDArray, x: NDArray, n: number) => np.multiply(h(x), n), {
      nondiffArgnums: [0, 2],
    });
    applied.defvjp(
      (h, x, n) => [np.multiply(h(x), n), x],
      (_h: unknown, n: number, _x: NDArray, ct: NDArray) => [np.multiply(ct, 100 * n)],
    );
    for (const g of [apply, applied]) {
      near(g(np.sin, one, 3), np.multiply(np.sin(one), 3));
      near(grad((x: NDArray) => g(np.sin, x, 3))(one), scalar(300));
      near(jit(grad((x: NDArray) => g(np.cos, x, 2)))(one), scalar(200));
      near(vmap(grad((x: NDArray) => g(np.cos, x, 2)))(x3), array([200, 200, 200]));
    }
  });
  it("without derivative may be traced", () => {
    const scale = customJvp((k: NDArray, x: NDArray) => np.multiply(k, x), { nondiffArgnums: 0 }).defjvp(
      (k: NDArray, [x]: [NDArray], [dx]: [NDArray]) => [np.multiply(k, x), np.multiply(np.multiply(k, dx), 10)],
    );
    const scaled = customVjp((k: NDArray, x: NDArray) => np.multiply(k, x), { nondiffArgnums: 0 }).defvjp(
      (k, x) => [np.multiply(k, x), null],
      (k: NDArray, _r: null, ct: NDArray) => [np.multiply(np.multiply(k, ct), 10)],
    );
    for (const g of [scale, scaled]) {
      const slope = (k: NDArray, x: NDArray) => grad((y: NDArray) => g(k, y))(x);
      near(jit(slope)(scalar(3), one), scalar(30));
      near(vmap(slope, [0, null])(x3, one), np.multiply(10, x3));
      near(vmap((k: NDArray) => grad(jit((y: NDArray) => g(k, y)))(one))(x3), np.multiply(10, x3));
      expect(() => grad((k: NDArray) => g(k, one))(one)).toThrow("what is differentiated to come in by its arguments");
    }
  });
  it("may have rules of their own", () => {
    const f = customJvp((x: NDArray, y: NDArray, k: number) => np.multiply(np.multiply(x, y), k)).defjvps(
      (dx: NDArray, _out: NDArray, _x: NDArray, y: NDArray) => np.multiply(dx, np.multiply(y, 10)),
      null,
      null,
    );
    near(grad(f, { argnums: [0, 1] })(one, scalar(4), 3), [scalar(40), scalar(0)]);
    near(
      jvp((x: NDArray) => f(x, x, 3), [one], [1]),
      [scalar(6.75), scalar(15)],
    );
  });
  it("that are closed over are refused, or hoisted", () => {
    const of = (k: NDArray) => customs.jvp((x: NDArray) => np.multiply(x, k));
    expect(() => grad((k: NDArray) => of(k)(one))(one)).toThrow("a derivative along a value f64[] that it closes over");
    near(jit((k: NDArray) => of(k)(one))(one), scalar(2.25));
    const hoisting = (k: NDArray) => converted(customs.vjp)((x: NDArray) => np.multiply(x, k))(one);
    near(grad(hoisting)(one), one);
    near(jit(vmap(grad(hoisting)))(x3), array([1.5, 1.5, 1.5]));
  });
});

describe("rules", () => {
  it("agree with finite differences where they are right", () => {
    const soft = customJvp((x: NDArray) => np.log1p(np.exp(x))).defjvp(([x], [dx]) => [
      np.log1p(np.exp(x)),
      np.multiply(dx, np.divide(1, np.add(1, np.exp(np.negative(x))))),
    ]);
    checkGrads((x: NDArray) => np.sum(soft(x)), [x3], { order: 2 });
    expect(() => checkGrads((x: NDArray) => np.sum(forward(x)), [x3], { order: 1 })).toThrow();
  });
  it("save what is no number otherwise", () => {
    const naive = (x: NDArray) => np.log(np.add(1, np.exp(x)));
    const safe = customJvp(naive);
    safe.defjvp(([x], [dx]) => [safe(x), np.multiply(dx, np.subtract(1, np.divide(1, np.add(1, np.exp(x)))))]);
    expect(Number.isNaN(grad(naive)(np.array(100)).item() as number)).toBe(true);
    expect(grad(safe)(np.array(100)).item()).toBe(1);
  });
  it("are asked for zeros where nothing flows", () => {
    let seen: readonly unknown[] = [];
    const f = customJvp((x: NDArray, y: NDArray) => np.multiply(x, y)).defjvp(([x, y], [dx, dy]) => {
      seen = [dx.shape, dy.shape, dy.dtype];
      return [np.multiply(x, y), np.multiply(dx, y)];
    });
    grad((x: NDArray) => np.sum(f(x, x3)))(x3);
    expect(seen).toEqual([[3], [3], "float64"]);
  });
  it("may give null for zeros", () => {
    const f = customVjp((x: NDArray, y: NDArray) => np.multiply(x, y)).defvjp(
      (x, y) => [np.multiply(x, y), y],
      (y, ct) => [np.multiply(y, ct), null],
    );
    near(grad(f, { argnums: [0, 1] })(one, scalar(4)), [scalar(4), scalar(0)]);
  });
});

describe("errors name the leaf", () => {
  const tree = (x: NDArray) => ({ a: x, b: [np.sum(x)] });
  const bad = (rule: (x: NDArray, dx: NDArray) => unknown) => () =>
    grad((x: NDArray) =>
      np.sum(customJvp(tree).defjvp((([x]: [NDArray], [dx]: [NDArray]) => rule(x, dx)) as never)(x).a),
    )(x3);
  const worse = (forward: (x: NDArray) => unknown, backward: (ct: { readonly a: NDArray }) => unknown) => () =>
    grad((x: NDArray) =>
      np.sum(customVjp(tree).defvjp(forward as never, ((_r: unknown, ct: never) => backward(ct)) as never)(x).a),
    )(x3);
  const good = (x: NDArray) => [tree(x), null];
  it.each([
    [bad((x) => tree(x)), "customJvp(tree): expected a rule that returns [result, tangent], got something else"],
    [
      bad((x, dx) => [{ a: x }, tree(dx)]),
      "customJvp(tree): expected result to have the structure { a: *, b: [*] }, got { a: * }",
    ],
    [
      bad((x, dx) => [{ a: x, b: [x] }, tree(dx)]),
      "customJvp(tree): result.b[0]: expected f64[], as the function gives, got f64[3]",
    ],
    [
      bad((x, dx) => [{ a: x.astype("float32"), b: [np.sum(x)] }, tree(dx)]),
      "customJvp(tree): result.a: expected f64[3], as the function gives, got f32[3]",
    ],
    [
      bad((x, dx) => [tree(x), { a: np.sum(dx), b: [np.sum(dx)] }]),
      "customJvp(tree): tangent.a: expected f64[3], got f64[]",
    ],
    [
      worse(tree, () => [null]),
      "customVjp(tree): expected a forward rule that returns [result, residuals], got something else",
    ],
    [
      worse(good, () => null),
      "customVjp(tree): expected a backward rule that returns a list of 1 cotangents, one for each argument, got something else",
    ],
    [worse(good, (ct) => [np.sum(ct.a)]), "customVjp(tree): cotangents[0]: expected f64[3], got f64[]"],
    [
      worse(
        (x) => [{ ...tree(x), a: np.sum(x) }, null],
        () => [null],
      ),
      "customVjp(tree): result.a: expected f64[3], as the function gives, got f64[]",
    ],
    [() => customJvp(tree)(x3), "customJvp(tree): expected a function with its rule, got no rule"],
    [() => customVjp(tree)(x3), "customVjp(tree): expected a function with its rule, got no rule"],
    [
      () => customJvp(tree).defjvp(null as never),
      "customJvp(tree).defjvp: expected a rule that is a function, got null",
    ],
    [
      () => customGradient((x: NDArray) => x as never)(x3),
      "customGradient(f): expected a function that returns [value, pullback], got something else",
    ],
    [
      () => closureConvert((x: NDArray) => x, one)[0](one, one as never),
      "closureConvert: expected 1 arguments and 0 hoisted values, got 2 arguments",
    ],
  ])("%#", (f, message) => expect(f).toThrow(message));
});
