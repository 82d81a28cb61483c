// The adding problem (Hochreiter and Schmidhuber 1997): a sequence of random numbers, two of them marked; what is their sum? Nothing but the
// last step counts, so what was seen long ago must be kept. Cells with gates can, Elman's cannot, with the same training.
// Run: npx tsx examples/adding.ts [--quick] (--help shows the options)
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import cliProgress from "cli-progress";
import * as bricks from "../src/bricks/index.ts";
import { jit, type Key, lax, type NDArray, np, random, valueAndGrad, vmap } from "../src/index.ts";
import * as optim from "../src/optim/index.ts";
import { verdict } from "./verdict.ts";

const usage = `usage: npx tsx examples/adding.ts [options]

  --length N   numbers in a sequence (default 100, 50 with --quick)
  --rounds N   steps of training for each cell (default 4000, 1000 with --quick)
  --hidden N   units of a cell (default 16)
  --seed N     decides parameters and sequences (default 0)
  --quick      a look in a few seconds: the LSTM alone
  --help       this text`;

const { values: given } = parseArgs({
  options: {
    length: { type: "string" },
    rounds: { type: "string" },
    hidden: { type: "string", default: "16" },
    seed: { type: "string", default: "0" },
    quick: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const { quick } = given;
const length = Number(given.length ?? (quick ? 50 : 100)),
  rounds = Number(given.rounds ?? (quick ? 1000 : 4000)),
  hidden = Number(given.hidden),
  seed = Number(given.seed);
if (given.help || [length, rounds, hidden, seed].some(Number.isNaN)) {
  console.log(usage);
  process.exit(given.help ? 0 : 1);
}
const batch = 32,
  chunk = 50,
  [trainKey, testKey, initKey] = random.split(random.key(seed), 3);

/** Numbers between -1 and 1 with a mark beside one in each half, `f32[length, 2]`, and the sum of the two. */
const example = (key: Key): readonly [NDArray, NDArray] => {
  const [valueKey, firstKey, secondKey] = random.split(key, 3),
    half = Math.floor(length / 2);
  const values = random.uniform(valueKey, [length], { minval: -1, maxval: 1 });
  const at = np.arange(length),
    marked = np.logicalOr(
      np.equal(at, random.randint(firstKey, [], 0, half)),
      np.equal(at, random.randint(secondKey, [], half, length)),
    );
  const marks = np.astype(marked, "float32");
  return [np.stack([values, marks], 1), np.sum(np.multiply(values, marks))];
};
const examples = (key: Key, count: number): readonly [NDArray, NDArray] => vmap(example)(random.split(key, count));

/** What can be trained, and the mean squared error it should reach; Elman's cell should stay above. */
interface Contestant {
  readonly cell: bricks.Cell<bricks.RecurrentParams, unknown, bricks.Vec<2>, bricks.Vec<number>>;
  readonly threshold: number;
  readonly less: boolean;
}
const contestants: Readonly<Record<string, Contestant>> = {
  lstm: { cell: bricks.lstm(2, hidden), threshold: quick ? 0.1 : 0.02, less: true },
  ...(quick
    ? {}
    : {
        gru: { cell: bricks.gru(2, hidden), threshold: 0.02, less: true },
        rnn: { cell: bricks.rnn(2, hidden), threshold: 0.04, less: false },
      }),
};
const names = Object.keys(contestants);

const optimizer = optim.chain(
  optim.clipByGlobalNorm(1),
  optim.adam(optim.warmupCosineDecaySchedule(0, 0.01, rounds / 20, rounds)),
);

/** Train a cell, and measure it on sequences that it has not seen. */
const errorOf = async (name: string, { cell }: Contestant, bar: cliProgress.SingleBar): Promise<number> => {
  const net = bricks.serial(bricks.recurrent(cell), bricks.lastStep(), bricks.dense(hidden, 1));
  type Params = ReturnType<typeof net.init>;
  const predict = vmap((p: Params, xs: NDArray): NDArray => np.squeeze(net.apply(p, xs), 0), [null, 0]);
  const loss = (p: Params, [xs, sums]: readonly [NDArray, NDArray]): NDArray =>
    np.mean(np.square(np.subtract(predict(p, xs), sums)));
  const start = net.init(initKey);
  // Many steps of training in one call: a loop around the loops over the sequences. Every step makes new sequences.
  type Carry = readonly [Params, ReturnType<typeof optimizer.init>];
  const learn = jit(
    (carry: Carry, keys: Key) =>
      lax.scan(
        ([params, state]: Carry, key: Key) => {
          const [value, slopes] = valueAndGrad(loss)(params, examples(key, batch));
          const [updates, next] = optimizer.update(slopes, state, params);
          return [[optim.applyUpdates(params, updates), next] as const, value];
        },
        carry,
        keys,
      ),
    { donate: [0] },
  );
  let carry: Carry = [start, optimizer.init(start)];
  for (let done = 0; done < rounds; done += chunk) {
    const [next, errors] = learn(carry, random.split(random.foldIn(trainKey, done), chunk));
    carry = next;
    bar.increment(chunk, { name, error: Number(np.mean(errors)).toFixed(4) });
    await setImmediate(); // let the terminal, and ctrl-C, have their turn
  }
  return Number(jit(loss)(carry[0], examples(testKey, 2000)));
};

const bar = new cliProgress.SingleBar({
  format: "{bar}  {name}  squared error {error}  {eta} s left",
  barsize: 20,
  barCompleteChar: "█",
  barIncompleteChar: "░",
  hideCursor: true,
  noTTYOutput: true,
  notTTYSchedule: 2000,
});
bar.start(rounds * names.length, 0, { name: names[0], error: "-" });
// The best constant answer is the mean of all sums, 0: its error is the variance of a sum of two such numbers.
const baseline = 2 / 3;
const outcomes: Parameters<typeof verdict>[0][] = [];
for (const [name, contestant] of Object.entries(contestants)) {
  const began = performance.now(),
    value = await errorOf(name, contestant, bar);
  outcomes.push({
    name: `adding ${name}`,
    metric: `squared error after ${length} numbers`,
    value,
    threshold: contestant.threshold,
    baseline,
    seconds: (performance.now() - began) / 1000,
    less: contestant.less,
  });
}
bar.stop();
for (const outcome of outcomes) verdict(outcome);
