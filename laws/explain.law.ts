// What becomes of well-known functions: how many kernels, how much memory, what the stages look like.
import { describe, expect, it } from "vitest";
import * as optim from "../src/optim/index.ts";
import { explain, grad, jit, lax, type NDArray, nn, np, random, valueAndGrad, vmap } from "../src/index.ts";

const x = np
    .reshape(np.arange(12 * 20), [12, 20])
    .astype("float32")
    .mul(0.01),
  labels = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).astype("int32");
const standardize = (v: NDArray): NDArray => nn.standardize(v, -1);
const crossEntropy = (z: NDArray): NDArray => np.mean(optim.softmaxCrossEntropyWithIntegerLabels(z, labels));
const weighted = (f: (v: NDArray) => NDArray) => (v: NDArray) => np.sum(np.mul(f(v), x));

describe("explain: one kernel each", () => {
  const softmax = (v: NDArray): NDArray => nn.softmax(v);
  it.each([
    ["softmax", softmax],
    ["gradient of softmax", grad(weighted(softmax))],
    ["log-softmax", (v: NDArray): NDArray => nn.logSoftmax(v)],
    ["gradient of log-softmax", grad(weighted((v) => nn.logSoftmax(v)))],
    ["layer normalization", standardize],
    ["gradient of layer normalization", grad(weighted(standardize))],
    ["log-softmax and cross-entropy", crossEntropy],
    ["gradient of cross-entropy", grad(crossEntropy)],
    ["gelu", (v: NDArray): NDArray => nn.gelu(v)],
    ["gradient of gelu", grad(weighted((v) => nn.gelu(v)))],
  ] as readonly (readonly [string, (v: NDArray) => NDArray])[])("%s", (_name, f) => {
    const e = explain(jit(f), x);
    expect(e.groups.split("\n").length, e.groups).toBe(1);
    expect(e.kernels.length).toBe(1);
  });

  it("what is between two products is computed where the first one stores", () => {
    const f = (a: NDArray, w: NDArray, v: NDArray) => np.matmul(np.add(np.tanh(np.matmul(a, w)), 1), v);
    const [first, second, more] = explain(jit(f), np.ones([64, 40]), np.ones([40, 50]), np.ones([50, 30])).groups.split(
      "\n",
    );
    expect(first).toMatch(/: dotGeneral .*tanh .*-> f32\[64,50\]/);
    expect(second).toMatch(/: dotGeneral -> f32\[64,30\]/);
    expect(more).toBeUndefined();
  });

  it("what a product and a mask both look at is computed where it is stored, and so is what is in another order", () => {
    const relu = (a: NDArray, w: NDArray, v: NDArray) => {
      const h = np.matmul(a, w);
      return [np.matmul(nn.relu(h), v), np.less(h, 0)] as const;
    };
    const masked = explain(jit(relu), np.ones([64, 40]), np.ones([40, 50]), np.ones([50, 30])).groups.split("\n");
    expect(masked[0]).toMatch(/: dotGeneral .*select .*f32\[64,50\]/);
    expect(masked[1]).toMatch(/: dotGeneral -> f32\[64,30\]/);
    const heads = (a: NDArray, b: NDArray, w: NDArray) => {
      const h = np.reshape(np.transpose(np.matmul(a, b), [0, 2, 1, 3]), [2, 32, 64]);
      return [np.matmul(h, w), np.matmul(h, np.add(w, 1))] as const;
    };
    const turned = explain(
      jit(heads),
      np.ones([2, 4, 32, 24]),
      np.ones([2, 4, 24, 16]),
      np.ones([64, 64]),
    ).groups.split("\n");
    expect(turned[0]).toMatch(/: dotGeneral transpose -> f32\[2,32,4,16\]/);
    expect(turned.slice(1).join()).not.toContain("transpose ");
  });

  it("the update of one leaf by adam", () => {
    const adam = optim.adam(1e-3),
      p = { w: np.ones([30, 40]) },
      state = adam.init(p);
    const update = jit((g: typeof p, s: typeof state, q: typeof p) => {
      const [u, next] = adam.update(g, s, q);
      return [optim.applyUpdates(q, u), next];
    });
    const big = explain(update, p, state, p).kernels.filter((k) => k.outputs.some((b) => b.shape.length === 2));
    expect(big.length).toBe(1);
    expect(big[0]?.outputs.filter((b) => b.shape.length === 2).length).toBe(3);
  });
});

describe("explain: a training step", () => {
  type Params = { readonly w1: NDArray; readonly b1: NDArray; readonly w2: NDArray; readonly b2: NDArray };
  const [k1, k2, k3] = random.split(random.key(0), 3);
  const params: Params = {
    w1: random.normal(k1, [784, 256]),
    b1: np.zeros([256]),
    w2: random.normal(k2, [256, 10]),
    b2: np.zeros([10]),
  };
  const images = random.uniform(k3, [128, 784]),
    digits = np.mod(np.arange(128), 10);
  const loss = (p: Params, a: NDArray, y: NDArray): NDArray => {
    const h = nn.relu(np.add(np.matmul(a, p.w1), p.b1));
    return np.mean(optim.softmaxCrossEntropyWithIntegerLabels(np.add(np.matmul(h, p.w2), p.b2), y));
  };
  const step = (p: Params, a: NDArray, y: NDArray): readonly [Params, NDArray] => {
    const [l, g] = valueAndGrad(loss)(p, a, y);
    return [
      optim.applyUpdates(p, { w1: g.w1.mul(-0.1), b1: g.b1.mul(-0.1), w2: g.w2.mul(-0.1), b2: g.b2.mul(-0.1) }),
      l,
    ];
  };
  it("is at most 8 kernels for each example, and transposes nothing", () => {
    const each = vmap(
      grad((p: Params, a: NDArray, y: NDArray) => loss(p, np.expandDims(a, 0), np.expandDims(y, 0))),
      [null, 0, 0],
    );
    const plain = vmap(
      grad((p: Params, a: NDArray, y: NDArray) => {
        const h = nn.relu(np.add(np.matmul(a, p.w1), p.b1));
        return optim.softmaxCrossEntropyWithIntegerLabels(np.add(np.matmul(h, p.w2), p.b2), y);
      }),
      [null, 0, 0],
    );
    for (const f of [each, plain]) {
      const e = explain(jit(f), params, images, digits);
      expect(e.kernels.length, e.groups).toBeLessThanOrEqual(8);
      expect(e.groups).not.toMatch(/^transpose/m);
    }
  });
  it("is at most 14 kernels, writes the parameters where they are, and keeps to the liveness bound", () => {
    const e = explain(jit(step, { donate: [0] }), params, images, digits);
    expect(e.kernels.length, e.groups).toBeLessThanOrEqual(14);
    expect(e.program.steps.every((s) => s.op === "call")).toBe(true);
    expect(e.plan.aliases.size).toBe(4);
    expect(e.plan.peakBytes).toBeLessThanOrEqual(1.1 * e.plan.livenessBytes);
    expect(e.flops).toBeGreaterThan(3 * 2 * 128 * 256 * 784 * 0.66);
  });
  it("prints all its stages", () => {
    const text = String(
      explain(
        jit((v: NDArray) => lax.exp(np.add(v, 1))),
        np.ones([3]),
      ),
    );
    for (const title of ["jaxpr", "fusion", "program", "memory", "code"]) expect(text).toContain(`== ${title}`);
    expect(text).toContain("(module");
  });
  it("parts of a gradient are put together once, and costly operands of products are computed once", () => {
    const pool = (x: NDArray): NDArray =>
      lax.reduceWindow(x, Number.NEGATIVE_INFINITY, np.maximum, [1, 1, 2, 2], [1, 1, 2, 2], "VALID");
    const x = np.ones([2, 3, 12, 12]),
      y = np.ones([2, 3, 6, 6]),
      w = np.ones([108, 64]);
    const slope = explain(jit(grad((v: NDArray) => np.sum(np.multiply(pool(v), y)))), x);
    expect(slope.kernels.length).toBe(2); // along rows, along columns
    const product = jit((v: NDArray) => np.matmul(np.reshape(pool(nn.relu(v)), [64, 108]), w)),
      seen = explain(product, np.ones([64, 3, 12, 12]));
    expect(seen.groups).toContain("an operand that costs much");
  });
  it("sums of whole tiles are stored from registers", () => {
    const x = np.ones([4, 16, 16, 16]),
      w = np.ones([24, 16, 1, 1]),
      b = np.ones([24, 1, 1]);
    const f = jit((v: NDArray, u: NDArray, c: NDArray) => nn.relu(np.add(lax.conv(v, u, [1, 1], "VALID"), c)));
    const text = explain(f, x, w, b).kernels.map(String).join("\n");
    expect(text).toContain("yield");
    expect(text).not.toContain("scratch");
  });
});
