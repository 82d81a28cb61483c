// What fresh processes report of themselves: first calls of loops, and what checkpoints save and cost.
import { checkpoint, explain, grad, jit, type NDArray, np } from "../../src/index.ts";
import { array, lstm, type Ops } from "./arrays.ts";

type Given = Parameters<Ops[string]>[0];
type Args = Parameters<Ops[string]>[1];

/** An operation that gives one number. */
export const report =
  (f: (given: Given, args: Args) => number): Ops[string] =>
  (given, args) => ({ check: () => [[f(given, args)]] });

const secondsOf = (run: () => unknown): number => {
  const begin = performance.now();
  run();
  return (performance.now() - begin) / 1000;
};
const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[xs.length >> 1] as number;
const arrays = (given: Given, names: readonly string[]): readonly NDArray[] =>
  names.map((name) => array(given[name] as Given[string]));

/** The first call beyond the quickest of the next five: tracing, compiling, and memory touched for the first time. */
const firstLstm = report((given) => {
  const f = jit(grad(lstm, { argnums: [1, 2, 3] })),
    inputs = arrays(given, ["xs", "wx", "wh", "b"]) as Parameters<typeof lstm>;
  const run = (): unknown => (f(...inputs) as unknown as readonly NDArray[]).map((slope) => slope.dataSync());
  const first = secondsOf(run);
  return first - Math.min(...Array.from({ length: 5 }, () => secondsOf(run)));
});

type Segment = (x: NDArray, ...weights: NDArray[]) => NDArray;
/** The earlier a segment, the fewer arguments are kept when it is computed again, so the longer it may be: 64 layers in ten. */
const segments = [11, 10, 9, 8, 7, 6, 5, 4, 3, 1];
const layers: Segment = (x, ...weights) => weights.reduce((h, w) => np.tanh(np.matmul(h, w)), x);
/** The gradient of a network of 64 layers, whose segments `wrap` changes. */
const deep = (wrap: (f: Segment) => Segment) =>
  jit(
    grad((stack: readonly NDArray[], x: NDArray): NDArray => {
      let h = x,
        at = 0;
      for (const n of segments) {
        h = wrap(layers)(h, ...stack.slice(at, at + n));
        at += n;
      }
      return np.mean(np.square(h));
    }),
  );
const deepArguments = (given: Given): readonly [readonly NDArray[], NDArray] => {
  const [x, w] = arrays(given, ["x", "w"]) as [NDArray, NDArray];
  return [Array.from({ length: segments.reduce((a, b) => a + b) }, () => w), x];
};
const plain = deep((f) => f),
  sparing = deep((f) => checkpoint(f));

export const reportOps: Ops = {
  firstLstm,
  checkpointPeak: report((given) => {
    const peak = (f: typeof plain): number => explain(f, ...deepArguments(given)).plan.peakBytes;
    return peak(sparing) / peak(plain);
  }),
  checkpointTime: report((given) => {
    const inputs = deepArguments(given);
    const time = (f: typeof plain): number => secondsOf(() => f(...inputs).map((slope) => slope.dataSync()));
    time(plain);
    time(sparing);
    // In turns, so that what else the machine does falls on both.
    const turns = Array.from({ length: 5 }, () => [time(sparing), time(plain)] as const);
    return median(turns.map(([a]) => a)) / median(turns.map(([, b]) => b));
  }),
};
