// cond and switch for users.
import { type Aval, sameAval, showAval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { isFloating } from "../core/dtype.ts";
import { jaxprHasEffects } from "../core/effects.ts";
import { ArgumentError, DTypeError, ShapeError, TreeError } from "../core/errors.ts";
import { modes } from "../core/modes.ts";
import { difference, leafCount, pathString } from "../core/tree.ts";
import type { Literal, Value } from "../core/value.ts";
import { convertElementType, min, ne } from "../primitives/elementwise.ts";
import { full, zerosOf } from "../primitives/linear.ts";
import { leafPath, leavesOf, rebuild } from "../transforms/leaves.ts";
import type { Arrays, Loose } from "../transforms/types.ts";
import { type Body, literalOf, toValue, traceBody, withOuts } from "./bodyTrace.ts";
import { plainBranch } from "./plain.ts";
import { bindCond } from "./condPrimitive.ts";

const scalar = (op: string, x: unknown, what: string): Value => {
  const v = toValue(x, op);
  if (v.ndim > 0)
    throw new ShapeError({
      op,
      expected: `${what} that is a scalar`,
      got: showAval(v.aval),
      remedy: "choose element by element with np.where, or map over it with vmap",
    });
  return v;
};

/** Results of the branches brought together: a number of JavaScript takes the dtype of the others. */
const agree = (op: string, branches: readonly Body[]): readonly Body[] => {
  const [first] = branches as readonly [Body, ...Body[]],
    name = (i: number): string => (op === "cond" ? (["falseFn", "trueFn"][i] as string) : `branch ${i}`);
  branches.forEach((b, k) => {
    const d = difference(first.out, b.out);
    if (d !== null)
      throw new TreeError({
        op: `${op}: ${pathString("result", d.path)}`,
        expected: `results of one structure, ${d.expected} from ${name(0)}`,
        got: `${d.got} from ${name(k)}`,
        remedy: "give results of one structure from all branches, zeros where one has nothing to say",
      });
  });
  const wanted = first.jaxpr.outs.map((_, i): { readonly aval: Aval; readonly from: number } => {
    const strong = branches.findIndex((b) => (b.numbers[i] ?? null) === null),
      from = Math.max(strong, 0);
    return { aval: ((branches[from] as Body).jaxpr.outs[i] as Value).aval, from };
  });
  return branches.map((b, k) => {
    const values = b.jaxpr.outs.map((_, i): Literal | null => {
      const number = b.numbers[i] ?? null;
      return number === null ? null : literalOf(number, (wanted[i] as { readonly aval: Aval }).aval.dtype);
    });
    const jaxpr = withOuts(b.jaxpr, values);
    jaxpr.outs.forEach((a, i) => {
      const { aval: want, from } = wanted[i] as (typeof wanted)[number];
      if (sameAval(a.aval, want)) return;
      const complaint = {
        op: `${op}: ${leafPath(first.out, i, "result")}`,
        expected: `${showAval(want)}, as ${name(from)} gives`,
        got: `${showAval(a.aval)} from ${name(k)}`,
      };
      throw a.aval.dtype === want.dtype
        ? new ShapeError({ ...complaint, remedy: "broadcast the results to one shape" })
        : new DTypeError({
            ...complaint,
            remedy: `convert one of them with astype("${joint(want.dtype, a.aval.dtype)}")`,
          });
    });
    return { ...b, jaxpr };
  });
};
const joint = (a: DType, b: DType): DType => (isFloating(a) || !isFloating(b) ? a : b);

const choose = (op: string, index: Value, branches: readonly unknown[], operands: readonly unknown[]): unknown => {
  if (!modes.jit && branches.every((f) => typeof f === "function")) {
    const plain = plainBranch(op, index, branches, operands);
    if (plain !== null) return plain.out;
  }
  const given = operands.map((x) => leavesOf(x, op)),
    args = given.map(({ def, leaves }) => ({ def, avals: leaves.map((v) => v.aval) }));
  const bodies = agree(
    op,
    branches.map((f) => traceBody(op, f, args, "branches")),
  );
  const { out } = bodies[0] as Body;
  const outs =
    leafCount(out) === 0 && !bodies.some((b) => jaxprHasEffects(b.jaxpr))
      ? []
      : bindCond(
          index,
          bodies,
          given.flatMap((g) => g.leaves),
        );
  return rebuild(out, outs, op);
};

/**
 * `trueFn(...operands)` where `pred` holds, `falseFn(...operands)` where it does not. Both are traced; the program runs one of them, and
 * both where `vmap` gives every example its own `pred`. Throws ShapeError, DTypeError or TreeError naming the leaf if the results differ in kind.
 * @example
 * lax.cond(true, (x) => x.add(1), (x) => x.mul(10), np.array(5)) // => 6
 */
export const cond = <A extends readonly unknown[], R>(
  pred: Value | number | boolean,
  trueFn: (...operands: { [K in keyof A]: Arrays<A[K]> }) => R,
  falseFn: (...operands: { [K in keyof A]: Arrays<A[K]> }) => Loose<R>,
  ...operands: A
): Arrays<R> => {
  const op = "cond",
    p = scalar(op, pred, "a predicate");
  const truth = p.dtype === "bool" ? p : ne(p, zerosOf(p.aval));
  return choose(op, convertElementType(truth, "int32"), [falseFn, trueFn], operands) as Arrays<R>;
};

/**
 * `branches[index](...operands)`, the index clamped to what there is. All are traced; the program runs one of them. Throws as `cond` does,
 * and DTypeError for an index that is no integer.
 * @example
 * lax.switch(1, [(x) => x.add(1), (x) => x.mul(10)], np.array(5)) // => 50
 */
export const switchBranch = <A extends readonly unknown[], R>(
  index: Value | number,
  branches: readonly ((...operands: { [K in keyof A]: Arrays<A[K]> }) => R)[],
  ...operands: A
): Arrays<R> => {
  const op = "switch";
  if (!Array.isArray(branches) || branches.length === 0)
    throw new ArgumentError({
      op,
      expected: "a list of branches",
      got: Array.isArray(branches) ? "none" : typeof branches,
    });
  const i = typeof index === "number" ? literalOf(index, "int32") : scalar(op, index, "an index");
  if (i === null || (i.dtype !== "int32" && i.dtype !== "uint32" && i.dtype !== "uint8"))
    throw new DTypeError({
      op,
      expected: "an integer index",
      got: i === null ? String(index) : showAval(i.aval),
      remedy: 'convert it with astype("int32"), or use lax.cond',
    });
  // Unsigned numbers must not become negative ones.
  const small = i.dtype === "uint32" ? min(i, full([], branches.length - 1, "uint32")) : i;
  return choose(op, convertElementType(small, "int32"), branches, operands) as Arrays<R>;
};
