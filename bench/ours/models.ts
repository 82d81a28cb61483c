// The models that are trained, and their losses, as users of brickbox write them.
import { lax, type NDArray, nn, np } from "../../src/index.ts";
import { softmaxCrossEntropyWithIntegerLabels } from "../../src/optim/index.ts";
import { attend, maxPool } from "./arrays.ts";

export type Params = Readonly<Record<string, NDArray>>;
/** The mean loss over a batch; `d` holds what is not trained. */
export type Loss = (p: Params, d: Params) => NDArray;

const at = (p: Params, name: string): NDArray => p[name] as NDArray;
const dense = (x: NDArray, w: NDArray, b: NDArray): NDArray => np.add(np.matmul(x, w), b);
const crossEntropy = (logits: NDArray, d: Params): NDArray =>
  np.mean(softmaxCrossEntropyWithIntegerLabels(logits, at(d, "y")));

/** Dense layers 1, 2, ... with relu between them. */
const tower = (p: Params, x: NDArray, count: number): NDArray =>
  Array.from({ length: count }, (_, i) => i + 1).reduce((h, i) => {
    const y = dense(h, at(p, `w${i}`), at(p, `b${i}`));
    return i < count ? nn.relu(y) : y;
  }, x);
const conv = (x: NDArray, w: NDArray, stride: number, padding: "SAME" | "VALID"): NDArray =>
  lax.conv(x, w, [stride, stride], padding);
const channelBias = (x: NDArray, b: NDArray): NDArray => np.add(x, np.reshape(b, [1, b.size, 1, 1]));
const layerNorm = (x: NDArray, g: NDArray, h: NDArray): NDArray =>
  np.add(np.multiply(nn.standardize(x, -1, { epsilon: 1e-5 }), g), h);

export const mlp =
  (layers: number): Loss =>
  (p, d) =>
    crossEntropy(tower(p, at(d, "x"), layers), d);

export const lenet: Loss = (p, d) => {
  const first = maxPool(nn.relu(channelBias(conv(at(d, "x"), at(p, "c1"), 1, "SAME"), at(p, "d1"))));
  const second = maxPool(nn.relu(channelBias(conv(first, at(p, "c2"), 1, "VALID"), at(p, "d2"))));
  return crossEntropy(tower(p, np.reshape(second, [second.shape[0] as number, 400]), 3), d);
};

export const resnet: Loss = (p, d) => {
  let x = nn.relu(conv(at(d, "x"), at(p, "stem"), 1, "SAME"));
  for (let i = 0; `u${i}` in p; i++) {
    const stride = i === 0 ? 1 : 2,
      inner = conv(nn.relu(conv(x, at(p, `u${i}`), stride, "SAME")), at(p, `v${i}`), 1, "SAME"),
      short = `s${i}` in p ? conv(x, at(p, `s${i}`), stride, "SAME") : x;
    x = nn.relu(np.add(short, inner));
  }
  return crossEntropy(dense(np.mean(x, [2, 3]), at(p, "w"), at(p, "b")), d);
};

export const transformer =
  (layers: number, heads: number): Loss =>
  (p, d) => {
    let x = np.add(np.take(at(p, "embedding"), at(d, "tokens"), 0), at(p, "positions"));
    for (let i = 0; i < layers; i++) {
      const of = (name: string): NDArray => at(p, `${name}${i}`);
      const y = layerNorm(x, of("g"), of("h"));
      const [q, k, v] = ["wq", "wk", "wv"].map((name) => np.matmul(y, of(name))) as [NDArray, NDArray, NDArray];
      x = np.add(x, np.matmul(attend(q, k, v, heads, true), of("wo")));
      const z = nn.gelu(dense(layerNorm(x, of("m"), of("n")), of("up"), of("ub")), { approximate: false });
      x = np.add(x, dense(z, of("down"), of("db")));
    }
    return crossEntropy(np.matmul(layerNorm(x, at(p, "g"), at(p, "h")), at(p, "head")), d);
  };
