// Safetensors: named arrays behind a JSON header. Format: the README of huggingface/safetensors.
import type { NDArray } from "../numpy/index.ts";
import { Cursor, encode, join, littleEndian } from "./bytes.ts";
import { arrayOf, bytesOf, bytesOfArray, type Element, elementOf, sizeOfShape } from "./elements.ts";
import { attempt, type Parsed } from "./format.ts";

const codes: { readonly [code: string]: Element } = {
  BOOL: "bool",
  U8: "u8",
  I8: "i8",
  I16: "i16",
  U16: "u16",
  F16: "f16",
  BF16: "bf16",
  I32: "i32",
  U32: "u32",
  F32: "f32",
  F64: "f64",
  I64: "i64",
  U64: "u64",
};
const codeOf = (element: Element): string => Object.entries(codes).find(([, e]) => e === element)?.[0] as string;

/** The contents of a safetensors file. */
export interface Safetensors {
  readonly tensors: { readonly [name: string]: NDArray };
  /** Free text that came along. */
  readonly metadata: { readonly [key: string]: string };
}

type Json = Readonly<Record<string, unknown>>;
const isRecord = (x: unknown): x is Json => typeof x === "object" && x !== null && !Array.isArray(x);
const isNaturals = (x: unknown): x is readonly number[] =>
  Array.isArray(x) && x.every((d) => Number.isSafeInteger(d) && d >= 0);

/** What the header says about one tensor. */
interface Tensor {
  readonly name: string;
  readonly element: Element;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const describe = (cursor: Cursor, name: string, value: unknown): Tensor => {
  const { dtype, shape, data_offsets } = isRecord(value) ? value : ({} as Json);
  const element = typeof dtype === "string" && Object.hasOwn(codes, dtype) ? codes[dtype] : undefined;
  const what = `tensor ${JSON.stringify(name)}`;
  if (element === undefined)
    return cursor.fail(`${what} with a dtype among ${Object.keys(codes).join(", ")}`, JSON.stringify(dtype), 8);
  if (!isNaturals(shape) || !isNaturals(data_offsets) || data_offsets.length !== 2)
    return cursor.fail(`${what} with shape and data_offsets`, JSON.stringify(value), 8);
  const [begin, end] = data_offsets as readonly [number, number];
  const bytes = sizeOfShape(shape, { format: cursor.format, at: 8 }) * bytesOf(element);
  if (end - begin !== bytes) return cursor.fail(`${what} with ${bytes} bytes`, `offsets ${begin} to ${end}`, 8);
  return { name, element, shape, begin, end };
};

const parseHeader = (cursor: Cursor, text: string): Json => {
  try {
    const header: unknown = JSON.parse(text);
    if (isRecord(header)) return header;
  } catch {}
  return cursor.fail("a header that is a JSON object", JSON.stringify(text.slice(0, 40)), 8);
};
const parseMetadata = (cursor: Cursor, value: unknown): Safetensors["metadata"] => {
  if (value === undefined) return {};
  if (isRecord(value) && Object.values(value).every((v) => typeof v === "string"))
    return value as Safetensors["metadata"];
  return cursor.fail("__metadata__ with strings", JSON.stringify(value), 8);
};

/** The tensors must fill the data without holes or overlaps: nothing can hide between them. */
const demandFull = (cursor: Cursor, tensors: readonly Tensor[], size: number): void => {
  let filled = 0;
  for (const { name, begin, end } of [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== filled) cursor.fail(`tensor ${JSON.stringify(name)} at offset ${filled}`, `offset ${begin}`, 8);
    filled = end;
  }
  if (filled !== size) cursor.fail(`${filled} bytes of data`, `${size}`);
};

const readSafetensors = (bytes: Uint8Array): Safetensors => {
  const cursor = new Cursor("safetensors", bytes);
  const length = cursor.u64("the length of the header");
  if (length > BigInt(cursor.left)) cursor.fail(`a header of at most ${cursor.left} bytes`, String(length), 0);
  const { __metadata__, ...described } = parseHeader(cursor, cursor.text(Number(length), "the header"));
  const tensors = Object.entries(described).map(([name, value]) => describe(cursor, name, value));
  const base = cursor.at;
  demandFull(cursor, tensors, cursor.left);
  const array = ({ element, shape, begin, end }: Tensor): NDArray =>
    arrayOf(element, shape, bytes.subarray(base + begin, base + end), true, {
      format: cursor.format,
      at: base + begin,
    });
  return {
    tensors: Object.fromEntries(tensors.map((tensor) => [tensor.name, array(tensor)])),
    metadata: parseMetadata(cursor, __metadata__),
  };
};

/**
 * The arrays in a safetensors file by name, and its metadata. float16 and bfloat16 become float32, int8 and int16 int32, and
 * 64-bit integers 32-bit ones if all of them fit.
 * @example
 * const file = io.writeSafetensors({ w: np.ones([2, 2]) }, { made: "by hand" });
 * io.orThrow(io.parseSafetensors(file)) // => { tensors: { w: [[1 1] [1 1]] }, metadata: { made: by hand } }
 */
export const parseSafetensors = (bytes: Uint8Array): Parsed<Safetensors> => attempt(() => readSafetensors(bytes));

/**
 * The bytes of a safetensors file: wide elements first and then by name, so that every array is aligned.
 * @example
 * io.writeSafetensors({ b: np.zeros([3]) }).length // => 76
 */
export const writeSafetensors = (
  tensors: Safetensors["tensors"],
  metadata: Safetensors["metadata"] = {},
): Uint8Array => {
  const order = Object.keys(tensors)
    .sort()
    .map((name) => ({ name, x: tensors[name] as NDArray }))
    .sort((a, b) => bytesOf(elementOf[b.x.dtype]) - bytesOf(elementOf[a.x.dtype]));
  let offset = 0;
  const described = order.map(({ name, x }) => {
    const element = elementOf[x.dtype],
      begin = offset;
    offset += x.size * bytesOf(element);
    return [name, { dtype: codeOf(element), shape: x.shape, data_offsets: [begin, offset] }] as const;
  });
  const notes = Object.keys(metadata).length === 0 ? [] : [["__metadata__", metadata] as const];
  const text = encode(JSON.stringify(Object.fromEntries<unknown>([...notes, ...described])));
  const padding = encode(" ".repeat((8 - (text.length % 8)) % 8)),
    length = text.length + padding.length;
  return join([littleEndian(4, length, 0), text, padding, ...order.map(({ x }) => bytesOfArray(x))]);
};
