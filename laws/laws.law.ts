// The verification library holds for right functions, catches wrong ones, says where, and shrinks what it finds.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkGrads as topLevel, lax, type NDArray, nn, np, random, tree } from "../src/index.ts";
import {
  adjointProperty,
  arrays,
  checkGrads,
  gradientProperty,
  jitProperty,
  LawError,
  trees,
  vmapProperty,
} from "../src/laws/index.ts";

/** The counterexample that fast-check shrinks to, and the error it gives; null if the property holds. */
const refuted = <A extends readonly unknown[]>(
  property: fc.IPropertyWithHooks<A>,
  numRuns = 30,
): { readonly args: A; readonly error: string } | null => {
  const found = fc.check(property as unknown as fc.IRawProperty<A>, { numRuns, seed: 5 }) as unknown as fc.RunDetails<
    [A]
  >;
  if (!found.failed) return null;
  const { errorInstance, counterexample } = found;
  return { args: counterexample?.[0] as A, error: String(errorInstance) };
};
/** `value`, with the slopes of `slope`: how a wrong derivative rule looks. */
const withSlope = (value: (x: NDArray) => NDArray, slope: (x: NDArray) => NDArray) => (x: NDArray) =>
  np.add(lax.stopGradient(np.subtract(value(x), slope(x))), slope(x));

describe("checkGrads", () => {
  const net = (p: { readonly w: NDArray; readonly b: NDArray | null }, x: NDArray): NDArray =>
    np.tanh(np.matmul(x, p.w));
  const params = {
    w: np.array([
      [0.5, 1, -1],
      [2, 0.25, 0],
    ]),
    b: null,
  };
  const x = np.array([1.5, -0.5]);
  it.each<[string, (...args: never[]) => unknown, readonly unknown[], number]>([
    ["a tree of parameters with nulls", net, [params, x], 3],
    ["several results", (v: NDArray) => ({ a: np.sin(v), b: [np.exp(v), null] }), [x], 2],
    [
      "integers stay fixed",
      (v: NDArray, i: NDArray) => np.multiply(v, i),
      [x, np.array([2, 3], { dtype: "int32" })],
      2,
    ],
    ["integer results do not count", (v: NDArray) => [np.square(v), np.argmax(v)], [x], 2],
    ["keys stay fixed", (v: NDArray, k: never) => np.multiply(v, random.uniform(k, [2])), [x, random.key(1)], 1],
    ["float32 inside", (v: NDArray) => np.sin(v.astype("float32")), [x], 1],
    ["no axes", (v: NDArray) => np.multiply(v, v), [np.array(3)], 2],
    ["no elements", (v: NDArray) => np.sum(v), [np.zeros([0, 2])], 2],
  ])("holds for %s", (_, f, args, order) => {
    expect(() => checkGrads(f, args, { order })).not.toThrow();
  });
  it("is the one of the entry point", () => expect(topLevel).toBe(checkGrads));

  const half = withSlope(np.sin, (v) => np.multiply(np.sin(v), 0.5));
  it.each<[string, () => void, RegExp]>([
    [
      "in forward mode",
      () => checkGrads(half, [x], { modes: ["fwd"] }),
      /checkGrads \(jvp, order 1\): expected the slope \S+ of result, element \[0\], along a random direction of args\[0\], got/,
    ],
    [
      "in reverse mode",
      () => checkGrads(half, [x], { modes: ["rev"] }),
      /checkGrads \(vjp, order 1\): expected the slope \S+ of a random combination/,
    ],
    [
      "in one leaf of many",
      () =>
        checkGrads((p: { a: NDArray; b: NDArray[] }) => [np.sin(p.a), half(p.b[1] as NDArray)], [{ a: x, b: [x, x] }]),
      /of result\[1\], element \[0\], along a random direction of args\[0\]\.b\[1\]/,
    ],
    [
      "in the second derivative only",
      () =>
        checkGrads(
          (v: NDArray) =>
            np.sum(
              np.add(
                np.multiply(v, lax.stopGradient(np.cos(v))),
                lax.stopGradient(np.subtract(np.sin(v), np.multiply(v, np.cos(v)))),
              ),
            ),
          [x],
          { order: 2 },
        ),
      /order 2/,
    ],
  ])("catches a wrong slope %s", (_, f, message) => {
    expect(f).toThrow(LawError);
    expect(f).toThrow(message);
  });
  it("names the line of the caller", () => {
    expect(() => checkGrads(half, [x])).toThrow(/laws\.law\.ts/);
  });
  it("refuses points where the function is not finite, and orders below 1", () => {
    expect(() => checkGrads((v: NDArray) => np.log(v), [np.array(0)])).toThrow(/finite at these arguments/);
    expect(() => checkGrads(np.sin as never, [x], { order: 0 })).toThrow(/an order of at least 1, got 0/);
  });
  it("tolerances and steps are the caller's", () => {
    expect(() => checkGrads(half, [x], { atol: 10 })).not.toThrow();
    expect(() => checkGrads((v: NDArray) => np.exp(v), [x], { eps: 0.5, atol: 0, rtol: 1e-6 })).toThrow(LawError);
  });
});

describe("arbitraries", () => {
  it("arrays have the dtype, shape and grid they were asked for", () => {
    for (const dtype of ["float32", "float64", "int32", "uint32", "bool"] as const)
      fc.assert(
        fc.property(arrays({ shapes: [[2, 3], [0], []], dtype, min: 0, max: 1 }), (x) => {
          expect(x.dtype).toBe(dtype);
          expect(["2,3", "0", ""]).toContain(x.shape.join());
          expect(Array.from(x.dataSync()).every((v) => v >= 0 && v <= 1 && Number.isInteger(v * 8))).toBe(true);
        }),
        { numRuns: 10 },
      );
  });
  it("shapes are drawn by default, with empty axes and odd extents among them", () => {
    const shapes = fc.sample(arrays(), { numRuns: 300, seed: 1 }).map(({ shape }) => shape);
    expect(new Set(shapes.map((s) => s.length))).toEqual(new Set([0, 1, 2, 3]));
    expect(new Set(shapes.flat())).toEqual(new Set([0, 1, 2, 3, 5]));
  });
  it("trees are pytrees of their leaves, of every kind", () => {
    const found = fc.sample(trees({ leaf: fc.constant(1), depth: 3 }), { numRuns: 300, seed: 1 });
    expect(found.every((t) => tree.leaves(t).every((x: unknown) => x === 1))).toBe(true);
    for (const kind of [
      (t: unknown) => t === null,
      (t: unknown) => t === 1,
      Array.isArray,
      (t: unknown) => typeof t === "object" && t !== null && !Array.isArray(t),
    ])
      expect(found.some(kind)).toBe(true);
  });
});

describe("properties hold for right functions", () => {
  const any = arrays({ shapes: [[], [1], [3], [2, 3], [0]] });
  it("gradient", () =>
    fc.assert(
      gradientProperty((x) => np.sin(x), [any], { order: 2 }),
      { numRuns: 20 },
    ));
  it("gradient of a tree", () => {
    const all = (t: unknown): NDArray[] => tree.leaves(t).map((x) => np.exp(x));
    fc.assert(
      gradientProperty((t) => all(t), [trees({ leaf: arrays({ shapes: [[], [2]] }) })]),
      { numRuns: 20 },
    );
  });
  it("adjoint", () =>
    fc.assert(
      adjointProperty((x, y) => [nn.softmax(x), np.add(x, y)], [arrays({ shape: [3] }), arrays({ shape: [2, 3] })]),
      { numRuns: 20 },
    ));
  it("vmap", () => {
    const batch = arrays({
      shapes: [
        [3, 2],
        [1, 2],
        [2, 2],
      ],
    });
    fc.assert(
      vmapProperty((w, x) => np.matmul(x, w), [arrays({ shape: [2, 2] }), batch], { inAxes: [null, 0] }),
      { numRuns: 20 },
    );
  });
  it("jit", () =>
    fc.assert(
      jitProperty((t) => tree.map((x: NDArray) => np.square(x), t), [trees()]),
      { numRuns: 20 },
    ));
});

let pulls = 0;
/** A function whose forward mode sees another slope than its reverse mode: it changes with every call. */
const lopsided = (x: NDArray): NDArray => np.multiply(x, 1 + (pulls++ % 2));

describe("properties catch wrong functions and shrink", () => {
  const sizeOf = (x: NDArray | undefined): number => (x as NDArray).size;
  it("gradient: a slope that is wrong above 1", () => {
    const wrong = withSlope(np.sin, (x) => np.where(np.greater(x, 1), np.multiply(np.sin(x), 2), np.sin(x)));
    const found = refuted(gradientProperty(wrong, [arrays()]));
    expect(found?.error).toMatch(/LawError: checkGrads/);
    const x = found?.args[0] as NDArray;
    expect(sizeOf(x)).toBeLessThanOrEqual(3);
    expect(Array.from(x.dataSync()).filter((v) => v !== 0).length).toBe(1);
  });
  it("adjoint: a transpose that is not one", () => {
    const found = refuted(adjointProperty(lopsided, [arrays({ shape: [2], min: 1 })]));
    expect(found?.error).toMatch(/adjointProperty: expected <ct, J v> = /);
  });
  it("vmap: a function that looks at the batch", () => {
    let calls = 0;
    const counting = (x: NDArray): NDArray => np.add(x, calls++);
    const found = refuted(vmapProperty(counting, [arrays({ shapes: [[1], [2], [3]] })]));
    expect(found?.error).toMatch(
      /vmapProperty: expected .* at result\[0\].*f of the example.*got .*vmap\(f\) of the batch/s,
    );
    expect(sizeOf(found?.args[0] as NDArray)).toBe(1);
  });
  it("jit: a function that changes from call to call", () => {
    let calls = 0;
    const found = refuted(jitProperty((x: NDArray) => np.add(x, calls++), [arrays()]));
    expect(found?.error).toMatch(/jitProperty: expected .* \(f\), got .* \(jit\(f\), first call\)/);
    expect(sizeOf(found?.args[0] as NDArray)).toBeLessThanOrEqual(1);
  });
  it("jit: another structure, another shape", () => {
    let calls = 0;
    const structure = refuted(jitProperty((x: NDArray) => (calls++ === 0 ? [x] : x), [arrays({ shape: [1] })]));
    expect(structure?.error).toMatch(/result to have the structure \[\*\] \(f\), got \* \(jit/);
    calls = 0;
    const shape = refuted(jitProperty((x: NDArray) => (calls++ === 0 ? np.sum(x) : x), [arrays({ shape: [1] })]));
    expect(shape?.error).toMatch(/result to be float32\[\] \(f\), got float32\[1\]/);
  });
});
