// Every optimizer takes the steps of its formula: ten steps on a tree of leaves against plain JavaScript, eager in float64 and jitted
// with donation in float32, where optax rounds the parameters after every step, as we do.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit, type NDArray, np } from "../src/index.ts";
import * as optim from "../src/optim/index.ts";
import * as r from "./optim-reference.ts";

type Params = { readonly [name: string]: NDArray };
const shapes = { w: [3, 2], b: [2], s: [] } as const;
const names = Object.keys(shapes) as (keyof typeof shapes)[];
const steps = 10;
const lr = 0.05;
const halving = (t: number): number => lr * 0.5 ** (t / 4);

/** An optimizer and its formula. */
const table: Readonly<Record<string, readonly [optim.GradientTransformation, r.Reference]>> = {
  sgd: [optim.sgd(lr), r.times(-lr)],
  "sgd, momentum": [optim.sgd(lr, { momentum: 0.9 }), r.series(r.momentum(0.9), r.times(-lr))],
  "sgd, nesterov": [optim.sgd(lr, { momentum: 0.9, nesterov: true }), r.series(r.momentum(0.9, true), r.times(-lr))],
  "sgd, schedule": [optim.sgd(optim.exponentialDecay(lr, 4, 0.5)), r.times((t) => -halving(t))],
  adam: [optim.adam(lr), r.series(r.adam(), r.times(-lr))],
  "adam, schedule": [
    optim.adam(optim.exponentialDecay(lr, 4, 0.5)),
    r.series(
      r.adam(),
      r.times((t) => -halving(t)),
    ),
  ],
  "adam, options": [optim.adam(lr, { b1: 0.5, b2: 0.75, eps: 0.1 }), r.series(r.adam(0.5, 0.75, 0.1), r.times(-lr))],
  nadam: [optim.nadam(lr), r.series(r.adam(0.9, 0.999, 1e-8, true), r.times(-lr))],
  adamw: [optim.adamw(lr), r.series(r.adam(), r.plusDecay(1e-4), r.times(-lr))],
  nadamw: [
    optim.nadamw(lr, { weightDecay: 0.1 }),
    r.series(r.adam(0.9, 0.999, 1e-8, true), r.plusDecay(0.1), r.times(-lr)),
  ],
  adamax: [optim.adamax(lr), r.series(r.adamax(), r.times(-lr))],
  amsgrad: [optim.amsgrad(lr), r.series(r.amsgrad(), r.times(-lr))],
  adabelief: [optim.adabelief(lr), r.series(r.belief(), r.times(-lr))],
  yogi: [optim.yogi(lr), r.series(r.yogi(), r.times(-lr))],
  radam: [optim.radam(lr), r.series(r.radam(), r.times(-lr))],
  lion: [optim.lion(lr), r.series(r.lion(), r.plusDecay(1e-3), r.times(-lr))],
  lamb: [
    optim.lamb(lr, { weightDecay: 0.1 }),
    r.series(r.adam(0.9, 0.999, 1e-6), r.plusDecay(0.1), r.trust(), r.times(-lr)),
  ],
  lars: [
    optim.lars(lr, { weightDecay: 0.1, trustCoefficient: 0.5 }),
    r.series(r.plusDecay(0.1), r.trust(0.5), r.times(-lr), r.momentum(0.9)),
  ],
  fromage: [
    optim.fromage(lr),
    r.series(r.trust(1, 1e-6), r.times(-lr / Math.sqrt(1 + lr * lr)), r.plusDecay(1 / Math.sqrt(1 + lr * lr) - 1)),
  ],
  rmsprop: [optim.rmsprop(lr), r.series(r.rms(0.9, 1e-8), r.times(-lr))],
  "rmsprop, momentum": [
    optim.rmsprop(lr, { momentum: 0.5, initialScale: 1 }),
    r.series(r.rms(0.9, 1e-8, false, 1), r.times(-lr), r.momentum(0.5)),
  ],
  "rmsprop, centered": [
    optim.rmsprop(lr, { centered: true, decay: 0.75, eps: 1e-2 }),
    r.series(r.rms(0.75, 1e-2, true), r.times(-lr)),
  ],
  adagrad: [optim.adagrad(lr), r.series(r.adagrad(), r.times(-lr))],
  adadelta: [optim.adadelta(1, { weightDecay: 0.1 }), r.series(r.plusDecay(0.1), r.adadelta(), r.times(-1))],
  adafactor: [
    optim.adafactor(lr),
    r.series(r.factored(128), r.blockClip(1), r.times(lr), r.parameterScale, r.times(-1)),
  ],
  "adafactor, factored": [
    optim.adafactor(lr, { minDimSizeToFactor: 2, multiplyByParameterScale: false, momentum: 0.5 }),
    r.series(r.factored(2), r.blockClip(1), r.times(lr), r.averaged(0.5), r.times(-1)),
  ],
  sm3: [optim.sm3(lr), r.series(r.sm3(), r.times(-lr))],
  novograd: [optim.novograd(lr, { weightDecay: 0.1 }), r.series(r.novograd(0.9, 0.25, 1e-6, 0.1), r.times(-lr))],
  rprop: [optim.rprop(lr), r.series(r.rprop(lr), r.times(-1))],
  optimisticGradientDescent: [optim.optimisticGradientDescent(lr), r.series(r.optimistic(), r.times(-lr))],
  ema: [optim.chain(optim.ema(0.5, { debias: false }), optim.scale(-lr)), r.series(r.averaged(0.5), r.times(-lr))],
  clipByBlockRms: [optim.chain(optim.clipByBlockRms(0.5), optim.sgd(lr)), r.series(r.blockClip(0.5), r.times(-lr))],
};

type Numbers = Readonly<Record<string, readonly number[]>>;
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const toArrays = (x: Numbers, dtype: "float32" | "float64"): Params =>
  Object.fromEntries(names.map((k) => [k, np.reshape(np.array(x[k] ?? [], { dtype }), [...shapes[k]])]));
/** Numbers for each leaf; away from 0, where signs and trust ratios jump. */
const numbers: fc.Arbitrary<Numbers> = fc.record(
  Object.fromEntries(
    names.map((k) => {
      const n = sizeOf(shapes[k]);
      const element = fc.integer({ min: 1, max: 16 }).chain((x) => fc.constantFrom(x / 8, -x / 8));
      return [k, fc.array(element, { minLength: n, maxLength: n })];
    }),
  ),
);

const expected = (
  reference: r.Reference,
  start: Numbers,
  grads: readonly Numbers[],
  rounded: (x: number) => number = (x) => x,
): Numbers =>
  Object.fromEntries(
    names.map((k) => {
      const step = reference(shapes[k]);
      let p = start[k] as readonly number[];
      grads.forEach((g, t) => {
        const update = step(g[k] as readonly number[], p, t + 1);
        p = p.map((x, i) => rounded(x + (update[i] as number)));
      });
      return [k, p];
    }),
  );
const worst = (want: Numbers, got: Params): number =>
  Math.max(
    ...names.flatMap((k) =>
      Array.from((got[k] as NDArray).dataSync()).map((x, i) =>
        Math.abs(x - ((want[k] as readonly number[])[i] as number)),
      ),
    ),
  );
type Step = (p: Params, s: unknown, g: Params) => readonly [Params, unknown];
const stepOf =
  (t: optim.GradientTransformation): Step =>
  (p, s, g) => {
    const [updates, next] = t.update(g, s, p);
    return [optim.applyUpdates(p, updates), next];
  };
const run = (t: optim.GradientTransformation, step: Step, start: Params, grads: readonly Params[]): Params => {
  let [p, s] = [start, t.init(start)];
  for (const g of grads) [p, s] = step(p, s, g);
  return p;
};

describe("optimizers take the steps of their formulas", () => {
  const history = fc.array(numbers, { minLength: steps, maxLength: steps });
  for (const [name, [t, reference]] of Object.entries(table))
    it(name, () => {
      // Schedules are computed in float32.
      const bound = name.includes("schedule") ? 1e-7 : 1e-9;
      const jitted = jit(stepOf(t), { donate: [0, 1] }) as unknown as Step;
      fc.assert(
        fc.property(numbers, history, (start, grads) => {
          const exact = run(
            t,
            stepOf(t),
            toArrays(start, "float64"),
            grads.slice(0, 3).map((g) => toArrays(g, "float64")),
          );
          expect(worst(expected(reference, start, grads.slice(0, 3)), exact)).toBeLessThan(bound);
          const fast = run(
            t,
            jitted,
            toArrays(start, "float32"),
            grads.map((g) => toArrays(g, "float32")),
          );
          expect(worst(expected(reference, start, grads, Math.fround), fast)).toBeLessThan(1e-6);
        }),
        { numRuns: 3, endOnFailure: true },
      );
    });
  it("every optimizer of optax is in the table", () => {
    const others = /^(scale|identity|chain|masked|multi|apply|clip|inject|lookahead|add|zero|trace|noisySgd)/;
    const made = Object.entries(optim).flatMap(([name, f]) => {
      if (typeof f !== "function" || others.test(name)) return [];
      try {
        return "update" in ((f as (x: number) => object)(0.1) as object) ? [name] : [];
      } catch {
        return [];
      }
    });
    expect(made.filter((name) => !(name in table))).toEqual([]);
    expect(made.length).toBeGreaterThan(20);
  });
});

describe("the law of optimizers has teeth", () => {
  const start: Numbers = { w: [1, 2, 3, 4, 5, 6], b: [1, -1], s: [2] };
  const grads = Array.from({ length: 10 }, (_, t): Numbers => ({ w: [t, 1, -1, 2, 3, 1], b: [1, t], s: [-1 - t] }));
  const apart = (t: optim.GradientTransformation, reference: r.Reference): number =>
    worst(
      expected(reference, start, grads),
      run(
        t,
        stepOf(t),
        toArrays(start, "float64"),
        grads.map((g) => toArrays(g, "float64")),
      ),
    );
  it.each<[string, optim.GradientTransformation, r.Reference]>([
    ["another decay", optim.adam(lr, { b2: 0.998 }), r.series(r.adam(), r.times(-lr))],
    ["no correction", optim.adam(lr), r.series(r.averaged(0.9), r.rms(0.999, 1e-16), r.times(-lr))],
    ["nesterov forgotten", optim.sgd(lr, { momentum: 0.9 }), r.series(r.momentum(0.9, true), r.times(-lr))],
    ["schedule a step late", optim.sgd(optim.exponentialDecay(lr, 4, 0.5)), r.times((t) => -halving(t + 1))],
  ])("sees %s", (_, t, reference) => expect(apart(t, reference)).toBeGreaterThan(1e-5));
});
