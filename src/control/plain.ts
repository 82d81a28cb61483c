// Loops and branches as plain JavaScript, for `disableJit`: the user's functions are called with the values themselves. Where a
// traced value decides what happens next (inside vmap) there is no plain way: null.
import type { Aval } from "../core/aval.ts";
import { settle } from "../core/lift.ts";
import { difference, flatten, pathString, type TreeDef, unflatten } from "../core/tree.ts";
import { Literal, Tracer, Value } from "../core/value.ts";
import { markWeak } from "../core/weak.ts";
import { convertElementType } from "../primitives/elementwise.ts";
import { reshape } from "../primitives/linear.ts";
import { concatenate, sliceAxis } from "../primitives/movement.ts";
import { type Callable, call, leafPath, type Leaves, leavesOf, rebuild } from "../transforms/leaves.ts";
import { literalOf, toValue } from "./bodyTrace.ts";
import { changed, otherStructure, type Start, weaknessOf } from "./carry.ts";

/** A number of JavaScript that a value is; null if it is traced. */
const numberOf = (x: unknown): number | null => {
  if (x instanceof Literal) return x.value;
  if (x instanceof Tracer) return null;
  return Number(x instanceof Value ? x.item() : x);
};
/** What a carry is now; numbers that begin it are weak until the first round is over. */
interface Carry {
  readonly def: TreeDef;
  readonly values: readonly Value[];
  readonly weak: readonly boolean[];
}
const begin = ({ leaves, def }: Start, op: string): Carry => ({
  def,
  weak: leaves.map((x) => typeof x === "number"),
  values: leaves.map((x) => {
    const v = settle(toValue(x, op), op),
      weakness = weaknessOf(x);
    if (weakness !== null) markWeak(v, weakness, () => {});
    return v;
  }),
});
const treeOf = ({ def, values }: Carry): unknown => unflatten(def, values);
const sameShape = (a: Aval, b: Aval): boolean =>
  a.shape.length === b.shape.length && a.shape.every((n, i) => n === b.shape[i]);
/** The carry after a round, which must be as before. */
const follow = (op: string, { def, values, weak }: Carry, result: unknown): Carry => {
  const [leaves, got] = flatten(result, op),
    d = difference(def, got);
  if (d !== null) otherStructure(op, pathString("carry", d.path), d.expected, d.got);
  const next = leaves.map((x, i): Value => {
    const want = (values[i] as Value).aval,
      v = settle((typeof x === "number" ? literalOf(x, want.dtype) : null) ?? toValue(x, op), op);
    if (!sameShape(want, v.aval) || (want.dtype !== v.dtype && weak[i] !== true))
      changed(op, leafPath(def, i, "carry"), want, v.aval);
    return v;
  });
  return { def, values: next, weak: weak.map(() => false) };
};

const row = (x: Value, i: number): Value => reshape(sliceAxis(x, 0, i, i + 1), x.shape.slice(1));
/** A scan of at least one round; `pairOf` checks what the body gives. */
export const plainScan = (
  op: string,
  f: Callable,
  start: Start,
  xs: Leaves,
  { length, reverse }: { readonly length: number; readonly reverse: boolean },
  pairOf: (op: string, out: TreeDef) => readonly [TreeDef, TreeDef],
): unknown => {
  let carry = begin(start, op),
    rows: TreeDef | null = null;
  const ys: (readonly Value[])[] = new Array(length);
  for (let k = 0; k < length; k++) {
    const i = reverse ? length - 1 - k : k,
      x = unflatten(
        xs.def,
        xs.leaves.map((v) => row(v, i)),
      );
    const out = call(f, [treeOf(carry), x], op);
    pairOf(op, flatten(out, op)[1]);
    const [next, y] = out as readonly [unknown, unknown],
      own = leavesOf(y, op);
    carry = follow(op, carry, next);
    ys[i] = own.leaves;
    rows = own.def;
  }
  // A number that begins the carry has its dtype from the second round on, and so in the first one.
  const last = ys[reverse ? 0 : length - 1] as readonly Value[];
  const stacked = last.map(({ dtype }, k) =>
    concatenate(
      ys.map((own) => {
        const y = convertElementType(own[k] as Value, dtype);
        return reshape(y, [1, ...y.shape]);
      }),
      0,
    ),
  );
  return [rebuild(carry.def, carry.values, op), rebuild(rows as TreeDef, stacked, op)];
};
/** A while loop, or null. */
export const plainWhile = (
  op: string,
  cond: Callable,
  body: Callable,
  start: Start,
): { readonly out: unknown } | null => {
  let carry = begin(start, op);
  for (;;) {
    const going = numberOf(call(cond, [treeOf(carry)], op));
    if (going === null) return null;
    if (going === 0) return { out: rebuild(carry.def, carry.values, op) };
    carry = follow(op, carry, call(body, [treeOf(carry)], op));
  }
};
/** A loop that counts, or null. */
export const plainFor = (
  op: string,
  bounds: readonly [lower: unknown, upper: unknown],
  body: Callable,
  start: Start,
): { readonly out: unknown } | null => {
  const [lower, upper] = bounds.map(numberOf);
  if (lower === null || upper === null || lower === undefined || upper === undefined) return null;
  let carry = begin(start, op);
  for (let i = lower; i < upper; i++)
    carry = follow(op, carry, call(body, [settle(new Literal(i, "int32"), op), treeOf(carry)], op));
  return { out: rebuild(carry.def, carry.values, op) };
};
/** The branch that `index` chooses, or null. */
export const plainBranch = (
  op: string,
  index: Value,
  branches: readonly unknown[],
  operands: readonly unknown[],
): { readonly out: unknown } | null => {
  const chosen = numberOf(index);
  if (chosen === null) return null;
  const f = branches[Math.max(0, Math.min(branches.length - 1, chosen))];
  const given = operands.map((x) => {
    const { leaves, def } = leavesOf(x, op);
    return unflatten(def, leaves);
  });
  const { leaves, def } = leavesOf(call(f as Callable, given, op), op);
  return { out: rebuild(def, leaves, op) };
};
