// A group: the values that one kernel computes, as expressions over its loops. Reads of other values stand for themselves
// until fusion decides to put their own expressions there.
import type { Aval, Shape } from "../core/aval.ts";
import { sizeOf } from "../core/aval.ts";
import { scalarOf, storageOf } from "../core/dtype.ts";
import type { Atom, Eqn, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Buffer, Var as Index, Expr, Read } from "../kernel/expr.ts";
import { buffer, constant, loopVar, read, topological, withArgs } from "../kernel/expr.ts";
import { ravel } from "../kernel/index.ts";

/** The values computed by one kernel. */
export interface Group {
  readonly id: number;
  readonly shape: Shape;
  readonly vars: readonly Index[];
  /** Values that get a buffer, with their expressions at `vars`. */
  readonly roots: Map<Var, Expr>;
  /** Reads of values that have no buffer (here), and what they stand for. */
  readonly defs: Map<Expr, Expr>;
  /** Equations computed here, for printing. */
  readonly eqns: Eqn[];
  /** For the index of each reduction, the loops that it runs in. */
  readonly enclosing: Map<Index, ReadonlySet<Index>>;
  /** The sum of products that the kernel is built around. */
  main: Var | null;
  hasReduce: boolean;
  /** Set if it is a routine, or control flow. */
  readonly routine: Eqn | null;
  /** Nodes so far, and how deep each value lies below the roots. */
  nodes: number;
  readonly depth: Map<Var, number>;
}

/** A fresh group over the index space of `shape`. */
export const newGroup = (id: number, shape: Shape, routine: Eqn | null): Group => ({
  id,
  shape,
  routine,
  vars: shape.map((d, i) => loopVar(`i${i}`, d)),
  roots: new Map(),
  defs: new Map(),
  eqns: [],
  enclosing: new Map(),
  main: null,
  hasReduce: false,
  nodes: 0,
  depth: new Map(),
});

/** Whether an equation only makes its first operand wait for the others. */
export const waits = ({ prim }: Eqn): boolean => prim.name === "after";

/** The buffer that a value would have, the same for every reader; some are given. */
export const bufferTable = (given: ReadonlyMap<Var, Buffer> = new Map()): ((v: Var) => Buffer) => {
  const table = new Map(given);
  return (v) => {
    const known = table.get(v);
    if (known !== undefined) return known;
    const b = buffer(storageOf[v.aval.dtype], v.aval.shape);
    table.set(v, b);
    return b;
  };
};

/** The scalar that an equation computes at `at`, over reads of its operands. */
export const lowerAt = ({ prim, ins, attrs, outs }: Eqn, at: readonly Expr[], bufferOf: (v: Var) => Buffer): Expr => {
  const reads = ins.map(
    (a: Atom) =>
      (where: readonly Expr[]): Expr =>
        isVar(a) ? read(bufferOf(a), where) : constant(scalarOf(a.aval.dtype), a.value),
  );
  const p = prim as AnyPrimitive,
    avals: readonly Aval[] = ins.map((a) => a.aval);
  if (!("lower" in p)) throw new Error(`${p.name} is a routine: it has no expression`);
  return p.lower(reads, at, attrs, avals, (outs[0] as Var).aval);
};

/** The reads below an expression, those inside addresses too. */
export const readsOf = (e: Expr): readonly Read[] => topological([e]).filter((x): x is Read => x.op === "read");

/** Replace every read that has a definition, at any depth; iterative, so that long chains are no problem. */
export const resolve = (roots: readonly Expr[], defs: ReadonlyMap<Expr, Expr>): readonly Expr[] => {
  const done = new Map<Expr, Expr>(),
    stack: Expr[] = [...roots];
  while (stack.length > 0) {
    const e = stack[stack.length - 1] as Expr;
    if (done.has(e)) {
      stack.pop();
      continue;
    }
    const def = defs.get(e),
      needed = def === undefined ? e.args : [def];
    const missing = needed.filter((a) => !done.has(a));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    done.set(
      e,
      def === undefined
        ? withArgs(
            e,
            e.args.map((a) => done.get(a) as Expr),
          )
        : (done.get(def) as Expr),
    );
    stack.pop();
  }
  return roots.map((r) => done.get(r) as Expr);
};

/** Whether a read is at the group's own loop indices, so that it is the element being computed. */
export const isIdentity = (g: Group, r: Read): boolean =>
  r.args.length === g.vars.length &&
  r.args.every((a, i) => a === g.vars[i] || (g.vars[i]?.extent === 1 && a.op === "const"));
/** Whether a read is of the element at the same place in memory. */
export const isInOrder = (g: Group, r: Read): boolean => ravel(r.args, r.buffer.shape) === ravel(g.vars, g.shape);
/** Whether a read visits each element once: every loop of the group is used by itself. */
export const isPermuted = (g: Group, r: Read): boolean => {
  const used = new Set(r.args.filter((a) => a.op === "var"));
  return (
    used.size === r.args.filter((a) => a.op !== "const").length &&
    g.vars.every((v) => v.extent === 1 || used.has(v)) &&
    r.args.every((a) => a.op === "const" || g.vars.includes(a as Index)) &&
    sizeOf(g.shape) === sizeOf(r.buffer.shape)
  );
};
