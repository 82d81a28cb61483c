// The solution of a linear system whose solver is a program of the user. Derivatives solve the same system for other right-hand sides,
// whatever the solver does inside.
import { atFlags } from "../transforms/flags.ts";
import type { Aval } from "../core/aval.ts";
import { TraceError } from "../core/errors.ts";
import type { CallPrimitive, ClosedJaxpr, Jaxpr } from "../core/jaxpr.ts";
import { uncut, Var } from "../core/jaxpr.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import { Value } from "../core/value.ts";
import { sub } from "../primitives/elementwise.ts";
import { zerosOf } from "../primitives/linear.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { evalJaxpr } from "../transforms/trace.ts";
import { batchJaxpr, placeAxis } from "../transforms/vmap.ts";
import { interned } from "./intern.ts";

/** Programs that all take the same `consts` values, then a vector. */
export interface LinearSolveAttrs {
  /** `A x`. */
  readonly matvec: Jaxpr;
  /** `A^T x`, null if nobody can solve with it. */
  readonly vecmat: Jaxpr | null;
  /** `A^-1 b`, and whatever else the solver gives. */
  readonly solve: Jaxpr;
  /** `A^-T b`. */
  readonly transposeSolve: Jaxpr | null;
  readonly consts: number;
}

type Programs<T> = { readonly [K in "matvec" | "solve"]: T } & {
  readonly [K in "vecmat" | "transposeSolve"]: T | null;
};
/** Programs that all take the constants of all of them first; and these constants. */
export const shareConsts = (
  closed: Programs<ClosedJaxpr>,
): { readonly programs: Programs<Jaxpr>; readonly consts: readonly Value[] } => {
  const consts: Value[] = [],
    starts = new Map<ClosedJaxpr, number>();
  for (const c of Object.values(closed)) {
    if (c === null || starts.has(c)) continue;
    starts.set(c, consts.length);
    consts.push(...c.consts);
  }
  const widen = (c: ClosedJaxpr): Jaxpr => {
    if (consts.length === c.consts.length) return c.jaxpr;
    const start = starts.get(c) as number,
      own = c.consts.length;
    const ins = consts.map((v, i) =>
      i >= start && i < start + own ? (c.jaxpr.ins[i - start] as Var) : new Var(v.aval),
    );
    return interned({
      jaxpr: { ...c.jaxpr, ins: [...ins, ...c.jaxpr.ins.slice(own)], consts: consts.length },
      consts: [],
    }).jaxpr;
  };
  const { matvec, vecmat, solve, transposeSolve } = closed;
  return {
    programs: {
      matvec: widen(matvec),
      vecmat: vecmat === null ? null : widen(vecmat),
      solve: widen(solve),
      transposeSolve: transposeSolve === null ? null : widen(transposeSolve),
    },
    consts,
  };
};

/** The tangent of `A x` that stems from those of the constants, at a fixed x; null if it is zero. */
const tangentOfMatvec = (
  matvec: Jaxpr,
  consts: readonly Value[],
  x: readonly Value[],
  tangents: readonly (Value | null)[],
): readonly (Value | null)[] => {
  const flags = [...tangents.map((t) => t !== null), ...x.map(() => false)];
  if (!flags.includes(true)) return x.map(() => null);
  const { closed, nonzero } = jvpJaxpr(matvec, flags);
  const outs = evalJaxpr(closed.jaxpr, [...closed.consts, ...consts, ...x, ...tangents.filter((t) => t !== null)]);
  return atFlags(nonzero, outs, nonzero.length);
};
const minus = (a: Value | null, b: Value | null, like: Aval): Value =>
  b === null ? (a ?? zerosOf(like)) : sub(a ?? zerosOf(like), b);

/** Solve `A x = b`; the operands are the constants of all programs, then b. */
export const linearSolveP: CallPrimitive<LinearSolveAttrs> = {
  name: "linearSolve",
  abstractEval: (_ins, { solve }) => solve.outs.map((a) => a.aval),
  // A x = b, so A dx = db - dA x.
  jvp: (ins, tangents, attrs) => {
    const { matvec, consts } = attrs,
      outs = bindCall(linearSolveP, ins, attrs),
      given = ins.slice(0, consts),
      x = outs.slice(0, ins.length - consts);
    const moved = tangentOfMatvec(matvec, given, x, tangents.slice(0, consts));
    const right = x.map((v, i) => minus(tangents[consts + i] ?? null, moved[i] ?? null, v.aval));
    const dx = bindCall(linearSolveP, [...given, ...right], attrs).slice(0, x.length);
    return [outs, outs.map((_, i) => dx[i] ?? null)];
  },
  batch: (axis, ins, axes, attrs) => {
    const { consts } = attrs,
      at = axes.map((a, i) => (i < consts ? a : 0)),
      placed = ins.map((x, i) => (i < consts ? x : placeAxis(x, axes[i] ?? null, 0, axis.size)));
    const over = (j: Jaxpr | null): ClosedJaxpr | null =>
      j === null
        ? null
        : batchJaxpr(
            j,
            axis,
            at,
            j.outs.map(() => true),
          ).closed;
    const { programs, consts: extra } = shareConsts({
      matvec: over(attrs.matvec) as ClosedJaxpr,
      vecmat: over(attrs.vecmat),
      solve: over(attrs.solve) as ClosedJaxpr,
      transposeSolve: over(attrs.transposeSolve),
    });
    const outs = bindCall(linearSolveP, [...extra, ...placed], { ...programs, consts: consts + extra.length });
    return [outs, outs.map(() => 0)];
  },
  partial: (_unknown, _ins, attrs) => uncut(attrs, attrs.solve.outs.length),
  // x = A^-1 b, so the cotangent of b is A^-T ct.
  transpose: (cts, ins, attrs) => {
    const { matvec, vecmat, solve, transposeSolve, consts } = attrs,
      known = ins.slice(0, consts);
    if (vecmat === null || transposeSolve === null)
      throw new TraceError({
        op: "customLinearSolve",
        expected: "a solver for the transposed system, which reverse mode needs",
        got: "none",
        remedy: "give transposeSolve, or say symmetric: true",
      });
    if (!known.every((v) => v instanceof Value))
      throw new TraceError({
        op: "customLinearSolve",
        expected: "a function that is linear in what is transposed",
        got: "a solution, which is not linear in the matrix",
        remedy: "differentiate with vjp or grad, which linearize first",
      });
    const right = ins.slice(consts).map((b, i) => cts[i] ?? zerosOf(b instanceof Value ? b.aval : b));
    const back = bindCall(linearSolveP, [...known, ...right], {
      matvec: vecmat,
      vecmat: matvec,
      solve: transposeSolve,
      transposeSolve: solve,
      consts,
    });
    return ins.map((v, i) => (v instanceof Value ? null : (back[i - consts] as Value)));
  },
  inline: ({ solve }) => solve,
  show: ({ solve }) => showAttrs({ solve }),
};
