// Training steps, small calls, loops, and what they take of time and memory.
import { explain, grad, jit, lax, type NDArray, np, valueAndGrad, vmap } from "../../src/index.ts";
import * as optim from "../../src/optim/index.ts";
import type { Prepared } from "../serve.ts";
import { array, type Ops } from "./arrays.ts";
import { type Loss, lenet, mlp, type Params, resnet, transformer } from "./models.ts";
import { report } from "./reports.ts";
import { peakResident } from "./resident.ts";

type Given = Parameters<Ops[string]>[0];
type Args = Parameters<Ops[string]>[1];

const trained = (given: Given, want: boolean): Params =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, x]) => (x.trained === want ? [[name, array(x)]] : [])),
  ) as Params;

/** Parameters and state live on and are given away at each step. */
const training = (given: Given, { optimizer, rate }: Args, loss: Loss) => {
  const transformation = optimizer === "sgd" ? optim.sgd(rate as number) : optim.adam(rate as number);
  let params = trained(given, true),
    state = transformation.init(params);
  const data = trained(given, false);
  const step = (p: Params, s: typeof state, d: Params) => {
    const [value, slopes] = valueAndGrad(loss)(p, d);
    const [updates, next] = transformation.update(slopes, s, p);
    return [optim.applyUpdates(p, updates), next, value] as const;
  };
  const jitted = jit(step, { donate: [0, 1] });
  return {
    run: (): NDArray => {
      const [p, s, value] = jitted(params, state, data);
      params = p;
      state = s;
      return value;
    },
    plan: () => explain(jit(step, { donate: [0, 1] }), params, state, data).plan,
  };
};
const losses = (run: () => NDArray, count: number): readonly (readonly number[])[] =>
  Array.from({ length: count }, () => [Number(run().item())]);
const trains =
  (loss: (args: Args) => Loss): Ops[string] =>
  (given, args): Prepared => {
    const { run } = training(given, args, loss(args));
    return { check: () => losses(run, (args.steps as number | undefined) ?? 3), run };
  };

const perExample: Ops[string] = (given) => {
  const params = trained(given, true),
    { x, y } = trained(given, false) as { readonly x: NDArray; readonly y: NDArray };
  const loss = mlp(2);
  const f = jit(
    vmap(
      grad((p: Params, row: NDArray, label: NDArray) => loss(p, { x: row, y: label })),
      [null, 0, 0],
    ),
  );
  return {
    check: () => {
      const slopes = f(params, x, y);
      return Object.keys(params).map((name) => (slopes[name] as NDArray).dataSync() as Float32Array);
    },
    run: () => f(params, x, y),
  };
};

const leaves: Ops[string] = (given) => {
  const params = trained(given, true);
  const loss = (p: Params): NDArray =>
    Object.values(p).reduce((sum, w) => np.add(sum, np.sum(np.square(w))), np.array(0));
  const step = jit((p: Params) => {
    const slopes = grad(loss)(p);
    return Object.fromEntries(
      Object.entries(p).map(([name, w]) => [name, np.subtract(w, np.multiply(slopes[name] as NDArray, 0.25))]),
    );
  });
  return {
    check: () => Object.values(step(params)).map((w) => w.dataSync() as Float32Array),
    run: () => step(params),
  };
};

const small =
  (f: (given: Readonly<Record<string, NDArray>>, args: Args) => () => NDArray): Ops[string] =>
  (given, args) => {
    const run = f(Object.fromEntries(Object.entries(given).map(([name, x]) => [name, array(x)])), args);
    return { check: () => [run().dataSync() as Float32Array], run };
  };

export const stepOps: Ops = {
  mlpStep: trains(() => mlp(3)),
  lenetStep: trains(() => lenet),
  resnetStep: trains(() => resnet),
  transformerStep: trains(({ layers, heads }) => transformer(layers as number, heads as number)),
  perExample,
  leaves,
  tinyCall: small(({ x }) => {
    const f = jit((v: NDArray) => np.multiply(np.sin(v), 2));
    return () => f(x as NDArray);
  }),
  tinyAdd: small(
    ({ a, b }) =>
      () =>
        np.add(a as NDArray, b as NDArray),
  ),
  whileLoop: small(({ x }, { rounds }) => {
    const f = jit((start: NDArray) => {
      const [, end] = lax.whileLoop(
        ([i]: readonly [NDArray, NDArray]) => np.less(i, rounds as number),
        ([i, v]: readonly [NDArray, NDArray]) => [np.add(i, 1), np.add(np.multiply(v, 0.999), 0.5)] as const,
        [np.array(0, { dtype: "int32" }), start] as const,
      );
      return end;
    });
    return () => f(x as NDArray);
  }),
  longChain: small(({ x }, { equations }) => {
    const f = jit((v: NDArray) => {
      let y = v;
      for (let i = 0; i < (equations as number); i += 2) y = np.add(np.multiply(y, 0.5), 1);
      return y;
    });
    return () => f(x as NDArray);
  }),
  plannedPeak: report((given, args) => {
    const { peakBytes, livenessBytes } = training(given, args, mlp(3)).plan();
    return peakBytes / livenessBytes;
  }),
  residentSteps: report((given, args) => {
    const { run } = training(given, args, mlp(3));
    losses(run, args.steps as number);
    return peakResident();
  }),
  residentLoop: report((given, { steps }) => {
    const step = jit((x: NDArray) => np.add(x, 1));
    let x = array(given.x as Given[string]);
    for (let i = 0; i < (steps as number); i++) x = step(x);
    x.dataSync();
    return peakResident();
  }),
};
