// jit: traced once for each structure, avals and static values; the cache is exact and bounded; nested calls become one program.
import { beforeEach, describe, expect, it } from "vitest";
import { inlineCalls } from "../src/compile/inline.ts";
import { jit } from "../src/control/jit.ts";
import { checkJaxpr } from "../src/core/check.ts";
import { ArgumentError, DonatedError } from "../src/core/errors.ts";
import { isCall, type Jaxpr } from "../src/core/jaxpr.ts";
import { tally } from "../src/core/staged.ts";
import { Literal, type Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { full } from "../src/primitives/linear.ts";
import { compilations } from "../src/runtime/eager.ts";
import { makeJaxpr } from "../src/transforms/abstract.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad } from "../src/transforms/grad.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { array, dataOf, near, numbers, scalar } from "./transforms-subjects.ts";

let before = 0;
beforeEach(() => {
  before = tally.traces;
});
const traces = (): number => tally.traces - before;
const times = (x: Value, s: number): Value => E.mul(x, full(x.shape, s, x.dtype));
const f32 = (...xs: readonly number[]): Value => array(xs, [xs.length], "float32");

describe("jit: no retrace on equal avals", () => {
  it("arrays of one shape and dtype, however they came", () => {
    const f = jit((x: Value) => E.add(x, x));
    near(f(f32(1, 2)), f32(2, 4), 0);
    near(f(f32(3, 4)), f32(6, 8), 0);
    near(f(new Float32Array([5, 6])), f32(10, 12), 0);
    near(f(f(f32(1, 1))), f32(4, 4), 0);
    expect(traces()).toBe(1);
    f(array([1, 2]));
    f(f32(1, 2, 3));
    f(array([1, 2], [2, 1], "float32"));
    expect(traces()).toBe(4);
    f(f32(9, 9));
    expect(traces()).toBe(4);
  });
  it("numbers, booleans and arrays of their dtype", () => {
    const f = jit((x: Value) => x);
    f(1);
    f(-0);
    f(Number.NaN);
    f(scalar(2, "float32"));
    expect(traces()).toBe(1);
    expect(f(true).dtype).toBe("bool");
    expect(f(scalar(1, "int32")).dtype).toBe("int32");
    expect(traces()).toBe(3);
    expect(f(1).dtype).toBe("float32");
    expect(f(-0).item()).toBe(-0);
    expect(traces()).toBe(3);
  });
  it("structures, keys in any order, null not undefined", () => {
    const f = jit((p: { a?: Value | null | undefined; b: Value }) => [
      p.b,
      p.a === null ? 1 : p.a === undefined ? 2 : p.a,
    ]);
    const b = f32(1);
    f({ a: b, b });
    f({ b, a: b });
    expect(traces()).toBe(1);
    expect([f({ a: null, b }), f({ a: undefined, b }), f({ b })].map((r) => numbers(r[1]))).toEqual([[1], [2], [2]]);
    expect(traces()).toBe(4);
    expect([f({ a: null, b }), f({ a: undefined, b }), f({ b })].map((r) => numbers(r[1]))).toEqual([[1], [2], [2]]);
    expect(traces()).toBe(4);
  });
  it("under derivatives and vmap", () => {
    const f = jit((x: Value) => E.mul(x, x));
    for (let i = 1; i < 4; i++) {
      grad(f)(scalar(i));
      jvp(f, [scalar(i)], [scalar(1)]);
      vmap(f)(array([1, i]));
      grad(grad(f))(scalar(i));
    }
    expect(traces()).toBe(1);
    const all = (k: number): unknown => [grad(grad(f))(scalar(k)), vmap(grad(f))(array([1, k]))];
    all(2);
    const compiled = compilations.count;
    all(3);
    expect(compilations.count).toBe(compiled);
  });
});

describe("jit: static arguments", () => {
  // Values that JSON or `===` confuse.
  const statics: readonly unknown[] = [
    0,
    -0,
    Number.NaN,
    Infinity,
    -Infinity,
    null,
    undefined,
    "",
    "null",
    "0",
    true,
    false,
    1,
    "1",
    1n,
    () => 1,
    () => 2,
    new Map([[1, 2]]),
    new Map([[1, 3]]),
    new Set(),
    {},
    {},
    [],
    [],
    Symbol("a"),
    Symbol("a"),
    new Date(0),
    new Date(1),
  ];
  it("functions, Maps, infinities, NaN, -0 do not collide", () => {
    const seen: unknown[] = [];
    const f = jit(
      (x: Value, s: unknown) => {
        seen.push(s);
        return times(x, seen.length);
      },
      { staticArgnums: 1 },
    );
    const once = statics.map((s) => numbers(f(f32(1), s as never)));
    expect(traces()).toBe(statics.length);
    expect(once.flat()).toEqual(statics.map((_, i) => i + 1));
    const again = statics.map((s) => numbers(f(f32(1), s as never)));
    expect(again).toEqual(once);
    expect(traces()).toBe(statics.length);
    seen.forEach((s, i) => {
      expect(Object.is(s, statics[i])).toBe(true);
    });
  });
  it("at any position, counted from either end", () => {
    const f = (n: number, x: Value, g: (y: Value) => Value): Value => times(g(x), n);
    for (const staticArgnums of [
      [0, 2],
      [-3, -1],
      [0, -1],
    ])
      near(jit(f, { staticArgnums })(2, f32(3), E.neg), f32(-6), 0);
    const h = jit({ staticArgnums: 0 })((n: number, x: Value) => times(x, n));
    near([h(2, f32(1)), h(3, f32(1)), h(2, f32(2))], [f32(2), f32(3), f32(4)], 0);
    expect(traces()).toBe(5);
  });
  it("keeps a literal's dtype", () => {
    const f = jit((x: Value) => [E.add(x, new Literal(1, x.dtype)), E.mul(x, new Literal(1, x.dtype))]);
    for (const dtype of ["float32", "float64", "int32", "uint32"] as const)
      expect(f(scalar(2, dtype)).map((y) => [y.dtype, y.item()])).toEqual([
        [dtype, 3],
        [dtype, 2],
      ]);
  });
});

describe("jit: the cache is bounded and keeps what is used", () => {
  it("drops the least recently used trace", () => {
    const f = jit((x: Value, n: number) => times(x, n), { staticArgnums: 1 });
    for (let n = 0; n < 512; n++) f(1, n);
    expect(traces()).toBe(512);
    f(1, 0);
    expect(traces()).toBe(512);
    f(1, 1000); // drops 1, since 0 was just used
    f(1, 0);
    expect(traces()).toBe(513);
    f(1, 1);
    expect(traces()).toBe(514);
    near(f(scalar(2, "float32"), 511), scalar(1022, "float32"), 0);
    expect(traces()).toBe(514);
  });
  it("keeps no trace that failed", () => {
    let ready = false;
    const f = jit((x: Value) => {
      if (!ready) throw new Error("not ready");
      return x;
    });
    expect(() => f(1)).toThrow("not ready");
    ready = true;
    expect(f(1).item()).toBe(1);
  });
  it("is each function's own", () => {
    const f = (x: Value): Value => E.neg(x);
    const [g, h] = [jit(f), jit(f)];
    g(1);
    h(1);
    expect(traces()).toBe(2);
  });
});

describe("jit: nested calls inline", () => {
  const inner = jit((x: Value) => E.mul(x, x));
  const middle = jit((x: Value) => E.add(inner(x), inner(E.neg(x))));
  const calls = (jaxpr: Jaxpr): number => jaxpr.eqns.filter((e) => isCall(e.prim)).length;
  it("no call is left, and the program is well formed", () => {
    const { jaxpr } = makeJaxpr(jit((x: Value) => [middle(x), grad(middle)(x)]))(scalar(1));
    expect(calls(jaxpr)).toBe(1);
    const flat = inlineCalls(jaxpr);
    expect(calls(flat)).toBe(0);
    expect(checkJaxpr(flat)._tag).toBe("Right");
  });
  it("one program is compiled, and the inner function is traced once", () => {
    const outer = jit((x: Value) => [middle(x), middle(E.add(x, x))]);
    const compiled = compilations.count;
    expect(numbers(outer(scalar(3)))).toEqual([18, 72]);
    expect(compilations.count - compiled).toBe(1);
    expect(traces()).toBe(1); // the others were traced for the law above
  });
});

describe("jit: results", () => {
  const x = f32(1, 2);
  it("arguments, constants, one value twice, no value", () => {
    const f = jit((a: Value, b: Value) => ({ a, twice: [b, b], three: 3, yes: true, none: null, list: [] as Value[] }));
    const r = f(x, f32(5));
    near([r.a, ...r.twice], [x, f32(5), f32(5)], 0);
    expect([r.three.item(), r.yes.item(), r.none, r.list]).toEqual([3, true, null, []]);
    expect(jit(() => null)()).toBeNull();
    expect(numbers(jit(() => [1, 2])())).toEqual([1, 2]);
  });
  it("closed-over arrays are constants of the trace", () => {
    let w = x;
    const f = jit((a: Value) => E.mul(a, w));
    near(f(x), f32(1, 4), 0);
    w = f32(10, 10);
    near(f(x), f32(1, 4), 0);
    near(jit((a: Value) => E.mul(a, w))(x), f32(10, 20), 0);
  });
  it("donated arguments are gone, the others stay", () => {
    const f = jit((a: Value, b: Value) => [E.add(a, b), E.mul(a, b)], { donate: 0 });
    const [a, b] = [f32(1, 2), f32(3, 4)];
    near(f(a, b), [f32(4, 6), f32(3, 8)], 0);
    expect(() => a.js()).toThrow(DonatedError);
    expect(() => E.neg(a)).toThrow(DonatedError);
    expect(dataOf(b)).toEqual([3, 4]);
  });
});

describe("jit: mistakes", () => {
  const first = (g: () => unknown): string => {
    try {
      g();
    } catch (e) {
      return (e as Error).message.replace(/\n {2}at .*/, "").replaceAll("\n  ", " | ");
    }
    return "nothing was thrown";
  };
  const mistakes: readonly (readonly [() => unknown, string])[] = [
    [() => jit(3 as never), "jit: expected a function, got number"],
    [() => jit(E.neg, { staticArgnums: 0.5 }), "jit: expected staticArgnums to hold positions of arguments, got 0.5"],
    [() => jit(E.neg, { donate: [Number.NaN] }), "jit: expected donate to hold positions of arguments, got NaN"],
    [
      () => jit((x: Value) => x, { donate: 0, staticArgnums: 0 })(1),
      "jit: expected donated arguments to be arrays, got argument 0, which is static",
    ],
    [
      () =>
        jit(function f(x: Value) {
          return x;
        })("a" as never),
      'f: expected a pytree of arrays, numbers and booleans, got the string "a" at the root | remedy: pass it as a static argument (staticArgnums) or close over it',
    ],
    [
      () =>
        jit(function f(x: Value) {
          return x;
        })({ a: [1, () => 1] } as never),
      "f: expected a pytree of arrays, numbers and booleans, got a function at a[1] | remedy: pass it as a static argument (staticArgnums) or close over it",
    ],
    [
      () =>
        jit(function f(_: Value) {
          return "text";
        })(1),
      'f: expected a pytree of arrays, numbers and booleans, got the string "text" at the root | remedy: pass it as a static argument (staticArgnums) or close over it',
    ],
  ];
  it.each(mistakes)("mistake %#", (g, want) => {
    expect(first(g)).toBe(want);
  });
  it("are ArgumentErrors", () => {
    expect(() => jit(3 as never)).toThrow(ArgumentError);
  });
});

describe("jit: what is written anew is compiled once", () => {
  const fresh = () =>
    jit(function anew(x: Value) {
      return E.add(E.sin(x), E.mul(x, x));
    });
  it("by structure", () => {
    fresh()(array([1, 2, 3]));
    const before = compilations.count;
    for (let i = 0; i < 5; i++) expect(numbers(fresh()(array([1, 2, 3])) as Value)).toHaveLength(3);
    expect(compilations.count).toBe(before);
  });
  it("but not what differs in one number", () => {
    const scaled = (k: number) =>
      jit(function scale(x: Value) {
        return E.mul(x, full([3], k, "float64"));
      });
    expect([2, 3, 2].map((k) => numbers(scaled(k)(array([1, 1, 1])) as Value)[0])).toEqual([2, 3, 2]);
  });
});

describe("jit: why a call compiles", () => {
  const f = jit((p: { readonly w: Value }, x: Value, _k: unknown) => E.mul(p.w, E.convertElementType(x, "float64")), {
    staticArgnums: 2,
  });
  const why = (...args: readonly unknown[]): string =>
    (f.lower as (...a: readonly unknown[]) => { readonly lookup: string })(...args).lookup;
  const a = array([1, 2, 3]);
  it.each([
    ["new: nothing was compiled before", [{ w: a }, a, 1]],
    ["known", [{ w: a }, a, 1]],
    ["new: argument 0.w is f64[2], not f64[3]", [{ w: array([1, 2]) }, array([1, 2]), 1]],
    ["known", [{ w: a }, a, 1]],
    ["new: static argument 2 is 5, not 1 (compared by identity)", [{ w: a }, a, 5]],
    ["new: argument 1 is f32[3], not f64[3]", [{ w: a }, full([3], 1, "float32"), 5]],
    ["new: 2 arguments, not 3", [{ w: a }, a]],
  ] as const)("%s", (want, args) => {
    expect(why(...args)).toBe(want);
  });
});
