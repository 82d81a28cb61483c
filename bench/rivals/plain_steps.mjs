// Training steps of a multi-layer perceptron by hand; convolutional and attention networks are left to libraries.
import { loops } from "./plain_loops.mjs";

const { matmul, matmulLeft, matmulRight, softmaxRows } = loops;
const layersOf = (given) => Object.keys(given).filter((name) => name.startsWith("w")).length;

/** Loss of a batch, activations before each layer, and the gradient by the logits. */
const forward = (given, layers) => {
  const [batch] = given.x.shape,
    activations = [given.x.data];
  for (let l = 1; l <= layers; l++) {
    const [k, n] = given[`w${l}`].shape,
      y = matmul(activations[l - 1], given[`w${l}`].data, batch, k, n),
      b = given[`b${l}`].data;
    for (let i = 0; i < batch; i++)
      for (let j = 0; j < n; j++) {
        const v = y[i * n + j] + b[j];
        y[i * n + j] = l < layers ? Math.max(v, 0) : v;
      }
    activations.push(y);
  }
  const classes = given[`w${layers}`].shape[1],
    slope = softmaxRows(activations.pop(), batch, classes);
  let loss = 0;
  for (let i = 0; i < batch; i++) {
    const right = i * classes + given.y.data[i];
    loss -= Math.log(slope[right]);
    slope[right] -= 1;
  }
  return { loss: loss / batch, activations, slope };
};
/** What comes back through the weights of a layer and the relu before it. */
const back = (delta, weights, before, batch) => {
  const [k, n] = weights.shape,
    out = matmulRight(delta, weights.data, batch, n, k);
  for (let i = 0; i < out.length; i++) if (before[i] <= 0) out[i] = 0;
  return out;
};

const mlpStep = (given, { optimizer, rate, steps = 3 }) => {
  const layers = layersOf(given),
    [batch] = given.x.shape;
  const adam = Object.fromEntries(
    Object.keys(given).map((name) => [name, [0, 1].map(() => new Float32Array(given[name].data.length))]),
  );
  let count = 0;
  const update = (name, g) => {
    const p = given[name].data,
      [m, v] = adam[name];
    if (optimizer === "sgd") for (let i = 0; i < p.length; i++) p[i] -= rate * g[i];
    else {
      const c1 = 1 - 0.9 ** count,
        c2 = 1 - 0.999 ** count;
      for (let i = 0; i < p.length; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
        p[i] -= (rate * m[i]) / c1 / (Math.sqrt(v[i] / c2) + 1e-8);
      }
    }
  };
  const run = () => {
    const { loss, activations, slope } = forward(given, layers);
    count++;
    let delta = slope.map((v) => v / batch);
    for (let l = layers; l > 0; l--) {
      const weights = given[`w${l}`],
        [k, n] = weights.shape,
        dw = matmulLeft(activations[l - 1], delta, k, batch, n),
        db = new Float32Array(n);
      for (let i = 0; i < batch; i++) for (let j = 0; j < n; j++) db[j] += delta[i * n + j];
      if (l > 1) delta = back(delta, weights, activations[l - 1], batch);
      update(`w${l}`, dw);
      update(`b${l}`, db);
    }
    return loss;
  };
  return { check: () => Array.from({ length: steps }, () => [run()]), run };
};
/** The gradients of each example: outer products of what came in and what came back. */
const perExample = (given) => {
  const layers = layersOf(given),
    [batch] = given.x.shape;
  const run = () => {
    const { activations, slope } = forward(given, layers),
      out = {};
    let delta = slope;
    for (let l = layers; l > 0; l--) {
      const [k, n] = given[`w${l}`].shape,
        before = activations[l - 1],
        dw = new Float32Array(batch * k * n);
      for (let e = 0; e < batch; e++)
        for (let i = 0; i < k; i++) {
          const v = before[e * k + i],
            to = (e * k + i) * n;
          for (let j = 0; j < n; j++) dw[to + j] = v * delta[e * n + j];
        }
      out[`w${l}`] = dw;
      out[`b${l}`] = delta;
      if (l > 1) delta = back(delta, given[`w${l}`], before, batch);
    }
    return out;
  };
  const names = Object.keys(given).filter((name) => given[name].trained);
  return { check: () => names.map((name) => run()[name]), run };
};
export const plainSteps = { mlpStep, perExample };
