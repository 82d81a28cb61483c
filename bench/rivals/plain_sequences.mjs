// Attention forward and an LSTM forward and backward, by hand.
import { loops } from "./plain_loops.mjs";

const { matmul, matmulLeft, matmulRight, softmaxRows } = loops;

export const plainAttention = ({ x, wq, wk, wv, wo }, heads) => {
  const [b, t, d] = x.shape,
    h = d / heads;
  const [q, k, v] = [wq, wk, wv].map((w) => matmul(x.data, w.data, b * t, d, d));
  const mixed = new Float32Array(b * t * d);
  for (let n = 0; n < b; n++)
    for (let head = 0; head < heads; head++) {
      const at = (i) => (n * t + i) * d + head * h,
        scores = new Float32Array(t * t);
      for (let i = 0; i < t; i++)
        for (let j = 0; j < t; j++) {
          let total = 0;
          for (let e = 0; e < h; e++) total += q[at(i) + e] * k[at(j) + e];
          scores[i * t + j] = total / Math.sqrt(h);
        }
      softmaxRows(scores, t, t);
      for (let i = 0; i < t; i++)
        for (let j = 0; j < t; j++) {
          const s = scores[i * t + j];
          for (let e = 0; e < h; e++) mixed[at(i) + e] += s * v[at(j) + e];
        }
    }
  return matmul(mixed, wo.data, b * t, d, d);
};

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
/** The gradient of the mean of the squares of all states, by the weights. Gates in the order input, forget, candidate, output. */
export const plainLstm = ({ xs, wx, wh, b }) => {
  const [steps, batch, inputs] = xs.shape,
    hidden = wh.shape[0],
    wide = 4 * hidden,
    size = batch * hidden;
  const gates = matmul(xs.data, wx.data, steps * batch, inputs, wide),
    h = new Float32Array((steps + 1) * size),
    c = new Float32Array((steps + 1) * size);
  for (let t = 0; t < steps; t++) {
    const z = gates.subarray(t * batch * wide, (t + 1) * batch * wide);
    matmul(h.subarray(t * size, (t + 1) * size), wh.data, batch, hidden, wide, z);
    for (let n = 0; n < batch; n++)
      for (let j = 0; j < hidden; j++) {
        const at = n * wide + j,
          now = (t + 1) * size + n * hidden + j;
        z[at] = sigmoid(z[at] + b.data[j]);
        z[at + hidden] = sigmoid(z[at + hidden] + b.data[hidden + j]);
        z[at + 2 * hidden] = Math.tanh(z[at + 2 * hidden] + b.data[2 * hidden + j]);
        z[at + 3 * hidden] = sigmoid(z[at + 3 * hidden] + b.data[3 * hidden + j]);
        c[now] = z[at + hidden] * c[now - size] + z[at] * z[at + 2 * hidden];
        h[now] = z[at + 3 * hidden] * Math.tanh(c[now]);
      }
  }
  const dwx = new Float32Array(inputs * wide),
    dwh = new Float32Array(hidden * wide),
    db = new Float32Array(wide),
    dc = new Float32Array(size);
  let dh = new Float32Array(size);
  for (let t = steps - 1; t >= 0; t--) {
    const z = gates.subarray(t * batch * wide, (t + 1) * batch * wide);
    for (let n = 0; n < batch; n++)
      for (let j = 0; j < hidden; j++) {
        const at = n * wide + j,
          k = n * hidden + j,
          now = (t + 1) * size + k;
        const [i, f, g, o] = [z[at], z[at + hidden], z[at + 2 * hidden], z[at + 3 * hidden]],
          top = Math.tanh(c[now]),
          up = dh[k] + (2 * h[now]) / (steps * size),
          cell = dc[k] + up * o * (1 - top * top);
        z[at] = cell * g * i * (1 - i);
        z[at + hidden] = cell * c[now - size] * f * (1 - f);
        z[at + 2 * hidden] = cell * i * (1 - g * g);
        z[at + 3 * hidden] = up * top * o * (1 - o);
        dc[k] = cell * f;
      }
    matmulLeft(h.subarray(t * size, (t + 1) * size), z, hidden, batch, wide, dwh);
    matmulLeft(xs.data.subarray(t * batch * inputs, (t + 1) * batch * inputs), z, inputs, batch, wide, dwx);
    for (let n = 0; n < batch; n++) for (let j = 0; j < wide; j++) db[j] += z[n * wide + j];
    dh = matmulRight(z, wh.data, batch, wide, hidden);
  }
  return [dwx, dwh, db];
};
