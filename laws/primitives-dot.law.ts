// The general dot product against plain loops, for random configurations: values, derivatives, transposes and batch rules.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Shape } from "../src/core/aval.ts";
import { DTypeError, ShapeError } from "../src/core/errors.ts";
import { type DotAttrs, dotGeneral, dotGeneralP } from "../src/primitives/dot.ts";
import { Concrete, concretely } from "./concrete.ts";
import {
  batchAxes,
  caseOf,
  checkBatch,
  checkDerivatives,
  checkValue,
  element,
  grid,
  indicesOf,
  withBatch,
} from "./rule-checks.ts";

const extent = fc.constantFrom(0, 1, 2, 3);
const permuted = (n: number): fc.Arbitrary<readonly number[]> =>
  fc
    .array(fc.nat(), { minLength: n, maxLength: n })
    .map((keys) => keys.map((_, i) => i).sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b));

describe("dotGeneral", () => {
  // Extents of batch, free and contracted axes, and where each operand has them.
  const config = fc
    .record({
      batch: fc.array(extent, { maxLength: 2 }),
      left: fc.array(extent, { maxLength: 2 }),
      right: fc.array(extent, { maxLength: 2 }),
      sum: fc.array(extent, { maxLength: 2 }),
    })
    .chain((c) =>
      fc.record({
        c: fc.constant(c),
        px: permuted(c.batch.length + c.left.length + c.sum.length),
        py: permuted(c.batch.length + c.right.length + c.sum.length),
        size: fc.constantFrom(0, 1, 3),
      }),
    );
  const built = fc.tuple(config, fc.integer({ min: 0, max: 99 })).map(([{ c, px, py, size }, seed]) => {
    const nb = c.batch.length,
      extents = (free: Shape): Shape => [...c.batch, ...free, ...c.sum];
    // Role j of an operand (batch, free, contracted) sits at axis p[j]; free roles go to ascending axes.
    const place = (p: readonly number[], free: number): readonly number[] => {
      const sorted = p.slice(nb, nb + free).sort((a, b) => a - b);
      return p.map((a, j) => (j >= nb && j < nb + free ? (sorted[j - nb] as number) : a));
    };
    const ax = place(px, c.left.length),
      ay = place(py, c.right.length);
    const shape = (axes: readonly number[], e: Shape): Shape => axes.map((_, a) => e[axes.indexOf(a)] as number);
    const roles = (
      axes: readonly number[],
      free: number,
    ): { batch: readonly number[]; contract: readonly number[] } => ({
      batch: axes.slice(0, nb),
      contract: axes.slice(nb + free),
    });
    const rx = roles(ax, c.left.length),
      ry = roles(ay, c.right.length);
    const attrs: DotAttrs = { contract: [rx.contract, ry.contract], batch: [rx.batch, ry.batch] };
    return { c, ax, ay, attrs, seed, size, xs: shape(ax, extents(c.left)), ys: shape(ay, extents(c.right)) };
  });
  const naive = (
    x: Concrete,
    y: Concrete,
    ax: readonly number[],
    ay: readonly number[],
    c: { batch: Shape; left: Shape; right: Shape; sum: Shape },
  ): readonly number[] =>
    indicesOf([...c.batch, ...c.left, ...c.right]).map((out) => {
      const b = out.slice(0, c.batch.length),
        m = out.slice(b.length, b.length + c.left.length),
        n = out.slice(b.length + m.length);
      const pick = (axes: readonly number[], roles: readonly number[]): readonly number[] =>
        axes.map((_, a) => roles[axes.indexOf(a)] as number);
      return indicesOf(c.sum).reduce(
        (s, k) => s + element(x, pick(ax, [...b, ...m, ...k])) * element(y, pick(ay, [...b, ...n, ...k])),
        0,
      );
    });
  it("is the sum of products, with derivatives and transposes", () => {
    fc.assert(
      fc.property(built, ({ c, ax, ay, attrs, seed, xs, ys }) => {
        const x = grid(xs, seed),
          y = grid(ys, seed + 1),
          one = caseOf(dotGeneralP, [x, y], attrs);
        checkValue(one, [...c.batch, ...c.left, ...c.right], naive(x, y, ax, ay, c));
        checkDerivatives(one);
      }),
      { numRuns: 120 },
    );
  });
  it("batches either side or both", () => {
    fc.assert(
      fc.property(
        built.chain((b) => fc.tuple(fc.constant(b), batchAxes([b.xs, b.ys]))),
        ([{ attrs, seed, size, xs, ys }, axes]) => {
          checkBatch(
            caseOf(
              dotGeneralP,
              [grid(withBatch(xs, axes[0], size), seed), grid(withBatch(ys, axes[1], size), seed + 1)],
              attrs,
            ),
            axes,
            size,
          );
        },
      ),
      { numRuns: 120 },
    );
  });
  it("integers wrap, bool is or of and", () => {
    const attrs: DotAttrs = { contract: [[1], [0]], batch: [[], []] };
    checkValue(
      caseOf(
        dotGeneralP,
        [new Concrete([65536, 3, -1, 2], [2, 2], "int32"), new Concrete([65536, 5], [2], "int32")],
        attrs,
      ),
      [2],
      [15, -65526],
    );
    checkValue(
      caseOf(dotGeneralP, [new Concrete([1, 0, 1, 0], [2, 2], "bool"), new Concrete([0, 1], [2], "bool")], attrs),
      [2],
      [0, 0],
    );
    checkValue(
      caseOf(dotGeneralP, [new Concrete([1, 1, 0, 0], [2, 2], "bool"), new Concrete([0, 1], [2], "bool")], attrs),
      [2],
      [1, 0],
    );
  });
  it("names the axes that disagree", () => {
    const go = (x: Concrete, y: Concrete, a: DotAttrs) => () => concretely(() => dotGeneral(x, y, a));
    expect(go(grid([2, 3], 0), grid([4, 5], 1), { contract: [[1], [0]], batch: [[], []] })).toThrow(
      /f64\[2,3\] and f64\[4,5\], where axis 1 of the left has 3 and axis 0 of the right has 4/,
    );
    expect(go(grid([2], 0), grid([2], 1, "float32"), { contract: [[0], [0]], batch: [[], []] })).toThrow(DTypeError);
    expect(go(grid([2], 0, "uint8"), grid([2], 1, "uint8"), { contract: [[0], [0]], batch: [[], []] })).toThrow(
      DTypeError,
    );
    for (const bad of [
      { contract: [[0], []], batch: [[], []] },
      { contract: [[2], [0]], batch: [[], []] },
      { contract: [[0], [0]], batch: [[0], [1]] },
    ] as const)
      expect(go(grid([2, 2], 0), grid([2, 2], 1), bad)).toThrow(ShapeError);
  });
});
