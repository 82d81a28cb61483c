// The limits of the machine as numbers, and what they allow a row.
import type { Row } from "../row.ts";

/** Working sets whose bandwidth is measured, in bytes: from the first cache to beyond the last one that matters. */
export const sizes = [1 << 17, 1 << 19, 1 << 21, 1 << 23, 1 << 25, 1 << 27] as const;

export interface Limits {
  readonly threads: Readonly<
    Record<
      1 | 2,
      {
        /** Floating-point operations per second, with a multiplication and an addition each. */
        readonly plain: number;
        /** The same with fused multiply-add (relaxed SIMD), where this Node has it. */
        readonly relaxed: number | null;
        /** Bytes per second for each working set: read only, and read plus written. */
        readonly read: readonly number[];
        readonly copy: readonly number[];
      }
    >
  >;
}

/** The value of a curve over the logarithm of the size. */
const along = (curve: readonly number[], bytes: number): number => {
  const at = Math.min(Math.max(Math.log2(bytes / sizes[0]) / 2, 0), sizes.length - 1),
    low = Math.floor(at),
    high = Math.min(low + 1, sizes.length - 1);
  return (curve[low] as number) * (1 - (at - low)) + (curve[high] as number) * (at - low);
};

/** The least time, in seconds, that peak and bandwidth allow; null if the row says nothing about its work. */
export const leastTime = ({ flops = 0, reads = 0, writes = 0 }: Row, limits: Limits, threads: 1 | 2): number | null => {
  const { plain, relaxed, read, copy } = limits.threads[threads];
  const moved = reads + writes,
    curve = writes * 8 < reads ? read : copy;
  const computing = flops / Math.max(plain, relaxed ?? 0),
    moving = moved === 0 ? 0 : moved / along(curve, moved);
  const least = Math.max(computing, moving);
  return least === 0 ? null : least;
};
