// Convolutions of one example, channels first.
import { ArgumentError } from "../numpy/errors.ts";
import { type Initializer, lax, type NDArray, nn, np } from "../numpy/index.ts";
import { image, type Padding, pads, size, sizes } from "./sizes.ts";
import type { Brick, Image } from "./types.ts";

/** Parameters of a convolution: `w: f32[out, in / groups, ...kernel]`, `b: f32[out]` (null if it has none). */
export interface ConvParams {
  readonly w: NDArray;
  readonly b: NDArray | null;
}
/** Options of a convolution. Numbers count for all spatial axes. */
export interface ConvOptions {
  readonly strides?: number | readonly number[];
  /** "VALID" (none, the default), "SAME", a number for all sides, or pairs. */
  readonly padding?: Padding;
  /** Distance between taps of the kernel. */
  readonly dilation?: number | readonly number[];
  /** Channels in so many groups that do not see each other. */
  readonly groups?: number;
  /** Whether to add a bias; true by default. */
  readonly bias?: boolean;
  /** How `w` begins; He's normal distribution by default. */
  readonly init?: Initializer;
}
/** Both forms of `conv`: on images, and on as many spatial axes as the kernel has. */
export interface Conv {
  <const I extends number, const O extends number>(
    inChannels: I,
    outChannels: O,
    kernelSize: number | readonly [number, number],
    options?: ConvOptions,
  ): Brick<ConvParams, Image<I>, Image<O>>;
  (inChannels: number, outChannels: number, kernelSize: readonly number[], options?: ConvOptions): Brick<ConvParams>;
}
/**
 * Cross-correlation with a bias for each channel: `f32[in, h, w] -> f32[out, h', w']` (channels first), with
 * `h' = floor((h + padding - dilation (k - 1) - 1) / stride) + 1`; as many spatial axes as `kernelSize` lists, two for a number.
 * `out in / groups k k + out` parameters. Throws ArgumentError for sizes that do not fit; `apply` throws ShapeError for inputs
 * that are not one example of `in` channels.
 * @example
 * const layer = bricks.conv(1, 6, 5, { padding: "SAME" });
 * const params = layer.init(random.key(0));
 * [params.w.shape, layer.apply(params, np.zeros([1, 28, 28])).shape] // => [[6, 1, 5, 5], [6, 28, 28]]
 */
export const conv: Conv = (
  inChannels: number,
  outChannels: number,
  kernelSize: number | readonly number[],
  { strides = 1, padding = "VALID", dilation = 1, groups = 1, bias = true, init }: ConvOptions = {},
): Brick<ConvParams> => {
  const op = "conv",
    spatial = typeof kernelSize === "number" ? 2 : kernelSize.length;
  const kernel = sizes(op, "the kernel", kernelSize, spatial),
    steps = sizes(op, "strides", strides, spatial),
    spread = sizes(op, "dilation", dilation, spatial);
  size(op, "groups", groups);
  for (const n of [inChannels, outChannels])
    if (size(op, "channels", n) % groups !== 0)
      throw new ArgumentError({ op, expected: `channels that ${groups} groups divide`, got: String(n) });
  const shape = [outChannels, inChannels / groups, ...kernel];
  const first = init ?? nn.initializers.heNormal({ inAxis: 1, outAxis: 0 });
  const reach = kernel.map((k, i) => (k - 1) * (spread[i] as number) + 1);
  return {
    init: (key) => ({ w: first(key, shape), b: bias ? np.zeros([outChannels]) : null }),
    apply: ({ w, b }, x) => {
      const batch = np.expandDims(image(op, x, spatial, inChannels), 0);
      const y = lax.convGeneralDilated(batch, w, steps, pads(op, padding, x.shape.slice(1), reach, steps), {
        rhsDilation: spread,
        featureGroupCount: groups,
      });
      const one = np.squeeze(y, 0);
      return b === null ? one : np.add(one, np.reshape(b, [outChannels, ...kernel.map(() => 1)]));
    },
  };
};
