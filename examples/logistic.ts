// Logistic regression on real data: is a cell sample malignant? One weight per feature and a bias, trained on all examples at
// once. Run: npx tsx examples/logistic.ts [--seed 0] [--steps 300]
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { accuracy, areaUnderRoc, fitScaling, standardize, trainTestSplit } from "../src/data/index.ts";
import { jit, type NDArray, np, random, valueAndGrad } from "../src/index.ts";
import { applyUpdates, sgd, sigmoidBinaryCrossEntropy } from "../src/optim/index.ts";
import { verdict } from "./verdict.ts";

const { values: options } = parseArgs({
  options: { seed: { type: "string", default: "0" }, steps: { type: "string", default: "300" } },
});
const started = performance.now();

// 569 rows of 30 numbers and a class, 0 for malignant; the first row is a heading.
const rows = readFileSync(new URL("data/breast-cancer.csv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(",").map(Number));
const x = np.array(rows.map((row) => row.slice(0, 30)));
const y = np.array(rows.map((row) => 1 - (row[30] as number))); // 1 is malignant
const measured = ["radius", "texture", "perimeter", "area", "smoothness"].concat([
  "compactness",
  "concavity",
  "concave points",
  "symmetry",
  "fractal dimension",
]);
const features = ["mean", "error of", "worst"].flatMap((kind) => measured.map((name) => `${kind} ${name}`));

const { train, test } = trainTestSplit(random.key(Number(options.seed)), { x, y }, { test: 0.3, stratify: y });
const scaling = fitScaling(train.x); // of the training examples only: the others are still unknown
const scaled = standardize(scaling, train.x);

interface Params {
  readonly w: NDArray;
  readonly b: NDArray;
}
const logits = ({ w, b }: Params, inputs: NDArray): NDArray => np.add(np.matmul(inputs, w), b);
// Cross-entropy from the logit, and a little weight decay: without it, separable data would let the weights grow for ever.
const loss = (params: Params, inputs: NDArray, labels: NDArray): NDArray =>
  np.add(
    np.mean(sigmoidBinaryCrossEntropy(logits(params, inputs), labels)),
    np.multiply(np.sum(np.square(params.w)), 0.5e-3),
  );

const optimizer = sgd(0.5, { momentum: 0.95, nesterov: true });
const step = jit(
  (params: Params, state: ReturnType<typeof optimizer.init>, inputs: NDArray, labels: NDArray) => {
    const [value, gradient] = valueAndGrad(loss)(params, inputs, labels);
    const [updates, next] = optimizer.update(gradient, state, params);
    const steepest = np.maximum(np.max(np.abs(gradient.w)), np.abs(gradient.b));
    return [applyUpdates(params, updates), next, value, steepest] as const;
  },
  { donate: [0, 1] },
);

let params: Params = { w: np.zeros([30]), b: np.zeros([]) };
let state = optimizer.init(params);
const steps = Number(options.steps);
for (let i = 1; i <= steps; i++) {
  const [nextParams, nextState, value, steepest] = step(params, state, scaled, train.y);
  params = nextParams;
  state = nextState;
  if (i === 1 || i % Math.ceil(steps / 6) === 0)
    console.log(
      `step ${String(i).padStart(4)}  loss ${Number(value).toFixed(5)}  largest slope ${Number(steepest).toExponential(1)}`,
    );
}

const scores = logits(params, standardize(scaling, test.x));
const guesses = np.astype(np.greater(scores, 0), "float32");
console.log("\nWhat speaks most for and against malignant:");
const weights = (params.w.js() as number[]).map((weight, i) => ({ weight, name: features[i] as string }));
weights.sort((a, b) => b.weight - a.weight);
for (const { weight, name } of [...weights.slice(0, 4), ...weights.slice(-3)])
  console.log(`${weight.toFixed(2).padStart(7)}  ${name}`);
console.log(`\narea under the ROC curve ${areaUnderRoc(test.y, scores).toFixed(4)} on ${test.y.size} held-out samples`);
verdict({
  name: "logistic",
  metric: "test accuracy",
  value: accuracy(test.y, guesses),
  threshold: 0.95,
  baseline: accuracy(test.y, np.zerosLike(test.y)),
  seconds: (performance.now() - started) / 1000,
});
