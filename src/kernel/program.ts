// Statements, kernels and programs: what a backend runs. A program is data; `print.ts` shows it, `check.ts` checks it.
import type { Buffer, Expr, ReduceOp, Var } from "./expr.ts";

/** How a backend may run a loop. `parallel` bodies are independent; `vector` loops may run several indices at once; `unrolled` bodies are repeated. */
export type Mark = "serial" | "parallel" | "vector" | "unrolled";

/** A reduction carried by a loop: starts at the identity of `combine`, is bound to `name` after the loop. */
export interface Accumulator {
  readonly name: Var;
  readonly combine: ReduceOp;
  readonly value: Expr;
}

/** Runs `index` from 0 while it is below its extent and, if there is one, below `limit`. */
export interface For {
  readonly op: "for";
  readonly index: Var;
  readonly mark: Mark;
  readonly body: readonly Stmt[];
  readonly accs: readonly Accumulator[];
  readonly limit?: Expr;
}
/** Bind a name for the rest of the block; `set` may rebind it only if `mutable`. */
export interface Let {
  readonly op: "let";
  readonly name: Var;
  readonly value: Expr;
  readonly mutable?: true;
}
export interface Assign {
  readonly op: "set";
  readonly name: Var;
  readonly value: Expr;
}
/** Write `value` (of the register type of `buffer`) at `at`; `combine` accumulates into what is there. */
export interface Store {
  readonly op: "store";
  readonly buffer: Buffer;
  readonly at: readonly Expr[];
  readonly value: Expr;
  readonly combine?: ReduceOp;
}
export interface If {
  readonly op: "if";
  readonly cond: Expr;
  readonly then: readonly Stmt[];
  readonly else: readonly Stmt[];
}
export interface While {
  readonly op: "while";
  readonly cond: Expr;
  readonly body: readonly Stmt[];
}
export type Stmt = For | Let | Assign | Store | If | While;

/**
 * Threads may share the work of a kernel: its last statement is a loop over `index` whose rounds are independent, to be run in
 * chunks of `chunk` rounds, in any order. What stands before it fills scratch memory and names, and is run by every thread.
 */
export interface Split {
  readonly index: Var;
  readonly chunk: number;
}
/** A function over buffers: `params` are the buffers it reads or writes, `outputs` those of them it writes, `scratch` its private memory. */
export interface Kernel {
  readonly name: string;
  readonly params: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  readonly scratch: readonly Buffer[];
  readonly body: readonly Stmt[];
  readonly split?: Split;
}

export interface Call {
  readonly op: "call";
  readonly kernel: Kernel;
}
/** Copy the bytes of one buffer to another of equal type and size. */
export interface Copy {
  readonly op: "copy";
  readonly from: Buffer;
  readonly to: Buffer;
}
/** A value that a loop carries: a round reads `now` and writes `next`, which is `now` for the following round and after the loop. */
export interface Carry {
  readonly now: Buffer;
  readonly next: Buffer;
}
/** Repeat the steps; `counter` (int32) holds the number of the round. */
export interface Loop {
  readonly op: "loop";
  readonly count: number;
  readonly body: readonly Step[];
  readonly counter?: Buffer;
  readonly carries?: readonly Carry[];
}
/** Run `cond`, then, while the one bool of `flag` holds, `body` and `cond` again. */
export interface WhileStep {
  readonly op: "while";
  readonly cond: readonly Step[];
  readonly flag: Buffer;
  readonly body: readonly Step[];
  readonly carries?: readonly Carry[];
}
/** Run the branch chosen by the int32 (clamped) in `index`. */
export interface Branch {
  readonly op: "branch";
  readonly index: Buffer;
  readonly branches: readonly (readonly Step[])[];
}
/** Call a function of JavaScript with the addresses of `ins`, then of `outs`, which it fills. It may run other programs meanwhile. */
export interface HostStep {
  readonly op: "host";
  readonly name: string;
  readonly call: (memory: () => ArrayBufferLike, addresses: readonly number[]) => void;
  readonly ins: readonly Buffer[];
  readonly outs: readonly Buffer[];
}
export type Step = Call | Copy | Loop | WhileStep | Branch | HostStep;

/** A whole traced function. `temporaries` live in the arena. */
export interface Program {
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  readonly temporaries: readonly Buffer[];
  readonly steps: readonly Step[];
}

/**
 * Where each temporary and scratch buffer lives in the arena (bytes); `[from, to]` are the first and last step that use it.
 * Scratch memory of kernels that are split has a copy for every thread, side by side.
 */
export interface Placement {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly bytes: number;
  readonly copies?: number;
  readonly from: number;
  readonly to: number;
}
/** A static memory plan. `aliases` maps an output to the donated input whose memory it reuses. */
export interface Plan {
  readonly placements: readonly Placement[];
  readonly arenaBytes: number;
  /** The least that any placement could need: the largest sum of simultaneously live temporaries. */
  readonly livenessBytes: number;
  readonly aliases: ReadonlyMap<Buffer, Buffer>;
  /** Buffers that have no place of their own: they are where another buffer is. */
  readonly shared?: ReadonlyMap<Buffer, Buffer>;
  /** Threads that may share the work of kernels that are split, and large copies; one if not said. */
  readonly threads?: number;
}

/** What a backend makes of a program. Addresses are byte offsets into the backend's memory, multiples of 16. */
export interface Executable {
  /** Run once. `arena` has `plan.arenaBytes` bytes. */
  readonly run: (inputs: readonly number[], outputs: readonly number[], arena: number) => void;
  /** Human-readable code, made on demand. */
  readonly text: () => string;
  readonly codeBytes: number;
}
/** Memory that grows, and a compiler of programs that run in it. */
export interface Backend {
  readonly name: string;
  /** The current memory; fetch it anew after anything that may allocate, since growing detaches old views. */
  readonly memory: () => ArrayBufferLike;
  /** Make sure that `bytes` bytes exist; false if the engine refuses. */
  readonly grow: (bytes: number) => boolean;
  readonly maxBytes: number;
  readonly compile: (program: Program, plan: Plan) => Executable;
  /** The most threads that can share a kernel; one if not said. */
  readonly maxThreads?: number;
  /** End the threads besides the caller's; they start again when they are needed. */
  readonly endThreads?: () => void;
}
