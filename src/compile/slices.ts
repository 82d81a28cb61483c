// What one kernel makes and another reads slice by slice, padded images above all, is made where it is read: each round of the loop
// that threads share fills a slice of its own. Nothing of it passes from one core to another, and it stays in the second cache.
import { sizeOf } from "../core/aval.ts";
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { buffer, read, rewrite, topological } from "../kernel/expr.ts";
import { fromLinear, linear, rangeOf } from "../kernel/index.ts";
import type { Stmt } from "../kernel/program.ts";
import { buffersIn } from "./bound.ts";
import type { Contraction, Direct } from "./contraction.ts";
import type { Loops } from "./contractLoops.ts";

/** A part of a buffer for each index of a loop, and the memory that holds one at a time. */
export interface Slice {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly round: Var;
  /** How many dimensions of the buffer the loop goes over; the others are the slice. */
  readonly depth: number;
}
/** Loops with fewer rounds are merged with others, or leave threads little to share; numbers that stay in the second cache. */
const fewRounds = 16,
  largest = 1 << 17;

/** An offset without its term in an index. */
const without = (offset: Expr, index: Var): Expr => {
  const { c, terms } = linear(offset),
    less = new Map(terms);
  less.delete(index);
  return fromLinear({ c, terms: less });
};
/** Whether an offset is in slice number `round` of `size`. */
const inside = (offset: Expr, round: Var, size: number): boolean => {
  if (linear(offset).terms.get(round) !== size) return false;
  const rest = without(offset, round),
    [lowest, highest] = rangeOf(rest);
  return lowest >= 0 && highest < size && !topological([rest]).includes(round);
};
/** The slices of `from` in which everything lies that expressions over `rounds` read of it, or null. */
export const sliceOf = (from: Buffer, roots: readonly Expr[], rounds: readonly Var[]): Slice | null => {
  const offsets = topological(roots).flatMap((e) => (e.op === "read" && e.buffer === from ? [e.args[0] as Expr] : []));
  if (offsets.length === 0) return null;
  for (let depth = 1; depth < from.shape.length; depth++) {
    const shape = from.shape.slice(depth),
      size = sizeOf(shape),
      count = sizeOf(from.shape.slice(0, depth));
    if (count < fewRounds || size > largest) continue;
    const round = rounds.find((v) => v.extent === count && offsets.every((o) => inside(o, v, size)));
    if (round !== undefined) return { from, to: buffer(from.type, shape), round, depth };
  }
  return null;
};

/** Expressions that read the slice. */
export const fromSlice = (roots: readonly Expr[], { from, to, round }: Slice): readonly Expr[] =>
  rewrite(roots, (e) => (e.op === "read" && e.buffer === from ? read(to, [without(e.args[0] as Expr, round)]) : e));
/** A sum of products that reads the slice. */
export const contractionFromSlice = (c: Contraction, s: Slice): Contraction => {
  const [left, right] = fromSlice([c.left, c.right], s) as [Expr, Expr];
  const where = <D extends Direct>(d: D | null): D | null =>
    d === null || d.buffer !== s.from
      ? d
      : { ...d, buffer: s.to, rows: without(d.rows, s.round), rest: without(d.rest, s.round) };
  return { ...c, left, right, direct: where(c.direct), straight: where(c.straight), columns: where(c.columns) };
};

/** Loops whose outermost one fills the slice in each round, by `fill`; null if something else reads it. */
export const filledInRounds = ({ body, scratch }: Loops, { to, round }: Slice, fill: Loops): Loops | null => {
  const at = body.findIndex((s) => s.op === "for" && s.index === round),
    others = body.filter((_, i) => i !== at);
  if (at < 0 || buffersIn(others).has(to)) return null;
  return {
    body: body.map((s, i): Stmt => (i === at && s.op === "for" ? { ...s, body: [...fill.body, ...s.body] } : s)),
    scratch: [...scratch, ...fill.scratch, to],
  };
};
