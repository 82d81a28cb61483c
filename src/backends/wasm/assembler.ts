// A builder of WebAssembly modules: functions are written instruction by instruction straight into bytes.
// Nothing is allocated per instruction; mistakes in types or nesting are left to the engine's own validation.
import { type Bytes, byteString } from "./bytes.ts";
import { type Op, opcodes } from "./opcodes.ts";

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
  /** The binary. Throws RangeError when a declared function has no body. */
  readonly finish: () => Uint8Array<ArrayBuffer>;
}

/** A function: its locals (runs of equal type, counts beside types) and, when defined, its encoded body. */
interface Func {
  readonly name: string;
  readonly type: number;
  readonly exported: boolean;
  body: Uint8Array | null;
}
interface Frame {
  locals: number;
  readonly runTypes: number[];
  readonly runCounts: number[];
}

const missing = (op: Op, what: string): never => {
  throw new RangeError(`wasm assembler: ${op} needs ${what}`);
};

/** The instruction writer over `out`; `frame` gives the function whose locals are being declared. */
const writer = (out: Bytes, frame: () => Frame): Code => {
  const { byte, u32 } = out;
  const opcode = (op: Op): void => {
    const { prefix, code } = opcodes[op];
    if (prefix !== 0) byte(prefix);
    u32(code);
  };
  return {
    local: (type) => {
      const { runTypes, runCounts } = frame();
      const code = valTypes[type];
      const last = runTypes.length - 1;
      if (runTypes[last] === code) runCounts[last]!++;
      else {
        runTypes.push(code);
        runCounts.push(1);
      }
      return frame().locals++;
    },
    emit: (op, a?: number, b?: number, c?: number, ...more: readonly number[]) => {
      const { prefix, code, immediates } = opcodes[op];
      if (prefix !== 0) byte(prefix);
      u32(code);
      if (immediates === "none") return;
      if (immediates === "block") return byte(0x40);
      if (immediates === "zero") return byte(0);
      if (immediates === "zeros") {
        byte(0);
        return byte(0);
      }
      if (a === undefined) return missing(op, "an immediate");
      switch (immediates) {
        case "index":
          return u32(a);
        case "i32":
          return out.i32(a);
        case "memory":
          if (b === undefined) return missing(op, "an alignment and an offset");
          u32(a);
          return u32(b);
        case "memoryLane":
          if (b === undefined || c === undefined) return missing(op, "an alignment, an offset and a lane");
          u32(a);
          u32(b);
          return byte(c);
        case "lane":
          return byte(a);
        case "f32":
          return out.f32(a);
        case "f64":
          return out.f64(a);
        case "i64":
          return out.i64(BigInt(a));
        case "v128":
        case "shuffle":
          if (b === undefined || c === undefined || more.length !== 13) return missing(op, "16 bytes");
          byte(a);
          byte(b);
          byte(c);
          return out.raw(more);
        case "labels": {
          const labels = [a, b, c, ...more].filter((label) => label !== undefined);
          u32(labels.length - 1);
          return labels.forEach(u32);
        }
      }
    },
    i64const: (value) => {
      opcode("i64.const");
      out.i64(value);
    },
    v128const: (bytes) => {
      if (bytes.length !== 16) missing("v128.const", "16 bytes");
      opcode("v128.const");
      out.raw(bytes);
    },
    blockTyped: (op, type) => {
      opcode(op);
      byte(valTypes[type]);
    },
  };
};

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
    types.byte(0x60);
    for (const list of [params, results]) {
      types.u32(list.length);
      for (const type of list) types.byte(valTypes[type]);
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
    const start = code.length();
    frame = { locals: paramCounts[func.type]!, runTypes: [], runCounts: [] };
    body(writeCode);
    code.byte(0x0b);
    const instructions = code.take(start);
    code.u32(frame.runTypes.length);
    frame.runTypes.forEach((type, i) => {
      code.u32(frame.runCounts[i]!);
      code.byte(type);
    });
    code.raw(instructions);
    func.body = code.take(start);
    frame = outer;
  };

  const section = (out: Bytes, id: number, count: number, content: Uint8Array): void => {
    if (count === 0) return;
    const head = byteString(8);
    head.u32(count);
    const size = head.take(0);
    out.byte(id);
    out.u32(size.length + content.length);
    out.raw(size);
    out.raw(content);
  };

  const finish: ModuleBuilder["finish"] = () => {
    const total = funcs.reduce((sum, { name, body }) => {
      if (body === null) throw new RangeError(`wasm assembler: function ${name} has no body`);
      return sum + body.length + 10;
    }, 0);
    const out = byteString(total + 1024);
    const part = byteString(total);
    out.raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(out, sections.type, typeIndex.size, types.take(0));
    section(out, sections.import, importCount, imports.take(0));
    for (const { type } of funcs) part.u32(type);
    section(out, sections.func, funcs.length, part.take(0));
    section(out, sections.global, globalCount, globals.take(0));
    funcs.forEach(({ name, exported }, i) => {
      if (!exported) return;
      part.name(name);
      part.byte(0);
      part.u32(imported.length + i);
    });
    section(out, sections.export, funcs.filter(({ exported }) => exported).length, part.take(0));
    for (const { body } of funcs) {
      part.u32(body!.length);
      part.raw(body!);
    }
    section(out, sections.code, funcs.length, part.take(0));
    const names = [...imported, ...funcs.map(({ name }) => name)];
    part.u32(names.length);
    names.forEach((name, i) => {
      part.u32(i);
      part.name(name);
    });
    const nameMap = part.take(0);
    part.name("name");
    part.byte(1); // the subsection of function names
    part.u32(nameMap.length);
    part.raw(nameMap);
    const custom = part.take(0);
    out.byte(sections.custom);
    out.u32(custom.length);
    out.raw(custom);
    return out.take(0);
  };

  return {
    importMemory: ({ module, name, min, max, shared = false }) => {
      imports.name(module);
      imports.name(name);
      imports.byte(2);
      imports.byte((max === undefined ? 0 : 1) | (shared ? 2 : 0));
      imports.u32(min);
      if (max !== undefined) imports.u32(max);
      importCount++;
    },
    importFunc: (module, name, params, results) => {
      if (funcs.length > 0) throw new RangeError(`wasm assembler: import ${module}.${name} before the first function`);
      imports.name(module);
      imports.name(name);
      imports.byte(0);
      imports.u32(typeOf(params, results));
      importCount++;
      imported.push(`${module}.${name}`);
      return imported.length - 1;
    },
    global: (type, mutable, init) => {
      globals.byte(valTypes[type]);
      globals.byte(mutable ? 1 : 0);
      if (type === "v128" && init !== 0) throw new RangeError("wasm assembler: a v128 global starts as 0");
      const constants = writer(globals, () => frame);
      if (type === "v128") constants.v128const(new Uint8Array(16));
      else constants.emit(`${type}.const`, init);
      globals.byte(0x0b);
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
