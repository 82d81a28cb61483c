// How much a program does: arithmetic operations and bytes moved.
import { sizeOf } from "../core/aval.ts";
import type { Buffer, Expr } from "../kernel/expr.ts";
import { byteSize } from "../kernel/expr.ts";
import type { Step, Stmt } from "../kernel/program.ts";
import { dataNodes } from "./cost.ts";

const idle: ReadonlySet<string> = new Set(["const", "var", "read", "cast", "bitcast", "select", "rare"]);
const operations = (e: Expr): number => {
  let n = 0;
  for (const x of dataNodes([e])) if (!idle.has(x.op)) n += x.op === "fma" || x.op === "fma64" ? 2 : 1;
  return n;
};
const count = (stmts: readonly Stmt[], times: number): number => {
  let n = 0;
  for (const s of stmts) {
    if (s.op === "let" || s.op === "set" || s.op === "store")
      n += times * (s.value.type === "i32" && s.op === "let" ? 0 : operations(s.value));
    else if (s.op === "if") n += Math.max(count(s.then, times), count(s.else, times));
    else if (s.op === "while") n += count(s.body, times);
    else {
      const rounds = times * s.index.extent;
      n += count(s.body, rounds) + rounds * s.accs.reduce((m, a) => m + 1 + operations(a.value), 0);
    }
  }
  return n;
};
/** Arithmetic operations, and bytes that kernels and copies read and write (each buffer once a call). */
export interface Work {
  readonly flops: number;
  readonly bytes: number;
}
const sizeInBytes = (b: Buffer): number => sizeOf(b.shape) * byteSize[b.type];
const sum = (works: readonly Work[], times = 1): Work => ({
  flops: times * works.reduce((n, w) => n + w.flops, 0),
  bytes: times * works.reduce((n, w) => n + w.bytes, 0),
});
/** The work of one run: while loops count as one round, branches as the longest. */
export const workOf = (steps: readonly Step[]): Work =>
  sum(
    steps.map((s): Work => {
      switch (s.op) {
        case "call":
          return { flops: count(s.kernel.body, 1), bytes: s.kernel.params.reduce((n, b) => n + sizeInBytes(b), 0) };
        case "copy":
          return { flops: 0, bytes: 2 * sizeInBytes(s.to) };
        case "host":
          return { flops: 0, bytes: [...s.ins, ...s.outs].reduce((n, b) => n + sizeInBytes(b), 0) };
        case "loop":
          return sum([workOf(s.body)], s.count);
        case "while":
          return sum([workOf(s.cond), workOf(s.body)]);
        case "branch":
          return s.branches.map(workOf).reduce((a, b) => (b.flops > a.flops ? b : a), { flops: 0, bytes: 0 });
        default:
          return s satisfies never;
      }
    }),
  );
