// Expressions as tapes: every node has a register, and a tape computes nodes one after the other, operands first.
// Nothing recurses on depth and shared nodes are computed once.
import type { Buffer, Expr, Read, Reduce, ScalarType, StorageType, Var } from "../../kernel/expr.ts";
import { byteSize } from "../../kernel/expr.ts";
import { binaryOn, bitcastOn, castOn, compareOn, fmaOn, identityOn, type Scalar, unaryOn } from "./values.ts";

/** One thing to do. */
export type Act = () => void;

/** All of the memory, seen as each storage type. */
export type Views = {
  readonly [K in StorageType]: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;
};
/** Views of a memory. */
export const viewsOf = (memory: ArrayBuffer): Views => {
  const u8 = new Uint8Array(memory);
  return {
    f32: new Float32Array(memory),
    f64: new Float64Array(memory),
    i32: new Int32Array(memory),
    u32: new Uint32Array(memory),
    bool: u8,
    u8,
  };
};

// What a read outside of its buffer gives: its value must not matter, and if it does it shall be seen.
const poison: { readonly [K in StorageType]: number } = {
  f32: Number.NaN,
  f64: Number.NaN,
  i32: -0x5eed5eed,
  u32: 0x5eed5eed,
  bool: 1,
  u8: 0xed,
};

/** The state of one kernel: registers of numbers and of bigints, and where its buffers are. */
export class Frame {
  numbers = new Float64Array(64);
  readonly bigs: bigint[] = [];
  views: Views;
  private readonly homes = new Map<Buffer, { base: number }>();
  private readonly registers = new Map<Expr, number>();
  private count = 0;
  constructor(views: Views) {
    this.views = views;
  }

  /** Where a buffer is: the index of its first element in the view of its type, told anew for every run. */
  home(b: Buffer): { base: number } {
    const home = this.homes.get(b) ?? { base: Number.NaN };
    this.homes.set(b, home);
    return home;
  }
  /** Tell where a buffer is. */
  place(b: Buffer, address: number): void {
    this.home(b).base = address / byteSize[b.type];
  }

  /** A new register. */
  fresh(): number {
    const at = this.count++;
    if (at >= this.numbers.length) {
      const more = new Float64Array(2 * at);
      more.set(this.numbers);
      this.numbers = more;
    }
    return at;
  }
  /** The register of a node. */
  register(e: Expr): number {
    const known = this.registers.get(e);
    if (known !== undefined) return known;
    const at = this.fresh();
    this.registers.set(e, at);
    if (e.op === "const") this.put(e.type, at)(e.value);
    return at;
  }
  /** How to read a register. */
  get(t: ScalarType, at: number): () => Scalar {
    return t === "i64" ? () => this.bigs[at] as bigint : () => this.numbers[at] as number;
  }
  /** How to write a register. */
  put(t: ScalarType, at: number): (x: Scalar) => void {
    return t === "i64"
      ? (x) => {
          this.bigs[at] = x as bigint;
        }
      : (x) => {
          this.numbers[at] = x as number;
        };
  }
}

// Operands first, without entering the bodies of reductions: they are tapes of their own.
const inOrder = (roots: readonly Expr[]): readonly Expr[] => {
  const operands = (e: Expr): readonly Expr[] => (e.op === "reduce" ? [] : e.args),
    seen = new Set<Expr>(),
    order: Expr[] = [],
    stack = [...roots];
  while (stack.length > 0) {
    const e = stack[stack.length - 1] as Expr,
      missing = seen.has(e) ? [] : operands(e).filter((a) => !seen.has(a));
    if (missing.length > 0) stack.push(...missing);
    else {
      stack.pop();
      if (!seen.has(e)) order.push(e);
      seen.add(e);
    }
  }
  return order;
};

/** Run acts one after the other. */
export const sequence = (acts: readonly Act[]): Act => {
  if (acts.length === 1) return acts[0] as Act;
  return () => {
    for (const act of acts) act();
  };
};

/** Compute `roots`; afterwards their registers hold their values. */
export const tape = (f: Frame, roots: readonly Expr[]): Act =>
  sequence(inOrder(roots).flatMap((e) => (e.op === "const" || e.op === "var" ? [] : [actOf(f, e)])));

/** Compute one expression and look at it. */
export const evaluator = (f: Frame, e: Expr): (() => Scalar) => {
  const run = tape(f, [e]),
    get = f.get(e.type, f.register(e));
  return () => {
    run();
    return get();
  };
};

type Computed = Exclude<Expr, { readonly op: "const" } | Var>;
const actOf = (f: Frame, e: Computed): Act => {
  if (e.op === "reduce") return reduction(f, e);
  const put = f.put(e.type, f.register(e)),
    value = computed(f, e);
  return () => put(value());
};
const computed = (f: Frame, e: Exclude<Computed, Reduce>): (() => Scalar) => {
  if (e.op === "read") return element(f, e);
  const [x, y, z] = e.args.map((a) => f.get(a.type, f.register(a))) as (() => Scalar)[] as unknown as readonly [
      () => Scalar,
      () => Scalar,
      () => Scalar,
    ],
    from = (e.args[0] as Expr).type;
  switch (e.op) {
    case "select":
    case "rare":
      return () => (x() ? y() : z());
    case "cast": {
      const g = castOn(from, e.type);
      return () => g(x());
    }
    case "bitcast": {
      const g = bitcastOn(from, e.type);
      return () => g(x());
    }
    case "fma":
    case "fma64": {
      const g = fmaOn(e.type);
      return () => g(x() as number, y() as number, z() as number);
    }
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge": {
      const g = compareOn[e.op];
      return () => g(x(), y());
    }
    default: {
      if (e.args.length === 1) {
        const g = unaryOn(e.op as Parameters<typeof unaryOn>[0], e.type);
        return () => g(x());
      }
      const g = binaryOn(e.op as Parameters<typeof binaryOn>[0], e.type);
      return () => g(x(), y());
    }
  }
};

/** The row-major offset of an element; one index is an offset already. */
export const offsetOf = (f: Frame, b: Buffer, at: readonly Expr[]): (() => number) => {
  const indices = at.map((a) => f.get(a.type, f.register(a)) as () => number);
  const [only] = indices;
  if (only === undefined) return () => 0;
  if (indices.length === 1) return only;
  return () => indices.reduce((offset, index, d) => offset * (b.shape[d] as number) + index(), 0);
};
/** Elements of a buffer. */
export const sizeOf = (b: Buffer): number => b.shape.reduce((n, d) => n * d, 1);

const element = (f: Frame, { buffer, args }: Read): (() => Scalar) => {
  const offset = offsetOf(f, buffer, args),
    size = sizeOf(buffer),
    home = f.home(buffer),
    { type } = buffer;
  return () => {
    const at = offset();
    return at >= 0 && at < size ? (f.views[type][home.base + at] as number) : poison[type];
  };
};

/** An accumulator over `value`: float32 sums and products are carried in float64. */
export const accumulator = (
  f: Frame,
  combine: Reduce["combine"],
  value: Expr,
  into: Expr,
): { readonly reset: Act; readonly step: Act; readonly finish: Act } => {
  const t = value.type,
    put = f.put(t, f.register(into)),
    next = evaluator(f, value),
    join = binaryOn(combine, t === "f32" ? "f64" : t);
  let total = identityOn(combine, t);
  return {
    reset: () => {
      total = identityOn(combine, t);
    },
    step: () => {
      total = join(total, next());
    },
    finish: () => put(t === "f32" ? Math.fround(total as number) : total),
  };
};
const reduction = (f: Frame, e: Reduce): Act => {
  const { reset, step, finish } = accumulator(f, e.combine, e.args[0] as Expr, e),
    setIndex = f.put("i32", f.register(e.index));
  return () => {
    reset();
    for (let i = 0; i < e.index.extent; i++) {
      setIndex(i);
      step();
    }
    finish();
  };
};
