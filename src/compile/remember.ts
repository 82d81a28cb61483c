// Row scratch: what is expensive and needed twice in a row (softmax needs every exponential for the sum and for the result) is
// stored in a row of memory by the first loop and read by the later ones.
import type { Buffer, Expr, Reduce, Var } from "../kernel/expr.ts";
import { buffer, localVar, read, substitute, topological } from "../kernel/expr.ts";
import type { Accumulator, Stmt } from "../kernel/program.ts";
import { loop, nest, store, storeEach } from "../kernel/statement.ts";
import { costOf, indicesOf } from "./cost.ts";
import { vectorizes } from "./vectorize.ts";

/** Remembering costs a store and a load; below this it is better to compute again. */
const worthwhile = 8;
const shortestRow = 16;

/** Reductions that run once a row, in an order in which they can. */
const rowReductions = (roots: readonly Expr[], row: Var): readonly Reduce[] => {
  const bound = new Set<Expr>([row]),
    all = topological(roots).filter((e): e is Reduce => e.op === "reduce");
  for (const r of all) bound.add(r.index);
  return all.filter((r) => [...indicesOf([r])].every((v) => !bound.has(v)));
};

/** A value that is computed in one loop and read in others. */
interface Memory {
  readonly maker: Reduce;
  readonly value: Expr;
  readonly scratch: Buffer;
}

/** An expression under another index. */
const renamed = (e: Expr, from: Var, to: Var): Expr => substitute([e], new Map([[from, to]]))[0] as Expr;

/** Find what the loop of `maker` should keep: values that occur again, under another index, in `nodes`. */
const keepable = (maker: Reduce, others: ReadonlyMap<Var, ReadonlySet<Expr>>): readonly Expr[] => {
  const found: Expr[] = [],
    seen = new Set<Expr>(),
    stack: Expr[] = [maker.args[0] as Expr];
  while (stack.length > 0) {
    const e = stack.pop() as Expr;
    if (seen.has(e) || e.op === "reduce" || !indicesOf([e]).has(maker.index)) continue;
    seen.add(e);
    const again =
      (e.type === "f32" || e.type === "f64") &&
      costOf(e) >= worthwhile &&
      [...others].some(([v, nodes]) => v !== maker.index && nodes.has(renamed(e, maker.index, v)));
    if (again) found.push(e);
    else stack.push(...e.args);
  }
  return found;
};

/** The loops of a kernel whose rows remember, or null if there is nothing to remember. `vars` ends with the row. */
export const remembering = (
  vars: readonly Var[],
  roots: readonly Expr[],
  stores: readonly Expr[],
  outs: readonly Buffer[],
): { readonly body: readonly Stmt[]; readonly scratch: readonly Buffer[] } | null => {
  const row = vars[vars.length - 1];
  if (row === undefined || row.extent < shortestRow || !vectorizes(roots, row)) return null;
  const reductions = rowReductions(roots, row).filter((r) => r.index.extent === row.extent);
  if (reductions.length === 0) return null;
  // Where each index is at home: below its reduction, or in the results.
  const places = new Map<Var, ReadonlySet<Expr>>([[row, new Set(topological(roots))]]);
  for (const r of reductions) places.set(r.index, new Set([...(places.get(r.index) ?? []), ...topological(r.args)]));
  const memories: Memory[] = [];
  for (const maker of reductions) {
    // Only loops that wait for the maker anyway may read what it keeps.
    const later = new Map(
      [...places].filter(([v]) =>
        (v === row ? roots : reductions.filter((r) => r.index === v)).every((e) => topological([e]).includes(maker)),
      ),
    );
    for (const value of keepable(maker, later)) {
      // The first loop that has it keeps it; later ones read.
      if (memories.some((m) => renamed(m.value, m.maker.index, row) === renamed(value, maker.index, row))) continue;
      memories.push({ maker, value, scratch: buffer(value.type as "f32" | "f64", [row.extent]) });
    }
  }
  if (memories.length === 0) return null;
  return {
    body: rowLoops(vars, roots, stores, outs, rowReductions(roots, row), memories),
    scratch: memories.map((m) => m.scratch),
  };
};

const rowLoops = (
  vars: readonly Var[],
  roots: readonly Expr[],
  stores: readonly Expr[],
  outs: readonly Buffer[],
  reductions: readonly Reduce[],
  memories: readonly Memory[],
): readonly Stmt[] => {
  const row = vars[vars.length - 1] as Var,
    known = new Map<Expr, Expr>(),
    body: Stmt[] = [];
  // Under every index but the maker's own, a remembered value is a read.
  const readBack = (index: Var, maker: Reduce | null): void => {
    for (const m of memories) {
      if (m.maker === maker || (maker !== null && !topological([maker]).includes(m.maker))) continue;
      known.set(renamed(m.value, m.maker.index, index), read(m.scratch, [index]));
    }
  };
  const rewritten = (e: Expr): Expr => substitute([e], known)[0] as Expr;
  let names = 0;
  const depth = levels(reductions);
  for (let level = 0; level <= Math.max(...depth.values()); level++) {
    const here = reductions.filter((r) => depth.get(r) === level);
    for (const index of new Set(here.map((r) => r.index))) {
      const group = here.filter((r) => r.index === index),
        kept: Stmt[] = [];
      for (const r of group) readBack(index, r);
      const local = new Map<Expr, Expr>();
      for (const m of memories) {
        if (!group.includes(m.maker)) continue;
        const name = localVar(`kept${names++}`, m.value.type);
        kept.push({ op: "let", name, value: rewritten(m.value) }, store(m.scratch, [index], name));
        local.set(m.value, name);
      }
      const accs = group.map(
        (r): Accumulator => ({
          name: localVar(`row${names++}`, r.type),
          combine: r.combine,
          value: substitute([r.args[0] as Expr], new Map([...known, ...local]))[0] as Expr,
        }),
      );
      const mark = vectorizes(
        group.flatMap((r) => r.args),
        index,
      )
        ? "vector"
        : "serial";
      body.push(loop(index, kept, { mark, accs }));
      group.forEach((r, i) => {
        known.set(r, (accs[i] as Accumulator).name);
      });
    }
  }
  readBack(row, null);
  const last = loop(row, storeEach(outs, stores, roots.map(rewritten)), { mark: "vector" });
  return nest(vars.slice(0, -1), [...body, last]);
};

/** For each reduction the number of reductions that must run before it, one after the other. */
const levels = (reductions: readonly Reduce[]): ReadonlyMap<Reduce, number> => {
  const level = new Map<Reduce, number>(),
    all = new Set<Expr>(reductions);
  for (const r of reductions) {
    let n = 0;
    for (const e of topological(r.args)) if (all.has(e)) n = Math.max(n, (level.get(e as Reduce) ?? 0) + 1);
    level.set(r, n);
  }
  return level;
};
