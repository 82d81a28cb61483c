// Convolutions in all forms: strided, dilated, grouped, transposed, with kernels of their own at every place, and the patches they see.
import type { Shape } from "../../core/aval.ts";
import { showAval, sizeOf } from "../../core/aval.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import type { Value } from "../../core/value.ts";
import { dilate } from "../../primitives/convAxes.ts";
import type { ConvDimensionNumbers, ConvOptions, ConvPadding } from "../../primitives/convLayout.ts";
import * as layout from "../../primitives/convLayout.ts";
import { dotGeneral } from "../../primitives/dot.ts";
import { convertElementType, eq } from "../../primitives/elementwise.ts";
import { broadcast, reshape, transpose } from "../../primitives/linear.ts";
import { iota, rev } from "../../primitives/movement.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { named } from "../named.ts";
import * as given from "../given.ts";

export type { ConvDimensionNumbers, ConvOptions, ConvPadding };
const space = "0123456789abcdef";

const checkWindow = (op: string, strides: readonly number[], padding: ConvPadding): void => {
  given.integers(op, "strides", strides);
  if (typeof padding !== "string")
    for (const pair of given.list(op, "pairs of paddings", padding)) given.integers(op, "paddings", pair);
};
/**
 * General convolution, `out[n, o, t] = sum_{i, k} x[n, i, t s + k r - lo] w[o, i, k]` per group, over any number of spatial axes and in
 * any layout (default x `NC...`, w `OI...`, result `NC...`). Throws ShapeError, DTypeError, and ArgumentError for attributes that do
 * not fit.
 * @example
 * lax.convGeneralDilated([[[1, 2, 3]]], [[[1, 1]]], [1], "VALID") // => [[[3 5]]]
 * const dimensionNumbers = ["NWC", "WIO", "NWC"] as const;
 * lax.convGeneralDilated([[[1], [2], [3]]], [[[1]], [[1]]], [1], "SAME", { dimensionNumbers }) // => [[[3] [5] [3]]]
 */
export const convGeneralDilated = named(
  "convGeneralDilated",
  [],
  ["lhsDilation", "rhsDilation", "dimensionNumbers", "featureGroupCount", "batchGroupCount"],
  (
    x: ArrayLike,
    w: ArrayLike,
    windowStrides: readonly number[],
    padding: ConvPadding,
    options: ConvOptions = {},
  ): NDArray => {
    const op = "convGeneralDilated";
    checkWindow(op, windowStrides, padding);
    return settle(layout.convGeneralDilated(asArray(x, op), asArray(w, op), windowStrides, padding, options), op);
  },
);
/**
 * Convolution of x `[n, i, ...]` with w `[o, i, ...]`. Throws as `convGeneralDilated` does.
 * @example
 * lax.conv([[[1, 2, 3]]], [[[1, 1]]], [1], "SAME") // => [[[3 5 3]]]
 */
export const conv = (x: ArrayLike, w: ArrayLike, windowStrides: readonly number[], padding: ConvPadding): NDArray =>
  convGeneralDilated(x, w, windowStrides, padding);
/**
 * Convolution of x `[n, i, ...]` with w `[o, i, ...]` and dilations of both. Throws as `convGeneralDilated` does.
 * @example
 * lax.convWithGeneralPadding([[[1, 2, 3]]], [[[1, 1]]], [1], [[1, 0]], [1], [2]) // => [[[2 4]]]
 */
export const convWithGeneralPadding = named(
  "convWithGeneralPadding",
  ["lhsDilation", "rhsDilation"],
  [],
  (
    x: ArrayLike,
    w: ArrayLike,
    windowStrides: readonly number[],
    padding: ConvPadding,
    lhsDilation: readonly number[] | null = null,
    rhsDilation: readonly number[] | null = null,
  ): NDArray =>
    convGeneralDilated(x, w, windowStrides, padding, {
      ...(lhsDilation === null ? {} : { lhsDilation }),
      ...(rhsDilation === null ? {} : { rhsDilation }),
    }),
);

/** What the transposed convolution can be told. */
export interface ConvTransposeOptions {
  readonly rhsDilation?: readonly number[];
  readonly dimensionNumbers?: ConvDimensionNumbers;
  /** Flip the kernel and exchange its in and out: the exact transpose of the convolution with this kernel. */
  readonly transposeKernel?: boolean;
}
const channelsLast: readonly (ConvDimensionNumbers | undefined)[] = [
  ["NC", "IO", "NC"],
  ["NWC", "WIO", "NWC"],
  ["NHWC", "HWIO", "NHWC"],
  ["NHWDC", "HWDIO", "NHWDC"],
];
// The padding with which a stride-s convolution of the result would give x back (jax.lax.conv_transpose).
const transposePadding = (kind: string, k: number, s: number): readonly [number, number] => {
  if (kind !== "SAME" && kind !== "VALID")
    throw new ArgumentError({
      op: "convTranspose",
      expected: 'a padding of "SAME", "VALID" or pairs',
      got: JSON.stringify(kind),
    });
  const total = kind === "SAME" ? k + s - 2 : k + s - 2 + Math.max(k - s, 0);
  const lo = kind === "VALID" || s > k - 1 ? k - 1 : Math.ceil(total / 2);
  return [lo, total - lo];
};
/**
 * Transposed convolution: x with `strides - 1` holes between its elements, convolved with w; it multiplies spatial extents by the strides
 * (padding "SAME"). The default layout has channels last, as in `["NHWC", "HWIO", "NHWC"]`. Throws as `convGeneralDilated` does.
 * @example
 * lax.convTranspose([[[1], [2]]], [[[1]], [[1]]], [2], "SAME") // => [[[1] [1] [2] [2]]]
 */
export const convTranspose = named(
  "convTranspose",
  [],
  ["rhsDilation", "dimensionNumbers", "transposeKernel"],
  (
    x: ArrayLike,
    w: ArrayLike,
    strides: readonly number[],
    padding: ConvPadding,
    options: ConvTransposeOptions = {},
  ): NDArray => {
    const op = "convTranspose";
    checkWindow(op, strides, padding);
    const v = asArray(x, op),
      kernel = asArray(w, op),
      numbers = options.dimensionNumbers ?? channelsLast[v.ndim - 2];
    if (numbers === undefined || kernel.ndim !== v.ndim)
      throw new ShapeError({
        op,
        expected: "operands of equal rank with 0 to 3 spatial axes, or dimensionNumbers",
        got: `${showAval(v.aval)} and ${showAval(kernel.aval)}`,
      });
    const letters = [...numbers[1]],
      axes = letters.flatMap((c, d) => ("OI".includes(c) ? [] : [d])),
      rhsDilation = options.rhsDilation ?? strides.map(() => 1);
    const extents = axes.map((d, i) => dilate(kernel.shape[d] as number, rhsDilation[i] as number));
    const pairs =
      typeof padding === "string" ? extents.map((k, i) => transposePadding(padding, k, strides[i] as number)) : padding;
    const flip = options.transposeKernel === true,
      swap: Readonly<Record<string, string>> = { O: "I", I: "O" };
    const spec = flip ? letters.map((c) => swap[c] ?? c).join("") : numbers[1];
    const out = layout.convGeneralDilated(
      v,
      flip ? rev(kernel, axes) : kernel,
      strides.map(() => 1),
      pairs,
      { lhsDilation: strides, rhsDilation, dimensionNumbers: [numbers[0], spec, numbers[2]] },
    );
    return settle(out, op);
  },
);

/** What `convGeneralDilatedPatches` and `convGeneralDilatedLocal` can be told. */
export interface PatchOptions {
  readonly lhsDilation?: readonly number[];
  readonly rhsDilation?: readonly number[];
  readonly dimensionNumbers?: ConvDimensionNumbers;
}
/** Layouts of x, kernel and result, and the spatial letters in the kernel's order. */
const lettersOf = (rank: number, given: ConvDimensionNumbers | undefined): readonly [ConvDimensionNumbers, string] => {
  const s = space.slice(0, Math.max(0, rank - 2)),
    numbers = given ?? ([`NC${s}`, `OI${s}`, `NC${s}`] as const);
  return [numbers, [...numbers[1]].filter((c) => !"OI".includes(c)).join("")];
};
const patches = (
  op: string,
  x: Value,
  filterShape: Shape,
  strides: readonly number[],
  padding: ConvPadding,
  options: PatchOptions,
  out?: string,
): Value => {
  checkWindow(op, strides, padding);
  if (given.shape(op, filterShape).length !== x.ndim - 2)
    throw new ShapeError({
      op,
      expected: `a filter of ${x.ndim - 2} axes for ${showAval(x.aval)}`,
      got: `[${filterShape}]`,
    });
  const [numbers, spatial] = lettersOf(x.ndim, options.dimensionNumbers),
    channels = x.shape[numbers[0].indexOf("C")] as number,
    places = sizeOf(filterShape);
  // One kernel per place of the window, 1 there and 0 elsewhere, for every channel on its own.
  const one = convertElementType(eq(iota([places, places], 0), iota([places, places], 1)), x.dtype);
  const kernels = reshape(broadcast(one, [channels, places, places], [0]), [channels * places, 1, ...filterShape]);
  return layout.convGeneralDilated(x, kernels, strides, padding, {
    ...options,
    dimensionNumbers: [numbers[0], `OI${spatial}`, out ?? numbers[2]],
    featureGroupCount: channels,
  });
};
/**
 * What a convolution with a kernel of extents `filterShape` sees at every place: its channels are (channel of x, place in the window),
 * row-major. Throws as `convGeneralDilated` does.
 * @example
 * lax.convGeneralDilatedPatches([[[1, 2, 3]]], [2], [1], "VALID") // => [[[1 2] [2 3]]]
 */
export const convGeneralDilatedPatches = named(
  "convGeneralDilatedPatches",
  [],
  ["lhsDilation", "rhsDilation", "dimensionNumbers"],
  (
    x: ArrayLike,
    filterShape: Shape,
    windowStrides: readonly number[],
    padding: ConvPadding,
    options: PatchOptions = {},
  ): NDArray => {
    const op = "convGeneralDilatedPatches";
    return settle(patches(op, asArray(x, op), filterShape, windowStrides, padding, options), op);
  },
);
/**
 * A convolution that has its own kernel at every place: w is `[o, (i, place in the window), ...places of the result]` in the layout of
 * `dimensionNumbers`. Throws as `convGeneralDilated` does.
 * @example
 * lax.convGeneralDilatedLocal([[[1, 2, 3]]], [[[1, 10], [1, 10]]], [1], "VALID", [2]) // => [[[3 50]]]
 */
export const convGeneralDilatedLocal = named(
  "convGeneralDilatedLocal",
  [],
  ["lhsDilation", "rhsDilation", "dimensionNumbers"],
  (
    x: ArrayLike,
    w: ArrayLike,
    windowStrides: readonly number[],
    padding: ConvPadding,
    filterShape: Shape,
    options: PatchOptions = {},
  ): NDArray => {
    const op = "convGeneralDilatedLocal",
      v = asArray(x, op),
      kernel = asArray(w, op),
      [numbers, spatial] = lettersOf(v.ndim, options.dimensionNumbers);
    const seen = patches(op, v, filterShape, windowStrides, padding, options, `NC${spatial}`),
      axes = [...spatial].map((_, i) => i + 2),
      own = transpose(
        kernel,
        [..."OI", ...spatial].map((c) => numbers[1].indexOf(c)),
      );
    const product = dotGeneral(own, seen, { contract: [[1], [1]], batch: [axes, axes] }); // [...places, o, n]
    const order = [...spatial, "C", "N"];
    return settle(
      transpose(
        product,
        [...numbers[2]].map((c) => order.indexOf(c)),
      ),
      op,
    );
  },
);
