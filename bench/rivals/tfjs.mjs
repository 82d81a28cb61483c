// TensorFlow.js as a contestant, with its wasm or its cpu backend. Images are NHWC and kernels HWIO, which is all it knows; they are
// brought into this layout before anything is timed.
import { createRequire } from "node:module";
import { attentionBlock, losses, lstmLoss } from "./models.mjs";
import { peakResident } from "./resident.mjs";

const require = createRequire(import.meta.url);
// The core alone knows no gradients; the whole brings them, and the cpu backend.
const tf = require("@tensorflow/tfjs");

const erfGelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
const layernorm = (x) => {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
};
/** A product of any rank with a matrix goes through one of rank 2; batches of equal rank directly. */
const matmul = (a, b) => {
  if (a.rank === b.rank) return tf.matMul(a, b);
  const flat = tf.reshape(a, [-1, a.shape.at(-1)]);
  return tf.reshape(tf.matMul(flat, b), [...a.shape.slice(0, -1), b.shape[1]]);
};
const heads = (x, n) => {
  const [b, t, d] = x.shape;
  return tf.transpose(tf.reshape(x, [b, t, n, d / n]), [0, 2, 1, 3]);
};
const attend = (q, key, v, n, causal) => {
  const [b, t, d] = q.shape,
    [qh, kh, vh] = [q, key, v].map((x) => heads(x, n));
  let scores = tf.mul(tf.matMul(qh, kh, false, true), Math.sqrt(n / d));
  if (causal) {
    const hidden = Float32Array.from({ length: t * t }, (_, i) => (i % t > Math.floor(i / t) ? -1e9 : 0));
    scores = tf.add(scores, tf.tensor(hidden, [1, 1, t, t]));
  }
  return tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores, -1), vh), [0, 2, 1, 3]), [b, t, d]);
};
const k = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  scale: tf.mul,
  mean: (x) => tf.mean(x),
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  relu: tf.relu,
  gelu: erfGelu,
  matmul,
  split4: (x) => tf.split(x, 4, 1),
  // The wasm backend has no gradient of gather.
  take: (table, at) =>
    tf.getBackend() === "wasm" ? matmul(tf.oneHot(at, table.shape[0]), table) : tf.gather(table, at),
  norm: (x, g, h) => tf.add(tf.mul(layernorm(x), g), h),
  conv: (x, w, stride, padding) => tf.conv2d(x, w, stride, padding.toLowerCase()),
  channelBias: tf.add,
  maxPool: (x) => tf.maxPool(x, 2, 2, "valid"),
  // The order of channels that the weights of the row expect.
  flatten: (x) => tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [x.shape[0], -1]),
  meanOfSpace: (x) => tf.mean(x, [1, 2]),
  attend,
  crossEntropy: (logits, y) => {
    const right = tf.oneHot(y, logits.shape.at(-1));
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits, -1), right), -1)));
  },
};

/** NCHW to NHWC and OIHW to HWIO; everything else as it is. */
const isImage = (name) => ["x", "ct"].includes(name);
const tensor = (name, { data, shape }) => {
  const x = tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
  if (shape.length !== 4) return x;
  return tf.transpose(x, isImage(name) ? [0, 2, 3, 1] : [2, 3, 1, 0]);
};
/** Results go back to the layout of the row. */
const back = (x, kind) => {
  if (x.rank !== 4 || kind === null) return x;
  return tf.transpose(x, kind === "image" ? [0, 3, 1, 2] : [3, 2, 0, 1]);
};
const eager = (f, inputs, kind = null) => {
  const call = () => tf.tidy(() => f(...inputs));
  return {
    check: () => [call()].flat().map((x) => back(x, kind).dataSync()),
    run: () => tf.dispose(call()),
  };
};
const pure =
  (names, f, kind = null) =>
  (given, args) =>
    eager(
      f(args),
      names.map((name) => tensor(name, given[name])),
      kind,
    );
const weighted = (y, ct) => tf.sum(tf.mul(y, ct));

const unary = {
  exp: tf.exp,
  log: tf.log,
  sin: tf.sin,
  tanh: tf.tanh,
  gelu: erfGelu,
  chain: (x) => tf.add(tf.mul(tf.tanh(tf.add(tf.mul(x, 2), 1)), tf.exp(tf.neg(x))), 3),
};
const rows = { softmax: (x) => tf.softmax(x, -1), logsumexp: (x) => tf.logSumExp(x, -1), layernorm };

const conv = (given, { by, groups }) => {
  const f =
    groups === 1
      ? (x, w) => tf.conv2d(x, w, 1, "same")
      : (x, w) => tf.depthwiseConv2d(x, tf.transpose(w, [0, 1, 3, 2]), 1, "same");
  const [x, w, ct] = ["x", "w", "ct"].map((name) => given[name] && tensor(name, given[name]));
  if (by === null) return eager(f, [x, w], "image");
  if (by === "weights") return eager((v) => tf.grad((u) => weighted(f(x, u), ct))(v), [w], "kernel");
  return eager((v) => tf.grad((u) => weighted(f(u, w), ct))(v), [x], "image");
};
const attention = (given, args) => {
  const names = ["x", "wq", "wk", "wv", "wo"],
    block = (...xs) => attentionBlock(k, Object.fromEntries(names.map((name, i) => [name, xs[i]])), args);
  if (!args.gradients) return pure(names, () => block)(given, args);
  const ct = tensor("ct", given.ct);
  return pure(
    names,
    () =>
      (...xs) =>
        tf.grads((...ys) => weighted(block(...ys), ct))(xs),
  )(given, args);
};
const lstm = ({ xs, wx, wh, b }) => {
  const [steps, batch, inputs] = xs.shape;
  const each = tf.split(tensor("xs", xs), steps, 0).map((x) => tf.reshape(x, [batch, inputs])),
    zero = tf.zeros([batch, wh.shape[0]]);
  const slopes = tf.grads((...weights) => lstmLoss(k, each, ...weights, zero));
  return eager((...weights) => slopes(weights), [tensor("wx", wx), tensor("wh", wh), tensor("b", b)]);
};

const training = (given, args, loss) => {
  const params = {},
    data = {};
  for (const [name, x] of Object.entries(given))
    if (x.trained) params[name] = tf.variable(tensor(name, x));
    else data[name] = tensor(name, x);
  const optimizer = args.optimizer === "sgd" ? tf.train.sgd(args.rate) : tf.train.adam(args.rate);
  return () => {
    const value = optimizer.minimize(() => loss(k, params, data, args), true);
    const out = value.dataSync();
    value.dispose();
    return out;
  };
};
const trains = (loss) => (given, args) => {
  const run = training(given, args, loss);
  return { check: () => Array.from({ length: args.steps ?? 3 }, run), run };
};
/** There is no vmap: outer products of what comes in and what comes back, by hand. */
const perExample = pure(["w1", "b1", "w2", "b2", "x", "y"], () => (w1, b1, w2, b2, x, y) => {
  const h = tf.relu(tf.add(tf.matMul(x, w1), b1)),
    slope = tf.sub(tf.softmax(tf.add(tf.matMul(h, w2), b2)), tf.oneHot(y, 10)),
    behind = tf.mul(tf.matMul(slope, w2, false, true), tf.cast(tf.greater(h, 0), "float32"));
  const outer = (a, b) => tf.mul(tf.expandDims(a, 2), tf.expandDims(b, 1));
  return [outer(x, behind), behind, outer(h, slope), slope];
});
const leaves = (given) => {
  const inputs = Object.entries(given).map(([name, x]) => tensor(name, x));
  const slopes = tf.grads((...ws) => ws.map((w) => tf.sum(tf.square(w))).reduce((a, b) => tf.add(a, b)));
  return eager((...ws) => slopes(ws).map((g, i) => tf.sub(ws[i], tf.mul(g, 0.25))), inputs);
};
/** A hundredth of the rounds; the check runs until the value stays. */
const whileLoop = ({ x }, { rounds }) => {
  const start = tensor("x", x);
  const loop = (count) => {
    let v = start;
    for (let i = 0; i < count; i++) v = tf.tidy(() => tf.add(tf.mul(v, 0.999), 0.5));
    return v;
  };
  return {
    check: () => [tf.tidy(() => loop(20_000).dataSync())],
    run: () => tf.dispose(tf.tidy(() => loop(rounds / 100))),
    share: 0.01,
  };
};
const residentSteps = (given, args) => {
  const run = training(given, args, losses.mlpStep);
  return {
    check: () => {
      for (let i = 0; i < args.steps; i++) run();
      return [[peakResident()]];
    },
  };
};

const ops = {
  unary: pure(["x"], ({ f }) => unary[f]),
  transposePlusOne: pure(["x"], () => (x) => tf.add(tf.transpose(x), 1)),
  concatenate: pure(["a", "b"], () => (a, b) => tf.concat([a, b], 1)),
  gatherRows: pure(["table", "at"], () => (table, at) => tf.gather(table, at)),
  scatterAdd: pure(
    ["table", "at", "rows"],
    () => (table, at, x) => tf.add(table, tf.scatterND(tf.expandDims(at, 1), x, table.shape)),
  ),
  sum: pure(
    ["x"],
    ({ axis }) =>
      (x) =>
        axis === null ? tf.sum(x) : tf.sum(x, axis),
  ),
  rows: pure(["x"], ({ f }) => rows[f]),
  rowsGradient: pure(
    ["x", "ct"],
    ({ f }) =>
      (x, ct) =>
        tf.grad((v) => weighted(rows[f](v), ct))(x),
  ),
  sort: pure(["x"], () => (x) => tf.reverse(tf.topk(x, x.size, true).values)),
  cumsum: pure(["x"], () => (x) => tf.cumsum(x)),
  matmul: pure(["a", "b"], () => (a, b) => tf.matMul(a, b)),
  queryKey: pure(["q", "k"], () => (q, key) => tf.matMul(q, key, false, true)),
  denseGelu: pure(["x", "w", "b"], () => (x, w, b) => erfGelu(tf.add(tf.matMul(x, w), b))),
  conv,
  maxPool: pure(["x"], () => k.maxPool, "image"),
  maxPoolGradient: pure(["x", "ct"], () => (x, ct) => tf.grad((v) => weighted(k.maxPool(v), ct))(x), "image"),
  attention,
  lstm,
  perExample,
  leaves,
  tinyCall: pure(["x"], () => (x) => tf.mul(tf.sin(x), 2)),
  tinyAdd: pure(["a", "b"], () => (a, b) => tf.add(a, b)),
  whileLoop,
  residentSteps,
  ...Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, trains(loss)])),
};

export const contestant = {
  start: async ({ backend }) => {
    if (backend === "wasm") require("@tensorflow/tfjs-backend-wasm");
    if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend does not start`);
    await tf.ready();
    return { version: `${tf.version.tfjs}, one thread` };
  },
  ops,
};
