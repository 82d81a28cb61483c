// What happens at the limits: very long programs, very many calls?
import { jit, type NDArray, np } from "../src/index.ts";
import { demandClose, once, type Suite } from "./subject.ts";

const equations = 10_000;
const longChain = (): number => {
  const f = jit((x: NDArray) => {
    let y = x;
    for (let i = 0; i < equations / 2; i++) y = np.add(np.multiply(y, 0.5), 1);
    return y;
  });
  const begin = performance.now(),
    y = f(np.ones([16]));
  y.dataSync();
  const seconds = (performance.now() - begin) / 1000;
  demandClose(y, () => 2);
  return seconds;
};

const calls = 1_000_000;
/** The largest resident set while a million steps run in one synchronous loop, which gives the collector no chance to finalize. */
const millionSteps = (): number => {
  const step = jit((x: NDArray) => np.add(x, 1));
  let x = np.zeros([2048]),
    peak = 0;
  for (let i = 0; i < calls; i++) {
    x = step(x);
    if (i % 10_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
  }
  demandClose(x, () => calls);
  return peak / 1e6;
};

export const limits: Suite = {
  name: "limits",
  question: "What happens at the limits?",
  subjects: [
    once("resident memory of 1,000,000 steps without donation", "MB", 500, millionSteps),
    once("compile a chain of 10,000 equations", "s", 3, longChain),
  ],
};
