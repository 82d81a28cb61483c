// The checker of expressions: every node has the type that its operation gives to the types of its operands.
import type {
  BinaryOp,
  Buffer,
  CompareOp,
  Expr,
  MathBinary,
  MathUnary,
  ReduceOp,
  ScalarType,
  UnaryOp,
} from "./expr.ts";
import { registerType } from "./expr.ts";

type Kind = "float" | "integer" | "logical";
const kindOf: { readonly [K in ScalarType]: Kind } = {
  f32: "float",
  f64: "float",
  i32: "integer",
  u32: "integer",
  i64: "integer",
  bool: "logical",
};
const floats: readonly Kind[] = ["float"],
  integers: readonly Kind[] = ["integer"],
  numbers: readonly Kind[] = ["float", "integer"],
  discrete: readonly Kind[] = ["integer", "logical"],
  all: readonly Kind[] = ["float", "integer", "logical"];

const unaryKinds: { readonly [K in Exclude<UnaryOp, MathUnary>]: readonly Kind[] } = {
  neg: numbers,
  abs: numbers,
  sqrt: floats,
  floor: floats,
  ceil: floats,
  trunc: floats,
  nearest: floats,
  not: discrete,
  clz: integers,
  popcnt: integers,
};
const binaryKinds: { readonly [K in BinaryOp]: readonly Kind[] } = {
  add: numbers,
  sub: numbers,
  mul: numbers,
  div: numbers,
  rem: numbers,
  min: all,
  max: all,
  and: discrete,
  or: discrete,
  xor: discrete,
  shl: integers,
  shr: integers,
  pow: floats,
  atan2: floats,
  frem: floats,
  nextafter: floats,
  ipow: integers,
} satisfies { readonly [K in BinaryOp | MathBinary]: readonly Kind[] };
const reduceKinds: { readonly [K in ReduceOp]: readonly Kind[] } = {
  add: numbers,
  mul: numbers,
  min: all,
  max: all,
  and: discrete,
  or: discrete,
};
const compareOps: ReadonlySet<string> = new Set<CompareOp>(["eq", "ne", "lt", "le", "gt", "ge"]);
const width: { readonly [K in ScalarType]: number } = { f32: 32, f64: 64, i32: 32, u32: 32, i64: 64, bool: 1 };

/** Whether a reduction (or a store that accumulates) may combine values of a type. */
export const combines = (op: ReduceOp, t: ScalarType): boolean => reduceKinds[op].includes(kindOf[t]);

const types = (e: Expr): string => e.args.map((a) => a.type).join(", ");
const operands = (e: Expr, n: number): string | null =>
  e.args.length === n ? null : `${e.op} has ${e.args.length} operands, not ${n}`;
const same = (e: Expr, from: number): boolean => e.args.slice(from).every((a) => a.type === e.type);

/** What is wrong with indices into a buffer; one flat offset is allowed for any shape. */
export const indexComplaint = (b: Buffer, at: readonly Expr[]): string | null =>
  at.length !== b.shape.length && at.length !== 1
    ? `${at.length} indices into ${b.type}[${b.shape.join(", ")}]`
    : at.some((a) => a.type !== "i32")
      ? `an index of type ${at.find((a) => a.type !== "i32")?.type}, not i32`
      : null;

/** What is wrong with one node, its operands being right; null if nothing is. */
export const nodeComplaint = (e: Expr): string | null => {
  switch (e.op) {
    case "const":
      return (e.type === "i64") === (typeof e.value === "bigint")
        ? null
        : `a constant ${e.type} that is a ${typeof e.value}`;
    case "var":
      return e.extent >= 0 && e.type !== "i32" ? `a loop index of type ${e.type}` : null;
    case "read":
      return (
        indexComplaint(e.buffer, e.args) ??
        (e.type === registerType(e.buffer.type) ? null : `a read of ${e.buffer.type} typed ${e.type}`)
      );
    case "select":
    case "rare":
      return (
        operands(e, 3) ??
        ((e.args[0] as Expr).type === "bool" && same(e, 1) ? null : `${e.op} of (${types(e)}) typed ${e.type}`)
      );
    case "cast":
      return operands(e, 1);
    case "bitcast":
      return (
        operands(e, 1) ??
        (width[(e.args[0] as Expr).type] === width[e.type] ? null : `the bits of ${types(e)} as ${e.type}`)
      );
    case "fma":
      return (
        operands(e, 3) ?? (same(e, 0) && kindOf[e.type] === "float" ? null : `fma of (${types(e)}) typed ${e.type}`)
      );
    case "fma64":
      return operands(e, 3) ?? (same(e, 0) && e.type === "f32" ? null : `fma64 of (${types(e)}) typed ${e.type}`);
    case "reduce":
      return (
        operands(e, 1) ??
        (!same(e, 0) || !combines(e.combine, e.type)
          ? `reduction by ${e.combine} of ${types(e)} typed ${e.type}`
          : e.index.extent < 0
            ? "a reduction over something that is no loop index"
            : null)
      );
    default:
      return operation(e.op, e);
  }
};
const operation = (op: UnaryOp | BinaryOp | CompareOp, e: Expr): string | null => {
  if (compareOps.has(op)) {
    const [x, y] = e.args;
    return (
      operands(e, 2) ?? (x?.type === y?.type && e.type === "bool" ? null : `${op} of (${types(e)}) typed ${e.type}`)
    );
  }
  const two = (binaryKinds as Readonly<Record<string, readonly Kind[]>>)[op],
    one = (unaryKinds as Readonly<Record<string, readonly Kind[]>>)[op],
    kinds = two ?? one ?? floats; // what is left are the mathematical functions of one argument
  return (
    operands(e, two === undefined ? 1 : 2) ??
    (same(e, 0) && kinds.includes(kindOf[e.type]) ? null : `${op} of (${types(e)}) typed ${e.type}`)
  );
};
