// The models that are trained, written once for libraries in JavaScript. `k` holds a dozen operations in the library's own words;
// `p` are parameters, `d` is data, images come in the layout that the library likes.

/** Dense layers 1, 2, ... with relu between them. */
const tower = (k, p, x, count) => {
  let h = x;
  for (let i = 1; i <= count; i++) {
    const y = k.add(k.matmul(h, p[`w${i}`]), p[`b${i}`]);
    h = i < count ? k.relu(y) : y;
  }
  return h;
};
const mlp = (layers) => (k, p, d) => k.crossEntropy(tower(k, p, d.x, layers), d.y);

const lenet = (k, p, d) => {
  const first = k.maxPool(k.relu(k.channelBias(k.conv(d.x, p.c1, 1, "SAME"), p.d1)));
  const second = k.maxPool(k.relu(k.channelBias(k.conv(first, p.c2, 1, "VALID"), p.d2)));
  return k.crossEntropy(tower(k, p, k.flatten(second), 3), d.y);
};
const resnet = (k, p, d) => {
  let x = k.relu(k.conv(d.x, p.stem, 1, "SAME"));
  for (let i = 0; p[`u${i}`] !== undefined; i++) {
    const stride = i === 0 ? 1 : 2,
      inner = k.conv(k.relu(k.conv(x, p[`u${i}`], stride, "SAME")), p[`v${i}`], 1, "SAME"),
      short = p[`s${i}`] === undefined ? x : k.conv(x, p[`s${i}`], stride, "SAME");
    x = k.relu(k.add(short, inner));
  }
  return k.crossEntropy(k.add(k.matmul(k.meanOfSpace(x), p.w), p.b), d.y);
};
const transformer = (k, p, d, { layers, heads }) => {
  let x = k.add(k.take(p.embedding, d.tokens), p.positions);
  for (let i = 0; i < layers; i++) {
    const y = k.norm(x, p[`g${i}`], p[`h${i}`]),
      [q, key, v] = ["q", "k", "v"].map((name) => k.matmul(y, p[`w${name}${i}`]));
    x = k.add(x, k.matmul(k.attend(q, key, v, heads, true), p[`wo${i}`]));
    const z = k.gelu(k.add(k.matmul(k.norm(x, p[`m${i}`], p[`n${i}`]), p[`up${i}`]), p[`ub${i}`]));
    x = k.add(x, k.add(k.matmul(z, p[`down${i}`]), p[`db${i}`]));
  }
  return k.crossEntropy(k.matmul(k.norm(x, p.g, p.h), p.head), d.y);
};

/** `(k, parameters, data, arguments) => loss` for each training operation. */
export const losses = { mlpStep: mlp(3), lenetStep: lenet, resnetStep: resnet, transformerStep: transformer };
export const twoLayers = mlp(2);

export const attentionBlock = (k, { x, wq, wk, wv, wo }, { heads }) =>
  k.matmul(k.attend(k.matmul(x, wq), k.matmul(x, wk), k.matmul(x, wv), heads, false), wo);

/** The mean of the squares of all states; `steps` are the inputs of each step. */
export const lstmLoss = (k, steps, wx, wh, b, zero) => {
  let h = zero,
    c = zero,
    total = null;
  for (const x of steps) {
    const [i, f, g, o] = k.split4(k.add(k.add(k.matmul(x, wx), k.matmul(h, wh)), b));
    c = k.add(k.mul(k.sigmoid(f), c), k.mul(k.sigmoid(i), k.tanh(g)));
    h = k.mul(k.sigmoid(o), k.tanh(c));
    const square = k.mean(k.mul(h, h));
    total = total === null ? square : k.add(total, square);
  }
  return k.scale(total, 1 / steps.length);
};

/** Adam as everybody has it: the moments and the step of one parameter, with the corrections `c1`, `c2` for the count of steps. */
export const adam = (k, p, g, m, v, rate, c1, c2) => {
  const first = k.add(k.scale(m, 0.9), k.scale(g, 0.1)),
    second = k.add(k.scale(v, 0.999), k.scale(k.mul(g, g), 0.001)),
    root = k.addNumber(k.sqrt(k.mul(second, c2)), 1e-8);
  return [k.sub(p, k.scale(k.div(k.mul(first, c1), root), rate)), first, second];
};
