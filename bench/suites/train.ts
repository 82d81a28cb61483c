// What does a training step cost: forward, backward and the update of all parameters?
import type { Input, Inputs, Row, Suite, Target } from "../row.ts";

/** A parameter, of a scale that keeps activations in range. */
const parameter = (...shape: readonly number[]): Input => {
  const fanIn = shape.length === 4 ? shape.slice(1).reduce((a, b) => a * b) : (shape[0] as number);
  return shape.length === 1
    ? { shape, scale: 0.1, trained: true }
    : { shape, scale: Math.sqrt(3 / fanIn), trained: true };
};
const gain = (n: number): Input => ({ shape: [n], scale: 0.1, offset: 1, trained: true });

const mlpInputs: Inputs = {
  w1: parameter(784, 512),
  b1: parameter(512),
  w2: parameter(512, 512),
  b2: parameter(512),
  w3: parameter(512, 10),
  b3: parameter(10),
  x: { shape: [128, 784] },
  y: { shape: [128], below: 10 },
};
/** The gradient by the images is not asked for. */
const mlpFlops = 2 * 128 * (2 * 784 * 512 + 3 * (512 * 512 + 512 * 10));
export const mlp = (optimizer: "sgd" | "adam", target: Target): Row => ({
  name: `MLP 784-512-512-10 b128, ${optimizer} step`,
  op: "mlpStep",
  args: { optimizer, rate: optimizer === "sgd" ? 0.1 : 0.001 },
  inputs: mlpInputs,
  flops: mlpFlops,
  target,
});

const lenet: Inputs = {
  c1: parameter(6, 1, 5, 5),
  d1: parameter(6),
  c2: parameter(16, 6, 5, 5),
  d2: parameter(16),
  w1: parameter(400, 120),
  b1: parameter(120),
  w2: parameter(120, 84),
  b2: parameter(84),
  w3: parameter(84, 10),
  b3: parameter(10),
  x: { shape: [64, 1, 28, 28] },
  y: { shape: [64], below: 10 },
};
const lenetFlops = 2 * 64 * (2 * 6 * 25 * 28 * 28 + 3 * (16 * 150 * 10 * 10) + 3 * (400 * 120 + 120 * 84 + 84 * 10));

/** Three residual blocks of two 3x3 convolutions each, the last two halve the image and double the channels. */
const resnet: Inputs = {
  stem: parameter(16, 3, 3, 3),
  ...Object.fromEntries(
    (
      [
        [16, 16],
        [16, 32],
        [32, 64],
      ] as const
    ).flatMap(([from, to], i) => [
      [`u${i}`, parameter(to, from, 3, 3)],
      [`v${i}`, parameter(to, to, 3, 3)],
      ...(from === to ? [] : [[`s${i}`, parameter(to, from, 1, 1)]]),
    ]),
  ),
  w: parameter(64, 10),
  b: parameter(10),
  x: { shape: [32, 3, 32, 32] },
  y: { shape: [32], below: 10 },
};
const resnetFlops =
  2 *
  32 *
  (2 * 1024 * 27 * 16 + 3 * (1024 * 2 * 144 * 16 + 256 * (144 + 288 + 16) * 32 + 64 * (288 + 576 + 32) * 64 + 64 * 10));

const layers = 2,
  [batch, length, size, vocabulary] = [16, 64, 128, 64];
const transformer: Inputs = {
  tokens: { shape: [batch, length], below: vocabulary },
  y: { shape: [batch, length], below: vocabulary },
  embedding: { ...parameter(vocabulary, size), scale: 0.3 },
  positions: { ...parameter(length, size), scale: 0.3 },
  ...Object.fromEntries(
    Array.from({ length: layers }, (_, i) => [
      [`g${i}`, gain(size)],
      [`h${i}`, parameter(size)],
      ...["q", "k", "v", "o"].map((name) => [`w${name}${i}`, parameter(size, size)]),
      [`m${i}`, gain(size)],
      [`n${i}`, parameter(size)],
      [`up${i}`, parameter(size, 4 * size)],
      [`ub${i}`, parameter(4 * size)],
      [`down${i}`, parameter(4 * size, size)],
      [`db${i}`, parameter(size)],
    ]).flat(),
  ),
  g: gain(size),
  h: parameter(size),
  head: parameter(size, vocabulary),
};
const transformerFlops = 3 * 2 * batch * length * (layers * (12 * size * size + 2 * length * size) + size * vocabulary);

const few = { limit: 0.75, torch: 0.5, js: 2.7 };
export const train: Suite = {
  name: "train",
  question: "What does a training step cost?",
  rows: [
    mlp("sgd", few),
    mlp("adam", { ...few, torch: 0.85 }),
    {
      name: "LeNet b64, adam step",
      op: "lenetStep",
      args: { optimizer: "adam", rate: 0.002 },
      inputs: lenet,
      flops: lenetFlops,
      target: { torch: 1.4, js: 150 },
    },
    {
      name: "ResNet 16-32-64 b32 32x32, adam step",
      op: "resnetStep",
      args: { optimizer: "adam", rate: 0.001 },
      inputs: resnet,
      flops: resnetFlops,
    },
    {
      name: "Transformer 2 layers d128 T64 b16, adam step",
      op: "transformerStep",
      args: { optimizer: "adam", rate: 0.001, heads: 4, layers },
      inputs: transformer,
      flops: transformerFlops,
      target: { limit: 0.65, torch: 1.1, js: 5 },
    },
    {
      name: "per-example gradients, MLP 64-128-10, 256 examples",
      op: "perExample",
      inputs: {
        w1: parameter(64, 128),
        b1: parameter(128),
        w2: parameter(128, 10),
        b2: parameter(10),
        x: { shape: [256, 64] },
        y: { shape: [256], below: 10 },
      },
      // Forward, one product back, and an outer product per example and layer.
      flops: 2 * 256 * (2 * 64 * 128 + 3 * 128 * 10),
      writes: 4 * 256 * (64 * 128 + 128 + 128 * 10 + 10),
      target: { torch: 4, js: 35 },
    },
  ],
};
