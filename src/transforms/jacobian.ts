// All derivatives at once: `jacfwd` and `jacrev` push or pull a whole basis through one vectorized derivative.
import type { Aval } from "../core/aval.ts";
import { showAval, sizeOf } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { DTypeError } from "../core/errors.ts";
import { unflatten } from "../core/tree.ts";
import type { Value } from "../core/value.ts";
import { add, convertElementType, eq } from "../primitives/elementwise.ts";
import { full, reshape, zerosOf } from "../primitives/linear.ts";
import { iota, sliceAxis } from "../primitives/movement.ts";
import { combinator } from "./combinator.ts";
import type { GradOptions } from "./grad.ts";
import { jvpFlat } from "./jvp.ts";
import { type Arguments, type Callable, differentiable, type Flattened, flattened, leafPath } from "./leaves.ts";
import { linearizeFlat, pullLinear } from "./linearize.ts";
import type { Flat } from "./trace.ts";
import type { Chosen, Fn, Jacobian, Main, NoOptions, Second, WithAux } from "./types.ts";
import { placeAxis, vmapFlat } from "./vmap.ts";

/** Elements of leaves in a row: where each leaf begins, and where the last one ends. */
const offsets = (avals: readonly Aval[]): readonly number[] => {
  const out = [0];
  for (const a of avals) out.push((out.at(-1) as number) + sizeOf(a.shape));
  return out;
};
/** Every unit vector of the space of such leaves: for each leaf an array with one axis more, over all vectors, in front. */
const basis = (avals: readonly Aval[]): readonly Value[] => {
  const at = offsets(avals),
    total = at.at(-1) as number;
  return avals.map(({ dtype, shape }, i) => {
    const block = [total, sizeOf(shape)],
      column = add(iota(block, 1), full(block, at[i] as number, "int32"));
    return reshape(convertElementType(eq(iota(block, 0), column), dtype), [total, ...shape]);
  });
};
/** `f` of every unit vector at once; null is a zero. The vectors' axis of the results is in front, or last. */
const overBasis = (
  f: (...unit: Value[]) => readonly Value[],
  avals: readonly Aval[],
  count: () => number,
  last: boolean,
  op: string,
): readonly Value[] => {
  const units = basis(avals),
    size = offsets(avals).at(-1) as number;
  const [outs, axes] = vmapFlat(
    f,
    units,
    units.map(() => 0),
    { size, name: null },
    op,
  );
  return outs
    .slice(0, count())
    .map((v, i) => placeAxis(v, axes[i] ?? null, last ? v.shape.length - (axes[i] === null ? 0 : 1) : 0, size));
};

/** The derivative of every result by every argument. */
interface Derivatives {
  readonly flat: Flattened;
  /** Per leaf of the result, per leaf of the arguments: the axes of the former, then those of the latter. */
  readonly blocks: readonly (readonly Value[])[];
  readonly aux: readonly Value[];
}
/** How one of the two modes finds them. */
type Mode = (flat: Flattened, leaves: readonly Value[], op: string) => Derivatives;

/** Throw DTypeError unless the results are floating; gives their avals. */
const floatingOuts = (flat: Flattened, outs: readonly Value[], op: string): readonly Aval[] =>
  outs.slice(0, flat.count()).map(({ aval }, i) => {
    if (isFloating(aval.dtype)) return aval;
    throw new DTypeError({
      op,
      expected: `${leafPath(flat.def(), i, "result")} to be floating`,
      got: showAval(aval),
      remedy: 'convert it with astype("float32"), or return it as aux with hasAux: true',
    });
  });

const forward: Mode = (flat, leaves, op) => {
  const ins = leaves.map((v) => v.aval),
    at = offsets(ins);
  let values: readonly Value[] = [],
    outs: readonly Aval[] = [];
  const push: Flat = (...tangents) => {
    const [ys, ts] = jvpFlat(flat.flat, leaves, tangents, op);
    values = ys;
    outs = floatingOuts(flat, ys, op);
    return outs.map((a, j) => ts[j] ?? zerosOf(a));
  };
  const columns = overBasis(push, ins, flat.count, true, op);
  const blocks = columns.map((v, j) =>
    ins.map((a, i) => {
      const { shape } = outs[j] as Aval,
        part = sliceAxis(v, shape.length, at[i] as number, at[i + 1] as number);
      return reshape(part, [...shape, ...a.shape]);
    }),
  );
  return { flat, blocks, aux: values.slice(flat.count()) };
};

const reverse: Mode = (flat, leaves, op) => {
  const [values, linear] = linearizeFlat(flat.flat, leaves, op, flat.count);
  const outs = floatingOuts(flat, values, op),
    at = offsets(outs);
  const pull: Flat = (...cts) => pullLinear(linear, cts).map((v, i) => v ?? zerosOf((leaves[i] as Value).aval));
  const rows = overBasis(pull, outs, () => leaves.length, false, op);
  const blocks = outs.map((a, j) =>
    rows.map((v, i) => {
      const part = sliceAxis(v, 0, at[j] as number, at[j + 1] as number);
      return reshape(part, [...a.shape, ...(leaves[i] as Value).shape]);
    }),
  );
  return { flat, blocks, aux: values.slice(flat.count()) };
};

const assembled = ({ flat, blocks, aux }: Derivatives, args: Arguments, o: GradOptions, op: string): unknown => {
  const byArgument = blocks.map((row) => {
    const trees = args.collect(row, op);
    return typeof o.argnums === "object" ? trees : trees[0];
  });
  const jacobian = unflatten(flat.def(), byArgument);
  return o.hasAux === true ? [jacobian, flat.aux(aux)] : jacobian;
};
const jacobianBy =
  (op: string, mode: Mode) =>
  (f: Callable, o: GradOptions): Callable =>
  (...args) => {
    const chosen = differentiable(args, o.argnums, op);
    return assembled(mode(flattened(f, chosen.rebuild, op, o.hasAux === true), chosen.leaves, op), chosen, o, op);
  };

/** The type of `jacfwd(f, options)` and `jacrev(f, options)`. */
export type Jac<F, O> = F extends (...args: infer A) => infer R
  ? (...args: A) => WithAux<O, [Jacobian<Main<R, O>, Chosen<A, O>>, Second<R>], Jacobian<Main<R, O>, Chosen<A, O>>>
  : never;
/** The type of `hessian(f, options)`. */
export type Hess<F, O> = F extends (...args: infer A) => infer R
  ? (
      ...args: A
    ) => WithAux<
      O,
      [Jacobian<Jacobian<Main<R, O>, Chosen<A, O>>, Chosen<A, O>>, Second<R>],
      Jacobian<Jacobian<Main<R, O>, Chosen<A, O>>, Chosen<A, O>>
    >
  : never;

/**
 * All derivatives `df_i/dx_j` of `f`, forwards: one pass for each element of the argument, all of them at once. Where the result
 * has a leaf `f32[m]` the answer has a tree like the argument, with `f32[m, n]` for its leaf `f32[n]`. Called without a function
 * it gives a combinator. Throws DTypeError for integer arguments or results, ArgumentError for argnums out of range.
 * @example
 * jacfwd((x: NDArray) => np.square(x))(np.array([1, 2])) // => [[2 0] [0 4]]
 */
export const jacfwd = <const F extends Fn | GradOptions = NoOptions, const O extends GradOptions = NoOptions>(
  f?: F,
  options?: O,
): F extends Fn ? Jac<F, O> : <G extends Fn>(f: G) => Jac<G, F> =>
  combinator<GradOptions>("jacfwd", jacobianBy("jacfwd", forward), f, options, {}) as never;

/**
 * All derivatives `df_i/dx_j` of `f`, backwards: one pass for each element of the result, all of them at once; cheaper than
 * `jacfwd` where the result is smaller than the argument. The answer is the same. Called without a function it gives a
 * combinator. Throws as `jacfwd` does.
 * @example
 * const f = (p: { a: NDArray; b: NDArray }) => np.multiply(p.a, np.square(p.b));
 * const { a, b } = jacrev(f)({ a: np.array([3, 4]), b: np.array([1, 2]) });
 * [a, b] // => [[[1 0] [0 4]], [[6 0] [0 16]]]
 */
export const jacrev = <const F extends Fn | GradOptions = NoOptions, const O extends GradOptions = NoOptions>(
  f?: F,
  options?: O,
): F extends Fn ? Jac<F, O> : <G extends Fn>(f: G) => Jac<G, F> =>
  combinator<GradOptions>("jacrev", jacobianBy("jacrev", reverse), f, options, {}) as never;

/**
 * All derivatives of `f`: `jacrev`.
 * @example
 * jacobian((x: NDArray) => np.sum(np.square(x)))(np.array([1, 2])) // => [2 4]
 */
export const jacobian: typeof jacrev = (f, options) =>
  combinator<GradOptions>("jacobian", jacobianBy("jacobian", reverse), f, options, {}) as never;

/**
 * Second derivatives `d^2f/dx_i dx_j`: forwards over backwards. A tree like the argument of trees like the argument. Called
 * without a function it gives a combinator. Throws as `jacfwd` does.
 * @example
 * hessian((x: NDArray) => np.sum(np.multiply(x, np.square(x))))(np.array([1, 2])) // => [[6 0] [0 12]]
 */
export const hessian = <const F extends Fn | GradOptions = NoOptions, const O extends GradOptions = NoOptions>(
  f?: F,
  options?: O,
): F extends Fn ? Hess<F, O> : <G extends Fn>(f: G) => Hess<G, F> => {
  const [outer, inner] = [jacobianBy("hessian", forward), jacobianBy("hessian", reverse)];
  return combinator<GradOptions>("hessian", (g, o) => outer(inner(g, o), o), f, options, {}) as never;
};
