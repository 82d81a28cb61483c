// Concrete values for laws of primitives: an interpreter of the kernel IR one scalar at a time, every float in double
// precision, and a trace that applies primitives with it. Never fast, obviously right, knows nothing of backends.
import { type Aval, sizeOf, stridesOf } from "../src/core/aval.ts";
import { type DType, storageOf } from "../src/core/dtype.ts";
import type { AnyPrimitive } from "../src/core/primitive.ts";
import { type Trace, withTrace } from "../src/core/trace.ts";
import { Literal, Value } from "../src/core/value.ts";
import {
  type Buffer,
  buffer,
  type Expr,
  freshVar,
  int,
  type ReduceOp,
  read,
  type ScalarType,
} from "../src/kernel/expr.ts";
import type { Stmt } from "../src/kernel/program.ts";
import { special } from "./special-functions.ts";

/** An array of numbers in row-major order. */
export class Concrete extends Value {
  readonly aval: Aval;
  readonly numbers: readonly number[];
  constructor(numbers: readonly number[], shape: readonly number[], dtype: DType) {
    super();
    this.aval = { dtype, shape };
    this.numbers = numbers;
  }
}
export const dataOf = (x: Value): readonly number[] => {
  if (x instanceof Concrete) return x.numbers;
  if (x instanceof Literal) return [x.value];
  throw new Error(`not concrete: ${String(x)}`);
};

const wrap = (type: ScalarType, x: number): number =>
  type === "i32" ? x | 0 : type === "u32" ? x >>> 0 : type === "bool" ? Number(x !== 0) : x;
const isFloat = (type: ScalarType): boolean => type === "f32" || type === "f64";
const even = (x: number): number => {
  const down = Math.floor(x);
  return x - down < 0.5 || (x - down === 0.5 && down % 2 === 0) ? down : down + 1;
};
const clampTo = (lo: number, hi: number, x: number): number =>
  Number.isNaN(x) ? 0 : Math.min(hi, Math.max(lo, Math.trunc(x)));
const cast = (to: ScalarType, from: ScalarType, x: number): number =>
  isFloat(from) && to === "i32"
    ? clampTo(-(2 ** 31), 2 ** 31 - 1, x)
    : isFloat(from) && to === "u32"
      ? clampTo(0, 2 ** 32 - 1, x)
      : wrap(to, x);
const bits = new DataView(new ArrayBuffer(4));
const bitcast = (to: ScalarType, from: ScalarType, x: number): number => {
  if (from === "f32") bits.setFloat32(0, x);
  else bits.setUint32(0, x >>> 0);
  return to === "f32" ? bits.getFloat32(0) : to === "i32" ? bits.getInt32(0) : bits.getUint32(0);
};
const popcount = (x: number): number => [...(x >>> 0).toString(2)].filter((c) => c === "1").length;
const power = (x: number, n: number): number => {
  let out = 1;
  for (let k = 0; k < n; k++) out = Math.imul(out, x);
  return out;
};

const plain: Readonly<Record<string, (x: number, type: ScalarType) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  nearest: even,
  not: (x, type) => (type === "bool" ? 1 - x : ~x),
  clz: Math.clz32,
  popcnt: popcount,
};
const combined: Readonly<Record<string, (x: number, y: number, type: ScalarType) => number>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y, type) => (isFloat(type) ? x * y : Math.imul(x, y)),
  div: (x, y, type) => (isFloat(type) ? x / y : y === 0 ? 0 : Math.trunc(x / y)),
  rem: (x, y) => (y === 0 ? 0 : x % y),
  frem: (x, y) => x % y,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  shl: (x, n) => (n >= 32 ? 0 : x << n),
  shr: (x, n, type) => (type === "u32" ? (n >= 32 ? 0 : x >>> n) : x >> Math.min(n, 31)),
  pow: (x, y) => (y === 0 || x === 1 ? 1 : x ** y),
  ipow: power,
  atan2: Math.atan2,
  nextafter: (x, y) => x + Math.sign(y - x) * 2 ** -45,
};
const compared: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
};
const identity = (op: ReduceOp, type: ScalarType): number => {
  if (op === "add" || op === "or") return 0;
  if (op === "mul") return 1;
  if (op === "and") return type === "bool" ? 1 : wrap(type, -1);
  const top = isFloat(type) ? Infinity : type === "i32" ? 2 ** 31 - 1 : 2 ** 32 - 1;
  const bottom = isFloat(type) ? -Infinity : type === "i32" ? -(2 ** 31) : 0;
  return op === "min" ? top : bottom;
};

type Memory = ReadonlyMap<Buffer, number[]>;
type Names = ReadonlyMap<Expr, number>;

/** The value of an expression; names not in `names` are an error, reads out of bounds give NaN. */
export const evaluate = (root: Expr, names: Names, memory: Memory): number => {
  const done = new Map<Expr, number>();
  const go = (e: Expr): number => {
    const known = done.get(e);
    if (known !== undefined) return known;
    const value = compute(e);
    done.set(e, value);
    return value;
  };
  const arg = (e: Expr, i: number): number => go(e.args[i] as Expr);
  const compute = (e: Expr): number => {
    const from = e.args[0]?.type ?? e.type;
    switch (e.op) {
      case "const":
        return Number(e.value);
      case "var": {
        const value = names.get(e);
        if (value === undefined) throw new Error(`unbound ${e.name}`);
        return value;
      }
      case "read": {
        const strides = stridesOf(e.buffer.shape);
        const at = e.args.map(go);
        const inside = at.every((i, d) => i >= 0 && i < (e.buffer.shape[d] as number));
        const offset = at.reduce((sum, i, d) => sum + i * (strides[d] as number), 0);
        return inside ? ((memory.get(e.buffer) as number[])[offset] as number) : Number.NaN;
      }
      case "select":
      case "rare":
        return arg(e, 0) ? arg(e, 1) : arg(e, 2);
      case "cast":
        return cast(e.type, from, arg(e, 0));
      case "bitcast":
        return bitcast(e.type, from, arg(e, 0));
      case "fma":
      case "fma64":
        return arg(e, 0) * arg(e, 1) + arg(e, 2);
      case "reduce": {
        let sum = identity(e.combine, e.type);
        for (let r = 0; r < e.index.extent; r++) {
          const term = evaluate(e.args[0] as Expr, new Map([...names, [e.index, r]]), memory);
          sum = wrap(e.type, (combined[e.combine] as (typeof combined)[string])(sum, term, e.type));
        }
        return sum;
      }
      default: {
        const one = plain[e.op] ?? special[e.op];
        const two = combined[e.op];
        const test = compared[e.op];
        if (one !== undefined) return wrap(e.type, one(arg(e, 0), e.type));
        if (test !== undefined) return Number(test(arg(e, 0), arg(e, 1)));
        if (two !== undefined) return wrap(e.type, two(arg(e, 0), arg(e, 1), e.type));
        throw new Error(`unknown operation ${e.op}`);
      }
    }
  };
  return go(root);
};

/** Run statements of a push routine; `names` is filled on the way, since names are unique. */
export const execute = (stmts: readonly Stmt[], names: Map<Expr, number>, memory: Memory): void => {
  for (const s of stmts) {
    if (s.op === "for")
      for (let i = 0; i < s.index.extent; i++) {
        names.set(s.index, i);
        execute(s.body, names, memory);
      }
    else if (s.op === "let" || s.op === "set") names.set(s.name, evaluate(s.value, names, memory));
    else if (s.op === "store") {
      const strides = stridesOf(s.buffer.shape);
      const offset = s.at.reduce((sum, i, d) => sum + evaluate(i, names, memory) * (strides[d] as number), 0);
      const data = memory.get(s.buffer) as number[];
      const value = evaluate(s.value, names, memory);
      const type = s.value.type;
      const before = data[offset] as number;
      const both = s.combine === undefined ? null : (combined[s.combine] as (typeof combined)[string]);
      data[offset] = both === null ? value : wrap(type, both(before, value, type));
    } else if (s.op === "if") execute(evaluate(s.cond, names, memory) ? s.then : s.else, names, memory);
    else throw new Error(`unexpected ${s.op}`);
  }
};

/** The indices of an element of an array. */
const indices = (offset: number, shape: readonly number[]): readonly number[] =>
  stridesOf(shape).map((stride, d) => Math.floor(offset / stride) % (shape[d] as number));

const apply = (prim: AnyPrimitive, ins: readonly Value[], attrs: unknown): Value => {
  const avals = ins.map((x) => x.aval);
  const out = prim.abstractEval(avals as Per, attrs);
  const buffers = avals.map((a) => buffer(storageOf[a.dtype], a.shape));
  const memory = new Map(buffers.map((b, i) => [b, [...dataOf(ins[i] as Value)]]));
  const size = sizeOf(out.shape);
  if ("routine" in prim) {
    const target = buffer(storageOf[out.dtype], out.shape);
    memory.set(target, new Array<number>(size).fill(Number.NaN));
    execute(prim.routine(buffers, target, attrs, avals), new Map(), memory);
    return new Concrete(memory.get(target) as number[], out.shape, out.dtype);
  }
  const reads = buffers.map((b) => (at: readonly Expr[]) => read(b, at));
  // Once with loop indices, as the compiler does, so that the index algebra sees ranges.
  const loops = out.shape.map((n) => freshVar(n));
  const body = size === 0 ? int(0) : prim.lower(reads, loops, attrs, avals, out);
  const data = Array.from({ length: size }, (_, k) => {
    const at = indices(k, out.shape);
    return evaluate(body, new Map(loops.map((v, d) => [v, at[d] as number])), memory);
  });
  return new Concrete(data, out.shape, out.dtype);
};
type Per = Parameters<AnyPrimitive["abstractEval"]>[0];

const concreteTrace: Trace = {
  process: apply,
  processCall: (prim) => {
    throw new Error(`not first-order: ${prim.name}`);
  },
};
/** Run `f`; every primitive that it applies is interpreted at once. */
export const concretely = <A>(f: () => A): A => withTrace(concreteTrace, f);
