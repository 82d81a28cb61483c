// The steps of a program as the body of `main`: calls of kernels, copies, loops and branches.
import type { Buffer } from "../../kernel/expr.ts";
import { byteSize } from "../../kernel/expr.ts";
import type { Carry, HostStep, Kernel, Step } from "../../kernel/program.ts";
import type { Code } from "./assembler.ts";

/** What the emitter of steps knows. */
export interface Site {
  readonly code: Code;
  /** Call a kernel; `address` pushes where a buffer is now. */
  readonly call: (k: Kernel, address: (b: Buffer) => void) => void;
  /** Copy bytes to and from the addresses that are pushed. */
  readonly copy: (bytes: number, to: () => void, from: () => void) => void;
  readonly hosts: ReadonlyMap<HostStep, number>;
  /** Push the address of a buffer that has a place of its own. */
  readonly place: (b: Buffer) => void;
  /** Buffers that are where another one is. */
  readonly shared: ReadonlyMap<Buffer, Buffer>;
  /** Locals that hold the addresses of carries, which change places after every round. */
  readonly moving: ReadonlyMap<Buffer, number>;
}

const home = ({ shared }: Site, b: Buffer): Buffer => {
  let at = b;
  for (let next = shared.get(at); next !== undefined; next = shared.get(at)) at = next;
  return at;
};
const address = (x: Site, b: Buffer): void => {
  const at = home(x, b),
    local = x.moving.get(at);
  if (local === undefined) x.place(at);
  else x.code.emit("local.get", local);
};
/** Bytes of a buffer. */
export const bytesOf = (b: Buffer): number => b.shape.reduce((n, d) => n * d, byteSize[b.type]);

/** Emit `rounds` in a site where the carries have locals; afterwards each value is in the place of `now`. */
const withCarries = (x: Site, carries: readonly Carry[], rounds: (inner: Site, endRound: () => void) => void): void => {
  const { code } = x,
    moving = new Map(x.moving);
  const pairs = carries
    .filter((c) => home(x, c.now) !== home(x, c.next))
    .map((c) => ({ ...c, here: code.local("i32"), there: code.local("i32") }));
  for (const { now, next, here, there } of pairs) {
    address(x, now);
    code.emit("local.set", here);
    address(x, next);
    code.emit("local.set", there);
    moving.set(home(x, now), here);
    moving.set(home(x, next), there);
  }
  rounds({ ...x, moving }, () => {
    for (const { here, there } of pairs) {
      code.emit("local.get", here);
      code.emit("local.get", there);
      code.emit("local.set", here);
      code.emit("local.set", there);
    }
  });
  for (const { now, here } of pairs) {
    address(x, now);
    code.emit("local.get", here);
    code.emit("i32.ne");
    code.emit("if");
    x.copy(
      bytesOf(now),
      () => address(x, now),
      () => code.emit("local.get", here),
    );
    code.emit("end");
  }
};

const emitLoop = (x: Site, s: Step & { readonly op: "loop" }): void => {
  const { code } = x;
  if (s.count === 0) return;
  const i = code.local("i32");
  withCarries(x, s.carries ?? [], (inner, endRound) => {
    code.emit("i32.const", 0);
    code.emit("local.set", i);
    code.emit("loop");
    if (s.counter !== undefined) {
      address(inner, s.counter);
      code.emit("local.get", i);
      code.emit("i32.store", 2, 0);
    }
    emitSteps(inner, s.body);
    endRound();
    code.emit("local.get", i);
    code.emit("i32.const", 1);
    code.emit("i32.add");
    code.emit("local.tee", i);
    code.emit("i32.const", s.count);
    code.emit("i32.lt_u");
    code.emit("br_if", 0);
    code.emit("end");
  });
};

const emitWhile = (x: Site, s: Step & { readonly op: "while" }): void => {
  const { code } = x;
  withCarries(x, s.carries ?? [], (inner, endRound) => {
    code.emit("block");
    code.emit("loop");
    emitSteps(inner, s.cond);
    address(inner, s.flag);
    code.emit("i32.load8_u", 0, 0);
    code.emit("i32.eqz");
    code.emit("br_if", 1);
    emitSteps(inner, s.body);
    endRound();
    code.emit("br", 0);
    code.emit("end");
    code.emit("end");
  });
};

// Nested ifs: the last branch takes what is left, which clamps from above; negative indices take the first.
const emitBranch = (x: Site, s: Step & { readonly op: "branch" }): void => {
  const { code } = x,
    last = s.branches.length - 1;
  s.branches.forEach((steps, i) => {
    if (i < last) {
      address(x, s.index);
      code.emit("i32.load", 2, 0);
      code.emit("i32.const", i);
      code.emit("i32.le_s");
      code.emit("if");
    }
    emitSteps(x, steps);
    if (i < last) code.emit("else");
  });
  for (let i = 0; i < last; i++) code.emit("end");
};

/** Emit steps one after the other. */
export const emitSteps = (x: Site, steps: readonly Step[]): void => {
  const { code } = x;
  for (const s of steps) {
    switch (s.op) {
      case "call":
        x.call(s.kernel, (b) => address(x, b));
        break;
      case "copy":
        // What is in its place already is not copied onto itself.
        address(x, s.to);
        address(x, s.from);
        code.emit("i32.ne");
        code.emit("if");
        x.copy(
          bytesOf(s.from),
          () => address(x, s.to),
          () => address(x, s.from),
        );
        code.emit("end");
        break;
      case "host":
        for (const b of [...s.ins, ...s.outs]) address(x, b);
        code.emit("call", x.hosts.get(s) as number);
        break;
      case "loop":
        emitLoop(x, s);
        break;
      case "while":
        emitWhile(x, s);
        break;
      case "branch":
        emitBranch(x, s);
        break;
      default:
        s satisfies never;
    }
  }
};
