// Convolution against plain loops, for random configurations: values, derivatives, transposes, batch rules, layouts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Aval, Shape } from "../src/core/aval.ts";
import { ArgumentError, ShapeError } from "../src/core/errors.ts";
import type { Read } from "../src/core/primitive.ts";
import { buffer, type Expr, freshVar, read, topological } from "../src/kernel/expr.ts";
import { convP } from "../src/primitives/conv.ts";
import type { ConvAttrs } from "../src/primitives/convAxes.ts";
import { convGeneralDilated, type ConvDimensionNumbers, paddingOf } from "../src/primitives/convLayout.ts";
import { transpose } from "../src/primitives/linear.ts";
import { type Concrete, concretely, dataOf } from "./concrete.ts";
import {
  batchAxes,
  caseOf,
  checkBatch,
  checkDerivatives,
  checkValue,
  element,
  grid,
  indicesOf,
  run,
  withBatch,
} from "./rule-checks.ts";

/** Operations in the scalar code of a convolution. */
const opsOf = (x: Shape, w: Shape, attrs: ConvAttrs): ReadonlySet<string> => {
  const [a, b] = [x, w].map((shape) => ({ shape, dtype: "float32" as const })) as [Aval, Aval],
    out = convP.abstractEval([a, b], attrs);
  const reads = [a, b].map(({ shape }) => {
    const from = buffer("f32", shape);
    return (at: readonly Expr[]): Expr => read(from, at);
  }) as [Read, Read];
  if (!("lower" in convP)) throw new Error("conv is a pull primitive");
  return new Set(
    topological([
      convP.lower(
        reads,
        out.shape.map((n) => freshVar(n)),
        attrs,
        [a, b],
        out,
      ),
    ]).map((e) => e.op),
  );
};
interface Conv {
  readonly x: Shape;
  readonly w: Shape;
  readonly attrs: ConvAttrs;
}
describe("conv", () => {
  const per = <T>(rank: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
    fc.array(arbitrary, { minLength: rank, maxLength: rank });
  const often = <T>(common: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> => fc.oneof(fc.constant(common), other);
  const rarely = (...extents: readonly number[]): fc.Arbitrary<number> =>
    fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 24, arbitrary: fc.constantFrom(...extents) });
  const config: fc.Arbitrary<Conv> = fc.constantFrom(0, 1, 1, 1, 2, 2, 2, 3).chain((rank) =>
    fc
      .record({
        n: rarely(1, 1, 2),
        i: rarely(1, 1, 2),
        o: rarely(1, 1, 2),
        groups: fc.constantFrom(1, 1, 2, 3),
        batchGroups: fc.boolean(),
        space: per(rank, rank === 3 ? rarely(1, 2, 3) : rarely(1, 2, 3, 5)),
        window: per(rank, rarely(1, 2, 2, 3)),
        strides: per(rank, fc.constantFrom(1, 1, 2, 3)),
        lhsDilation: per(rank, often(1, fc.constantFrom(2, 3))),
        rhsDilation: per(rank, often(1, fc.constantFrom(2, 3))),
        padding: per(rank, fc.tuple(fc.integer({ min: -2, max: 3 }), fc.integer({ min: -2, max: 3 }))),
      })
      .map(({ n, i, o, groups, batchGroups, space, window, ...attrs }) => {
        const G = batchGroups ? 1 : groups,
          B = batchGroups ? groups : 1;
        return {
          x: [n * B, i * G, ...space],
          w: [o * groups, i, ...window],
          attrs: { ...attrs, featureGroupCount: G, batchGroupCount: B },
        };
      }),
  );
  // What one axis looks like to the window: the positions of x it slides over, -1 for holes and padding.
  const tape = (n: number, dilation: number, [lo, hi]: readonly [number, number]): readonly number[] => {
    const dilated = Array.from({ length: n }, (_, i) => i).flatMap((i) =>
      i === 0 ? [i] : [...new Array<number>(dilation - 1).fill(-1), i],
    );
    return Array.from({ length: Math.max(0, dilated.length + lo + hi) }, (_, j) => dilated[j - lo] ?? -1);
  };
  const naive = (x: Concrete, w: Concrete, a: ConvAttrs): readonly [Shape, readonly number[]] => {
    const tapes = x.shape.slice(2).map((n, d) => tape(n, a.lhsDilation[d] as number, a.padding[d] as [number, number]));
    const windows = w.shape.slice(2),
      [O, I] = w.shape as [number, number],
      rows = (x.shape[0] as number) / a.batchGroupCount;
    const places = windows.map((k, d) => {
      const reach = k === 0 ? 0 : (k - 1) * (a.rhsDilation[d] as number) + 1;
      let t = 0;
      while (t * (a.strides[d] as number) + reach <= (tapes[d] as readonly number[]).length) t++;
      return t;
    });
    const shape = [rows, O, ...places];
    return [
      shape,
      indicesOf(shape).map(([n = 0, o = 0, ...t]) => {
        const group = (groups: number): number => Math.floor(o / (O / groups));
        let sum = 0;
        for (let i = 0; i < I; i++)
          for (const k of indicesOf(windows)) {
            const from = k.map(
              (kd, d) =>
                (tapes[d] as readonly number[])[
                  (t[d] as number) * (a.strides[d] as number) + kd * (a.rhsDilation[d] as number)
                ] as number,
            );
            if (from.includes(-1)) continue;
            sum +=
              element(x, [group(a.batchGroupCount) * rows + n, group(a.featureGroupCount) * I + i, ...from]) *
              element(w, [o, i, ...k]);
          }
        return sum;
      }),
    ];
  };
  it("is the sliding window", () => {
    let telling = 0;
    fc.assert(
      fc.property(config, fc.nat({ max: 99 }), ({ x, w, attrs }, seed) => {
        const a = grid(x, seed),
          b = grid(w, seed + 1);
        const [shape, want] = naive(a, b, attrs);
        checkValue(caseOf(convP, [a, b], attrs), shape, want);
        if (want.some((v) => v !== 0)) telling++;
      }),
      { numRuns: 500 },
    );
    expect(telling).toBeGreaterThan(100);
  });
  it("has right derivatives and transposes", () => {
    fc.assert(
      fc.property(config, fc.nat({ max: 99 }), ({ x, w, attrs }, seed) =>
        checkDerivatives(caseOf(convP, [grid(x, seed), grid(w, seed + 1)], attrs)),
      ),
      { numRuns: 300 },
    );
  });
  it("batches either side or both", () => {
    const batched = fc
      .tuple(config, fc.constantFrom(0, 1, 2, 3))
      .chain(([c, size]) => fc.tuple(fc.constant(c), fc.constant(size), batchAxes([c.x, c.w])));
    fc.assert(
      fc.property(batched, ([{ x, w, attrs }, size, axes]) => {
        checkBatch(
          caseOf(convP, [grid(withBatch(x, axes[0], size), 1), grid(withBatch(w, axes[1], size), 2)], attrs),
          axes,
          size,
        );
      }),
      { numRuns: 150 },
    );
  });
  it("plain convolutions have no select and no division", () => {
    const shown = (x: Shape, w: Shape, attrs: Partial<ConvAttrs>): string => {
      const rank = x.length - 2,
        ones = new Array<number>(rank).fill(1),
        ops = opsOf(x, w, {
          strides: ones,
          padding: ones.map(() => [0, 0] as const),
          lhsDilation: ones,
          rhsDilation: ones,
          featureGroupCount: 1,
          batchGroupCount: 1,
          ...attrs,
        });
      return [...ops].sort().join(" ");
    };
    expect(shown([2, 3, 5, 5], [4, 3, 3, 3], {})).toBe("add mul read reduce var");
    expect(shown([2, 3, 5, 5], [4, 3, 3, 3], { strides: [2, 2], rhsDilation: [2, 1] })).toBe(
      "add const mul read reduce var",
    );
    expect(
      shown([2, 3, 5, 5], [4, 3, 3, 3], {
        padding: [
          [1, 1],
          [1, 1],
        ],
      }),
    ).toBe("add and const ge lt mul read reduce select var");
    expect(shown([2, 3, 4], [3, 1, 1], { featureGroupCount: 3 })).toBe("add mul read reduce var");
  });
  it("in any layout is a transpose of the canonical one", () => {
    const layouts: readonly (readonly [ConvDimensionNumbers, x: Shape, w: Shape, out: Shape])[] = [
      [
        ["NHWC", "HWIO", "NHWC"],
        [0, 2, 3, 1],
        [2, 3, 1, 0],
        [0, 2, 3, 1],
      ],
      [
        ["HCNW", "WOHI", "CWHN"],
        [2, 1, 0, 3],
        [3, 0, 2, 1],
        [1, 3, 2, 0],
      ],
      [
        ["NCHW", "OIHW", "NHWC"],
        [0, 1, 2, 3],
        [0, 1, 2, 3],
        [0, 2, 3, 1],
      ],
    ];
    const x = grid([2, 3, 5, 4], 1),
      w = grid([4, 3, 3, 2], 2);
    for (const padding of [
      "SAME",
      "SAME_LOWER",
      "VALID",
      [
        [1, 0],
        [2, -1],
      ],
    ] as const)
      for (const [dimensionNumbers, px, pw, po] of layouts) {
        // Where H and W change places in w, so do the spatial attributes.
        const swapped = dimensionNumbers[1].indexOf("W") < dimensionNumbers[1].indexOf("H"),
          turn = <T>(xs: readonly T[]): readonly T[] => (swapped ? [...xs].reverse() : xs);
        const pairs = typeof padding === "string" ? paddingOf(padding, [5, 4], [3, 3], [2, 1]) : padding;
        const want = concretely(() =>
          transpose(
            run(
              caseOf(convP, [x, w], {
                strides: [2, 1],
                padding: pairs,
                lhsDilation: [1, 1],
                rhsDilation: [1, 2],
                featureGroupCount: 1,
                batchGroupCount: 1,
              }),
            ),
            po,
          ),
        );
        const got = concretely(() =>
          convGeneralDilated(
            transpose(x, px),
            transpose(w, pw),
            turn([2, 1]),
            typeof padding === "string" ? padding : turn(padding),
            { rhsDilation: turn([1, 2]), dimensionNumbers },
          ),
        );
        expect([got.shape, dataOf(got)]).toEqual([want.shape, dataOf(want)]);
      }
    expect(paddingOf("SAME", [5, 6, 1], [3, 3, 2], [2, 2, 1])).toEqual([
      [1, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(paddingOf("SAME_LOWER", [5, 6, 1], [3, 3, 2], [2, 2, 1])).toEqual([
      [1, 1],
      [1, 0],
      [1, 0],
    ]);
  });
  it("complains about what does not fit", () => {
    const go =
      (
        x: Shape,
        w: Shape,
        strides: readonly number[],
        padding: Parameters<typeof convGeneralDilated>[3],
        options = {},
      ) =>
      () =>
        concretely(() => convGeneralDilated(grid(x, 1), grid(w, 2), strides, padding, options));
    expect(go([1, 3, 5], [4, 2, 3], [1], "VALID")).toThrow(
      /1 \* 2 = 2, got 3 channels in f64\[1,3,5\] and f64\[4,2,3\]/,
    );
    expect(go([1, 3, 5], [4, 3], [1], "VALID")).toThrow(ShapeError);
    expect(go([1, 4, 5], [3, 2, 3], [1], "VALID", { featureGroupCount: 2 })).toThrow(ShapeError);
    expect(go([3, 2, 5], [4, 2, 3], [1], "VALID", { batchGroupCount: 2 })).toThrow(ShapeError);
    expect(go([1, 2, 5], [4, 2, 3], [0], "VALID")).toThrow(ArgumentError);
    expect(go([1, 2, 5], [4, 2, 3], [1, 1], "VALID")).toThrow(ArgumentError);
    expect(
      go(
        [1, 2, 5],
        [4, 2, 3],
        [1],
        [
          [0, 0],
          [0, 0],
        ],
      ),
    ).toThrow(ArgumentError);
    expect(go([2, 2, 5], [4, 1, 3], [1], "VALID", { featureGroupCount: 2, batchGroupCount: 2 })).toThrow(ArgumentError);
    expect(go([1, 2, 5], [4, 2, 3], [1], "SAME", { lhsDilation: [2] })).toThrow(ArgumentError);
    expect(go([1, 2, 5], [4, 2, 3], [1], "SAME", { dimensionNumbers: ["NCH", "OIW", "NCH"] })).toThrow(ArgumentError);
  });
});
