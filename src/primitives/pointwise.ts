// What all pointwise primitives share: operands of one shape, one scalar in, one scalar out, a batch axis anywhere.
import type { Aval } from "../core/aval.ts";
import { aval, sameShape, showAval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { DTypeError, ShapeError } from "../core/errors.ts";
import type { Binary, None, Per, Primitive, Ternary, Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { broadcast, full, insertAt, moveAxis } from "./linear.ts";

/** Dtypes with arithmetic. */
export const numeric: readonly DType[] = ["int32", "uint32", "float32", "float64"];
/** Dtypes of real numbers. */
export const floating: readonly DType[] = ["float32", "float64"];
/** Dtypes with bit operations. */
export const integral: readonly DType[] = ["int32", "uint32"];
/** Dtypes with `and`, `or`, `xor`, `not`: logical on bool, bitwise on integers. */
export const logical: readonly DType[] = ["bool", "int32", "uint32"];
/** Every dtype, storage types too. */
export const anyDType: readonly DType[] = ["bool", "uint8", "int32", "uint32", "float32", "float64"];

/** Throw a DTypeError unless `a` has one of the dtypes that `op` accepts. */
export const checkDType = (op: string, a: Aval, accepted: readonly DType[]): void => {
  if (!accepted.includes(a.dtype))
    throw new DTypeError({
      op,
      expected:
        accepted.length === 1 ? `an operand of dtype ${accepted[0]}` : `operands of dtype ${accepted.join(" or ")}`,
      got: showAval(a),
      remedy: `convert with astype(${JSON.stringify(accepted.includes("float32") ? "float32" : accepted[0])})`,
    });
};
/** Throw unless the operands have equal shapes and dtypes; there is no broadcasting and no promotion below `numpy`. */
export const checkEqual = (op: string, avals: readonly Aval[]): void => {
  const [first, ...others] = avals;
  if (first === undefined) return;
  const got = avals.map(showAval).join(" and ");
  if (others.some((a) => !sameShape(a.shape, first.shape)))
    throw new ShapeError({
      op,
      expected: "operands of equal shape",
      got,
      remedy: "broadcast them first, or use the function of np, which does",
    });
  if (others.some((a) => a.dtype !== first.dtype))
    throw new DTypeError({
      op,
      expected: "operands of equal dtype",
      got,
      remedy: "convert one with astype, or use the function of np, which promotes",
    });
};

/** Scalar code of a pointwise primitive: operands, attributes, dtype of the first operand. */
export type Scalar<A, I extends readonly unknown[]> = (xs: Per<I, Expr>, attrs: A, dtype: DType) => Expr;
/** One row of a table of pointwise primitives. */
export interface Row<A, I extends readonly unknown[]> {
  readonly name: string;
  readonly accepts: readonly DType[];
  /** Dtype of the result where it is not the operands'. */
  readonly gives?: DType;
  readonly scalar: Scalar<A, I>;
  readonly jvp: Primitive<A, I>["jvp"];
  readonly transpose?: Primitive<A, I>["transpose"];
  /** Checks of the operands that replace "one shape, one dtype, accepted". */
  readonly abstractEval?: Primitive<A, I>["abstractEval"];
}

/** Batch rule: bring every operand's batch axis to one place, repeating the operands that have none. */
export const alignBatch = (
  size: number,
  ins: readonly Value[],
  axes: readonly (number | null)[],
): readonly [readonly Value[], number] => {
  const b = axes.find((a) => a !== null) ?? 0;
  return [
    ins.map((x, i) => {
      const a = axes[i];
      return a === null || a === undefined ? broadcast(x, insertAt(x.shape, b, size), [b]) : moveAxis(x, a, b);
    }),
    b,
  ];
};

const isAlike = (ins: readonly Aval[]): boolean => ins.every((a) => sameShape(a.shape, ins[0]?.shape ?? []));
/** A primitive of a row: `out[at] = scalar(x[at], y[at], ...)`. */
export const pointwise = <A, I extends readonly unknown[]>(row: Row<A, I>): Primitive<A, I> => {
  const prim: Primitive<A, I> = {
    name: row.name,
    abstractEval:
      row.abstractEval ??
      ((ins) => {
        const avals = ins as readonly Aval[],
          first = avals[0] as Aval;
        checkEqual(row.name, avals);
        checkDType(row.name, first, row.accepts);
        return row.gives === undefined ? first : aval(first.shape, row.gives);
      }),
    jvp: row.jvp,
    transpose: row.transpose ?? "nonlinear",
    inRow: (ins, attrs) => (isAlike(ins) ? attrs : null),
    inRound: (ins, attrs) => (isAlike(ins) ? { attrs, slices: (ins as readonly Aval[]).map(() => true) } : null),
    batch: (size, ins, axes, attrs) => {
      const [aligned, b] = alignBatch(size, ins as readonly Value[], axes as readonly (number | null)[]);
      return [bind(prim, aligned as unknown as Per<I, Value>, attrs), b];
    },
    lower: (reads, at, attrs, ins) =>
      row.scalar(
        (reads as readonly ((at: readonly Expr[]) => Expr)[]).map((r) => r(at)) as unknown as Per<I, Expr>,
        attrs,
        (ins as readonly Aval[])[0]?.dtype ?? "float32",
      ),
  };
  return prim;
};

/** Derivative of a function of one argument: tangent, result, argument. */
export type Slope = (dx: Value, y: Value, x: Value) => Value;
/** A function of one argument without attributes. `slope` is its pushforward, "zero" if it is flat or not real. */
export const unaryRow = (
  name: string,
  accepts: readonly DType[],
  scalar: (x: Expr, dtype: DType) => Expr,
  slope: Slope | "zero",
  gives?: DType,
): Primitive<None, Unary> =>
  pointwise<None, Unary>({
    name,
    accepts,
    ...(gives === undefined ? {} : { gives }),
    scalar: ([x], _a, dtype) => scalar(x, dtype),
    jvp: slope === "zero" ? "zero" : [(dx, y, [x]) => slope(dx, y, x)],
  });
/** A function of two arguments without attributes. */
export const binaryRow = (
  name: string,
  accepts: readonly DType[],
  scalar: (x: Expr, y: Expr, dtype: DType) => Expr,
  jvp: Primitive<None, Binary>["jvp"],
  rest: { readonly gives?: DType; readonly transpose?: Primitive<None, Binary>["transpose"] } = {},
): Primitive<None, Binary> =>
  pointwise<None, Binary>({ name, accepts, ...rest, scalar: ([x, y], _a, dtype) => scalar(x, y, dtype), jvp });
const none: None = {};
/** The function that binds a primitive of one argument. */
export const apply1 =
  (prim: Primitive<None, Unary>) =>
  (x: Value): Value =>
    bind(prim, [x], none);
/** The function that binds a primitive of two arguments. */
export const apply2 =
  (prim: Primitive<None, Binary>) =>
  (x: Value, y: Value): Value =>
    bind(prim, [x, y], none);
/** The function that binds a primitive of three arguments. */
export const apply3 =
  (prim: Primitive<None, Ternary>) =>
  (x: Value, y: Value, z: Value): Value =>
    bind(prim, [x, y, z], none);
/** An array like `x` full of one number. */
export const fullLike = (x: Value, value: number): Value => full(x.shape, value, x.dtype);
