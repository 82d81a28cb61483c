// Statements as instructions.
import type { Expr, Var } from "../../kernel/expr.ts";
import { binary, read, topological } from "../../kernel/expr.ts";
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

/**
 * Emit statements one after the other. Whether any lane takes a branch is found out as soon as it can be: then nothing is kept in
 * registers for the condition, and the processor has long decided when it comes to the branch.
 */
export const emitStmts = (x: Context, stmts: readonly Stmt[]): void => {
  const early = earlyConditions(x, stmts),
    taken = new Map<Stmt, number>();
  stmts.forEach((s, i) => {
    emitStmt(x, s, taken.get(s));
    for (const branch of early.get(i) ?? []) {
      const any = x.code.local("i32");
      emitMasks(x, branch.cond, null);
      x.code.emit("v128.any_true");
      x.code.emit("local.set", any);
      taken.set(branch, any);
    }
  });
};
/** Branches of lanes, by the statement after which their conditions are known for good. */
const earlyConditions = (x: Context, stmts: readonly Stmt[]): ReadonlyMap<number, readonly If[]> => {
  const found = new Map<number, readonly If[]>();
  if (x.vector === null || x.masks !== null) return found;
  stmts.forEach((s, i) => {
    if (s.op !== "if" || !isVarying(x, s.cond)) return;
    const needs = new Set(topological([s.cond])),
      binds = (b: Stmt): boolean =>
        ((b.op === "let" || b.op === "set") && needs.has(b.name)) ||
        (b.op === "for" && b.accs.some((a) => needs.has(a.name)));
    const last = stmts.slice(0, i).findLastIndex(binds),
      b = stmts[last];
    if (b?.op === "let" && b.mutable !== true && ![...needs].some((e) => e.op === "read"))
      found.set(last, [...(found.get(last) ?? []), s]);
  });
  return found;
};

const emitStmt = (x: Context, s: Stmt, taken?: number): void => {
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
        emitMaskedIf(x, s, taken);
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

/** Push whether the condition holds, for all vectors together; what it is for each goes to locals, if there are any. */
const emitMasks = (x: Context, cond: Expr, locals: readonly number[] | null): void => {
  const { code } = x;
  for (let u = 0; u < (x.vector as VectorLoop).unroll; u++) {
    emitVector(x, cond, u);
    if (x.masks !== null) {
      code.emit("local.get", x.masks[u] as number);
      code.emit("v128.and");
    }
    if (locals !== null) code.emit("local.tee", locals[u] as number);
    if (u > 0) code.emit("v128.or");
  }
};
/** A branch that lanes take or not: it runs if one does, and sets names only in those that do. `taken` is a local that knows. */
const emitMaskedIf = (x: Context, s: If, taken?: number): void => {
  const { code } = x,
    masks = Array.from({ length: (x.vector as VectorLoop).unroll }, () => code.local("v128"));
  if (taken === undefined) {
    emitMasks(x, s.cond, masks);
    code.emit("v128.any_true");
  } else code.emit("local.get", taken);
  code.emit("if");
  if (taken !== undefined) {
    emitMasks(x, s.cond, masks);
    code.emit("drop");
  }
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
