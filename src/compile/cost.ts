// What expressions cost, in units of one addition: enough to choose between computing again and remembering.
import type { Expr, Var } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";

const weights: Readonly<Record<string, number>> = {
  div: 3,
  sqrt: 3,
  rem: 3,
  pow: 30,
  ipow: 30,
  frem: 20,
  nextafter: 6,
  atan2: 20,
  lgamma: 40,
  digamma: 40,
  erfInv: 25,
};
const plain: ReadonlySet<string> = new Set(
  "add sub mul min max and or xor shl shr neg abs floor ceil trunc nearest not clz popcnt eq ne lt le gt ge select rare fma fma64".split(
    " ",
  ),
);
/** Cost of one node. Mathematical functions that are not listed are polynomials of about a dozen terms. */
const weight = (e: Expr): number => {
  if (e.op === "const" || e.op === "var" || e.op === "read" || e.op === "bitcast") return 0;
  if (e.op === "cast") return 1;
  return weights[e.op] ?? (plain.has(e.op) || e.op === "reduce" ? 1 : 12);
};

/** Nodes below `roots` that are computed as data: what only makes up an address does not count. */
export const dataNodes = (roots: readonly Expr[]): ReadonlySet<Expr> => {
  const data = new Set<Expr>(roots);
  for (const e of [...topological(roots)].reverse())
    if (data.has(e) && e.op !== "read") for (const a of e.args) data.add(a);
  return data;
};

/** Cost of `root` with reads for free; what stands under a reduction counts once per index. */
export const costOf = (root: Expr): number => {
  const data = dataNodes([root]),
    times = new Map<Expr, number>([[root, 1]]);
  let sum = 0;
  for (const e of [...topological([root])].reverse()) {
    if (!data.has(e)) continue;
    const n = times.get(e) ?? 1,
      below = e.op === "reduce" ? n * e.index.extent : n;
    sum += (e.op === "reduce" ? below : n) * weight(e);
    if (e.op !== "read") for (const a of e.args) times.set(a, Math.max(times.get(a) ?? 0, below));
  }
  return sum;
};

/** Loop indices that an expression moves with. */
export const indicesOf = (roots: readonly Expr[]): ReadonlySet<Var> => {
  const bound = new Set<Expr>(),
    found = new Set<Var>();
  for (const e of topological(roots)) {
    if (e.op === "var" && e.extent >= 0) found.add(e);
    if (e.op === "reduce") bound.add(e.index);
  }
  for (const b of bound) found.delete(b as Var);
  return found;
};
