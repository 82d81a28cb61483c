// Calls back into JavaScript: effects happen once each, in the order of the program, whatever the program is compiled into; pure
// callbacks give what the function gives, under every transform; callbacks may use the library themselves.
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  configure,
  debug,
  disableJit,
  explain,
  grad,
  jit,
  jvp,
  lax,
  linearize,
  makeJaxpr,
  type NDArray,
  np,
  valueAndGrad,
  vmap,
} from "../src/index.ts";
import { currentDevice } from "../src/runtime/backend.ts";

const before = configure({});
afterEach(() => {
  configure(before);
  expect(currentDevice().depth).toBe(0);
});
const i32 = (x: number | readonly number[]): NDArray => np.array(x as number, { dtype: "int32" });

/** A program over one int32 that reports itself. */
type Tree =
  | { readonly kind: "note"; readonly id: number }
  | { readonly kind: "step"; readonly by: number }
  | { readonly kind: "block"; readonly parts: readonly Tree[] }
  | { readonly kind: "scan" | "fori" | "while"; readonly rounds: number; readonly body: Tree }
  | { readonly kind: "scanned"; readonly rounds: number; readonly body: Tree; readonly reverse: boolean }
  | { readonly kind: "cond"; readonly yes: Tree; readonly no: Tree }
  | { readonly kind: "jit"; readonly body: Tree };
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    fc.record({ kind: fc.constant("note" as const), id: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ kind: fc.constant("step" as const), by: fc.integer({ min: -3, max: 3 }) }),
    fc.record({ kind: fc.constant("block" as const), parts: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }) }),
    fc.record({
      kind: fc.constantFrom("scan" as const, "fori" as const, "while" as const),
      rounds: fc.integer({ min: 0, max: 3 }),
      body: tie("tree"),
    }),
    fc.record({
      kind: fc.constant("scanned" as const),
      rounds: fc.integer({ min: 1, max: 3 }),
      body: tie("tree"),
      reverse: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("cond" as const), yes: tie("tree"), no: tie("tree") }),
    fc.record({ kind: fc.constant("jit" as const), body: tie("tree") }),
  ),
}));
type Log = (readonly [id: number, value: number])[];
const build =
  (t: Tree, log: Log) =>
  (c: NDArray): NDArray => {
    switch (t.kind) {
      case "note":
        debug.callback((v) => log.push([t.id, v.item() as number]), c);
        return c;
      case "step":
        return c.mul(3).add(t.by).mod(101);
      case "block":
        return t.parts.reduce((v, p) => build(p, log)(v), c);
      case "scan":
        return lax.scan((v: NDArray) => [build(t.body, log)(v), null] as const, c, null, { length: t.rounds })[0];
      case "scanned": {
        const xs = i32(Array.from({ length: t.rounds }, (_, i) => i));
        const [last, ys] = lax.scan(
          (v: NDArray, x: NDArray) => {
            debug.callback((y) => log.push([100, y.item() as number]), x);
            const next = build(t.body, log)(v.add(x));
            return [next, next.add(x)] as const;
          },
          c,
          xs,
          { reverse: t.reverse },
        );
        return last.add(ys.sum().astype("int32"));
      }
      case "fori":
        return lax.foriLoop(0, t.rounds, (_i, v: NDArray) => build(t.body, log)(v), c);
      case "while":
        return lax.whileLoop(
          ([i]: readonly [NDArray, NDArray]) => np.less(i, t.rounds),
          ([i, v]) => [i.add(1), build(t.body, log)(v)] as const,
          [i32(0), c] as const,
        )[1];
      case "cond":
        return lax.cond(np.equal(c.mod(2), 0), build(t.yes, log), build(t.no, log), c);
      case "jit":
        return jit(build(t.body, log))(c);
      default:
        return t satisfies never;
    }
  };

describe("effects", () => {
  const run = (t: Tree, how: (f: (c: NDArray) => NDArray) => NDArray): readonly [number, Log] => {
    const log: Log = [],
      out = how(build(t, log));
    return [out.item() as number, log];
  };
  it.each(["wasm", "reference"] as const)("happen in the order of the program: %s", (backend) => {
    let events = 0;
    fc.assert(
      fc.property(tree, fc.integer({ min: 0, max: 9 }), (t, start) => {
        configure({ backend });
        const plain = run(t, (f) => disableJit(() => f(i32(start))));
        events += plain[1].length;
        expect(run(t, (f) => f(i32(start)))).toEqual(plain);
        expect(run(t, (f) => jit(f)(i32(start)))).toEqual(plain);
      }),
      { numRuns: backend === "wasm" ? 60 : 15 },
    );
    expect(events).toBeGreaterThan(backend === "wasm" ? 20 : 2);
  });
  it("happen once a run, not once a trace", () => {
    const log: Log = [],
      f = jit(build({ kind: "note", id: 1 }, log));
    for (let i = 0; i < 5; i++) f(i32(i));
    expect(log.map(([, v]) => v)).toEqual([0, 1, 2, 3, 4]);
  });

  const floats =
    (log: number[]) =>
    (x: NDArray): NDArray => {
      const note = (v: NDArray): void => debug.callback((y) => log.push(y.item() as number), v);
      const [c] = lax.scan(
        (v: NDArray, w: NDArray) => {
          note(v);
          const next = lax.cond(
            np.greater(v, 4),
            (u) => {
              note(u.neg());
              return u.mul(0.5);
            },
            (u) => u.mul(w),
            v,
          );
          return [next, next.mul(v)] as const;
        },
        x,
        np.array([3, 2, 3, 2]),
      );
      note(c);
      return c.mul(c);
    };
  it("are neither lost nor repeated by differentiation", () => {
    const wanted: number[] = [];
    floats(wanted)(np.array(1));
    expect(wanted).toEqual([1, 3, 6, -6, 3, 6]);
    const ways: Readonly<Record<string, (f: (x: NDArray) => NDArray) => unknown>> = {
      grad: (f) => grad(f)(np.array(1)),
      "jit(grad)": (f) => jit(grad(f))(np.array(1)),
      "grad(jit)": (f) => grad(jit(f))(np.array(1)),
      valueAndGrad: (f) => valueAndGrad(f)(np.array(1)),
      jvp: (f) => jvp(f, [np.array(1)], [np.array(1)]),
      "grad(grad)": (f) => grad(grad(f))(np.array(1)),
      "jit(grad(grad))": (f) => jit(grad(grad(f)))(np.array(1)),
    };
    for (const [name, run] of Object.entries(ways)) {
      const log: number[] = [];
      run(floats(log));
      expect(log, name).toEqual(wanted);
    }
  });
  it("happen in a while loop that is linearized", () => {
    const log: number[] = [];
    const f = (x: NDArray): NDArray =>
      lax.whileLoop(
        ([i]: readonly [NDArray, NDArray]) => np.less(i, 2),
        ([i, v]) => {
          debug.callback((k) => log.push(k.item() as number), i);
          return [i.add(1), v.mul(v)] as const;
        },
        [i32(0), x] as const,
      )[1];
    expect(String(jvp(f, [np.array(3)], [np.array(1)]))).toBe("81,108");
    expect(log).toEqual([0, 1]);
    log.length = 0;
    const [y, push] = linearize(f, [np.array(3)]);
    expect([String(y), String(push(np.array(1)))]).toEqual(["81", "108"]);
    expect(log).toEqual([0, 1]);
  });
  it("happen for every example of a batch", () => {
    for (const how of [(f: (x: NDArray) => NDArray) => f, (f: (x: NDArray) => NDArray) => jit(f)]) {
      const log: string[] = [];
      const f = (x: NDArray): NDArray => {
        debug.callback((v) => log.push(`a${v}`), x);
        debug.callback(() => log.push("same"));
        debug.callback((v, w) => log.push(`b${v},${w}`), x.mul(2), 7);
        return x;
      };
      how(vmap(f))(np.array([1, 2, 3]));
      expect(log).toEqual(["a1", "a2", "a3", "same", "b2,7", "b4,7", "b6,7"]);
      log.length = 0;
      how(vmap(vmap(f), 1))(np.array([[1, 2]]));
      expect(log.slice(0, 2)).toEqual(["a1", "a2"]);
    }
  });
  it("stay in functions without results, and in the printed program", () => {
    const log: string[] = [];
    const f = jit((x: NDArray) => {
      debug.callback((v) => log.push(String(v)), x);
    });
    f(np.array(2));
    lax.cond(
      true,
      () => debug.callback(() => log.push("yes")),
      () => debug.callback(() => log.push("no")),
    );
    expect(log).toEqual(["2", "yes"]);
    expect(String(makeJaxpr((x: NDArray) => debug.callback(() => {}, x))(1))).toBe(
      "{ lambda a:f32[] . let _ = callback[name=debug.callback effect] a in ( ) }",
    );
    expect(String(explain(f, np.array(2)).program.steps.map((s) => s.op))).toBe("host");
  });
});

describe("debug.print", () => {
  const printed = (f: () => unknown): readonly string[] => {
    const spy = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      f();
      return spy.mock.calls.map((c) => String(c[0]));
    } finally {
      spy.mockRestore();
    }
  };
  it("formats values", () => {
    const f = (x: NDArray): void => {
      debug.print("x = {}, again {0}, {y}, sum {1:.2f} {{}} {1:.1e} {2}", x, x.sum(), "text", {
        y: [x.mul(2), { k: 3 }],
      });
    };
    const text = "x = [1.5 2.5], again [1.5 2.5], [[3 5], { k: 3 }], sum 4.00 {} 4.0e+0 text";
    expect(printed(() => f(np.array([1.5, 2.5])))).toEqual([text]);
    expect(printed(() => jit(f)(np.array([1.5, 2.5])))).toEqual([text]);
    expect(printed(() => debug.print("{:.1f}", np.array([[1, 2.25]])))).toEqual(["[[1.0 2.3]]"]);
    expect(printed(() => debug.print("nothing"))).toEqual(["nothing"]);
  });
  it("prints every round and every example", () => {
    const f = (x: NDArray): NDArray =>
      lax.foriLoop(
        0,
        2,
        (i, c: NDArray) => {
          debug.print("{i}: {c}", { i, c });
          return c.add(1);
        },
        x,
      );
    expect(printed(() => jit(f)(5))).toEqual(["0: 5", "1: 6"]);
    expect(printed(() => vmap(f)(np.array([1, 2])))).toEqual(["0: 1", "0: 2", "1: 2", "1: 3"]);
  });
  it.each([
    ["{} {}", [1], "debug.print: expected a value for {1}, got 1 argument"],
    ["{x}", [{ y: 1 }], "debug.print: expected a value named x in the last argument, got 1 argument, named y"],
    ["{:d}", [1], "debug.print: expected a format like {x:.3f} or {x:.2e}, got {:d}"],
    ["{", [], 'debug.print: expected every brace to have its partner, got "{"'],
  ] as const)("complains of %s", (format, args, text) => {
    expect(() => jit(() => debug.print(format, ...args))()).toThrow(text);
  });
});
