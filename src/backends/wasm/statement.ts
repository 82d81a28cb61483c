// Statements as instructions: loops, their accumulators, lets and stores.
import type { Expr, ReduceOp, ScalarType, Var } from "../../kernel/expr.ts";
import { topological } from "../../kernel/expr.ts";
import type { For, Stmt } from "../../kernel/program.ts";
import { emitAddress, offsetOf } from "./address.ts";
import type { Context, Slot, VectorLoop } from "./context.ts";
import { isVarying } from "./context.ts";
import { emitScalar, emitVector, emitVectorStore, laneStride, splatTop, storeOf } from "./expression.ts";
import type { Op } from "./opcodes.ts";
import { emitBinary, emitConst, valTypeOf } from "./scalar.ts";
import type { Lanes } from "./vector.ts";
import { shapeOf, vectorBinary } from "./vector.ts";

/** Emit statements one after the other. */
export const emitStmts = (x: Context, stmts: readonly Stmt[]): void => {
  for (const s of stmts) emitStmt(x, s);
};

const emitStmt = (x: Context, s: Stmt): void => {
  const { code } = x;
  switch (s.op) {
    case "let":
    case "set": {
      if (isVarying(x, s.value) || (s.op === "set" && x.slots.get(s.name)?.kind === "vector")) {
        const known = x.slots.get(s.name),
          n = (x.vector as VectorLoop).unroll;
        const locals = known?.kind === "vector" ? known.locals : Array.from({ length: n }, () => code.local("v128"));
        for (let u = 0; u < n; u++) {
          emitVector(x, s.value, u);
          code.emit("local.set", locals[u] as number);
        }
        x.slots.set(s.name, { kind: "vector", locals });
      } else {
        const known = x.slots.get(s.name),
          local = known?.kind === "scalar" ? known.local : code.local(valTypeOf[s.name.type]);
        emitScalar(x, s.value);
        code.emit("local.set", local);
        x.slots.set(s.name, { kind: "scalar", local, offset: 0 });
      }
      return;
    }
    case "store":
      emitStore(x, s);
      return;
    case "if":
      emitScalar(x, s.cond);
      code.emit("if");
      emitStmts(x, s.then);
      if (s.else.length > 0) {
        code.emit("else");
        emitStmts(x, s.else);
      }
      code.emit("end");
      return;
    case "while":
      code.emit("block");
      code.emit("loop");
      emitScalar(x, s.cond);
      code.emit("i32.eqz");
      code.emit("br_if", 1);
      emitStmts(x, s.body);
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

const emitStore = (x: Context, s: Stmt & { op: "store" }): void => {
  const { code } = x,
    offset = s.at[0] as Expr,
    loop = x.vector,
    [op, align] = storeOf[s.buffer.type];
  const varying = loop !== null && (isVarying(x, s.value) || isVarying(x, offset));
  if (varying && laneStride(x, offset) === 1 && s.combine === undefined) {
    for (let u = 0; u < loop.unroll; u++) emitVectorStore(x, s.buffer, offset, () => emitVector(x, s.value, u), u);
    return;
  }
  const lanes = varying ? loop.lanes * loop.unroll : 1;
  for (let lane = 0; lane < lanes; lane++) {
    const push = (t: Expr): void => emitOffsetTerm(x, t, lane);
    const at = emitAddress(x, s.buffer, offsetOf(x, offset, lane), push);
    if (s.combine === undefined) emitScalar(x, s.value, lane);
    else {
      const address = code.local("i32"),
        t = s.value.type;
      code.emit("local.tee", address);
      code.emit("local.get", address);
      code.emit(loadOf(s.buffer.type), align, at);
      emitScalar(x, s.value, lane);
      emitBinary(code, s.combine, t, s.value);
    }
    code.emit(op, align, at);
  }
};
const loadOf = (t: string): Op =>
  t === "bool" || t === "u8" ? "i32.load8_u" : t === "f32" ? "f32.load" : t === "f64" ? "f64.load" : "i32.load";
const emitOffsetTerm = (x: Context, t: Expr, lane: number): void => {
  const slot = t.op === "var" ? x.slots.get(t) : undefined;
  if (slot?.kind === "scalar") x.code.emit("local.get", slot.local);
  else emitScalar(x, t, lane);
};

/** The element with which a reduction starts. */
export const identityOf = (op: ReduceOp, t: ScalarType): number => {
  switch (op) {
    case "add":
      return 0;
    case "mul":
      return 1;
    case "and":
      return t === "bool" ? 1 : -1;
    case "or":
      return 0;
    case "min":
      return t === "f32" || t === "f64" ? Infinity : t === "u32" ? 0xffffffff : t === "bool" ? 1 : 0x7fffffff;
    case "max":
      return t === "f32" || t === "f64" ? -Infinity : t === "u32" || t === "bool" ? 0 : -0x80000000;
    default:
      return op satisfies never;
  }
};

// How much work a loop body is: decides unrolling.
const weigh = (stmts: readonly Stmt[], accs: readonly Expr[]): { readonly nodes: number; readonly loops: number } => {
  let nodes = topological(accs).length,
    loops = 0;
  for (const s of stmts) {
    if (s.op === "let" || s.op === "set" || s.op === "store") nodes += topological([s.value]).length;
    else if (s.op === "for") {
      loops++;
      const w = weigh(
        s.body,
        s.accs.map((a) => a.value),
      );
      nodes += w.nodes;
      loops += w.loops;
    } else loops++;
  }
  return { nodes, loops };
};
const exprsOf = (stmts: readonly Stmt[]): readonly Expr[] =>
  stmts.flatMap((s): readonly Expr[] => {
    switch (s.op) {
      case "let":
      case "set":
        return [s.value];
      case "store":
        return [s.value, ...s.at];
      case "for":
        return [...exprsOf(s.body), ...s.accs.map((a) => a.value), ...(s.limit === undefined ? [] : [s.limit])];
      case "if":
        return [s.cond, ...exprsOf(s.then), ...exprsOf(s.else)];
      case "while":
        return [s.cond, ...exprsOf(s.body)];
      default:
        return s satisfies never;
    }
  });
const namesOf = (stmts: readonly Stmt[]): readonly Var[] =>
  stmts.flatMap((s): readonly Var[] =>
    s.op === "let" || s.op === "set"
      ? [s.name]
      : s.op === "for"
        ? [s.index, ...s.accs.map((a) => a.name), ...namesOf(s.body)]
        : s.op === "if"
          ? [...namesOf(s.then), ...namesOf(s.else)]
          : s.op === "while"
            ? namesOf(s.body)
            : [],
  );

const emitFor = (x: Context, s: For): void => {
  const { code } = x;
  // The bound: a constant, or the smaller of extent and limit.
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
  if (s.mark === "vector" && x.vector === null && s.index.extent > 1) emitVectorFor(x, s, index, bound);
  else emitSerialFor(x, s, index, bound);
};

/** Run `body` while `index + step <= bound`, or a fixed number of times if the bound is a constant. */
const emitLoop = (
  x: Context,
  index: number,
  step: number,
  extent: number,
  bound: number | null,
  body: () => void,
): void => {
  const { code } = x;
  if (bound === null) {
    const rounds = Math.floor(extent / step);
    if (rounds === 0) return;
    if (rounds > 1) code.emit("loop");
    body();
    code.emit("local.get", index);
    code.emit("i32.const", step);
    code.emit("i32.add");
    code.emit("local.tee", index);
    if (rounds === 1) {
      code.emit("drop");
      return;
    }
    code.emit("i32.const", rounds * step);
    code.emit("i32.lt_u");
    code.emit("br_if", 0);
    code.emit("end");
    return;
  }
  code.emit("block");
  code.emit("loop");
  code.emit("local.get", index);
  if (step > 1) {
    code.emit("i32.const", step - 1);
    code.emit("i32.add");
  }
  code.emit("local.get", bound);
  code.emit("i32.ge_s");
  code.emit("br_if", 1);
  body();
  code.emit("local.get", index);
  code.emit("i32.const", step);
  code.emit("i32.add");
  code.emit("local.set", index);
  code.emit("br", 0);
  code.emit("end");
  code.emit("end");
};

// A remainder loop starts where the main loop has ended.
const emitRest = (
  x: Context,
  index: number,
  from: number,
  step: number,
  extent: number,
  bound: number | null,
  body: () => void,
): void => {
  const { code } = x;
  if (bound !== null) {
    emitLoop(x, index, step, extent, bound, body);
    return;
  }
  const rounds = Math.floor((extent - from) / step);
  if (rounds === 0) return;
  if (rounds > 1) code.emit("loop");
  body();
  code.emit("local.get", index);
  code.emit("i32.const", step);
  code.emit("i32.add");
  code.emit("local.tee", index);
  if (rounds === 1) {
    code.emit("drop");
    return;
  }
  code.emit("i32.const", from + rounds * step);
  code.emit("i32.lt_u");
  code.emit("br_if", 0);
  code.emit("end");
};

// `acc = combine(acc, value)` on the vector locals of one accumulator, one per unrolled step.
const accumulate = (x: Context, combine: ReduceOp, value: Expr, locals: readonly number[]): void => {
  const { code } = x,
    lanes = (x.vector as VectorLoop).lanes,
    t = value.type,
    product = combine === "add" && value.op === "mul" && (t === "f32" || t === "f64") && isVarying(x, value);
  // A factor that all lanes share is spread once for all steps.
  const shared = product && locals.length > 1 ? value.args.findIndex((a) => !isVarying(x, a)) : -1;
  let spread = -1;
  if (shared >= 0) {
    spread = code.local("v128");
    emitVector(x, value.args[shared] as Expr, 0);
    code.emit("local.set", spread);
  }
  const factor = (i: number, u: number): void => {
    if (i === shared) code.emit("local.get", spread);
    else emitVector(x, value.args[i] as Expr, u);
  };
  locals.forEach((local, u) => {
    if (product && x.relaxed) {
      factor(0, u);
      factor(1, u);
      code.emit("local.get", local);
      code.emit(`${shapeOf(t, lanes) as "f32x4"}.relaxed_madd`);
    } else {
      code.emit("local.get", local);
      if (product) {
        factor(0, u);
        factor(1, u);
        code.emit(`${shapeOf(t, lanes) as "f32x4"}.mul`);
      } else emitVector(x, value, u);
      combineTop(x, combine, t);
    }
    code.emit("local.set", local);
  });
};
const combineTop = (x: Context, op: ReduceOp, t: ScalarType): void => {
  const name =
    t === "bool" ? (op === "min" || op === "and" || op === "mul" ? "v128.and" : "v128.or") : vectorBinary(op, t);
  if (name === null) throw new Error(`no vector instruction to reduce ${t} by ${op}`);
  x.code.emit(name);
};
const scalarCombine = (x: Context, op: ReduceOp, value: Expr): void =>
  emitBinary(
    x.code,
    value.type === "bool" ? (op === "min" || op === "and" || op === "mul" ? "and" : "or") : op,
    value.type,
    value,
  );

const pushIdentityVector = (x: Context, op: ReduceOp, t: ScalarType): void => {
  emitConst(x.code, t, t === "i64" ? BigInt(identityOf(op, t)) : identityOf(op, t));
  splatTop(x, t);
};

// Sums longer than this are cut in blocks whose sums are added apart, so that rounding errors do not pile up.
const blockRounds = 256;

const emitSerialFor = (x: Context, s: For, index: number, bound: number | null): void => {
  const { code } = x,
    loop = x.vector,
    n = s.index.extent;
  x.slots.set(s.index, { kind: "scalar", local: index, offset: 0 });
  const { nodes, loops } = weigh(
    s.body,
    s.accs.map((a) => a.value),
  );
  // Which lets inside vary is only known once they are emitted, so accumulators are vectors whenever the loop is inside a vector loop.
  const vectors = loop !== null;
  const slots = s.accs.map(
    (a): Slot =>
      vectors
        ? { kind: "vector", locals: Array.from({ length: loop.unroll }, () => code.local("v128")) }
        : { kind: "scalar", local: code.local(valTypeOf[a.value.type]), offset: 0 },
  );
  const reset = (): void =>
    s.accs.forEach((a, i) => {
      const slot = slots[i] as Slot,
        t = a.value.type;
      if (slot.kind === "vector")
        for (const l of slot.locals) {
          pushIdentityVector(x, a.combine, t);
          code.emit("local.set", l);
        }
      else {
        emitConst(code, t, t === "i64" ? BigInt(identityOf(a.combine, t)) : identityOf(a.combine, t));
        code.emit("local.set", slot.local);
      }
    });
  reset();
  const round = (): void => {
    emitStmts(x, s.body);
    s.accs.forEach((a, i) => {
      const slot = slots[i] as Slot;
      if (slot.kind === "vector") accumulate(x, a.combine, a.value, slot.locals);
      else {
        code.emit("local.get", slot.local);
        emitScalar(x, a.value);
        scalarCombine(x, a.combine, a.value);
        code.emit("local.set", slot.local);
      }
    });
  };
  const copies =
    s.mark === "unrolled"
      ? n
      : loops === 0 && nodes * (loop?.unroll ?? 1) <= 160 && n >= 8 && s.accs.length > 0
        ? 4
        : 1;
  const at = (k: number): void => {
    x.slots.set(s.index, { kind: "scalar", local: index, offset: k });
  };
  const unrolled = (): void => {
    for (let k = 0; k < copies; k++) {
      at(k);
      round();
    }
    at(0);
  };
  const blocked =
    bound === null &&
    n > blockRounds * 16 &&
    s.accs.length > 0 &&
    s.accs.every((a) => a.combine === "add" && (a.value.type === "f32" || a.value.type === "f64"));
  if (!blocked) {
    emitLoop(x, index, copies, n, bound, unrolled);
    if (copies > 1 && (bound !== null || n % copies !== 0)) emitRest(x, index, n - (n % copies), 1, n, bound, round);
  } else {
    // Block sums in the accumulators, their totals beside them.
    const totals = slots.map((slot, i) =>
      slot.kind === "vector"
        ? slot.locals.map(() => code.local("v128"))
        : [code.local(valTypeOf[(s.accs[i] as For["accs"][number]).value.type])],
    );
    const end = code.local("i32"),
      main = n - (n % copies);
    totals.forEach((ls, i) => {
      for (const l of ls) {
        const t = (s.accs[i] as For["accs"][number]).value.type;
        emitConst(code, t, 0);
        if (vectors) splatTop(x, t);
        code.emit("local.set", l);
      }
    });
    const flush = (): void =>
      slots.forEach((slot, i) => {
        const t = (s.accs[i] as For["accs"][number]).value.type,
          ls = slot.kind === "vector" ? slot.locals : [slot.local];
        ls.forEach((l, k) => {
          const total = (totals[i] as readonly number[])[k] as number;
          code.emit("local.get", total);
          code.emit("local.get", l);
          code.emit((vectors ? `${shapeOf(t, loop.lanes) as "f32x4"}.add` : `${valTypeOf[t] as "f32"}.add`) as Op);
          code.emit("local.set", total);
        });
      });
    code.emit("loop");
    code.emit("local.get", index);
    code.emit("i32.const", blockRounds * 4);
    code.emit("i32.add");
    code.emit("local.tee", end);
    code.emit("i32.const", main);
    code.emit("local.get", end);
    code.emit("i32.const", main);
    code.emit("i32.lt_u");
    code.emit("select");
    code.emit("local.set", end);
    emitLoop(x, index, copies, n, end, unrolled);
    flush();
    reset();
    code.emit("local.get", index);
    code.emit("i32.const", main);
    code.emit("i32.lt_u");
    code.emit("br_if", 0);
    code.emit("end");
    if (n % copies !== 0) emitRest(x, index, main, 1, n, null, round);
    flush();
    slots.forEach((slot, i) => {
      const ls = slot.kind === "vector" ? slot.locals : [slot.local];
      ls.forEach((l, k) => {
        code.emit("local.get", (totals[i] as readonly number[])[k] as number);
        code.emit("local.set", l);
      });
    });
  }
  s.accs.forEach((a, i) => {
    x.slots.set(a.name, slots[i] as Slot);
  });
};

const isWide = (t: ScalarType): boolean => t === "f64" || t === "i64";
// Types of everything that is computed in lanes; addresses stay scalar.
const lanesFor = (s: For): Lanes => {
  const data = new Set<Expr>(),
    roots = [
      ...exprsOf(s.body.filter((b) => b.op !== "store")),
      ...s.accs.map((a) => a.value),
      ...storesOf(s.body).map((b) => b.value),
    ];
  for (const r of roots) data.add(r);
  for (const e of [...topological(roots)].reverse())
    if (data.has(e) && e.op !== "read") for (const a of e.args) data.add(a);
  return [...data].some((e) => isWide(e.type)) ? 2 : 4;
};
const storesOf = (stmts: readonly Stmt[]): readonly (Stmt & { op: "store" })[] =>
  stmts.flatMap((s) =>
    s.op === "store"
      ? [s]
      : s.op === "for" || s.op === "while"
        ? storesOf(s.body)
        : s.op === "if"
          ? [...storesOf(s.then), ...storesOf(s.else)]
          : [],
  );

const emitVectorFor = (x: Context, s: For, index: number, bound: number | null): void => {
  const { code } = x,
    n = s.index.extent,
    lanes = lanesFor(s);
  const inVectors = s.accs.every((a) => a.value.type === "bool" || vectorBinary(a.combine, a.value.type) !== null);
  if (n < lanes || !inVectors) {
    emitSerialFor(x, s, index, bound);
    return;
  }
  const { nodes, loops } = weigh(
    s.body,
    s.accs.map((a) => a.value),
  );
  const most = Math.floor(n / lanes),
    wanted = n === lanes * 2 ? 2 : nodes <= 24 ? 4 : nodes <= (loops > 0 ? 60 : 90) ? 2 : 1,
    unroll = Math.min(wanted, most);
  x.slots.set(s.index, { kind: "scalar", local: index, offset: 0 });
  const start = (u: number): Context => ({
    ...x,
    slots: new Map(x.slots),
    vector: { index: s.index, lanes, unroll: u, splats: new Map(), varying: new Map() },
  });
  const main = start(unroll);
  presplat(main, s);
  const withUnroll = (u: number): Context => ({
    ...start(u),
    vector: { ...(main.vector as VectorLoop), unroll: u, varying: new Map() },
  });
  const accs = s.accs.map(() => Array.from({ length: unroll }, () => code.local("v128")));
  const reset = (): void =>
    s.accs.forEach((a, i) => {
      for (const l of accs[i] as readonly number[]) {
        pushIdentityVector(main, a.combine, a.value.type);
        code.emit("local.set", l);
      }
    });
  reset();
  const body = (c: Context) => (): void => {
    emitStmts(c, s.body);
    s.accs.forEach((a, i) => {
      accumulate(c, a.combine, a.value, (accs[i] as readonly number[]).slice(0, (c.vector as VectorLoop).unroll));
    });
  };
  const width = lanes * unroll,
    wide = n - (n % width),
    narrow = n - (n % lanes);
  // Totals: what the blocks' vectors come to, and then the scalar rest.
  const totals = s.accs.map((a) => code.local(totalType(a.combine, a.value.type)));
  s.accs.forEach((a, i) => {
    pushTotalIdentity(x, a.combine, a.value.type);
    code.emit("local.set", totals[i] as number);
  });
  const flush = (): void =>
    s.accs.forEach((a, i) =>
      emitHorizontal(main, a.combine, a.value.type, accs[i] as readonly number[], totals[i] as number),
    );
  const blocked =
    bound === null &&
    s.accs.length > 0 &&
    n > width * blockRounds &&
    s.accs.some((a) => a.combine === "add" && (a.value.type === "f32" || a.value.type === "f64"));
  if (blocked) {
    const end = code.local("i32");
    code.emit("loop");
    code.emit("local.get", index);
    code.emit("i32.const", width * 64);
    code.emit("i32.add");
    code.emit("local.tee", end);
    code.emit("i32.const", wide);
    code.emit("local.get", end);
    code.emit("i32.const", wide);
    code.emit("i32.lt_u");
    code.emit("select");
    code.emit("local.set", end);
    emitLoop(x, index, width, n, end, body(main));
    flush();
    reset();
    code.emit("local.get", index);
    code.emit("i32.const", wide);
    code.emit("i32.lt_u");
    code.emit("br_if", 0);
    code.emit("end");
  } else emitLoop(x, index, width, n, bound, body(main));
  if (unroll > 1 && (bound !== null || narrow > wide)) emitRest(x, index, wide, lanes, n, bound, body(withUnroll(1)));
  if (s.accs.length > 0) flush();
  const tail: Context = { ...x, slots: new Map(x.slots), vector: null };
  if (bound !== null || n > narrow)
    emitRest(x, index, narrow, 1, n, bound, () => {
      emitStmts(tail, s.body);
      s.accs.forEach((a, i) => {
        const t = a.value.type,
          total = totalType(a.combine, t);
        code.emit("local.get", totals[i] as number);
        emitScalar(tail, a.value);
        if (total !== valTypeOf[t]) {
          code.emit("f64.promote_f32");
          code.emit("f64.add");
        } else scalarCombine(x, a.combine, a.value);
        code.emit("local.set", totals[i] as number);
      });
    });
  s.accs.forEach((a, i) => {
    const t = a.value.type;
    let local = totals[i] as number;
    if (totalType(a.combine, t) !== valTypeOf[t]) {
      const l = code.local("f32");
      code.emit("local.get", local);
      code.emit("f32.demote_f64");
      code.emit("local.set", l);
      local = l;
    }
    x.slots.set(a.name, { kind: "scalar", local, offset: 0 });
  });
};

// Sums of float32 are totalled in float64: it costs nothing per element and keeps long sums exact.
const totalType = (op: ReduceOp, t: ScalarType): "i32" | "i64" | "f32" | "f64" =>
  op === "add" && t === "f32" ? "f64" : (valTypeOf[t] as "i32" | "i64" | "f32" | "f64");
const pushTotalIdentity = (x: Context, op: ReduceOp, t: ScalarType): void => {
  if (op === "add" && t === "f32") x.code.emit("f64.const", 0);
  else emitConst(x.code, t, t === "i64" ? BigInt(identityOf(op, t)) : identityOf(op, t));
};
/** `total = combine(total, all lanes of all vectors)`. */
const emitHorizontal = (x: Context, op: ReduceOp, t: ScalarType, vectors: readonly number[], total: number): void => {
  const { code } = x,
    lanes = (x.vector as VectorLoop).lanes,
    [first, ...rest] = vectors,
    v = code.local("v128");
  code.emit("local.get", first as number);
  for (const l of rest) {
    code.emit("local.get", l);
    combineTop(x, op, t);
  }
  code.emit("local.set", v);
  if (t === "bool") {
    code.emit("local.get", total);
    code.emit("local.get", v);
    if (op === "and" || op === "min" || op === "mul") {
      code.emit(lanes === 2 ? "i64x2.all_true" : "i32x4.all_true");
      code.emit("i32.and");
    } else {
      code.emit("v128.any_true");
      code.emit("i32.or");
    }
    code.emit("local.set", total);
    return;
  }
  const lane = (l: number): void => {
    code.emit("local.get", v);
    code.emit(`${shapeOf(t, lanes)}.extract_lane` as Op, l);
  };
  const f64 = op === "add" && t === "f32",
    value = { type: t, op: "var" } as Expr;
  for (let l = 0; l < lanes; l++) {
    code.emit("local.get", total);
    lane(l);
    if (f64) {
      code.emit("f64.promote_f32");
      code.emit("f64.add");
    } else emitBinary(code, op, t, value);
    code.emit("local.set", total);
  }
};

// Values that do not change in the loop are spread over the lanes once, before it.
const presplat = (x: Context, s: For): void => {
  const loop = x.vector as VectorLoop,
    inside = new Set<Expr>([s.index, ...namesOf(s.body), ...s.accs.map((a) => a.name)]);
  const data = new Set<Expr>();
  const roots = [
    ...s.accs.map((a) => a.value),
    ...exprsOf(s.body.filter((b) => b.op !== "store")),
    ...storesOf(s.body).map((b) => b.value),
  ];
  for (const r of roots) data.add(r);
  for (const e of [...topological(roots)].reverse())
    if (data.has(e) && e.op !== "read")
      e.args.forEach((a, i) => {
        if (!((e.op === "shl" || e.op === "shr") && i === 1)) data.add(a);
      });
  const moving = new Map<Expr, boolean>();
  for (const e of topological([...data])) moving.set(e, inside.has(e) || e.args.some((a) => moving.get(a) === true));
  for (const e of data) {
    if (
      (e.op !== "const" && e.op !== "var") ||
      moving.get(e) === true ||
      loop.splats.has(e) ||
      (e.op === "var" && !x.slots.has(e))
    )
      continue;
    const local = x.code.local("v128");
    emitScalar(x, e);
    splatTop(x, e.type);
    x.code.emit("local.set", local);
    loop.splats.set(e, local);
  }
};
