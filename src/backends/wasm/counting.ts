// Loops that count: an index in a local goes up to a constant or to a bound in another local.
import type { Code } from "./assembler.ts";

/** Where a counting loop runs. */
export interface Count {
  readonly code: Code;
  /** Local of the index. */
  readonly index: number;
  readonly extent: number;
  /** Local of a bound that is at most `extent`, or null if it is `extent`. */
  readonly bound: number | null;
}

/** `index += step`, leaving the sum on the stack. */
const advance = ({ code, index }: Count, step: number): void => {
  code.emit("local.get", index);
  code.emit("i32.const", step);
  code.emit("i32.add");
  code.emit("local.tee", index);
};

/** From `from` on, where the index stands, run `body` for every `step` indices as long as they all lie below the bound. */
export const emitRounds = (c: Count, from: number, step: number, body: () => void): void => {
  const { code, index, extent, bound } = c;
  if (bound !== null) {
    emitBounded(code, index, step, bound, body);
    return;
  }
  const rounds = Math.floor((extent - from) / step);
  if (rounds <= 0) return;
  if (rounds > 1) code.emit("loop");
  body();
  advance(c, step);
  if (rounds === 1) {
    code.emit("drop");
    return;
  }
  code.emit("i32.const", from + rounds * step);
  code.emit("i32.lt_u");
  code.emit("br_if", 0);
  code.emit("end");
};
const emitBounded = (code: Code, index: number, step: number, bound: number, body: () => void): void => {
  code.emit("block");
  code.emit("loop");
  code.emit("local.get", index);
  if (step > 1) {
    code.emit("i32.const", step - 1);
    code.emit("i32.add");
  }
  code.emit("local.get", bound);
  code.emit("i32.ge_s");
  code.emit("br_if", 1);
  body();
  code.emit("local.get", index);
  code.emit("i32.const", step);
  code.emit("i32.add");
  code.emit("local.set", index);
  code.emit("br", 0);
  code.emit("end");
  code.emit("end");
};

/** Push the smaller of the local and a constant. */
export const emitAtMost = (code: Code, local: number, most: number): void => {
  code.emit("local.get", local);
  code.emit("i32.const", most);
  code.emit("local.get", local);
  code.emit("i32.const", most);
  code.emit("i32.lt_u");
  code.emit("select");
};

/** The same in blocks of `block` indices, with `between` after each; the extent is a positive constant and `step` divides `block`. */
export const emitBlocks = (c: Count, step: number, block: number, body: () => void, between: () => void): void => {
  const { code, index, extent } = c,
    end = code.local("i32"),
    last = extent - (extent % step);
  code.emit("loop");
  code.emit("local.get", index);
  code.emit("i32.const", block);
  code.emit("i32.add");
  code.emit("local.set", end);
  emitAtMost(code, end, last);
  code.emit("local.set", end);
  emitBounded(code, index, step, end, body);
  between();
  code.emit("local.get", index);
  code.emit("i32.const", last);
  code.emit("i32.lt_u");
  code.emit("br_if", 0);
  code.emit("end");
};
