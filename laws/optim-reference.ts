// Optimizers a second time, in plain JavaScript numbers: one leaf at a time, written from the papers' formulas.

/** From the gradient and the parameters of one leaf, step after step, to the update. */
export type Stepper = (g: readonly number[], p: readonly number[], step: number) => number[];
/** A stepper for a leaf of this shape; it keeps its state to itself. */
export type Reference = (shape: readonly number[]) => Stepper;

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const norm = (xs: readonly number[]): number => Math.sqrt(sum(xs.map((x) => x * x)));
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** Per-element memory: `f` gets the memory of element i and gives `[update, memory]`. */
const elementwise =
  <M>(start: M, f: (g: number, m: M, t: number, p: number) => readonly [number, M]): Reference =>
  (shape) => {
    const memory = new Array<M>(size(shape)).fill(start);
    return (g, p, t) =>
      g.map((x, i) => {
        const [update, next] = f(x, memory[i] as M, t, p[i] as number);
        memory[i] = next;
        return update;
      });
  };
/** One after the other. */
export const series =
  (...parts: readonly Reference[]): Reference =>
  (shape) => {
    const steppers = parts.map((r) => r(shape));
    return (g, p, t) => steppers.reduce<number[]>((x, step) => step(x, p, t), [...g]);
  };
export const times =
  (factor: number | ((step: number) => number)): Reference =>
  () =>
  (g, _p, t) =>
    g.map((x) => x * (typeof factor === "number" ? factor : factor(t - 1)));
export const plusDecay =
  (rate: number): Reference =>
  () =>
  (g, p) =>
    g.map((x, i) => x + rate * (p[i] as number));
export const momentum = (decay: number, nesterov = false): Reference =>
  elementwise(0, (g, m) => {
    const next = g + decay * m;
    return [nesterov ? g + decay * next : next, next];
  });
/** Average of gradients (without correction). */
export const averaged = (decay: number): Reference =>
  elementwise(0, (g, m) => {
    const next = decay * m + (1 - decay) * g;
    return [next, next];
  });
export const trust =
  (coefficient = 1, least = 0): Reference =>
  () =>
  (g, p) => {
    const [a, b] = [Math.max(norm(p), least), Math.max(norm(g), least)];
    return g.map((x) => (a === 0 || b === 0 ? x : (x * coefficient * a) / b));
  };
export const blockClip =
  (most: number): Reference =>
  () =>
  (g) =>
    g.map((x) => x / Math.max(1, norm(g) / Math.sqrt(g.length) / most));
export const parameterScale: Reference = () => (g, p) =>
  g.map((x) => x * Math.max(norm(p) / Math.sqrt(p.length), 1e-3));

interface Two {
  readonly m: number;
  readonly v: number;
}
const zero: Two = { m: 0, v: 0 };
/** Adam with its variants in the second moment (`grow`) and in how the two are put together (`join`). */
const adamLike = (
  b1: number,
  b2: number,
  nesterov: boolean,
  grow: (g: number, before: Two, after: number) => number,
  join: (m: number, v: number, t: number) => number,
  start: Two = zero,
): Reference =>
  elementwise(start, (g, before, t) => {
    const m = b1 * before.m + (1 - b1) * g,
      v = grow(g, before, m);
    const lead = nesterov ? (b1 * m) / (1 - b1 ** (t + 1)) + ((1 - b1) * g) / (1 - b1 ** t) : m / (1 - b1 ** t);
    return [join(lead, v / (1 - b2 ** t), t), { m, v }];
  });
const square =
  (b2: number) =>
  (g: number, { v }: Two): number =>
    b2 * v + (1 - b2) * g * g;
export const adam = (b1 = 0.9, b2 = 0.999, eps = 1e-8, nesterov = false): Reference =>
  adamLike(b1, b2, nesterov, square(b2), (m, v) => m / (Math.sqrt(v) + eps));
export const belief = (b1 = 0.9, b2 = 0.999, eps = 1e-16): Reference =>
  adamLike(
    b1,
    b2,
    false,
    (g, { m, v }) => b2 * v + (1 - b2) * (g - m) ** 2 + eps,
    (m, v) => m / (Math.sqrt(v) + eps),
  );
export const yogi = (b1 = 0.9, b2 = 0.999, eps = 1e-3): Reference =>
  adamLike(
    b1,
    b2,
    false,
    (g, { v }) => v - (1 - b2) * Math.sign(v - g * g) * g * g,
    (m, v) => m / (Math.sqrt(v) + eps),
    { m: 1e-6, v: 1e-6 },
  );
export const radam = (b1 = 0.9, b2 = 0.999, eps = 1e-8, threshold = 5): Reference => {
  const most = 2 / (1 - b2) - 1;
  return adamLike(b1, b2, false, square(b2), (m, v, t) => {
    const rho = most - (2 * t * b2 ** t) / (1 - b2 ** t);
    if (rho < threshold) return m;
    const r = Math.sqrt(((rho - 4) * (rho - 2) * most) / ((most - 4) * (most - 2) * rho));
    return (r * m) / (Math.sqrt(v) + eps);
  });
};
export const amsgrad = (b1 = 0.9, b2 = 0.999, eps = 1e-8): Reference =>
  elementwise({ m: 0, v: 0, most: 0 }, (g, before, t) => {
    const m = b1 * before.m + (1 - b1) * g,
      v = b2 * before.v + (1 - b2) * g * g;
    const most = Math.max(before.most, v / (1 - b2 ** t));
    return [m / (1 - b1 ** t) / (Math.sqrt(most) + eps), { m, v, most }];
  });
export const adamax = (b1 = 0.9, b2 = 0.999, eps = 1e-8): Reference =>
  elementwise(zero, (g, before, t) => {
    const m = b1 * before.m + (1 - b1) * g,
      v = Math.max(b2 * before.v, Math.abs(g) + eps);
    return [m / (1 - b1 ** t) / v, { m, v }];
  });
export const lion = (b1 = 0.9, b2 = 0.99): Reference =>
  elementwise(0, (g, m) => [Math.sign(b1 * m + (1 - b1) * g), b2 * m + (1 - b2) * g]);
export const rms = (decay: number, eps: number, centered = false, start = 0): Reference =>
  elementwise({ m: 0, v: start }, (g, before) => {
    const m = decay * before.m + (1 - decay) * g,
      v = decay * before.v + (1 - decay) * g * g;
    return [g / Math.sqrt(v - (centered ? m * m : 0) + eps), { m, v }];
  });
export const adagrad = (start = 0.1, eps = 1e-7): Reference =>
  elementwise(start, (g, s) => [g / Math.sqrt(s + g * g + eps), s + g * g]);
export const adadelta = (rho = 0.9, eps = 1e-6): Reference =>
  elementwise(zero, (g, before) => {
    const v = rho * before.v + (1 - rho) * g * g;
    const step = (g * Math.sqrt(before.m + eps)) / Math.sqrt(v + eps);
    return [step, { v, m: rho * before.m + (1 - rho) * step * step }];
  });
export const rprop = (first: number, minus = 0.5, plus = 1.2): Reference =>
  elementwise({ size: first, before: 0 }, (g, { size: s, before }) => {
    const agree = g * before;
    const next = agree === 0 ? s : Math.min(Math.max(s * (agree > 0 ? plus : minus), 1e-6), 50);
    const step = agree < 0 ? 0 : next * Math.sign(g);
    return [step, { size: next, before: step }];
  });
export const optimistic = (alpha = 1, beta = 1): Reference =>
  elementwise<number | null>(null, (g, before) => [(alpha + beta) * g - beta * (before ?? g), g]);
export const novograd =
  (b1 = 0.9, b2 = 0.25, eps = 1e-6, decay = 0): Reference =>
  () => {
    let [v, m] = [0, [] as number[]];
    return (g, p, t) => {
      v = t === 1 ? norm(g) ** 2 : b2 * v + (1 - b2) * norm(g) ** 2;
      const unit = g.map((x, i) => x / (Math.sqrt(v) + eps) + decay * (p[i] as number));
      m = unit.map((u, i) => (t === 1 ? u : b1 * (m[i] as number) + u));
      return m;
    };
  };

/** For each element of an array its position along each axis. */
const positions = (shape: readonly number[]): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (found, d) => found.flatMap((at) => Array.from({ length: d }, (_, i) => [...at, i])),
    [[]],
  );
export const sm3 =
  (b1 = 0.9, eps = 1e-8): Reference =>
  (given) => {
    const shape = given.length === 0 ? [1] : given;
    const at = positions(shape),
      memory = shape.map((d) => new Array<number>(d).fill(0)),
      average = new Array<number>(at.length).fill(0);
    return (g) => {
      const v = g.map((x, k) => {
        const cover = (at[k] as readonly number[]).map((i, axis) => (memory[axis] as number[])[i] as number);
        return x * x + Math.min(...cover);
      });
      for (const row of memory) row.fill(0);
      v.forEach((x, k) => {
        (at[k] as readonly number[]).forEach((i, axis) => {
          const row = memory[axis] as number[];
          row[i] = Math.max(row[i] as number, x);
        });
      });
      return g.map((x, k) => {
        const scaled = (v[k] as number) > 0 ? x / Math.sqrt((v[k] as number) + eps) : 0;
        average[k] = b1 * (average[k] as number) + (1 - b1) * scaled;
        return average[k] as number;
      });
    };
  };
/** Second moments in factors for matrices with both extents at least `least`; the longer axis is reduced for rows. */
export const factored =
  (least: number, rate = 0.8, eps = 1e-30): Reference =>
  (shape) => {
    const [n, m] = shape as [number, number];
    if (shape.length !== 2 || Math.min(n, m) < least)
      return elementwise(0, (g, v, t) => {
        const old = 1 - t ** -rate,
          next = old * v + (1 - old) * (g * g + eps);
        return [g / Math.sqrt(next), next];
      })(shape);
    const [rows, columns] = [new Array<number>(n).fill(0), new Array<number>(m).fill(0)];
    const mean = (xs: readonly number[]): number => sum(xs) / xs.length;
    return (g, _p, t) => {
      const old = 1 - t ** -rate;
      const squares = (i: number | null, j: number | null): readonly number[] =>
        g.flatMap((x, k) =>
          (i ?? Math.floor(k / m)) === Math.floor(k / m) && (j ?? k % m) === k % m ? [x * x + eps] : [],
        );
      for (let i = 0; i < n; i++) rows[i] = old * (rows[i] as number) + (1 - old) * mean(squares(i, null));
      for (let j = 0; j < m; j++) columns[j] = old * (columns[j] as number) + (1 - old) * mean(squares(null, j));
      return g.map((x, k) => {
        const v = ((rows[Math.floor(k / m)] as number) * (columns[k % m] as number)) / mean(rows);
        return x / Math.sqrt(v);
      });
    };
  };
