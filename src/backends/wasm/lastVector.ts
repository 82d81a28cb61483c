// The last vector of a loop whose extent is no multiple of the lanes overlaps the one before. It is computed before the loop and
// stored after it: the loop may write where it reads, but then every element depends on itself only.
import type { Expr } from "../../kernel/expr.ts";
import { topological } from "../../kernel/expr.ts";
import { isub, linear } from "../../kernel/index.ts";
import type { For, Stmt, Store } from "../../kernel/program.ts";
import type { Context, EmitBlock } from "./context.ts";
import { emitVector, laneStride } from "./vectorExpression.ts";
import { emitVectorStore } from "./vectorStore.ts";

/** Whether an expression reads what some rounds of a loop of `extent` rounds store. */
const reads = (e: Expr, stores: readonly Store[], extent: number): boolean =>
  topological([e]).some(
    (x) =>
      x.op === "read" &&
      stores.some(({ buffer, at }) => {
        if (buffer !== x.buffer) return false;
        const { c, terms } = linear(isub(x.args[0] as Expr, at[0] as Expr));
        return terms.size > 0 || Math.abs(c) < extent;
      }),
  );

/** The stores of a body that does nothing but bind names and store consecutive elements, which it does not read; else null. */
const storesOf = (x: Context, { index, body, accs }: For): readonly Store[] | null => {
  const stores = body.filter((s) => s.op === "store"),
    meets = (e: Expr): boolean => reads(e, stores, index.extent);
  const plain = (s: Stmt): boolean =>
    s.op === "let"
      ? s.mutable !== true && !meets(s.value)
      : s.op === "store" &&
        s.combine === undefined &&
        laneStride(x, s.at[0] as Expr) === 1 &&
        !meets(s.value) &&
        !meets(s.at[0] as Expr);
  return accs.length === 0 && body.every(plain) ? stores : null;
};

/** Emit the values of the last vector; gives what stores them, or null if that cannot be. `x` runs one vector, `index` holds 0. */
export const emitLastVector = (
  x: Context,
  s: For,
  index: number,
  from: number,
  emitBlock: EmitBlock,
): (() => void) | null => {
  const { code } = x,
    stores = storesOf(x, s);
  if (stores === null) return null;
  const place = (at: number): void => {
    code.emit("i32.const", at);
    code.emit("local.set", index);
  };
  place(from);
  emitBlock(
    x,
    s.body.filter((b) => b.op === "let"),
  );
  const values = stores.map((store) => {
    const local = code.local("v128");
    emitVector(x, store.value, 0);
    code.emit("local.set", local);
    return local;
  });
  place(0);
  return () => {
    place(from);
    stores.forEach((store, i) => {
      emitVectorStore(x, store.buffer, store.at[0] as Expr, () => code.emit("local.get", values[i] as number), 0);
    });
  };
};
