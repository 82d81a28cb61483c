// Elementwise equations of eager code on small arrays: one compiled loop serves every shape, so that code whose shapes keep changing
// compiles each operation once. Bigger arrays get a program of their own, which threads can share.
import { compile } from "../compile/compile.ts";
import type { Compiled } from "../compile/compiled.ts";
import { counted } from "../compile/counted.ts";
import type { Aval } from "../core/aval.ts";
import { aval, sizeOf } from "../core/aval.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { Var } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import { Literal } from "../core/value.ts";
import type { Executable, Program } from "../kernel/program.ts";
import { EquationCache } from "./cache.ts";
import type { Device } from "./device.ts";
import { type Loaded, load } from "./load.ts";

/** Elements of the longest row. */
export const longest = 1 << 16;
/** A loop that is ready to run over rows of any length. */
interface Row {
  readonly compiled: Compiled;
  readonly program: Program;
  readonly executable: Executable;
}
/** The loops of one device. */
export type Rows = EquationCache<Row | null>;
export const rows = (): Rows => new EquationCache(1024);

/**
 * The equation `lambda ins. prim[attrs] ins`, whose jaxpr is `whole`, by a loop that serves other shapes too; null if there is none.
 * `compiled` is told how many loops had to be compiled.
 */
export const loadRow = (
  known: Rows,
  device: Device,
  prim: AnyPrimitive,
  attrs: unknown,
  whole: Jaxpr,
  compiling: (what: Jaxpr) => void,
): Loaded | null => {
  const ins = whole.ins.map((v) => v.aval),
    out = whole.outs[0]?.aval as Aval,
    n = sizeOf(out.shape);
  if (prim.inRow === undefined || out.shape.length === 0 || n === 0 || n > longest) return null;
  const inRow = prim.inRow(ins, attrs, longest);
  if (inRow === null) return null;
  const flat = ins.map((a) => new Var(a.shape.length === 0 ? a : aval([longest], a.dtype)));
  const row = known.get(prim, flat, inRow, (): Row | null => {
    const result = new Var(aval([longest], out.dtype)),
      jaxpr = { consts: 0, ins: flat, eqns: [{ prim, ins: flat, attrs: inRow, outs: [result] }], outs: [result] };
    compiling(jaxpr);
    const compiled = compile(jaxpr, { donated: flat.map(() => false) }),
      program = counted(compiled);
    return program === null ? null : { compiled, program, executable: device.backend.compile(program, compiled.plan) };
  });
  if (row === null) return null;
  const count = new Literal(n, "int32"),
    jaxpr: Jaxpr = { ...whole, ins: [...whole.ins, new Var(count.aval)] };
  return load({ ...row.compiled, program: row.program, jaxpr }, device, prim.name, null, {
    executable: row.executable,
    count,
  });
};
