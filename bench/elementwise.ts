// How fast are mathematical functions on a million numbers?
import { jit, type NDArray, nn, np } from "../src/index.ts";
import { demandClose, noise, type Suite, type Timed, timed } from "./subject.ts";

const million = 1 << 20;
const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const unary = (name: string, f: (x: NDArray) => NDArray, plain: (x: number) => number, limit?: number): Timed =>
  timed(
    name,
    () => {
      const data = noise(million).map((v) => 4 * v),
        x = np.array(data),
        jitted = jit(f);
      demandClose(jitted(x), (i) => plain(data[i] as number));
      return () => jitted(x);
    },
    limit === undefined ? {} : { limit },
  );

export const elementwise: Suite = {
  name: "elementwise",
  question: "How fast are functions of a million float32?",
  subjects: [
    unary("exp", np.exp, Math.exp, 2.5e-3),
    unary("tanh", np.tanh, Math.tanh, 2.5e-3),
    unary("gelu", (x) => nn.gelu(x), gelu, 2.5e-3),
    unary("sin", np.sin, Math.sin),
    unary("sigmoid", (x) => nn.sigmoid(x), sigmoid),
    unary(
      "2x + 1",
      (x) => np.add(np.multiply(x, 2), 1),
      (x) => 2 * x + 1,
    ),
    unary(
      "chain of ten",
      (x) => Array.from({ length: 10 }).reduce<NDArray>((y) => np.add(np.multiply(y, 0.5), x), x),
      (x) => Array.from({ length: 10 }).reduce<number>((y) => y * 0.5 + x, x),
    ),
  ],
};
