// The memory plan: when each temporary lives, which values take the place of others, and where in the arena each is.
import { sizeOf } from "../core/aval.ts";
import { spread } from "../kernel/spread.ts";
import type { Buffer } from "../kernel/expr.ts";
import { byteSize } from "../kernel/expr.ts";
import { kernelsOf } from "../kernel/print.ts";
import type { Carry, Placement, Plan, Step } from "../kernel/program.ts";
import { replaces, updatesInPlace } from "./inPlace.ts";

const unit = 64;
/** Bytes of a buffer in the arena. */
const placedBytes = (b: Buffer): number => Math.ceil((sizeOf(b.shape) * byteSize[b.type]) / unit) * unit;

/** From its first write to its last use, as positions in the program. */
interface Life {
  from: number;
  to: number;
}
/** A kernel call or a copy at its position. */
interface Action {
  readonly at: number;
  readonly step: Step & { readonly op: "call" | "copy" };
}
/** When everything happens. Loops have positions of their own at both ends. */
interface Timeline {
  readonly lives: ReadonlyMap<Buffer, Life>;
  readonly actions: readonly Action[];
  /** Carries that are updated where they are: the next value is where the present one is. */
  readonly shared: ReadonlyMap<Buffer, Buffer>;
  readonly length: number;
}
const timelineOf = (steps: readonly Step[]): Timeline => {
  const lives = new Map<Buffer, Life>(),
    actions: Action[] = [],
    loops: Life[] = [],
    shared = new Map<Buffer, Buffer>();
  let now = 0;
  const touch = (b: Buffer): void => {
    const life = lives.get(b);
    if (life === undefined) lives.set(b, { from: now, to: now });
    else life.to = now;
  };
  const around = (
    mine: readonly Buffer[],
    carries: readonly Carry[],
    body: readonly Step[],
    inside: () => void,
  ): void => {
    for (const c of carries) if (updatesInPlace(body, c)) shared.set(c.next, c.now);
    const all = [...mine, ...carries.flatMap((c) => [c.now, c.next])],
      from = now;
    all.forEach(touch);
    now++;
    inside();
    all.forEach(touch);
    loops.push({ from, to: now++ });
  };
  const walk = (list: readonly Step[]): void => {
    for (const step of list) {
      switch (step.op) {
        case "call":
          [...step.kernel.params, ...step.kernel.scratch].forEach(touch);
          actions.push({ at: now++, step });
          break;
        case "copy":
          touch(step.from);
          touch(step.to);
          actions.push({ at: now++, step });
          break;
        case "host":
          [...step.ins, ...step.outs].forEach(touch);
          now++;
          break;
        case "loop":
          around(step.counter === undefined ? [] : [step.counter], step.carries ?? [], step.body, () =>
            walk(step.body),
          );
          break;
        case "while":
          around([step.flag], step.carries ?? [], step.body, () => {
            walk(step.cond);
            walk(step.body);
          });
          break;
        case "branch":
          touch(step.index);
          now++;
          step.branches.forEach(walk);
          break;
        default:
          step satisfies never;
      }
    }
  };
  walk(steps);
  // Inner loops come first. What a round finds in a loop from outside, or leaves for later, lives as long as the loop.
  for (const loop of loops)
    for (const life of lives.values()) {
      const inside = life.from > loop.from && life.to < loop.to;
      if (inside || life.to < loop.from || life.from > loop.to) continue;
      life.from = Math.min(life.from, loop.from);
      life.to = Math.max(life.to, loop.to);
    }
  return { lives, actions, shared, length: now };
};
/** Whether an action may write `to` over `from`. */
const overwrites = (step: Action["step"], from: Buffer, to: Buffer): boolean =>
  step.op === "copy"
    ? step.to === to && from.type === to.type && sizeOf(from.shape) === sizeOf(to.shape)
    : replaces(step.kernel, from, to);
const writes = (step: Action["step"]): readonly Buffer[] => (step.op === "copy" ? [step.to] : step.kernel.outputs);
const uses = (step: Action["step"]): readonly Buffer[] => (step.op === "copy" ? [step.from] : step.kernel.params);

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
  { actions, lives }: Timeline,
  outputs: readonly Buffer[],
  donated: readonly Buffer[],
): ReadonlyMap<Buffer, Buffer> => {
  const aliases = new Map<Buffer, Buffer>(),
    left = new Set(donated);
  for (const inPlace of [true, false])
    for (const out of outputs) {
      const born = actions.find((a) => writes(a.step).includes(out)),
        from = lives.get(out)?.from;
      if (born === undefined || aliases.has(out) || born.at !== from) continue;
      for (const b of left) {
        if (
          (lives.get(b)?.to ?? -1) > born.at ||
          (inPlace && !uses(born.step).includes(b)) ||
          !overwrites(born.step, b, out)
        )
          continue;
        aliases.set(out, b);
        left.delete(b);
        break;
      }
    }
  return aliases;
};

/** Places for the temporaries: a result takes the place of an operand that dies in the same action where it can. */
const slotsOf = (
  { actions, lives, shared }: Timeline,
  outside: ReadonlySet<Buffer>,
  copies: ReadonlyMap<Buffer, number>,
): readonly Slot[] => {
  const slotOf = new Map<Buffer, Slot>(),
    slots: Slot[] = [];
  const fresh = (b: Buffer): void => {
    if (outside.has(b) || slotOf.has(b) || shared.has(b)) return;
    const slot: Slot = {
      buffers: [b],
      bytes: spread(placedBytes(b)) * (copies.get(b) ?? 1),
      offset: 0,
      ...(lives.get(b) as Life),
    };
    slots.push(slot);
    slotOf.set(b, slot);
  };
  for (const { at, step } of actions) {
    const dying = uses(step).filter((b) => slotOf.has(b) && lives.get(b)?.to === at && lives.get(b)?.from !== at);
    for (const b of writes(step)) {
      const life = lives.get(b) as Life;
      const i =
        outside.has(b) || slotOf.has(b) || shared.has(b) || life.from !== at
          ? -1
          : dying.findIndex((d) => overwrites(step, d, b));
      if (i < 0) continue;
      const [old] = dying.splice(i, 1) as [Buffer],
        slot = slotOf.get(old) as Slot;
      slot.buffers.push(b);
      slot.to = life.to;
      slotOf.set(b, slot);
    }
    [...writes(step), ...uses(step), ...(step.op === "call" ? step.kernel.scratch : [])].forEach(fresh);
  }
  for (const b of lives.keys()) fresh(b);
  return slots;
};

/** Plan the memory of a program for some threads. `inputs` and `outputs` have memory of their own. */
export const planMemory = (
  steps: readonly Step[],
  inputs: readonly Buffer[],
  outputs: readonly Buffer[],
  donated: readonly Buffer[],
  threads = 1,
): Plan => {
  const timeline = timelineOf(steps),
    { lives, shared, length } = timeline,
    split = kernelsOf(steps).filter((k) => k.split !== undefined),
    copies = new Map(threads > 1 ? split.flatMap((k) => k.scratch.map((b): [Buffer, number] => [b, threads])) : []);
  const slots = slotsOf(timeline, new Set([...inputs, ...outputs]), copies),
    arenaBytes = place(slots);
  const placements = slots.flatMap((s): Placement[] =>
    s.buffers.map((b) => ({
      buffer: b,
      offset: s.offset,
      bytes: s.bytes,
      ...(lives.get(b) as Life),
      ...(copies.has(b) ? { copies: threads } : {}),
    })),
  );
  return {
    placements,
    arenaBytes,
    livenessBytes: liveness(slots, length),
    aliases: aliasesOf(timeline, outputs, donated),
    shared,
    ...(threads > 1 ? { threads } : {}),
  };
};
