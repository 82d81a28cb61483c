// Attention and recurrence: sequences forward and backward.
import type { Inputs, Row, Suite, Target } from "../row.ts";

const [batch, length, size, heads] = [4, 128, 256, 8];
const weight = { shape: [size, size], scale: 0.1 };
/** Projections of queries, keys and values, the scores of all heads, their mixture of values, the projection of the output. */
const attentionFlops = 2 * batch * length * (4 * size * size + 2 * length * size);
const block = (name: string, gradients: boolean, target: Target): Row => ({
  name: `attention 4x128x256, 8 heads${name}`,
  op: "attention",
  args: { heads, gradients },
  inputs: {
    x: { shape: [batch, length, size] },
    wq: weight,
    wk: weight,
    wv: weight,
    wo: weight,
    ct: { shape: [batch, length, size] },
  },
  flops: attentionFlops * (gradients ? 3 : 1),
  target,
});

export const attention: Suite = {
  name: "attention",
  question: "What does a block of attention cost, forward and with gradients?",
  rows: [
    block("", false, { limit: 0.7, torch: 0.8, js: 8 }),
    block(", with gradients", true, { limit: 0.7, torch: 0.9, js: 5 }),
  ],
};

const lstm = { steps: 100, batch: 32, inputs: 64, hidden: 128 };
const weights: Inputs = {
  wx: { shape: [lstm.inputs, 4 * lstm.hidden], scale: 0.1 },
  wh: { shape: [lstm.hidden, 4 * lstm.hidden], scale: 0.1 },
  b: { shape: [4 * lstm.hidden], scale: 0.1 },
};
/** What an LSTM of so many steps gets. */
export const lstmInputs = (steps: number): Inputs => ({
  xs: { shape: [steps, lstm.batch, lstm.inputs] },
  ...weights,
});
export const rnn: Suite = {
  name: "rnn",
  question: "What does a recurrent network cost, forward and backward through time?",
  rows: [
    {
      name: "LSTM T=100 b32 64->128, with gradients",
      op: "lstm",
      inputs: lstmInputs(lstm.steps),
      // The gradient by the input is not asked for: five products with the weights of the state and of the input, not six.
      flops: 2 * lstm.steps * lstm.batch * 4 * lstm.hidden * (3 * lstm.hidden + 2 * lstm.inputs),
      target: { limit: 0.6, torch: 1.6, js: 20 },
    },
  ],
};
