// How fast are functions of a million numbers, and movements of them?
import { bytes, type Row, type Suite, type Target } from "../row.ts";

const million = [1 << 20];
const unary = (f: string, target: Target, scale = 4, offset = 0): Row => ({
  name: f === "chain" ? "tanh(2x + 1) exp(-x) + 3 of 1M" : `${f === "gelu" ? "gelu (erf)" : f} of 1M`,
  op: "unary",
  args: { f },
  inputs: { x: { shape: million, scale, offset } },
  reads: bytes(million),
  writes: bytes(million),
  target,
});
const side = 2048,
  half = [1024, 512],
  table = [10_000, 64],
  chosen = 4096;

export const elementwise: Suite = {
  name: "elementwise",
  question: "How fast are functions of a million numbers, and movements of numbers?",
  rows: [
    unary("exp", { torch: 1, js: 6 }),
    unary("log", { torch: 1, js: 6 }, 4, 4.01),
    unary("sin", { torch: 1, js: 35 }),
    unary("tanh", { torch: 2, js: 20 }),
    unary("gelu", { torch: 0.8, js: 30 }),
    unary("chain", { torch: 2, js: 20 }),
    {
      name: `transpose of ${side}x${side}, plus 1`,
      op: "transposePlusOne",
      inputs: { x: { shape: [side, side] } },
      reads: bytes([side, side]),
      writes: bytes([side, side]),
      target: { torch: 1.5, js: 5 },
    },
    {
      name: "concatenate two 1024x512, axis 1",
      op: "concatenate",
      inputs: { a: { shape: half }, b: { shape: half } },
      reads: bytes(half, half),
      writes: bytes(half, half),
      target: { torch: 0.7, js: 4 },
    },
    {
      name: `gather ${chosen} rows of 10000x64`,
      op: "gatherRows",
      inputs: { table: { shape: table }, at: { shape: [chosen], below: 10_000 } },
      reads: bytes([chosen, 64], [chosen]),
      writes: bytes([chosen, 64]),
      target: { torch: 0.8, js: 20 },
    },
    {
      name: `scatterAdd ${chosen} rows to 10000x64`,
      op: "scatterAdd",
      inputs: { table: { shape: table }, at: { shape: [chosen], below: 10_000 }, rows: { shape: [chosen, 64] } },
      reads: bytes(table, [chosen, 64], [chosen]),
      writes: bytes(table),
      target: { torch: 1, js: 2 },
    },
  ],
};
