// Control flow: loops and branches inside the program, on trees of arrays.
import { foriLoop as loop } from "../../control/loops.ts";
import type { ForiLoop } from "../../control/loops.ts";
import { Tracer, Value } from "../../core/value.ts";

export { associativeScan, type AssociativeScanOptions } from "../../control/associativeScan.ts";
export { cond, switchBranch as switch } from "../../control/branches.ts";
export { whileLoop } from "../../control/loops.ts";
export { map, type MapOptions, scan, type ScanOptions } from "../../control/scan.ts";

/** A bound that is known is a number. */
const known = (bound: unknown): unknown =>
  bound instanceof Value && !(bound instanceof Tracer) && bound.ndim === 0 && bound.dtype === "int32"
    ? bound.item()
    : bound;
/**
 * A loop that counts: `for (i = lower; i < upper; i++) x = body(i, x)`, `i` being int32. With bounds that are known it is a scan and has
 * both modes of differentiation; with traced ones it is a whileLoop. `foriLoop(lower, upper, body)(init)` does too. Throws ShapeError,
 * DTypeError or TreeError naming the leaf if the carry changes.
 * @example
 * lax.foriLoop(0, 5, (i, x) => x.add(i), 0) // => 10
 */
export const foriLoop: ForiLoop = ((lower: unknown, upper: unknown, ...rest: readonly unknown[]) =>
  (loop as (...args: readonly unknown[]) => unknown)(known(lower), known(upper), ...rest)) as ForiLoop;
