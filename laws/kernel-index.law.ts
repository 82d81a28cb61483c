// Index algebra: whatever is simplified, the integers stay the same, and lie within the range that is claimed.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Expr, Var } from "../src/kernel/expr.ts";
import { binary, int, loopVar, select, topological, unary } from "../src/kernel/expr.ts";
import {
  fromLinear,
  iadd,
  iclamp,
  idiv,
  iequal,
  imod,
  imul,
  inRange,
  isub,
  linear,
  rangeOf,
  ravel,
  unravel,
} from "../src/kernel/index.ts";

type Point = ReadonlyMap<Expr, number>;
const plain: Readonly<Record<string, (x: number, y: number, z: number) => number>> = {
  neg: (x) => -x,
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => Math.trunc(x / y),
  rem: (x, y) => x % y,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  and: (x, y) => x & y,
  lt: (x, y) => Number(x < y),
  ge: (x, y) => Number(x >= y),
  eq: (x, y) => Number(x === y),
  select: (c, x, y) => (c === 0 ? y : x),
};
/** The value of an integer expression at a point, one node at a time. */
const valueAt = (e: Expr, at: Point): number => {
  const done = new Map<Expr, number>();
  for (const x of topological([e])) {
    const [p, q, r] = x.args.map((a) => done.get(a) as number);
    const v = x.op === "const" ? Number(x.value) : x.op === "var" ? at.get(x) : plain[x.op]?.(p ?? 0, q ?? 0, r ?? 0);
    if (v === undefined) throw new Error(`no value of ${x.op}`);
    done.set(x, v + 0); // no -0
  }
  return done.get(e) as number;
};

const extents = [1, 2, 3, 4, 5, 8, 12];
const vars: readonly Var[] = extents.map((n, k) => loopVar(`x${k}`, n));
const anyPoint: fc.Arbitrary<Point> = fc
  .tuple(...vars.map((v) => fc.nat(v.extent - 1)))
  .map((values) => new Map(vars.map((v, k) => [v, values[k] as number])));
const points = fc.array(anyPoint, { minLength: 8, maxLength: 8 });
const variable = fc.constantFrom<Expr>(...vars);
const small = fc.integer({ min: -12, max: 12 });
const divisor = fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 12, 24);
/** Non-negative expressions as shapes make them: sums of multiples, quotients and remainders of them. */
const index: fc.Arbitrary<Expr> = fc.letrec<{ e: Expr }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4, depthSize: "medium" },
    variable,
    fc.nat(20).map(int),
    fc.tuple(tie("e"), tie("e")).map(([x, y]) => iadd(x, y)),
    fc.tuple(tie("e"), fc.nat(12)).map(([x, k]) => imul(x, k)),
    fc.tuple(tie("e"), divisor).map(([x, n]) => idiv(x, n)),
    fc.tuple(tie("e"), divisor).map(([x, n]) => imod(x, n)),
    fc.tuple(tie("e"), divisor).map(([x, n]) => binary("add", imul(idiv(x, n), n), imod(x, n))),
  ),
})).e;
/** Expressions of any sign. */
const signed: fc.Arbitrary<Expr> = fc.letrec<{ e: Expr }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 3, depthSize: "medium" },
    index,
    small.map(int),
    fc.tuple(tie("e"), tie("e")).map(([x, y]) => binary("sub", x, y)),
    fc.tuple(tie("e"), tie("e")).map(([x, y]) => binary("min", x, y)),
    fc.tuple(tie("e"), tie("e")).map(([x, y]) => binary("max", x, y)),
    fc.tuple(tie("e"), small).map(([x, k]) => binary("mul", x, int(k))),
    fc.tuple(small, tie("e")).map(([k, x]) => binary("mul", int(k), x)),
    tie("e").map((x) => unary("neg", x)),
    fc.tuple(tie("e"), small, tie("e")).map(([x, k, y]) => select(inRange(x, k, k + 5), x, y)),
  ),
})).e;

/** `make` of expressions has the value of `want` of their values, and lies in its range. */
const agrees = (e: Expr, want: (at: Point) => number, at: readonly Point[]): void => {
  const [lo, hi] = rangeOf(e);
  for (const p of at) {
    const v = valueAt(e, p);
    expect(v).toBe(want(p) + 0);
    if (e.type === "i32") {
      expect(v).toBeGreaterThanOrEqual(lo);
      expect(v).toBeLessThanOrEqual(hi);
    }
  }
};
const runs = { numRuns: 400 };

describe("index algebra", () => {
  it("sums, differences, multiples, linear forms", () => {
    fc.assert(
      fc.property(signed, signed, small, points, (x, y, k, at) => {
        agrees(iadd(x, y), (p) => valueAt(x, p) + valueAt(y, p), at);
        agrees(isub(x, y), (p) => valueAt(x, p) - valueAt(y, p), at);
        agrees(imul(x, k), (p) => valueAt(x, p) * k, at);
        agrees(fromLinear(linear(x)), (p) => valueAt(x, p), at);
        expect(isub(x, x)).toBe(int(0));
      }),
      runs,
    );
  });
  it("quotients and remainders", () => {
    fc.assert(
      fc.property(index, divisor, points, (x, n, at) => {
        agrees(idiv(x, n), (p) => Math.floor(valueAt(x, p) / n), at);
        agrees(imod(x, n), (p) => valueAt(x, p) % n, at);
      }),
      runs,
    );
  });
  it("quotients and remainders of differences that happen to be non-negative", () => {
    fc.assert(
      fc.property(index, index, divisor, (x, y, n) => {
        const [, most] = rangeOf(y);
        fc.pre(Number.isFinite(most));
        const e = isub(iadd(x, int(most)), y); // x + max(y) - y >= 0
        fc.assert(
          fc.property(points, (at) => {
            agrees(idiv(e, n), (p) => Math.floor(valueAt(e, p) / n), at);
            agrees(imod(e, n), (p) => valueAt(e, p) % n, at);
          }),
          { numRuns: 2 },
        );
      }),
      runs,
    );
  });
  it("ranges, and what they decide", () => {
    fc.assert(
      fc.property(signed, small, fc.nat(20), points, (x, lo, size, at) => {
        agrees(x, (p) => valueAt(x, p), at);
        agrees(inRange(x, lo, lo + size), (p) => Number(valueAt(x, p) >= lo && valueAt(x, p) < lo + size), at);
        agrees(iequal(x, lo), (p) => Number(valueAt(x, p) === lo), at);
        agrees(iclamp(x, lo, lo + size), (p) => Math.min(Math.max(valueAt(x, p), lo), lo + size), at);
      }),
      runs,
    );
  });
  it("offsets there and back", () => {
    const shape = (least: number): fc.Arbitrary<number[]> =>
      fc.array(fc.integer({ min: least, max: 5 }), { maxLength: 4 });
    const axes = (dims: readonly number[]): readonly Var[] => dims.map((n, k) => loopVar(`d${k}`, n));
    // Indices of an offset of indices are the indices, and the other way round: everything cancels.
    fc.assert(
      fc.property(shape(2), (dims) => {
        const at = axes(dims),
          flat = loopVar(
            "flat",
            dims.reduce((size, n) => size * n, 1),
          );
        unravel(ravel(at, dims), dims).forEach((e, k) => {
          expect(e).toBe(at[k]);
        });
        if (dims.length > 0) expect(ravel(unravel(flat, dims), dims)).toBe(flat);
      }),
    );
    // With axes of one element as values.
    fc.assert(
      fc.property(shape(1), fc.array(fc.nat(4), { minLength: 4, maxLength: 4 }), (dims, draw) => {
        const at = axes(dims),
          values = dims.map((n, k) => (draw[k] as number) % n),
          p: Point = new Map<Expr, number>(at.map((v, k) => [v, values[k] as number])),
          offset = ravel(at, dims);
        expect(valueAt(offset, p)).toBe(dims.reduce((sum, n, k) => sum * n + (values[k] as number), 0));
        unravel(offset, dims).forEach((e, k) => {
          expect(valueAt(e, p)).toBe(values[k]);
        });
      }),
    );
  });
  it("what reshapes leave behind simplifies", () => {
    const x = loopVar("x", 24),
      y = loopVar("y", 5);
    expect(imod(iadd(imul(y, 24), x), 24)).toBe(x);
    expect(idiv(iadd(imul(y, 24), x), 24)).toBe(y);
    expect(idiv(idiv(x, 4), 3)).toBe(idiv(x, 12));
    expect(imod(imod(x, 12), 4)).toBe(imod(x, 4));
    expect(iadd(imul(idiv(x, 6), 6), imod(x, 6))).toBe(x);
    expect(inRange(x, 0, 24).op).toBe("const");
    expect(inRange(x, -5, 0)).toBe(inRange(x, 24, 30));
  });
  it("has teeth: a wrong quotient is seen", () => {
    const x = vars[6] as Var;
    expect(() => agrees(idiv(x, 5), (p) => Math.round(valueAt(x, p) / 5), [new Map<Expr, number>([[x, 4]])])).toThrow();
  });
});
