// Where a result may take the place of an operand.
import { sizeOf } from "../core/aval.ts";
import type { Buffer, Expr } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";
import type { Carry, Kernel, Step, Stmt } from "../kernel/program.ts";

const sameBytes = (a: Buffer, b: Buffer): boolean => a.type === b.type && sizeOf(a.shape) === sizeOf(b.shape);

interface Access {
  readonly kind: "read" | "store";
  /** The loops around it. */
  readonly path: readonly Stmt[];
  readonly offset: Expr;
}
/** Reads of `from` and stores to `to` in the order in which a kernel does them. */
const accesses = (body: readonly Stmt[], from: Buffer, to: Buffer): readonly Access[] => {
  const found: Access[] = [];
  const look = (e: Expr, path: readonly Stmt[]): void => {
    for (const x of topological([e]))
      if (x.op === "read" && (x.buffer === from || x.buffer === to))
        found.push({ kind: "read", path, offset: x.args[0] as Expr });
  };
  const go = (stmts: readonly Stmt[], path: readonly Stmt[]): void => {
    for (const s of stmts) {
      const inside = [...path, s];
      if (s.op === "let" || s.op === "set") look(s.value, path);
      else if (s.op === "store") {
        look(s.value, path);
        for (const a of s.at) look(a, path);
        // A store that accumulates cannot replace the operand.
        if (s.buffer === to)
          found.push({ kind: "store", path: s.combine === undefined ? path : inside, offset: s.at[0] as Expr });
      } else if (s.op === "if") {
        look(s.cond, path);
        go(s.then, inside);
        go(s.else, inside);
      } else if (s.op === "while") {
        look(s.cond, inside);
        go(s.body, inside);
      } else {
        go(s.body, inside);
        for (const a of s.accs) look(a.value, inside);
      }
    }
  };
  go(body, []);
  return found;
};
/** Whether `to` may be written where `from` is read: every element is read in the round that overwrites it, and before. */
export const replaces = ({ body, params }: Kernel, from: Buffer, to: Buffer): boolean => {
  if (!sameBytes(from, to)) return false;
  if (!params.includes(from)) return true;
  const all = accesses(body, from, to),
    at = all.findIndex((a) => a.kind === "store"),
    store = all[at];
  if (store === undefined || all.slice(at + 1).length > 0) return false;
  return all.every(
    (a) =>
      a.offset === store.offset && a.path.length === store.path.length && a.path.every((p, i) => p === store.path[i]),
  );
};

/** Whether a step, or a step inside it, uses a buffer. */
const touches = (s: Step, b: Buffer): boolean => {
  switch (s.op) {
    case "call":
      return s.kernel.params.includes(b);
    case "copy":
      return s.from === b || s.to === b;
    case "host":
      return s.ins.includes(b) || s.outs.includes(b);
    case "loop":
      return (
        s.counter === b ||
        (s.carries ?? []).some((c) => c.now === b || c.next === b) ||
        s.body.some((t) => touches(t, b))
      );
    case "while":
      return (
        s.flag === b ||
        (s.carries ?? []).some((c) => c.now === b || c.next === b) ||
        [...s.cond, ...s.body].some((t) => touches(t, b))
      );
    case "branch":
      return s.index === b || s.branches.flat().some((t) => touches(t, b));
    default:
      return s satisfies never;
  }
};
/** Whether a carry can be updated where it is: one step of the body writes it, and none reads the old value afterwards. */
export const updatesInPlace = (body: readonly Step[], { now, next }: Carry): boolean => {
  const writer = body.find((s) => touches(s, next));
  if (writer === undefined || body.slice(body.indexOf(writer) + 1).some((s) => touches(s, now))) return false;
  if (writer.op === "copy") return writer.to === next;
  return writer.op === "call" && writer.kernel.outputs.includes(next) && replaces(writer.kernel, now, next);
};
