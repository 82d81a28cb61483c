// Implicit differentiation against closed forms and against differentiation through direct formulas; batched versions of the user's own;
// trees as vectors.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkGrads,
  customBatching,
  customVmap,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  type NDArray,
  np,
  ravelPytree,
  vjp,
  vmap,
} from "../src/index.ts";
import type { Value } from "../src/core/value.ts";
import { array, cases, filled, isReal, leavesOf, near, scalar } from "./transforms-subjects.ts";

type Map1 = (x: Value) => Value;
type Step = (x: Value) => Value;
/** Newton's method, stopped by a condition: it has no reverse mode of its own. */
const newton = (f: Step, x: Value): Value =>
  (
    lax.whileLoop(
      ([y, n]: readonly [Value, Value]) => np.logicalAnd(np.greater(np.max(np.abs(f(y))), 1e-14), n.less(60)),
      ([y, n]: readonly [Value, Value]) => [y.sub(f(y).div(jvp(f, [y], [np.onesLike(y)])[1])), n.add(1)] as const,
      [x, np.array(0, { dtype: "int32" })] as const,
    ) as unknown as readonly [Value]
  )[0];
const divide = (g: Step, y: Value): Value => y.div(g(np.onesLike(y)));
const rootOf = (a: Value): Value =>
  lax.customRoot((x: Value) => x.mul(x).mul(x).sub(a), np.onesLike(a), newton as never, divide as never) as Value;
const cbrt: Map1 = (a) => np.power(a, 1 / 3);

describe("customRoot is the implicit function", () => {
  const at = scalar(2.5),
    many = array([0.5, 1, 4]);
  const sums =
    (f: Map1): Map1 =>
    (x) =>
      np.sum(f(x));
  const views: Readonly<Record<string, (f: Map1) => unknown>> = {
    value: (f) => f(at),
    jit: (f) => jit(f)(at),
    vmap: (f) => vmap(f)(many),
    jvp: (f) => jvp(f, [at], [2]),
    grad: (f) => grad(f)(at),
    "grad of jit": (f) => grad(jit(f))(at),
    "jit of grad": (f) => jit(grad(f))(at),
    "vmap of grad": (f) => vmap(grad(f))(many),
    "grad of vmap": (f) => grad(sums(vmap(f)))(many),
    "of all elements": (f) => grad(sums(f))(many),
    "second order": (f) => [grad(grad(f))(at), jacfwd(grad(f))(at), jit(grad(jacfwd(f)))(at)],
    hessian: (f) => hessian(sums(vmap(f)))(many),
    "in a scan": (f) =>
      grad((x: Value) => np.sum(lax.scan((c: Value) => [f(c), c] as never, x, null, { length: 3 })[1] as Value))(at),
    "in a branch": (f) => vmap(grad((x: Value) => lax.cond(x.greater(0.7), f, (y: Value) => y, x)))(many),
  };
  it.each(Object.entries(views))("%s", (_name, view) => near(view(rootOf), view(cbrt), 1e-9));
  it("agrees with finite differences", () => {
    checkGrads(sums(rootOf), [many], { order: 2 });
  });
  it("whatever the solver does, and wherever it begins", () => {
    const bisect = (f: Step, x: Value): Value =>
      (
        lax.foriLoop(
          0,
          60,
          (_: Value, [lo, hi]: readonly [Value, Value]) => {
            const mid = lo.add(hi).mul(0.5),
              left = np.greater(f(mid), 0);
            return [np.where(left, lo, mid), np.where(left, mid, hi)] as never;
          },
          [np.zerosLike(x), np.fullLike(x, 8)] as const,
        ) as unknown as readonly [Value]
      )[0];
    const other = (a: Value, start: Value): Value =>
      lax.customRoot((x: Value) => x.mul(x).mul(x).sub(a), start, bisect as never, divide as never) as Value;
    near(grad(other, { argnums: [0, 1] })(at, scalar(3)), [grad(cbrt)(at), scalar(0)], 1e-9);
  });
  it("on trees, with what the solver says besides", () => {
    // x^2 = a, x y = b.
    const f =
      (a: Value, b: Value) =>
      ({ x, y }: { readonly x: Value; readonly y: Value }) => ({ x: x.mul(x).sub(a), y: x.mul(y).sub(b) });
    const direct = (a: Value, b: Value) => ({ x: np.sqrt(a), y: b.div(np.sqrt(a)) });
    const solved = (a: Value, b: Value) =>
      lax.customRoot(
        f(a, b),
        { x: scalar(1), y: scalar(1) },
        () => [lax.stopGradient(direct(a, b)), { rounds: 7 }],
        (g, r) => {
          // Lower triangular: g(1, 0) = (2x, y), g(0, 1) = (0, x).
          const first = g({ x: scalar(1), y: scalar(0) }),
            second = g({ x: scalar(0), y: scalar(1) });
          const dx = r.x.div(first.x);
          return { x: dx, y: r.y.sub(first.y.mul(dx)).div(second.y) };
        },
        { hasAux: true },
      )[0];
    const loss = (g: typeof direct) => (a: Value, b: Value) => {
      const { x, y } = g(a, b);
      return x.mul(3).add(y.mul(y));
    };
    near(
      grad(loss(solved), { argnums: [0, 1] })(at, scalar(0.5)),
      grad(loss(direct), { argnums: [0, 1] })(at, scalar(0.5)),
    );
  });
});

/** Solves 2 by 2 systems by Cramer's rule. */
const cramer = (m: Value, b: Value): Value => {
  const at = (i: number, j: number): Value => m.slice(i, j),
    det = at(0, 0)
      .mul(at(1, 1))
      .sub(at(0, 1).mul(at(1, 0)));
  const [p, q] = [b.slice(0), b.slice(1)];
  return np.stack([at(1, 1).mul(p).sub(at(0, 1).mul(q)).div(det), at(0, 0).mul(q).sub(at(1, 0).mul(p)).div(det)]);
};
const still = (m: Value, b: Value): Value => cramer(lax.stopGradient(m), b);
describe("customLinearSolve is the solution", () => {
  const m = array([2, 1, -0.5, 3], [2, 2]),
    b = array([1, -2]);
  const solved = (a: Value, r: Value): Value =>
    lax.customLinearSolve(
      (x: Value) => np.matmul(a, x),
      r,
      (_: unknown, y: Value) => still(a, y),
      {
        transposeSolve: (_: unknown, y: Value) => still(np.transpose(a), y),
      },
    ) as Value;
  type Solver = typeof cramer;
  const loss =
    (f: Solver) =>
    (a: Value, r: Value): Value =>
      np.sum(np.sin(f(a, r)));
  const both = { argnums: [0, 1] } as const;
  const ms = np.stack([m, np.multiply(m, 2)]),
    bs = np.stack([b, np.add(b, 1)]);
  const views: Readonly<Record<string, (f: Solver) => unknown>> = {
    value: (f) => f(m, b),
    jit: (f) => jit(f)(m, b),
    jvp: (f) => jvp(f, [m, b], [np.cos(m), np.sin(b)]),
    grad: (f) => grad(loss(f), both)(m, b),
    "jit of grad": (f) => jit(grad(loss(f), both))(m, b),
    "vmap of the system": (f) => vmap(f, [0, null])(ms, b),
    "vmap of the right-hand side": (f) => vmap(f, [null, 1])(m, bs),
    "vmap of grad": (f) => vmap(grad(loss(f), both))(ms, bs),
    "grad of vmap": (f) => grad((a: Value, r: Value) => np.sum(np.sin(vmap(f)(a, r))), both)(ms, bs),
    "second order": (f) => [hessian((r: Value) => loss(f)(m, r))(b), jacrev(grad(loss(f)))(m, b)],
    "in a scan": (f) =>
      grad((r: Value) => np.sum(lax.scan((c: Value) => [f(m, c), c] as never, r, null, { length: 3 })[0] as Value))(b),
  };
  it.each(Object.entries(views))("%s", (_name, view) => near(view(solved), view(cramer), 1e-9));
  it("symmetric systems need one solver", () => {
    const f = (d: Value, r: Value): Value =>
      lax.customLinearSolve(
        (x: Value) => x.mul(d),
        r,
        (_: unknown, y: Value) => y.div(lax.stopGradient(d)),
        { symmetric: true },
      ) as Value;
    const d = array([2, 4]);
    near(
      grad((x: Value, y: Value) => np.sum(np.sin(f(x, y))), both)(d, b),
      grad((x: Value, y: Value) => np.sum(np.sin(y.div(x))), both)(d, b),
    );
  });
  it("the solver may use the matvec that it is given", () => {
    const jacobi = (mv: Step, y: Value): Value =>
      lax.foriLoop(0, 200, (_: Value, x: Value) => x.add(y.sub(mv(x)).mul(0.3)), np.zerosLike(y)) as Value;
    const f: Solver = (a, r) =>
      lax.customLinearSolve((x: Value) => np.matmul(a, x), r, jacobi as never, {
        transposeSolve: jacobi as never,
      }) as Value;
    near(grad(loss(f), both)(m, b), grad(loss(cramer), both)(m, b), 1e-9);
  });
  it("reverse mode without a transposed solver is refused, forward mode is not", () => {
    const f: Solver = (a, r) =>
      lax.customLinearSolve(
        (x: Value) => np.matmul(a, x),
        r,
        (_: unknown, y: Value) => still(a, y),
      ) as Value;
    near(jvp(f, [m, b], [m, b]), jvp(cramer, [m, b], [m, b]));
    expect(() => grad(loss(f))(m, b)).toThrow(
      "customLinearSolve: expected a solver for the transposed system, which reverse mode needs, got none",
    );
  });
  it("results that do not fit are named", () => {
    const wrong = () =>
      lax.customLinearSolve(
        (x: Value) => ({ x }) as never,
        b,
        (mv: Step, y: Value) => mv(y),
      );
    expect(wrong).toThrow("customLinearSolve: expected the result of matvec to have the structure *, got { x: * }");
    const short = (r: Value) =>
      lax.customLinearSolve(
        (x: Value) => x,
        r,
        (_: unknown, y: Value) => np.sum(y),
      ) as Value;
    expect(() => jit(short)(b)).toThrow(
      "customLinearSolve: the result of solve: expected f64[2], as the function gives, got f64[]",
    );
    expect(() => lax.customRoot((x: Value) => x, b, null as never, divide as never)).toThrow(
      "customRoot: expected solve that is a function, got null",
    );
  });
});

describe("customVmap", () => {
  const seen: (readonly [number, unknown])[] = [];
  const f = customVmap((x: NDArray, p: { readonly y: NDArray }) => ({ product: np.multiply(x, p.y), x })).defVmap(
    (size: number, inBatched: readonly [boolean, { readonly y: boolean }], x, { y }) => {
      seen.push([size, inBatched]);
      const [bx, { y: by }] = inBatched;
      return [
        { product: np.multiply(100, np.multiply(x, y)), x },
        { product: bx || by, x: bx },
      ];
    },
  );
  const xs = array([1, 2, 3]),
    two = { y: scalar(2) };
  it("is the function without vmap, and the rule with it", () => {
    near(f(scalar(3), two), { product: scalar(6), x: scalar(3) });
    near(jit(f)(scalar(3), two), { product: scalar(6), x: scalar(3) });
    const want = { product: array([200, 400, 600]), x: xs };
    for (const g of [
      vmap((x: NDArray) => f(x, two)),
      vmap(jit((x: NDArray) => f(x, two))),
      jit(vmap((x: NDArray) => f(x, two))),
    ])
      near(g(xs), want);
    expect(seen.at(-1)).toEqual([3, [true, { y: false }]]);
    near(vmap(f, [null, 0])(scalar(1), { y: xs }), { product: array([100, 200, 300]), x: array([1, 1, 1]) });
    near(vmap(f, { inAxes: [1, null] })(array([1, 2, 3, 4], [2, 2]), two).product, array([200, 600, 400, 800], [2, 2]));
    near(
      vmap(
        (x: NDArray) =>
          lax.scan((c: NDArray) => [f(c, two).product, null] as never, x, null, { length: 2 })[0] as NDArray,
      )(xs),
      np.multiply(xs, 40000),
    );
  });
  it("forward mode differentiates the rule, reverse mode the function", () => {
    near(vmap((x: NDArray) => jvp((z: NDArray) => f(z, two).product, [x], [1])[1])(xs), array([200, 200, 200]));
    near(jvp((z: NDArray) => vmap((x: NDArray) => f(x, two).product)(z), [xs], [xs])[1], np.multiply(xs, 200));
    near(grad((x: NDArray) => f(x, two).product)(scalar(1)), scalar(2));
    near(vmap(grad((x: NDArray) => f(x, two).product))(xs), array([2, 2, 2]));
    near(grad((z: NDArray) => np.sum(vmap((x: NDArray) => f(x, two).product)(z)))(xs), array([200, 200, 200]));
  });
  it("one example after the other", () => {
    const g = customBatching.sequentialVmap((x: NDArray, y: NDArray) => ({ a: np.multiply(x, np.sum(y)) }));
    near(vmap(g, [0, null])(xs, xs), { a: np.multiply(xs, 6) });
    near(grad((z: NDArray) => np.sum(vmap(g, [0, null])(z, xs).a))(xs), array([6, 6, 6]));
  });
  it("refuses what does not fit", () => {
    const bad = (rule: unknown) => () => vmap(customVmap((x: NDArray) => x).defVmap(rule as never))(xs);
    expect(() => customVmap((x: NDArray) => x)(xs)).toThrow(
      "customVmap(f): expected a function with its rule, got no rule",
    );
    expect(bad((_n: number, _b: unknown, x: NDArray) => x)).toThrow(
      "a rule that returns [result, which parts of it are batched]",
    );
    expect(bad((_n: number, _b: unknown, x: NDArray) => [np.sum(x), true])).toThrow(
      "customVmap(f): result: expected f64[3], as the function gives, got f64[]",
    );
  });
});

describe("ravelPytree", () => {
  it.each(cases)("is undone by its second result: %s", (_title, { shapes }, n) => {
    const tree = filled(shapes(n), 3);
    const [flat, unravel] = ravelPytree(tree);
    near(unravel(flat), tree);
    expect(flat.shape).toEqual([leavesOf(tree).reduce((k, x) => k + x.size, 0)]);
  });
  it("is linear, and its derivative too", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 3), fc.nat(20), (n, seed) => {
        const tree = filled({ w: { shape: [2, n], dtype: "float64" }, b: [{ shape: [], dtype: "float64" }] }, seed),
          [flat, unravel] = ravelPytree(tree);
        const energy = (t: unknown): Value =>
          leavesOf(t)
            .filter(isReal)
            .reduce<Value>((s, x) => s.add(np.sum(np.sin(x))), scalar(0));
        near(grad((v: Value) => energy(unravel(v)))(flat), ravelPytree(grad(energy)(tree as never))[0]);
        near(vjp((t: unknown) => ravelPytree(t)[0], [tree])[1](flat)[0], tree);
        near(jit((t: unknown) => ravelPytree(t)[0])(tree), flat);
        near(vmap((v: Value) => ravelPytree(unravel(v))[0])(np.stack([flat, flat])), np.stack([flat, flat]));
      }),
      { numRuns: 8 },
    );
  });
  it("joins dtypes and brings them back, and refuses other lengths", () => {
    const [flat, unravel] = ravelPytree({
      a: array([1, 2], [2], "int32"),
      b: scalar(0.5, "float32"),
      c: scalar(1, "bool"),
    });
    expect([flat.dtype, flat.shape]).toEqual(["float32", [4]]);
    const { a, b, c } = unravel(flat);
    expect([a.dtype, b.dtype, c.dtype]).toEqual(["int32", "float32", "bool"]);
    expect(() => unravel(array([1]))).toThrow("unravel: expected a vector of 4 elements, got f64[1]");
    near(ravelPytree({})[0], np.zeros([0]));
  });
});
