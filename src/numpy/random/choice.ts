// Choices: positions by unnormalized log-probabilities, members of an array.
import type { Shape } from "../../core/aval.ts";
import { showAval, sizeOf } from "../../core/aval.ts";
import { isFloating } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { cumsum } from "../../primitives/cumulative.ts";
import { add, convertElementType, log, lt, mul, neg, sub } from "../../primitives/elementwise.ts";
import { take } from "../../primitives/indexing.ts";
import { broadcast, insertAt, moveAxis, reshape, sum, without } from "../../primitives/linear.ts";
import { sliceAxis } from "../../primitives/movement.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { argmax } from "../../primitives/reductions.ts";
import { vmapFlat } from "../../transforms/vmap.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { normalAxis } from "../axes.ts";
import { expandTo } from "../broadcasting.ts";
import { checkMode, type GumbelMode, gumbelOf } from "./discrete.ts";
import { program } from "../program.ts";
import { consume, type Key } from "./key.ts";
import { permuted, sortable, stableOrder } from "./permutation.ts";
import { checkShape } from "./sampler.ts";
import { integers, unit } from "./uniform.ts";
import { named } from "../named.ts";

/** Options of `categorical`. */
export interface CategoricalOptions {
  readonly mode?: GumbelMode;
  /** Whether the draws of one distribution may repeat (true). */
  readonly replace?: boolean;
}
interface Categories {
  readonly axis: number;
  readonly shape: Shape;
  readonly mode: GumbelMode;
  readonly replace: boolean;
}
const drawCategories = program<Categories>("categorical", ({ axis, shape, mode, replace }, key, x) => {
  const logits = x as Value,
    batch = without(logits.shape, [axis]),
    lead = shape.length - batch.length;
  if (replace) {
    const noisy = insertAt(shape, lead + axis, logits.shape[axis] as number);
    const noise = gumbelOf({ shape: noisy, dtype: logits.dtype }, key as Value, mode);
    return argmax(add(noise, expandTo("categorical", logits, noisy)), lead + axis);
  }
  // The k greatest noisy logits (Kool, van Hoof and Welling, "Stochastic beams and where to find them", 2019).
  const noisy = add(logits, gumbelOf({ shape: logits.shape, dtype: logits.dtype }, key as Value, mode));
  const k = sizeOf(shape.slice(0, lead));
  return reshape(
    moveAxis(sliceAxis(orders(neg(moveAxis(noisy, axis, batch.length))), batch.length, 0, k), batch.length, 0),
    shape,
  );
});
/** Stable ascending order along the last axis. */
const orders = (x: Value): Value => {
  const n = x.shape[x.ndim - 1] as number,
    rows = x.size / Math.max(1, n);
  const keys = reshape(sortable(x), [rows, n]);
  const [[order]] = vmapFlat((row) => [stableOrder(row as Value)], [keys], [0], { size: rows, name: null });
  return reshape(order as Value, x.shape);
};
/**
 * Positions along an axis (the last) of `logits`, unnormalized log-probabilities: `i32` of their other axes, or of a given shape
 * that ends in them. By the maximum of logits and Gumbel noise. Throws ShapeError, DTypeError and ArgumentError.
 * @example
 * random.categorical(random.key(0), np.log([0.999, 0.0005, 0.0005]), -1, [4]) // => [0 0 0 0]
 */
export const categorical = named(
  "categorical",
  ["axis", "shape"],
  ["mode", "replace"],
  (
    key: Key,
    logits: ArrayLike,
    axis: number = -1,
    shape: Shape | null = null,
    { mode = "low", replace = true }: CategoricalOptions = {},
  ): NDArray => {
    const op = "categorical",
      x = asArray(logits, op),
      at = normalAxis(axis, x.ndim, op);
    if (!isFloating(x.dtype))
      throw new DTypeError({
        op,
        expected: "logits of dtype float32 or float64",
        got: showAval(x.aval),
        remedy: 'convert them with astype("float32")',
      });
    const batch = without(x.shape, [at]),
      out = checkShape(op, shape ?? batch);
    const lead = out.length - batch.length;
    if (lead < 0 || !batch.every((d, i) => d === out[lead + i] || (replace && d === 1)))
      throw new ShapeError({ op, expected: `a shape that ends in [${batch}]`, got: `[${out}]` });
    const draws = sizeOf(out.slice(0, lead));
    if (!replace && draws > (x.shape[at] as number))
      throw new ArgumentError({
        op,
        expected: `at most ${x.shape[at]} draws without replacement`,
        got: String(draws),
      });
    return drawCategories({ axis: at, shape: out, mode: checkMode(op, mode), replace }, consume(op, key), x);
  },
);

/** Options of `choice`. */
export interface ChoiceOptions {
  /** Whether a member may be drawn twice (true). */
  readonly replace?: boolean;
  /** The probability of each member, `f32[n]`; equal ones if it is left out. */
  readonly p?: ArrayLike | null;
  /** The axis of members (0). */
  readonly axis?: number;
  readonly mode?: GumbelMode;
}
interface Draws {
  readonly shape: Shape;
  readonly count: number;
  readonly replace: boolean;
  readonly mode: GumbelMode;
}
/** Positions of members by their probabilities. */
const drawPositions = program<Draws>("choice", ({ shape, count, replace, mode }, key, p) => {
  const weights = p as Value,
    { dtype } = weights,
    draws = sizeOf(shape);
  if (!replace) {
    const noise = gumbelOf({ shape: [count], dtype }, key as Value, mode);
    return reshape(sliceAxis(stableOrder(sortable(sub(neg(noise), log(weights)))), 0, 0, draws), shape);
  }
  // The first position whose running sum is not below a uniform part of the total.
  const running = cumsum(weights, 0),
    u = reshape(unit({ shape, dtype }, key as Value), [draws]),
    total = expandTo("choice", sliceAxis(running, 0, count - 1, count), [draws]);
  const wanted = mul(total, sub(fullLike(u, 1), u));
  const below = lt(broadcast(running, [draws, count], [0]), broadcast(wanted, [draws, count], [1]));
  return reshape(sum(convertElementType(below, "int32"), [1]), shape);
});
/**
 * Members of the array `a` along an axis, or integers below the number `a`: as many as the shape says, with or without
 * replacement. Throws ArgumentError, ShapeError and DTypeError.
 * @example
 * random.choice(random.key(2), [10, 20, 30, 40], [3]) // => [40 10 20]
 */
export const choice = named(
  "choice",
  ["shape"],
  ["replace", "p", "axis", "mode"],
  (
    key: Key,
    a: ArrayLike,
    shape: Shape = [],
    { replace = true, p = null, axis = 0, mode = "low" }: ChoiceOptions = {},
  ): NDArray => {
    const op = "choice",
      members = typeof a === "number" ? null : asArray(a, op);
    if (members === null ? !Number.isInteger(a) || (a as number) < 0 : members.ndim === 0)
      throw new ArgumentError({ op, expected: "a non-negative integer or an array with an axis", got: String(a) });
    const at = members === null ? 0 : normalAxis(axis, members.ndim, op),
      count = members === null ? (a as number) : (members.shape[at] as number),
      draws = sizeOf(checkShape(op, shape));
    if (draws > (replace && count > 0 ? Infinity : count))
      throw new ArgumentError({
        op,
        expected: count === 0 ? "members to draw from" : `at most ${count} draws without replacement`,
        got: count === 0 ? "none" : String(draws),
        ...(count === 0 ? {} : { remedy: "pass replace: true, or ask for fewer" }),
      });
    const words = consume(op, key);
    if (p === null && !replace) {
      const mixed = permuted(words, members ?? count, at, false);
      return arranged(sliceAxis(mixed, at, 0, draws), at, shape);
    }
    const positions =
      p === null
        ? integers({ shape, dtype: "int32" }, words, count)
        : drawPositions({ shape, count, replace, mode: checkMode(op, mode) }, words, probabilities(p, count));
    return members === null ? positions : take(members, positions, at, "clip");
  },
);
const probabilities = (p: ArrayLike, count: number): Value => {
  const given = asArray(p, "choice"),
    weights = isFloating(given.dtype) ? given : convertElementType(given, "float32");
  if (weights.ndim !== 1 || weights.shape[0] !== count)
    throw new ShapeError({
      op: "choice",
      expected: `a probability for each member, [${count}]`,
      got: `[${weights.shape}]`,
    });
  return weights;
};
/** The axis of draws in the shape that was asked for. */
const arranged = (x: Value, axis: number, shape: Shape): Value =>
  reshape(x, [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)]);
