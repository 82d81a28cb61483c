// Addresses: base + bytes * (sum of terms), constants folded into the instruction's offset.
import type { Buffer, Expr } from "../../kernel/expr.ts";
import { byteSize } from "../../kernel/expr.ts";
import { linear } from "../../kernel/index.ts";
import type { Context } from "./context.ts";

/** A sum of `factor * term`, with the constant that unrolled loops add. */
export interface Offset {
  readonly terms: ReadonlyMap<Expr, number>;
  readonly c: number;
}

/** The offset expression as a sum, under the slots of the context. `lane` counts from the vector loop's index. */
export const offsetOf = (x: Context, e: Expr, lane: number): Offset => {
  const l = linear(e);
  let c = l.c;
  for (const [t, k] of l.terms) {
    if (t.op !== "var") continue;
    const slot = x.slots.get(t);
    if (slot?.kind === "scalar") c += k * slot.offset;
    if (t === x.vector?.index) c += k * lane;
  }
  return { terms: l.terms, c };
};

/** In a later copy of a loop body: how far `value` is from what it was in the first copy, or null if that is no constant. */
export const shiftOf = (x: Context, value: Expr): number | null => {
  const { copy } = x;
  if (copy === null || value.type !== "i32") return null;
  let shift = 0;
  for (const [t, k] of linear(value).terms) {
    const slot = t.op === "var" ? x.slots.get(t) : undefined;
    if (t.op !== "var" || slot?.kind !== "scalar") return null;
    if (t === copy.index || copy.moved.has(t)) shift += k * slot.offset;
    else if (copy.inside.has(t)) return null;
  }
  return shift;
};

// The instruction's offset does not wrap around: what it is added to must not be negative. Terms may be (a loop that runs from the end),
// but no address of an element lies in the first megabyte of memory, and reads that a condition guards reach at most half as far.
const offsetLimit = 1 << 19;

const isPower = (n: number): boolean => n > 0 && (n & (n - 1)) === 0;

/** Push the address of `buffer[offset]`; gives the constant for the instruction's offset field. `term` pushes one term as i32. */
export const emitAddress = (x: Context, buffer: Buffer, { terms, c }: Offset, term: (e: Expr) => void): number => {
  const { code } = x,
    bytes = c * byteSize[buffer.type],
    ready = x.addresses?.find((a) => a.buffer === buffer && sameTerms(a.terms, terms));
  if (ready !== undefined) code.emit("local.get", ready.local);
  else {
    emitSum(x, buffer, terms, term);
    keep(x, buffer, terms);
  }
  if (bytes >= 0 && bytes <= offsetLimit) return bytes;
  code.emit("i32.const", bytes | 0);
  code.emit("i32.add");
  return 0;
};
const sameTerms = (a: Offset["terms"], b: Offset["terms"]): boolean => {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [t, k] of a) if (b.get(t) !== k) return false;
  return true;
};
const emitSum = (x: Context, buffer: Buffer, terms: Offset["terms"], term: (e: Expr) => void): void => {
  const { code } = x,
    size = byteSize[buffer.type];
  code.emit("local.get", x.bases.get(buffer) as number);
  if (terms.size === 0) return;
  let some = false;
  for (const [t, k] of terms) {
    term(t);
    if (k !== 1) {
      if (isPower(k)) {
        code.emit("i32.const", Math.log2(k));
        code.emit("i32.shl");
      } else {
        code.emit("i32.const", k);
        code.emit("i32.mul");
      }
    }
    if (some) code.emit("i32.add");
    some = true;
  }
  if (size !== 1) {
    code.emit("i32.const", Math.log2(size));
    code.emit("i32.shl");
  }
  code.emit("i32.add");
};
// Keep the address on the stack for later copies of this code, if they would compute the same: its terms are locals that stay.
const keep = (x: Context, buffer: Buffer, terms: Offset["terms"]): void => {
  if (x.addresses === null || terms.size === 0) return;
  for (const t of terms.keys()) {
    const slot = t.op === "var" ? x.slots.get(t) : undefined;
    if (slot?.kind !== "scalar" || slot.mutable === true) return;
  }
  const local = x.code.local("i32");
  x.code.emit("local.tee", local);
  x.addresses.push({ buffer, terms, local });
};
