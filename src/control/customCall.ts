// What calls of functions with their own rules share: the traced body, and the checks of what rules give.
import { atFlags } from "../transforms/flags.ts";
import type { Aval } from "../core/aval.ts";
import { sameAval, showAval } from "../core/aval.ts";
import { DTypeError, ShapeError, TraceError } from "../core/errors.ts";
import type { CallPrimitive, ClosedJaxpr, Jaxpr } from "../core/jaxpr.ts";
import { lift } from "../core/lift.ts";
import type { MappedAxis } from "../core/primitive.ts";
import { bindCall, isEager } from "../core/trace.ts";
import { flatten, flattenLike, type TreeDef } from "../core/tree.ts";
import { Value } from "../core/value.ts";
import { type Callable, call, leafPath, rebuild } from "../transforms/leaves.ts";
import { evalJaxpr, traceJaxpr } from "../transforms/trace.ts";
import { transposeJaxpr } from "../transforms/transpose.ts";
import { batchJaxpr, type BatchJaxpr } from "../transforms/vmap.ts";
import { literalOf, toValue } from "./bodyTrace.ts";
import { allArguments, type NondiffOptions, type Signature, takeApart } from "./customArguments.ts";
import { interned } from "./intern.ts";

/** Structure of the results of a function, and what their leaves are to its user. */
export interface Results {
  readonly def: TreeDef;
  readonly avals: readonly Aval[];
}
/** A traced body. */
export interface TracedBody extends ClosedJaxpr {
  readonly results: Results;
}
/** Trace `f` on operands; `argsOf` makes arguments of them. */
export const traceCall = (
  f: Callable,
  argsOf: (operands: readonly Value[]) => readonly unknown[],
  operands: readonly Value[],
  op: string,
): TracedBody => {
  let def: TreeDef = { kind: "none", value: null };
  const closed = interned(
    traceJaxpr(
      (...ins) => {
        const [leaves, d] = flatten(call(f, argsOf(ins), op), op);
        def = d;
        return leaves.map((x) => toValue(x, op));
      },
      operands.map((v) => v.aval),
      op,
    ),
  );
  return { ...closed, results: { def, avals: closed.jaxpr.outs.map((a) => a.aval) } };
};

/** Throw unless the avals of leaves are what they should be; the error names the leaf. */
export const checkAvals = (
  op: string,
  root: string,
  def: TreeDef,
  want: readonly Aval[],
  got: readonly Value[],
): void => {
  want.forEach((a, i) => {
    const b = (got[i] as Value).aval;
    if (sameAval(a, b)) return;
    const complaint = {
      op: `${op}: ${leafPath(def, i, root)}`,
      expected: `${showAval(a)}, as the function gives`,
      got: showAval(b),
    };
    throw a.dtype === b.dtype
      ? new ShapeError(complaint)
      : new DTypeError({ ...complaint, remedy: `convert it with astype("${a.dtype}")` });
  });
};
/** The leaves of a result of a rule, which must be like those of the function; numbers take their dtype. */
export const likeResults = (op: string, root: string, tree: unknown, { def, avals }: Results): readonly Value[] => {
  const values = flattenLike(def, tree, op, root).map((x, i): Value => {
    const { dtype, shape } = avals[i] as Aval;
    return (typeof x === "number" && shape.length === 0 ? literalOf(x, dtype) : null) ?? lift(x, op);
  });
  checkAvals(op, root, def, avals, values);
  return values;
};

/** Throw if something that is differentiated came in by another way than the arguments with derivatives. */
export const checkFixed = (op: string, fixed: number, tangents: readonly (Value | null)[]): void => {
  const at = tangents.slice(0, fixed).find((t) => t !== null);
  if (at === undefined || at === null) return;
  throw new TraceError({
    op,
    expected: "what is differentiated to come in by its arguments, for which it has a rule",
    got: `a derivative along a value ${showAval(at.aval)} that it closes over, or that nondiffArgnums names`,
    remedy:
      "pass it as an argument (closureConvert makes arguments of what a function closes over), or use lax.stopGradient",
  });
};

/** The body over a batch, every result with its batch axis at 0. */
export const batchBody = (jaxpr: Jaxpr, axis: MappedAxis, axes: readonly (number | null)[]): BatchJaxpr =>
  batchJaxpr(
    jaxpr,
    axis,
    axes,
    jaxpr.outs.map(() => true),
  );
/** Cotangents of the operands of a body that is linear in those that are not known (`ins` has their avals). */
export const transposedBody = (
  jaxpr: Jaxpr,
  cts: readonly (Value | null)[],
  ins: readonly (Value | Aval)[],
): readonly (Value | null)[] => {
  const { closed, nonzero } = transposeJaxpr(
    jaxpr,
    ins.map((v) => !(v instanceof Value)),
    cts.map((c) => c !== null),
  );
  const known = ins.filter((v) => v instanceof Value),
    given = cts.filter((c) => c !== null);
  return atFlags(nonzero, evalJaxpr(closed.jaxpr, [...closed.consts, ...known, ...given]));
};
/** A key for what depends on a mapped axis, on which operands have it, and on the operands that come before. */
export const batchKey = ({ size, name }: MappedAxis, axes: readonly (number | null)[], extra: number): string =>
  `batch ${size} ${name === null ? "" : JSON.stringify(name)} ${axes.join()} ${extra}`;

/** What every call of a function with a rule has: the body, all of whose inputs are operands; the first `fixed` of them have no derivative. */
export interface RuledCall {
  readonly jaxpr: Jaxpr;
  readonly name: string;
  readonly fixed: number;
  readonly results: Results;
}
/** The call of a function with a rule, which `ruleOf` gives in the form that the primitive wants. */
export const callWithRule = <A extends RuledCall>(
  prim: CallPrimitive<A>,
  f: Callable,
  args: readonly unknown[],
  options: NondiffOptions,
  name: string,
  ruleOf: (s: Signature) => Omit<A, keyof RuledCall>,
): unknown => {
  if (isEager()) return eagerly(f, args, options, name);
  const { signature, operands } = takeApart(args, options, name);
  const { jaxpr, consts, results } = traceCall(f, (ins) => allArguments(signature, ins), operands, name);
  const fixed = consts.length + signature.held,
    attrs = { ...ruleOf(signature), jaxpr, name, fixed, results } as A;
  return rebuild(results.def, jaxpr.outs.length === 0 ? [] : bindCall(prim, [...consts, ...operands], attrs), name);
};

/** Outside of transforms a function with a rule is the function. */
export const eagerly = (f: Callable, args: readonly unknown[], options: NondiffOptions, op: string): unknown => {
  const { signature, operands } = takeApart(args, options, op);
  const [leaves, def] = flatten(call(f, allArguments(signature, operands), op), op);
  return rebuild(
    def,
    leaves.map((x) => lift(x, op)),
    op,
  );
};
