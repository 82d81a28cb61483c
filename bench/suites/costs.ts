// Overhead of calls, the first call, and memory.
import type { Row, Suite, Target } from "../row.ts";
import { lstmInputs } from "./sequences.ts";
import { mlp } from "./train.ts";

const tiny = { shape: [3] };
const leaves = Object.fromEntries(
  Array.from({ length: 100 }, (_, i) => [`w${String(i).padStart(2, "0")}`, { shape: [4], trained: true }]),
);
const rounds = 1_000_000;

export const overhead: Suite = {
  name: "overhead",
  question: "What does a call cost when there is next to nothing to compute?",
  rows: [
    {
      name: "jitted tiny call, 2 sin(x)",
      op: "tinyCall",
      inputs: { x: { shape: [] } },
      target: { torch: 2.5, js: 4 },
    },
    {
      name: "eager add of two 3-vectors",
      op: "tinyAdd",
      inputs: { a: tiny, b: tiny },
      target: { torch: 1.5, js: 2.5 },
    },
    {
      name: "jitted gradient step, 100 leaves",
      op: "leaves",
      inputs: leaves,
      target: { torch: 10, js: 20 },
    },
    {
      name: "while loop, 1e6 scalar steps",
      op: "whileLoop",
      args: { rounds },
      inputs: { x: { shape: [] } },
      target: { torch: 50, js: 1000 },
    },
  ],
};

const first = (row: Row, target: Target): Row => {
  const { flops: _, ...rest } = row;
  return { ...rest, args: { ...row.args, steps: 1 }, name: `first call, ${row.name}`, kind: "first", target };
};
/** Tracing and compiling of a loop do not depend on its length. */
const firstLstm = (steps: number): Row => ({
  name: `first call beyond a call, LSTM T=${steps} b32 64->128, with gradients`,
  op: "firstLstm",
  inputs: lstmInputs(steps),
  kind: "report",
  unit: "s",
  only: ["brickbox2"],
  target: { most: 0.3 },
});
export const compile: Suite = {
  name: "compile",
  question: "What does the first call cost, with tracing and compiling?",
  rows: [
    first(mlp("sgd", {}), { js: 3 }),
    first(mlp("adam", {}), {}),
    {
      name: "first call, chain of 10,000 equations",
      op: "longChain",
      args: { equations: 10_000 },
      inputs: { x: { shape: [16] } },
      kind: "first",
      target: { most: 3 },
    },
    firstLstm(10),
    firstLstm(1000),
  ],
};

/** With checkpoints over without, 64 layers. */
const checkpoints = (what: string, op: string, most: number): Row => ({
  name: `${what} with checkpoints over without, 64 layers of 256, b512`,
  op,
  inputs: { x: { shape: [512, 256] }, w: { shape: [256, 256], scale: 0.1 } },
  kind: "report",
  unit: "1",
  only: ["brickbox2"],
  target: { most },
});
export const memory: Suite = {
  name: "memory",
  question: "How much memory does a training step take?",
  rows: [
    {
      ...first(mlp("adam", {}), {}),
      name: "planned peak over liveness bound, MLP adam step",
      kind: "report",
      op: "plannedPeak",
      unit: "1",
      only: ["brickbox2"],
      target: { most: 1.1 },
    },
    {
      ...first(mlp("adam", {}), {}),
      name: "resident set after 50 steps, MLP adam",
      kind: "report",
      op: "residentSteps",
      args: { optimizer: "adam", rate: 0.001, steps: 50 },
      unit: "B",
    },
    {
      name: "resident set after 1e6 small steps in one synchronous loop",
      kind: "report",
      op: "residentLoop",
      args: { steps: 1_000_000 },
      inputs: { x: { shape: [2048] } },
      unit: "B",
      only: ["brickbox2"],
      target: { most: 500e6 },
    },
    checkpoints("planned peak", "checkpointPeak", 0.25),
    checkpoints("time", "checkpointTime", 1.5),
  ],
};
