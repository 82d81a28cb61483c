// Which kernels threads share, and in what chunks. Nothing here depends on the number of threads: a result is the same, bit by
// bit, whoever computes it.
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";
import type { Kernel, Split, Stmt } from "../kernel/program.ts";
import { costOf, dataNodes } from "./cost.ts";

/** Nanoseconds of one unit of `costOf` in vectors and alone: fitted to exponentials, matrix products and sums. */
const inVectors = 0.04,
  alone = 0.3;
/** Nanoseconds of work below which waking a thread is not worth it, and that a chunk should have; laws lower them. */
export const economy = { worthSharing: 20_000, chunkWork: 12_000 };
/** More than enough for threads to end at the same time. */
const mostChunks = 64;
/** Threads repeat what stands before the loop: it may be at most this part of it. */
const mostPrelude = 1 / 8;
/** Whole rounds of every vector loop: 1, 2, 3 or 4 vectors of 2 or 4 lanes. Cut elsewhere, other elements would be left over. */
const vectorRounds = 48;

const readsIn = (e: Expr): number => {
  let n = 0;
  for (const x of dataNodes([e])) if (x.op === "read") n++;
  return n;
};
/**
 * Estimated time of statements in nanoseconds; loops that end early count in full, `while` as one round. Integers that only count
 * are for free; `data` are those that memory gives.
 */
const nanoseconds = (stmts: readonly Stmt[], vector = false, data = new Set<Expr>()): number => {
  const unit = vector ? inVectors : alone,
    value = (e: Expr): number => unit * (1 + costOf(e) + readsIn(e)),
    given = (e: Expr): boolean => topological([e]).some((x) => x.op === "read" || data.has(x));
  let sum = 0;
  for (const s of stmts)
    switch (s.op) {
      case "let":
      case "set":
        if (s.name.type !== "i32") sum += value(s.value);
        else if (given(s.value)) {
          data.add(s.name);
          sum += value(s.value);
        }
        break;
      case "store":
        sum += value(s.value) + (s.combine === undefined ? 0 : 2 * unit);
        break;
      case "if":
        sum += Math.max(nanoseconds(s.then, vector, data), nanoseconds(s.else, vector, data));
        break;
      case "while":
        sum += nanoseconds(s.body, vector, data);
        break;
      case "for": {
        const inside = vector || s.mark === "vector",
          each = inside ? inVectors : alone;
        sum +=
          s.index.extent *
          (nanoseconds(s.body, inside, data) +
            s.accs.reduce((n, a) => n + each * (costOf(a.value) + readsIn(a.value)), 0));
        break;
      }
      default:
        s satisfies never;
    }
  return sum;
};

/** Whether statements may be repeated by every thread: they bind names and write scratch memory, and write it anew. */
const repeatable = (stmts: readonly Stmt[], scratch: ReadonlySet<Buffer>): boolean =>
  stmts.every((s) => {
    switch (s.op) {
      case "let":
        return s.mutable !== true;
      case "store":
        return scratch.has(s.buffer) && s.combine === undefined;
      case "for":
        return repeatable(s.body, scratch);
      case "if":
        return repeatable(s.then, scratch) && repeatable(s.else, scratch);
      case "set":
      case "while":
        return false;
      default:
        return s satisfies never;
    }
  });
/** How to share a kernel, if it can be shared and is worth it: `rounds` are loops whose rounds are independent besides those marked parallel. */
const splitOf = ({ body, scratch }: Kernel, rounds: ReadonlySet<Var>): Split | null => {
  const last = body[body.length - 1];
  if (last?.op !== "for" || last.limit !== undefined || last.accs.length > 0 || last.index.extent < 2) return null;
  if (last.mark === "unrolled" || !(last.mark === "parallel" || rounds.has(last.index))) return null;
  const prelude = body.slice(0, -1),
    work = nanoseconds([last]);
  if (work < economy.worthSharing || nanoseconds(prelude) > work * mostPrelude) return null;
  if (!repeatable(prelude, new Set(scratch))) return null;
  const { index, mark } = last,
    unit = mark === "vector" ? vectorRounds : 1,
    chunks = Math.min(mostChunks, Math.max(2, Math.round(work / economy.chunkWork))),
    chunk = Math.ceil(index.extent / chunks / unit) * unit;
  return chunk < index.extent ? { index, chunk } : null;
};
/** The kernel, to be shared if that is worth it. */
export const withSplit = (kernel: Kernel, rounds: ReadonlySet<Var> = new Set()): Kernel => {
  const { split: _, ...whole } = kernel,
    split = splitOf(whole, rounds);
  return split === null ? whole : { ...whole, split };
};
