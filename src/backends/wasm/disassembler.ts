// Modules as WebAssembly text, for people: `explain` and the golden files show it.
import { type DecodedFunc, decodeModule, type FuncType, type Instruction } from "./decoder.ts";
import { opcodes } from "./opcodes.ts";

const bits = new DataView(new ArrayBuffer(8));

/** The shortest text that reads back as the same float. */
const floatText = (value: number, round: (x: number) => number, payload: string): string => {
  if (Number.isNaN(value)) return payload;
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  for (let digits = 1; digits < 17; digits++) {
    const short = Number(value.toPrecision(digits));
    if (round(short) === value) return String(short);
  }
  return String(value);
};

const nanText = (negative: boolean, payload: bigint, quiet: bigint): string =>
  `${negative ? "-" : ""}nan${payload === quiet ? "" : `:0x${payload.toString(16)}`}`;

const f32Text = (pattern: number): string => {
  bits.setUint32(0, pattern);
  const nan = nanText(pattern >= 2 ** 31, BigInt(pattern & 0x7fffff), 0x400000n);
  return floatText(bits.getFloat32(0), Math.fround, nan);
};

const f64Text = (pattern: bigint): string => {
  bits.setBigUint64(0, pattern);
  const nan = nanText(pattern >> 63n === 1n, pattern & 0xfffffffffffffn, 0x8000000000000n);
  return floatText(bits.getFloat64(0), Number, nan);
};

const v128Text = (bytes: readonly (number | bigint)[]): string => {
  const word = (at: number): string => {
    const hex = [3, 2, 1, 0].map((i) =>
      Number(bytes[at + i])
        .toString(16)
        .padStart(2, "0"),
    );
    return `0x${hex.join("")}`;
  };
  return `i32x4 ${[0, 4, 8, 12].map(word).join(" ")}`;
};

const instructionText = ({ op, immediates, result }: Instruction, names: readonly string[]): string => {
  const [first = 0, second = 0, third = 0] = immediates;
  const access = (): string => `${Number(second) === 0 ? "" : ` offset=${second}`} align=${2 ** Number(first)}`;
  switch (opcodes[op].immediates) {
    case "memory":
      return op + access();
    case "memoryLane":
      return `${op}${access()} ${third}`;
    case "block":
      return result === null ? op : `${op} (result ${result})`;
    case "f32":
      return `${op} ${f32Text(Number(first))}`;
    case "f64":
      return `${op} ${f64Text(BigInt(first))}`;
    case "v128":
      return `${op} ${v128Text(immediates)}`;
    case "index":
      return op === "call" ? `call $${names[Number(first)] ?? first}` : `${op} ${first}`;
    default:
      return [op, ...immediates].join(" ");
  }
};

const typeText = ({ params, results }: FuncType): string =>
  (params.length === 0 ? "" : ` (param ${params.join(" ")})`) +
  (results.length === 0 ? "" : ` (result ${results.join(" ")})`);

const funcText = ({ name, exports, type, locals, code }: DecodedFunc, names: readonly string[]): readonly string[] => {
  const head = `  (func $${name}${exports.map((as) => ` (export "${as}")`).join("")}${typeText(type)}`;
  const lines = locals.length === 0 ? [head] : [head, `    (local ${locals.join(" ")})`];
  let depth = 2;
  for (const instruction of code.slice(0, -1)) {
    const { op } = instruction;
    if (op === "end" || op === "else") depth--;
    lines.push("  ".repeat(depth) + instructionText(instruction, names));
    if (op === "else" || opcodes[op].immediates === "block") depth++;
  }
  return [...lines, "  )"];
};

/**
 * A module of `moduleBuilder` as WebAssembly text: one instruction a line, indented by block depth, variables by index.
 * Throws RangeError on what the assembler cannot write.
 */
export const disassemble = (bytes: Uint8Array): string => {
  const { imports, globals, names, funcs } = decodeModule(bytes);
  let imported = 0;
  const importLines = imports.map(({ module, name, memory, type }) => {
    const what =
      memory === undefined
        ? `(func $${names[imported++]}${typeText(type!)})`
        : `(memory ${memory.min}${memory.max === null ? "" : ` ${memory.max}`}${memory.shared ? " shared" : ""})`;
    return `  (import "${module}" "${name}" ${what})`;
  });
  const globalLines = globals.map(
    ({ type, mutable, init }) => `  (global ${mutable ? `(mut ${type})` : type} (${instructionText(init, names)}))`,
  );
  return ["(module", ...importLines, ...globalLines, ...funcs.flatMap((func) => funcText(func, names)), ")", ""].join(
    "\n",
  );
};

/** Number of instructions of each function by its name, the final `end` not counted; functions of one name are added up. */
export const countInstructions = (bytes: Uint8Array): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { name, code } of decodeModule(bytes).funcs) counts[name] = (counts[name] ?? 0) + code.length - 1;
  return counts;
};
