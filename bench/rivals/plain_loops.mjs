// Loops that several plain implementations share: products of matrices, softmax, erf, convolutions.

/** Abramowitz and Stegun would be short and wrong in the seventh digit: Taylor's series near 0, the continued fraction far from it. */
const erf = (x) => {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x,
      total = x;
    for (let n = 1; Math.abs(term) > 1e-9; n++) {
      term *= (-x * x) / n;
      total += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * total;
  }
  let fraction = 0;
  for (let n = 20; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
};

/** `[m, k]` times `[k, n]`, added to `out`. */
const matmul = (a, b, m, k, n, out = new Float32Array(m * n)) => {
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++) {
      const v = a[i * k + p],
        from = p * n,
        to = i * n;
      for (let j = 0; j < n; j++) out[to + j] += v * b[from + j];
    }
  return out;
};
/** `a^T b` of `[k, m]` and `[k, n]`. */
const matmulLeft = (a, b, m, k, n, out = new Float32Array(m * n)) => {
  for (let p = 0; p < k; p++)
    for (let i = 0; i < m; i++) {
      const v = a[p * m + i],
        from = p * n,
        to = i * n;
      for (let j = 0; j < n; j++) out[to + j] += v * b[from + j];
    }
  return out;
};
/** `a b^T` of `[m, k]` and `[n, k]`. */
const matmulRight = (a, b, m, k, n, out = new Float32Array(m * n)) => {
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let p = 0; p < k; p++) total += a[i * k + p] * b[j * k + p];
      out[i * n + j] += total;
    }
  return out;
};
/** Softmax of each row, in place. */
const softmaxRows = (x, rows, n) => {
  for (let i = 0; i < rows; i++) {
    let top = -Infinity,
      total = 0;
    for (let j = 0; j < n; j++) top = Math.max(top, x[i * n + j]);
    for (let j = 0; j < n; j++) {
      const e = Math.exp(x[i * n + j] - top);
      x[i * n + j] = e;
      total += e;
    }
    for (let j = 0; j < n; j++) x[i * n + j] /= total;
  }
  return x;
};
export const loops = { erf, matmul, matmulLeft, matmulRight, softmaxRows };

/** Rows of pixels that meet a tap of the kernel: `visit(out row, in row, how many pixels, first out, first in, weight)`. */
const taps = (x, w, groups, visit) => {
  const [n, c, height, width] = x.shape,
    [o, i, kh, kw] = w.shape;
  for (let b = 0; b < n; b++)
    for (let to = 0; to < o; to++)
      for (let part = 0; part < i; part++) {
        const from = Math.floor(to / (o / groups)) * i + part;
        for (let r = 0; r < kh; r++)
          for (let s = 0; s < kw; s++) {
            const down = r - (kh - 1) / 2,
              along = s - (kw - 1) / 2;
            const first = Math.max(0, -along),
              last = Math.min(width, width - along),
              weight = ((to * i + part) * kh + r) * kw + s;
            for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++) {
              const out = ((b * o + to) * height + row) * width + first,
                read = ((b * c + from) * height + row + down) * width + first + along;
              visit(out, read, last - first, weight);
            }
          }
      }
};
/** Convolution with padding "SAME" and stride 1, or its gradient by weights or input. */
export const plainConv = ({ x, w, ct }, { groups, by }) => {
  const [n, , height, width] = x.shape;
  if (by === "weights") {
    const out = new Float32Array(w.data.length);
    taps(x, w, groups, (to, from, count, weight) => {
      let total = 0;
      for (let j = 0; j < count; j++) total += ct.data[to + j] * x.data[from + j];
      out[weight] += total;
    });
    return out;
  }
  const out = new Float32Array(by === "input" ? x.data.length : n * w.shape[0] * height * width);
  taps(x, w, groups, (to, from, count, weight) => {
    const v = w.data[weight];
    if (by === "input") for (let j = 0; j < count; j++) out[from + j] += v * ct.data[to + j];
    else for (let j = 0; j < count; j++) out[to + j] += v * x.data[from + j];
  });
  return out;
};
