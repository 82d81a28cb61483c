// Pooling: windows of an image become one element each.
import { lax, np, type NDArray } from "../numpy/index.ts";
import { image, type Padding, pads, sizes } from "./sizes.ts";
import type { Keeping } from "./types.ts";

/** Options of pooling. Numbers count for all spatial axes. */
export interface PoolOptions {
  /** Distance between windows; the extent of a window by default, so that they do not overlap. */
  readonly strides?: number | readonly number[];
  /** "VALID" (none, the default), "SAME", a number for all sides, or pairs. */
  readonly padding?: Padding;
}
/** Elements of all windows: for each place in a window the image of those elements. */
const taps = (x: NDArray, window: readonly number[], strides: readonly number[]): readonly NDArray[] => {
  const extents = x.shape
    .slice(1)
    .map((n, i) => Math.max(Math.floor((n - (window[i] as number)) / (strides[i] as number)) + 1, 0));
  const places = window.reduce<readonly (readonly number[])[]>(
    (found, k) => found.flatMap((place) => Array.from({ length: k }, (_, i) => [...place, i])),
    [[]],
  );
  return places.map((place) => {
    const limits = place.map((p, i) => p + Math.max(((extents[i] as number) - 1) * (strides[i] as number) + 1, 0));
    return lax.slice(x, [0, ...place], [x.shape[0] as number, ...limits], [1, ...strides]);
  });
};
const pool = (
  op: string,
  windowShape: number | readonly number[],
  { strides = windowShape, padding = "VALID" }: PoolOptions,
  fill: number,
  reduce: (parts: readonly NDArray[], ones: () => NDArray) => NDArray,
): Keeping<"channels"> => {
  const spatial = typeof windowShape === "number" ? 2 : windowShape.length;
  const window = sizes(op, "the window", windowShape, spatial),
    steps = sizes(op, "strides", strides, spatial);
  return {
    keeps: "channels",
    init: () => ({}),
    apply: (_, x) => {
      const around = [[0, 0] as const, ...pads(op, padding, image(op, x, spatial).shape.slice(1), window, steps)];
      const padded = (v: NDArray, value: number): NDArray =>
        around.some(([a, b]) => a !== 0 || b !== 0) ? np.pad(v, around, { constantValues: value }) : v;
      const counts = (): NDArray => taps(padded(np.onesLike(x), 0), window, steps).reduce((a, b) => np.add(a, b));
      return reduce(taps(padded(x, fill), window, steps), counts);
    },
  };
};

/**
 * The largest element of each window: `f32[c, h, w] -> f32[c, h', w']`. NaN wins; padding never does. At ties the first element
 * gets the whole gradient. No parameters. Throws ArgumentError for sizes that do not fit; `apply` throws ShapeError for inputs
 * that are not one example.
 * @example
 * bricks.maxPool(2).apply({}, np.array([[[1, 2], [3, 4]]])) // => [[[4]]]
 */
export const maxPool = (windowShape: number | readonly number[], options: PoolOptions = {}): Keeping<"channels"> =>
  pool("maxPool", windowShape, options, Number.NEGATIVE_INFINITY, (parts) =>
    parts.reduce((a, b) => np.where(np.logicalOr(np.greaterEqual(a, b), np.isnan(a)), a, b)),
  );

/**
 * The mean of each window, without padding: `f32[c, h, w] -> f32[c, h', w']`. No parameters. Throws as `maxPool` does.
 * @example
 * bricks.avgPool(2).apply({}, np.array([[[1, 2], [3, 4]]])) // => [[[2.5]]]
 */
export const avgPool = (windowShape: number | readonly number[], options: PoolOptions = {}): Keeping<"channels"> =>
  pool("avgPool", windowShape, options, 0, (parts, counts) => {
    const sum = parts.reduce((a, b) => np.add(a, b));
    return np.divide(sum, (options.padding ?? "VALID") === "VALID" ? parts.length : counts());
  });

/**
 * The mean of each channel: `f32[c, h, w] -> f32[c]`. No parameters.
 * @example
 * bricks.globalAvgPool().apply({}, np.array([[[1, 2], [3, 4]]])) // => [2.5]
 */
export const globalAvgPool = (): Keeping<"channelVector"> => ({
  keeps: "channelVector",
  init: () => ({}),
  apply: (_, x) => np.mean(x, x.shape.map((_d, i) => i).slice(1)),
});
