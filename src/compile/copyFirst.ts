// Kernels that begin by copying an operand, as updates of a few elements do: the copy becomes a step of its own. Where the operand is
// not needed afterwards the plan puts both in one place, and there is nothing to copy: the update is done in place.
import { sizeOf } from "../core/aval.ts";
import type { Buffer, Expr } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";
import { linear } from "../kernel/index.ts";
import type { Kernel, Step, Stmt, Store } from "../kernel/program.ts";
import { withSplit } from "./split.ts";

/** The only store of a nest of loops, with the extents of the loops from the outside in; null if there is more. */
const onlyStore = (s: Stmt, lets: Map<Expr, Expr>, loops: (readonly [Expr, number])[]): Store | null => {
  if (s.op === "store") return s.combine === undefined ? s : null;
  if (s.op !== "for" || s.accs.length > 0 || s.limit !== undefined) return null;
  loops.push([s.index, s.index.extent]);
  const rest = s.body.filter((t) => {
    if (t.op !== "let" || t.mutable) return true;
    lets.set(t.name, t.value);
    return false;
  });
  return rest.length === 1 ? onlyStore(rest[0] as Stmt, lets, loops) : null;
};
/** Coefficients of the loops in an offset whose names stand for sums of them. */
const coefficients = (offset: Expr, lets: ReadonlyMap<Expr, Expr>): ReadonlyMap<Expr, number> => {
  const found = new Map<Expr, number>();
  const add = (e: Expr, k: number): void => {
    const { c, terms } = linear(e);
    if (c !== 0) found.set(e, Number.NaN);
    for (const [t, n] of terms) {
      const meaning = lets.get(t);
      if (meaning === undefined) found.set(t, (found.get(t) ?? 0) + k * n);
      else add(meaning, k * n);
    }
  };
  add(offset, 1);
  return found;
};
/** The copy that a statement is: all of one buffer to the same places of another. */
const copyOf = (s: Stmt): { readonly from: Buffer; readonly to: Buffer } | null => {
  const lets = new Map<Expr, Expr>(),
    loops: (readonly [Expr, number])[] = [],
    store = onlyStore(s, lets, loops);
  if (store === null || store.value.op !== "read") return null;
  const { buffer: from } = store.value,
    { buffer: to } = store;
  const [at, source] = [store.at[0] as Expr, store.value.args[0] as Expr].map((e) => coefficients(e, lets)) as [
    ReadonlyMap<Expr, number>,
    ReadonlyMap<Expr, number>,
  ];
  let stride = 1;
  for (const [index, extent] of [...loops].reverse()) {
    if (at.get(index) !== stride || source.get(index) !== stride) return null;
    stride *= extent;
  }
  const whole = stride === sizeOf(from.shape) && stride === sizeOf(to.shape) && from.type === to.type;
  return whole && from !== to && at.size === loops.length && source.size === loops.length ? { from, to } : null;
};

/** Whether a statement reads or writes a buffer. */
const touches = (s: Stmt, b: Buffer): boolean => {
  const inExpr = (e: Expr | undefined): boolean =>
    e !== undefined && topological([e]).some((x) => x.op === "read" && x.buffer === b);
  switch (s.op) {
    case "let":
    case "set":
      return inExpr(s.value);
    case "store":
      return s.buffer === b || inExpr(s.value) || s.at.some(inExpr);
    case "if":
      return inExpr(s.cond) || [...s.then, ...s.else].some((t) => touches(t, b));
    case "while":
      return inExpr(s.cond) || s.body.some((t) => touches(t, b));
    case "for":
      return inExpr(s.limit) || s.accs.some((a) => inExpr(a.value)) || s.body.some((t) => touches(t, b));
    default:
      return s satisfies never;
  }
};

/** The steps that run a kernel: a copy and the rest of it if it begins by copying an operand that it does not use otherwise. */
export const callSteps = (kernel: Kernel): readonly Step[] => {
  const at = kernel.body.findIndex((s) => s.op === "for"),
    copy = at < 0 || kernel.body.length === 1 ? null : copyOf(kernel.body[at] as Stmt);
  if (copy === null) return [{ op: "call", kernel }];
  const { from, to } = copy,
    before = kernel.body.slice(0, at),
    rest = [...before, ...kernel.body.slice(at + 1)];
  // Before the copy there may be numbers for it that are operands.
  if (rest.some((s) => touches(s, from)) || before.some((s) => touches(s, to)) || kernel.scratch.includes(from))
    return [{ op: "call", kernel }];
  const slim: Kernel = { ...kernel, body: rest, params: kernel.params.filter((b) => b !== from) };
  return [
    { op: "copy", from, to },
    { op: "call", kernel: withSplit(slim) },
  ];
};
