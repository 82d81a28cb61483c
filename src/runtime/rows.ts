// Elementwise equations of eager code on small arrays: one compiled loop serves every shape, so that code whose shapes keep changing
// compiles each operation once. Bigger arrays get a program of their own, which threads can share.
import { compile } from "../compile/compile.ts";
import type { Compiled } from "../compile/compiled.ts";
import { counted } from "../compile/counted.ts";
import type { Aval } from "../core/aval.ts";
import { aval, sizeOf } from "../core/aval.ts";
import type { Atom, Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isCall, Var } from "../core/jaxpr.ts";
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

/** The same over rows of `n` elements, numbers staying numbers; null if it is not one loop over all elements. */
const inRows = (whole: Jaxpr, n: number): Jaxpr | null => {
  const names = new Map<Atom, Var>(),
    of = ({ aval: a }: Atom): Var => new Var(a.shape.length === 0 ? a : aval([n], a.dtype)),
    name = (x: Atom): Var => names.get(x) ?? (names.set(x, of(x)).get(x) as Var);
  const eqns: Eqn[] = [];
  for (const { prim, ins, attrs, outs } of whole.eqns) {
    const inRow = isCall(prim)
      ? null
      : prim.inRow?.(
          ins.map((x) => x.aval),
          attrs,
          n,
        );
    if (inRow === null || inRow === undefined) return null;
    eqns.push({ prim, ins: ins.map(name), attrs: inRow, outs: outs.map(name) });
  }
  return { consts: 0, ins: whole.ins.map(name), eqns, outs: whole.outs.map(name) };
};

/**
 * A program that ends with an elementwise equation, the operands of which are arguments or numbers repeated, by a loop that serves
 * other shapes too; null if there is none. `compiling` is told what has to be compiled.
 */
export const loadRow = (known: Rows, device: Device, whole: Jaxpr, compiling: (what: Jaxpr) => void): Loaded | null => {
  const out = whole.outs[0]?.aval as Aval,
    n = sizeOf(out.shape);
  if (out.shape.length === 0 || n === 0 || n > longest) return null;
  const jaxpr = inRows(whole, longest),
    last = jaxpr?.eqns.at(-1);
  if (jaxpr === null || last === undefined) return null;
  const row = known.get(last.prim, jaxpr.ins, last.attrs, (): Row | null => {
    compiling(jaxpr);
    const compiled = compile(jaxpr, { donated: jaxpr.ins.map(() => false) }),
      program = counted(compiled);
    return program === null ? null : { compiled, program, executable: device.backend.compile(program, compiled.plan) };
  });
  if (row === null) return null;
  const count = new Literal(n, "int32"),
    counting: Jaxpr = { ...whole, ins: [...whole.ins, new Var(count.aval)] };
  return load({ ...row.compiled, program: row.program, jaxpr: counting }, device, last.prim.name, null, {
    executable: row.executable,
    count,
  });
};
