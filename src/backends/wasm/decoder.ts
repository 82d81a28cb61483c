// Reads back what the assembler writes, by the same instruction table.
import { sections, type ValType, valTypes } from "./assembler.ts";
import { type Immediates, type Op, opcodes } from "./opcodes.ts";

/** One instruction; `immediates` as `Code.emit` takes them, with `i64` and float constants as their bits. */
export interface Instruction {
  readonly op: Op;
  readonly immediates: readonly (number | bigint)[];
  /** Result of a `block`, `loop` or `if`, else null. */
  readonly result: ValType | null;
}

/** Parameters and results. */
export interface FuncType {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

/** A function with a body; its last instruction is its `end`. */
export interface DecodedFunc {
  readonly index: number;
  readonly name: string;
  readonly exports: readonly string[];
  readonly type: FuncType;
  readonly locals: readonly ValType[];
  readonly code: readonly Instruction[];
}

/** A module as data. */
export interface DecodedModule {
  readonly imports: readonly {
    readonly module: string;
    readonly name: string;
    readonly memory?: { readonly min: number; readonly max: number | null; readonly shared: boolean };
    readonly type?: FuncType;
  }[];
  readonly globals: readonly { readonly type: ValType; readonly mutable: boolean; readonly init: Instruction }[];
  /** Names of the imported functions, then of the others. */
  readonly names: readonly string[];
  readonly funcs: readonly DecodedFunc[];
}

const key = (prefix: number, code: number): number => prefix * 0x1000 + code;
const byKey = new Map<number, Op>();
const opAt = (prefix: number, code: number): Op => {
  if (byKey.size === 0)
    for (const [op, { prefix, code }] of Object.entries(opcodes)) byKey.set(key(prefix, code), op as Op);
  const op = byKey.get(key(prefix, code));
  if (op === undefined) throw new RangeError(`wasm decoder: unknown instruction ${prefix} ${code}`);
  return op;
};
const typeNames = new Map(Object.entries(valTypes).map(([name, code]) => [code, name as ValType]));
const typeNamed = (code: number): ValType => {
  const type = typeNames.get(code);
  if (type === undefined) throw new RangeError(`wasm decoder: unknown value type ${code}`);
  return type;
};

/** A cursor over bytes. */
const reader = (bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const byte = (): number => view.getUint8(at++);
  const leb = (): { readonly value: bigint; readonly bits: number } => {
    let value = 0n;
    for (let bits = 0; ; ) {
      const next = byte();
      value |= BigInt(next & 127) << BigInt(bits);
      bits += 7;
      if (next < 128) return { value, bits };
    }
  };
  const u32 = (): number => {
    const first = byte();
    if (first < 128) return first;
    at--;
    return Number(leb().value);
  };
  const signed = (): bigint => {
    const { value, bits } = leb();
    return BigInt.asIntN(bits, value);
  };
  const raw = (count: number): Uint8Array => {
    at += count;
    return bytes.subarray(at - count, at);
  };
  const list = <T>(item: (index: number) => T): readonly T[] => Array.from({ length: u32() }, (_, i) => item(i));
  return {
    at: () => at,
    seek: (to: number) => {
      at = to;
    },
    byte,
    u32,
    signed,
    raw,
    list,
    u32Bits: () => {
      at += 4;
      return view.getUint32(at - 4, true);
    },
    u64Bits: () => {
      at += 8;
      return view.getBigUint64(at - 8, true);
    },
    name: () => new TextDecoder().decode(raw(u32())),
  };
};
type Reader = ReturnType<typeof reader>;

const readImmediates = (from: Reader, immediates: Immediates): readonly (number | bigint)[] => {
  switch (immediates) {
    case "none":
    case "block": // a result type, read by the caller
      return [];
    case "zero":
      from.byte();
      return [];
    case "zeros":
      from.raw(2);
      return [];
    case "index":
    case "lane":
      return [from.u32()];
    case "labels": {
      const labels = from.list(from.u32);
      return [...labels, from.u32()];
    }
    case "memory":
      return [from.u32(), from.u32()];
    case "memoryLane":
      return [from.u32(), from.u32(), from.u32()];
    case "i32":
      return [Number(from.signed())];
    case "i64":
      return [from.signed()];
    case "f32":
      return [from.u32Bits()];
    case "f64":
      return [from.u64Bits()];
    case "v128":
    case "shuffle":
      return [...from.raw(16)];
  }
};

const readInstruction = (from: Reader): Instruction => {
  const first = from.byte();
  const op = first < 0xfc ? opAt(0, first) : opAt(first, from.u32());
  const { immediates } = opcodes[op];
  if (immediates !== "block") return { op, immediates: readImmediates(from, immediates), result: null };
  const result = from.byte();
  return { op, immediates: [], result: result === 0x40 ? null : typeNamed(result) };
};

/** Instructions up to and with the `end` that closes what is open at the start. */
const readExpression = (from: Reader): readonly Instruction[] => {
  const code: Instruction[] = [];
  for (let depth = 1; depth > 0; ) {
    const instruction = readInstruction(from);
    code.push(instruction);
    if (opcodes[instruction.op].immediates === "block") depth++;
    if (instruction.op === "end") depth--;
  }
  return code;
};

const readMemory = (from: Reader) => {
  const flags = from.byte();
  return { min: from.u32(), max: (flags & 1) === 1 ? from.u32() : null, shared: (flags & 2) === 2 };
};

/** Read a module made by `moduleBuilder`. Throws RangeError on what the assembler cannot write. */
export const decodeModule = (bytes: Uint8Array): DecodedModule => {
  const from = reader(bytes);
  const starts = new Map<number, number>();
  from.seek(8);
  while (from.at() < bytes.length) {
    const id = from.byte();
    const size = from.u32();
    starts.set(id, from.at());
    from.seek(from.at() + size);
  }
  const section = <T>(id: number, item: (index: number) => T): readonly T[] => {
    const start = starts.get(id);
    if (start === undefined) return [];
    from.seek(start);
    return from.list(item);
  };
  const valType = (): ValType => typeNamed(from.byte());
  const types = section(sections.type, () => {
    from.byte();
    return { params: from.list(valType), results: from.list(valType) };
  });
  const imports = section(sections.import, () => {
    const names = { module: from.name(), name: from.name() };
    return from.byte() === 2 ? { ...names, memory: readMemory(from) } : { ...names, type: types[from.u32()]! };
  });
  const importCount = imports.filter((entry) => "type" in entry).length;
  const funcTypes = section(sections.func, () => types[from.u32()]!);
  const globals = section(sections.global, () => {
    const type = valType();
    const mutable = from.byte() === 1;
    return { type, mutable, init: readExpression(from)[0]! };
  });
  const exported = section(sections.export, () => {
    const name = from.name();
    from.byte();
    return { name, index: from.u32() };
  });
  const names: string[] = [];
  const custom = starts.get(sections.custom);
  if (custom !== undefined) {
    from.seek(custom);
    from.name();
    from.byte();
    from.u32();
    for (const [index, name] of from.list(() => [from.u32(), from.name()] as const)) names[index] = name;
  }
  const funcs = section(sections.code, (i) => {
    from.u32();
    const index = importCount + i;
    const runs = from.list(() => ({ count: from.u32(), type: valType() }));
    return {
      index,
      name: names[index] ?? String(index),
      exports: exported.filter((entry) => entry.index === index).map(({ name }) => name),
      type: funcTypes[i]!,
      locals: runs.flatMap(({ count, type }) => Array<ValType>(count).fill(type)),
      code: readExpression(from),
    };
  });
  return { imports, globals, names, funcs };
};
