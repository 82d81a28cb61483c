// Pure callbacks give what the function gives, under every transform, and may use the library themselves.
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  configure,
  debug,
  disableJit,
  type DType,
  grad,
  jit,
  lax,
  type NDArray,
  np,
  pureCallback,
  vmap,
} from "../src/index.ts";
import { currentDevice } from "../src/runtime/backend.ts";

const before = configure({});
afterEach(() => {
  configure(before);
  expect(currentDevice().depth).toBe(0);
});

describe("pureCallback", () => {
  const extents = fc.constantFrom(0, 1, 2, 3, 5, 17);
  it.each(["float32", "float64", "int32", "uint32", "bool", "uint8"] as const)("carries %s", (dtype: DType) => {
    fc.assert(
      fc.property(extents, extents, (m, n) => {
        const x = np.reshape(np.arange(m * n), [m, n]).astype(dtype);
        const f = (v: NDArray): NDArray => pureCallback((y) => y, { shape: [m, n], dtype }, v);
        for (const y of [f(x), jit(f)(x)]) {
          expect(y.dtype).toBe(dtype);
          expect(y.js()).toEqual(x.js());
        }
      }),
      { numRuns: 8 },
    );
  });
  it("takes lists, typed arrays, numbers and trees for results", () => {
    const shape = {
      a: { shape: [2, 2], dtype: "float64" },
      b: [np.zeros([]), { shape: [3], dtype: "int32" }],
    } as const;
    const f = jit((x: NDArray) =>
      pureCallback((p) => ({ a: Float64Array.of(0.1, 2, 3, 4), b: [p.x.item(), [2 ** 24 + 1, 2, 3]] }), shape, { x }),
    );
    const out = f(np.array(5));
    expect([out.a.js(), out.b[0].js(), out.b[1].js()]).toEqual([
      [
        [0.1, 2],
        [3, 4],
      ],
      5,
      [2 ** 24 + 1, 2, 3],
    ]);
  });
  const sees = (method: "sequential" | "expandDims" | "broadcastAll") => {
    const seen: string[] = [];
    const f = (x: NDArray, y: NDArray): NDArray =>
      pureCallback(
        (a, b) => {
          seen.push(`[${a.shape}] [${b.shape}]`);
          return np.add(a, b.sum({ axis: -1, keepdims: true } as never));
        },
        { shape: [2], dtype: "float32" },
        x,
        y,
        { vmapMethod: method },
      );
    const x = np.array([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      y = np.array([10, 20]);
    const wanted = x.add(30).js();
    expect(vmap(f, [0, null])(x, y).js()).toEqual(wanted);
    const once = seen.splice(0);
    expect(jit(vmap(f, [1, null]))(np.transpose(x), y).js()).toEqual(wanted);
    expect(seen).toEqual(once);
    return once;
  };
  it("under vmap: one after the other, or all at once", () => {
    expect(sees("sequential")).toEqual(["[2] [2]", "[2] [2]", "[2] [2]"]);
    expect(sees("expandDims")).toEqual(["[3,2] [1,2]"]);
    expect(sees("broadcastAll")).toEqual(["[3,2] [3,2]"]);
  });
  it("in loops and branches", () => {
    const square = (x: NDArray): NDArray => pureCallback((v) => (v.item() as number) ** 2, x, x);
    const f = (n: NDArray): NDArray =>
      lax.scan(
        (c: NDArray, x: NDArray) => {
          const y = lax.cond(np.greater(x, 1), square, (v) => v, x);
          return [
            lax
              .whileLoop(
                (v: NDArray) => np.less(v, 10),
                (v: NDArray) => square(v).add(1),
                c,
              )
              .add(y),
            y,
          ] as const;
        },
        n,
        np.array([1, 2, 3]),
      )[0];
    const wanted = disableJit(() => f(np.array(2))).item();
    expect(wanted).toBe(40);
    expect([f(np.array(2)).item(), jit(f)(np.array(2)).item()]).toEqual([wanted, wanted]);
    expect(vmap(f)(np.array([2, 2])).js()).toEqual([wanted, wanted]);
  });
  it("is not called for nothing", () => {
    let calls = 0;
    const f = (x: NDArray): NDArray => {
      pureCallback(
        (v) => {
          calls++;
          return v;
        },
        x,
        x,
      );
      return x;
    };
    jit(f)(np.array(1));
    expect(calls).toBe(0);
  });
  it("may use the library: nested programs, recursion, memory that grows", () => {
    const inner = jit((x: NDArray) => np.matmul(x, x).sum());
    const outer = jit((x: NDArray) => {
      const big = np.matmul(x, np.full([64, 64], 1 / 64));
      const y = pureCallback((v) => np.add(inner(v), np.ones([600, 1000]).sum()), { shape: [], dtype: "float32" }, big);
      return big
        .sum()
        .add(y)
        .add(np.sum(np.matmul(big, x)));
    });
    expect(outer(np.ones([64, 64])).item()).toBe(64 ** 2 + 64 ** 3 + 600_000 + 64 ** 3);
    const factorial: (n: NDArray | number) => NDArray = jit(
      (n: NDArray): NDArray =>
        pureCallback(
          (v) => ((v.item() as number) <= 1 ? 1 : factorial(v.sub(1)).mul(v)),
          { shape: [], dtype: "float32" },
          n,
        ),
    );
    expect(factorial(6).item()).toBe(720);
    configure({ backend: "reference" });
    expect(factorial(5).item()).toBe(120);
    let total = 0;
    const many = jit((v: NDArray) =>
      lax.scan(
        (c: NDArray, _x: null) => {
          debug.callback((u) => {
            total += np.ones([200, 200]).mul(u.sum()).sum().item() as number;
          }, c);
          return [c.add(1), null] as const;
        },
        v,
        null,
        { length: 20 },
      ),
    );
    many(np.zeros([2, 2]));
    expect(total).toBe(40_000 * 4 * 190);
  });
  it("passes on what the function throws, and leaves everything usable", () => {
    let fails = true;
    const f = jit((x: NDArray) => {
      const y = np.matmul(x, x);
      return pureCallback(
        (v) => {
          if (fails) throw new RangeError("mine");
          return v;
        },
        y,
        y,
      ).sum();
    });
    const x = np.ones([50, 50]);
    for (let i = 0; i < 3; i++) expect(() => f(x)).toThrow(new RangeError("mine"));
    expect(currentDevice().depth).toBe(0);
    fails = false;
    expect(f(x).item()).toBe(50 ** 3);
  });
  it("has no derivative but a constant one", () => {
    const f = (x: NDArray): NDArray => pureCallback((v) => v, x, x);
    const text =
      /^pureCallback: expected a function whose derivative is known, got differentiation through a callback\n {2}at .*\n {2}remedy: give the function that calls it its own rule with customJvp or customVjp, or use lax.stopGradient$/;
    expect(() => grad(f)(np.array(1))).toThrow(text);
    expect(() => jit(grad(jit(f)))(np.array(1))).toThrow(text);
    expect(grad((x: NDArray) => x.mul(f(lax.stopGradient(x))))(np.array(3)).item()).toBe(3);
    const rounded = (x: NDArray): NDArray =>
      x.mul(pureCallback((v) => Math.round(v.item() as number), { shape: [], dtype: "int32" }, x));
    expect(grad(rounded)(np.array(2.25)).item()).toBe(2);
  });
  it.each([
    [
      "a shape",
      () => pureCallback(() => [1, 2], { shape: [3], dtype: "float32" }),
      "pureCallback: result: expected f32[3], as resultShape says, got f32[2] from the function",
    ],
    [
      "a dtype",
      () => pureCallback(() => np.ones([2]), { shape: [2], dtype: "int32" }),
      "pureCallback: result: expected i32[2], as resultShape says, got f32[2] from the function",
    ],
    [
      "a structure",
      () => pureCallback(() => ({ b: 1 }), { a: np.zeros([]) }),
      "pureCallback: expected a result of the structure { a: * }, as resultShape says, got { b: * }",
    ],
    [
      "a promise",
      () => pureCallback(async () => 1, np.zeros([])),
      "pureCallback: expected a synchronous function, got an asynchronous function: it returned a Promise",
    ],
    [
      "a method",
      () => pureCallback((v) => v, np.zeros([]), np.zeros([]), { vmapMethod: "all" as "sequential" }),
      'pureCallback: expected a vmapMethod among sequential, expandDims, broadcastAll, got "all"',
    ],
  ] as const)("complains of %s", (_what, f, text) => {
    expect(f).toThrow(text);
    expect(() => jit(f as () => NDArray)()).toThrow(text);
  });
});
