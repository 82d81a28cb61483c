// How much a kernel does: arithmetic operations and bytes moved.
import { sizeOf } from "../core/aval.ts";
import type { Expr } from "../kernel/expr.ts";
import { byteSize } from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/program.ts";
import { dataNodes } from "./cost.ts";

const idle: ReadonlySet<string> = new Set(["const", "var", "read", "cast", "bitcast", "select"]);
const operations = (e: Expr): number => {
  let n = 0;
  for (const x of dataNodes([e])) if (!idle.has(x.op)) n += x.op === "fma" ? 2 : 1;
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
/** Arithmetic operations of one run (bodies of while loops once). */
export const flopsOf = (k: Kernel): number => count(k.body, 1);
/** Bytes of the buffers that one run reads and writes, each once. */
export const bytesOf = (k: Kernel): number => k.params.reduce((n, b) => n + sizeOf(b.shape) * byteSize[b.type], 0);
