// Scalar instructions of every operation. Values are on the wasm stack; bool is an i32 of 0 or 1.
import type { BinaryOp, CompareOp, Expr, ScalarType, UnaryOp } from "../../kernel/expr.ts";
import type { Code, ValType } from "./assembler.ts";
import type { Op } from "./opcodes.ts";

/** wasm type of a register. */
export const valTypeOf: { readonly [K in ScalarType]: ValType } = {
  f32: "f32",
  f64: "f64",
  i32: "i32",
  u32: "i32",
  i64: "i64",
  bool: "i32",
};
const signed = (t: ScalarType): boolean => t === "i32" || t === "i64";
const isFloat = (t: ScalarType): boolean => t === "f32" || t === "f64";

/** Push a constant. */
export const emitConst = (c: Code, type: ScalarType, value: number | bigint): void => {
  if (type === "i64") c.i64const(BigInt(value));
  else c.emit(`${valTypeOf[type] as "i32" | "f32" | "f64"}.const`, Number(value));
};

/** Apply a unary operation to the value on the stack. */
export const emitUnary = (c: Code, op: UnaryOp, t: ScalarType): void => {
  const w = valTypeOf[t];
  switch (op) {
    case "neg":
      if (isFloat(t)) c.emit(`${w as "f32"}.neg`);
      else {
        emitConst(c, t, t === "i64" ? -1n : -1);
        c.emit(`${w as "i32"}.mul`);
      }
      return;
    case "abs":
      if (isFloat(t)) {
        c.emit(`${w as "f32"}.abs`);
        return;
      }
      if (signed(t)) {
        // (x ^ s) - s with s the sign
        const i = w as "i32",
          x = c.local(i),
          s = c.local(i);
        c.emit("local.tee", x);
        emitConst(c, t, t === "i64" ? 63 : 31);
        c.emit(`${i}.shr_s`);
        c.emit("local.tee", s);
        c.emit("local.get", x);
        c.emit(`${i}.xor`);
        c.emit("local.get", s);
        c.emit(`${i}.sub`);
      }
      return;
    case "sqrt":
    case "floor":
    case "ceil":
    case "trunc":
    case "nearest":
      if (isFloat(t)) c.emit(`${w as "f32"}.${op}`);
      return;
    case "not":
      if (t === "bool") c.emit("i32.eqz");
      else {
        emitConst(c, t, t === "i64" ? -1n : -1);
        c.emit(`${w as "i32"}.xor`);
      }
      return;
    case "clz":
      c.emit(`${w as "i32"}.clz`);
      return;
    case "popcnt":
      c.emit(`${w as "i32"}.popcnt`);
      return;
    default:
      throw new Error(`the operation ${op} must be expanded before emission`);
  }
};

/** Comparison instruction of two values of type `t`. */
export const compareOp = (op: CompareOp, t: ScalarType): Op => {
  const w = valTypeOf[t] as "i32";
  return (op === "eq" || op === "ne" || isFloat(t) ? `${w}.${op}` : `${w}.${op}_${signed(t) ? "s" : "u"}`) as Op;
};

// min and max of integers: select by comparison.
const emitPick = (c: Code, op: "min" | "max", t: ScalarType): void => {
  const w = valTypeOf[t],
    x = c.local(w),
    y = c.local(w);
  c.emit("local.set", y);
  c.emit("local.tee", x);
  c.emit("local.get", y);
  c.emit("local.get", x);
  c.emit("local.get", y);
  c.emit(compareOp(op === "min" ? "lt" : "gt", t));
  c.emit("select");
};
// Division and remainder that never trap: by 0 gives 0, the least int32 by -1 wraps.
const emitDivide = (c: Code, op: "div" | "rem", t: ScalarType): void => {
  const w = valTypeOf[t] as "i32",
    sign = signed(t) ? "s" : "u",
    x = c.local(w),
    y = c.local(w);
  c.emit("local.set", y);
  c.emit("local.set", x);
  const isSpecial = (): void => {
    c.emit("local.get", y);
    c.emit(`${w}.eqz`);
    if (signed(t)) {
      c.emit("local.get", y);
      emitConst(c, t, -1);
      c.emit(`${w}.eq`);
      c.emit("i32.or");
    }
  };
  // The ordinary quotient with a harmless divisor, then the special cases.
  if (signed(t)) {
    // y == -1 ? (div: -x, rem: 0) : y == 0 ? 0 : x op y
    if (op === "div") {
      emitConst(c, t, 0);
      c.emit("local.get", x);
      c.emit(`${w}.sub`);
    } else emitConst(c, t, 0);
    emitConst(c, t, 0);
    c.emit("local.get", y);
    emitConst(c, t, 0);
    c.emit(`${w}.ne`);
    c.emit("select");
  } else emitConst(c, t, 0);
  c.emit("local.get", x);
  emitConst(c, t, 1);
  c.emit("local.get", y);
  isSpecial();
  c.emit("select");
  c.emit(`${w}.${op}_${sign}` as Op);
  isSpecial();
  c.emit("select");
};
const emitShift = (c: Code, op: "shl" | "shr", t: ScalarType, count: Expr | undefined): void => {
  const w = valTypeOf[t] as "i32",
    bits = t === "i64" ? 64 : 32,
    arithmetic = op === "shr" && signed(t);
  const name = (op === "shl" ? `${w}.shl` : `${w}.shr_${signed(t) ? "s" : "u"}`) as Op;
  if (count?.op === "const" && Number(count.value) >= 0 && Number(count.value) < bits) {
    c.emit(name);
    return;
  }
  const x = c.local(w),
    n = c.local(w),
    bound = (): void => emitConst(c, t, t === "i64" ? BigInt(bits) : bits);
  c.emit("local.set", n);
  c.emit("local.set", x);
  if (arithmetic) {
    // a large count shifts by bits - 1
    c.emit("local.get", x);
    c.emit("local.get", n);
    emitConst(c, t, t === "i64" ? BigInt(bits - 1) : bits - 1);
    c.emit("local.get", n);
    bound();
    c.emit(`${w}.lt_u`);
    c.emit("select");
    c.emit(name);
  } else {
    c.emit("local.get", x);
    c.emit("local.get", n);
    c.emit(name);
    emitConst(c, t, t === "i64" ? 0n : 0);
    c.emit("local.get", n);
    bound();
    c.emit(`${w}.lt_u`);
    c.emit("select");
  }
};

const ofTruths: Partial<Record<BinaryOp, BinaryOp>> = { add: "or", max: "or", mul: "and", min: "and" };
/** The operation itself, or for bool its meaning among truth values. */
export const logical = (op: BinaryOp, t: ScalarType): BinaryOp => (t === "bool" ? (ofTruths[op] ?? op) : op);

/** Apply a binary operation to the two values on the stack; `y` is the second operand's expression, if it is known. */
export const emitBinary = (c: Code, operation: BinaryOp, t: ScalarType, y?: Expr): void => {
  const w = valTypeOf[t] as "i32",
    op = logical(operation, t);
  switch (op) {
    case "add":
    case "sub":
    case "mul":
      c.emit(`${w}.${op}`);
      return;
    case "div":
      if (isFloat(t)) c.emit(`${w as "f32" | "i32"}.div` as Op);
      else if (y?.op === "const" && Number(y.value) > 0) c.emit(`${w}.div_${signed(t) ? "s" : "u"}`);
      else emitDivide(c, "div", t);
      return;
    case "rem":
      if (y?.op === "const" && Number(y.value) > 0) c.emit(`${w}.rem_${signed(t) ? "s" : "u"}`);
      else emitDivide(c, "rem", t);
      return;
    case "min":
    case "max":
      if (isFloat(t)) c.emit(`${w as "f32" | "i32"}.${op}` as Op);
      else emitPick(c, op, t);
      return;
    case "and":
    case "or":
    case "xor":
      c.emit(`${w}.${op}`);
      return;
    case "shl":
    case "shr":
      emitShift(c, op, t, y);
      return;
    default:
      throw new Error(`the operation ${op} must be expanded before emission`);
  }
};

/** Convert the value on the stack. */
export const emitCast = (c: Code, from: ScalarType, to: ScalarType): void => {
  if (from === to) return;
  const word = (t: ScalarType): boolean => t === "i32" || t === "u32" || t === "bool";
  if (to === "bool") {
    emitConst(c, from, from === "i64" ? 0n : 0);
    c.emit(`${valTypeOf[from] as "i32"}.ne`);
    return;
  }
  if (word(from) && word(to)) return;
  if (word(from)) {
    const u = from === "i32" ? "s" : "u";
    c.emit((to === "i64" ? `i64.extend_i32_${u}` : `${to as "f32"}.convert_i32_${u}`) as Op);
  } else if (word(to)) {
    if (from === "i64") c.emit("i32.wrap_i64");
    else c.emit(`i32.trunc_sat_${from as "f32"}_${to === "i32" ? "s" : "u"}`);
  } else if (from === "i64") c.emit(`${to as "f32"}.convert_i64_s`);
  else if (to === "i64") c.emit(`i64.trunc_sat_${from as "f32"}_s`);
  else c.emit(to === "f64" ? "f64.promote_f32" : "f32.demote_f64");
};
/** Reinterpret the value on the stack. */
export const emitBitcast = (c: Code, from: ScalarType, to: ScalarType): void => {
  const a = valTypeOf[from],
    b = valTypeOf[to];
  if (a !== b) c.emit(`${b as "i32"}.reinterpret_${a as "f32"}` as Op);
};
