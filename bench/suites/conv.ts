// Do convolutions, their gradients and pooling run as fast as matrix products?
import { bytes, elements, type Inputs, type Row, type Suite, type Target } from "../row.ts";

const images = (channels: number): readonly number[] => [16, channels, 32, 32];
/** Padding "SAME"; `by` says what the gradient is by, and the gradient arrives as `ct`. */
const conv = (
  name: string,
  [from, to, size, groups]: readonly [from: number, to: number, size: number, groups: number],
  by: "weights" | "input" | null,
  target: Target,
): Row => {
  const x = images(from),
    out = images(to),
    w = [to, from / groups, size, size];
  const named: Inputs = {
    x: { shape: x },
    w: { shape: w, scale: 0.1 },
    ...(by === null ? {} : { ct: { shape: out } }),
  };
  const shapes = { forward: [[x, w], out], weights: [[x, out], w], input: [[out, w], x] } as const;
  const [reads, writes] = shapes[by ?? "forward"];
  return {
    name,
    op: "conv",
    args: { groups, by },
    inputs: named,
    flops: (2 * elements(out) * from * size * size) / groups,
    reads: bytes(...reads),
    writes: bytes(writes),
    target,
  };
};
const pooled = images(32),
  windows = [16, 32, 16, 16];

export const convolution: Suite = {
  name: "conv",
  question: "Do convolutions and their gradients run as fast as matrix products?",
  rows: [
    conv("conv 3x3, N16 C16->32 32x32", [16, 32, 3, 1], null, { limit: 0.6, torch: 0.45, js: 2.4 }),
    conv("conv 3x3, gradient by weights", [16, 32, 3, 1], "weights", { limit: 0.6, torch: 0.45, js: 200 }),
    conv("conv 3x3, gradient by input", [16, 32, 3, 1], "input", { limit: 0.6, torch: 0.45, js: 30 }),
    conv("conv 1x1, N16 C32->64 32x32", [32, 64, 1, 1], null, { limit: 0.6, torch: 0.5, js: 2.4 }),
    conv("depthwise conv 3x3, N16 C32 32x32", [32, 32, 3, 32], null, { torch: 0.7, js: 2.4 }),
    {
      name: "max pool 2x2, N16 C32 32x32",
      op: "maxPool",
      inputs: { x: { shape: pooled } },
      reads: bytes(pooled),
      writes: bytes(windows),
      target: { torch: 10, js: 1 },
    },
    {
      name: "max pool 2x2, gradient",
      op: "maxPoolGradient",
      inputs: { x: { shape: pooled }, ct: { shape: windows } },
      reads: bytes(pooled, windows),
      writes: bytes(pooled),
      target: { torch: 3, js: 25 },
    },
  ],
};
