// Mathematical functions of the kernel IR compiled to WebAssembly and run over arrays of arguments.
import { wasmBackend } from "../src/backends/wasm/backend.ts";
import { canonical } from "../src/compile/canonical.ts";
import { hoist } from "../src/compile/hoist.ts";
import type { Expr, StorageType } from "../src/kernel/expr.ts";
import { buffer, interning, loopVar, read } from "../src/kernel/expr.ts";
import { expandMath } from "../src/kernel/math.ts";
import type { Kernel, Plan, Program } from "../src/kernel/program.ts";

export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

const backend = wasmBackend();
const base = 1 << 20;
const storage = (x: Numbers): StorageType =>
  x instanceof Float32Array ? "f32" : x instanceof Float64Array ? "f64" : "i32";
const place = (bytes: number, at: number): number => at + Math.ceil(bytes / 64) * 64 + (1 << 20);

/** A compiled function of arrays of equal length and type; `repeat` runs it again on the same arguments. */
export interface Runner {
  readonly result: () => Numbers;
  readonly repeat: () => void;
  readonly codeBytes: number;
}
/** Compile `f` over the elements of `args`, run it once. */
export const prepare = (
  args: readonly Numbers[],
  f: (...x: readonly Expr[]) => Expr,
  lanes: "vector" | "serial",
): Runner => {
  const first = args[0] as Numbers,
    n = first.length,
    type = storage(first);
  const [program, plan] = interning((): readonly [Program, Plan] => {
    const ins = args.map(() => buffer(type, [n])),
      i = loopVar("i", n);
    const value = canonical(expandMath([f(...ins.map((b) => read(b, [i])))]))[0] as Expr;
    const out = buffer(value.type as StorageType, [n]);
    const kernel: Kernel = {
      name: "f",
      params: [...ins, out],
      outputs: [out],
      scratch: [],
      body: hoist([
        { op: "for", index: i, mark: lanes, accs: [], body: [{ op: "store", buffer: out, at: [i], value }] },
      ]),
    };
    return [
      { inputs: ins, outputs: [out], temporaries: [], steps: [{ op: "call", kernel }] },
      { placements: [], arenaBytes: 0, livenessBytes: 0, aliases: new Map() },
    ];
  });
  const executable = backend.compile(program, plan);
  const places: number[] = [];
  let at = base;
  for (const a of [...args, first]) {
    places.push(at);
    at = place(a.byteLength, at);
  }
  backend.grow(at);
  args.forEach((a, k) => {
    new Uint8Array(backend.memory(), places[k] as number, a.byteLength).set(
      new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
    );
  });
  const target = places[args.length] as number,
    repeat = (): void => executable.run(places.slice(0, args.length), [target], 0);
  repeat();
  const type2 = program.outputs[0]?.type;
  const view = type2 === "f32" ? Float32Array : type2 === "f64" ? Float64Array : Int32Array;
  return {
    repeat,
    codeBytes: executable.codeBytes,
    result: () => new view(backend.memory() as ArrayBuffer, target, n).slice(),
  };
};
