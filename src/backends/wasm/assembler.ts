// A builder of WebAssembly modules: functions are written instruction by instruction straight into bytes.
// Nothing is allocated per instruction; mistakes in types or nesting are left to the engine's own validation.
import {
  type Bytes,
  byteString,
  putByte,
  putBytes,
  putF32,
  putF64,
  putI32,
  putI64,
  putName,
  putSized,
  putU32,
  take,
} from "./bytes.ts";
import { type Immediates, type Op, opcodes } from "./opcodes.ts";

/** Types of values, locals and globals. */
export type ValType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Binary codes of the value types. */
export const valTypes: Readonly<Record<ValType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Numbers of the sections that the builder writes and the decoder reads. */
export const sections = { custom: 0, type: 1, import: 2, func: 3, global: 6, export: 7, code: 10 } as const;

/** The body of one function under construction; its final `end` is added by the builder. */
export interface Code {
  /** Declare a local and return its index (parameters come first). */
  readonly local: (type: ValType) => number;
  /**
   * Append an instruction. Immediates: an index for branches, calls and variables; `(log2 of align, offset)` for memory
   * accesses, and a lane for `load_lane` and `store_lane`; a lane for `extract_lane` and `replace_lane`; 16 numbers for
   * `i8x16.shuffle`; labels with the default last for `br_table`; a number for `i32.const` (signed or unsigned),
   * `f32.const` and `f64.const`. `block`, `loop` and `if` have no result here. Throws RangeError when one is missing.
   */
  readonly emit: (op: Op, ...immediates: readonly number[]) => void;
  readonly i64const: (value: bigint) => void;
  /** `v128.const` of 16 bytes, lowest lane first. */
  readonly v128const: (bytes: Uint8Array) => void;
  /** A block that leaves one value. */
  readonly blockTyped: (op: "block" | "loop" | "if", type: ValType) => void;
}

/** A module under construction. */
export interface ModuleBuilder {
  /** Import the one memory; sizes in pages of 64 KiB. */
  readonly importMemory: (spec: {
    readonly module: string;
    readonly name: string;
    readonly min: number;
    readonly max?: number;
    readonly shared?: boolean;
  }) => void;
  /** Import a function and return its index. Must precede every `func` and `declare`. */
  readonly importFunc: (
    module: string,
    name: string,
    params: readonly ValType[],
    results: readonly ValType[],
  ) => number;
  /** Add a global and return its index. A v128 can only start as 0. */
  readonly global: (type: ValType, mutable: boolean, init: number) => number;
  /** Add a function and return its index. */
  readonly func: (spec: {
    readonly name: string;
    readonly params: readonly ValType[];
    readonly results?: readonly ValType[];
    readonly exported?: boolean;
    readonly body: (code: Code) => void;
  }) => number;
  /** Announce a function, so that others can call it before `define` gives its body; returns its index. */
  readonly declare: (
    name: string,
    params: readonly ValType[],
    results?: readonly ValType[],
    exported?: boolean,
  ) => number;
  /** Give a declared function its body, once; may be called while another body is being written. */
  readonly define: (index: number, body: (code: Code) => void) => void;
  /** The binary; ends the builder. Throws RangeError when a declared function has no body. */
  readonly finish: () => Uint8Array<ArrayBuffer>;
}

/** A function: its type's index and, once it is defined, its encoded body. */
interface Func {
  readonly name: string;
  readonly type: number;
  readonly exported: boolean;
  body: Uint8Array | null;
}

/** The function being written: how many parameters and locals it has, and its locals as runs of equal type. */
interface Frame {
  locals: number;
  readonly runTypes: number[];
  readonly runCounts: number[];
}

const missing = (op: Op, what: string): never => {
  throw new RangeError(`wasm assembler: ${op} needs ${what}`);
};

const putOp = (out: Bytes, op: Op): Immediates => {
  const { prefix, code, immediates } = opcodes[op];
  if (prefix === 0) putByte(out, code);
  else {
    putByte(out, prefix);
    putU32(out, code);
  }
  return immediates;
};

/** The immediates that `emit` does not meet often. */
const putRare = (out: Bytes, op: Op, immediates: Immediates, values: readonly number[]): void => {
  const expect = (count: number): void => {
    if (values.length !== count) missing(op, `${count} immediates`);
  };
  switch (immediates) {
    case "zeros":
      putBytes(out, [0, 0]);
      break;
    case "memoryLane":
      expect(3);
      for (const value of values) putU32(out, value);
      break;
    case "i64":
      expect(1);
      putI64(out, BigInt(values[0]!));
      break;
    case "labels":
      if (values.length === 0) missing(op, "labels");
      putU32(out, values.length - 1);
      for (const label of values) putU32(out, label);
      break;
    default: // v128, shuffle
      expect(16);
      putBytes(out, values);
  }
};

/** The instruction writer over `out`; `frame` gives the function whose locals are being declared. */
const writer = (out: Bytes, frame: () => Frame): Code => ({
  local: (type) => {
    const at = frame();
    const code = valTypes[type];
    const last = at.runTypes.length - 1;
    if (at.runTypes[last] === code) at.runCounts[last]!++;
    else {
      at.runTypes.push(code);
      at.runCounts.push(1);
    }
    return at.locals++;
  },
  emit: (op, ...values) => {
    const immediates = putOp(out, op);
    if (immediates === "none") return;
    const first = values[0];
    switch (immediates) {
      case "index":
      case "lane":
        putU32(out, first ?? missing(op, "an index"));
        break;
      case "memory":
        putU32(out, first ?? missing(op, "an alignment"));
        putU32(out, values[1] ?? missing(op, "an offset"));
        break;
      case "i32":
        putI32(out, first ?? missing(op, "a number"));
        break;
      case "f32":
        putF32(out, first ?? missing(op, "a number"));
        break;
      case "f64":
        putF64(out, first ?? missing(op, "a number"));
        break;
      case "block":
        putByte(out, 0x40);
        break;
      case "zero":
        putByte(out, 0);
        break;
      default:
        putRare(out, op, immediates, values);
    }
  },
  i64const: (value) => {
    putOp(out, "i64.const");
    putI64(out, value);
  },
  v128const: (bytes) => {
    if (bytes.length !== 16) missing("v128.const", "16 bytes");
    putOp(out, "v128.const");
    putBytes(out, bytes);
  },
  blockTyped: (op, type) => {
    putOp(out, op);
    putByte(out, valTypes[type]);
  },
});

/** Start a module. */
export const moduleBuilder = (): ModuleBuilder => {
  const types = byteString(64);
  const imports = byteString(64);
  const globals = byteString(64);
  const code = byteString(1 << 14);
  const typeIndex = new Map<string, number>();
  const imported: string[] = [];
  const funcs: Func[] = [];
  let importCount = 0;
  let globalCount = 0;
  let frame: Frame = { locals: 0, runTypes: [], runCounts: [] };
  const writeCode = writer(code, () => frame);
  const paramCounts: number[] = [];

  const typeOf = (params: readonly ValType[], results: readonly ValType[]): number => {
    const key = `${params.join()}>${results.join()}`;
    const known = typeIndex.get(key);
    if (known !== undefined) return known;
    putByte(types, 0x60);
    for (const list of [params, results]) {
      putU32(types, list.length);
      for (const type of list) putByte(types, valTypes[type]);
    }
    const index = typeIndex.size;
    typeIndex.set(key, index);
    paramCounts.push(params.length);
    return index;
  };

  const declare: ModuleBuilder["declare"] = (name, params, results = [], exported = false) => {
    funcs.push({ name, type: typeOf(params, results), exported, body: null });
    return imported.length + funcs.length - 1;
  };

  const define: ModuleBuilder["define"] = (index, body) => {
    const func = funcs[index - imported.length];
    if (func === undefined || func.body !== null)
      throw new RangeError(`wasm assembler: function ${index} is ${func ? "defined twice" : "not declared"}`);
    const outer = frame;
    const start = code.length;
    frame = { locals: paramCounts[func.type]!, runTypes: [], runCounts: [] };
    body(writeCode);
    putByte(code, 0x0b);
    const instructions = take(code, start);
    putU32(code, frame.runTypes.length);
    frame.runTypes.forEach((type, i) => {
      putU32(code, frame.runCounts[i]!);
      putByte(code, type);
    });
    putBytes(code, instructions);
    func.body = take(code, start);
    frame = outer;
  };

  const section = (out: Bytes, id: number, count: number, content: Uint8Array): void => {
    if (count === 0) return;
    const head = byteString(8);
    putU32(head, count);
    const size = take(head);
    putByte(out, id);
    putU32(out, size.length + content.length);
    putBytes(out, size);
    putBytes(out, content);
  };

  const finish: ModuleBuilder["finish"] = () => {
    const total = funcs.reduce((sum, { name, body }) => {
      if (body === null) throw new RangeError(`wasm assembler: function ${name} has no body`);
      return sum + body.length + 10;
    }, 0);
    const out = byteString(total + 1024);
    const part = byteString(total);
    putBytes(out, [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(out, sections.type, typeIndex.size, take(types));
    section(out, sections.import, importCount, take(imports));
    for (const { type } of funcs) putU32(part, type);
    section(out, sections.func, funcs.length, take(part));
    section(out, sections.global, globalCount, take(globals));
    funcs.forEach(({ name, exported }, i) => {
      if (!exported) return;
      putName(part, name);
      putByte(part, 0);
      putU32(part, imported.length + i);
    });
    section(out, sections.export, funcs.filter(({ exported }) => exported).length, take(part));
    for (const { body } of funcs) putSized(part, body!);
    section(out, sections.code, funcs.length, take(part));
    const names = [...imported, ...funcs.map(({ name }) => name)];
    putU32(part, names.length);
    names.forEach((name, i) => {
      putU32(part, i);
      putName(part, name);
    });
    const nameMap = take(part);
    putName(part, "name");
    putByte(part, 1); // the subsection of function names
    putSized(part, nameMap);
    putByte(out, sections.custom);
    putSized(out, take(part));
    return take(out);
  };

  return {
    importMemory: ({ module, name, min, max, shared = false }) => {
      putName(imports, module);
      putName(imports, name);
      putByte(imports, 2);
      putByte(imports, (max === undefined ? 0 : 1) | (shared ? 2 : 0));
      putU32(imports, min);
      if (max !== undefined) putU32(imports, max);
      importCount++;
    },
    importFunc: (module, name, params, results) => {
      if (funcs.length > 0) throw new RangeError(`wasm assembler: import ${module}.${name} before the first function`);
      putName(imports, module);
      putName(imports, name);
      putByte(imports, 0);
      putU32(imports, typeOf(params, results));
      importCount++;
      imported.push(`${module}.${name}`);
      return imported.length - 1;
    },
    global: (type, mutable, init) => {
      putByte(globals, valTypes[type]);
      putByte(globals, mutable ? 1 : 0);
      if (type === "v128" && init !== 0) throw new RangeError("wasm assembler: a v128 global starts as 0");
      const constants = writer(globals, () => frame);
      if (type === "v128") constants.v128const(new Uint8Array(16));
      else constants.emit(`${type}.const`, init);
      putByte(globals, 0x0b);
      return globalCount++;
    },
    func: ({ name, params, results = [], exported = false, body }) => {
      const index = declare(name, params, results, exported);
      define(index, body);
      return index;
    },
    declare,
    define,
    finish,
  };
};
