// Expressions that differ between lanes as SIMD instructions.
import type { Binary, Expr, Fma64, Read, ScalarType } from "../../kernel/expr.ts";
import { emitAddress, offsetOf } from "./address.ts";
import type { Context, VectorLoop } from "./context.ts";
import { isVarying } from "./context.ts";
import { emitScalar, emitTerm, extractOf } from "./expression.ts";
import type { Op } from "./opcodes.ts";
import { compareOp, emitBinary, emitCast, emitUnary } from "./scalar.ts";
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
  type Lanes,
} from "./vector.ts";

/** Push the vector number `u` of `e` in the current vector loop. */
export const emitVector = (x: Context, e: Expr, u: number): void => {
  const loop = x.vector as VectorLoop,
    { code } = x,
    { lanes } = loop;
  const ready = loop.ready.get(e);
  if (ready !== undefined) {
    code.emit("local.get", ready[u] as number);
    return;
  }
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
    case "rare": {
      const limit = limitOf(e, lanes);
      if (limit !== null) {
        const [op, first, second] = limit;
        emitVector(x, first, u);
        emitVector(x, second, u);
        code.emit(op);
        return;
      }
      arg(1);
      arg(2);
      arg(0);
      choose(x, e.type);
      return;
    }
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
    case "fma64":
      emitFma64(x, e, u);
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

/** Choose between two vectors of values of type `t` by a mask, all three being on the stack. */
export const choose = ({ code, vector, temp, relaxed }: Context, t: ScalarType): void => {
  const { lanes } = vector as VectorLoop;
  maskFor(code, t, lanes, temp());
  // Masks fill their lanes, which leaves the relaxed instruction no freedom; it is one of the processor's, the other is three.
  if (relaxed) code.emit(t === "f64" || t === "i64" ? "i64x2.relaxed_laneselect" : "i32x4.relaxed_laneselect");
  else code.emit("v128.bitselect");
};
/** A choice of the smaller or the larger of two floats is one instruction: `pmin(x, y)` is `y < x ? y : x`. */
export const limitOf = (e: Expr, lanes: Lanes): readonly [op: Op, first: Expr, second: Expr] | null => {
  const [c, p, q] = e.args as readonly [Expr, Expr, Expr];
  if ((e.type !== "f32" && e.type !== "f64") || (c.op !== "lt" && c.op !== "gt")) return null;
  const [a, b] = (c.op === "lt" ? c.args : [c.args[1], c.args[0]]) as readonly [Expr, Expr], // a < b
    shape = shapeOf(e.type, lanes) as "f32x4";
  return p === b && q === a ? [`${shape}.pmax`, a, b] : p === a && q === b ? [`${shape}.pmin`, b, a] : null;
};

const lowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23] as const,
  highHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15] as const;
/** What a chain of `fma64` has computed already: operands, and two lanes of them as float64. */
interface Ready {
  readonly whole: Map<Expr, number>;
  readonly halves: readonly [Map<Expr, number>, Map<Expr, number>];
}
/** float32 lanes by way of float64: two of four at a time. */
const emitFma64 = (x: Context, e: Fma64, u: number): void => {
  const ready: Ready = { whole: new Map(), halves: [new Map(), new Map()] },
    { code } = x;
  emitHalf(x, e, u, 0, ready);
  if (x.vector?.lanes === 2) return;
  emitHalf(x, e, u, 1, ready);
  code.emit("i8x16.shuffle", ...lowHalves);
};
/** Push two lanes of the result, in the low half of a vector. */
const emitHalf = (x: Context, e: Fma64, u: number, half: 0 | 1, ready: Ready): void => {
  const { code } = x,
    [a, b, c] = e.args as readonly [Expr, Expr, Expr];
  emitWide(x, a, u, half, ready);
  emitWide(x, b, u, half, ready);
  code.emit("f64x2.mul");
  emitWide(x, c, u, half, ready);
  code.emit("f64x2.add");
  code.emit("f32x4.demote_f64x2_zero");
};
/** Push two lanes of a float32 expression as float64. */
const emitWide = (x: Context, e: Expr, u: number, half: 0 | 1, ready: Ready): void => {
  const { code } = x,
    loop = x.vector as VectorLoop,
    wide = loop.wides.get(e) ?? ready.halves[half].get(e);
  if (wide !== undefined) {
    code.emit("local.get", wide);
    return;
  }
  if (e.op === "fma64" && isVarying(x, e)) {
    emitHalf(x, e, u, half, ready);
    code.emit("f64x2.promote_low_f32x4");
    return;
  }
  const slot = e.op === "var" ? x.slots.get(e) : undefined;
  let local = slot?.kind === "vector" ? slot.locals[u] : ready.whole.get(e);
  if (local === undefined) {
    local = code.local("v128");
    emitVector(x, e, u);
    code.emit("local.set", local);
    ready.whole.set(e, local);
  }
  code.emit("local.get", local);
  if (half === 1) {
    code.emit("local.get", local);
    code.emit("i8x16.shuffle", ...highHalf);
  }
  code.emit("f64x2.promote_low_f32x4");
  const kept = code.local("v128");
  code.emit("local.tee", kept);
  ready.halves[half].set(e, kept);
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

/** Push one lane of the vector in a local. */
export const emitLane = (x: Context, local: number, t: ScalarType, lane: number): void => {
  const { code } = x,
    { lanes } = x.vector as VectorLoop;
  code.emit("local.get", local);
  code.emit(extractOf(t, lanes), lane);
  if (t !== "bool") return;
  if (lanes === 2) code.emit("i32.wrap_i64");
  code.emit("i32.const", 1);
  code.emit("i32.and");
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
      for (const [i, a] of e.args.entries()) {
        const l = parts[i] ?? null;
        if (l === null) emitScalar(x, a);
        else emitLane(x, l, a.type, lane);
      }
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

/** Elements at small strides: two vectors that reach from the first to the last of them, and which of their words to take. */
const pickedLanes: ReadonlyMap<number, { readonly loads: readonly number[]; readonly words: readonly number[] }> =
  new Map([
    [2, { loads: [0, 3], words: [0, 2, 5, 7] }],
    [3, { loads: [0, 6], words: [0, 3, 4, 7] }],
    [-1, { loads: [-3, -3], words: [3, 2, 1, 0] }],
    [-2, { loads: [-3, -6], words: [3, 1, 6, 4] }],
  ]);

const emitVectorRead = (x: Context, e: Read, u: number): void => {
  const { code } = x,
    { lanes } = x.vector as VectorLoop,
    { type } = e.buffer,
    offset = e.args[0] as Expr;
  const stride = laneStride(x, offset),
    contiguous = stride === 1,
    bytes = type === "bool" || type === "u8",
    picked = lanes === 4 && !bytes ? pickedLanes.get(stride) : undefined;
  if (picked !== undefined) {
    const { terms, c } = offsetOf(x, offset, u * lanes);
    for (const shift of picked.loads)
      code.emit(
        "v128.load",
        2,
        emitAddress(x, e.buffer, { terms, c: c + shift }, (t) => emitTerm(x, t, 0)),
      );
    code.emit("i8x16.shuffle", ...picked.words.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]));
    return;
  }
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
