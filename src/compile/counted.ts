// One compiled loop for rows of any length: its extent is the most that it may run, an additional input says how far it runs.
import type { Buffer } from "../kernel/expr.ts";
import { buffer, int, read } from "../kernel/expr.ts";
import type { Kernel, Program, Stmt } from "../kernel/program.ts";
import type { Compiled } from "./compiled.ts";

const countedBody = (body: readonly Stmt[], count: Buffer): readonly Stmt[] | null => {
  const last = body.at(-1);
  if (last?.op !== "for" || last.limit !== undefined || last.accs.length > 0) return null;
  if (!body.slice(0, -1).every((s) => s.op === "let")) return null;
  return [...body.slice(0, -1), { ...last, limit: read(count, [int(0)]) }];
};

/** The program with an int32 as its last input: the number of elements. Null if it is not one kernel with one loop over all elements. */
export const counted = ({ program, outs }: Compiled): Program | null => {
  const [step] = program.steps;
  if (step?.op !== "call" || program.steps.length > 1 || outs.some((o) => o.kind !== "buffer")) return null;
  const { split: _, ...kernel } = step.kernel,
    count = buffer("i32", []),
    body = countedBody(kernel.body, count);
  if (body === null || kernel.scratch.length > 0) return null;
  const whole: Kernel = { ...kernel, params: [...kernel.params, count], body };
  return { ...program, inputs: [...program.inputs, count], steps: [{ op: "call", kernel: whole }] };
};
