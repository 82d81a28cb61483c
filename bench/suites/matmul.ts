// Do matrix products run at the speed of the processor, for every size?
import { bytes, type Row, type Suite, type Target } from "../row.ts";

/** `[...batch, m, k]` times `[...batch, k, n]`. */
const product = (m: number, k: number, n: number, target: Target): Row => ({
  name: m === k && k === n ? `matmul ${m}` : `matmul ${m}x${k}x${n}`,
  op: "matmul",
  inputs: { a: { shape: [m, k] }, b: { shape: [k, n] } },
  flops: 2 * m * k * n,
  reads: bytes([m, k], [k, n]),
  writes: bytes([m, n]),
  target,
});
const square: Target = { limit: 0.8, torch: 0.5, js: 2.9 },
  odd: Target = { limit: 0.7, torch: 0.5, js: 2.6 };

const heads = [8, 64, 32],
  [many, m, k, n] = [64, 64, 64, 64],
  dense = { x: [512, 512], w: [512, 2048], b: [2048] };

export const matmul: Suite = {
  name: "matmul",
  question: "Do matrix products run at the speed of the processor, for every size?",
  rows: [
    product(256, 256, 256, square),
    product(512, 512, 512, square),
    product(1024, 1024, 1024, square),
    product(255, 255, 255, odd),
    product(254, 257, 300, odd),
    product(128, 784, 10, { torch: 1, js: 2 }),
    product(1, 512, 512, { torch: 1, js: 2 }),
    {
      name: "q k^T, 8x64x32",
      op: "queryKey",
      inputs: { q: { shape: heads }, k: { shape: heads } },
      flops: 2 * 8 * 64 * 64 * 32,
      reads: bytes(heads, heads),
      writes: bytes([8, 64, 64]),
      target: { torch: 1, js: 5 },
    },
    {
      name: `matmul ${m}x${k}x${n}, batch of ${many}`,
      op: "matmul",
      inputs: { a: { shape: [many, m, k] }, b: { shape: [many, k, n] } },
      flops: 2 * many * m * k * n,
      reads: bytes([many, m, k], [many, k, n]),
      writes: bytes([many, m, n]),
    },
    {
      name: "gelu(x w + b), 512x512x2048",
      op: "denseGelu",
      inputs: { x: { shape: dense.x }, w: { shape: dense.w, scale: 0.1 }, b: { shape: dense.b } },
      flops: 2 * 512 * 512 * 2048,
      reads: bytes(dense.x, dense.w, dense.b),
      writes: bytes([512, 2048]),
      target: { limit: 0.7, torch: 0.5, js: 3.5 },
    },
  ],
};
