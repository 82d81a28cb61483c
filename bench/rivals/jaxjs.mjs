// jax-js as a contestant. Its functions consume their arguments; everything below takes a reference first, which costs nothing in
// what is traced once.
import { adam, attentionBlock, losses, lstmLoss, twoLayers } from "./models.mjs";
import { peakResident } from "./resident.mjs";

globalThis.navigator ??= { userAgent: "node" }; // Node 20 has none, and the library looks at it
// Node 20 has no helpers of iterators either, which einsum wants.
const iterators = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
iterators.map ??= function* (f) {
  for (const x of this) yield f(x);
};
iterators.filter ??= function* (f) {
  for (const x of this) if (f(x)) yield x;
};
let jax, np, nn, lax, k;

const words = () => ({
  add: (a, b) => a.ref.add(b.ref),
  sub: (a, b) => a.ref.sub(b.ref),
  mul: (a, b) => a.ref.mul(b.ref),
  div: (a, b) => a.ref.div(b.ref),
  scale: (a, c) => a.ref.mul(c),
  addNumber: (a, c) => a.ref.add(c),
  sqrt: (a) => np.sqrt(a.ref),
  mean: (a) => np.mean(a.ref),
  tanh: (a) => np.tanh(a.ref),
  sigmoid: (a) => nn.sigmoid(a.ref),
  relu: (a) => nn.relu(a.ref),
  gelu: (a) => nn.gelu(a.ref, { approximate: false }),
  matmul: (a, b) => np.matmul(a.ref, b.ref),
  split4: (a) => np.split(a.ref, 4, 1),
  take: (table, at) => np.take(table.ref, at.ref, 0),
  norm: (x, g, h) => nn.standardize(x.ref, -1).mul(g.ref).add(h.ref),
  conv: (x, w, stride, padding) => lax.conv(x.ref, w.ref, [stride, stride], padding),
  channelBias: (x, b) => x.ref.add(b.ref.reshape([1, b.shape[0], 1, 1])),
  maxPool: (x) => lax.reduceWindow(x.ref, np.max, [2, 2], [2, 2]),
  flatten: (x) => x.ref.reshape([x.shape[0], -1]),
  meanOfSpace: (x) => np.mean(x.ref, [2, 3]),
  attend: (q, key, v, heads, isCausal) => {
    const [b, t, d] = q.shape,
      [qh, kh, vh] = [q, key, v].map((x) => x.ref.reshape([b, t, heads, d / heads]));
    return nn.dotProductAttention(qh, kh, vh, { isCausal }).reshape([b, t, d]);
  },
  crossEntropy: (logits, y) => {
    const right = nn.oneHot(y.ref, logits.shape.at(-1));
    return np.mean(np.sum(nn.logSoftmax(logits.ref, -1).mul(right), -1)).mul(-1);
  },
});

const array = ({ data, shape }) => np.array(data).reshape([...shape]);
/** Run a function on inputs that stay; wait for the results, then let them go. */
const running = (g, inputs) => {
  const call = () => g(...inputs.map((x) => jax.tree.ref(x)));
  return {
    check: async () => {
      const out = call();
      return Promise.all(jax.tree.leaves(out).map((x) => x.data()));
    },
    run: async () => {
      const out = call();
      await jax.blockUntilReady(out);
      jax.tree.dispose(out);
    },
  };
};
const jitted = (f, inputs) => running(jax.jit(f), inputs);
/** A pure function of the inputs of these names. */
const pure = (names, f) => (given, args) =>
  jitted(
    f(args),
    names.map((name) => array(given[name])),
  );
const weighted = (y, ct) => np.sum(y.mul(ct.ref));

const unary = {
  exp: (x) => np.exp(x),
  log: (x) => np.log(x),
  sin: (x) => np.sin(x),
  tanh: (x) => np.tanh(x),
  gelu: (x) => nn.gelu(x, { approximate: false }),
  chain: (x) =>
    np
      .tanh(x.ref.mul(2).add(1))
      .mul(np.exp(x.mul(-1)))
      .add(3),
};
const rows = {
  softmax: (x) => nn.softmax(x, -1),
  logsumexp: (x) => nn.logsumexp(x, -1),
  layernorm: (x) => nn.standardize(x, -1),
};
/** Not jitted: its convolutions are several times slower in jitted functions. */
const conv = (given, { by, groups: featureGroupCount }) => {
  const f = (x, w) => lax.convGeneralDilated(x.ref, w.ref, [1, 1], "SAME", { featureGroupCount });
  const inputs = Object.values(given).map(array);
  if (by === null) return running(f, inputs);
  const argnums = by === "weights" ? 1 : 0;
  return running(
    jax.grad((x, w, ct) => weighted(f(x, w), ct), { argnums }),
    inputs,
  );
};
const attention = (given, args) => {
  const names = ["x", "wq", "wk", "wv", "wo"];
  const block = (...xs) => attentionBlock(k, Object.fromEntries(names.map((name, i) => [name, xs[i]])), args);
  if (!args.gradients) return pure(names, () => block)(given, args);
  const loss = (...xs) => weighted(block(...xs), xs[5]);
  return pure([...names, "ct"], () => jax.grad(loss, { argnums: [0, 1, 2, 3, 4] }))(given, args);
};
/** There is no scan: the steps are unrolled. */
const lstm = ({ xs, wx, wh, b }) => {
  const [steps, batch, inputs] = xs.shape,
    size = batch * inputs;
  const each = Array.from({ length: steps }, (_, t) =>
    array({ data: xs.data.slice(t * size, (t + 1) * size), shape: [batch, inputs] }),
  );
  const zero = np.zeros([batch, wh.shape[0]]);
  const loss = (...args) => lstmLoss(k, args.slice(4), ...args.slice(0, 4));
  return jitted(jax.grad(loss, { argnums: [0, 1, 2] }), [...[wx, wh, b].map(array), zero, ...each]);
};

const parts = (given) => {
  const take = (want) =>
    Object.fromEntries(
      Object.entries(given)
        .filter(([, x]) => x.trained === want)
        .map(([name, x]) => [name, array(x)]),
    );
  return [take(true), take(false)];
};
/** One jitted function computes loss, gradients and update of all parameters. */
const training = (given, args, loss) => {
  const { optimizer, rate } = args;
  let [params, data] = parts(given);
  const names = Object.keys(params);
  const zeros = () => Object.fromEntries(names.map((name) => [name, np.zeros(given[name].shape)]));
  let [m, v] = optimizer === "adam" ? [zeros(), zeros()] : [{}, {}],
    count = 0;
  const step = jax.jit((p, m1, v1, d, c1, c2) => {
    const [value, slopes] = jax.valueAndGrad((q) => loss(k, q, d, args))(jax.tree.ref(p));
    const next = [{}, {}, {}];
    for (const name of names)
      if (optimizer === "sgd") next[0][name] = k.sub(p[name], k.scale(slopes[name], rate));
      else
        adam(k, p[name], slopes[name], m1[name], v1[name], rate, c1, c2).forEach((x, i) => {
          next[i][name] = x;
        });
    return [...next, value];
  });
  return async () => {
    count++;
    const c = [1 / (1 - 0.9 ** count), 1 / (1 - 0.999 ** count)].map((x) => np.array(x));
    const [p, m1, v1, value] = step(params, m, v, jax.tree.ref(data), ...c);
    [params, m, v] = [p, m1, v1];
    await jax.blockUntilReady(p);
    return value.data();
  };
};
const trains = (loss) => (given, args) => {
  const run = training(given, args, loss);
  return {
    check: async () => {
      const values = [];
      for (let i = 0; i < (args.steps ?? 3); i++) values.push(await run());
      return values;
    },
    run,
  };
};
const perExample = (given) => {
  const [params, { x, y }] = parts(given);
  const slopes = (p, row, label) => jax.grad((q) => twoLayers(k, q, { x: row, y: label }))(p);
  return jitted(jax.vmap(slopes, [null, 0, 0]), [params, x, y]);
};
const leaves = (given) => {
  const [params] = parts(given);
  const loss = (p) =>
    Object.values(p)
      .map((w) => np.sum(w.ref.mul(w)))
      .reduce((a, b) => a.add(b));
  const step = (p) => {
    const slopes = jax.grad(loss)(jax.tree.ref(p));
    return Object.fromEntries(Object.entries(p).map(([name, w]) => [name, w.sub(slopes[name].mul(0.25))]));
  };
  return jitted(step, [params]);
};
const residentSteps = (given, args) => {
  const run = training(given, args, losses.mlpStep);
  return {
    check: async () => {
      for (let i = 0; i < args.steps; i++) await run();
      return [[peakResident()]];
    },
  };
};

const ops = {
  unary: pure(["x"], ({ f }) => unary[f]),
  transposePlusOne: pure(["x"], () => (x) => np.transpose(x).add(1)),
  concatenate: pure(["a", "b"], () => (a, b) => np.concatenate([a, b], 1)),
  gatherRows: pure(["table", "at"], () => (table, at) => np.take(table, at, 0)),
  // Only the gradient of take adds to rows.
  scatterAdd: pure(["table", "at", "rows"], () => (table, at, x) => {
    const slope = jax.grad((t) => np.sum(np.take(t, at.ref, 0).mul(x.ref)))(table.ref);
    return table.add(slope);
  }),
  sum: pure(
    ["x"],
    ({ axis }) =>
      (x) =>
        np.sum(x, axis),
  ),
  rows: pure(["x"], ({ f }) => rows[f]),
  rowsGradient: pure(["x", "ct"], ({ f }) => jax.grad((x, ct) => weighted(rows[f](x.ref), ct))),
  sort: pure(["x"], () => (x) => np.sort(x)),
  cumsum: pure(["x"], () => (x) => np.cumsum(x, 0)),
  matmul: pure(["a", "b"], () => (a, b) => np.matmul(a, b)),
  queryKey: pure(["q", "k"], () => (q, key) => np.matmul(q, np.swapaxes(key, -1, -2))),
  denseGelu: pure(["x", "w", "b"], () => (x, w, b) => nn.gelu(np.matmul(x, w).add(b), { approximate: false })),
  conv,
  maxPool: pure(["x"], () => (x) => k.maxPool(x)),
  maxPoolGradient: pure(["x", "ct"], () => jax.grad((x, ct) => weighted(k.maxPool(x), ct))),
  attention,
  lstm,
  perExample,
  leaves,
  tinyCall: pure(["x"], () => (x) => np.sin(x).mul(2)),
  tinyAdd: ({ a, b }) => {
    const [x, y] = [array(a), array(b)];
    return {
      check: async () => [await np.add(x.ref, y.ref).data()],
      run: async () => {
        const out = np.add(x.ref, y.ref);
        await out.blockUntilReady();
        out.dispose();
      },
    };
  },
  longChain: pure(["x"], ({ equations }) => (x) => {
    let y = x;
    for (let i = 0; i < equations; i += 2) y = y.mul(0.5).add(1);
    return y;
  }),
  residentSteps,
  ...Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, trains(loss)])),
};

export const contestant = {
  start: async () => {
    jax = await import("@jax-js/jax");
    ({ numpy: np, nn, lax } = jax);
    await jax.init("wasm");
    jax.defaultDevice("wasm");
    k = words();
    return { version: "0.1.25, wasm" };
  },
  ops,
};
