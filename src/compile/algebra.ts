// Algebra of scalar expressions that never changes a result: constants are computed, neutral elements vanish.
import type { BinaryOp, Const, Expr, ScalarType, UnaryOp } from "../kernel/expr.ts";
import { constant, rewrite } from "../kernel/expr.ts";

type Num = number | bigint;
const isFloat = (t: ScalarType): boolean => t === "f32" || t === "f64";
const bits = new DataView(new ArrayBuffer(8));

// Operations on numbers as registers hold them; undefined where the result is better left to the machine.
const unaryOf = (op: UnaryOp, t: ScalarType, x: number): number | undefined => {
  switch (op) {
    case "neg":
      return -x;
    case "abs":
      return Math.abs(x);
    case "sqrt":
      return Math.sqrt(x);
    case "floor":
      return Math.floor(x);
    case "ceil":
      return Math.ceil(x);
    case "trunc":
      return Math.trunc(x);
    case "not":
      return t === "bool" ? 1 - x : ~x;
    default:
      return undefined;
  }
};
const floatOf = (op: BinaryOp, x: number, y: number): number | undefined => {
  switch (op) {
    case "add":
      return x + y;
    case "sub":
      return x - y;
    case "mul":
      return x * y;
    case "div":
      return x / y;
    case "min":
      return Math.min(x, y);
    case "max":
      return Math.max(x, y);
    default:
      return undefined;
  }
};
const integerOf = (op: BinaryOp, x: number, y: number): number | undefined => {
  switch (op) {
    case "add":
      return x + y;
    case "sub":
      return x - y;
    case "mul":
      return Math.imul(x, y);
    case "min":
      return Math.min(x, y);
    case "max":
      return Math.max(x, y);
    case "and":
      return x & y;
    case "or":
      return x | y;
    case "xor":
      return x ^ y;
    default:
      return undefined;
  }
};
const i64Of = (op: BinaryOp, x: bigint, y: bigint): bigint | undefined => {
  switch (op) {
    case "add":
      return x + y;
    case "sub":
      return x - y;
    case "and":
      return x & y;
    case "or":
      return x | y;
    case "xor":
      return x ^ y;
    default:
      return undefined;
  }
};
const compareOf = (op: Expr["op"], x: Num, y: Num): boolean | undefined => {
  switch (op) {
    case "eq":
      return x === y;
    case "ne":
      return x !== y;
    case "lt":
      return x < y;
    case "le":
      return x <= y;
    case "gt":
      return x > y;
    case "ge":
      return x >= y;
    default:
      return undefined;
  }
};
const castOf = (from: ScalarType, to: ScalarType, x: Num): Num | undefined => {
  if (typeof x === "bigint" || to === "i64") return undefined;
  if (to === "bool") return Number(x !== 0);
  if (isFloat(to) || !isFloat(from)) return x;
  const [lo, hi] = to === "i32" ? [-0x80000000, 0x7fffffff] : [0, 0xffffffff];
  return Number.isNaN(x) ? 0 : Math.min(hi, Math.max(lo, Math.trunc(x)));
};
const bitcastOf = (from: ScalarType, to: ScalarType, x: Num): Num | undefined => {
  if (from === "f32") bits.setFloat32(0, x as number);
  else if (from === "f64") bits.setFloat64(0, x as number);
  else if (from === "i32" || from === "u32") bits.setInt32(0, x as number | 0);
  else if (from === "i64") bits.setBigInt64(0, BigInt.asIntN(64, x as bigint));
  else return undefined;
  if (to === "f32") return Number.isNaN(bits.getFloat32(0)) ? undefined : bits.getFloat32(0); // the payload would be lost
  if (to === "f64") return Number.isNaN(bits.getFloat64(0)) ? undefined : bits.getFloat64(0);
  return to === "i32"
    ? bits.getInt32(0)
    : to === "u32"
      ? bits.getUint32(0)
      : to === "i64"
        ? bits.getBigInt64(0)
        : undefined;
};

const evaluate = (e: Expr, args: readonly Const[]): Num | boolean | undefined => {
  const [x, y] = args.map((a) => a.value) as [Num, Num];
  const [a] = args as readonly [Const];
  if (e.op === "cast") return castOf(a.type, e.type, x);
  if (e.op === "bitcast") return bitcastOf(a.type, e.type, x);
  if (args.length === 1) return typeof x === "number" ? unaryOf(e.op as UnaryOp, e.type, x) : undefined;
  if (args.length !== 2) return undefined;
  const truth = compareOf(e.op, x, y);
  if (truth !== undefined) return truth;
  const op = e.op as BinaryOp;
  if (typeof x === "bigint" || typeof y === "bigint") return i64Of(op, BigInt(x), BigInt(y));
  return isFloat(e.type) ? floatOf(op, x, y) : integerOf(op, x, y);
};

const is = (e: Expr | undefined, value: number): boolean => e?.op === "const" && Object.is(e.value, value);
// What an operation with a neutral operand is; -0 is neutral to a float's addition, 0 is not: -0 + 0 = 0.
const neutral = (e: Expr): Expr | null => {
  const [x, y] = e.args as readonly [Expr, Expr];
  const zero = isFloat(e.type) ? -0 : 0;
  switch (e.op) {
    case "add":
      return is(y, zero) ? x : is(x, zero) ? y : null;
    case "sub":
      return is(y, 0) ? x : null;
    case "mul":
      return is(y, 1) ? x : is(x, 1) ? y : null;
    case "div":
      return is(y, 1) ? x : null;
    case "max":
    case "min": {
      const end = isFloat(e.type) ? (e.op === "max" ? -Infinity : Infinity) : Number.NaN;
      return is(y, end) ? x : is(x, end) ? y : null;
    }
    case "and":
      return e.type !== "bool" ? null : is(y, 1) ? x : is(x, 1) ? y : is(x, 0) ? x : is(y, 0) ? y : null;
    case "or":
      return e.type !== "bool" ? null : is(y, 0) ? x : is(x, 0) ? y : is(x, 1) ? x : is(y, 1) ? y : null;
    default:
      return null;
  }
};

const untouched: ReadonlySet<string> = new Set(["read", "reduce", "select", "rare", "fma", "fma64"]);
/** One node, its operands being simple already. */
const simple = (e: Expr): Expr => {
  if (e.args.length === 0 || untouched.has(e.op)) return e;
  if (e.args.every((a): a is Const => a.op === "const")) {
    const value = evaluate(e, e.args as readonly Const[]);
    if (value === undefined) return e;
    return constant(e.type, typeof value === "boolean" ? Number(value) : value);
  }
  return e.args.length === 2 ? (neutral(e) ?? e) : e;
};

/** The same values, with constants computed and neutral operands dropped. */
export const simplifyExprs = (roots: readonly Expr[]): readonly Expr[] => rewrite(roots, simple);
