// Do functions of rows become one pass over memory?
import { grad, jit, type NDArray, nn, np } from "../src/index.ts";
import { softmaxCrossEntropyWithIntegerLabels } from "../src/optim/index.ts";
import { demandClose, noise, type Suite, type Timed, timed } from "./subject.ts";

const side = 1024;
const rowOf = (data: Float32Array, r: number): number[] => [...data.subarray(r * side, (r + 1) * side)];
const softmaxOf = (row: readonly number[]): number[] => {
  const top = Math.max(...row),
    e = row.map((v) => Math.exp(v - top)),
    sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
};
const layerNormOf = (row: readonly number[]): number[] => {
  const mean = row.reduce((a, b) => a + b, 0) / side,
    variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / side;
  return row.map((v) => (v - mean) / Math.sqrt(variance + 1e-5));
};
const layerNorm = (x: NDArray): NDArray => nn.standardize(x, -1, { epsilon: 1e-5 });

/** `f` on a matrix; one row in a hundred is checked against `plain`. */
const ofRows = (
  name: string,
  f: (x: NDArray) => NDArray,
  plain: (row: readonly number[], r: number) => number[],
  limit?: number,
): Timed =>
  timed(
    name,
    () => {
      const data = noise(side * side),
        x = np.reshape(np.array(data), [side, side]),
        jitted = jit(f),
        got = jitted(x);
      for (let r = 0; r < side; r += 100) {
        const expected = plain(rowOf(data, r), r);
        demandClose(np.slice(got, r), (i) => expected[i] as number, 1e-4);
      }
      return () => jitted(x);
    },
    limit === undefined ? {} : { limit },
  );
const labels = np.array(Int32Array.from({ length: side }, (_, i) => (i * 7) % side));
const crossEntropy = (x: NDArray): NDArray => np.sum(softmaxCrossEntropyWithIntegerLabels(x, labels));

export const rows: Suite = {
  name: "rows",
  question: "Are functions of the rows of a 1024x1024 matrix one pass over memory?",
  subjects: [
    ofRows("softmax", (x) => nn.softmax(x), softmaxOf, 3e-3),
    ofRows("layer normalization", layerNorm, layerNormOf, 3e-3),
    ofRows("gradient of log-softmax + cross-entropy", grad(crossEntropy), (row, r) =>
      softmaxOf(row).map((p, i) => p - Number(i === (r * 7) % side)),
    ),
  ],
};
