// Views: a buffer that is a slice of another one, chosen by the round of a loop. Scans read xs and write ys through them in
// place; nothing is copied.
import { sizeOf } from "../core/aval.ts";
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { int, loopVar, read, rewrite } from "../kernel/expr.ts";
import { iadd, imul, isub } from "../kernel/index.ts";
import type { Stmt } from "../kernel/program.ts";

/** Slice number `round * stride + first` (from the end if `reverse`) of `base`, whose first axis has `count` slices. */
export interface View {
  readonly base: Buffer;
  readonly round: Var;
  readonly counter: Buffer;
  readonly stride: number;
  readonly first: number;
  readonly count: number;
  readonly reverse: boolean;
}
export type Views = Map<Buffer, View>;

let next = 0;
/** The name of the round of a loop. */
export const roundOf = (count: number): Var => loopVar(`round${next++}`, count);

/** The buffer that holds the elements of `b`, and the offset in it of the element at `offset` in `b`. */
const located = (b: Buffer, offset: Expr, views: Views, used: Map<Var, Buffer>): readonly [Buffer, Expr] => {
  let base = b,
    at = offset;
  for (let v = views.get(base); v !== undefined; v = views.get(base)) {
    used.set(v.round, v.counter);
    const along = iadd(imul(v.round, v.stride), int(v.first)),
      slice = v.reverse ? isub(int(v.count - 1), along) : along;
    at = iadd(imul(slice, sizeOf(base.shape)), at);
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
