// A compiled program made ready to run: everything that does not depend on the values is worked out once.
//
// Memory of a run: one block of scratch holds the small inputs and outputs ("staged": copied in and out) and the arena of
// the plan. Big inputs and outputs are cells of the device. Staged outputs of more than 64 bytes are copied out together, in
// groups of at most 8 KiB, since an ArrayBuffer of its own costs more than everything else that is done for a small array;
// an array may therefore keep 8 KiB alive.
import type { Compiled } from "../compile/compiled.ts";
import type { Aval } from "../core/aval.ts";
import { bytesOf, showAval, sizeOf } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { viewOf } from "../core/dtype.ts";
import { LostWork } from "../backends/wasm/threads.ts";
import { ThreadError, TraceError } from "../core/errors.ts";
import { checkAlive } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import type { Buffer } from "../kernel/expr.ts";
import type { Executable } from "../kernel/program.ts";
import {
  adopt,
  ConcreteArray,
  type Donation,
  donate,
  freezeAval,
  hostArray,
  literalArray,
  share,
  smallBytes,
  summon,
  take,
  throwDonated,
} from "./array.ts";
import type { Block } from "./heap.ts";
import type { Cell, Device } from "./device.ts";
import { isPure, isSettled, recipeOf } from "./recipe.ts";
import { readOut, type Views, write, writeScalar } from "./views.ts";

/** Where an input is read from: `offset` in the scratch block if it is small, else -1. */
interface Input {
  readonly dtype: DType;
  readonly bytes: number;
  readonly offset: number;
}
/** Where an output is written to; `alias` is the donated input that gives its memory, or -1. Staged outputs of a group have `at` in it. */
interface Output {
  readonly aval: Aval;
  readonly dtype: DType;
  readonly bytes: number;
  readonly size: number;
  readonly offset: number;
  readonly alias: number;
  readonly group: number;
  readonly at: number;
}
/** Staged outputs that are copied out together. */
interface Group {
  readonly offset: number;
  readonly bytes: number;
}

/** A program that is loaded into a device. */
export interface Loaded {
  readonly name: string;
  readonly device: Device;
  readonly compiled: Compiled;
  readonly executable: Executable;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly groups: readonly Group[];
  /** Frozen avals of the results. */
  readonly avals: readonly Aval[];
  /** The first result with the same bytes, or -1. */
  readonly earlier: readonly number[];
  readonly big: boolean;
  /** Whether a run can be repeated without anybody noticing. */
  readonly pure: boolean;
  readonly donated: readonly boolean[] | null;
  readonly scratchBytes: number;
  readonly arenaOffset: number;
  /** Bytes that one run needs in all. */
  readonly totalBytes: number;
  /** Argument lists that are used again by every run but nested ones. */
  readonly inAddresses: number[];
  readonly outAddresses: number[];
  donation: Donation | null;
}

const tiny = 64,
  groupBytes = 8192;
const align = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Lay out the memory of `compiled` and load it. `donated` as it was compiled, null for none. Throws OutOfMemoryError if one run could never fit. */
export const load = (compiled: Compiled, device: Device, name: string, donated: readonly boolean[] | null): Loaded => {
  const { jaxpr, program, plan, outs } = compiled;
  const avals = jaxpr.outs.map((a) => freezeAval(a.aval));
  const earlier = outs.map((o, k) =>
    outs.findIndex((p, j) => j < k && p.kind !== "literal" && p.kind === o.kind && p.index === o.index),
  );
  const firstUse = (index: number): Aval =>
    avals[outs.findIndex((o) => o.kind === "buffer" && o.index === index)] as Aval;
  let offset = 0;
  const reserve = (bytes: number): number => {
    const at = offset;
    offset += align(Math.max(bytes, 1), 16);
    return at;
  };
  const slots = program.outputs.map((_, index) => ({ aval: firstUse(index), offset: -1, group: -1, at: 0 }));
  for (const slot of slots) if (bytesOf(slot.aval) <= tiny) slot.offset = reserve(bytesOf(slot.aval));
  const groups: { offset: number; bytes: number }[] = [];
  for (const slot of slots) {
    const bytes = bytesOf(slot.aval);
    if (bytes <= tiny || bytes > smallBytes) continue;
    let group = groups.at(-1);
    if (group === undefined || group.bytes + bytes > groupBytes) {
      group = { offset, bytes: 0 };
      groups.push(group);
    }
    slot.offset = reserve(bytes);
    slot.group = groups.length - 1;
    slot.at = slot.offset - group.offset;
    group.bytes = offset - group.offset;
  }
  const outputs = slots.map((slot, index): Output => {
    const from = plan.aliases.get(program.outputs[index] as Buffer),
      { aval } = slot;
    return {
      ...slot,
      dtype: aval.dtype,
      bytes: bytesOf(aval),
      size: sizeOf(aval.shape),
      alias: from === undefined ? -1 : program.inputs.indexOf(from),
    };
  });
  const inputs = jaxpr.ins.map((v, i): Input => {
    const bytes = bytesOf(v.aval),
      { dtype } = v.aval;
    if (bytes > smallBytes) return { dtype, bytes, offset: -1 };
    const shared = outputs.find((o) => o.alias === i);
    return { dtype, bytes, offset: shared === undefined ? reserve(bytes) : shared.offset };
  });
  const arenaOffset = align(offset, 64),
    scratchBytes = arenaOffset + plan.arenaBytes;
  const sum = (xs: readonly { readonly bytes: number; readonly offset: number }[]): number =>
    xs.reduce((n, x) => n + (x.offset < 0 ? x.bytes : 0), 0);
  const totalBytes = scratchBytes + sum(inputs) + sum(outputs);
  device.demand(
    totalBytes,
    name,
    `${jaxpr.ins.length} inputs, ${outputs.length} outputs and an arena of ${plan.arenaBytes} bytes`,
  );
  return {
    name,
    device,
    compiled,
    executable: device.backend.compile(program, plan),
    inputs,
    outputs,
    groups,
    avals,
    earlier,
    donated,
    scratchBytes,
    arenaOffset,
    totalBytes,
    pure: isPure(program.steps),
    big: inputs.some((x) => x.offset < 0) || outputs.some((x) => x.offset < 0),
    inAddresses: inputs.map(() => 0),
    outAddresses: outputs.map(() => 0),
    donation: null,
  };
};

/** Something that is no array came to be computed with. */
const stranger = (v: Value, op: string): never => {
  checkAlive(v, op);
  throw new TraceError({
    op,
    expected: "concrete arrays",
    got: String(v),
    remedy: "a traced value can only be used inside the function that is being transformed",
  });
};

/** The cells of the big inputs, all in the heap and marked as used by this call. */
const gather = (l: Loaded, ins: readonly Value[], now: number): (Cell | null)[] => {
  const { device, inputs } = l;
  const cells = new Array<Cell | null>(inputs.length).fill(null);
  let missing = false;
  for (let i = 0; i < inputs.length; i++) {
    if ((inputs[i] as Input).offset >= 0) continue;
    const x = ins[i] as Value;
    if (!(x instanceof ConcreteArray)) return stranger(x, l.name);
    const { cell } = x;
    if (cell === null) return throwDonated(x, l.name);
    if (cell.device === device) device.touch(cell);
    else missing = true;
  }
  if (missing)
    for (let i = 0; i < inputs.length; i++)
      if ((inputs[i] as Input).offset < 0) summon(ins[i] as ConcreteArray, device, l.name);
  for (let i = 0; i < inputs.length; i++) {
    if ((inputs[i] as Input).offset >= 0) continue;
    const cell = (ins[i] as ConcreteArray).cell as Cell;
    if (cell.seen === now) cell.twice = now;
    cell.seen = now;
    cells[i] = cell;
  }
  return cells;
};

/** Copy the small inputs to the scratch block. */
const stage = (l: Loaded, v: Views, ins: readonly Value[], base: number, addresses: number[]): void => {
  const { inputs } = l;
  for (let i = 0; i < inputs.length; i++) {
    const { offset, dtype } = inputs[i] as Input;
    if (offset < 0) continue;
    const x = ins[i] as Value,
      address = base + offset;
    addresses[i] = address;
    if (x instanceof ConcreteArray) {
      const { host } = x;
      if (host === null) throwDonated(x, l.name);
      else write(v, dtype, address, host);
    } else if (x instanceof Literal) writeScalar(v, dtype, address, x.value);
    else stranger(x, l.name);
  }
};

/** Memory for the big outputs: the input's whose memory may be reused, or new. */
const outputCells = (l: Loaded, cells: readonly (Cell | null)[], now: number): readonly (Cell | null)[] => {
  const { device, outputs } = l,
    made: (Cell | null)[] = [];
  try {
    for (const o of outputs) {
      const from = o.alias < 0 || o.offset >= 0 ? null : (cells[o.alias] as Cell);
      if (o.offset >= 0) made.push(null);
      else if (from !== null && from.arrays === 1 && from.twice !== now) made.push(from);
      else {
        const cell = device.place(o.bytes, l.name);
        made.push(cell);
        // The program may count on finding the input where it writes the output.
        if (from !== null)
          device
            .views()
            .u8.copyWithin(
              (cell.block as Block).address,
              (from.block as Block).address,
              (from.block as Block).address + o.bytes,
            );
      }
    }
  } catch (e) {
    for (const cell of made) if (cell !== null && !cells.includes(cell)) device.drop(cell);
    throw e;
  }
  return made;
};

const none: readonly (Cell | null)[] = [];

/** Run once. The results are in the order of the jaxpr's; donated inputs lose their value. */
export const run = (l: Loaded, ins: readonly Value[]): readonly ConcreteArray[] => {
  const { device, inputs, outputs } = l;
  device.enter();
  const nested = device.depth > 1,
    now = device.tick;
  const inAddresses = nested ? inputs.map(() => 0) : l.inAddresses,
    outAddresses = nested ? outputs.map(() => 0) : l.outAddresses;
  let scratch: Block | null = null,
    made = none,
    cells = none,
    started = false,
    done = false;
  try {
    if (l.big) cells = gather(l, ins, now);
    scratch = device.scratch(l.scratchBytes, l.name);
    if (l.big) {
      made = outputCells(l, cells, now);
      for (let i = 0; i < cells.length; i++)
        if (cells[i] !== null) inAddresses[i] = ((cells[i] as Cell).block as Block).address;
    }
    const base = scratch.address;
    stage(l, device.views(), ins, base, inAddresses);
    for (let i = 0; i < outputs.length; i++) {
      const { offset } = outputs[i] as Output;
      outAddresses[i] = offset >= 0 ? base + offset : ((made[i] as Cell).block as Block).address;
    }
    started = true;
    try {
      l.executable.run(inAddresses, outAddresses, base + l.arenaOffset);
    } catch (e) {
      throw e instanceof LostWork ? lost(e, l.name) : e;
    }
    const results = collect(l, ins, cells, made, base, now);
    done = true;
    return results;
  } finally {
    if (!done) abandon(l, ins, cells, made, started);
    if (scratch !== null) device.endScratch(scratch);
    device.leave();
  }
};

const lost = (e: LostWork, op: string): ThreadError =>
  new ThreadError({
    op,
    expected: "every thread to finish its part",
    got: e.message,
    remedy: "call again (lost threads are replaced), or compute on one thread: configure({ threads: 1 })",
  });

/** After a failure: free new outputs; an input that the program may have overwritten is gone. */
const abandon = (
  l: Loaded,
  ins: readonly Value[],
  cells: readonly (Cell | null)[],
  made: readonly (Cell | null)[],
  started: boolean,
): void => {
  for (const cell of made) {
    if (cell === null || cell.block === null) continue;
    const from = cells.indexOf(cell);
    if (from < 0) l.device.drop(cell);
    else if (started) donate(ins[from] as ConcreteArray, donationOf(l));
  }
};

// One stack for all runs: it costs more than a run, and a jitted function is nearly always called from one place.
const donationOf = (l: Loaded): Donation => (l.donation ??= { name: l.name, at: capture() });
const capture = (): Error => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  try {
    return new Error("donated");
  } finally {
    Error.stackTraceLimit = limit;
  }
};

const collect = (
  l: Loaded,
  ins: readonly Value[],
  cells: readonly (Cell | null)[],
  made: readonly (Cell | null)[],
  base: number,
  now: number,
): readonly ConcreteArray[] => {
  const { outputs, groups, avals, earlier, donated } = l,
    { outs } = l.compiled,
    v = l.device.views();
  const buffers: ArrayBufferLike[] = [];
  for (const g of groups) buffers.push(v.u8.slice(base + g.offset, base + g.offset + g.bytes).buffer);
  const results: ConcreteArray[] = [],
    again = l.big && l.pure && donated === null && isSettled(ins, l.device);
  for (let k = 0; k < outs.length; k++) {
    const ref = outs[k] as (typeof outs)[number],
      aval = avals[k] as Aval,
      same = earlier[k] as number;
    if (same >= 0) results.push(share(results[same] as ConcreteArray, aval));
    else if (ref.kind === "buffer") {
      const o = outputs[ref.index] as Output,
        cell = made[ref.index] ?? null;
      if (cell === null)
        results.push(
          hostArray(
            aval,
            o.group >= 0
              ? viewOf(o.dtype, buffers[o.group] as ArrayBufferLike, o.at, o.size)
              : readOut(v, o.dtype, base + o.offset, o.size),
          ),
        );
      else if (o.alias >= 0 && cell === cells[o.alias])
        results.push(take(ins[o.alias] as ConcreteArray, aval, donationOf(l)));
      else {
        if (again) cell.recipe = recipeOf(ins, k, () => run(l, ins), l.name);
        results.push(adopt(aval, cell));
      }
    } else if (ref.kind === "literal") results.push(literalArray(ref.value));
    else results.push(forward(l, ins[ref.index] as Value, aval, donated?.[ref.index] === true, now));
  }
  if (donated !== null)
    for (let i = 0; i < donated.length; i++) {
      const x = ins[i];
      if (donated[i] === true && x instanceof ConcreteArray && x.donation === null) donate(x, donationOf(l));
    }
  return results;
};

/** A result that is an argument: its bytes change hands if it was donated and is alone, and are shared otherwise. */
const forward = (l: Loaded, x: Value, aval: Aval, given: boolean, now: number): ConcreteArray => {
  if (!(x instanceof ConcreteArray)) return literalArray(x as Literal);
  const { cell } = x;
  return given && cell !== null && cell.arrays === 1 && cell.twice !== now
    ? take(x, aval, donationOf(l))
    : share(x, aval);
};

/** `name(f32[2], f32[3])`. */
export const signature = (name: string, avals: readonly Aval[]): string => `${name}(${avals.map(showAval).join(", ")})`;
