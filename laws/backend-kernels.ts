// Random kernels: any tree of numbers is read as a well-typed kernel, so that shrinking the tree shrinks the kernel.
// Floats that are summed or fused are put on a coarse grid first: their sums are exact, in whatever order.
import fc from "fast-check";
import type {
  BinaryOp,
  Buffer,
  CompareOp,
  Expr,
  ReduceOp,
  ScalarType,
  StorageType,
  UnaryOp,
  Var,
} from "../src/kernel/expr.ts";
import {
  binary,
  bitcast,
  buffer,
  cast,
  compare,
  constant,
  fma,
  fma64,
  int,
  localVar,
  loopVar,
  read,
  registerType,
  select,
  unary,
} from "../src/kernel/expr.ts";
import { iclamp } from "../src/kernel/index.ts";
import type { For, Kernel, Mark, Stmt } from "../src/kernel/program.ts";

/** Choices in a row, then what is inside. */
export interface Recipe {
  readonly choices: readonly number[];
  readonly exprs: readonly Recipe[];
  readonly body: readonly Recipe[];
}
const choices = fc.array(fc.nat(99), { maxLength: 8, size: "max" }),
  none: fc.Arbitrary<Recipe[]> = fc.constant([]);
const levels = (depth: number, next: (below: fc.Arbitrary<Recipe>) => fc.Arbitrary<Recipe>): fc.Arbitrary<Recipe> =>
  Array.from({ length: depth }).reduce<fc.Arbitrary<Recipe>>(next, fc.record({ choices, exprs: none, body: none }));
const several = (below: fc.Arbitrary<Recipe>): fc.Arbitrary<Recipe[]> => fc.array(below, { maxLength: 3, size: "max" });
const expr = levels(4, (below) => fc.record({ choices, exprs: several(below), body: none }));
const stmt = levels(3, (below) => fc.record({ choices, exprs: several(expr), body: several(below) }));
/** Recipes of kernels. */
export const recipes: fc.Arbitrary<readonly Recipe[]> = fc.array(stmt, { minLength: 1, maxLength: 4 });

export const scalarTypes = ["f32", "i32", "bool", "u32", "f64", "i64"] as const;
const storageFor: { readonly [K in ScalarType]: readonly StorageType[] } = {
  f32: ["f32"],
  f64: ["f64"],
  i32: ["i32"],
  u32: ["u32", "u8"],
  bool: ["bool"],
  i64: [],
};
const arithmetic: readonly BinaryOp[] = ["add", "sub", "mul", "div", "min", "max"];
const integral: readonly BinaryOp[] = [...arithmetic, "rem", "and", "or", "xor", "shl", "shr"];
/** Operations by type. */
export const binaries: { readonly [K in ScalarType]: readonly BinaryOp[] } = {
  f32: arithmetic,
  f64: arithmetic,
  i32: integral,
  u32: integral,
  i64: integral,
  bool: ["and", "or", "xor", "min", "max", "add", "mul"],
};
const rounding: readonly UnaryOp[] = ["neg", "abs", "sqrt", "floor", "ceil", "trunc", "nearest"];
/** Operations by type. */
export const unaries: { readonly [K in ScalarType]: readonly UnaryOp[] } = {
  f32: rounding,
  f64: rounding,
  i32: ["neg", "abs", "not", "clz", "popcnt"],
  u32: ["neg", "abs", "not", "clz", "popcnt"],
  i64: ["neg", "abs", "not", "clz", "popcnt"],
  bool: ["not"],
};
export const compares: readonly CompareOp[] = ["lt", "eq", "ne", "le", "gt", "ge"];
export const reduces: readonly ReduceOp[] = ["add", "max", "min", "mul", "and", "or"];
const bitPartner: { readonly [K in ScalarType]?: readonly ScalarType[] } = {
  f32: ["i32", "u32"],
  i32: ["f32", "u32"],
  u32: ["i32", "f32"],
  f64: ["i64"],
  i64: ["f64"],
};
/** What kernels are made of: anything, mostly what runs in vectors, or loops whose bodies are repeated. */
export type Focus = "anything" | "vectors" | "copies";
const extents: { readonly [K in Focus]: readonly number[] } = {
  anything: [1, 4, 3, 2, 5, 8, 0, 7, 9, 16, 33],
  vectors: [4, 5, 8, 9, 23, 33, 12, 20, 3, 1],
  copies: [8, 9, 15, 5, 2, 1],
};
const marks: { readonly [K in Focus]: readonly Mark[] } = {
  anything: ["serial", "vector", "unrolled", "parallel"],
  vectors: ["vector", "vector", "vector", "serial"],
  copies: ["serial", "unrolled", "serial", "vector"],
};
const most = 1200;

const float = (t: ScalarType): boolean => t === "f32" || t === "f64";
const number = (t: ScalarType, v: number): Expr => constant(t, t === "i64" ? BigInt(Math.trunc(v)) : v);
/** `e` on a grid of quarters in [-8, 8], so that some thousand products of two are summed exactly. */
const coarse = (e: Expr): Expr => {
  const c = (v: number): Expr => constant(e.type, v);
  return binary("div", unary("nearest", binary("mul", binary("min", binary("max", e, c(-8)), c(8)), c(4))), c(4));
};

/** Reads choices one after the other; what is missing is 0, the simplest. */
class Chooser {
  private at = 0;
  private readonly list: readonly number[];
  constructor(list: readonly number[]) {
    this.list = list;
  }
  below(n: number): number {
    return (this.list[this.at++] ?? 0) % n;
  }
  of<A>(xs: readonly A[]): A {
    return xs[this.below(xs.length)] as A;
  }
}

interface Scope {
  readonly loops: readonly Var[];
  readonly names: Var[];
  readonly mutable: Var[];
  /** Names that are offsets, with their bounds. */
  readonly places: { readonly name: Var; readonly lo: number; readonly hi: number }[];
  readonly stored: { readonly buffer: Buffer; readonly at: Expr }[];
  readonly rounds: number;
}
const inner = (s: Scope, more: Partial<Scope> = {}): Scope => ({
  ...s,
  names: [...s.names],
  mutable: [...s.mutable],
  stored: [...s.stored],
  places: [...s.places],
  ...more,
});

/** One kernel being made. */
class Maker {
  readonly inputs: Buffer[] = [];
  readonly outputs: Buffer[] = [];
  private count = 0;
  private readonly focus: Focus;
  constructor(focus: Focus) {
    this.focus = focus;
  }

  private name(t: ScalarType): Var {
    return localVar(`x${this.count++}`, t);
  }

  /** A sum of multiples of loop indices and names of such sums, with its bounds. */
  private sum(c: Chooser, s: Scope): readonly [Expr, number, number] {
    let sum: Expr = int(0),
      lo = 0,
      hi = 0;
    const terms = [...s.loops.map((name) => ({ name, lo: 0, hi: Math.max(0, name.extent - 1) })), ...s.places];
    for (const t of terms.reverse()) {
      const k = c.of([1, 0, 2, -1, 3, 5, 33]);
      if (k === 0 || (t.hi - t.lo) * Math.abs(k) > most) continue;
      sum = binary("add", sum, k === 1 ? t.name : binary("mul", t.name, int(k)));
      lo += Math.min(k * t.lo, k * t.hi);
      hi += Math.max(k * t.lo, k * t.hi);
    }
    return [sum, lo, hi];
  }
  /** An offset that starts at 0, and how many elements it reaches. */
  private offset(c: Chooser, s: Scope): readonly [Expr, number] {
    const [sum, lo, hi] = this.sum(c, s),
      shift = c.below(4);
    return [binary("add", sum, int(shift - lo)), hi - lo + 1 + shift];
  }
  private place(c: Chooser, _: Recipe, s: Scope): readonly Stmt[] {
    const [value, lo, hi] = this.sum(c, s),
      name = this.name("i32");
    if (hi - lo <= most) s.places.push({ name, lo, hi });
    s.names.push(name);
    return [{ op: "let", name, value }];
  }
  private element(c: Chooser, t: ScalarType, s: Scope, index: Expr | null): Expr {
    const type = c.of(storageFor[t]),
      [at, size] = index === null ? this.offset(c, s) : [index, 9],
      b = buffer(type, [size + c.below(3)]);
    this.inputs.push(b);
    return read(b, [index === null ? at : iclamp(at, 0, 8)]);
  }
  private leaf(c: Chooser, t: ScalarType, s: Scope): Expr {
    const names = [...s.names, ...s.loops].filter((v) => v.type === t),
      stored = s.stored.filter((x) => registerType(x.buffer.type) === t);
    const literal = (): Expr => number(t, c.of([0, 1, 2, 3, -1, 5, 31, 32, 0.5, -8])),
      element = (): Expr => this.element(c, t, s, null);
    const kinds: (() => Expr)[] = [
      ...(storageFor[t].length > 0 ? [element, literal, element, element] : [literal]),
      ...names.map((v) => () => v),
      ...stored.map((x) => () => read(x.buffer, [x.at])),
    ];
    return c.of(kinds)();
  }
  expr(r: Recipe | undefined, t: ScalarType, s: Scope): Expr {
    const c = new Chooser(r?.choices ?? []);
    if (r === undefined || r.exprs.length === 0) return this.leaf(c, t, s);
    const arg = (i: number, type: ScalarType): Expr => this.expr(r.exprs[i] ?? r.exprs[0], type, s);
    const kinds: (() => Expr)[] = [
      () => {
        const op = c.of(binaries[t]),
          count = (): Expr => number(t, c.of([1, 5, 31, 32, 33, 63, 64, -1, 0]));
        if (op !== "shl" && op !== "shr") return binary(op, arg(0, t), arg(1, t));
        return binary(op, arg(0, t), c.of([count, () => select(arg(1, "bool"), count(), count()), () => arg(1, t)])());
      },
      () => unary(c.of(unaries[t]), arg(0, t)),
      () => select(arg(0, "bool"), arg(1, t), arg(2, t)),
      () => cast(t, arg(0, c.of(scalarTypes))),
    ];
    if (t === "bool")
      kinds.push(() => {
        const of = c.of(scalarTypes);
        return compare(c.of(compares), arg(0, of), arg(1, of));
      });
    if (float(t)) kinds.push(() => fma(coarse(arg(0, t)), coarse(arg(1, t)), coarse(arg(2, t))));
    if (t === "f32") kinds.push(() => fma64(arg(0, t), arg(1, t), arg(2, t)));
    const partners = bitPartner[t] ?? [];
    if (partners.length > 0)
      kinds.push(() => {
        const x = arg(0, c.of(partners));
        // Engines may choose the bits of a NaN.
        return bitcast(t, float(x.type) ? select(compare("ne", x, x), number(x.type, 0), x) : x);
      });
    if (storageFor[t].length > 0) kinds.push(() => this.element(c, t, s, arg(0, "i32")));
    return c.of(kinds)();
  }
  /** A value that may be accumulated in any order. */
  private summand(r: Recipe | undefined, t: ScalarType, combine: ReduceOp, s: Scope): Expr {
    const e = this.expr(r, t, s);
    if (!float(t) || combine === "min" || combine === "max") return e;
    if (combine === "mul") return select(compare("lt", e, number(t, 0)), number(t, -1), number(t, 2));
    const [a, b] = e.op === "mul" ? e.args : [];
    return a !== undefined && b !== undefined ? binary("mul", coarse(a), coarse(b)) : coarse(e);
  }
  private combineFor(c: Chooser, t: ScalarType): ReduceOp {
    return c.of(float(t) ? reduces.slice(0, 4) : reduces);
  }

  block(list: readonly Recipe[], s: Scope): readonly Stmt[] {
    return list.flatMap((r) => this.stmt(r, s));
  }
  private stmt(r: Recipe, s: Scope): readonly Stmt[] {
    const c = new Chooser(r.choices),
      simple = [this.store, this.let, this.change, this.place],
      holders = [this.loop, this.branch, this.loop, this.repeat];
    const kinds = r.body.length > 0 ? holders : this.focus !== "anything" ? simple : [...simple, ...holders];
    return c.of(kinds).call(this, c, r, s);
  }
  private store(c: Chooser, r: Recipe, s: Scope): readonly Stmt[] {
    const type = c.of(["f32", "i32", "u32", "bool", "f64", "u8"] as const),
      t = registerType(type),
      combine = c.below(4) === 1 ? this.combineFor(c, t) : undefined;
    const loops = [...s.loops],
      order = c.below(2) === 0 ? loops : loops.reverse();
    let at: Expr = int(0),
      size = 1;
    for (const v of [...order].reverse()) {
      // An accumulating store may leave a loop out.
      if (combine !== undefined && c.below(2) === 1) continue;
      at = binary("add", at, binary("mul", v, int(size)));
      size *= Math.max(1, v.extent);
    }
    const shift = c.below(3),
      stride = c.of([1, 1, 2]),
      b = buffer(type, [size * stride + shift]);
    this.outputs.push(b);
    const offset = binary("add", binary("mul", at, int(stride)), int(shift));
    const value = combine === undefined ? this.expr(r.exprs[0], t, s) : this.summand(r.exprs[0], t, combine, s);
    // What is read back is what this very round has stored.
    if (combine === undefined) s.stored.push({ buffer: b, at: offset });
    return [{ op: "store", buffer: b, at: [offset], value, ...(combine === undefined ? {} : { combine }) }];
  }
  private let(c: Chooser, r: Recipe, s: Scope): readonly Stmt[] {
    const t = c.of(scalarTypes),
      mutable = c.below(2) === 1,
      value = this.expr(r.exprs[0], t, s),
      name = this.name(t);
    s.names.push(name);
    if (mutable) s.mutable.push(name);
    return [{ op: "let", name, value, ...(mutable ? { mutable } : {}) }];
  }
  private change(c: Chooser, r: Recipe, s: Scope): readonly Stmt[] {
    const fresh = s.mutable.length === 0,
      name = fresh ? this.name(c.of(scalarTypes)) : c.of(s.mutable),
      { type } = name,
      first = c.below(2) === 0 ? number(type, 1) : this.expr(r.exprs[1], type, s),
      started: Stmt = { op: "let", name, value: first, mutable: true };
    if (fresh) {
      s.names.push(name);
      s.mutable.push(name);
    }
    const changed: Stmt = { op: "set", name, value: this.expr(r.exprs[0], type, s) };
    return fresh ? [started, changed, ...this.show(name, s)] : [changed];
  }
  private branch(_: Chooser, r: Recipe, s: Scope): readonly Stmt[] {
    const half = Math.ceil(r.body.length / 2);
    return [
      {
        op: "if",
        cond: this.expr(r.exprs[0], "bool", s),
        then: this.block(r.body.slice(0, half), inner(s)),
        else: this.block(r.body.slice(half), inner(s)),
      },
    ];
  }
  /** A while loop that counts down. */
  private repeat(c: Chooser, r: Recipe, s: Scope): readonly Stmt[] {
    const left = this.name("i32"),
      times = c.below(4),
      start = binary("min", this.expr(r.exprs[0], "i32", s), int(times));
    const body = this.block(r.body, inner(s, { rounds: s.rounds * 3 }));
    return [
      { op: "let", name: left, value: start, mutable: true },
      {
        op: "while",
        cond: compare("gt", left, int(0)),
        body: [...body, { op: "set", name: left, value: binary("sub", left, int(1)) }],
      },
    ];
  }
  private loop(c: Chooser, r: Recipe, s: Scope): readonly Stmt[] {
    const extent = c.of(extents[this.focus].filter((n) => n <= 1 || n * s.rounds <= most)),
      mark = c.of(marks[this.focus]),
      index = loopVar(`i${this.count++}`, extent);
    const limit = c.of([
      undefined,
      () => int(c.below(extent + 4) - 2),
      () => binary("add", c.of([int(1), ...s.loops]), int(c.below(2))),
      () => this.expr(r.exprs[2], "i32", s),
    ])?.();
    const within = inner(s, { loops: [...s.loops, index], rounds: s.rounds * Math.max(1, extent) }),
      body = this.block(r.body, within);
    const accs = Array.from({ length: Math.max(c.below(3), this.focus === "copies" ? 1 : 0) }, (_, k) => {
      const t = c.of(scalarTypes),
        combine = this.combineFor(c, t);
      return { name: this.name(t), combine, value: this.summand(r.exprs[k], t, combine, within) };
    });
    const loop: For = { op: "for", index, mark, body, accs, ...(limit === undefined ? {} : { limit }) };
    s.names.push(...accs.map((a) => a.name));
    return [loop, ...accs.flatMap((a) => this.show(a.name, s))];
  }
  /** Store a name, so that it is looked at. */
  show(name: Var, s: Scope): readonly Stmt[] {
    const seen = name.type === "i64" ? cast("i32", binary("xor", name, binary("shr", name, number("i64", 32)))) : name;
    let at: Expr = int(0),
      size = 1;
    for (const v of [...s.loops].reverse()) {
      at = binary("add", at, binary("mul", v, int(size)));
      size *= Math.max(1, v.extent);
    }
    const b = buffer(storageFor[seen.type][0] as StorageType, [size]);
    this.outputs.push(b);
    return [{ op: "store", buffer: b, at: [at], value: seen }];
  }
}

/** The kernel of a recipe; unless anything goes, there is one loop around it all, after a mutable name. */
export const kernelOf = (list: readonly Recipe[], focus: Focus = "anything"): Kernel => {
  const maker = new Maker(focus),
    scope: Scope = { loops: [], names: [], mutable: [], places: [], stored: [], rounds: 1 };
  const [{ choices, exprs }] = list as [Recipe],
    before: Recipe = { choices: [2, ...choices.slice(1)], exprs: [], body: [] },
    around: Recipe = { choices: [0, choices[0] ?? 0, 0, ...choices.slice(1)], exprs, body: list };
  const body = [
    ...maker.block(focus !== "anything" ? [before, around] : list, scope),
    ...scope.names.flatMap((v) => maker.show(v, scope)),
  ];
  return { name: "random", params: [...maker.inputs, ...maker.outputs], outputs: maker.outputs, scratch: [], body };
};
