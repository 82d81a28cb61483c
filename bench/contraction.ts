// How fast are matrix products, of all sizes?
import { jit, type NDArray, np } from "../src/index.ts";
import { demandClose, noise, type Suite, type Timed, timed } from "./subject.ts";

/** `[m, k] x [k, n]`, at least so many GFLOP/s. Some elements are checked against plain sums. */
const product = (m: number, k: number, n: number, atLeast?: number): Timed => {
  const flops = 2 * m * k * n;
  return timed(
    `${m}x${k} by ${k}x${n}`,
    () => {
      const a = noise(m * k, 1),
        b = noise(k * n, 2),
        x = np.reshape(np.array(a), [m, k]),
        y = np.reshape(np.array(b), [k, n]),
        f = jit((p: NDArray, q: NDArray) => np.matmul(p, q));
      const plain = (i: number, j: number): number => {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += (a[i * k + p] as number) * (b[p * n + j] as number);
        return sum;
      };
      const got = f(x, y);
      for (const i of new Set([0, m >> 1, m - 1])) demandClose(np.slice(got, i), (j) => plain(i, j), 1e-3);
      return () => f(x, y);
    },
    atLeast === undefined ? { flops } : { flops, limit: flops / (atLeast * 1e9) },
  );
};

export const contraction: Suite = {
  name: "matmul",
  question: "Do matrix products run at the speed of the processor, for every size?",
  subjects: [
    product(64, 64, 64),
    product(255, 255, 255),
    product(256, 256, 256),
    product(512, 512, 512, 10),
    product(128, 784, 256),
    product(1, 784, 256),
    product(1000, 3, 1000),
  ],
};
