// A loop that takes one index after the other; inside a vector loop its accumulators may be vectors.
import type { ReduceOp, ScalarType } from "../../kernel/expr.ts";
import type { Accumulator, For } from "../../kernel/program.ts";
import { accumulate, addToTotal, finishTotal, pushIdentityVector, resetTotal, totalType } from "./accumulators.ts";
import type { Addresses, Context, Copy, EmitBlock, VectorLoop } from "./context.ts";
import { isVarying } from "./context.ts";
import { type Count, emitBlocks, emitRounds } from "./counting.ts";
import { dataOf, roundNames, weigh } from "./inspect.ts";
import { emitScalar } from "./expression.ts";
import { shapeOf } from "./vector.ts";

/** An accumulator with the locals that hold it: several vectors, or one total. */
interface Sum {
  readonly combine: ReduceOp;
  readonly type: ScalarType;
  readonly of: Accumulator;
  readonly locals: readonly number[];
  readonly vectors: boolean;
}

const sumOf = (x: Context, of: Accumulator): Sum => {
  const { combine, value } = of,
    vectors = isVarying(x, value);
  return {
    combine,
    type: value.type,
    of,
    vectors,
    locals: vectors
      ? Array.from({ length: (x.vector as VectorLoop).unroll }, () => x.code.local("v128"))
      : [x.code.local(totalType(combine, value.type))],
  };
};
const reset = (x: Context, { combine, type, locals, vectors }: Sum): void => {
  if (vectors)
    for (const l of locals) {
      pushIdentityVector(x, combine, type);
      x.code.emit("local.set", l);
    }
  else resetTotal(x.code, combine, type, locals[0] as number);
};
const step = (x: Context, { combine, type, of, locals, vectors }: Sum): void => {
  if (vectors) accumulate(x, combine, of.value, locals);
  else addToTotal(x.code, combine, type, locals[0] as number, () => emitScalar(x, of.value));
};

// Long vector sums are cut in blocks whose sums are added apart, so that rounding errors do not pile up; scalar ones are float64
// anyway. Where the sums fill the registers (the tile of a contraction), totals beside them would have no room: blocks are longer.
const lengths = (sums: number): { readonly long: number; readonly block: number } =>
  sums < 8 ? { long: 128, block: 64 } : { long: 4096, block: 1024 };
// A body is repeated where it is small, so that the engine checks for interrupts less often.
const copiesOf = (x: Context, s: For): number => {
  if (s.mark === "unrolled") return s.index.extent;
  const { loops } = weigh(s);
  return loops === 0 && dataOf(s).size * (x.vector?.unroll ?? 1) <= 160 && s.index.extent >= 8 && s.accs.length > 0
    ? 2
    : 1;
};

/** Emit the loop; `index` is a local that holds 0, `bound` one that holds the smaller of extent and limit, if there is one. */
export const emitSerialFor = (x: Context, s: For, index: number, bound: number | null, emitBlock: EmitBlock): void => {
  const { code } = x,
    { extent } = s.index,
    count: Count = { code, index, extent, bound };
  const at = (offset: number): void => {
    x.slots.set(s.index, { kind: "scalar", local: index, offset });
  };
  at(0);
  const sums = s.accs.map((a) => sumOf(x, a)),
    copies = copiesOf(x, s);
  for (const sum of sums) reset(x, sum);
  const round = (copy: Copy | null, addresses: Addresses | null) => (): void => {
    const inside = { ...x, copy, addresses };
    emitBlock(inside, s.body);
    for (const sum of sums) step(inside, sum);
  };
  const repeated = (): void => {
    const addresses: Addresses | null = copies > 1 || x.vector !== null ? [] : null;
    for (let k = 0; k < copies; k++) {
      at(k);
      round(k === 0 ? null : { index: s.index, ...roundNames(s), moved: new Set() }, addresses)();
    }
    at(0);
  };
  const inBlocks = sums.filter((a) => a.vectors && a.combine === "add" && (a.type === "f32" || a.type === "f64"));
  const { long, block } = lengths(inBlocks.reduce((n, a) => n + a.locals.length, 0));
  if (extent > 0) {
    if (bound === null && extent > long && inBlocks.length > 0 && block % copies === 0)
      emitInBlocks(x, count, copies, block, inBlocks, repeated);
    else emitRounds(count, 0, copies, repeated);
    if (copies > 1 && (bound !== null || extent % copies !== 0))
      emitRounds(count, extent - (extent % copies), 1, round(null, x.vector === null ? null : []));
  }
  for (const { of, combine, type, vectors, locals } of sums)
    x.slots.set(
      of.name,
      vectors
        ? { kind: "vector", locals }
        : { kind: "scalar", local: finishTotal(code, combine, type, locals[0] as number), offset: 0 },
    );
};

/** The main part of the loop: after each block its sums go to totals of their own, and come back at the end. */
const emitInBlocks = (
  x: Context,
  count: Count,
  copies: number,
  block: number,
  sums: readonly Sum[],
  repeated: () => void,
): void => {
  const { code } = x,
    lanes = (x.vector as VectorLoop).lanes;
  const pairs = sums.flatMap((sum) => sum.locals.map((local) => ({ sum, local, total: code.local("v128") })));
  for (const { sum, total } of pairs) {
    pushIdentityVector(x, "add", sum.type);
    code.emit("local.set", total);
  }
  emitBlocks(count, copies, block, repeated, () => {
    for (const { sum, local, total } of pairs) {
      code.emit("local.get", total);
      code.emit("local.get", local);
      code.emit(`${shapeOf(sum.type, lanes) as "f32x4"}.add`);
      code.emit("local.set", total);
    }
    for (const sum of sums) reset(x, sum);
  });
  for (const { local, total } of pairs) {
    code.emit("local.get", total);
    code.emit("local.set", local);
  }
};
