// Gradients of functions with a scalar result: `grad` and `valueAndGrad`.
import { showAval } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { DTypeError, ShapeError, TreeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { showDef } from "../core/tree.ts";
import { Literal, type Value } from "../core/value.ts";
import { zerosOf } from "../primitives/linear.ts";
import { combinator } from "./combinator.ts";
import { type Callable, differentiable, type Flattened, flattened } from "./leaves.ts";
import { linearizeFlat, pullLinear } from "./linearize.ts";
import type { Argnums, Arrays, Chosen, First, Fn, NoOptions, Second, WithAux } from "./types.ts";

/** Options of `grad` and its relatives. */
export interface GradOptions {
  /** Which arguments to differentiate: a position (0 by default) or a list, which gives a list. Negative ones count from the end. */
  readonly argnums?: Argnums;
  /** The function returns `[value, aux]`; `aux` is passed on without derivative. */
  readonly hasAux?: boolean;
}

/** Throw unless the result is one floating scalar. */
const checkScalar = (op: string, { def, count }: Flattened, outs: readonly Value[]): Value => {
  const y = outs[0];
  if (def().kind !== "leaf" || y === undefined)
    throw new TreeError({
      op,
      expected: "a function with one scalar result",
      got: `${count()} results: ${showDef(def())}`,
      remedy: "return a scalar, or [scalar, aux] with hasAux: true",
    });
  if (y.shape.length > 0)
    throw new ShapeError({
      op,
      expected: "a function with a scalar result",
      got: showAval(y.aval),
      remedy: "reduce it with np.sum or np.mean, or use jacrev for all derivatives",
    });
  if (!isFloating(y.dtype))
    throw new DTypeError({
      op,
      expected: "a function with a floating result",
      got: showAval(y.aval),
      remedy: 'convert it with astype("float32")',
    });
  return y;
};

/** Value, auxiliary result and gradients of `f`. */
const evaluate = (
  op: string,
  f: Callable,
  { argnums, hasAux }: GradOptions,
  args: readonly unknown[],
): { readonly value: unknown; readonly aux: () => unknown; readonly grads: unknown } => {
  const parts = differentiable(args, argnums, op);
  const flat = flattened(f, parts.rebuild, op, hasAux === true);
  const [outs, linear] = linearizeFlat(flat.flat, parts.leaves, op, flat.count),
    y = checkScalar(op, flat, outs);
  const grads = pullLinear(linear, [new Literal(1, y.dtype)]).map(
    (g, i) => g ?? zerosOf((parts.leaves[i] as Value).aval),
  );
  const trees = parts.collect(grads, op);
  return {
    value: settle(y, op),
    aux: () => flat.aux(outs.slice(1)),
    grads: typeof argnums === "object" ? trees : trees[0],
  };
};

/** The type of `valueAndGrad(f, options)`. */
export type ValueAndGrad<F, O> = F extends (...args: infer A) => infer R
  ? (...args: A) => WithAux<O, [[First<R>, Second<R>], Chosen<A, O>], [Arrays<R>, Chosen<A, O>]>
  : never;
/** The type of `grad(f, options)`. */
export type Grad<F, O> = F extends (...args: infer A) => infer R
  ? (...args: A) => WithAux<O, [Chosen<A, O>, Second<R>], Chosen<A, O>>
  : never;
/**
 * The function that gives the value of `f` and its gradient: `[f(x), df/dx]`, with `hasAux` `[[f(x), aux], df/dx]`. Called
 * without a function it gives a combinator. Throws ShapeError if the result is no scalar, DTypeError for integer arguments or
 * results, ArgumentError for argnums out of range, TraceError if `f` is asynchronous.
 * @example
 * const f = (x: NDArray) => np.sum(np.square(x));
 * const [value, slope] = valueAndGrad(f)(np.array([1, 2, 3]));
 * value.item() // => 14
 * slope.js() // => [2, 4, 6]
 */
export const valueAndGrad = <const F extends Fn | GradOptions = NoOptions, const O extends GradOptions = NoOptions>(
  f?: F,
  options?: O,
): F extends Fn ? ValueAndGrad<F, O> : <G extends Fn>(f: G) => ValueAndGrad<G, F> => {
  const make =
    (g: Callable, o: GradOptions): Callable =>
    (...args) => {
      const { value, aux, grads } = evaluate("valueAndGrad", g, o, args);
      return [o.hasAux === true ? [value, aux()] : value, grads];
    };
  return combinator<GradOptions>("valueAndGrad", make, f, options, {}) as never;
};

/**
 * The gradient of `f`: `f32[n] -> f32[]` gives `f32[n] -> f32[n]`, a tree of parameters gives the tree of their gradients. With
 * `hasAux` `[df/dx, aux]`. Called without a function it gives a combinator. Throws as `valueAndGrad` does.
 * @example
 * const loss = (p: { w: NDArray }, x: NDArray) => np.sum(np.multiply(p.w, np.square(x)));
 * grad(loss)({ w: np.array([1, 2]) }, np.array([3, 4])).w.js() // => [9, 16]
 * grad(loss, { argnums: 1 })({ w: np.array([1, 2]) }, np.array([3, 4])).js() // => [6, 16]
 * grad({ argnums: 1 })(loss)({ w: np.array([1, 2]) }, np.array([3, 4])).js() // => [6, 16]
 */
export const grad = <const F extends Fn | GradOptions = NoOptions, const O extends GradOptions = NoOptions>(
  f?: F,
  options?: O,
): F extends Fn ? Grad<F, O> : <G extends Fn>(f: G) => Grad<G, F> => {
  const make =
    (g: Callable, o: GradOptions): Callable =>
    (...args) => {
      const { aux, grads } = evaluate("grad", g, o, args);
      return o.hasAux === true ? [grads, aux()] : grads;
    };
  return combinator<GradOptions>("grad", make, f, options, {}) as never;
};
