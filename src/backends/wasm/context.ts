// What the emitter of one kernel knows: where variables and buffers live, and which loop is being run as vectors.
import type { Buffer, Expr, Var } from "../../kernel/expr.ts";
import type { Stmt } from "../../kernel/program.ts";
import type { Code } from "./assembler.ts";
import type { Lanes } from "./vector.ts";

/** A variable in one scalar local (plus a constant, inside unrolled loops) or in one vector local per unrolled step. */
export type Slot =
  | { readonly kind: "scalar"; readonly local: number; readonly offset: number; readonly mutable?: boolean }
  | { readonly kind: "vector"; readonly locals: readonly number[] };

/** A loop that is being emitted as SIMD: `unroll` vectors of `lanes` lanes per round, the first lane being `index` of the loop. */
export interface VectorLoop {
  readonly index: Var;
  readonly lanes: Lanes;
  readonly unroll: number;
  /** Names bound in the loop whose values differ between lanes. */
  readonly names: ReadonlySet<Var>;
  /** Vectors of values that do not change in the loop. */
  readonly splats: Map<Expr, number>;
  /** Those that `fma64` needs, as float64. */
  readonly wides: Map<Expr, number>;
  readonly varying: Map<Expr, boolean>;
  /** Whether the vectors take turns at every operation. */
  readonly turns: boolean;
  /** Operands of the operation that is being emitted: a local for each vector. */
  readonly ready: Map<Expr, readonly number[]>;
  /** Locals that held such operands. */
  readonly spare: number[];
}
/** An address that is at hand in a local: the sum of a buffer's base and terms. */
export interface Ready {
  readonly buffer: Buffer;
  readonly terms: ReadonlyMap<Expr, number>;
  readonly local: number;
}
/** Those of one stretch of straight code. */
export type Addresses = Ready[];
/** One of the later copies of a repeated loop body: names that only move along with the index keep the local of the first copy. */
export interface Copy {
  readonly index: Var;
  /** All names bound in the body. */
  readonly inside: ReadonlySet<Var>;
  /** Those that may move along: bound once in every round. */
  readonly always: ReadonlySet<Var>;
  /** Those that do so far. */
  readonly moved: Set<Var>;
}
export interface Context {
  readonly code: Code;
  readonly slots: Map<Var, Slot>;
  /** Local that holds the address of each buffer. */
  readonly bases: ReadonlyMap<Buffer, number>;
  readonly vector: VectorLoop | null;
  readonly copy: Copy | null;
  /** Inside a branch that not all lanes take: the lanes that do, for each vector. */
  readonly masks: readonly number[] | null;
  /** Null where every address is used once. */
  readonly addresses: Addresses | null;
  /** Scratch local for mask conversions. */
  readonly temp: () => number;
  readonly relaxed: boolean;
}

/** Whether a value differs between the lanes of the current vector loop. */
export const isVarying = (x: Context, e: Expr): boolean => {
  const loop = x.vector;
  if (loop === null) return false;
  if (e.op === "var") return e === loop.index || loop.names.has(e);
  if (e.op === "const") return false;
  const known = loop.varying.get(e);
  if (known !== undefined) return known;
  const is = e.args.some((a) => isVarying(x, a));
  loop.varying.set(e, is);
  return is;
};

/** Emits statements; handed down to the emitters of loops, which are used by the emitter of statements themselves. */
export type EmitBlock = (x: Context, stmts: readonly Stmt[]) => void;
