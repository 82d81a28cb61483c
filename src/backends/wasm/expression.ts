// Expressions as instructions: scalars for what all lanes share, SIMD for what differs between them.
import type { Binary, Expr, Read, ScalarType, StorageType } from "../../kernel/expr.ts";
import { rangeOf } from "../../kernel/index.ts";
import { emitAddress, offsetOf } from "./address.ts";
import type { Context, VectorLoop } from "./context.ts";
import { isVarying } from "./context.ts";
import type { Op } from "./opcodes.ts";
import { compareOp, emitBinary, emitBitcast, emitCast, emitConst, emitUnary, valTypeOf } from "./scalar.ts";
import {
  castsInVectors,
  fitMask,
  maskFor,
  shapeOf,
  vectorBinary,
  vectorCast,
  vectorCompare,
  vectorShift,
  vectorUnary,
} from "./vector.ts";

const loadOf: { readonly [K in StorageType]: readonly [Op, number] } = {
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
const extractOf = (t: ScalarType, lanes: 2 | 4): Op => `${shapeOf(t, lanes)}.extract_lane` as Op;

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
// One term of an address: its own constant offset is counted by `offsetOf` already.
const emitTerm = (x: Context, t: Expr, lane: number): void => {
  const slot = t.op === "var" ? x.slots.get(t) : undefined;
  if (slot?.kind === "scalar") x.code.emit("local.get", slot.local);
  else emitScalar(x, t, lane);
};

/** Push the vector number `u` of `e` in the current vector loop. */
export const emitVector = (x: Context, e: Expr, u: number): void => {
  const loop = x.vector as VectorLoop,
    { code } = x,
    { lanes } = loop;
  if (!isVarying(x, e)) {
    emitSplat(x, e);
    return;
  }
  const arg = (i: number): void => emitVector(x, e.args[i] as Expr, u);
  switch (e.op) {
    case "var": {
      const slot = x.slots.get(e);
      if (slot?.kind === "vector") {
        code.emit("local.get", slot.locals[u] as number);
        return;
      }
      emitScalar(x, e, u * lanes); // the loop's own index
      code.emit("i32x4.splat");
      code.v128const(new Uint8Array(Int32Array.of(0, 1, 2, 3).buffer));
      code.emit("i32x4.add");
      return;
    }
    case "read":
      emitVectorRead(x, e, u);
      return;
    case "select":
      arg(1);
      arg(2);
      arg(0);
      maskFor(code, e.type, lanes, x.temp());
      code.emit("v128.bitselect");
      return;
    case "cast": {
      const from = (e.args[0] as Expr).type;
      if (!castsInVectors(from, e.type)) {
        emitLanes(x, e, u);
        return;
      }
      arg(0);
      vectorCast(code, from, e.type, lanes, x.temp());
      return;
    }
    case "bitcast":
      arg(0);
      return;
    case "fma":
      arg(0);
      arg(1);
      if (x.relaxed) {
        arg(2);
        code.emit(`${shapeOf(e.type, lanes) as "f32x4"}.relaxed_madd`);
      } else {
        code.emit(`${shapeOf(e.type, lanes) as "f32x4"}.mul`);
        arg(2);
        code.emit(`${shapeOf(e.type, lanes) as "f32x4"}.add`);
      }
      return;
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge": {
      const t = (e.args[0] as Expr).type,
        op = vectorCompare(e.op, t, lanes);
      if (op === null) {
        emitLanes(x, e, u);
        return;
      }
      arg(0);
      arg(1);
      code.emit(op);
      fitMask(code, t, lanes);
      return;
    }
    case "shl":
    case "shr": {
      const count = e.args[1] as Expr;
      if (count.op !== "const" || Number(count.value) < 0 || Number(count.value) >= (e.type === "i64" ? 64 : 32)) {
        emitLanes(x, e, u);
        return;
      }
      arg(0);
      code.emit("i32.const", Number(count.value));
      code.emit(vectorShift(e.op, e.type));
      return;
    }
    case "const":
    case "reduce":
      throw new Error(`unexpected ${e.op} among vectors`);
    default: {
      const op = e.args.length === 1 ? vectorUnary(e.op as never, e.type) : vectorBinary((e as Binary).op, e.type);
      const idle =
        op === null &&
        (e.op === "abs" || e.op === "floor" || e.op === "ceil" || e.op === "trunc" || e.op === "nearest");
      if (op === null && !idle) {
        emitLanes(x, e, u);
        return;
      }
      for (let i = 0; i < e.args.length; i++) arg(i);
      if (op !== null) code.emit(op);
    }
  }
};

/** Push a vector of equal lanes. */
const emitSplat = (x: Context, e: Expr): void => {
  const loop = x.vector as VectorLoop,
    { code } = x,
    ready = loop.splats.get(e);
  if (ready !== undefined) {
    code.emit("local.get", ready);
    return;
  }
  if (
    e.op === "read" &&
    (e.buffer.type === "f32" || e.buffer.type === "i32" || e.buffer.type === "u32" || e.buffer.type === "f64")
  ) {
    const wide = e.buffer.type === "f64";
    const at = emitAddress(x, e.buffer, offsetOf(x, e.args[0] as Expr, 0), (t) => emitTerm(x, t, 0));
    code.emit(wide ? "v128.load64_splat" : "v128.load32_splat", wide ? 3 : 2, at);
    return;
  }
  emitScalar(x, e);
  splatTop(x, e.type);
};
/** Make the scalar on the stack a vector. */
export const splatTop = (x: Context, t: ScalarType): void => {
  const { code } = x,
    { lanes } = x.vector as VectorLoop;
  if (t === "bool") {
    if (lanes === 2) {
      code.emit("i64.extend_i32_u");
      code.emit("i64x2.splat");
      code.emit("i64x2.neg");
    } else {
      code.emit("i32x4.splat");
      code.emit("i32x4.neg");
    }
  } else code.emit(`${shapeOf(t, lanes)}.splat` as Op);
};

// Lane by lane: operations without a SIMD instruction, and reads from scattered addresses.
const emitLanes = (x: Context, e: Expr, u: number): void => {
  const { code } = x,
    { lanes } = x.vector as VectorLoop;
  // Operands that vary are computed once as vectors, then taken apart.
  const parts =
    e.op === "read"
      ? []
      : e.args.map((a) => {
          if (!isVarying(x, a)) return null;
          const l = code.local("v128");
          emitVector(x, a, u);
          code.emit("local.set", l);
          return l;
        });
  for (let lane = 0; lane < lanes; lane++) {
    if (lane === 0) zeroVector(x);
    if (e.op === "read") emitScalar(x, e, u * lanes + lane);
    else {
      e.args.forEach((a, i) => {
        const l = parts[i];
        if (l === null || l === undefined) {
          emitScalar(x, a);
          return;
        }
        code.emit("local.get", l);
        code.emit(extractOf(a.type, lanes), lane);
        if (a.type === "bool") {
          if (lanes === 2) code.emit("i32.wrap_i64");
          code.emit("i32.const", 1);
          code.emit("i32.and");
        }
      });
      emitTop(x, e);
    }
    if (e.type === "bool" && lanes === 2) code.emit("i64.extend_i32_u");
    code.emit(`${shapeOf(e.type, lanes)}.replace_lane` as Op, lane);
  }
  if (e.type === "bool") code.emit(lanes === 2 ? "i64x2.neg" : "i32x4.neg");
};
const zeroVector = (x: Context): void => x.code.v128const(new Uint8Array(16));
// The operation of `e` itself on scalar operands that are on the stack.
const emitTop = (x: Context, e: Expr): void => {
  const t = (e.args[0] as Expr).type;
  switch (e.op) {
    case "cast":
      emitCast(x.code, t, e.type);
      return;
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge":
      x.code.emit(compareOp(e.op, t));
      return;
    default:
      if (e.args.length === 1) emitUnary(x.code, e.op as never, e.type);
      else emitBinary(x.code, (e as Binary).op, e.type, e.args[1] as Expr);
  }
};

/** Stride of an offset along the vector loop; NaN where a term varies in another way. */
export const laneStride = (x: Context, offset: Expr): number => {
  let stride = 0;
  for (const [t, k] of offsetOf(x, offset, 0).terms) {
    if (t === x.vector?.index) stride += k;
    else if (isVarying(x, t)) return Number.NaN;
  }
  return stride;
};

const emitVectorRead = (x: Context, e: Read, u: number): void => {
  const { code } = x,
    { lanes } = x.vector as VectorLoop,
    { type } = e.buffer,
    offset = e.args[0] as Expr;
  const contiguous = laneStride(x, offset) === 1;
  const bytes = type === "bool" || type === "u8";
  if (!contiguous || (lanes === 2 && bytes)) {
    emitLanes(x, e, u);
    return;
  }
  const at = emitAddress(x, e.buffer, offsetOf(x, offset, u * lanes), (t) => emitTerm(x, t, 0));
  if (bytes) {
    code.emit("v128.load32_zero", 0, at);
    code.emit("i16x8.extend_low_i8x16_u");
    code.emit("i32x4.extend_low_i16x8_u");
    if (type === "bool") code.emit("i32x4.neg");
  } else if (lanes === 2 && type !== "f64") code.emit("v128.load64_zero", 2, at);
  else code.emit("v128.load", type === "f64" ? 3 : 2, at);
};

/** Store vector `u` of `value` at consecutive elements (stride 1). */
export const emitVectorStore = (
  x: Context,
  buffer: Read["buffer"],
  offset: Expr,
  push: () => void,
  u: number,
): void => {
  const { code } = x,
    { lanes } = x.vector as VectorLoop,
    { type } = buffer;
  if (lanes === 2 && (type === "bool" || type === "u8")) {
    const v = code.local("v128"),
      [op, align] = storeOf[type];
    push();
    code.emit("local.set", v);
    for (let lane = 0; lane < 2; lane++) {
      const at = emitAddress(x, buffer, offsetOf(x, offset, u * lanes + lane), (t) => emitTerm(x, t, 0));
      code.emit("local.get", v);
      code.emit(extractOf(type === "bool" ? "bool" : "u32", 2), lane);
      if (type === "bool") {
        code.emit("i32.wrap_i64");
        code.emit("i32.const", 1);
        code.emit("i32.and");
      }
      code.emit(op, align, at);
    }
    return;
  }
  const at = emitAddress(x, buffer, offsetOf(x, offset, u * lanes), (t) => emitTerm(x, t, 0));
  push();
  if (type === "bool" || type === "u8") {
    if (type === "bool") {
      code.v128const(new Uint8Array(Int32Array.of(1, 1, 1, 1).buffer));
      code.emit("v128.and");
    }
    // The low byte of each lane, side by side.
    code.v128const(new Uint8Array(16));
    code.emit("i8x16.shuffle", 0, 4, 8, 12, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16);
    code.emit("v128.store32_lane", 0, at, 0);
  } else if (lanes === 2 && type !== "f64") code.emit("v128.store64_lane", 2, at, 0);
  else code.emit("v128.store", type === "f64" ? 3 : 2, at);
};
