// IDX files, the format of MNIST's images and labels: big endian, one array. Source: LeCun's description of MNIST.
import type { NDArray } from "../numpy/index.ts";
import { Cursor, join } from "./bytes.ts";
import { arrayOf, bytesOf, bytesOfArray, type Element, elementOf, sizeOfShape } from "./elements.ts";
import { attempt, FormatError, type Parsed } from "./format.ts";

/** Type codes: the third byte of a file. */
const codes: { readonly [K in Element]?: number } = { u8: 8, i8: 9, i16: 11, i32: 12, f32: 13, f64: 14 };

const readIdx = (bytes: Uint8Array): NDArray => {
  const cursor = new Cursor("idx", bytes);
  const zeros = cursor.u16("two zero bytes");
  if (zeros !== 0) cursor.fail("two zero bytes", zeros.toString(16), 0);
  const code = cursor.u8("a type code"),
    element = Object.entries(codes).find(([, c]) => c === code)?.[0] as Element | undefined;
  if (element === undefined)
    return cursor.fail(`a type code among ${Object.values(codes).join(", ")}`, String(code), 2);
  const rank = cursor.u8("the number of axes");
  const shape = Array.from({ length: rank }, () => cursor.u32("an extent", false));
  const origin = { format: "idx", at: cursor.at };
  const data = cursor.take(sizeOfShape(shape, origin) * bytesOf(element), `${element}[${shape}]`);
  return arrayOf(element, shape, data, false, origin);
};

/**
 * The array in an IDX file (unpack `.gz` with `gunzip` first). Images are `uint8[n, height, width]`, labels `uint8[n]`.
 * @example
 * io.orThrow(io.parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4))) // => [5 0 4]
 */
export const parseIdx = (bytes: Uint8Array): Parsed<NDArray> => attempt(() => readIdx(bytes));

/**
 * The bytes of an IDX file with `x`. Throws FormatError for uint32 and bool, which the format lacks.
 * @example
 * io.writeIdx(np.array([5, 0, 4], { dtype: "uint8" })) // => [0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]
 */
export const writeIdx = (x: NDArray): Uint8Array => {
  const code = codes[elementOf[x.dtype]];
  if (code === undefined || x.ndim > 255)
    throw new FormatError("idx", 2, "at most 255 axes of uint8, int32, float32 or float64", `${x.dtype}[${x.shape}]`);
  const header = new DataView(new ArrayBuffer(4 + 4 * x.ndim));
  header.setUint8(2, code);
  header.setUint8(3, x.ndim);
  x.shape.forEach((d, i) => {
    header.setUint32(4 + 4 * i, d);
  });
  return join([new Uint8Array(header.buffer), bytesOfArray(x, false)]);
};
