// Jaxprs: how programs look (golden texts, here beside what makes them), that transforms make well-formed ones, and that the
// checker finds whatever is broken.
import { describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import { checkJaxpr } from "../src/core/check.ts";
import type { Eqn, Jaxpr } from "../src/core/jaxpr.ts";
import { Var } from "../src/core/jaxpr.ts";
import { nameVars, showJaxpr, showLiteral } from "../src/core/print.ts";
import type { AnyPrimitive } from "../src/core/primitive.ts";
import type { DType } from "../src/core/dtype.ts";
import { Literal, type Value } from "../src/core/value.ts";
import { dotGeneral } from "../src/primitives/dot.ts";
import * as E from "../src/primitives/elementwise.ts";
import { broadcast, full, sum } from "../src/primitives/linear.ts";
import { evalShape, makeJaxpr, type PrintableJaxpr } from "../src/transforms/abstract.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad } from "../src/transforms/grad.ts";
import { jacfwd, hessian } from "../src/transforms/jacobian.ts";
import { linearize } from "../src/transforms/linearmap.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { evalJaxpr } from "../src/transforms/trace.ts";
import { array, cases, filled, leavesOf, near, real, scalar, tangentOf } from "./transforms-subjects.ts";

const f32 = (...shape: readonly number[]): { shape: readonly number[]; dtype: DType } => ({ shape, dtype: "float32" });
/** The program of `f`, checked. */
const program = (f: (...args: never[]) => unknown, ...args: readonly unknown[]): string => {
  const closed = (makeJaxpr(f) as unknown as (...xs: readonly unknown[]) => PrintableJaxpr)(...args);
  expect(checkJaxpr(closed.jaxpr)).toMatchObject({ _tag: "Right" });
  return String(closed);
};

describe("jaxprs: how they look", () => {
  it("one equation", () => {
    expect(program((a: Value) => E.sin(a), f32(3))).toBe("{ lambda a:f32[3] . let b:f32[3] = sin a in ( b ) }");
  });
  it("nothing, arguments, literals, scalars", () => {
    expect(program(() => [])).toBe("{ lambda . let in ( ) }");
    expect(program((a: Value, b: Value) => [b, a], f32(), { shape: [2], dtype: "int32" })).toBe(
      "{ lambda a:f32[] b:i32[2] . let in ( b, a ) }",
    );
    expect(program((a: Value) => E.mul(a, new Literal(0.1, "float32")), 3)).toBe(
      "{ lambda a:f32[] . let b:f32[] = mul a 0.1:f32 in ( b ) }",
    );
  });
  it("numbers are literals", () => {
    expect(program((a: Value) => [2, true, a], f32())).toBe("{ lambda a:f32[] . let in ( 2.0:f32, true:bool, a ) }");
    const f = (a: Value): Value => jvp((b: Value) => E.mul(a, b), [3], [1])[1];
    expect(program(f, f32())).toBe(
      "{ lambda a:f32[] . let _:f32[] = mul a 3.0:f32; b:f32[] = mul a 1.0:f32 in ( b ) }",
    );
  });
  it("a closed-over array is a constant", () => {
    const w = array([1, 2], [2], "float32");
    expect(program((a: Value) => E.mul(a, w), f32(2))).toBe(
      "{ lambda a:f32[2] ; b:f32[2] . let c:f32[2] = mul b a in ( c ) }",
    );
    expect(makeJaxpr((a: Value) => E.mul(a, w))(f32(2)).consts[0]).toBe(w);
  });
  const layer = (w: Value, b: Value, x: Value): Value => E.tanh(E.add(dotGeneral(w, x, { contract: [[1], [0]] }), b));
  it("a layer", () => {
    expect(program(layer, f32(2, 3), f32(2), f32(3))).toMatchInlineSnapshot(`
      "{ lambda a:f32[2,3] b:f32[2] c:f32[3] .
        let d:f32[2] = dotGeneral[contract=[1]x[0]] a c
            e:f32[2] = add d b
            f:f32[2] = tanh e
        in ( f ) }"
    `);
  });
  it("a layer over a batch", () => {
    expect(program(vmap(layer, [null, null, 0]), f32(2, 3), f32(2), f32(5, 3))).toMatchInlineSnapshot(`
      "{ lambda a:f32[2,3] b:f32[2] c:f32[5,3] .
        let d:f32[5,2] = dotGeneral[contract=[1]x[1]] c a
            e:f32[5,2] = broadcast[shape=(5, 2) axes=(0,)] b
            f:f32[5,2] = add d e
            g:f32[5,2] = tanh f
        in ( g ) }"
    `);
  });
  it("the gradient of the sum of squares", () => {
    expect(
      program(
        grad((x: Value) => sum(E.square(x), [0])),
        f32(3),
      ),
    ).toMatchInlineSnapshot(`
      "{ lambda a:f32[3] .
        let b:f32[3] = square a
            c:f32[3] = broadcast[shape=(3,) axes=(0,)] 2.0:f32
            d:f32[3] = mul c a
            _:f32[] = sum[axes=(0,)] b
            e:f32[3] = broadcast[shape=(3,) axes=(0,)] 1.0:f32
            f:f32[3] = mul e d
        in ( f ) }"
    `);
  });
  it("the pushforward of a product", () => {
    expect(
      program(
        (x: Value, y: Value, dx: Value) => jvp((a: Value, b: Value) => E.mul(a, b), [x, y], [dx, null])[1],
        f32(),
        f32(),
        f32(),
      ),
    ).toMatchInlineSnapshot(`"{ lambda a:f32[] b:f32[] c:f32[] . let _:f32[] = mul a b; d:f32[] = mul c b in ( d ) }"`);
  });
  it("a jitted function in a function", () => {
    const softplus = jit(function softplus(x: Value) {
      return E.log1p(E.exp(x));
    });
    expect(program((x: Value) => E.add(softplus(x), x), f32(3))).toMatchInlineSnapshot(`
      "{ lambda a:f32[3] .
        let b:f32[3] = jit[name=softplus jaxpr={ lambda a:f32[3] . let b:f32[3] = exp a; c:f32[3] = log1p b in ( c ) }] a
            c:f32[3] = add b a
        in ( c ) }"
    `);
  });
  it("the derivative of a jitted function is a jitted function", () => {
    const cube = jit(function cube(x: Value) {
      return E.mul(x, E.mul(x, x));
    });
    expect(program(grad(cube), f32())).toMatchInlineSnapshot(`
      "{ lambda a:f32[] .
        let _:f32[] b:f32[] c:f32[] = jit[name=known(jvp(cube)) jaxpr={ lambda a:f32[] . let b:f32[] = mul a a; c:f32[] = mul a b in ( c, a, b ) }] a
            d:f32[] = jit[
              name=transpose(unknown(jvp(cube)))
              jaxpr={ lambda a:f32[] b:f32[] c:f32[] .
                let d:f32[] = mul a c
                    e:f32[] = mul c b
                    f:f32[] = mul a d
                    g:f32[] = add e f
                    h:f32[] = mul d a
                    i:f32[] = add g h
                in ( i ) }
            ] b c 1.0:f32
        in ( d ) }"
    `);
  });
  it("names go on after z, and unused results have none", () => {
    const many = (x: Value): Value => {
      E.neg(x);
      return Array.from({ length: 28 }, () => 0).reduce<Value>((y) => E.add(y, y), x);
    };
    const text = program(many, f32());
    expect(text).toContain("_:f32[] = neg a");
    expect(text).toContain("z:f32[] = add y y");
    expect(text).toContain("aa:f32[] = add z z");
    expect(text).toMatch(/in \( ac \) \}$/);
  });
  it("literals of every dtype", () => {
    const shown = (x: number, dtype: DType): string => showLiteral(new Literal(x, dtype));
    expect(
      [
        shown(1, "float32"),
        shown(-0, "float64"),
        shown(0.1, "float32"),
        shown(0.1, "float64"),
        shown(1e-30, "float32"),
        shown(Infinity, "float32"),
        shown(Number.NaN, "float64"),
        shown(-7, "int32"),
        shown(4294967295, "uint32"),
        shown(1, "bool"),
        shown(200, "uint8"),
      ].join(" "),
    ).toBe("1.0:f32 -0.0:f64 0.1:f32 0.1:f64 1e-30:f32 inf:f32 nan:f64 -7:i32 4294967295:u32 true:bool 200:u8");
  });
  it("the same program prints the same", () => {
    const f = hessian((x: Value) => sum(E.mul(x, E.square(x)), [0]));
    expect(program(f, f32(3))).toBe(program(f, f32(3)));
    const { jaxpr } = makeJaxpr(f)(f32(3));
    expect(new Set(nameVars(jaxpr).values()).size).toBeLessThanOrEqual(nameVars(jaxpr).size);
    expect(showJaxpr(jaxpr)).toBe(program(f, f32(3)));
  });
});

describe("jaxprs: transforms make well-formed ones that mean the same", () => {
  it.each(cases.filter(([, , n]) => n > 0))("%s", (_name, { f, shapes }, n) => {
    const args = filled(shapes(n), 3) as readonly unknown[];
    const v = tangentOf(args, 4),
      ct = tangentOf(f(...args), 5);
    const all: readonly ((...xs: readonly unknown[]) => unknown)[] = [
      f,
      jit(f),
      (...xs) => (jvp(f as never, xs as never, v as never) as unknown as readonly unknown[])[1],
      (...xs) => (vjp(f as never, xs as never)[1] as unknown as typeof f)(ct),
      (...xs) => (linearize(f as never, xs as never)[1] as unknown as typeof f)(...(v as readonly unknown[])),
      vmap(f, { inAxes: null, axisSize: 2 }) as typeof f,
    ];
    for (const g of all) {
      const { jaxpr, consts } = (makeJaxpr(g) as (...xs: readonly unknown[]) => PrintableJaxpr)(...args);
      expect(checkJaxpr(jaxpr)).toMatchObject({ _tag: "Right" });
      const shape = evalShape(g, ...args);
      const outs = evalJaxpr(jaxpr, [...consts, ...leavesOf(args)]);
      near(outs, leavesOf(g(...args)), 1e-13);
      expect(outs.length).toBe(jaxpr.outs.length);
      expect(JSON.stringify(shape)).toBeTypeOf("string");
    }
  });
  it("evalShape computes nothing and takes { shape, dtype }", () => {
    const f = (x: Value, p: { w: Value }): { y: Value; n: number; none: null } => ({
      y: broadcast(sum(E.mul(x, p.w), [0]), [7, 2], [0]),
      n: 3,
      none: null,
    });
    const want = { y: { shape: [7, 2], dtype: "float64" }, n: { shape: [], dtype: "float32" }, none: null };
    expect(evalShape(f, real(3, 2), { w: real(3, 2) })).toEqual(want);
    expect(evalShape(real(3, 2), { w: filled(real(3, 2), 1) })(f)).toEqual(want);
    expect(
      evalShape(
        jacfwd((x: Value) => E.square(x)),
        real(40_000, 1),
      ),
    ).toEqual({ shape: [40_000, 1, 40_000, 1], dtype: "float64" });
    expect(() => evalShape((x: Value) => E.add(x, full([3], 0, "float64")), real(2))).toThrow(
      /add: expected operands of equal shape, got f64\[2\] and f64\[3\]/,
    );
  });
  it("makeJaxpr takes static arguments", () => {
    const f = (n: number, x: Value): Value => E.integerPow(x, n);
    expect(String(makeJaxpr(f, { staticArgnums: 0 })(3 as never, f32()))).toBe(
      "{ lambda a:f32[] . let b:f32[] = integerPow[exponent=3] a in ( b ) }",
    );
    expect(String(makeJaxpr({ staticArgnums: [-2] })(f)(2 as never, f32()))).toContain("integerPow[exponent=2]");
  });
});

describe("jaxprs: the checker has teeth", () => {
  const { jaxpr } = makeJaxpr((x: Value, y: Value) => E.add(E.mul(x, y), E.neg(x)))(real(3), real(3));
  const [mul, neg, add] = jaxpr.eqns as readonly [Eqn, Eqn, Eqn];
  const stray = new Var(real(3));
  const complaints = (j: Jaxpr): readonly string[] => {
    const r = checkJaxpr(j);
    return r._tag === "Left" ? r.left : [];
  };
  const broken: readonly (readonly [string, Jaxpr, readonly string[]])[] = [
    ["order", { ...jaxpr, eqns: [mul, add, neg] }, ["equation 1 (add): e is not bound"]],
    ["a missing equation", { ...jaxpr, eqns: [mul, add] }, ["equation 1 (add): a variable f64[3] is not bound"]],
    [
      "a stray operand",
      { ...jaxpr, eqns: [{ ...mul, ins: [stray, stray] }, neg, add] },
      ["equation 0 (mul): a variable f64[3] is not bound", "equation 0 (mul): a variable f64[3] is not bound"],
    ],
    ["a stray result", { ...jaxpr, outs: [stray] }, ["outputs: a variable f64[3] is not bound"]],
    [
      "a name bound twice",
      { ...jaxpr, eqns: [mul, neg, { ...add, outs: neg.outs }], outs: neg.outs },
      ["equation 2 (add): d is bound twice"],
    ],
    ["an input bound twice", { ...jaxpr, ins: [...jaxpr.ins, ...jaxpr.ins.slice(0, 1)] }, ["inputs: a is bound twice"]],
    [
      "a wrong shape",
      { ...jaxpr, eqns: [mul, neg, { ...add, outs: [stray2()] }], outs: [] },
      ["equation 2 (add): gives (f64[3]), not (f32[3])"],
    ],
    [
      "too many results",
      { ...jaxpr, eqns: [mul, neg, { ...add, outs: [...add.outs, stray] }] },
      ["equation 2 (add): gives (f64[3]), not (f64[3], f64[3])"],
    ],
    [
      "operands that do not fit",
      { ...jaxpr, eqns: [{ ...mul, ins: [mul.ins[0] as Var, new Literal(1, "float64")] }, neg, add] },
      [
        "equation 0 (mul): mul: expected operands of equal shape, got f64[3] and f64[]\n  remedy: broadcast them first, or use the function of np, which does",
      ],
    ],
    ["a count of constants", { ...jaxpr, consts: 3 }, ["inputs: 3 constants among 2 inputs"]],
  ];
  function stray2(): Var {
    return new Var(f32(3));
  }
  it("accepts the whole one", () => expect(complaints(jaxpr)).toEqual([]));
  it.each(broken)("%s", (_name, j, want) => {
    expect(complaints(j).map((c) => c.replace(/\n {2}at .*/, ""))).toEqual(want);
  });
  it("looks into nested jaxprs", () => {
    const outer = makeJaxpr(jit((x: Value) => E.neg(E.neg(x))))(real()).jaxpr;
    const [call] = outer.eqns as readonly [Eqn];
    const { jaxpr: inner, ...rest } = call.attrs as { readonly jaxpr: Jaxpr };
    const bad: Jaxpr = {
      ...outer,
      eqns: [{ ...call, attrs: { ...rest, jaxpr: { ...inner, eqns: inner.eqns.slice(1) } } }],
    };
    expect(complaints(outer)).toEqual([]);
    expect(complaints(bad)).toEqual(["equation 0 (jit): equation 0 (neg): a variable f64[] is not bound"]);
  });
  it("a rule that gives the wrong shape is caught where it stands", () => {
    const lying = { ...(neg.prim as AnyPrimitive), name: "lying", abstractEval: () => real(4) };
    expect(complaints({ ...jaxpr, eqns: [mul, { ...neg, prim: lying }, add] })).toEqual([
      "equation 1 (lying): gives (f64[4]), not (f64[3])",
    ]);
    expect(scalar(1).shape).toEqual([]);
  });
});
