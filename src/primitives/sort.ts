// The order of elements along an axis: stable, by radix (each pass deals the indices into 256 piles by one byte of the keys), and
// by counting where rows are short. Sorting itself is a gather by this order, and so is its derivative.
import type { DType } from "../core/dtype.ts";
import { aval } from "../core/aval.ts";
import type { Primitive, Push, Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import type { Buffer, Expr } from "../kernel/expr.ts";
import {
  binary,
  bitcast,
  buffer,
  cast,
  compare,
  constant,
  freshVar,
  int,
  localVar,
  loopVar,
  read,
  reduceOver,
  select,
  unary,
} from "../kernel/expr.ts";
import type { Stmt } from "../kernel/program.ts";
import { loop, nest, store } from "../kernel/statement.ts";
import { checkAxis } from "./movement.ts";
import { anyDType, checkDType } from "./pointwise.ts";

/** `descending` turns the order round, but not that of equal elements. */
export interface ArgsortAttrs {
  readonly axis: number;
  readonly descending: boolean;
}

const piles = 256;
/** Rows up to this length are sorted by counting how many elements come before each. */
const short = 32;

/** Unsigned keys in the order of the elements: zeros are equal, NaN comes last. */
const keyOf = (x: Expr, descending: boolean): Expr => {
  const key = ascending(x);
  return descending ? unary("not", key) : key;
};
const ascending = (x: Expr): Expr => {
  switch (x.type) {
    case "f32": {
      const bits = bitcast("u32", binary("add", x, constant("f32", 0))), // -0 + 0 = 0
        sign = constant("u32", 0x80000000);
      const key = select(compare("ge", bits, sign), unary("not", bits), binary("or", bits, sign));
      return select(compare("ne", x, x), constant("u32", 0xffffffff), key);
    }
    case "f64": {
      const bits = bitcast("i64", binary("add", x, constant("f64", 0))),
        sign = constant("i64", -(1n << 63n));
      const key = select(compare("lt", bits, constant("i64", 0n)), unary("not", bits), binary("or", bits, sign));
      return select(compare("ne", x, x), constant("i64", -1n), key);
    }
    case "i32":
      return binary("xor", bitcast("u32", x), constant("u32", 0x80000000));
    default:
      return cast("u32", x);
  }
};
const bytesOf: { readonly [K in DType]: number } = { bool: 1, uint8: 1, int32: 4, uint32: 4, float32: 4, float64: 8 };
/** Byte p of a key, as an index of a pile. */
const byteOf = (key: Expr, p: number): Expr => {
  const shift = key.type === "i64" ? constant("i64", BigInt(8 * p)) : constant("u32", 8 * p);
  return binary("and", cast("i32", p === 0 ? key : binary("shr", key, shift)), int(piles - 1));
};
/** `a < b` of keys; i64 has no unsigned comparison, but turning the sign makes one. */
const less = (a: Expr, b: Expr): Expr => {
  const turn = (k: Expr): Expr => (k.type === "i64" ? binary("xor", k, constant("i64", -(1n << 63n))) : k);
  return compare("lt", turn(a), turn(b));
};

type At = (i: Expr) => readonly Expr[];

/** out[number of elements before i] = i. */
const byCounting = (x: Buffer, out: Buffer, n: number, at: At, descending: boolean): readonly Stmt[] => {
  const i = freshVar(n, "i"),
    j = freshVar(n, "j"),
    key = (e: Expr): Expr => keyOf(read(x, at(e)), descending);
  const before = binary("or", less(key(j), key(i)), binary("and", compare("eq", key(j), key(i)), compare("lt", j, i)));
  const rank = loopVar(`rank${i.name}`, n);
  return [
    loop(i, [
      { op: "let", name: rank, value: reduceOver("add", j, select(before, int(1), int(0))) },
      store(out, at(rank), i),
    ]),
  ];
};

/** Passes from the lowest byte to the highest; indices go to and fro between `out` and a scratch row. */
const byRadix = (x: Buffer, out: Buffer, n: number, at: At, descending: boolean, bytes: number): readonly Stmt[] => {
  const other = buffer("i32", [n]),
    counts = buffer("i32", [piles]);
  const row = {
      get: (i: Expr): Expr => read(out, at(i)),
      set: (i: Expr, value: Expr): Stmt => store(out, at(i), value),
    },
    scratch = {
      get: (i: Expr): Expr => read(other, [i]),
      set: (i: Expr, value: Expr): Stmt => store(other, [i], value),
    };
  const pass = (p: number): readonly Stmt[] => {
    const [from, to] = p % 2 === bytes % 2 ? [row, scratch] : [scratch, row],
      unique = freshVar(1, "").name,
      c = freshVar(piles, "c"),
      i = freshVar(n, "i");
    const element = loopVar(`element${unique}`, n),
      pile = loopVar(`pile${unique}`, piles),
      place = loopVar(`place${unique}`, n),
      total = localVar(`total${unique}`, "i32"),
      here = localVar(`here${unique}`, "i32");
    const deal: readonly Stmt[] = [
      { op: "let", name: element, value: p === 0 ? i : from.get(i) },
      { op: "let", name: pile, value: byteOf(keyOf(read(x, at(element)), descending), p) },
    ];
    const count = (index: Expr, value: Expr): Stmt => store(counts, [index], value);
    return [
      loop(c, [count(c, int(0))]),
      loop(i, [...deal, count(pile, binary("add", read(counts, [pile]), int(1)))]),
      { op: "let", name: total, value: int(0), mutable: true },
      loop(c, [
        { op: "let", name: here, value: read(counts, [c]) },
        count(c, total),
        { op: "set", name: total, value: binary("add", total, here) },
      ]),
      loop(i, [
        ...deal,
        { op: "let", name: place, value: read(counts, [pile]) },
        to.set(place, element),
        count(pile, binary("add", place, int(1))),
      ]),
    ];
  };
  return Array.from({ length: bytes }, (_, p) => pass(p)).flat(); // the last pass deals into `out`
};

/** The indices that sort a row. */
export const argsortP: Primitive<ArgsortAttrs, Unary> & Push<ArgsortAttrs, Unary> = {
  name: "argsort",
  abstractEval: ([x], { axis }) => {
    checkAxis("argsort", axis, x);
    checkDType("argsort", x, anyDType);
    return aval(x.shape, "int32");
  },
  jvp: "zero",
  transpose: "nonlinear",
  batch: (_n, [x], [b], { axis, descending }) => [
    bind(argsortP, [x], { axis: axis >= (b as number) ? axis + 1 : axis, descending }),
    b as number,
  ],
  routine: ([x], out, { axis, descending }, [a]) => {
    const n = a.shape[axis] as number;
    if (a.shape.includes(0)) return [];
    const around = a.shape.map((d) => freshVar(d, "o")),
      at: At = (i) => around.map((v, d) => (d === axis ? i : v));
    const body =
      n <= short ? byCounting(x, out, n, at, descending) : byRadix(x, out, n, at, descending, bytesOf[a.dtype]);
    return nest(
      around.filter((_, d) => d !== axis),
      body,
    );
  },
};
/** Indices that sort along an axis, stable; zeros of both signs are equal, NaN comes last (first if descending). */
export const argsort = (x: Value, axis: number, descending = false): Value => bind(argsortP, [x], { axis, descending });
