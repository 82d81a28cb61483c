// Loops and stores as the compiler and the routines of primitives write them.
import type { Buffer, Expr, Var } from "./expr.ts";
import type { For, Mark, Stmt, Store } from "./program.ts";

/** A loop around statements: serial, and without sums, where nothing else is said. */
export const loop = (index: Var, body: readonly Stmt[], more: Partial<For> = {}): For => ({
  op: "for",
  index,
  mark: "serial",
  body,
  accs: [],
  ...more,
});
/** Loops in each other around statements, the last index innermost: `inner` is its mark, `outer` that of the others. */
export const nest = (
  indices: readonly Var[],
  body: readonly Stmt[],
  inner: Mark = "serial",
  outer: Mark = "serial",
): readonly Stmt[] =>
  indices.reduceRight<readonly Stmt[]>(
    (within, index, i) => [loop(index, within, { mark: i === indices.length - 1 ? inner : outer })],
    body,
  );
/** `buffer[at] = value`. */
export const store = (buffer: Buffer, at: readonly Expr[], value: Expr): Store => ({ op: "store", buffer, at, value });
/** Values to buffers, each at its flat offset. */
export const storeEach = (
  buffers: readonly Buffer[],
  offsets: readonly Expr[],
  values: readonly Expr[],
): readonly Store[] => buffers.map((b, i) => store(b, [offsets[i] as Expr], values[i] as Expr));
