// Which loop runs as SIMD: the one along which memory is contiguous.
import type { Expr, Reduce, Var } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";
import { linear } from "../kernel/index.ts";

/** Stride of an offset along a loop, in elements; NaN if the offset is not linear in it. */
export const strideOf = (offset: Expr, v: Var): number => {
  const { terms } = linear(offset);
  for (const t of terms.keys()) if (t !== v && topological([t]).includes(v)) return Number.NaN;
  return terms.get(v) ?? 0;
};
/** Nodes below `roots` that depend on `v`, where the indices of reductions hide nothing: names are unique by height. */
const dependents = (roots: readonly Expr[], v: Var): ReadonlySet<Expr> => {
  const found = new Set<Expr>();
  for (const e of topological(roots))
    if (e === v || e.args.some((a) => found.has(a) && !(e.op === "reduce" && e.index === v))) found.add(e);
  return found;
};
const awkward = (reads: readonly Expr[], v: Var): number =>
  reads.filter((r) => {
    const s = strideOf(r.args[0] as Expr, v);
    return s !== 0 && s !== 1;
  }).length;
const contiguous = (reads: readonly Expr[], v: Var): number =>
  reads.filter((r) => strideOf(r.args[0] as Expr, v) === 1).length;

/** Whether the loop over `v` around `roots` should be the vector loop; if not, reductions inside may still choose theirs. */
export const vectorizes = (roots: readonly Expr[], v: Var): boolean => {
  if (v.extent < 4) return false;
  const within = dependents(roots, v);
  const inner = [...within].filter((e): e is Reduce => e.op === "reduce");
  if (inner.length === 0) {
    const reads = [...within].filter((e) => e.op === "read");
    return reads.length === 0 || contiguous(reads, v) > 0 || awkward(reads, v) < within.size / 3;
  }
  // Reductions depend on v: side by side (v is the vector), or one after the other with the vector inside.
  const bodies = inner.flatMap((r) => topological(r.args).filter((e) => e.op === "read" && within.has(e)));
  const along = awkward(bodies, v);
  const across = Math.min(
    ...inner.map((r) =>
      r.index.extent < 8
        ? Infinity
        : awkward(
            topological(r.args).filter((e) => e.op === "read"),
            r.index,
          ) + (dependents(r.args, r.index).size === 0 ? 1 : 0),
    ),
  );
  return along <= across;
};
