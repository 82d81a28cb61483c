// Reductions of windows that slide over an array: strided slices of the padded array, combined axis by axis.
import type { Shape } from "../../core/aval.ts";
import { showAval } from "../../core/aval.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import { Literal, type Value } from "../../core/value.ts";
import { dilate } from "../../primitives/convAxes.ts";
import { paddingOf } from "../../primitives/convLayout.ts";
import { pad, sliceAxis } from "../../primitives/movement.ts";
import * as arithmetic from "../arithmetic.ts";
import { type ArrayLike, asArray, elementOf, type NDArray } from "../array.ts";
import { expandTo } from "../broadcasting.ts";
import { add, max, min, mul } from "./binary.ts";
import type { Combine } from "./reducing.ts";
import { named } from "../named.ts";
import * as given from "../given.ts";

/** Padding by name, or before and behind every axis. */
export type WindowPadding = "SAME" | "SAME_LOWER" | "VALID" | readonly (readonly [lo: number, hi: number])[];
/** Dilations of the array and of the windows. */
export interface WindowOptions {
  /** Holes between the elements of the array, in steps (1: none). */
  readonly baseDilation?: readonly number[];
  /** Holes between the elements of a window, in steps (1: none). */
  readonly windowDilation?: readonly number[];
}

const identities = new Map<unknown, readonly number[]>(
  [
    { of: [add, arithmetic.add], are: [0] },
    { of: [mul, arithmetic.multiply], are: [1] },
    { of: [max, arithmetic.maximum], are: [-Infinity, -(2 ** 31)] },
    { of: [min, arithmetic.minimum], are: [Infinity, 2 ** 31 - 1] },
  ].flatMap(({ of, are }) => of.map((f) => [f, are])),
);
const isIdentity = (init: Value, f: Combine): boolean =>
  init instanceof Literal && (identities.get(f)?.includes(init.value) ?? false);

/** `f(x0, f(x1, ...))` as a balanced tree. */
const combined = (xs: readonly Value[], f: Combine): Value => {
  if (xs.length === 1) return xs[0] as Value;
  const half = Math.ceil(xs.length / 2);
  return f(combined(xs.slice(0, half), f), combined(xs.slice(half), f));
};
/** All windows of `k` places, `dilation` apart, along one axis, `stride` apart. */
const alongAxis = (
  x: Value,
  axis: number,
  k: number,
  stride: number,
  dilation: number,
  count: number,
  f: Combine,
): Value =>
  combined(
    Array.from({ length: k }, (_, i) =>
      sliceAxis(x, axis, i * dilation, i * dilation + (count === 0 ? 0 : (count - 1) * stride + 1), stride),
    ),
    f,
  );

/**
 * Windows of extents `windowDimensions` that slide over `x` in steps of `windowStrides`, each combined by an associative, elementwise
 * function that has `initValue` for its identity (which pads too). Throws ShapeError and ArgumentError for lists that do not fit.
 * @example
 * lax.reduceWindow([1, 5, 2, 4], -Infinity, lax.max, [2], [2], "VALID") // => [5 4]
 * lax.reduceWindow([1, 2, 3], 0, lax.add, [3], [1], "SAME") // => [3 6 5]
 */
export const reduceWindow = named(
  "reduceWindow",
  ["windowStrides", "padding"],
  ["baseDilation", "windowDilation"],
  (
    x: ArrayLike,
    initValue: ArrayLike,
    computation: Combine,
    windowDimensions: Shape,
    windowStrides: readonly number[] | null = null,
    padding: WindowPadding = "VALID",
    options: WindowOptions = {},
  ): NDArray => {
    const op = "reduceWindow",
      v = asArray(x, op),
      ones = given.list(op, "extents", windowDimensions).map(() => 1);
    given.fn(op, computation);
    const strides = windowStrides ?? ones,
      { baseDilation = ones, windowDilation = ones } = options;
    for (const [name, list, least] of [
      ["windowDimensions", windowDimensions, 1],
      ["windowStrides", strides, 1],
      ["baseDilation", baseDilation, 1],
      ["windowDilation", windowDilation, 1],
    ] as const)
      if (!Array.isArray(list) || list.length !== v.ndim || !list.every((n) => Number.isInteger(n) && n >= least))
        throw new ArgumentError({
          op,
          expected: `${name} of integers of at least ${least}, one per axis of ${showAval(v.aval)}`,
          got: given.show(list),
        });
    const extents = v.shape.map((n, d) => dilate(n, baseDilation[d] as number)),
      windows = windowDimensions.map((k, d) => dilate(k, windowDilation[d] as number));
    const pairs =
      typeof padding === "string" ? paddingOf(padding, extents, windows, strides) : given.list(op, "paddings", padding);
    if (pairs.length !== v.ndim)
      throw new ShapeError({ op, expected: `a padding per axis of ${showAval(v.aval)}`, got: JSON.stringify(padding) });
    const init =
      typeof initValue === "number"
        ? new Literal(elementOf(initValue, v.dtype), v.dtype)
        : asArray(initValue, op, v.dtype);
    const padded = pad(
      v,
      init,
      pairs.map(([lo]) => lo),
      pairs.map(([, hi]) => hi),
      baseDilation.map((n) => n - 1),
    );
    const out = windowDimensions.reduce((y, k, d) => {
      const room = (padded.shape[d] as number) - (windows[d] as number),
        count = room < 0 ? 0 : Math.floor(room / (strides[d] as number)) + 1;
      if (count === 0) return sliceAxis(y, d, 0, 0);
      return alongAxis(y, d, k, strides[d] as number, windowDilation[d] as number, count, computation);
    }, padded);
    // Whoever gives something else than an identity gets it in every window.
    return settle(isIdentity(init, computation) ? out : computation(expandTo(op, init, out.shape), out), op);
  },
);
