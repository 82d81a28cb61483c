// NumPy's .npy files: one array. Format: "NEP 1" and numpy.lib.format in NumPy's reference, versions 1.0, 2.0 and 3.0.
import type { NDArray } from "../numpy/index.ts";
import { np } from "../numpy/index.ts";
import { Cursor, encode, join, littleEndian } from "./bytes.ts";
import { arrayOf, bytesOf, bytesOfArray, type Element, elementOf, sizeOfShape } from "./elements.ts";
import { attempt, type Parsed } from "./format.ts";

/** NumPy's type codes without the byte order. */
const codes: { readonly [code: string]: Element } = {
  b1: "bool",
  i1: "i8",
  i2: "i16",
  i4: "i32",
  i8: "i64",
  u1: "u8",
  u2: "u16",
  u4: "u32",
  u8: "u64",
  f2: "f16",
  f4: "f32",
  f8: "f64",
};
const codeOf = (element: Element): string => Object.entries(codes).find(([, e]) => e === element)?.[0] as string;

interface Header {
  readonly element: Element;
  readonly little: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** The dictionary in the header, a Python literal with three keys. */
const parseHeader = (cursor: Cursor, text: string, at: number): Header => {
  const field = (name: string, value: RegExp): string => {
    const found = new RegExp(`['"]${name}['"]\\s*:\\s*${value.source}`).exec(text)?.[1];
    return found ?? cursor.fail(`a header with '${name}' as ${value.source}`, text.trim(), at);
  };
  const descr = field("descr", /['"]([^'"]*)['"]/),
    element = codes[descr.slice(1)];
  if (element === undefined || !/^[<>|=]/.test(descr))
    return cursor.fail(`a type among ${Object.keys(codes).join(", ")}`, `'${descr}'`, at);
  const shape = field("shape", /\(([\d\s,L]*)\)/)
    .split(",")
    .map((d) => d.replace("L", "").trim())
    .filter((d) => d !== "")
    .map(Number);
  return { element, little: descr[0] !== ">", fortran: field("fortran_order", /(True|False)/) === "True", shape };
};

const readNpy = (format: string, bytes: Uint8Array): NDArray => {
  const cursor = new Cursor(format, bytes);
  const magic = cursor.ascii(6, "the magic string \\x93NUMPY");
  if (magic !== "\x93NUMPY") cursor.fail("the magic string \\x93NUMPY", JSON.stringify(magic), 0);
  const version = cursor.u8("a version");
  cursor.u8("a version");
  if (version < 1 || version > 3) cursor.fail("version 1, 2 or 3", String(version), 6);
  const length = version === 1 ? cursor.u16("the length of the header") : cursor.u32("the length of the header"),
    at = cursor.at;
  const { element, little, fortran, shape } = parseHeader(cursor, cursor.ascii(length, "the header"), at);
  const origin = { format, at: cursor.at };
  const data = cursor.take(sizeOfShape(shape, origin) * bytesOf(element), `${element}[${shape}]`);
  return fortran
    ? np.transpose(arrayOf(element, [...shape].reverse(), data, little, origin))
    : arrayOf(element, shape, data, little, origin);
};

/**
 * The array in a `.npy` file. int8 and int16 become int32, float16 becomes float32, 64-bit integers become 32-bit ones if all
 * of them fit; Fortran order and big endian are understood.
 * @example
 * const file = io.writeNpy(np.array([[1, 2], [3, 4]]));
 * const parsed = io.parseNpy(file);
 * parsed._tag === "Right" ? parsed.right : parsed.left.message // => [[1 2] [3 4]]
 */
export const parseNpy = (bytes: Uint8Array): Parsed<NDArray> => attempt(() => readNpy("npy", bytes));
/** Like `parseNpy` for a file inside another: `format` says which. */
export const parseNpyWithin = (format: string, bytes: Uint8Array): Parsed<NDArray> =>
  attempt(() => readNpy(format, bytes));

/**
 * The bytes of a `.npy` file (version 1.0, little endian, row-major) with `x`, as `numpy.save` writes them.
 * @example
 * io.writeNpy(np.zeros([2, 2])).length // => 144
 */
export const writeNpy = (x: NDArray): Uint8Array => {
  const element = elementOf[x.dtype],
    order = bytesOf(element) === 1 ? "|" : "<";
  const shape = x.shape.length === 1 ? `(${x.shape[0]},)` : `(${x.shape.join(", ")})`;
  const dictionary = `{'descr': '${order}${codeOf(element)}', 'fortran_order': False, 'shape': ${shape}, }`;
  // The data begin at a multiple of 64 bytes, so that they can be mapped into memory.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const header = `${dictionary.padEnd(length - 1)}\n`;
  return join([
    Uint8Array.of(0x93, ...encode("NUMPY"), 1, 0),
    littleEndian(2, length),
    encode(header),
    bytesOfArray(x),
  ]);
};
