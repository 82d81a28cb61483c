// Choices of which one side is seldom needed (`rare`): what must be computed before them, and which share a branch.
import type { Expr } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";

/** What each node needs before it, and all nodes in an order that respects that. */
export interface Order {
  readonly order: readonly Expr[];
  readonly operands: ReadonlyMap<Expr, readonly Expr[]>;
}
/** Every node that `roots` need, operands first. */
export const inOrder = (roots: readonly Expr[], operandsOf: (e: Expr) => readonly Expr[]): Order => {
  const order: Expr[] = [],
    operands = new Map<Expr, readonly Expr[]>(),
    left = new Set<Expr>(),
    stack: Expr[] = [...roots].reverse();
  while (stack.length > 0) {
    const e = stack[stack.length - 1] as Expr;
    if (operands.has(e)) {
      stack.pop();
      if (!left.has(e)) {
        left.add(e);
        order.push(e);
      }
      continue;
    }
    const next = operandsOf(e);
    operands.set(e, next);
    for (const a of next) if (!operands.has(a)) stack.push(a);
  }
  return { order, operands };
};

/** Choices that are made together, and what is needed before them. */
export interface Branch {
  readonly group: readonly Expr[];
  readonly needed: readonly Expr[];
}
/**
 * The `rare` choices among nodes, those of one condition and one depth together if none needs another. Needed before are the
 * condition and the usual sides, and of the seldom sides what is computed anyway.
 */
export const branchesOf = (
  order: readonly Expr[],
  operands: Order["operands"],
  depthOf: (e: Expr) => number,
): ReadonlyMap<Expr, Branch> => {
  const found = new Map<Expr, Branch>(),
    seldom = order.filter((e) => e.op === "rare" && (operands.get(e) as readonly Expr[]).length > 0);
  for (const e of seldom) {
    if (found.has(e)) continue;
    const alike = seldom.filter((x) => x.args[0] === e.args[0] && depthOf(x) === depthOf(e)),
      free = alike.every((x) => topological(x.args).every((y) => !alike.includes(y))),
      group = free ? alike : [e];
    const needed = new Set(group.flatMap((x) => operands.get(x) as readonly Expr[])),
      stack = group.map((x) => x.args[1] as Expr),
      seen = new Set<Expr>();
    while (stack.length > 0) {
      const x = stack.pop() as Expr;
      if (seen.has(x)) continue;
      seen.add(x);
      if (operands.has(x)) needed.add(x);
      else stack.push(...x.args);
    }
    for (const x of group) found.set(x, { group, needed: [...needed] });
  }
  return found;
};
