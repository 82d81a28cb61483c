// Scalar expressions as instructions.
import type { Binary, Expr, ScalarType, StorageType } from "../../kernel/expr.ts";
import { rangeOf } from "../../kernel/index.ts";
import { emitAddress, offsetOf } from "./address.ts";
import type { Context, VectorLoop } from "./context.ts";
import type { Op } from "./opcodes.ts";
import { compareOp, emitBinary, emitBitcast, emitCast, emitConst, emitUnary, valTypeOf } from "./scalar.ts";
import { shapeOf } from "./vector.ts";

/** Scalar load instruction and alignment. */
export const loadOf: { readonly [K in StorageType]: readonly [Op, number] } = {
  f32: ["f32.load", 2],
  f64: ["f64.load", 3],
  i32: ["i32.load", 2],
  u32: ["i32.load", 2],
  bool: ["i32.load8_u", 0],
  u8: ["i32.load8_u", 0],
};
/** Scalar store instruction and alignment. */
export const storeOf: { readonly [K in StorageType]: readonly [Op, number] } = {
  f32: ["f32.store", 2],
  f64: ["f64.store", 3],
  i32: ["i32.store", 2],
  u32: ["i32.store", 2],
  bool: ["i32.store8", 0],
  u8: ["i32.store8", 0],
};
/** The instruction that takes a lane out of a vector. */
export const extractOf = (t: ScalarType, lanes: 2 | 4): Op => `${shapeOf(t, lanes)}.extract_lane` as Op;

/** Push the scalar value of `e` (of lane `lane` of the current vector loop, if it varies). */
export const emitScalar = (x: Context, e: Expr, lane = 0): void => {
  const { code } = x,
    arg = (i: number): void => emitScalar(x, e.args[i] as Expr, lane);
  switch (e.op) {
    case "const":
      emitConst(code, e.type, e.value);
      return;
    case "var": {
      const slot = x.slots.get(e);
      if (slot === undefined) throw new Error(`unbound variable ${e.name} in a kernel`);
      if (slot.kind === "vector") {
        const loop = x.vector as VectorLoop;
        code.emit("local.get", slot.locals[Math.floor(lane / loop.lanes)] as number);
        code.emit(extractOf(e.type, loop.lanes), lane % loop.lanes);
        if (e.type === "bool") {
          if (loop.lanes === 2) code.emit("i32.wrap_i64");
          code.emit("i32.const", 1);
          code.emit("i32.and");
        }
        return;
      }
      code.emit("local.get", slot.local);
      const more = slot.offset + (e === x.vector?.index ? lane : 0);
      if (more !== 0) {
        code.emit("i32.const", more);
        code.emit("i32.add");
      }
      return;
    }
    case "read": {
      const [op, align] = loadOf[e.buffer.type];
      const at = emitAddress(x, e.buffer, offsetOf(x, e.args[0] as Expr, lane), (t) => emitTerm(x, t, lane));
      code.emit(op, align, at);
      return;
    }
    case "select":
    case "rare":
      arg(1);
      arg(2);
      arg(0);
      code.emit("select");
      return;
    case "cast":
      arg(0);
      emitCast(code, (e.args[0] as Expr).type, e.type);
      return;
    case "bitcast":
      arg(0);
      emitBitcast(code, (e.args[0] as Expr).type, e.type);
      return;
    case "fma":
      arg(0);
      arg(1);
      code.emit(`${valTypeOf[e.type] as "f32"}.mul`);
      arg(2);
      code.emit(`${valTypeOf[e.type] as "f32"}.add`);
      return;
    case "fma64":
      for (const [i, op] of ["", "f64.mul", "f64.add"].entries()) {
        arg(i);
        code.emit("f64.promote_f32");
        if (op !== "") code.emit(op as Op);
      }
      code.emit("f32.demote_f64");
      return;
    case "reduce":
      throw new Error("a reduction must be a loop before emission");
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge":
      arg(0);
      arg(1);
      code.emit(compareOp(e.op, (e.args[0] as Expr).type));
      return;
    default:
      arg(0);
      if (e.args.length === 1) emitUnary(code, e.op as never, e.type);
      else {
        const y = e.args[1] as Expr;
        arg(1);
        // Indices are never negative here, so division needs no sign.
        if (
          (e.op === "div" || e.op === "rem") &&
          e.type === "i32" &&
          y.op === "const" &&
          Number(y.value) > 0 &&
          rangeOf(e.args[0] as Expr)[0] >= 0
        )
          code.emit(e.op === "div" ? "i32.div_u" : "i32.rem_u");
        else emitBinary(code, (e as Binary).op, e.type, y);
      }
  }
};
/** Push one term of an address, without the constant of its slot, which `offsetOf` has counted. */
export const emitTerm = (x: Context, t: Expr, lane: number): void => {
  const slot = t.op === "var" ? x.slots.get(t) : undefined;
  if (slot?.kind === "scalar") x.code.emit("local.get", slot.local);
  else emitScalar(x, t, lane);
};
