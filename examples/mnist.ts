// The main example: a convolutional network learns to read handwritten digits. `npm start -- --help` shows the options.
// Everything random follows from the seed, so the same seed gives the same bits.
import { writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import cliProgress from "cli-progress";
import * as bricks from "../src/bricks/index.ts";
import { accuracy, batchPositions, confusionMatrix, takeRows, trainTestSplit } from "../src/data/index.ts";
import { jit, type Key, lax, type NDArray, nn, np, random, valueAndGrad, vmap } from "../src/index.ts";
import { writeTree } from "../src/io/index.ts";
import * as optim from "../src/optim/index.ts";
import { type Digits, loadDigits, side } from "./digits.ts";
import { drawCurves, drawSheet } from "./pictures.ts";
import { table } from "./table.ts";
import { verdict } from "./verdict.ts";

/** What can be trained, from an image `f32[1, 28, 28]` to the logits of ten digits, and the accuracy it should reach. */
const models = {
  lenet: {
    expected: 0.98,
    net: bricks.serial(
      bricks.conv(1, 6, 5, { padding: "SAME" }), // 6 channels of 28 x 28
      bricks.relu,
      bricks.maxPool(2), // 14 x 14
      bricks.conv(6, 16, 5), // 16 channels of 10 x 10
      bricks.relu,
      bricks.maxPool(2), // 5 x 5
      bricks.flatten(400),
      bricks.dense(400, 120),
      bricks.relu,
      bricks.dense(120, 84),
      bricks.relu,
      bricks.dense(84, 10),
    ),
  },
  mlp: {
    expected: 0.95,
    net: bricks.serial(bricks.flatten(784), bricks.dense(784, 256), bricks.relu, bricks.dense(256, 10)),
  },
  linear: { expected: 0.88, net: bricks.serial(bricks.flatten(784), bricks.dense(784, 10)) },
};

const usage = `usage: npm start -- [options]

  --model NAME   ${Object.keys(models).join(", ")} (default lenet)
  --epochs N     how often every image is seen (default 10)
  --batch N      images per step (default 64)
  --rate X       learning rate at its peak (default 0.003)
  --seed N       decides the split, the parameters and the order of the images (default 0)
  --images N     images of each digit to use at most, for a quick look (default all)
  --out FOLDER   where pictures and parameters go (default out)
  --help         this text`;

const { values: given } = parseArgs({
  options: {
    model: { type: "string", default: "lenet" },
    epochs: { type: "string", default: "10" },
    batch: { type: "string", default: "64" },
    rate: { type: "string", default: "0.003" },
    seed: { type: "string", default: "0" },
    images: { type: "string", default: "1200" },
    out: { type: "string", default: "out" },
    help: { type: "boolean", default: false },
  },
});
const numbers = {
  epochs: Number(given.epochs),
  batch: Number(given.batch),
  rate: Number(given.rate),
  seed: Number(given.seed),
  most: Number(given.images),
};
if (given.help || !Object.hasOwn(models, given.model) || Object.values(numbers).some(Number.isNaN)) {
  console.log(usage);
  process.exit(given.help ? 0 : 1);
}
const started = performance.now();
const { epochs, batch, rate, seed, most } = numbers;
const { expected, net } = models[given.model as keyof typeof models] as {
  readonly expected: number;
  readonly net: bricks.Brick;
};
const [splitKey, initKey, orderKey, moveKey] = random.split(random.key(seed), 4);

// A fifth of the digits is held out, of every digit the same share.
const all = loadDigits(most);
const { train, test } = trainTestSplit(splitKey, all, { test: 0.2, stratify: all.labels });
const count = train.labels.size,
  steps = Math.floor(count / batch) * epochs;

/** Images as the network takes them: `f32[n, 1, 28, 28]` between 0 and 1. */
const inputs = (images: NDArray): NDArray => np.multiply(np.astype(np.expandDims(images, 1), "float32"), 1 / 255);
/** An image moved by up to a pixel in each direction: there are never enough examples. */
const moved = (key: Key, image: NDArray): NDArray => {
  const [up, left] = [...random.randint(key, [2], 0, 3)] as [NDArray, NDArray];
  return lax.dynamicSlice(np.pad(image, 1), [up, left], [side, side]);
};
/** The network is written for one image; vmap maps it over many. */
const logits = vmap((params: unknown, image: NDArray): NDArray => net.apply(params, image), [null, 0]);

const optimizer = optim.adam(optim.warmupCosineDecaySchedule(0, rate, steps / 20, steps));
type State = ReturnType<typeof optimizer.init>;

// A step of training is one program: gather the batch, forward, backward, update. Parameters and state change in place.
const step = jit(
  (params: unknown, state: State, digits: Digits, positions: NDArray, key: Key) => {
    const { images, labels } = takeRows(digits, positions);
    const seen = inputs(vmap(moved)(random.split(key, batch), images));
    const loss = (p: unknown): readonly [NDArray, NDArray] => {
      const scores = logits(p, seen);
      const right = np.mean(np.astype(np.equal(np.argmax(scores, 1), labels), "float32"));
      return [np.mean(optim.softmaxCrossEntropyWithIntegerLabels(scores, labels)), right];
    };
    const [[value, right], slopes] = valueAndGrad(loss, { hasAux: true })(params);
    const [updates, next] = optimizer.update(slopes, state, params);
    return [optim.applyUpdates(params, updates), next, value, right] as const;
  },
  { donate: [0, 1] },
);
const predict = jit((params: unknown, digits: Digits, positions: NDArray) =>
  nn.softmax(logits(params, inputs(takeRows(digits, positions).images))),
);
/** The probability of each digit for each image: `f32[n, 10]`. */
const probabilities = (params: unknown, digits: Digits): NDArray =>
  np.concatenate([...batchPositions(null, digits.labels.size, { size: 500 })].map((at) => predict(params, digits, at)));

interface Trained {
  readonly params: unknown;
  readonly losses: readonly number[];
}
const learn = async (): Promise<Trained> => {
  const bar = new cliProgress.SingleBar({
    // 80 columns at most: what is longer would be cut off.
    format: "{bar}  epoch {epoch}/{epochs}  loss {loss}  accuracy {right}  {speed} images/s  {left} s left",
    barsize: 10,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 2000,
  });
  let params = net.init(initKey),
    state = optimizer.init(params),
    meanLoss = Math.log(10),
    meanRight = 0.1;
  const losses: number[] = [];
  const begin = performance.now();
  bar.start(steps, 0, { epoch: 1, epochs, loss: "-", right: "-", speed: "-", left: "-" });
  for (let epoch = 1; epoch <= epochs; epoch++)
    for (const positions of batchPositions(random.foldIn(orderKey, epoch), count, { size: batch, dropLast: true })) {
      const [nextParams, nextState, loss, right] = step(
        params,
        state,
        train,
        positions,
        random.foldIn(moveKey, losses.length),
      );
      params = nextParams;
      state = nextState;
      losses.push(Number(loss));
      meanLoss += 0.05 * (Number(loss) - meanLoss);
      meanRight += 0.05 * (Number(right) - meanRight);
      const seconds = (performance.now() - begin) / 1000;
      bar.update(losses.length, {
        epoch,
        loss: meanLoss.toFixed(3),
        right: `${(100 * meanRight).toFixed(1)} %`,
        speed: Math.round((losses.length * batch) / seconds),
        left: Math.ceil((seconds * (steps - losses.length)) / losses.length),
      });
      await setImmediate(); // let the terminal, and ctrl-C, have their turn
    }
  bar.stop();
  return { params, losses };
};

/** The loss of every step, and its mean over a tenth of an epoch. */
const drawLosses = (file: string, losses: readonly number[]): void => {
  const perEpoch = steps / epochs,
    window = Math.max(1, Math.round(perEpoch / 4));
  const mean = (i: number): number => {
    const near = losses.slice(Math.max(0, i - window + 1), i + 1);
    return near.reduce((a, b) => a + b, 0) / near.length;
  };
  const curve = (y: (i: number) => number): { x: number; y: number }[] =>
    losses.map((_, i) => ({ x: (i + 1) / perEpoch, y: y(i) }));
  drawCurves(file, `${given.model}: cross-entropy while training on ${count} digits`, "epoch", "loss", [
    { name: `mean of ${window} steps`, colour: "#1f4e8c", width: 3, points: curve(mean) },
    { name: "one step", colour: "#b9cbe4", width: 1, points: curve((i) => Math.max(losses[i] as number, 1e-6)) },
  ]);
};

/** The held-out digits that were misread, the most confident mistake first. */
const drawMistakes = (file: string, guesses: NDArray, shares: NDArray): void => {
  const [truth, guess, share] = [test.labels.dataSync(), guesses.dataSync(), np.max(shares, 1).dataSync()];
  const pixels = test.images.dataSync() as Uint8Array,
    size = side * side;
  const wrong = Array.from(truth, (_, i) => i).filter((i) => truth[i] !== guess[i]);
  wrong.sort((a, b) => (share[b] as number) - (share[a] as number));
  drawSheet(
    file,
    `${wrong.length} of ${truth.length} held-out digits were misread: digit, what it was taken for, how surely`,
    side,
    wrong.map((i) => ({
      pixels: pixels.subarray(i * size, (i + 1) * size),
      caption: `${truth[i]} as ${guess[i]}, ${Math.round(100 * (share[i] as number))} %`,
    })),
  );
};

console.log(`${given.model}: ${count} digits to train with, ${test.labels.size} held out, seed ${seed}`);
const { params, losses } = await learn();
const shares = probabilities(params, test),
  guesses = np.argmax(shares, 1),
  right = accuracy(test.labels, guesses);
const confusion = confusionMatrix(test.labels, guesses, 10).js() as readonly (readonly number[])[];
console.log(`\n${table("digit / taken for", confusion)}\n`);
drawLosses(`${given.out}/loss.png`, losses);
drawMistakes(`${given.out}/mistakes.png`, guesses, shares);
writeFileSync(
  `${given.out}/${given.model}.safetensors`,
  writeTree(params, { seed: given.seed, accuracy: String(right) }),
);
console.log(
  ["loss.png", "mistakes.png", `${given.model}.safetensors`].map((file) => `${given.out}/${file}`).join(", "),
);
const largest = confusion.map((row) => row.reduce((a, b) => a + b, 0)).reduce((a, b) => Math.max(a, b));
verdict({
  name: `mnist ${given.model}`,
  metric: "test accuracy",
  value: right,
  threshold: most >= 1000 && epochs >= 8 ? expected : 0,
  baseline: largest / test.labels.size,
  seconds: (performance.now() - started) / 1000,
});
