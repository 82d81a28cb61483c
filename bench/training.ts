// What does a training step cost, the first time and every time?
import { grad, jit, type NDArray, nn, np, valueAndGrad } from "../src/index.ts";
import { softmaxCrossEntropyWithIntegerLabels } from "../src/optim/index.ts";
import { demandClose, noise, once, type Suite, timed } from "./subject.ts";

const batch = 128;
const sizes = [784, 256, 10] as const;

interface Params {
  readonly w1: NDArray;
  readonly b1: NDArray;
  readonly w2: NDArray;
  readonly b2: NDArray;
}
const initial = (): Params => ({
  w1: np.reshape(np.array(noise(sizes[0] * sizes[1], 3).map((v) => 0.05 * v)), [sizes[0], sizes[1]]),
  b1: np.zeros([sizes[1]]),
  w2: np.reshape(np.array(noise(sizes[1] * sizes[2], 4).map((v) => 0.05 * v)), [sizes[1], sizes[2]]),
  b2: np.zeros([sizes[2]]),
});
const loss = ({ w1, b1, w2, b2 }: Params, x: NDArray, y: NDArray): NDArray => {
  const hidden = nn.relu(np.add(np.matmul(x, w1), b1));
  return np.mean(softmaxCrossEntropyWithIntegerLabels(np.add(np.matmul(hidden, w2), b2), y));
};
const sgdStep = (params: Params, x: NDArray, y: NDArray): readonly [Params, NDArray] => {
  const [value, slopes] = valueAndGrad(loss)(params, x, y);
  const moved = (k: keyof Params): NDArray => np.subtract(params[k], np.multiply(slopes[k], 0.1));
  return [{ w1: moved("w1"), b1: moved("b1"), w2: moved("w2"), b2: moved("b2") }, value];
};
const examples = (): readonly [NDArray, NDArray] => [
  np.reshape(np.array(noise(batch * sizes[0], 5)), [batch, sizes[0]]),
  np.array(Int32Array.from({ length: batch }, (_, i) => i % 10)),
];
/** The gradient of the bias of the output, by hand: the mean of softmax minus label. */
const demandRight = (params: Params, x: NDArray, y: NDArray): void => {
  const slopes = grad(loss)(params, x, y);
  const hidden = np.maximum(np.add(np.matmul(x, params.w1), params.b1), 0);
  const logits = np.add(np.matmul(hidden, params.w2), params.b2).js() as number[][];
  const shares = logits.map((row) => {
    const e = row.map(Math.exp),
      sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  });
  const labels = y.js() as number[];
  const mean = (j: number): number =>
    shares.reduce((a, p, i) => a + (p[j] as number) - Number(labels[i] === j), 0) / batch;
  demandClose(slopes.b2, mean, 1e-4);
};

const firstCall = (): number => {
  const params = initial(),
    [x, y] = examples();
  const begin = performance.now();
  const [, value] = jit(sgdStep)(params, x, y);
  value.item();
  return (performance.now() - begin) / 1000;
};
const steady = (): (() => unknown) => {
  let params = initial();
  const [x, y] = examples();
  demandRight(params, x, y);
  const step = jit(sgdStep, { donate: [0] });
  return () => {
    [params] = step(params, x, y);
  };
};

export const training: Suite = {
  name: "training",
  question: "What does a step of a 784-256-10 network with a batch of 128 cost?",
  subjects: [
    once("first call (trace, compile, run)", "s", 0.08, firstCall),
    timed("one step", steady, { flops: 3 * 2 * batch * (sizes[0] * sizes[1] + sizes[1] * sizes[2]) }),
  ],
};
