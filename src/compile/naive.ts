// One kernel per equation, nothing fused, every value in memory: the compiler without its optimizations, against which laws check them.
import { scalarOf, storageOf } from "../core/dtype.ts";
import type { Atom, Jaxpr, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Buffer, Expr } from "../kernel/expr.ts";
import { buffer, byteSize, constant, interning, loopVar, read } from "../kernel/expr.ts";
import { expandMath } from "../kernel/math.ts";
import type { Kernel, Placement, Plan, Program, Stmt } from "../kernel/program.ts";
import { nest, store } from "../kernel/statement.ts";
import type { Compiled, OutRef } from "./compiled.ts";
import { canonical } from "./canonical.ts";
import { flattenStmts } from "./flatten.ts";
import { hoist } from "./hoist.ts";
import { inlineCalls } from "./inline.ts";

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const align = (n: number): number => Math.ceil(n / 64) * 64;

/** Compile without fusion. */
export const naive = (source: Jaxpr, _donated: readonly boolean[]): Compiled =>
  interning(() => {
    const jaxpr = inlineCalls(source),
      buffers = new Map<Var, Buffer>();
    const bufferOf = (v: Var): Buffer => {
      const b = buffers.get(v) ?? buffer(storageOf[v.aval.dtype], v.aval.shape);
      buffers.set(v, b);
      return b;
    };
    const inputs = jaxpr.ins.map(bufferOf);
    const kernels = jaxpr.eqns.map((e, n): Kernel => {
      const prim = e.prim as AnyPrimitive,
        out = e.outs[0] as Var,
        target = bufferOf(out);
      const vars = out.aval.shape.map((d, i) => loopVar(`i${i}`, d));
      const avals = e.ins.map((a) => a.aval),
        extra: Stmt[] = [],
        scratch: Buffer[] = [];
      const literalBuffer = (a: Atom): Buffer => {
        if (isVar(a)) return bufferOf(a);
        const b = buffer(storageOf[a.aval.dtype], []);
        scratch.push(b);
        extra.push(store(b, [], constant(scalarOf(a.aval.dtype), a.value)));
        return b;
      };
      const params = [...new Set(e.ins.filter(isVar).map(bufferOf)), target];
      if ("routine" in prim)
        return {
          name: `${prim.name}_${n}`,
          params,
          outputs: [target],
          scratch,
          body: hoist(flattenStmts([...extra, ...prim.routine(e.ins.map(literalBuffer), target, e.attrs, avals)])),
        };
      const reads = e.ins.map(
        (a) =>
          (at: readonly Expr[]): Expr =>
            isVar(a) ? read(bufferOf(a), at) : constant(scalarOf(a.aval.dtype), a.value),
      );
      const value = prim.lower(reads, vars, e.attrs, avals, out.aval);
      const body = nest(vars, flattenStmts([store(target, vars, canonical(expandMath([value]))[0] as Expr)]));
      return { name: `${prim.name}_${n}`, params, outputs: [target], scratch, body: hoist(body) };
    });
    const outputs: Buffer[] = [];
    const outs = jaxpr.outs.map((a): OutRef => {
      if (!isVar(a)) return { kind: "literal", value: a };
      const input = jaxpr.ins.indexOf(a),
        b = bufferOf(a);
      if (input >= 0) return { kind: "input", index: input };
      if (!outputs.includes(b)) outputs.push(b);
      return { kind: "buffer", index: outputs.indexOf(b) };
    });
    const temporaries = [...buffers.values()].filter((b) => !inputs.includes(b) && !outputs.includes(b));
    let offset = 0;
    const placements = [...temporaries, ...kernels.flatMap((k) => k.scratch)].map((b): Placement => {
      const bytes = align(sizeOf(b.shape) * byteSize[b.type]),
        at = offset;
      offset += bytes;
      return { buffer: b, offset: at, bytes, from: 0, to: kernels.length };
    });
    const program: Program = { inputs, outputs, temporaries, steps: kernels.map((kernel) => ({ op: "call", kernel })) };
    const plan: Plan = { placements, arenaBytes: offset, livenessBytes: offset, aliases: new Map() };
    return { jaxpr, program, plan, outs, groups: "", flops: 0, bytes: 0, passes: [] };
  });
