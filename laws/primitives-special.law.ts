// Primitives where care is needed: zeros, ties, poles, NaN; and the errors that they throw.
import { describe, expect, it } from "vitest";
import { sizeOf } from "../src/core/aval.ts";
import type { DType } from "../src/core/dtype.ts";
import { ArgumentError, type BrickboxError, DTypeError, ShapeError } from "../src/core/errors.ts";
import type { AnyPrimitive } from "../src/core/primitive.ts";
import { bind } from "../src/core/trace.ts";
import type { Value } from "../src/core/value.ts";
import * as C from "../src/primitives/cumulative.ts";
import * as E from "../src/primitives/elementwise.ts";
import * as M from "../src/primitives/movement.ts";
import * as R from "../src/primitives/reductions.ts";
import { jvpFlat } from "../src/transforms/jvp.ts";
import { Concrete, concretely, dataOf } from "./concrete.ts";
import { array } from "./tiny-subjects.ts";

describe("primitives: special points", () => {
  const pair = (f: (x: Value, y: Value) => Value, x: readonly number[], y: readonly number[]) =>
    dataOf(concretely(() => f(array(x), array(y))));
  const slopes = (
    prim: unknown,
    ins: readonly Concrete[],
    attrs: unknown,
    i = 0,
    dx: readonly number[] = (ins[i] as Concrete).numbers.map(() => 1),
  ) =>
    concretely(() => {
      const x = ins[i] as Concrete;
      const tangents = ins.map((_, j) => (i === j ? new Concrete(dx, x.shape, x.dtype) : null));
      const [, [slope]] = jvpFlat((...xs) => [bind(prim as AnyPrimitive, xs as never, attrs)], ins, tangents);
      return dataOf(slope as Value);
    });
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  it("pow", () => {
    const x = array([0, 0, 0, 0, 0]);
    const y = array([0, 1, 2, 3, 0.5]);
    expect(slopes(E.powP, [x, y], {}, 0)).toEqual([0, 1, 0, 0, inf]);
    expect(slopes(E.powP, [x, y], {}, 0, [0, 0, 0, 0, 0])).toEqual([0, 0, 0, 0, 0]);
    expect(slopes(E.powP, [x, y], {}, 1)).toEqual([0, 0, 0, 0, 0]);
  });
  it("a tangent of 0 stays 0 at a pole", () => {
    for (const [prim, x] of [
      [E.sqrtP, 0],
      [E.sqrtP, -1],
      [E.logP, 0],
      [E.log1pP, -1],
      [E.asinP, 1],
      [E.acoshP, 1],
      [E.cbrtP, 0],
      [E.rsqrtP, 0],
    ] as const)
      expect(Math.abs(slopes(prim, [array([x])], {}, 0, [0])[0] as number)).toBe(0);
    expect(slopes(E.sqrtP, [array([0])], {})).toEqual([inf]);
    expect(slopes(E.integerPowP, [array([0])], { exponent: -1 }, 0, [0])).toEqual([0]);
  });
  it("ties", () => {
    expect(slopes(E.maxP, [array([1, 2, 3]), array([2, 2, 2])], {}, 0)).toEqual([0, 0.5, 1]);
    expect(slopes(E.minP, [array([1, 2, 3]), array([2, 2, 2])], {}, 1)).toEqual([0, 0.5, 1]);
    expect(slopes(E.clampP, [array([0, 0, 0]), array([0, 0.5, 1]), array([1, 1, 1])], {}, 1)).toEqual([0, 1, 0]);
    expect(slopes(R.reduceMaxP, [array([3, 1, 3, 3])], { axes: [0] }, 0, [1, 5, 3, 5])).toEqual([3]);
    expect(slopes(C.cummaxP, [array([-inf, -inf, 2, 2])], { axis: 0, reverse: false }, 0, [1, 3, 4, 8])).toEqual([
      1, 2, 4, 6,
    ]);
    expect(slopes(E.absP, [array([0, -0])], {}).map(Math.abs)).toEqual([0, 0]);
  });
  it("NaN, infinities and signs of zero", () => {
    const one = (f: (x: Value) => Value, x: readonly number[]) => dataOf(concretely(() => f(array(x))));
    expect(one(E.sign, [nan, -0, 0, -inf])).toEqual([nan, -0, 0, -1]);
    expect(one((x) => E.round(x), [-0.25, inf, nan])).toEqual([-0, inf, nan]);
    expect(pair(E.max, [nan, 1], [1, nan])).toEqual([nan, nan]);
    expect(pair(E.mulNoNan, [0, 0, 2], [inf, nan, inf])).toEqual([0, 0, inf]);
    expect(slopes(C.cumlogsumexpP, [array([-inf, 0, 0])], { axis: 0, reverse: false }, 0)).toEqual([0, 1, 1]);
  });
  it("selectN", () => {
    const cases = [1, 2, 3].map((k) => array([10 * k, 10 * k + 1, 10 * k + 2]));
    const pick = (which: Concrete, ...xs: readonly Value[]) => dataOf(concretely(() => E.selectN(which, ...xs)));
    expect(pick(array([2, 0, 1], [3], "int32"), ...cases)).toEqual([30, 11, 22]);
    expect(pick(array([-1, 5, 1], [3], "int32"), ...cases)).toEqual([10, 31, 22]);
    expect(pick(array([0, 1, 0], [3], "bool"), ...cases.slice(1))).toEqual([20, 31, 22]);
  });
  it("squeeze and expandDims", () => {
    const x = array([1, 2, 3], [1, 3, 1]);
    expect(concretely(() => M.squeeze(x, [0, 2])).shape).toEqual([3]);
    expect(concretely(() => M.expandDims(x, [0, 4])).shape).toEqual([1, 1, 3, 1, 1]);
  });
});

describe("primitives: errors name the operation and the operands", () => {
  const f = (shape: readonly number[], dtype: DType = "float32") =>
    new Concrete(new Array<number>(sizeOf(shape)).fill(0), shape, dtype);
  const cases: readonly (readonly [string, () => Value, typeof BrickboxError, string])[] = [
    [
      "add of two shapes",
      () => E.add(f([2]), f([3])),
      ShapeError,
      "add: expected operands of equal shape, got f32[2] and f32[3]",
    ],
    [
      "add of two dtypes",
      () => E.add(f([2]), f([2], "int32")),
      DTypeError,
      "add: expected operands of equal dtype, got f32[2] and i32[2]",
    ],
    [
      "sin of an integer",
      () => E.sin(f([2], "int32")),
      DTypeError,
      "sin: expected operands of dtype float32 or float64, got i32[2]",
    ],
    [
      "mul of bytes",
      () => E.mul(f([2], "uint8"), f([2], "uint8")),
      DTypeError,
      "mul: expected operands of dtype int32 or uint32 or float32 or float64, got u8[2]",
    ],
    ["and of floats", () => E.and(f([2]), f([2])), DTypeError, "and: expected"],
    ["shift of bool", () => E.shiftLeft(f([], "bool"), f([], "bool")), DTypeError, "shiftLeft: expected"],
    [
      "select by a float",
      () => E.select(f([2]), f([2]), f([2])),
      DTypeError,
      "select: expected a predicate of dtype bool, got f32[2]",
    ],
    [
      "select of two shapes",
      () => E.select(f([2], "bool"), f([3]), f([3])),
      ShapeError,
      "select: expected operands of equal shape",
    ],
    [
      "selectN of nothing",
      () => E.selectN(f([2], "int32")),
      ArgumentError,
      "selectN: expected at least one case, got none",
    ],
    [
      "bitcast to another width",
      () => E.bitcastConvertType(f([2]), "float64"),
      DTypeError,
      "bitcastConvertType: expected dtypes of 32 bits",
    ],
    [
      "a fractional integerPow",
      () => E.integerPow(f([2]), 1.5),
      ArgumentError,
      "integerPow: expected an integral exponent, got 1.5",
    ],
    [
      "a reciprocal of integers",
      () => E.reciprocal(f([2], "int32")),
      ArgumentError,
      "integerPow: expected an exponent >= 0 for an operand i32[2], got -1",
    ],
    ["polygamma of order 1.5", () => E.polygamma(1.5, f([2])), ArgumentError, "polygamma: expected an integral order"],
    [
      "rev of a missing axis",
      () => M.rev(f([2]), [1]),
      ShapeError,
      "rev: expected an axis of f32[2], from 0 to 0, got 1",
    ],
    [
      "slice beyond the end",
      () => M.slice(f([2, 3]), [0, 1], [2, 4]),
      ShapeError,
      "slice: expected 0 <= start <= limit <= size and stride >= 1 for every axis of f32[2,3], got [0:2, 1:4]",
    ],
    [
      "pad with another dtype",
      () => M.pad(f([2]), f([], "int32"), [1], [1]),
      DTypeError,
      "pad: expected a scalar of dtype float32 to pad with, got i32[]",
    ],
    [
      "pad that crops too much",
      () => M.pad(f([2]), f([]), [-2], [-1]),
      ShapeError,
      "pad: expected integers per axis of f32[2]",
    ],
    [
      "concatenate of two shapes",
      () => M.concatenate([f([2, 3]), f([3, 2])], 0),
      ShapeError,
      "concatenate: expected operands whose shapes agree but for axis 0, got f32[2,3] and f32[3,2]",
    ],
    [
      "concatenate of two dtypes",
      () => M.concatenate([f([2]), f([2], "int32")], 0),
      DTypeError,
      "concatenate: expected operands of equal dtype",
    ],
    [
      "concatenate of nothing",
      () => M.concatenate([], 0),
      ArgumentError,
      "concatenate: expected at least one operand, got none",
    ],
    ["iota of bool", () => M.iota([2], 0, "bool"), DTypeError, "iota: expected operands of dtype"],
    [
      "squeeze of a long axis",
      () => M.squeeze(f([2, 1]), [0]),
      ShapeError,
      "squeeze: expected extent 1 along axis 0, got f32[2,1]",
    ],
    [
      "reduceMax of a missing axis",
      () => R.reduceMax(f([2]), [1]),
      ShapeError,
      "reduceMax: expected an axis of f32[2]",
    ],
    ["reduceProd of bool", () => R.reduceProd(f([2], "bool"), [0]), DTypeError, "reduceProd: expected"],
    [
      "argmax of an empty axis",
      () => R.argmax(f([2, 0]), 1),
      ShapeError,
      "argmax: expected at least one element along axis 1, got f32[2,0]",
    ],
    [
      "argmax into floats",
      () => R.argmax(f([2]), 0, "float32"),
      DTypeError,
      "argmax: expected an index dtype int32 or uint32, got float32",
    ],
    ["cumsum of a missing axis", () => C.cumsum(f([2]), 2), ShapeError, "cumsum: expected an axis of f32[2]"],
    ["cumlogsumexp of integers", () => C.cumlogsumexp(f([2], "int32"), 0), DTypeError, "cumlogsumexp: expected"],
  ];
  it.each(cases)("%s", (_name, act, type, text) => {
    const failure = (): unknown => {
      try {
        return concretely(act);
      } catch (e) {
        return e;
      }
    };
    const e = failure();
    expect(e).toBeInstanceOf(type);
    expect((e as Error).message.slice(0, text.length)).toBe(text);
  });
});
