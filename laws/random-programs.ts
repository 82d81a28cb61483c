// Random programs of primitives for laws of the compiler: a list of small integers is read as a list of equations, so that
// fast-check shrinks the list and with it the program.
import fc from "fast-check";
import type { DType } from "../src/core/dtype.ts";
import type { ClosedJaxpr } from "../src/core/jaxpr.ts";
import { Literal, type Value } from "../src/core/value.ts";
import { cumsum } from "../src/primitives/cumulative.ts";
import { dotGeneral } from "../src/primitives/dot.ts";
import { add, clamp, convertElementType, eq, max, min, mul, neg, select, sub } from "../src/primitives/elementwise.ts";
import { take } from "../src/primitives/indexing.ts";
import { broadcast, full, insertAt, reshape, sum, transpose } from "../src/primitives/linear.ts";
import { concatenate, iota, pad, rev, slice } from "../src/primitives/movement.ts";
import { argmax, reduceMax, reduceMin } from "../src/primitives/reductions.ts";
import { traceJaxpr } from "../src/transforms/trace.ts";

/** One equation: what to do, to which earlier values, and a number for whatever else is to be chosen. */
export type Word = readonly [op: number, x: number, y: number, z: number];
export interface RandomProgram {
  readonly dtype: DType;
  readonly shapes: readonly (readonly number[])[];
  readonly words: readonly Word[];
  readonly outs: number;
}

const mod = (a: number, n: number): number => ((a % n) + n) % n;
/** Results stay small, so that sums are exact and products do not overflow. */
const tame = (x: Value): Value => clamp(full(x.shape, -8, x.dtype), x, full(x.shape, 8, x.dtype));

type Op = (x: Value, y: Value, z: number) => Value;
/** The second operand in the shape of the first: itself, or its sum over all axes spread out. */
const like = (y: Value, x: Value): Value => {
  if (y.shape.join() === x.shape.join()) return y;
  const axes = y.shape.map((_, i) => i);
  return broadcast(
    tame(sum(y, axes)),
    x.shape,
    x.shape.map((_, i) => i),
  );
};
const axisOf = (x: Value, z: number): number => mod(z, x.ndim);
const onAxis =
  (f: (x: Value, axis: number, z: number) => Value): Op =>
  (x, _y, z) =>
    x.ndim === 0 ? neg(x) : f(x, axisOf(x, z), Math.floor(z / 4));
const spread = (x: Value, r: Value, axis: number): Value => broadcast(r, x.shape, [axis]);
const each = (x: Value, axis: number, here: number): readonly number[] =>
  x.shape.map((_, i) => (i === axis ? here : 0));

const operations: readonly (readonly [string, Op])[] = [
  ["neg", (x) => neg(x)],
  ["add", (x, y) => tame(add(x, like(y, x)))],
  ["sub", (x, y) => tame(sub(x, like(y, x)))],
  ["mul", (x, y) => tame(mul(x, like(y, x)))],
  ["power", (x) => tame(mul(x, tame(mul(x, tame(mul(x, tame(mul(x, x))))))))],
  ["max", (x, y) => max(x, like(y, x))],
  ["min", (x, y) => min(x, like(y, x))],
  ["select", (x, y) => select(eq(x, like(y, x)), x, neg(x))],
  ["sum", onAxis((x, a) => tame(sum(x, [a])))],
  ["center", onAxis((x, a) => tame(sub(x, spread(x, tame(sum(x, [a])), a))))],
  ["above", onAxis((x, a) => sub(x, spread(x, reduceMax(x, [a]), a)))],
  ["min over", onAxis((x, a) => ((x.shape[a] as number) === 0 ? neg(x) : reduceMin(x, [a])))],
  ["argmax", onAxis((x, a) => ((x.shape[a] as number) === 0 ? x : convertElementType(argmax(x, a), x.dtype)))],
  [
    "transpose",
    (x, _y, z) =>
      transpose(x, z % 2 === 0 ? x.shape.map((_, i) => x.ndim - 1 - i) : x.shape.map((_, i) => mod(i + 1, x.ndim))),
  ],
  ["flatten", (x) => reshape(x, [x.size])],
  ["split", (x) => reshape(x, x.size % 2 === 0 ? [2, x.size / 2] : [1, x.size])],
  [
    "broadcast",
    (x, _y, z) => (x.ndim >= 3 ? x : broadcast(x, insertAt(x.shape, mod(z, x.ndim + 1), 3), [mod(z, x.ndim + 1)])),
  ],
  ["rev", onAxis((x, a) => rev(x, [a]))],
  [
    "slice",
    onAxis((x, a, z) =>
      slice(
        x,
        each(x, a, mod(z, 2) < (x.shape[a] as number) ? mod(z, 2) : 0),
        x.shape,
        x.shape.map((_, i) => (i === a ? 1 + mod(z, 3) : 1)),
      ),
    ),
  ],
  [
    "pad",
    onAxis((x, a, z) =>
      pad(x, new Literal(1, x.dtype), each(x, a, mod(z, 3) - 1), each(x, a, 1), each(x, a, mod(z, 2))),
    ),
  ],
  ["concatenate", onAxis((x, a) => concatenate([x, neg(x)], a))],
  ["cumsum", onAxis((x, a) => tame(cumsum(x, a)))],
  ["take", onAxis((x, a, z) => take(x, add(iota([3]), full([3], mod(z, 3) - 1, "int32")), a))],
  [
    "dot",
    (x, y) => {
      const left = x.ndim === 0 ? reshape(x, [1]) : x,
        k = left.shape[left.ndim - 1] as number;
      const right = y.ndim > 0 && y.shape[0] === k ? y : left,
        axis = right === left ? left.ndim - 1 : 0;
      return tame(dotGeneral(left, right, { contract: [[left.ndim - 1], [axis]] }));
    },
  ],
];
/** Names of what programs may do. */
export const operationNames: readonly string[] = operations.map(([name]) => name);

/** Results that are too big are passed over. */
const mostElements = 5000;
/** The function that a program describes. */
export const functionOf =
  ({ words, outs, dtype }: RandomProgram) =>
  (...ins: readonly Value[]): readonly Value[] => {
    const values: Value[] = [...ins];
    const pick = (i: number): Value => values[values.length - 1 - mod(i, values.length)] as Value;
    for (const [op, x, y, z] of words) {
      const [, f] = operations[mod(op, operations.length)] as (typeof operations)[number];
      const out = f(pick(x), pick(y), z);
      if (out.size <= mostElements && out.ndim <= 4 && out.dtype === dtype) values.push(out);
    }
    return values.slice(-1 - mod(outs, 4));
  };
/** The jaxpr of a program. */
export const jaxprOf = (p: RandomProgram): ClosedJaxpr =>
  traceJaxpr(
    functionOf(p),
    p.shapes.map((shape) => ({ shape, dtype: p.dtype })),
    "random",
  );

const extent: fc.Arbitrary<number> = fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 13, 0, 17, 33);
const shape = fc.array(extent, { maxLength: 3 }).filter((s) => s.reduce((a, b) => a * b, 1) <= 1200);
const small = fc.nat(63);
/** Random programs. */
export const programs = (
  dtypes: readonly DType[] = ["float32", "int32", "float64"],
  maxLength = 24,
): fc.Arbitrary<RandomProgram> =>
  fc.record({
    dtype: fc.constantFrom(...dtypes),
    shapes: fc.array<readonly number[]>(shape, { minLength: 1, maxLength: 3 }),
    words: fc.array<Word>(fc.tuple(small, small, small, small), { minLength: 1, maxLength, size: "max" }),
    outs: small,
  });
/** Elements of the i-th argument: small integers, so that float sums are exact. */
export const argument = (i: number, n: number): number[] =>
  Array.from({ length: n }, (_, k) => mod(k * 7 + i * 5 + Math.floor(k / 3), 9) - 4);
