// Convolution in any layout and with padding by name: transposes and arithmetic around `conv`.
import type { Shape } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import { conv } from "./conv.ts";
import { dilate } from "./convAxes.ts";
import { transpose } from "./linear.ts";

/** Layouts of x, w and the result: a letter per axis, as in `["NHWC", "HWIO", "NHWC"]`. */
export type ConvDimensionNumbers = readonly [lhs: string, rhs: string, out: string];
/** Padding by name, or before and behind every spatial axis (negative crops). */
export type ConvPadding = "SAME" | "SAME_LOWER" | "VALID" | readonly (readonly [lo: number, hi: number])[];
/** Dilations, layout and groups of a convolution. */
export interface ConvOptions {
  readonly lhsDilation?: readonly number[];
  readonly rhsDilation?: readonly number[];
  readonly dimensionNumbers?: ConvDimensionNumbers;
  readonly featureGroupCount?: number;
  readonly batchGroupCount?: number;
}

const roles = ["NC", "OI", "NC"] as const;
// Axes of each operand in canonical order: its two roles, then the spatial letters in the order of w.
const permutations = (numbers: ConvDimensionNumbers, rank: number): readonly (readonly number[])[] => {
  const letters = (i: number): readonly string[] =>
    [...(numbers[i] as string)].filter((c) => !(roles[i] as string).includes(c));
  const space = letters(1),
    names = ["x", "w", "the result"];
  return numbers.map((spec, i) => {
    const order = [...(roles[i] as string), ...space],
      axes = order.map((c) => spec.indexOf(c));
    if (spec.length !== rank || order.length !== rank || new Set(spec).size !== rank || axes.includes(-1))
      throw new ArgumentError({
        op: "convGeneralDilated",
        expected: `${rank} distinct letters for ${names[i]}: ${[...(roles[i] as string)].join(", ")} and the spatial letters of w`,
        got: JSON.stringify(numbers),
      });
    return axes;
  });
};

/** Padding of a named kind for windows of `window` places at `strides`: SAME gives `ceil(n / stride)` places, the odd one behind (SAME_LOWER: before). */
export const paddingOf = (
  kind: "SAME" | "SAME_LOWER" | "VALID",
  extents: Shape,
  window: Shape,
  strides: readonly number[],
): readonly (readonly [number, number])[] =>
  extents.map((n, i) => {
    if (kind === "VALID") return [0, 0];
    const s = strides[i] as number,
      total = Math.max(0, (Math.ceil(n / s) - 1) * s + (window[i] as number) - n),
      half = Math.floor(total / 2);
    return kind === "SAME" ? [half, total - half] : [total - half, half];
  });

/**
 * General convolution, `out[n, o, t] = sum_{i, k} x[n, i, t s + k r - lo] w[o, i, k]` per group, over any number of spatial axes and
 * in any layout (default: x `NC...`, w `OI...`, result `NC...`). `strides`, `padding` and dilations follow w's spatial axes.
 * Throws ShapeError, DTypeError, and ArgumentError for attributes that do not fit.
 */
export const convGeneralDilated = (
  x: Value,
  w: Value,
  strides: readonly number[],
  padding: ConvPadding,
  options: ConvOptions = {},
): Value => {
  const op = "convGeneralDilated",
    rank = x.ndim;
  if (rank < 2 || w.ndim !== rank)
    throw new ShapeError({
      op,
      expected: "operands of equal rank, at least 2",
      got: `${showAval(x.aval)} and ${showAval(w.aval)}`,
    });
  const ones = Array.from({ length: rank - 2 }, () => 1),
    { lhsDilation = ones, rhsDilation = ones, featureGroupCount = 1, batchGroupCount = 1 } = options;
  const space = "0123456789abcdef".slice(0, rank - 2);
  const [px, pw, po] = permutations(
    options.dimensionNumbers ?? [`NC${space}`, `OI${space}`, `NC${space}`],
    rank,
  ) as readonly [readonly number[], readonly number[], readonly number[]];
  if (typeof padding === "string" && lhsDilation.some((d) => d !== 1))
    throw new ArgumentError({
      op,
      expected: "numbers for the padding of a dilated x",
      got: JSON.stringify(padding),
      remedy: "give pairs, or use a transposed convolution",
    });
  if (typeof padding === "string" && !["SAME", "SAME_LOWER", "VALID"].includes(padding))
    throw new ArgumentError({
      op,
      expected: 'a padding of "SAME", "SAME_LOWER", "VALID" or pairs',
      got: JSON.stringify(padding),
    });
  const canonicalX = transpose(x, px),
    canonicalW = transpose(w, pw);
  const window = canonicalW.shape.slice(2).map((k, i) => dilate(k, rhsDilation[i] ?? 1));
  const pairs = typeof padding === "string" ? paddingOf(padding, canonicalX.shape.slice(2), window, strides) : padding;
  const out = conv(canonicalX, canonicalW, {
    strides,
    padding: pairs,
    lhsDilation,
    rhsDilation,
    featureGroupCount,
    batchGroupCount,
  });
  return transpose(
    out,
    po.map((_, a) => po.indexOf(a)),
  );
};
