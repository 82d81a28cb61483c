// Kernels that threads share: a function that takes chunks of the last loop until none is left, and the call that offers it.
import type { Buffer } from "../../kernel/expr.ts";
import type { For, Kernel, Stmt } from "../../kernel/program.ts";
import type { Code, ModuleBuilder } from "./assembler.ts";
import type { Context } from "./context.ts";
import { emitAtMost } from "./counting.ts";
import { job, maxAddresses } from "./layout.ts";
import { emitRange, emitStmts } from "./statement.ts";

/** A split kernel in a module: its function, its number among the jobs of the module, and how many chunks there are. */
export interface Job {
  readonly function: number;
  readonly number: number;
  readonly chunks: number;
}
/** Functions that the caller's side imports; see `Sharing`. */
export interface Offices {
  readonly open: number;
  readonly publish: number;
  readonly join: number;
}
export const importOffices = (m: ModuleBuilder): Offices => ({
  open: m.importFunc("env", "open", [], ["i32"]),
  publish: m.importFunc("env", "publish", ["i32", "i32", "i32"], []),
  join: m.importFunc("env", "join", ["i32", "i32"], []),
});

/** Whether the kernel can be a job. */
export const canShare = (k: Kernel): boolean =>
  k.split !== undefined && k.params.length + k.scratch.length <= maxAddresses;
const chunksOf = ({ split }: Kernel): number => (split === undefined ? 1 : Math.ceil(split.index.extent / split.chunk));

// Function parameters: the address of the job, and the thread, which chooses among the copies of scratch memory.
const jobParam = 0,
  threadParam = 1;
const emitTake = (code: Code, chunk: number): void => {
  code.emit("local.get", jobParam);
  code.emit("i32.const", 1);
  code.emit("i32.atomic.rmw.add", 2, job.next * 4);
  code.emit("local.tee", chunk);
};

/** A function `(job, thread)` that does `each` of the chunks it can take, after `begin` if there is one at all. */
const emitTaker = (
  m: ModuleBuilder,
  name: string,
  { number, chunks }: Omit<Job, "function">,
  work: (code: Code) => { readonly begin: () => void; readonly each: (chunk: number) => void },
): Job => {
  const body = (code: Code): void => {
    const chunk = code.local("i32"),
      { begin, each } = work(code);
    emitTake(code, chunk);
    code.emit("i32.const", chunks);
    code.emit("i32.lt_u");
    code.emit("if");
    begin();
    code.emit("loop");
    each(chunk);
    code.emit("local.get", jobParam);
    code.emit("i32.const", 1);
    code.emit("i32.atomic.rmw.add", 2, job.done * 4);
    code.emit("drop");
    emitTake(code, chunk);
    code.emit("i32.const", chunks);
    code.emit("i32.lt_u");
    code.emit("br_if", 0);
    code.emit("end");
    code.emit("end");
  };
  return {
    number,
    chunks,
    function: m.func({ name: `${name}.${number}`, params: ["i32", "i32"], exported: true, body }),
  };
};
const emitAddressOf = (code: Code, i: number): void => {
  code.emit("local.get", jobParam);
  code.emit("i32.load", 2, (job.addresses + i) * 4);
};

/** The job that a split kernel is; `stride` is the distance in bytes between the copies of a scratch buffer. */
export const emitJob = (
  m: ModuleBuilder,
  k: Kernel,
  number: number,
  stride: (b: Buffer) => number,
  context: (code: Code, bases: ReadonlyMap<Buffer, number>) => Context,
): Job => {
  const last = k.body[k.body.length - 1] as For,
    prelude: readonly Stmt[] = k.body.slice(0, -1),
    size = k.split?.chunk ?? 1;
  return emitTaker(m, k.name, { number, chunks: chunksOf(k) }, (code) => {
    const bases = new Map<Buffer, number>(),
      x = context(code, bases),
      index = code.local("i32"),
      bound = code.local("i32");
    return {
      begin: () => {
        [...k.params, ...k.scratch].forEach((b, i) => {
          const local = code.local("i32");
          bases.set(b, local);
          emitAddressOf(code, i);
          if (i >= k.params.length && stride(b) > 0) {
            code.emit("local.get", threadParam);
            code.emit("i32.const", stride(b));
            code.emit("i32.mul");
            code.emit("i32.add");
          }
          code.emit("local.set", local);
        });
        emitStmts(x, prelude);
      },
      each: (chunk) => {
        code.emit("local.get", chunk);
        code.emit("i32.const", size);
        code.emit("i32.mul");
        code.emit("local.tee", index);
        code.emit("i32.const", size);
        code.emit("i32.add");
        code.emit("local.set", bound);
        emitAtMost(code, bound, last.index.extent);
        code.emit("local.set", bound);
        emitRange(x, last, index, bound);
      },
    };
  });
};

/** Bytes of a copy that are worth sharing, and of one chunk: a thread copies some ten in a nanosecond at least. */
const worthSharing = 1 << 20,
  copyChunk = 1 << 18;
export const canShareCopy = (bytes: number): boolean => bytes >= worthSharing;
/** The job of copying so many bytes: its addresses are the target's and the source's. */
export const emitCopyJob = (m: ModuleBuilder, bytes: number, number: number): Job =>
  emitTaker(m, "copy", { number, chunks: Math.ceil(bytes / copyChunk) }, (code) => {
    const offset = code.local("i32"),
      rest = code.local("i32");
    return {
      begin: () => {},
      each: (chunk) => {
        code.emit("local.get", chunk);
        code.emit("i32.const", copyChunk);
        code.emit("i32.mul");
        code.emit("local.set", offset);
        code.emit("i32.const", bytes);
        code.emit("local.get", offset);
        code.emit("i32.sub");
        code.emit("local.set", rest);
        for (const i of [0, 1]) {
          emitAddressOf(code, i);
          code.emit("local.get", offset);
          code.emit("i32.add");
        }
        emitAtMost(code, rest, copyChunk);
        code.emit("memory.copy");
      },
    };
  });

/** Offer the job, take part in it, and wait for its end; each of `addresses` pushes one. */
export const emitOffer = (
  code: Code,
  j: Job,
  { open, publish, join }: Offices,
  threads: number,
  addresses: readonly (() => void)[],
): void => {
  const at = code.local("i32");
  code.emit("call", open);
  code.emit("local.set", at);
  addresses.forEach((address, i) => {
    code.emit("local.get", at);
    address();
    code.emit("i32.store", 2, (job.addresses + i) * 4);
  });
  code.emit("local.get", at);
  code.emit("i32.const", j.number);
  code.emit("i32.const", threads);
  code.emit("call", publish);
  code.emit("local.get", at);
  code.emit("i32.const", 0);
  code.emit("call", j.function);
  code.emit("local.get", at);
  code.emit("i32.const", j.chunks);
  code.emit("call", join);
};
