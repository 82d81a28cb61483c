// Implicit differentiation for users: roots and linear systems, whose derivatives follow from what they solve, not from how.
import { ArgumentError } from "../core/errors.ts";
import type { ClosedJaxpr, Jaxpr } from "../core/jaxpr.ts";
import { bindCall, isEager } from "../core/trace.ts";
import { flattenLike, type TreeDef, unflatten } from "../core/tree.ts";
import { lift } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import { neg } from "../primitives/elementwise.ts";
import { zerosOf } from "../primitives/linear.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { type Callable, call, type Leaves, leavesOf, rebuild } from "../transforms/leaves.ts";
import { linearizeFlat, pushLinear } from "../transforms/linearize.ts";
import { evalJaxpr, traceJaxpr } from "../transforms/trace.ts";
import { backwardPass } from "../transforms/transpose.ts";
import type { Arrays, Loose } from "../transforms/types.ts";
import { checkAvals, likeResults } from "./customCall.ts";
import { customJvpP, type JvpRule } from "./customJvpPrimitive.ts";
import { interned } from "./intern.ts";
import { linearSolveP, shareConsts } from "./linearSolvePrimitive.ts";

const functionOf = (op: string, f: unknown, what: string): Callable => {
  if (typeof f !== "function")
    throw new ArgumentError({ op, expected: `${what} that is a function`, got: f === null ? "null" : typeof f });
  return f as Callable;
};
/** A vector of the space that a solver works in. */
interface Space {
  readonly op: string;
  readonly def: TreeDef;
  readonly avals: readonly Value["aval"][];
}
const spaceOf = (op: string, { leaves, def }: Leaves): Space => ({ op, def, avals: leaves.map((v) => v.aval) });
/** Leaves of what a user's function gives, which must be a vector of the space. */
const vectorOf = ({ op, def, avals }: Space, tree: unknown, root: string): readonly Value[] =>
  likeResults(op, root, tree, { def, avals });
/** A function between vectors of a space, on leaves. */
const onLeaves =
  (s: Space, f: Callable, root: string) =>
  (xs: readonly Value[]): readonly Value[] =>
    vectorOf(s, call(f, [unflatten(s.def, xs)], s.op), root);
/** A function on leaves, for users. */
const onTrees =
  (s: Space, f: (xs: readonly Value[]) => readonly Value[]): Callable =>
  (tree) => {
    const xs = flattenLike(s.def, tree, s.op, "argument").map((x) => lift(x, s.op));
    checkAvals(s.op, "argument", s.def, s.avals, xs);
    return rebuild(s.def, f(xs), s.op);
  };

/** Leaves of a result, or of `[result, aux]`, of which the first `space` are the result. */
const withAux = (s: Space, out: unknown, hasAux: boolean, root: string) => {
  if (!hasAux) return { values: vectorOf(s, out, root), aux: null };
  if (!Array.isArray(out) || out.length !== 2)
    throw new ArgumentError({
      op: s.op,
      expected: `${root} to be [solution, aux], as hasAux says`,
      got: Array.isArray(out) ? `a list of ${out.length}` : typeof out,
    });
  const aux = leavesOf(out[1], s.op);
  return { values: [...vectorOf(s, out[0], root), ...aux.leaves], aux: aux.def };
};
const resultOf = (s: Space, outs: readonly Value[], aux: TreeDef | null): unknown => {
  const n = s.avals.length,
    x = rebuild(s.def, outs.slice(0, n), s.op);
  return aux === null ? x : [x, rebuild(aux, outs.slice(n), s.op)];
};
/** A solver on leaves, traced: `solver(f, b)`. */
const traceSolver = (s: Space, solver: Callable, f: Callable, hasAux: boolean, root: string) => {
  let aux: TreeDef | null = null;
  const closed = interned(
    traceJaxpr(
      (...b) => {
        const out = withAux(s, call(solver, [f, unflatten(s.def, b)], s.op), hasAux, root);
        aux = out.aux;
        return out.values;
      },
      s.avals,
      s.op,
    ),
  );
  return { ...closed, aux: aux as TreeDef | null };
};
/** Outside of transforms there is nothing but the solver. */
const solveNow = (s: Space, solver: Callable, f: Callable, b: Leaves, hasAux: boolean): unknown => {
  const { values, aux } = withAux(
    s,
    call(solver, [f, unflatten(b.def, b.leaves)], s.op),
    hasAux,
    "the result of solve",
  );
  return resultOf(s, values, aux);
};

/** What the solvers of this file can be told. */
export interface SolveOptions {
  /** The solver returns `[solution, aux]`; `aux` has no derivative. */
  readonly hasAux?: boolean;
}
/** A solution, with what the solver gives besides. */
type Solved<T, O> = O extends { readonly hasAux: true } ? readonly [Arrays<T>, unknown] : Arrays<T>;

/**
 * The root of `f`, `f(x) = 0`, found by `solve(f, initialGuess)`. Its derivative with respect to what `f` closes over is that of the implicit function,
 * `dx = -(df/dx)^-1 df`, whatever the solver does: `tangentSolve(g, y)` solves `g(x) = y` for the linear `g`. Neither the guess nor what `solve` closes
 * over has an influence on it. With `hasAux`, `solve` returns `[x, aux]`. Throws TreeError, ShapeError or DTypeError naming the leaf where results are
 * not like the guess.
 * @example
 * const newton = (f: (x: NDArray) => NDArray, x: NDArray) => lax.foriLoop(0, 20, (_, y) => y.sub(f(y).div(grad(f)(y))), x);
 * const root = (a: NDArray) => lax.customRoot((x) => np.square(x).sub(a), np.array(1), newton, (g, y) => y.div(g(np.array(1))));
 * root(np.array(4)) // => 2
 * grad(root)(np.array(4)) // => 0.25
 */
export const customRoot = <T, const O extends SolveOptions = SolveOptions>(
  f: (x: Arrays<T>) => Loose<T>,
  initialGuess: T,
  solve: (f: (x: Arrays<T>) => Arrays<T>, initialGuess: Arrays<T>) => unknown,
  tangentSolve: (g: (x: Arrays<T>) => Arrays<T>, y: Arrays<T>) => Loose<T>,
  options?: O,
): Solved<T, O> => {
  const op = "customRoot",
    hasAux = options?.hasAux === true,
    user = functionOf(op, f, "f"),
    solver = functionOf(op, solve, "solve"),
    tangentSolver = functionOf(op, tangentSolve, "tangentSolve");
  const guess = leavesOf(initialGuess, op),
    s = spaceOf(op, guess),
    checked = onTrees(s, onLeaves(s, user, "the result of f"));
  if (isEager()) return solveNow(s, solver, checked, guess, hasAux) as Solved<T, O>;
  const of = interned(traceJaxpr((...xs) => onLeaves(s, user, "the result of f")(xs), s.avals, op)),
    { aux, ...body } = traceSolver(s, solver, checked, hasAux, "the result of solve"),
    n = of.consts.length;
  const jaxpr: Jaxpr = { ...body.jaxpr, ins: [...of.jaxpr.ins.slice(0, n), ...body.jaxpr.ins] };
  const rule: JvpRule = (ins, tangents) => {
    const outs = bindCall(customJvpP, ins, attrs),
      params = ins.slice(0, n),
      x = outs.slice(0, s.avals.length),
      moved = tangents.slice(0, n);
    if (moved.every((t) => t === null)) return [outs, outs.map(() => null)];
    const [, right] = jvpFlat((...ps) => evalJaxpr(of.jaxpr, [...ps, ...x]), params, moved);
    const [, linear] = linearizeFlat((...xs) => evalJaxpr(of.jaxpr, [...params, ...xs]), x);
    const zeroOr = (ts: readonly (Value | null)[]): readonly Value[] => s.avals.map((a, i) => ts[i] ?? zerosOf(a));
    const g = onTrees(s, (vs) => zeroOr(pushLinear(linear, vs)));
    const dx = vectorOf(s, call(tangentSolver, [g, unflatten(s.def, zeroOr(right))], op), "the result of tangentSolve");
    return [outs, outs.map((_, i) => (i < dx.length ? neg(dx[i] as Value) : null))];
  };
  const attrs = { jaxpr, name: op, fixed: 0, rule, results: { def: s.def, avals: s.avals } };
  const outs =
    jaxpr.outs.length === 0 ? [] : bindCall(customJvpP, [...of.consts, ...body.consts, ...guess.leaves], attrs);
  return resultOf(s, outs, aux) as Solved<T, O>;
};

/** What `customLinearSolve` can be told. */
export interface LinearSolveOptions<T> extends SolveOptions {
  /** Solves the transposed system, `transposeSolve(vecmat, b)`: reverse mode needs it. */
  readonly transposeSolve?: (vecmat: (x: Arrays<T>) => Arrays<T>, b: Arrays<T>) => unknown;
  /** The system is its own transpose: `solve` serves both. */
  readonly symmetric?: boolean;
}
/**
 * The solution of `matvec(x) = b` for a linear `matvec`, found by `solve(matvec, b)`. Its derivatives solve the same system (`A dx = db - dA x`), those of
 * reverse mode the transposed one, whatever the solver does: give `transposeSolve`, or say that the system is `symmetric`. With `hasAux` solvers return
 * `[x, aux]`. Throws TreeError, ShapeError or DTypeError naming the leaf where results are not like `b`, TraceError for reverse mode without a transposed
 * solver.
 * @example
 * const solve = (d: NDArray, b: NDArray) => lax.customLinearSolve((x: NDArray) => x.mul(d), b, (_, y) => y.div(d), { symmetric: true });
 * solve(np.array([2, 4]), np.array([2, 2])) // => [1 0.5]
 * grad((d: NDArray) => np.sum(solve(d, np.array([2, 2]))))(np.array([2, 4])) // => [-0.5 -0.125]
 */
export const customLinearSolve = <T, const O extends LinearSolveOptions<T> = LinearSolveOptions<T>>(
  matvec: (x: Arrays<T>) => Loose<T>,
  b: T,
  solve: (matvec: (x: Arrays<T>) => Arrays<T>, b: Arrays<T>) => unknown,
  options?: O,
): Solved<T, O> => {
  const op = "customLinearSolve",
    hasAux = options?.hasAux === true,
    user = functionOf(op, matvec, "matvec"),
    solver = functionOf(op, solve, "solve");
  const right = leavesOf(b, op),
    s = spaceOf(op, right),
    apply = onLeaves(s, user, "the result of matvec"),
    checked = onTrees(s, apply);
  if (isEager()) return solveNow(s, solver, checked, right, hasAux) as Solved<T, O>;
  const forward = interned(traceJaxpr((...xs) => apply(xs), s.avals, op)),
    { aux, ...solved } = traceSolver(s, solver, checked, hasAux, "the result of solve");
  const transposed = (cts: readonly Value[]): readonly Value[] => {
    const back = backwardPass(forward.jaxpr, [...forward.consts, ...s.avals.map(() => null)], cts);
    return s.avals.map((a, i) => back[forward.consts.length + i] ?? zerosOf(a));
  };
  const turned = (): { readonly vecmat: ClosedJaxpr | null; readonly transposeSolve: ClosedJaxpr | null } => {
    if (options?.symmetric === true) return { vecmat: forward, transposeSolve: solved };
    if (options?.transposeSolve === undefined) return { vecmat: null, transposeSolve: null };
    const other = functionOf(op, options.transposeSolve, "transposeSolve");
    return {
      vecmat: interned(traceJaxpr((...cts) => transposed(cts), s.avals, op)),
      transposeSolve: traceSolver(s, other, onTrees(s, transposed), hasAux, "the result of transposeSolve"),
    };
  };
  const { programs, consts } = shareConsts({ matvec: forward, solve: solved, ...turned() });
  const outs =
    programs.solve.outs.length === 0
      ? []
      : bindCall(linearSolveP, [...consts, ...right.leaves], { ...programs, consts: consts.length });
  return resultOf(s, outs, aux) as Solved<T, O>;
};
