// The general dot product: batch axes run along, contracted axes are summed over, free axes of both sides span the result.
import { aval, showAval } from "../core/aval.ts";
import type { Aval } from "../core/aval.ts";
import { DTypeError, ShapeError } from "../core/errors.ts";
import type { Binary, Primitive } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import type { Expr, Var } from "../kernel/expr.ts";
import { binary, freshVar, reduceOver } from "../kernel/expr.ts";
import { shiftAxes, transpose, without } from "./linear.ts";
import { checkDType, numeric } from "./pointwise.ts";

/** Axes of the left and of the right operand, paired by position. */
export type AxisPairs = readonly [lhs: readonly number[], rhs: readonly number[]];
/** Which axes are summed over and which run along in both operands; all others are free. */
export interface DotAttrs {
  readonly contract: AxisPairs;
  readonly batch: AxisPairs;
}

const next = (axes: readonly number[]): readonly number[] => axes.map((a) => a + 1);

type Side = 0 | 1;
const swapped = ({ contract, batch }: DotAttrs): DotAttrs => ({
  contract: [contract[1], contract[0]],
  batch: [batch[1], batch[0]],
});
const axesOf = (x: Aval): readonly number[] => x.shape.map((_, i) => i);
const freeAxes = (x: Aval, { contract, batch }: DotAttrs, side: Side): readonly number[] =>
  without(axesOf(x), [...contract[side], ...batch[side]]);
const sorted = (axes: readonly number[]): readonly number[] => [...axes].sort((a, b) => a - b);

const check = (x: Aval, y: Aval, attrs: DotAttrs): void => {
  const got = `${showAval(x)} and ${showAval(y)}`;
  if (x.dtype !== y.dtype)
    throw new DTypeError({
      op: "dotGeneral",
      expected: "operands of equal dtype",
      got,
      remedy: "convert one with astype, or use np.matmul, which promotes",
    });
  if (x.dtype !== "bool") checkDType("dotGeneral", x, numeric);
  for (const [what, pairs] of [
    ["contract", attrs.contract],
    ["batch", attrs.batch],
  ] as const) {
    if (pairs[0].length !== pairs[1].length)
      throw new ShapeError({
        op: "dotGeneral",
        expected: `as many ${what} axes left as right for ${got}`,
        got: `[${pairs[0]}] and [${pairs[1]}]`,
      });
    pairs[0].forEach((a, i) => {
      const b = pairs[1][i] as number;
      if (x.shape[a] !== y.shape[b] && a < x.shape.length && b < y.shape.length)
        throw new ShapeError({
          op: "dotGeneral",
          expected: `equal extents along the ${what} axes`,
          got: `${got}, where axis ${a} of the left has ${x.shape[a]} and axis ${b} of the right has ${y.shape[b]}`,
        });
    });
  }
  for (const [name, a, side] of [
    ["left", x, 0],
    ["right", y, 1],
  ] as const) {
    const axes = [...attrs.batch[side], ...attrs.contract[side]];
    if (new Set(axes).size !== axes.length || !axes.every((i) => Number.isInteger(i) && i >= 0 && i < a.shape.length))
      throw new ShapeError({
        op: "dotGeneral",
        expected: `distinct axes of the ${name} operand, from 0 to ${a.shape.length - 1}, in contract and batch`,
        got: `contract [${attrs.contract[side]}] and batch [${attrs.batch[side]}] for ${got}`,
      });
  }
};

// out[b, m, n] = sum_k x[b, m, k] y[b, n, k] is linear in each side. The cotangent of side s is the same sum over the other
// side's free axes: dx[b, m, k] = sum_n ct[b, m, n] y[b, n, k], whose axes are then put back where s has them.
const pullback =
  (side: Side) =>
  (ct: Value, ins: readonly [Value | null, Value | null], attrs: DotAttrs, avals: readonly [Aval, Aval]): Value => {
    const other: Side = side === 0 ? 1 : 0,
      self = avals[side],
      y = ins[other] as Value;
    const batchAxes = attrs.batch[0].map((_, i) => i),
      mine = freeAxes(self, attrs, side),
      others = freeAxes(y.aval, attrs, other);
    const start = batchAxes.length + (side === 0 ? mine.length : 0),
      ctOthers = others.map((_, i) => start + i);
    const product = dotGeneral(ct, y, { contract: [ctOthers, others], batch: [batchAxes, attrs.batch[other]] });
    // The contracted axes come out in the other side's order.
    const contracted = sorted(attrs.contract[other]).map(
      (a) => attrs.contract[side][attrs.contract[other].indexOf(a)] as number,
    );
    const order = [...attrs.batch[side], ...mine, ...contracted];
    return transpose(
      product,
      axesOf(self).map((a) => order.indexOf(a)),
    );
  };

/** `out[b, m, n] = sum_k x[b, m, k] y[b, n, k]`; on bool `or` of `and`. */
export const dotGeneralP: Primitive<DotAttrs, Binary> = {
  name: "dotGeneral",
  abstractEval: ([x, y], attrs) => {
    check(x, y, attrs);
    const extents = (a: Aval, axes: readonly number[]): readonly number[] => axes.map((i) => a.shape[i] as number);
    return aval(
      [...extents(x, attrs.batch[0]), ...extents(x, freeAxes(x, attrs, 0)), ...extents(y, freeAxes(y, attrs, 1))],
      x.dtype,
    );
  },
  jvp: [(dx, _out, [, y], attrs) => dotGeneral(dx, y, attrs), (dy, _out, [x], attrs) => dotGeneral(x, dy, attrs)],
  transpose: [pullback(0), pullback(1)],
  batch: (_size, [x, y], [bx, by], attrs) => {
    const { contract, batch } = attrs;
    const shift = (axes: readonly number[], b: number | null): readonly number[] =>
      b === null ? axes : shiftAxes(axes, b);
    const shifted: DotAttrs = {
      contract: [shift(contract[0], bx), shift(contract[1], by)],
      batch: [shift(batch[0], bx), shift(batch[1], by)],
    };
    if (bx !== null && by !== null)
      return [
        dotGeneral(x, y, {
          ...shifted,
          batch: [
            [bx, ...shifted.batch[0]],
            [by, ...shifted.batch[1]],
          ],
        }),
        0,
      ];
    // One side only: its batch axis is one more free axis. If it is the only one of the right side, that side goes first, so that
    // the batch stays in front.
    const freeX = freeAxes(x.aval, shifted, 0),
      freeY = freeAxes(y.aval, shifted, 1),
      first = batch[0].length;
    if (by !== null && freeY.length === 1) return [dotGeneral(y, x, swapped(shifted)), first];
    return [
      dotGeneral(x, y, shifted),
      first + (bx !== null ? freeX.indexOf(bx) : freeX.length + freeY.indexOf(by as number)),
    ];
  },
  lower: ([x, y], at, attrs, [a, b], out) => {
    const { contract, batch } = attrs,
      vars: readonly Var[] = contract[0].map((i) => freshVar(a.shape[i] as number));
    const freeA = freeAxes(a, attrs, 0),
      freeB = freeAxes(b, attrs, 1),
      nb = batch[0].length;
    const index =
      (side: Side, free: readonly number[], from: number) =>
      (i: number): Expr =>
        (batch[side].includes(i)
          ? at[batch[side].indexOf(i)]
          : free.includes(i)
            ? at[from + free.indexOf(i)]
            : vars[contract[side].indexOf(i)]) as Expr;
    const left = x(axesOf(a).map(index(0, freeA, nb))),
      right = y(axesOf(b).map(index(1, freeB, nb + freeA.length)));
    const logical = out.dtype === "bool",
      product = binary(logical ? "and" : "mul", left, right);
    return vars.reduceRight<Expr>((e, v) => reduceOver(logical ? "or" : "add", v, e), product);
  },
  stacks: {
    sum: ({ contract: [a, b], batch: [x, y] }) => ({
      contract: [
        [0, ...next(a)],
        [0, ...next(b)],
      ],
      batch: [next(x), next(y)],
    }),
    each: ({ contract: [a, b], batch }) => (batch[0].length > 0 ? null : { contract: [next(a), b], batch }),
  },
  show: ({ contract, batch }) =>
    `contract=[${contract[0]}]x[${contract[1]}]${batch[0].length === 0 ? "" : ` batch=[${batch[0]}]x[${batch[1]}]`}`,
};
/**
 * General dot product: `out[b, m, n] = sum_k x[b, m, k] y[b, n, k]` with the axes of either side in any order. The result has the
 * batch axes in the order given, then the free axes of `x`, then those of `y`. Throws ShapeError and DTypeError.
 */
export const dotGeneral = (
  x: Value,
  y: Value,
  { contract, batch = [[], []] }: { readonly contract: AxisPairs; readonly batch?: AxisPairs },
): Value => bind(dotGeneralP, [x, y], { contract, batch });
