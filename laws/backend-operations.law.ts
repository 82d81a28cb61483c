// Every operation of every type on unusual values: wasm and the reference give the same in four lanes, in two, and alone.
import { describe, expect, it } from "vitest";
import type { BinaryOp, Expr, ScalarType, StorageType } from "../src/kernel/expr.ts";
import {
  binary,
  bitcast,
  buffer,
  cast,
  compare,
  constant,
  fma64,
  loopVar,
  read,
  registerType,
  select,
  unary,
} from "../src/kernel/expr.ts";
import type { Kernel, Mark, Stmt } from "../src/kernel/program.ts";
import { binaries, compares, reduces, scalarTypes, unaries } from "./backend-kernels.ts";
import { outcome, programOf, textOf } from "./backend-run.ts";

const extent = 203, // 25 vectors of eight, and three more
  i = loopVar("i", extent);
const storage: { readonly [K in ScalarType]: StorageType } = {
  f32: "f32",
  f64: "f64",
  i32: "i32",
  u32: "u32",
  bool: "bool",
  i64: "f64",
};

/** A loop that stores each value; `wide` adds a float64, so that there are only two lanes. */
const check = (make: (operand: (t: ScalarType) => Expr) => readonly Expr[]): void => {
  for (const [mark, wide] of [
    ["vector", false],
    ["vector", true],
    ["serial", false],
  ] as const) {
    const inputs: ReturnType<typeof buffer>[] = [],
      outputs: ReturnType<typeof buffer>[] = [];
    const element = (type: StorageType): Expr => {
      const b = buffer(type, [extent]);
      inputs.push(b);
      return read(b, [i]);
    };
    const operand = (t: ScalarType): Expr =>
      t === "i64"
        ? select(element("bool"), bitcast("i64", cast("f64", element("i32"))), cast("i64", element("f64")))
        : element(storage[t]);
    const values = [...make(operand), ...(wide ? [element("f64")] : [])];
    const stores = values.flatMap((value): Stmt[] => {
      const parts =
        value.type === "i64" ? [cast("i32", value), cast("i32", binary("shr", value, constant("i64", 32n)))] : [value];
      return parts.map((part) => {
        const b = buffer(storage[part.type], [extent]);
        outputs.push(b);
        return { op: "store", buffer: b, at: [i], value: part };
      });
    });
    run(stores, mark, inputs, outputs);
  }
};
const run = (body: readonly Stmt[], mark: Mark, inputs: Kernel["params"], outputs: Kernel["params"]): void => {
  const program = programOf({
    name: "operation",
    params: [...inputs, ...outputs],
    outputs,
    scratch: [],
    body: [{ op: "for", index: i, mark, body, accs: [] }],
  });
  expect(outcome("wasm", program), textOf(program)).toEqual(outcome("reference", program));
};

describe.each(scalarTypes)("operations of %s", (t) => {
  it.each(unaries[t])("%s", (op) => check((x) => [unary(op, x(t))]));
  it.each(binaries[t])("%s", (op) => check((x) => [binary(op, x(t), x(t))]));
  it("comparisons", () => {
    check((x) => compares.map((op) => compare(op, x(t), x(t))));
    check((x) => compares.map((op) => select(compare(op, x(t), x(t)), x("f32"), x("f32"))));
  });
  it("choice", () => check((x) => [select(x("bool"), x(t), x(t))]));
  it("conversions", () => check((x) => scalarTypes.map((to) => cast(to, x(t)))));
  it("operations with a constant", () => {
    const small = (n: number): Expr => constant(t, t === "i64" ? BigInt(n) : n),
      numbers = (op: BinaryOp): readonly number[] =>
        op === "shl" || op === "shr" ? [0, 1, 31, 32, 63, 64, -1] : [3, 0, -1, 1];
    check((x) =>
      binaries[t].flatMap((op) => numbers(op).map((n) => binary(op, x(t), small(t === "bool" ? n & 1 : n)))),
    );
    check((x) => binaries[t].map((op) => binary(op, small(1), x(t))));
  });
});

it("fma64, chained, shared, and with constants", () =>
  check((x) => {
    const one = (k: number): Expr => constant("f32", k),
      once = fma64(x("f32"), x("f32"), x("f32")),
      more = fma64(fma64(once, one(0.1), x("f32")), x("f32"), once);
    return [once, more, fma64(one(3), one(0.7), one(0.1)), fma64(select(x("bool"), x("f32"), one(2)), more, one(0.1))];
  }));

describe("stores that accumulate", () => {
  const types: readonly StorageType[] = ["f32", "f64", "i32", "u32", "bool", "u8"];
  it.each(types)("%s", (type) => {
    const t = registerType(type);
    for (const combine of reduces) {
      if (!binaries[t].includes(combine)) continue;
      const from = buffer(type, [extent]),
        to = buffer(type, [extent]);
      for (const mark of ["vector", "serial"] as const)
        run([{ op: "store", buffer: to, at: [i], value: read(from, [i]), combine }], mark, [from], [to]);
    }
  });
});
