// Running reductions along an axis, and the recurrence y_i = a_i y_{i-1} + b_i that is the derivative of all of them.
import type { DType } from "../core/dtype.ts";
import type { Binary, Jvp, Primitive, Push, Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import type { BinaryOp, Buffer, Expr, ReduceOp, ScalarType } from "../kernel/expr.ts";
import {
  binary,
  cast,
  compare,
  constant,
  freshVar,
  int,
  localVar,
  read,
  registerType,
  select as choose,
  unary,
} from "../kernel/expr.ts";
import { isub } from "../kernel/index.ts";
import type { Stmt } from "../kernel/program.ts";
import { loop, nest, store } from "../kernel/statement.ts";
import { mul, mulNoNan, sub } from "./arithmetic.ts";
import { select } from "./choice.ts";
import { eq, gt, lt } from "./comparison.ts";
import { exp } from "./mathematical.ts";
import { checkAxis, pad } from "./movement.ts";
import { longRun, runInPieces } from "./cumulativeBlocks.ts";
import { alignBatch, checkDType, checkEqual, floating, fullLike, numeric } from "./pointwise.ts";

/** `reverse` runs from the last element to the first. */
export interface CumulativeAttrs {
  readonly axis: number;
  readonly reverse: boolean;
}

/** One step of a running computation: from the result before and the operands here to the result here. */
interface Step {
  readonly start: (type: ScalarType) => number;
  readonly next: (last: Expr, xs: readonly Expr[]) => Expr;
  /** Errors add up along the axis, so float32 is carried in double precision. */
  readonly wide: boolean;
  /** Where steps are an associative operation: pieces may run apart. */
  readonly joins?: ReduceOp;
}

// Columns whose runs advance together where the axis is not the last one: a cache line of float32.
const tile = 16;
const statements = (
  ins: readonly Buffer[],
  out: Buffer,
  { axis, reverse }: CumulativeAttrs,
  { start, next, wide, joins }: Step,
): readonly Stmt[] => {
  const { shape } = out,
    n = shape[axis] as number,
    last = shape.length - 1;
  if (shape.includes(0)) return [];
  const type = registerType(out.type),
    carried: ScalarType = wide && type === "f32" ? "f64" : type;
  const around = shape.map((extent) => freshVar(extent, "o"));
  const overRows = (body: readonly Stmt[]): readonly Stmt[] =>
    nest(
      around.filter((_, d) => d !== axis && d !== last),
      body,
      "parallel",
      "parallel",
    );
  if (joins !== undefined && axis === last && n >= longRun) {
    const at = (k: Expr): readonly Expr[] => [...around.slice(0, -1), k],
      run = { combine: joins, carried, length: n, reverse, at };
    return overRows(runInPieces(ins[0] as Buffer, out, run));
  }
  /** One pass along the axis with an accumulator per column; the columns are neighbours in memory. */
  const pass = (columns: readonly Expr[]): readonly Stmt[] => {
    const step = freshVar(n, "i"),
      here: Expr = reverse ? isub(int(n - 1), step) : step;
    const at = columns.map((c) => around.map<Expr>((v, d) => (d === axis ? here : d === last ? c : v)));
    const accs = columns.map((_, u) => localVar(`acc${u}${step.name}`, carried));
    return [
      ...accs.map<Stmt>((name) => ({ op: "let", name, value: constant(carried, start(type)), mutable: true })),
      loop(
        step,
        accs.flatMap<Stmt>((name, u) => {
          const place = at[u] as readonly Expr[];
          return [
            {
              op: "set",
              name,
              value: next(
                name,
                ins.map((b) => cast(carried, read(b, place))),
              ),
            },
            store(out, place, cast(type, name)),
          ];
        }),
      ),
    ];
  };
  const width = axis === last ? 1 : (shape[last] as number),
    blocks = Math.floor(width / tile),
    block = freshVar(blocks, "b");
  const columns = (base: Expr, count: number): readonly Expr[] =>
    Array.from({ length: count }, (_, u) => binary("add", base, int(u)));
  const inner: readonly Stmt[] = [
    ...(blocks === 0 ? [] : [loop(block, pass(columns(binary("mul", block, int(tile)), tile)), { mark: "parallel" })]),
    ...(width % tile === 0 ? [] : pass(columns(int(blocks * tile), width % tile))),
  ];
  return overRows(inner);
};

type Running = Primitive<CumulativeAttrs, Unary>;
const running = (
  name: string,
  accepts: readonly DType[],
  step: Step,
  jvp: Jvp<CumulativeAttrs, Unary> | "linear",
  transpose: Running["transpose"] = "nonlinear",
): Running => {
  const prim: Running & Push<CumulativeAttrs, Unary> = {
    name,
    jvp: jvp === "linear" ? jvp : [jvp],
    transpose,
    abstractEval: ([x], { axis }) => {
      checkAxis(name, axis, x);
      checkDType(name, x, accepts);
      return x;
    },
    batch: (_n, [x], [b], { axis, reverse }) => [
      bind(prim, [x], { axis: axis >= (b as number) ? axis + 1 : axis, reverse }),
      b as number,
    ],
    routine: (ins, out, attrs) => statements(ins, out, attrs, step),
  };
  return prim;
};
const accumulate =
  (op: BinaryOp) =>
  (last: Expr, xs: readonly Expr[]): Expr =>
    binary(op, last, xs[0] as Expr);
const lowest = (t: ScalarType): number => (t === "i32" ? -0x80000000 : t === "u32" ? 0 : -Infinity);
const highest = (t: ScalarType): number => (t === "i32" ? 0x7fffffff : t === "u32" ? 0xffffffff : Infinity);

/** `out_i = x_{i-1}` in the direction of the run; `fill` where there is none before. */
const before = (x: Value, { axis, reverse }: CumulativeAttrs, fill: number): Value => {
  const at = (k: number): readonly number[] => x.shape.map((_, i) => (i === axis ? k : 0));
  return pad(x, new Literal(fill, x.dtype), at(reverse ? -1 : 1), at(reverse ? 1 : -1));
};
const backwards = ({ axis, reverse }: CumulativeAttrs): CumulativeAttrs => ({ axis, reverse: !reverse });

/** `y_i = a_i y_{i-1} + b_i` from `y_{-1} = 0`: linear in b, and closed under differentiation. */
export const linearRecurrenceP: Primitive<CumulativeAttrs, Binary> = {
  name: "linearRecurrence",
  abstractEval: ([a, b], { axis }) => {
    checkEqual("linearRecurrence", [a, b]);
    checkAxis("linearRecurrence", axis, a);
    checkDType("linearRecurrence", a, floating);
    return a;
  },
  jvp: [
    (da, y, [a], attrs) => linearRecurrence(a, mul(before(y, attrs, 0), da), attrs),
    (db, _y, [a], attrs) => linearRecurrence(a, db, attrs),
  ],
  // ct_i reaches b_i, and b_{i-1} times a_i: the recurrence runs back with a shifted by one.
  transpose: [
    null,
    (ct, [a], attrs) => linearRecurrence(before(a as Value, backwards(attrs), 0), ct, backwards(attrs)),
  ],
  batch: (size, ins, axes, { axis, reverse }) => {
    const [[a, b], at] = alignBatch(size, ins, axes) as readonly [readonly [Value, Value], number];
    return [linearRecurrence(a, b, { axis: axis >= at ? axis + 1 : axis, reverse }), at];
  },
  routine: (ins, out, attrs) =>
    statements(ins, out, attrs, {
      start: () => 0,
      next: (y, [a, b]) => binary("add", binary("mul", a as Expr, y), b as Expr),
      wide: true,
    }),
};
/** `y_i = a_i y_{i-1} + b_i` along an axis. */
export const linearRecurrence = (a: Value, b: Value, attrs: CumulativeAttrs): Value =>
  bind(linearRecurrenceP, [a, b], attrs);

export const cumsumP = running(
  "cumsum",
  numeric,
  { start: () => 0, next: accumulate("add"), wide: true, joins: "add" },
  "linear",
  [(ct, _ins, { axis, reverse }) => cumsum(ct, axis, !reverse)],
);
// c_i = c_{i-1} x_i, so dc_i = x_i dc_{i-1} + c_{i-1} dx_i: no division, zeros do no harm.
export const cumprodP = running(
  "cumprod",
  numeric,
  { start: () => 1, next: accumulate("mul"), wide: true },
  (dx, c, [x], attrs) => linearRecurrence(x, mul(before(c, attrs, 1), dx), attrs),
);

// m_i = max(m_{i-1}, x_i), so dm_i = k dm_{i-1} + (1 - k) dx_i with k = 1 where the past wins, 1/2 at ties, else 0 (also at the first).
const extremeJvp =
  (wins: (x: Value, y: Value) => Value): Jvp<CumulativeAttrs, Unary> =>
  (dx, m, [x], attrs) => {
    const past = before(m, attrs, NaN),
      c = (v: number): Value => fullLike(x, v);
    const keep = select(wins(past, x), c(1), select(eq(past, x), c(0.5), c(0)));
    return linearRecurrence(keep, mul(sub(c(1), keep), dx), attrs);
  };
export const cummaxP = running(
  "cummax",
  numeric,
  { start: lowest, next: accumulate("max"), wide: false, joins: "max" },
  extremeJvp(gt),
);
export const cumminP = running(
  "cummin",
  numeric,
  { start: highest, next: accumulate("min"), wide: false, joins: "min" },
  extremeJvp(lt),
);

// log(e^s + e^x) = m + log1p(e^-|s - x|), m the larger; where it is infinite the difference says nothing.
const logAddExp = (s: Expr, [x]: readonly Expr[]): Expr => {
  const m = binary("max", s, x as Expr),
    gap = unary("abs", binary("sub", s, x as Expr));
  const finite = compare("lt", unary("abs", m), constant(m.type, Infinity));
  return choose(finite, binary("add", m, unary("log1p", unary("exp", unary("neg", gap)))), m);
};
// dl_i = e^(l_{i-1} - l_i) dl_{i-1} + e^(x_i - l_i) dx_i.
export const cumlogsumexpP = running(
  "cumlogsumexp",
  floating,
  { start: lowest, next: logAddExp, wide: false },
  (dx, l, [x], attrs) => {
    const at = select(eq(l, fullLike(l, -Infinity)), fullLike(l, 0), l); // nothing but -inf so far: no weight
    return linearRecurrence(exp(sub(before(l, attrs, -Infinity), at)), mulNoNan(dx, exp(sub(x, at))), attrs);
  },
);

const cumulative =
  (prim: Running) =>
  (x: Value, axis: number, reverse = false): Value =>
    bind(prim, [x], { axis, reverse });
/** Running sum along an axis: `out_i = x_0 + ... + x_i`. */
export const cumsum = cumulative(cumsumP);
/** Running product along an axis. */
export const cumprod = cumulative(cumprodP);
/** Running maximum along an axis, NaN from the first NaN on. */
export const cummax = cumulative(cummaxP);
/** Running minimum along an axis, NaN from the first NaN on. */
export const cummin = cumulative(cumminP);
/** Running `log(e^x_0 + ... + e^x_i)` along an axis. */
export const cumlogsumexp = cumulative(cumlogsumexpP);
