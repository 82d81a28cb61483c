// Views: a buffer that is part of another one, chosen by the round of a loop perhaps. Scans read xs and write ys through them in
// place; nothing is copied.
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { buffer, int, loopVar, read, rewrite } from "../kernel/expr.ts";
import { iadd, imul } from "../kernel/index.ts";
import type { Stmt } from "../kernel/program.ts";

/** So many elements of `base` from `start` on; in a loop `step` further (or back) in each round. */
export interface View {
  readonly base: Buffer;
  readonly start: number;
  readonly loop?: { readonly round: Var; readonly counter: Buffer; readonly step: number };
}
export type Views = Map<Buffer, View>;

/** A stack slot by slot as rounds find it, from the first to the last or back; elements of a slot. */
export interface Slots {
  readonly base: Buffer;
  readonly count: number;
  readonly size: number;
  readonly reverse: boolean;
}
/** The slot of round `k`. */
export const slotOf = ({ base, count, size, reverse }: Slots, k: number): View => ({
  base,
  start: size * (reverse ? count - 1 - k : k),
});
/** In a loop that does `each` rounds at a time, the slot of the one that is round `k` the first time. */
export const slotInLoop = (s: Slots, k: number, { each, ...loop }: Turn): View => ({
  ...slotOf(s, k),
  loop: { ...loop, step: (s.reverse ? -s.size : s.size) * each },
});
/** How a loop counts. */
export interface Turn {
  readonly round: Var;
  readonly counter: Buffer;
  readonly each: number;
}
/** A buffer of its own name that is a view. */
export const viewed = (view: View, { type, shape }: Pick<Buffer, "type" | "shape">, views: Views): Buffer => {
  const b = buffer(type, shape);
  views.set(b, view);
  return b;
};

let next = 0;
/** The name of the round of a loop. */
export const roundOf = (count: number): Var => loopVar(`round${next++}`, count);

/** The buffer that holds the elements of `b`, and the offset in it of the element at `offset` in `b`. */
const located = (b: Buffer, offset: Expr, views: Views, used: Map<Var, Buffer>): readonly [Buffer, Expr] => {
  let base = b,
    at = offset;
  for (let v = views.get(base); v !== undefined; v = views.get(base)) {
    at = iadd(int(v.start), at);
    if (v.loop !== undefined) {
      used.set(v.loop.round, v.loop.counter);
      at = iadd(imul(v.loop.round, v.loop.step), at);
    }
    base = v.base;
  }
  return [base, at];
};

/** Rewrite reads (which have flat offsets); `used` gathers the rounds that they depend on. */
export const throughViews = (roots: readonly Expr[], views: Views, used: Map<Var, Buffer>): readonly Expr[] =>
  views.size === 0
    ? roots
    : rewrite(roots, (e) => {
        if (e.op !== "read" || !views.has(e.buffer)) return e;
        const [base, at] = located(e.buffer, e.args[0] as Expr, views, used);
        return read(base, [at]);
      });
/** Where a store to `b` at a flat offset goes. */
export const storeThrough = located;

/** Rewrite the reads and stores of statements. */
export const viewStmts = (stmts: readonly Stmt[], views: Views, used: Map<Var, Buffer>): readonly Stmt[] => {
  if (views.size === 0) return stmts;
  const one = (e: Expr): Expr => throughViews([e], views, used)[0] as Expr;
  const all = (inner: readonly Stmt[]): readonly Stmt[] => inner.map(go);
  const go = (s: Stmt): Stmt => {
    switch (s.op) {
      case "let":
      case "set":
        return { ...s, value: one(s.value) };
      case "store": {
        const [buffer, at] = located(s.buffer, one(s.at[0] as Expr), views, used);
        return { ...s, buffer, at: [at], value: one(s.value) };
      }
      case "if":
        return { ...s, cond: one(s.cond), then: all(s.then), else: all(s.else) };
      case "while":
        return { ...s, cond: one(s.cond), body: all(s.body) };
      case "for":
        return {
          ...s,
          body: all(s.body),
          accs: s.accs.map((a) => ({ ...a, value: one(a.value) })),
          ...(s.limit === undefined ? {} : { limit: one(s.limit) }),
        };
      default:
        return s satisfies never;
    }
  };
  return all(stmts);
};

/** Statements that bind the rounds to what their counters hold. */
export const bindRounds = (used: ReadonlyMap<Var, Buffer>): readonly Stmt[] =>
  [...used].map(([name, counter]): Stmt => ({ op: "let", name, value: read(counter, [int(0)]) }));
