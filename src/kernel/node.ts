// What expressions are made of: the nodes that `intern.ts` makes and `expr.ts` builds.

/** What a buffer may hold. `bool` and `u8` are one byte; `u8` is storage only: reads give `u32`. */
export type StorageType = "f32" | "f64" | "i32" | "u32" | "bool" | "u8";
/** What an expression may be. `i64` lives in registers only (bit tricks of float64 mathematics). */
export type ScalarType = "f32" | "f64" | "i32" | "u32" | "i64" | "bool";

/** Mathematical functions of one argument; `kernel/math.ts` expands each into the plain operations below. */
export type MathUnary =
  | "exp"
  | "exp2"
  | "expm1"
  | "log"
  | "log2"
  | "log1p"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "tanh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "logistic"
  | "erf"
  | "erfc"
  | "erfInv"
  | "cbrt"
  | "rsqrt"
  | "lgamma"
  | "digamma";
/** Mathematical functions of two arguments, expanded by `kernel/math.ts`. `rem` on floats is C's fmod. */
export type MathBinary = "pow" | "atan2" | "frem" | "nextafter" | "ipow";

/** `neg abs sqrt floor ceil trunc nearest` are arithmetic; `not` is logical on bool and bitwise on integers. */
export type UnaryOp =
  | "neg"
  | "abs"
  | "sqrt"
  | "floor"
  | "ceil"
  | "trunc"
  | "nearest"
  | "not"
  | "clz"
  | "popcnt"
  | MathUnary;
/** `div` and `rem` truncate on integers (0 where the divisor is 0); `min` and `max` propagate NaN; shifts beyond the width give 0 (or the sign). */
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "min"
  | "max"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr"
  | MathBinary;
export type CompareOp = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
/** Monoids of a reduction. */
export type ReduceOp = "add" | "mul" | "min" | "max" | "and" | "or";

/** A typed block of memory with a row-major shape; identity is the object. */
export interface Buffer {
  readonly id: number;
  readonly type: StorageType;
  readonly shape: readonly number[];
}

interface Base {
  /** Creation order: operands have smaller ids, so sorting by id is a topological order. */
  readonly id: number;
  readonly type: ScalarType;
  readonly args: readonly Expr[];
  /** The last walk of `topological` that listed this node: cheaper than a set for each of many small walks. */
  walk: number;
}
export interface Const extends Base {
  readonly op: "const";
  readonly value: number | bigint;
}
/** A loop index, `0 <= index < extent` (type i32), or a name bound by a statement (`extent` -1, any type). */
export interface Var extends Base {
  readonly op: "var";
  readonly name: string;
  readonly extent: number;
}
/** Element of a buffer at the indices `args` (type i32, in bounds wherever the value matters). */
export interface Read extends Base {
  readonly op: "read";
  readonly buffer: Buffer;
}
export interface Unary extends Base {
  readonly op: UnaryOp;
}
export interface Binary extends Base {
  readonly op: BinaryOp;
}
export interface Compare extends Base {
  readonly op: CompareOp;
}
/**
 * `args[0] ? args[1] : args[2]`; both branches may be evaluated. `rare` is the same where the condition is seldom true and
 * `args[1]` costs much: it is computed only where some lane needs it.
 */
export interface Select extends Base {
  readonly op: "select" | "rare";
}
/** Value conversion to `type`: float to integer saturates (NaN to 0), anything to bool is `!= 0`. */
export interface Cast extends Base {
  readonly op: "cast";
}
/** Same bits, other type of the same width. */
export interface Bitcast extends Base {
  readonly op: "bitcast";
}
/** `args[0] * args[1] + args[2]`, rounded once or twice. */
export interface Fma extends Base {
  readonly op: "fma";
}
/**
 * `args[0] * args[1] + args[2]` of float32, computed in float64 and rounded to float32: the same bits everywhere, those of a
 * fused operation (but for a tie in 2^29 cases).
 */
export interface Fma64 extends Base {
  readonly op: "fma64";
}
/** `combine` over `index` of `args[0]`; an extent of 0 gives the identity. */
export interface Reduce extends Base {
  readonly op: "reduce";
  readonly combine: ReduceOp;
  readonly index: Var;
}

export type Expr = Const | Var | Read | Unary | Binary | Compare | Select | Cast | Bitcast | Fma | Fma64 | Reduce;
