// What does a call cost, when there is next to nothing to compute?
import { grad, jit, type NDArray, np } from "../src/index.ts";
import { demandClose, type Suite, timed } from "./subject.ts";

const jittedScalar = (): (() => unknown) => {
  const f = jit((x: NDArray) => np.multiply(np.sin(x), 2)),
    x = np.array(0.5);
  demandClose(f(x), () => 2 * Math.sin(0.5));
  return () => f(x);
};
const eagerAdd = (): (() => unknown) => {
  const x = np.array([1, 2, 3]),
    y = np.array([4, 5, 6]);
  demandClose(np.add(x, y), (i) => 5 + 2 * i);
  return () => np.add(x, y);
};
/** A step over a tree of 100 small parameters. */
const manyLeaves = (donate: boolean) => (): (() => unknown) => {
  type Params = Readonly<Record<string, NDArray>>;
  const step = jit(
    (params: Params) => {
      const loss = (p: Params): NDArray =>
        Object.values(p).reduce((sum, w) => np.add(sum, np.sum(np.square(w))), np.array(0));
      const slopes = grad(loss)(params);
      return Object.fromEntries(
        Object.entries(params).map(([k, w]) => [k, np.subtract(w, np.multiply(slopes[k] as NDArray, 0.25))]),
      );
    },
    donate ? { donate: [0] } : {},
  );
  let params: Params = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`w${i}`, np.full([4], i)]));
  params = step(params);
  demandClose(params.w7 as NDArray, () => 3.5);
  return () => {
    params = step(params);
  };
};

export const overhead: Suite = {
  name: "overhead",
  question: "What does a call cost?",
  subjects: [
    timed("jitted scalar function", jittedScalar, { limit: 3e-6 }),
    timed("eager add of two 3-vectors", eagerAdd, { limit: 5e-6 }),
    timed("jitted step, 100 leaves", manyLeaves(false), { limit: 30e-6 }),
    timed("jitted step, 100 leaves, donated", manyLeaves(true), { limit: 30e-6 }),
  ],
};
