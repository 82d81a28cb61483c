// What one writes without a library: loops over typed arrays, each with its results allocated anew. Also the witness that others are
// compared with, so the code is the definition. Multiplications of matrices go row by row, which is the fast order.
import { loops, plainConv } from "./plain_loops.mjs";
import { plainAttention, plainLstm } from "./plain_sequences.mjs";
import { plainSteps } from "./plain_steps.mjs";

const { erf, matmul, softmaxRows } = loops;
const sqrtHalf = Math.SQRT1_2;
const gelu = (x) => 0.5 * x * (1 + erf(x * sqrtHalf));

const map = (f) => (x) => {
  const out = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) out[i] = f(x[i]);
  return out;
};
const unary = {
  exp: map(Math.exp),
  log: map(Math.log),
  sin: map(Math.sin),
  tanh: map(Math.tanh),
  gelu: map(gelu),
  chain: map((x) => Math.tanh(2 * x + 1) * Math.exp(-x) + 3),
};

const sum = (x, axis, rows, columns) => {
  if (axis === null) {
    let total = 0;
    for (let i = 0; i < x.length; i++) total += x[i];
    return Float32Array.of(total);
  }
  const out = new Float32Array(axis === 1 ? rows : columns);
  for (let i = 0; i < rows; i++) {
    let total = 0;
    for (let j = 0; j < columns; j++)
      if (axis === 1) total += x[i * columns + j];
      else out[j] += x[i * columns + j];
    if (axis === 1) out[i] = total;
  }
  return out;
};
const logsumexp = (x, rows, n) => {
  const out = new Float32Array(rows);
  for (let i = 0; i < rows; i++) {
    let top = -Infinity,
      total = 0;
    for (let j = 0; j < n; j++) top = Math.max(top, x[i * n + j]);
    for (let j = 0; j < n; j++) total += Math.exp(x[i * n + j] - top);
    out[i] = top + Math.log(total);
  }
  return out;
};
const moments = (x, from, n) => {
  let mean = 0,
    variance = 0;
  for (let j = 0; j < n; j++) mean += x[from + j];
  mean /= n;
  for (let j = 0; j < n; j++) variance += (x[from + j] - mean) ** 2;
  return [mean, 1 / Math.sqrt(variance / n + 1e-5)];
};
const layernorm = (x, rows, n) => {
  const out = new Float32Array(x.length);
  for (let i = 0; i < rows; i++) {
    const [mean, scale] = moments(x, i * n, n);
    for (let j = 0; j < n; j++) out[i * n + j] = (x[i * n + j] - mean) * scale;
  }
  return out;
};
const softmax = (x, rows, n) => softmaxRows(Float32Array.from(x), rows, n);

/** Gradients of `sum(ct f(x))` by hand. */
const rowGradients = {
  softmax: (x, ct, rows, n) => {
    const p = softmax(x, rows, n);
    for (let i = 0; i < rows; i++) {
      let dot = 0;
      for (let j = 0; j < n; j++) dot += p[i * n + j] * ct[i * n + j];
      for (let j = 0; j < n; j++) p[i * n + j] *= ct[i * n + j] - dot;
    }
    return p;
  },
  logsumexp: (x, ct, rows, n) => {
    const p = softmax(x, rows, n);
    for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) p[i * n + j] *= ct[i];
    return p;
  },
  layernorm: (x, ct, rows, n) => {
    const out = new Float32Array(x.length);
    for (let i = 0; i < rows; i++) {
      const [mean, scale] = moments(x, i * n, n);
      let first = 0,
        second = 0;
      for (let j = 0; j < n; j++) {
        first += ct[i * n + j];
        second += ct[i * n + j] * (x[i * n + j] - mean) * scale;
      }
      for (let j = 0; j < n; j++)
        out[i * n + j] = scale * (ct[i * n + j] - first / n - ((x[i * n + j] - mean) * scale * second) / n);
    }
    return out;
  },
};
const rowFunctions = { softmax, logsumexp, layernorm };

const transposePlusOne = (x, n) => {
  const out = new Float32Array(x.length),
    tile = 32;
  for (let i0 = 0; i0 < n; i0 += tile)
    for (let j0 = 0; j0 < n; j0 += tile)
      for (let i = i0; i < i0 + tile; i++) for (let j = j0; j < j0 + tile; j++) out[j * n + i] = x[i * n + j] + 1;
  return out;
};
const concatenate = (a, b, rows, n) => {
  const out = new Float32Array(a.length + b.length);
  for (let i = 0; i < rows; i++) {
    out.set(a.subarray(i * n, (i + 1) * n), 2 * i * n);
    out.set(b.subarray(i * n, (i + 1) * n), (2 * i + 1) * n);
  }
  return out;
};
const gatherRows = (table, at, n) => {
  const out = new Float32Array(at.length * n);
  for (let i = 0; i < at.length; i++) out.set(table.subarray(at[i] * n, (at[i] + 1) * n), i * n);
  return out;
};
const scatterAdd = (table, at, rows, n) => {
  const out = Float32Array.from(table);
  for (let i = 0; i < at.length; i++) for (let j = 0; j < n; j++) out[at[i] * n + j] += rows[i * n + j];
  return out;
};
const cumsum = (x) => {
  const out = new Float32Array(x.length);
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    total += x[i];
    out[i] = total;
  }
  return out;
};
const maxPool = (x, [n, c, h, w], visit) => {
  for (let p = 0; p < n * c; p++)
    for (let i = 0; i < h; i += 2)
      for (let j = 0; j < w; j += 2) {
        const first = (p * h + i) * w + j;
        let best = first;
        if (x[first + 1] > x[best]) best = first + 1;
        if (x[first + w] > x[best]) best = first + w;
        if (x[first + w + 1] > x[best]) best = first + w + 1;
        visit(best, ((p * h) / 2 + i / 2) * (w / 2) + j / 2);
      }
};

/** An operation from a function of the inputs that gives one array or a list of them. */
const op = (f) => (given, args) => {
  const run = () => f(given, args);
  return { check: () => [run()].flat(), run };
};
const product = ({ a, b }) => {
  const [m, k] = a.shape.slice(-2),
    n = b.shape.at(-1),
    batch = a.data.length / (m * k),
    out = new Float32Array(batch * m * n);
  for (let p = 0; p < batch; p++)
    matmul(
      a.data.subarray(p * m * k, (p + 1) * m * k),
      b.data.subarray(p * k * n, (p + 1) * k * n),
      m,
      k,
      n,
      out.subarray(p * m * n, (p + 1) * m * n),
    );
  return out;
};
const queryKey = ({ q, k }) => {
  const [heads, t, d] = q.shape,
    out = new Float32Array(heads * t * t);
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < t; i++)
      for (let j = 0; j < t; j++) {
        let total = 0;
        for (let e = 0; e < d; e++) total += q.data[(h * t + i) * d + e] * k.data[(h * t + j) * d + e];
        out[(h * t + i) * t + j] = total;
      }
  return out;
};
const denseGelu = ({ x, w, b }) => {
  const [m, k] = x.shape,
    n = w.shape[1],
    out = matmul(x.data, w.data, m, k, n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[i * n + j] = gelu(out[i * n + j] + b.data[j]);
  return out;
};

const ops = {
  unary: op(({ x }, { f }) => unary[f](x.data)),
  transposePlusOne: op(({ x }) => transposePlusOne(x.data, x.shape[0])),
  concatenate: op(({ a, b }) => concatenate(a.data, b.data, ...a.shape)),
  gatherRows: op(({ table, at }) => gatherRows(table.data, at.data, table.shape[1])),
  scatterAdd: op(({ table, at, rows }) => scatterAdd(table.data, at.data, rows.data, table.shape[1])),
  sum: op(({ x }, { axis }) => sum(x.data, axis, ...x.shape)),
  rows: op(({ x }, { f }) => rowFunctions[f](x.data, ...x.shape)),
  rowsGradient: op(({ x, ct }, { f }) => rowGradients[f](x.data, ct.data, ...x.shape)),
  sort: op(({ x }) => Float32Array.from(x.data).sort()),
  cumsum: op(({ x }) => cumsum(x.data)),
  matmul: op(product),
  queryKey: op(queryKey),
  denseGelu: op(denseGelu),
  conv: op(plainConv),
  maxPool: op(({ x }) => {
    const out = new Float32Array(x.data.length / 4);
    maxPool(x.data, x.shape, (from, to) => {
      out[to] = x.data[from];
    });
    return out;
  }),
  maxPoolGradient: op(({ x, ct }) => {
    const out = new Float32Array(x.data.length);
    maxPool(x.data, x.shape, (from, to) => {
      out[from] = ct.data[to];
    });
    return out;
  }),
  attention: op((given, args) => {
    if (args.gradients) throw new Error("has no gradients of attention");
    return plainAttention(given, args.heads);
  }),
  lstm: op(plainLstm),
  tinyCall: op(({ x }) => Float32Array.of(2 * Math.sin(x.data[0]))),
  tinyAdd: op(({ a, b }) => {
    const out = new Float32Array(3);
    for (let i = 0; i < 3; i++) out[i] = a.data[i] + b.data[i];
    return out;
  }),
  leaves: op((given) => Object.values(given).map(({ data }) => data.map((w) => w - 0.25 * 2 * w))),
  whileLoop: op(({ x }, { rounds }) => {
    let v = x.data[0];
    for (let i = 0; i < rounds; i++) v = Math.fround(Math.fround(v * 0.999) + 0.5);
    return Float32Array.of(v);
  }),
  longChain: op(({ x }, { equations }) => {
    const y = Float32Array.from(x.data);
    for (let i = 0; i < equations; i += 2) for (let j = 0; j < y.length; j++) y[j] = y[j] * 0.5 + 1;
    return y;
  }),
  ...plainSteps,
};
export const contestant = { start: () => ({ version: "loops over typed arrays" }), ops };
