// Something surrounded by a constant (padding): all of it is filled, and then the box is stored over it. A choice for each element
// would cost more than the second store, and leave rows whose ends are no whole vectors.
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { int, loopVar, rewrite } from "../kernel/expr.ts";
import { iadd, linear } from "../kernel/index.ts";
import type { Stmt } from "../kernel/program.ts";
import { nest, storeEach } from "../kernel/statement.ts";
import { mergeLoops } from "./canonical.ts";
import { at } from "./indices.ts";
import { decide } from "./pieces.ts";
import { vectorizes } from "./vectorize.ts";

/** Elements that are filled at once: they stay in the first cache until the box comes. */
const mostFilled = 4096;

/** From where to where an index runs. */
type Bounds = readonly [from: number, to: number];
/** What a condition says about indices one by one, or null if it says anything else. */
const boundsOf = (cond: Expr): ReadonlyMap<Var, Bounds> | null => {
  const found = new Map<Var, Bounds>();
  const look = (e: Expr): boolean => {
    const [a, b] = e.args as readonly [Expr, Expr];
    if (e.op === "and") return look(a) && look(b);
    if ((e.op !== "lt" && e.op !== "ge") || a.type !== "i32" || b.op !== "const") return false;
    const { c, terms } = linear(a),
      [v, factor] = [...terms][0] ?? [];
    if (terms.size !== 1 || v?.op !== "var" || factor !== 1) return false;
    const [from, to] = found.get(v) ?? [0, v.extent],
      cut = Number(b.value) - c;
    found.set(v, e.op === "lt" ? [from, Math.min(to, cut)] : [Math.max(from, cut), to]);
    return true;
  };
  return look(cond) ? found : null;
};

/** Loops that fill and then store, or null where the results are not boxes within constants. */
export const inBoxes = (
  vars: readonly Var[],
  roots: readonly Expr[],
  stores: readonly Expr[],
  outs: readonly Buffer[],
): readonly Stmt[] | null => {
  const last = vars[vars.length - 1],
    first = roots[0];
  if (last === undefined || first?.op !== "select") return null;
  const cond = first.args[0] as Expr;
  if (!roots.every((e) => e.op === "select" && e.args[0] === cond && e.args[2]?.op === "const")) return null;
  const bounds = boundsOf(cond);
  if (bounds === null || !bounds.has(last)) return null;
  // Of the bounded indices as many as fill little memory; the others remain choices.
  let size = last.extent,
    outer = vars.length - 1;
  for (let i = outer - 1; i >= 0 && size * (vars[i] as Var).extent <= mostFilled; i--) {
    size *= (vars[i] as Var).extent;
    if (bounds.has(vars[i] as Var)) outer = i;
  }
  const around = vars.slice(0, outer),
    within = vars.slice(outer),
    box = within.map((v): Bounds => bounds.get(v) ?? [0, v.extent]);
  if (box.some(([from, to]) => from >= to)) return null;
  const inner = within.map((v, d) => {
    const [from, to] = box[d] as Bounds;
    return loopVar(`${v.name}b`, to - from);
  });
  const places = inner.map((v, d) => iadd(v, int((box[d] as Bounds)[0]))),
    values = rewrite(at(roots, within, places), decide);
  const whole = mergeLoops(
      within,
      roots.map((e) => e.args[2] as Expr),
      stores,
    ),
    row = inner[inner.length - 1] as Var;
  return nest(around, [
    ...nest(whole.vars, storeEach(outs, whole.stores, whole.roots), "vector"),
    ...nest(inner, storeEach(outs, at(stores, within, places), values), vectorizes(values, row) ? "vector" : "serial"),
  ]);
};
