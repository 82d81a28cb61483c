// Calls in a loop that do the same in every round: they are made once, before it.
import type { Buffer } from "../kernel/expr.ts";
import type { Call, Step } from "../kernel/program.ts";

/** Count how often steps write each buffer. */
const countWrites = (steps: readonly Step[], counts: Map<Buffer, number>): void => {
  const add = (b: Buffer, n = 1): void => {
    counts.set(b, (counts.get(b) ?? 0) + n);
  };
  for (const s of steps)
    switch (s.op) {
      case "call":
        for (const b of s.kernel.outputs) add(b);
        break;
      case "copy":
        add(s.to);
        break;
      case "host":
        for (const b of s.outs) add(b);
        break;
      case "branch":
        for (const b of s.branches) countWrites(b, counts);
        break;
      case "loop":
      case "while":
        // What is written in a loop, or exchanged by it, is no single write.
        for (const { now, next } of s.carries ?? []) for (const b of [now, next]) add(b, 2);
        if (s.op === "loop" && s.counter !== undefined) add(s.counter, 2);
        if (s.op === "while") add(s.flag, 2);
        for (const body of s.op === "while" ? [s.cond, s.body] : [s.body]) {
          const inner = new Map<Buffer, number>();
          countWrites(body, inner);
          for (const b of inner.keys()) add(b, 2);
        }
        break;
      default:
        s satisfies never;
    }
};

/** Cut the steps of a round in two: calls to be made before the loop, and the rest. `taken` buffers belong to the loop itself. */
export const cutSteady = (
  steps: readonly Step[],
  taken: readonly Buffer[],
): { readonly before: readonly Step[]; readonly rest: readonly Step[] } => {
  const writes = new Map<Buffer, number>();
  countWrites(steps, writes);
  for (const b of taken) writes.set(b, 2);
  const before: Call[] = [];
  const rest = steps.filter((s) => {
    if (s.op !== "call") return true;
    const { params, outputs } = s.kernel,
      same = params.every((b) => (outputs.includes(b) ? writes.get(b) === 1 : !writes.has(b)));
    if (!same) return true;
    before.push(s);
    // It is written before the loop now.
    for (const b of outputs) writes.delete(b);
    return false;
  });
  return { before, rest };
};
