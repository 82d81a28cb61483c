// SIMD instructions of every operation. With 4 lanes all registers are 32-bit lanes and masks are i32x4; with 2 lanes
// 64-bit values fill the register, 32-bit values sit in its low half, and masks are i64x2.
import type { BinaryOp, CompareOp, ScalarType, UnaryOp } from "../../kernel/expr.ts";
import type { Code } from "./assembler.ts";
import type { Op } from "./opcodes.ts";
import { logical } from "./scalar.ts";

export type Lanes = 2 | 4;
const wide = (t: ScalarType): boolean => t === "f64" || t === "i64";
/** Lane shape of values of a type: `f32x4`, `i32x4`, `f64x2`, `i64x2`. */
export const shapeOf = (t: ScalarType, lanes: Lanes): "f32x4" | "i32x4" | "f64x2" | "i64x2" =>
  t === "f32" ? "f32x4" : t === "f64" ? "f64x2" : t === "i64" || (t === "bool" && lanes === 2) ? "i64x2" : "i32x4";

/** Unary instruction, or null where there is none. */
export const vectorUnary = (op: UnaryOp, t: ScalarType): Op | null => {
  const s = shapeOf(t, 4);
  switch (op) {
    case "neg":
      return t === "bool" ? null : `${s}.neg`;
    case "abs":
      return t === "u32" || t === "bool" ? null : `${s}.abs`;
    case "sqrt":
    case "floor":
    case "ceil":
    case "trunc":
    case "nearest":
      return t === "f32" || t === "f64" ? (`${s}.${op}` as Op) : null;
    case "not":
      return "v128.not";
    default:
      return null;
  }
};
/** Binary instruction, or null where lanes must be computed one by one. */
export const vectorBinary = (operation: BinaryOp, t: ScalarType): Op | null => {
  const s = shapeOf(t, 4),
    op = logical(operation, t),
    float = t === "f32" || t === "f64";
  switch (op) {
    case "add":
    case "sub":
      return `${s}.${op}`;
    case "mul":
      return `${s}.mul`;
    case "div":
      return float ? (`${s}.div` as Op) : null;
    case "min":
    case "max":
      return float ? (`${s}.${op}` as Op) : t === "i32" ? `i32x4.${op}_s` : t === "u32" ? `i32x4.${op}_u` : null;
    case "and":
    case "or":
    case "xor":
      return `v128.${op}`;
    default:
      return null;
  }
};
/** Whether a reduction can be carried in vectors. */
export const reducesInVectors = (op: BinaryOp, t: ScalarType): boolean => vectorBinary(op, t) !== null;
/** Shift instruction (its count is an i32 on the stack, below the width). */
export const vectorShift = (op: "shl" | "shr", t: ScalarType): Op =>
  op === "shl" ? `${shapeOf(t, 4) as "i32x4"}.shl` : `${shapeOf(t, 4) as "i32x4"}.shr_${t === "u32" ? "u" : "s"}`;
/** Comparison instruction, or null; the mask has the width of the operands. */
export const vectorCompare = (op: CompareOp, t: ScalarType, lanes: Lanes): Op | null => {
  const s = shapeOf(t, lanes);
  if (t === "bool") return op === "eq" || op === "ne" ? (`${s}.${op}` as Op) : null;
  if (op === "eq" || op === "ne" || t === "f32" || t === "f64") return `${s}.${op}` as Op;
  return `${s}.${op}_${t === "u32" ? "u" : "s"}` as Op;
};

const splat32 = (x: number): Uint8Array => new Uint8Array(Int32Array.of(x, x, x, x).buffer);
const lowWords = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11] as const;
/** Make the i64x2 mask on the stack an i32x4 mask in the low half. */
const narrowMask = (c: Code, temp: number): void => {
  c.emit("local.tee", temp);
  c.emit("local.get", temp);
  c.emit("i8x16.shuffle", ...lowWords);
};
/** After a comparison of 32-bit lanes: widen the mask where masks are 64 bits wide. */
export const fitMask = (c: Code, t: ScalarType, lanes: Lanes): void => {
  if (lanes === 2 && !wide(t) && t !== "bool") c.emit("i64x2.extend_low_i32x4_s");
};
/** Before a bitselect of values of type `t`: make the mask on the stack as wide as they are. */
export const maskFor = (c: Code, t: ScalarType, lanes: Lanes, temp: number): void => {
  if (lanes === 2 && !wide(t) && t !== "bool") narrowMask(c, temp);
};

/** Convert the vector on the stack. */
export const vectorCast = (c: Code, from: ScalarType, to: ScalarType, lanes: Lanes, temp: number): void => {
  if (from === to || (from === "i32" && to === "u32") || (from === "u32" && to === "i32")) return;
  if (to === "bool") {
    c.v128const(splat32(0));
    c.emit(`${shapeOf(from, lanes)}.ne` as Op);
    fitMask(c, from, lanes);
    return;
  }
  if (from === "bool") {
    maskFor(c, to, lanes, temp);
    if (to === "f32") c.v128const(splat32(0x3f800000));
    else if (to === "f64") c.v128const(new Uint8Array(Float64Array.of(1, 1).buffer));
    else if (to === "i64") c.v128const(new Uint8Array(BigInt64Array.of(1n, 1n).buffer));
    else c.v128const(splat32(1));
    c.emit("v128.and");
    return;
  }
  const u = (t: ScalarType): "s" | "u" => (t === "u32" ? "u" : "s");
  switch (`${from === "u32" ? "i32" : from}-${to === "u32" ? "i32" : to}`) {
    case "i32-f32":
      c.emit(`f32x4.convert_i32x4_${u(from)}`);
      return;
    case "f32-i32":
      c.emit(`i32x4.trunc_sat_f32x4_${u(to)}`);
      return;
    case "f32-f64":
      c.emit("f64x2.promote_low_f32x4");
      return;
    case "f64-f32":
      c.emit("f32x4.demote_f64x2_zero");
      return;
    case "i32-f64":
      c.emit(`f64x2.convert_low_i32x4_${u(from)}`);
      return;
    case "f64-i32":
      c.emit(`i32x4.trunc_sat_f64x2_${u(to)}_zero`);
      return;
    case "i32-i64":
      c.emit(`i64x2.extend_low_i32x4_${u(from)}`);
      return;
    case "i64-i32":
      narrowMask(c, temp);
      return;
    default:
      throw new Error(`no vector conversion from ${from} to ${to}`);
  }
};
/** Whether `vectorCast` can do it. */
export const castsInVectors = (from: ScalarType, to: ScalarType): boolean =>
  !((from === "i64" && (to === "f64" || to === "f32")) || (to === "i64" && (from === "f64" || from === "f32")));
