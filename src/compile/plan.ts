// The memory plan: when each temporary lives, which values take the place of others, and where in the arena each is.
import { sizeOf } from "../core/aval.ts";
import type { Buffer, Expr } from "../kernel/expr.ts";
import { byteSize, topological } from "../kernel/expr.ts";
import type { Kernel, Placement, Plan, Stmt } from "../kernel/program.ts";

const unit = 64;
/** Bytes of a buffer in the arena. */
export const placedBytes = (b: Buffer): number => Math.ceil((sizeOf(b.shape) * byteSize[b.type]) / unit) * unit;
const sameBytes = (a: Buffer, b: Buffer): boolean => a.type === b.type && sizeOf(a.shape) === sizeOf(b.shape);

interface Access {
  readonly kind: "read" | "store";
  /** The loops around it. */
  readonly path: readonly Stmt[];
  readonly offset: Expr;
}
/** Reads of `from` and stores to `to` in the order in which a kernel does them. */
const accesses = (body: readonly Stmt[], from: Buffer, to: Buffer): readonly Access[] => {
  const found: Access[] = [];
  const look = (e: Expr, path: readonly Stmt[]): void => {
    for (const x of topological([e]))
      if (x.op === "read" && (x.buffer === from || x.buffer === to))
        found.push({ kind: "read", path, offset: x.args[0] as Expr });
  };
  const go = (stmts: readonly Stmt[], path: readonly Stmt[]): void => {
    for (const s of stmts) {
      const inside = [...path, s];
      if (s.op === "let" || s.op === "set") look(s.value, path);
      else if (s.op === "store") {
        look(s.value, path);
        for (const a of s.at) look(a, path);
        // A store that accumulates cannot replace the operand.
        if (s.buffer === to)
          found.push({ kind: "store", path: s.combine === undefined ? path : inside, offset: s.at[0] as Expr });
      } else if (s.op === "if") {
        look(s.cond, path);
        go(s.then, inside);
        go(s.else, inside);
      } else if (s.op === "while") {
        look(s.cond, inside);
        go(s.body, inside);
      } else {
        go(s.body, inside);
        for (const a of s.accs) look(a.value, inside);
      }
    }
  };
  go(body, []);
  return found;
};
/** Whether `to` may be written where `from` is read: every element is read in the round that overwrites it, and before. */
export const replaces = ({ body, params }: Kernel, from: Buffer, to: Buffer): boolean => {
  if (!sameBytes(from, to)) return false;
  if (!params.includes(from)) return true;
  const all = accesses(body, from, to),
    at = all.findIndex((a) => a.kind === "store"),
    store = all[at];
  if (store === undefined || all.slice(at + 1).length > 0) return false;
  return all.every(
    (a) =>
      a.offset === store.offset && a.path.length === store.path.length && a.path.every((p, i) => p === store.path[i]),
  );
};

/** When a buffer is first written and last used, as positions among the kernels. */
interface Life {
  readonly from: number;
  to: number;
}
const livesOf = (kernels: readonly Kernel[]): ReadonlyMap<Buffer, Life> => {
  const lives = new Map<Buffer, Life>();
  kernels.forEach((k, i) => {
    for (const b of [...k.params, ...k.scratch]) {
      const life = lives.get(b);
      if (life === undefined) lives.set(b, { from: i, to: i });
      else life.to = i;
    }
  });
  return lives;
};

/** Buffers that share one place, one after the other. */
interface Slot {
  readonly buffers: Buffer[];
  readonly bytes: number;
  readonly from: number;
  to: number;
  offset: number;
}
/** Lowest offsets, the largest first: each at the first gap between those that live at the same time. */
const place = (slots: readonly Slot[]): number => {
  const placed: Slot[] = [];
  let end = 0;
  for (const s of [...slots].sort((a, b) => b.bytes - a.bytes || a.from - b.from)) {
    let at = 0;
    for (const p of placed) {
      if (p.to < s.from || p.from > s.to) continue;
      if (p.offset >= at + s.bytes) break;
      at = Math.max(at, p.offset + p.bytes);
    }
    s.offset = at;
    end = Math.max(end, at + s.bytes);
    const i = placed.findIndex((p) => p.offset > at);
    placed.splice(i < 0 ? placed.length : i, 0, s);
  }
  return end;
};
const liveness = (slots: readonly Slot[], steps: number): number => {
  const change = new Array<number>(steps + 1).fill(0);
  for (const s of slots) {
    change[s.from] = (change[s.from] as number) + s.bytes;
    change[s.to + 1] = (change[s.to + 1] as number) - s.bytes;
  }
  let now = 0,
    most = 0;
  for (const c of change) {
    now += c;
    most = Math.max(most, now);
  }
  return most;
};

/** For each output the donated input whose memory it can have: the input must be dead, or be replaced element by element. */
const aliasesOf = (
  kernels: readonly Kernel[],
  lives: ReadonlyMap<Buffer, Life>,
  outputs: readonly Buffer[],
  donated: readonly Buffer[],
): ReadonlyMap<Buffer, Buffer> => {
  const aliases = new Map<Buffer, Buffer>(),
    left = new Set(donated);
  for (const only of [true, false])
    for (const out of outputs) {
      const life = lives.get(out);
      if (life === undefined || aliases.has(out)) continue;
      const k = kernels[life.from] as Kernel;
      for (const from of left) {
        const last = lives.get(from)?.to ?? -1,
          inPlace = k.params.includes(from);
        if (last > life.from || (only && !inPlace) || !replaces(k, from, out)) continue;
        // Another output may have been written over the same input's neighbour only if nobody reads it afterwards: `replaces` saw to it.
        aliases.set(out, from);
        left.delete(from);
        break;
      }
    }
  return aliases;
};

/** Plan the memory of kernels that run one after the other. `inputs` and `outputs` have memory of their own. */
export const planMemory = (
  kernels: readonly Kernel[],
  inputs: readonly Buffer[],
  outputs: readonly Buffer[],
  donated: readonly Buffer[],
): Plan => {
  const lives = livesOf(kernels),
    outside = new Set([...inputs, ...outputs]);
  const slotOf = new Map<Buffer, Slot>(),
    slots: Slot[] = [];
  kernels.forEach((k, i) => {
    const dying = k.params.filter((b) => !outside.has(b) && lives.get(b)?.to === i && lives.get(b)?.from !== i);
    for (const b of [...k.outputs, ...k.scratch]) {
      if (outside.has(b) || slotOf.has(b)) continue;
      const { to } = lives.get(b) as Life,
        from = k.outputs.includes(b) ? dying.findIndex((d) => replaces(k, d, b)) : -1;
      if (from >= 0) {
        const [old] = dying.splice(from, 1) as [Buffer],
          slot = slotOf.get(old) as Slot;
        slot.buffers.push(b);
        slot.to = to;
        slotOf.set(b, slot);
        continue;
      }
      const slot: Slot = { buffers: [b], bytes: placedBytes(b), from: i, to, offset: 0 };
      slots.push(slot);
      slotOf.set(b, slot);
    }
  });
  const arenaBytes = place(slots);
  const placements = slots.flatMap((s): Placement[] =>
    s.buffers.map((b) => ({ buffer: b, offset: s.offset, bytes: s.bytes, ...(lives.get(b) as Life) })),
  );
  return {
    placements,
    arenaBytes,
    livenessBytes: liveness(slots, kernels.length),
    aliases: aliasesOf(kernels, lives, outputs, donated),
  };
};
