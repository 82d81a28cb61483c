// A value that waits for others: the compiler neither computes what uses it earlier nor finds it equal to what does not wait.
import { aval } from "../core/aval.ts";
import type { None, Primitive, Variadic } from "../core/primitive.ts";
import { bind, isEager } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { placeAxis } from "../transforms/vmap.ts";
import { leavesOf, rebuild } from "../transforms/leaves.ts";
import type { Arrays } from "../transforms/types.ts";

/** The first operand, as soon as all operands are known. */
export const afterP: Primitive<None, Variadic> = {
  name: "after",
  abstractEval: (ins) => ins[0] ?? aval([]),
  jvp: [(dx) => dx],
  transpose: [(ct) => ct],
  batch: (size, ins, axes, attrs) => [
    bind(afterP, [placeAxis(ins[0] as Value, axes[0] ?? null, 0, size), ...ins.slice(1)], attrs),
    0,
  ],
  lower: (reads, at) => (reads[0] as (typeof reads)[number])(at),
};

/**
 * The same tree of arrays, of which nothing is used before all of it is known: what is computed with it is not moved before, nor merged with
 * what is computed without it.
 * @example
 * lax.optimizationBarrier({ x: np.array([1, 2]) }) // => { x: [1 2] }
 */
export const optimizationBarrier = <T>(tree: T): Arrays<T> => {
  const op = "optimizationBarrier",
    { leaves, def } = leavesOf(tree, op);
  const waiting =
    isEager() || leaves.length < 2
      ? leaves
      : leaves.map((x, i) => bind(afterP, [x, ...leaves.filter((_, k) => k !== i)], {}));
  return rebuild(def, waiting, op) as Arrays<T>;
};
