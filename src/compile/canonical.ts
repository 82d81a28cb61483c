// Expressions in canonical form: reductions named by nesting height, so that equal sums are one node whoever wrote them;
// reads by one flat offset, so that loops can be merged and strides can be seen.
import type { Expr, Var } from "../kernel/expr.ts";
import { loopVar, read, reduceOver, rewrite, substitute, topological, withArgs } from "../kernel/expr.ts";
import { fromLinear, linear, ravel } from "../kernel/index.ts";

/** Number of reductions on the deepest path below each node. */
const heights = (roots: readonly Expr[]): ReadonlyMap<Expr, number> => {
  const h = new Map<Expr, number>();
  for (const e of topological(roots)) {
    let m = 0;
    for (const a of e.args) m = Math.max(m, h.get(a) ?? 0);
    h.set(e, e.op === "reduce" ? m + 1 : m);
  }
  return h;
};

/** Rename the index of every reduction to its height and extent, and flatten the index of every read. */
export const canonical = (roots: readonly Expr[]): readonly Expr[] => {
  const h = heights(roots),
    done = new Map<Expr, Expr>();
  for (const e of topological(roots)) {
    const args = e.args.map((a) => done.get(a) as Expr);
    if (e.op === "reduce") {
      const index = loopVar(`r${h.get(e)}`, e.index.extent);
      done.set(e, reduceOver(e.combine, index, substitute(args, new Map([[e.index, index]]))[0] as Expr));
    } else done.set(e, rebuild(e, args));
  }
  return roots.map((r) => done.get(r) as Expr);
};
const rebuild = (e: Expr, args: readonly Expr[]): Expr =>
  e.op === "read" ? read(e.buffer, [flatOffset(args, e.buffer.shape)]) : withArgs(e, args);
/** Row-major offset of an index that has an entry per dimension or is an offset already. */
export const flatOffset = (at: readonly Expr[], shape: readonly number[]): Expr =>
  at.length === 1 && shape.length !== 1 ? fromLinear(linear(at[0] as Expr)) : ravel(at, shape);

/** An output index, or an index of a reduction. */
interface Nest {
  readonly outer: Var;
  readonly inner: Var;
}

// Two adjacent loops are one if every offset moves by the inner extent when the outer index moves by one, and neither index is used otherwise.
const mergeable = (offsets: readonly Expr[], others: readonly Expr[], { outer, inner }: Nest): boolean => {
  for (const o of offsets) {
    const { terms } = linear(o);
    if ((terms.get(outer) ?? 0) !== (terms.get(inner) ?? 0) * inner.extent) return false;
    for (const t of terms.keys()) if (t !== outer && t !== inner && uses(t, outer, inner)) return false;
  }
  return !others.some((e) => e === outer || e === inner);
};
const uses = (e: Expr, a: Expr, b: Expr): boolean => topological([e]).some((x) => x === a || x === b);

const mergeIn = (offset: Expr, { outer, inner }: Nest, merged: Var): Expr => {
  const { c, terms } = linear(offset);
  const k = terms.get(inner);
  if (k === undefined) return offset;
  const rest = new Map(terms);
  rest.delete(inner);
  rest.delete(outer);
  rest.set(merged, k);
  return fromLinear({ c, terms: rest });
};

// Offsets of reads, and every node that is used as a number and not only inside an address.
const usesOf = (roots: readonly Expr[]): { readonly offsets: readonly Expr[]; readonly others: readonly Expr[] } => {
  const offsets = new Set<Expr>(),
    others = new Set<Expr>(roots);
  for (const e of [...topological(roots)].reverse()) {
    if (!others.has(e)) continue; // only part of an address
    if (e.op === "read") {
      offsets.add(e.args[0] as Expr);
      for (const t of linear(e.args[0] as Expr).terms.keys()) if (t.op !== "var") others.add(t);
    } else for (const a of e.args) others.add(a);
  }
  return { offsets: [...offsets], others: [...others] };
};

/** Merge adjacent output loops; `roots` have flat offsets. Gives the new loops and rewritten roots and offsets of the stores. */
export const mergeLoops = (
  vars: readonly Var[],
  roots: readonly Expr[],
  stores: readonly Expr[],
): { readonly vars: readonly Var[]; readonly roots: readonly Expr[]; readonly stores: readonly Expr[] } => {
  let current = { vars: vars.filter((v) => v.extent !== 1), roots, stores };
  const units = new Map<Expr, Expr>(vars.filter((v) => v.extent === 1).map((v) => [v, zero()]));
  if (units.size > 0)
    current = {
      ...current,
      roots: renormalize(substitute(roots, units)),
      stores: stores.map((s) => fromLinear(linear(substitute([s], units)[0] as Expr))),
    };
  for (let i = current.vars.length - 2; i >= 0; i--) {
    const outer = current.vars[i] as Var,
      inner = current.vars[i + 1] as Var,
      nest = { outer, inner };
    const { offsets, others } = usesOf(current.roots);
    if (!mergeable([...offsets, ...current.stores], others, nest)) continue;
    const merged = loopVar(`${outer.name}_${inner.name}`, outer.extent * inner.extent);
    current = {
      vars: [...current.vars.slice(0, i), merged, ...current.vars.slice(i + 2)],
      roots: rewrite(current.roots, (e) =>
        e.op === "read" ? read(e.buffer, [mergeIn(e.args[0] as Expr, nest, merged)]) : e,
      ),
      stores: current.stores.map((s) => mergeIn(s, nest, merged)),
    };
  }
  return current;
};
const zero = (): Expr => fromLinear({ c: 0, terms: new Map() });
const renormalize = (roots: readonly Expr[]): readonly Expr[] =>
  rewrite(roots, (e) => (e.op === "read" ? read(e.buffer, [fromLinear(linear(e.args[0] as Expr))]) : e));

/** Merge directly nested reductions of one kind over adjacent indices, and drop reductions over one index. */
export const mergeReductions = (roots: readonly Expr[]): readonly Expr[] =>
  rewrite(roots, (e) => {
    if (e.op !== "reduce") return e;
    const body = e.args[0] as Expr;
    if (e.index.extent === 1) return renormalize(substitute([body], new Map([[e.index, zero()]])))[0] as Expr;
    if (body.op !== "reduce" || body.combine !== e.combine) return e;
    const nest = { outer: e.index, inner: body.index },
      { offsets, others } = usesOf(body.args);
    if (!mergeable(offsets, others, nest)) return e;
    const merged = loopVar(`${body.index.name}_${e.index.name}`, e.index.extent * body.index.extent);
    const inner = rewrite(body.args, (x) =>
      x.op === "read" ? read(x.buffer, [mergeIn(x.args[0] as Expr, nest, merged)]) : x,
    )[0] as Expr;
    return reduceOver(e.combine, merged, inner);
  });
