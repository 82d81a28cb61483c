// A loop that runs several indices at once: whole rounds of a few vectors, then single vectors, then single indices.
import type { Expr } from "../../kernel/expr.ts";
import type { For } from "../../kernel/program.ts";
import {
  accumulate,
  addToTotal,
  emitHorizontal,
  finishTotal,
  pushIdentityVector,
  resetTotal,
  totalType,
} from "./accumulators.ts";
import type { Context, EmitBlock, VectorLoop } from "./context.ts";
import { type Count, emitBlocks, emitRounds } from "./counting.ts";
import { emitScalar } from "./expression.ts";
import { extremeOf, resetExtreme } from "./extremes.ts";
import { emitLastVector } from "./lastVector.ts";
import { dataOf, invariantsOf, lanesFor, varyingNames, weigh } from "./inspect.ts";
import { splatTop } from "./vectorExpression.ts";

// Vector sums in float32 or float64 of more rounds than this are cut in blocks, whose sums are added in float64.
const longRounds = 256,
  blockRounds = 128;

/** Bodies up to here wait for memory, not for each other. */
const smallBody = 24;
/** How many vectors run side by side: more where bodies are small, so that latencies overlap and registers suffice. */
const unrollOf = (s: For, lanes: number): number => {
  const most = Math.floor(s.index.extent / lanes);
  return most === 2 ? 2 : Math.min(most >= longSum && isSum(s) ? sumVectors : wantedUnroll(s), most);
};
/** Where memory could keep up, a reduction waits for its own additions: so many accumulators that two can begin at a time. */
const isSum = (s: For): boolean => s.accs.length === 1 && weigh(s).nodes <= tinyBody,
  tinyBody = 5,
  sumVectors = 6,
  longSum = 8 * sumVectors;
const wantedUnroll = (s: For): number => {
  const { nodes, seldom, loops } = weigh(s);
  if (nodes <= smallBody) return 4;
  if (loops > 0) return nodes <= 60 ? 2 : 1;
  if (nodes > 400) return nodes <= 800 ? 2 : 1;
  return nodes - seldom <= 90 ? 4 : 3; // what is seldom done takes no registers of what is always done
};

/** Values that do not change in the loop are spread over the lanes once, before it. */
const presplat = (x: Context, s: For): void => {
  const { splats, wides } = x.vector as VectorLoop;
  for (const e of invariantsOf(s)) {
    if (e.op === "var" && !x.slots.has(e)) continue;
    const local = x.code.local("v128");
    emitScalar(x, e);
    splatTop(x, e.type);
    x.code.emit("local.set", local);
    splats.set(e, local);
  }
  for (const e of dataOf(s))
    for (const a of e.op === "fma64" ? e.args : []) {
      const splat = splats.get(a);
      if (splat === undefined || wides.has(a)) continue;
      const local = x.code.local("v128");
      x.code.emit("local.get", splat);
      x.code.emit("f64x2.promote_low_f32x4");
      x.code.emit("local.set", local);
      wides.set(a, local);
    }
};

/** Emit the loop, or say no if its body does not allow it. `index` and `bound` as for serial loops. */
export const emitVectorFor = (
  x: Context,
  s: For,
  index: number,
  bound: number | null,
  emitBlock: EmitBlock,
): boolean => {
  const { code } = x,
    { extent } = s.index,
    lanes = lanesFor(s),
    names = varyingNames(s);
  if (extent < lanes || names === null) return false;
  const unroll = unrollOf(s, lanes),
    width = lanes * unroll,
    wide = extent - (extent % width),
    narrow = extent - (extent % lanes),
    count: Count = { code, index, extent, bound };
  x.slots.set(s.index, { kind: "scalar", local: index, offset: 0 });
  const { nodes, loops } = weigh(s),
    turns = nodes > smallBody && loops === 0;
  const splats = new Map<Expr, number>(),
    wides = new Map<Expr, number>();
  const inLanes = (n: number): Context => ({
    ...x,
    copy: null,
    masks: null,
    addresses: [],
    slots: new Map(x.slots),
    vector: {
      index: s.index,
      lanes,
      unroll: n,
      names,
      splats,
      wides,
      varying: new Map(),
      turns: turns && n > 1,
      ready: new Map(),
      spare: [],
    },
  });
  const main = inLanes(unroll);
  presplat(main, s);
  const sums = s.accs.map(({ combine, value }) => ({
    combine,
    value,
    type: value.type,
    vectors: Array.from({ length: unroll }, () => code.local("v128")),
    extreme: extremeOf(code, combine, value.type),
    total: code.local(totalType(combine, value.type)),
  }));
  const reset = (): void => {
    for (const { combine, type, vectors, extreme } of sums) {
      for (const l of vectors) {
        pushIdentityVector(main, combine, type);
        code.emit("local.set", l);
      }
      if (extreme !== null) resetExtreme(code, extreme);
    }
  };
  const flush = (): void => {
    for (const { combine, type, vectors, extreme, total } of sums)
      emitHorizontal(main, combine, type, vectors, extreme, total);
  };
  const body = (c: Context) => (): void => {
    emitBlock(c, s.body);
    for (const { combine, value, vectors, extreme } of sums)
      accumulate(c, combine, value, vectors.slice(0, (c.vector as VectorLoop).unroll), extreme);
  };
  reset();
  for (const { combine, type, total } of sums) resetTotal(code, combine, type, total);
  const storeLast =
    bound === null && extent > narrow ? emitLastVector(inLanes(1), s, index, extent - lanes, emitBlock) : null;
  const long = extent > width * longRounds,
    inexact = sums.some((a) => a.combine === "add" && (a.type === "f32" || a.type === "f64"));
  if (bound === null && long && inexact)
    emitBlocks(count, width, width * blockRounds, body(main), () => {
      flush();
      reset();
    });
  else emitRounds(count, 0, width, body(main));
  if (unroll > 1 && (bound !== null || narrow > wide)) emitRounds(count, wide, lanes, body(inLanes(1)));
  flush();
  if (storeLast !== null) {
    storeLast();
    return true;
  }
  const tail: Context = { ...x, copy: null, masks: null, addresses: null, slots: new Map(x.slots), vector: null };
  if (bound !== null || extent > narrow)
    emitRounds(count, narrow, 1, () => {
      emitBlock(tail, s.body);
      for (const { combine, type, value, total } of sums)
        addToTotal(code, combine, type, total, () => emitScalar(tail, value));
    });
  s.accs.forEach((a, i) => {
    const { combine, type, total } = sums[i] as (typeof sums)[number];
    x.slots.set(a.name, { kind: "scalar", local: finishTotal(code, combine, type, total), offset: 0 });
  });
  return true;
};
