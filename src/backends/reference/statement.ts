// Statements as closures over the registers of a kernel.
import type { For, Kernel, Stmt, Store } from "../../kernel/program.ts";
import { type Act, accumulator, evaluator, Frame, offsetOf, sequence, sizeOf, tape, type Views } from "./tape.ts";
import { binaryOn } from "./values.ts";

const block = (f: Frame, stmts: readonly Stmt[]): Act => sequence(stmts.map((s) => actOf(f, s)));

const actOf = (f: Frame, s: Stmt): Act => {
  switch (s.op) {
    case "let":
    case "set": {
      const value = evaluator(f, s.value),
        put = f.put(s.name.type, f.register(s.name));
      return () => put(value());
    }
    case "store":
      return store(f, s);
    case "if": {
      const cond = evaluator(f, s.cond),
        yes = block(f, s.then),
        no = block(f, s.else);
      return () => {
        if (cond()) yes();
        else no();
      };
    }
    case "while": {
      const cond = evaluator(f, s.cond),
        body = block(f, s.body);
      return () => {
        while (cond()) body();
      };
    }
    case "for":
      return loop(f, s);
    default:
      return s satisfies never;
  }
};

const store = (f: Frame, { buffer, at, value, combine }: Store): Act => {
  const run = tape(f, [...at, value]),
    offset = offsetOf(f, buffer, at),
    get = f.get(value.type, f.register(value)),
    size = sizeOf(buffer),
    home = f.home(buffer),
    join = combine === undefined ? null : binaryOn(combine, value.type);
  return () => {
    run();
    const i = offset();
    if (!(i >= 0 && i < size)) throw new RangeError(`a kernel stores element ${i} of a buffer of ${size}`);
    const view = f.views[buffer.type],
      place = home.base + i;
    view[place] = (join === null ? get() : join(view[place] as number, get())) as number;
  };
};

const loop = (f: Frame, { index, body, accs, limit }: For): Act => {
  const bound = limit === undefined ? () => index.extent : evaluator(f, limit),
    setIndex = f.put("i32", f.register(index)),
    run = block(f, body),
    sums = accs.map((a) => accumulator(f, a.combine, a.value, a.name));
  return () => {
    const end = Math.min(index.extent, bound() as number);
    for (const a of sums) a.reset();
    for (let i = 0; i < end; i++) {
      setIndex(i);
      run();
      for (const a of sums) a.step();
    }
    for (const a of sums) a.finish();
  };
};

/** A kernel ready to run on the addresses of its parameters and scratch buffers. */
export const kernelRunner = (kernel: Kernel): ((views: Views, addresses: readonly number[]) => void) => {
  const buffers = [...kernel.params, ...kernel.scratch];
  let made: { readonly frame: Frame; readonly act: Act } | null = null;
  return (views, addresses) => {
    if (made === null) {
      const frame = new Frame(views);
      made = { frame, act: block(frame, kernel.body) };
    }
    made.frame.views = views;
    for (const [i, b] of buffers.entries()) made.frame.place(b, addresses[i] as number);
    made.act();
  };
};
