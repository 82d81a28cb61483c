// What each numeric WebAssembly instruction does, by its name: a slow model on bytes, for the laws of the assembler.
import type { ValType } from "../src/backends/wasm/assembler.ts";
import type { Op } from "../src/backends/wasm/opcodes.ts";

/** Operand and result types of an instruction. */
export interface Signature {
  readonly params: readonly ValType[];
  readonly result: ValType | null;
}

const unaryNames =
  /^(clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|not|ext(end|add)\w+|(relaxed_)?trunc_\w+|wrap_\w+|convert_\w+|demote_\w+|promote_\w+|reinterpret_\w+)$/;
const compareNames = /^(eq|ne|lt|gt|le|ge)(_[su])?$/;

/** Types of the operands and the result, from the name alone. Control, variables and `v128.const` have no answer. */
export const signatureOf = (op: Op): Signature => {
  const [, prefix = "", name = ""] = /^([^.]+)\.(.+)$/.exec(op) ?? [];
  const sig = (params: readonly ValType[], result: ValType | null): Signature => ({ params, result });
  if (op === "memory.size") return sig([], "i32");
  if (op === "memory.grow") return sig(["i32"], "i32");
  if (op === "memory.atomic.notify") return sig(["i32", "i32"], "i32");
  if (op === "memory.atomic.wait32") return sig(["i32", "i32", "i64"], "i32");
  if (prefix === "memory") return sig(["i32", "i32", "i32"], null);
  if (op === "atomic.fence") return sig([], null);
  const packed = prefix.includes("x") || prefix === "v128";
  const type = (packed ? "v128" : prefix) as ValType;
  if (name.includes("cmpxchg")) return sig(["i32", "i32", "i32"], "i32");
  if (name.includes("rmw")) return sig(["i32", "i32"], "i32");
  if (name.includes("load")) return sig(name.endsWith("_lane") ? ["i32", "v128"] : ["i32"], type);
  if (name.includes("store")) return sig(["i32", type], null);
  if (!packed) {
    const source = /_([if](32|64))(_[su])?$/.exec(name)?.[1] as ValType | undefined;
    if (name === "eqz") return sig([type], "i32");
    if (compareNames.test(name)) return sig([type, type], "i32");
    if (source !== undefined) return sig([source], type);
    return sig(unaryNames.test(name) || /^extend\d/.test(name) ? [type] : [type, type], type);
  }
  const scalar = prefix.replace(/x\d+$/, "").replace(/^i(8|16)$/, "i32") as ValType;
  if (name === "splat") return sig([scalar], "v128");
  if (name.startsWith("extract_lane")) return sig(["v128"], scalar);
  if (name.startsWith("replace_lane")) return sig(["v128", scalar], "v128");
  if (/^(any_true|all_true|bitmask)$/.test(name)) return sig(["v128"], "i32");
  if (/^sh[lr]/.test(name)) return sig(["v128", "i32"], "v128");
  if (/bitselect|laneselect|madd|dot_\w+_add/.test(name)) return sig(["v128", "v128", "v128"], "v128");
  return sig(unaryNames.test(name) ? ["v128"] : ["v128", "v128"], "v128");
};

/** Lanes: `f32x4`; a scalar is one lane. */
interface Shape {
  readonly float: boolean;
  readonly bits: number;
  readonly lanes: number;
}
const shapeOf = (text: string): Shape => {
  if (text === "v128") return { float: false, bits: 64, lanes: 2 };
  const [, kind, bits, lanes = "1"] = /^([if])(\d+)(?:x(\d+))?$/.exec(text) ?? [];
  return { float: kind === "f", bits: Number(bits), lanes: Number(lanes) };
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
const ints = (bytes: Uint8Array, { bits, lanes }: Shape, signed = false): bigint[] =>
  Array.from({ length: lanes }, (_, lane) => {
    const width = bits / 8;
    const value = [...bytes.subarray(lane * width, (lane + 1) * width)].reduceRight(
      (sum, x) => sum * 256n + BigInt(x),
      0n,
    );
    return signed ? BigInt.asIntN(bits, value) : value;
  });
const floats = (bytes: Uint8Array, { bits, lanes }: Shape): number[] =>
  Array.from({ length: lanes }, (_, i) =>
    bits === 32 ? viewOf(bytes).getFloat32(4 * i, true) : viewOf(bytes).getFloat64(8 * i, true),
  );
const fromInts = (values: readonly bigint[], bits: number): Uint8Array => {
  const bytes = new Uint8Array(16);
  values.forEach((value, lane) => {
    for (let i = 0; i < bits / 8; i++) bytes[(lane * bits) / 8 + i] = Number((value >> BigInt(8 * i)) & 255n);
  });
  return bytes;
};
const fromFloats = (values: readonly number[], bits: number): Uint8Array => {
  const bytes = new Uint8Array(16);
  values.forEach((value, i) => {
    if (bits === 32) viewOf(bytes).setFloat32(4 * i, value, true);
    else viewOf(bytes).setFloat64(8 * i, value, true);
  });
  return bytes;
};

const least = (bits: number, signed: boolean): bigint => (signed ? -(2n ** BigInt(bits - 1)) : 0n);
const most = (bits: number, signed: boolean): bigint => 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
const saturate = (value: bigint, bits: number, signed: boolean): bigint => {
  const [low, high] = [least(bits, signed), most(bits, signed)];
  return value < low ? low : value > high ? high : value;
};
const truncate = (value: number, bits: number, signed: boolean): bigint => {
  if (Number.isNaN(value)) return 0n;
  const bound = Math.min(Math.max(Math.trunc(value), -(2 ** 65)), 2 ** 65);
  return saturate(BigInt(bound), bits, signed);
};
const bitString = (x: bigint, bits: number): string => BigInt.asUintN(bits, x).toString(2).padStart(bits, "0");
const bool = (x: boolean): bigint => (x ? 1n : 0n);

type Int = (x: bigint, y: bigint, bits: number, signed: boolean) => bigint;
const trap = (): never => {
  throw new RangeError("trap");
};
const quotient = (x: bigint, y: bigint, bits: number, signed: boolean): bigint =>
  y === 0n || x / y > most(bits, signed) ? trap() : x / y;

/** Operations of integers; those with `_s` or `_u` get their operands read so. */
const intOps: Readonly<Record<string, Int>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: quotient,
  rem: (x, y) => (y === 0n ? trap() : x % y),
  and: (x, y) => x & y,
  andnot: (x, y) => x & ~y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  not: (x) => ~x,
  shl: (x, y, bits) => x << (y & BigInt(bits - 1)),
  shr: (x, y, bits) => x >> (y & BigInt(bits - 1)),
  rotl: (x, y, bits) => (x << (y & BigInt(bits - 1))) | (x >> (BigInt(bits) - (y & BigInt(bits - 1)))),
  rotr: (x, y, bits) => (x >> (y & BigInt(bits - 1))) | (x << (BigInt(bits) - (y & BigInt(bits - 1)))),
  clz: (x, _, bits) => BigInt(bitString(x, bits).replace(/1.*$/, "").length),
  ctz: (x, _, bits) => BigInt(bitString(x, bits).replace(/^.*1/, "").length),
  popcnt: (x, _, bits) => BigInt(bitString(x, bits).replaceAll("0", "").length),
  abs: (x, _, bits) => (BigInt.asIntN(bits, x) < 0n ? -x : x),
  neg: (x) => -x,
  extend8: (x) => BigInt.asIntN(8, x),
  extend16: (x) => BigInt.asIntN(16, x),
  extend32: (x) => BigInt.asIntN(32, x),
  min: (x, y) => (x < y ? x : y),
  max: (x, y) => (x > y ? x : y),
  avgr: (x, y) => (x + y + 1n) / 2n,
  add_sat: (x, y, bits, signed) => saturate(x + y, bits, signed),
  sub_sat: (x, y, bits, signed) => saturate(x - y, bits, signed),
  q15mulr_sat: (x, y, bits) => saturate((x * y + 0x4000n) >> 15n, bits, true),
};
/** The same for comparisons, of numbers of both kinds. */
const compares: Readonly<Record<string, (x: bigint | number, y: bigint | number) => boolean>> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  gt: (x, y) => x > y,
  le: (x, y) => x <= y,
  ge: (x, y) => x >= y,
};
const nearest = (x: number): number => {
  const near = Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
  return near === 0 ? Math.sign(x) * 0 : near;
};
const signOf = (bits: number): bigint => 1n << BigInt(bits - 1);
/** Float instructions that keep all bits of a NaN. */
const signOps: Readonly<Record<string, (x: bigint, y: bigint, sign: bigint) => bigint>> = {
  abs: (x, _, sign) => x & ~sign,
  neg: (x, _, sign) => x ^ sign,
  copysign: (x, y, sign) => (x & ~sign) | (y & sign),
};
const floatOps: Readonly<Record<string, (x: number, y: number) => number>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  min: Math.min,
  max: Math.max,
  relaxed_min: Math.min,
  relaxed_max: Math.max,
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest,
  sqrt: Math.sqrt,
};

/** Conversions between shapes: `to` is the prefix of the instruction. */
const convert = (to: Shape, name: string, bytes: Uint8Array, other: Uint8Array, signed: boolean): Uint8Array | null => {
  const from = shapeOf(/[if]\d+(x\d+)?/.exec(name)?.[0] ?? "v128");
  const half = <T>(values: readonly T[]): readonly T[] =>
    name.includes("high") ? values.slice(values.length / 2) : values.slice(0, to.lanes);
  const read = (operand: Uint8Array): readonly bigint[] => half(ints(operand, from, signed));
  if (name.startsWith("reinterpret")) return fromInts(ints(bytes, from), to.bits);
  if (name.startsWith("wrap") || name.startsWith("extend_")) return fromInts(read(bytes), to.bits);
  if (name.startsWith("convert"))
    return fromFloats(
      read(bytes).map((x) => rounded(x, to.bits)),
      to.bits,
    );
  if (/^(demote|promote)/.test(name)) return fromFloats(half(floats(bytes, from)), to.bits);
  if (name.startsWith("extmul")) {
    const right = read(other);
    return fromInts(
      read(bytes).map((x, i) => x * right[i]!),
      to.bits,
    );
  }
  if (name.startsWith("narrow")) {
    const both = [...ints(bytes, from, true), ...ints(other, from, true)];
    return fromInts(
      both.map((x) => saturate(x, to.bits, signed)),
      to.bits,
    );
  }
  if (name.startsWith("extadd") || name.startsWith("dot")) {
    const right = name.startsWith("dot") ? ints(other, from, signed) : null;
    const terms = ints(bytes, from, signed).map((x, i) => x * (right === null ? 1n : right[i]!));
    return fromInts(
      Array.from({ length: to.lanes }, (_, i) => terms[2 * i]! + terms[2 * i + 1]!),
      to.bits,
    );
  }
  if (!/^(relaxed_)?trunc_/.test(name)) return null;
  return fromInts(
    floats(bytes, from).map((x) => {
      const result = truncate(x, to.bits, signed);
      return name.includes("sat") || name.includes("relaxed") || BigInt.asIntN(70, result) === whole(x)
        ? result
        : trap();
    }),
    to.bits,
  );
};
const whole = (x: number): bigint | null => (Number.isFinite(x) ? BigInt(Math.trunc(x)) : null);
/** An integer as a float, rounded once, to even. */
const rounded = (x: bigint, bits: number): number => {
  if (bits === 64) return Number(x);
  const size = x < 0n ? -x : x;
  const drop = BigInt(Math.max(0, size.toString(2).length - 26)); // two bits more than float32 has
  const sticky = size !== (size >> drop) << drop ? 1n : 0n;
  const short = Math.fround(Number(((size >> drop) << 1n) | sticky)) * 2 ** (Number(drop) - 1);
  return x < 0n ? -short : short;
};

/** Operations that look at the bytes of a whole vector; `lane` is the immediate of lane accesses. */
const wide = (shape: Shape, name: string, [a, b, c]: readonly Uint8Array[], lane: number): Uint8Array | null => {
  const width = shape.bits / 8;
  const select = (): Uint8Array => c!.map((mask, i) => (a![i]! & mask) | (b![i]! & ~mask));
  switch (name) {
    case "splat":
      return Uint8Array.from({ length: 16 }, (_, i) => a![i % width]!);
    case "extract_lane":
      return Uint8Array.from({ length: 16 }, (_, i) => (i < width ? a![lane * width + i]! : 0));
    case "extract_lane_s":
    case "extract_lane_u":
      return fromInts([ints(a!, shape, name.endsWith("s"))[lane]!], 32);
    case "replace_lane":
      return a!.map((x, i) => (Math.floor(i / width) === lane ? b![i % width]! : x));
    case "any_true":
      return fromInts([bool(a!.some((x) => x !== 0))], 32);
    case "all_true":
      return fromInts([bool(ints(a!, shape).every((x) => x !== 0n))], 32);
    case "bitmask":
      return fromInts([ints(a!, shape, true).reduce((sum, x, i) => sum + bool(x < 0n) * 2n ** BigInt(i), 0n)], 32);
    case "swizzle":
    case "relaxed_swizzle":
      return b!.map((i) => a![i] ?? 0);
    case "bitselect":
    case "relaxed_laneselect":
      return select();
    case "relaxed_madd":
    case "relaxed_nmadd": {
      const [x, y, z] = [a!, b!, c!].map((operand) => floats(operand, shape)) as [number[], number[], number[]];
      const sign = name === "relaxed_madd" ? 1 : -1;
      return fromFloats(
        x.map((p, i) => sign * p * y[i]! + z[i]!),
        shape.bits,
      );
    }
    default:
      return null;
  }
};

/** The result of a numeric instruction on operands of 16 bytes (scalars in the low ones). Throws RangeError for a trap. */
export const modelOf = (op: Op, operands: readonly Uint8Array[], lane: number): Uint8Array => {
  const [, prefix = "", name = ""] = /^([^.]+)\.(.+)$/.exec(op) ?? [];
  const shape = shapeOf(prefix);
  const [a, b = new Uint8Array(16)] = operands as readonly [Uint8Array, Uint8Array?];
  const plain = name.replace(/_[su](_zero)?$/, "");
  const signed = !/_u(_zero)?$/.test(name);
  const found =
    wide(shape, name, operands, lane) ??
    (/[a-z]_(low_|high_|pairwise_)?[if]\d/.test(name) ? convert(shape, name, a, b, signed) : null);
  if (found !== null) return found;
  if (name === "eqz") return fromInts([bool(ints(a, shape)[0] === 0n)], 32);
  const x = shape.float ? floats(a, shape) : ints(a, shape, signed && plain !== name);
  const y = shape.float ? floats(b, shape) : ints(b, shape, signed && plain !== name);
  const compare = compares[plain];
  if (compare !== undefined) {
    const yes = shape.lanes === 1 ? 1n : -1n;
    return fromInts(
      x.map((value, i) => yes * bool(compare(value, y[i]!))),
      shape.lanes === 1 ? 32 : shape.bits,
    );
  }
  if (/^pm(in|ax)$/.test(name)) {
    const right = ints(b, shape);
    const second = (i: number): boolean => (name === "pmin" ? y[i]! < x[i]! : x[i]! < y[i]!);
    return fromInts(
      ints(a, shape).map((value, i) => (second(i) ? right[i]! : value)),
      shape.bits,
    );
  }
  const signOp = shape.float ? signOps[name] : undefined;
  if (signOp !== undefined) {
    const right = ints(b, shape);
    return fromInts(
      ints(a, shape).map((value, i) => signOp(value, right[i]!, signOf(shape.bits))),
      shape.bits,
    );
  }
  if (shape.float)
    return fromFloats(
      x.map((value, i) => floatOps[name]!(Number(value), Number(y[i]))),
      shape.bits,
    );
  const shift = shape.lanes > 1 && /^sh[lr]/.test(name) ? ints(b, shapeOf("i32"))[0]! : null;
  const by = (i: number): bigint => shift ?? BigInt(y[i]!);
  return fromInts(
    x.map((value, i) => intOps[plain]!(BigInt(value), by(i), shape.bits, signed)),
    shape.bits,
  );
};

/** What a load gives: `source` is memory from the address on, `operand` the vector whose lane a `load_lane` replaces. */
export const loadModelOf = (op: Op, source: Uint8Array, operand: Uint8Array, lane: number): Uint8Array => {
  const [, prefix = "", width, count, how] = /^(\w+)\.load(\d+)?(?:x(\d+))?_?(s|u|splat|zero|lane)?$/.exec(op) ?? [];
  const bits = width === undefined ? (prefix === "v128" ? 128 : shapeOf(prefix).bits) : Number(width);
  const low = source.map((x, i) => (i < bits / 8 ? x : 0));
  if (count !== undefined)
    return fromInts(ints(source, { float: false, bits, lanes: Number(count) }, how === "s"), 2 * bits);
  if (how === "splat") return source.map((_, i) => source[i % (bits / 8)]!);
  if (how === "lane") return operand.map((x, i) => (Math.floor((8 * i) / bits) === lane ? source[i % (bits / 8)]! : x));
  return how === "s" ? fromInts(ints(low, { float: false, bits, lanes: 1 }, true), shapeOf(prefix).bits) : low;
};

/** The bytes that a store writes. */
export const storeModelOf = (op: Op, operand: Uint8Array, lane: number): Uint8Array => {
  const [, prefix = "", width, laned] = /^(\w+)\.store(\d+)?(_lane)?$/.exec(op) ?? [];
  const size = (width === undefined ? (prefix === "v128" ? 128 : shapeOf(prefix).bits) : Number(width)) / 8;
  const start = laned === undefined ? 0 : lane * size;
  return operand.slice(start, start + size);
};
