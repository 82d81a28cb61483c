// The steps of a program, run one after the other.
import type { Buffer } from "../../kernel/expr.ts";
import { byteSize } from "../../kernel/expr.ts";
import type { Carry, Kernel, Step } from "../../kernel/program.ts";
import { kernelRunner } from "./statement.ts";
import { type Act, sequence, sizeOf, type Views } from "./tape.ts";

/** What steps are run in: where each buffer is, and the memory it is in. */
export interface Site {
  readonly addressOf: (b: Buffer) => number;
  readonly views: () => Views;
  readonly kernels: Map<Kernel, ReturnType<typeof kernelRunner>>;
}

const bytesOf = (b: Buffer): number => sizeOf(b) * byteSize[b.type];

/** What comes between two rounds: every carry's new value becomes its present one, all at once. */
const endRound = (x: Site, carries: readonly Carry[] = []): Act => {
  return () => {
    const { u8 } = x.views(),
      fresh = carries.map(({ next }) => u8.slice(x.addressOf(next), x.addressOf(next) + bytesOf(next)) as Uint8Array);
    carries.forEach(({ now }, i) => {
      u8.set(fresh[i] as Uint8Array, x.addressOf(now));
    });
  };
};

const actOf = (x: Site, s: Step): Act => {
  switch (s.op) {
    case "call": {
      const run = x.kernels.get(s.kernel) ?? kernelRunner(s.kernel),
        buffers = [...s.kernel.params, ...s.kernel.scratch];
      x.kernels.set(s.kernel, run);
      return () => run(x.views(), buffers.map(x.addressOf));
    }
    case "copy":
      return () => {
        const from = x.addressOf(s.from);
        x.views().u8.copyWithin(x.addressOf(s.to), from, from + bytesOf(s.from));
      };
    case "host":
      return () => s.call(() => x.views().u8.buffer, [...s.ins, ...s.outs].map(x.addressOf));
    case "loop": {
      const body = steps(x, s.body),
        next = endRound(x, s.carries),
        { counter } = s;
      return () => {
        for (let i = 0; i < s.count; i++) {
          if (counter !== undefined) x.views().i32[x.addressOf(counter) / 4] = i;
          body();
          next();
        }
      };
    }
    case "while": {
      const cond = steps(x, s.cond),
        body = steps(x, s.body),
        next = endRound(x, s.carries),
        holds = (): boolean => x.views().u8[x.addressOf(s.flag)] !== 0;
      return () => {
        for (cond(); holds(); cond()) {
          body();
          next();
        }
      };
    }
    case "branch": {
      const branches = s.branches.map((b) => steps(x, b));
      return () => {
        const chosen = x.views().i32[x.addressOf(s.index) / 4] as number;
        branches[Math.max(0, Math.min(branches.length - 1, chosen))]?.();
      };
    }
    default:
      return s satisfies never;
  }
};

/** Steps as one act. */
export const steps = (x: Site, list: readonly Step[]): Act => sequence(list.map((s) => actOf(x, s)));
