// Statements as instructions.
import type { Expr, Var } from "../../kernel/expr.ts";
import { binary, read } from "../../kernel/expr.ts";
import type { For, If, Stmt, Store } from "../../kernel/program.ts";
import { emitAddress, offsetOf, shiftOf } from "./address.ts";
import type { Context, VectorLoop } from "./context.ts";
import { isVarying } from "./context.ts";
import { emitScalar, emitTerm, loadOf, storeOf } from "./expression.ts";
import { emitBinary, valTypeOf } from "./scalar.ts";
import { emitSerialFor } from "./serialLoop.ts";
import { endTurns, takeTurns } from "./turns.ts";
import { choose, emitLane, emitVector, laneStride } from "./vectorExpression.ts";
import { emitVectorFor } from "./vectorLoop.ts";
import { emitVectorStore } from "./vectorStore.ts";

/** Emit statements one after the other. */
export const emitStmts = (x: Context, stmts: readonly Stmt[]): void => {
  for (const s of stmts) emitStmt(x, s);
};

const emitStmt = (x: Context, s: Stmt): void => {
  const { code } = x;
  switch (s.op) {
    case "let":
    case "set":
      emitBinding(x, s);
      return;
    case "store":
      emitStore(x, s);
      return;
    case "if":
      if (isVarying(x, s.cond)) {
        emitMaskedIf(x, s);
        return;
      }
      emitScalar(x, s.cond);
      code.emit("if");
      emitStmts(apart(x), s.then);
      if (s.else.length > 0) {
        code.emit("else");
        emitStmts(apart(x), s.else);
      }
      code.emit("end");
      return;
    case "while":
      code.emit("block");
      code.emit("loop");
      emitScalar(x, s.cond);
      code.emit("i32.eqz");
      code.emit("br_if", 1);
      emitStmts(apart(x), s.body);
      code.emit("br", 0);
      code.emit("end");
      code.emit("end");
      return;
    case "for":
      emitFor(x, s);
      return;
    default:
      s satisfies never;
  }
};

/** A branch that lanes take or not: it runs if one does, and sets names only in those that do. */
const emitMaskedIf = (x: Context, s: If): void => {
  const { code } = x,
    loop = x.vector as VectorLoop;
  const masks = Array.from({ length: loop.unroll }, (_, u) => {
    const mask = code.local("v128");
    emitVector(x, s.cond, u);
    if (x.masks !== null) {
      code.emit("local.get", x.masks[u] as number);
      code.emit("v128.and");
    }
    code.emit("local.set", mask);
    return mask;
  });
  for (const [u, mask] of masks.entries()) {
    code.emit("local.get", mask);
    if (u > 0) code.emit("v128.or");
  }
  code.emit("v128.any_true");
  code.emit("if");
  emitStmts({ ...apart(x), masks }, s.then);
  code.emit("end");
};

/** Code that may not run, or more than once: addresses of before may have changed, and those found in it are not for after it. */
const apart = (x: Context): Context => (x.addresses === null ? x : { ...x, addresses: [] });

const emitBinding = (x: Context, s: Stmt & { readonly op: "let" | "set" }): void => {
  const { code } = x,
    { name, value } = s,
    known = x.slots.get(name);
  if (isVarying(x, name)) {
    const locals =
      known?.kind === "vector"
        ? known.locals
        : Array.from({ length: (x.vector as VectorLoop).unroll }, () => code.local("v128"));
    takeTurns(x, value);
    for (const [u, local] of locals.entries()) {
      emitVector(x, value, u);
      if (s.op === "set" && x.masks !== null) {
        code.emit("local.get", local);
        code.emit("local.get", x.masks[u] as number);
        choose(x, name.type);
      }
      code.emit("local.set", local);
    }
    endTurns(x, value);
    x.slots.set(name, { kind: "vector", locals });
  } else {
    const shift = known?.kind === "scalar" && x.copy?.always.has(name) ? shiftOf(x, value) : null;
    if (known?.kind === "scalar" && shift !== null) {
      x.copy?.moved.add(name);
      x.slots.set(name, { ...known, offset: shift });
      return;
    }
    if (known !== undefined) forget(x, name);
    const local = known?.kind === "scalar" ? known.local : code.local(valTypeOf[name.type]);
    emitScalar(x, value);
    code.emit("local.set", local);
    x.slots.set(name, { kind: "scalar", local, offset: 0, mutable: s.op === "set" || s.mutable === true });
  }
};

/** A name gets another value: addresses made of it are no longer at hand. */
const forget = ({ addresses }: Context, name: Var): void => {
  if (addresses === null) return;
  for (let i = addresses.length - 1; i >= 0; i--) if (addresses[i]?.terms.has(name)) addresses.splice(i, 1);
};

const emitStore = (x: Context, s: Store): void => {
  const { code } = x,
    offset = s.at[0] as Expr,
    loop = x.vector,
    varying = isVarying(x, s.value);
  if (loop === null || !(varying || isVarying(x, offset) || s.combine !== undefined)) {
    emitElementStore(x, s, 0, () => emitScalar(x, s.value));
    return;
  }
  if (laneStride(x, offset) === 1) {
    const value = s.combine === undefined ? s.value : binary(s.combine, read(s.buffer, s.at), s.value);
    takeTurns(x, value);
    for (let u = 0; u < loop.unroll; u++) emitVectorStore(x, s.buffer, offset, () => emitVector(x, value, u), u);
    endTurns(x, value);
    return;
  }
  for (let u = 0; u < loop.unroll; u++) {
    const vector = varying ? code.local("v128") : -1;
    if (varying) {
      emitVector(x, s.value, u);
      code.emit("local.set", vector);
    }
    for (let lane = 0; lane < loop.lanes; lane++)
      emitElementStore(x, s, u * loop.lanes + lane, () => {
        if (varying) emitLane(x, vector, s.value.type, lane);
        else emitScalar(x, s.value);
      });
  }
};
/** Store what `push` pushes at the element of one lane. */
const emitElementStore = (x: Context, s: Store, lane: number, push: () => void): void => {
  const { code } = x,
    [store, align] = storeOf[s.buffer.type],
    at = emitAddress(x, s.buffer, offsetOf(x, s.at[0] as Expr, lane), (t) => emitTerm(x, t, lane));
  if (s.combine === undefined) push();
  else {
    const address = code.local("i32");
    code.emit("local.tee", address);
    code.emit("local.get", address);
    code.emit(loadOf[s.buffer.type][0], align, at);
    push();
    emitBinary(code, s.combine, s.value.type);
  }
  code.emit(store, align, at);
};

const emitFor = (x: Context, s: For): void => {
  const { code } = x;
  let bound: number | null = null;
  if (s.limit !== undefined) {
    bound = code.local("i32");
    emitScalar(x, s.limit);
    code.emit("local.tee", bound);
    code.emit("i32.const", s.index.extent);
    code.emit("local.get", bound);
    code.emit("i32.const", s.index.extent);
    code.emit("i32.lt_s");
    code.emit("select");
    code.emit("local.set", bound);
  }
  const index = code.local("i32");
  code.emit("i32.const", 0);
  code.emit("local.set", index);
  emitRange(x, s, index, bound);
};
/** Emit the rounds of a loop from where the local `index` stands, up to the local `bound` if there is one. */
export const emitRange = (x: Context, s: For, index: number, bound: number | null): void => {
  const inVectors = s.mark === "vector" && x.vector === null && emitVectorFor(x, s, index, bound, emitStmts);
  if (!inVectors) emitSerialFor(x, s, index, bound, emitStmts);
};
