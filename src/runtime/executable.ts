// Running a loaded program: its inputs come to where it reads them, its results become arrays.
import type { Aval } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { type TypedArray, viewOf } from "../core/dtype.ts";
import { LostWork } from "../backends/wasm/threads.ts";
import { ThreadError, TraceError } from "../core/errors.ts";
import { checkAlive } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import {
  adopt,
  ConcreteArray,
  type Donation,
  donate,
  hostArray,
  literalArray,
  share,
  summon,
  solidify,
  take,
} from "./array.ts";
import type { Block } from "./heap.ts";
import type { Cell } from "./device.ts";
import { Bet, clock, isCheap, isFleeting, warmTime } from "./ledger.ts";
import type { Input, Loaded, Output } from "./load.ts";
import { costOf, depthOf, type Maker, recipeOf } from "./recipe.ts";
import { readOut, type Views, write, writeScalar } from "./views.ts";

/** Something that is no array came to be computed with. */
export const stranger = (v: Value, op: string): never => {
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
    const cell = (x.cell ?? solidify(x, l.name).cell) as Cell;
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
    const x = (ins[i] ?? l.count) as Value,
      address = base + offset;
    addresses[i] = address;
    if (x instanceof ConcreteArray) {
      write(v, dtype, address, (x.host ?? solidify(x, l.name).host) as TypedArray);
    } else if (x instanceof Literal) writeScalar(v, dtype, address, x.value);
    else stranger(x, l.name);
  }
};

/** Whether nobody else needs the bytes of an argument. */
const isFree = (x: ConcreteArray, cell: Cell, now: number): boolean =>
  cell.arrays === 1 && cell.twice !== now && x.wanted === null;

/** Memory for the big outputs: the input's whose memory may be reused, or new. */
const outputCells = (
  l: Loaded,
  ins: readonly Value[],
  cells: readonly (Cell | null)[],
  now: number,
): readonly (Cell | null)[] => {
  const { device, outputs } = l,
    made: (Cell | null)[] = [];
  try {
    for (const o of outputs) {
      const from = o.alias < 0 || o.offset >= 0 ? null : (cells[o.alias] as Cell);
      if (o.offset >= 0) made.push(null);
      else if (from !== null && isFree(ins[o.alias] as ConcreteArray, from, now)) made.push(from);
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
    const { touched } = device.heap;
    if (l.big) {
      device.fleeting.repeat(l.latest);
      made = outputCells(l, ins, cells, now);
      for (let i = 0; i < cells.length; i++)
        if (cells[i] !== null) inAddresses[i] = ((cells[i] as Cell).block as Block).address;
    }
    const base = scratch.address;
    stage(l, device.views(), ins, base, inAddresses);
    for (let i = 0; i < outputs.length; i++) {
      const { offset } = outputs[i] as Output;
      outAddresses[i] = offset >= 0 ? base + offset : ((made[i] as Cell).block as Block).address;
    }
    const depth = l.big && l.pure && l.donated === null ? depthOf(ins, device, l.lasting) : 0,
      begin = depth > 0 ? clock.now() : 0;
    started = true;
    try {
      l.executable.run(inAddresses, outAddresses, base + l.arenaOffset);
    } catch (e) {
      throw e instanceof LostWork ? lost(e, l.name) : e;
    }
    const means =
      depth > 0 ? meansOf(l, ins, depth, warmTime(clock.now() - begin, device.heap.touched - touched)) : null;
    const results = collect(l, ins, cells, made, base, now, means);
    done = true;
    return results;
  } finally {
    if (!done) abandon(l, ins, cells, made, started);
    if (scratch !== null) device.endScratch(scratch);
    device.leave();
  }
};

/** How results can be had again: how long that takes. */
interface Means {
  readonly depth: number;
  readonly ms: number;
  readonly fleeting: boolean;
}
const meansOf = (l: Loaded, ins: readonly Value[], depth: number, own: number): Means | null => {
  const ms = own + costOf(ins, l.device);
  return isCheap(l.outBytes, ms) ? { ms, depth, fleeting: l.looping && isFleeting(l.outBytes, ms) } : null;
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
  again: Means | null,
): readonly ConcreteArray[] => {
  const { outputs, groups, avals, earlier, donated } = l,
    { outs } = l.compiled,
    v = l.device.views();
  const buffers: ArrayBufferLike[] = [];
  for (const g of groups) buffers.push(v.u8.slice(base + g.offset, base + g.offset + g.bytes).buffer);
  const results: ConcreteArray[] = [];
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
        if (again !== null) {
          const maker = makerOf(l);
          cell.recipe = recipeOf(
            maker,
            ins,
            k,
            again.depth,
            l.looping && l.lasting,
            new Bet(maker.ledger, again.ms, o.bytes),
          );
          if (again.fleeting) l.latest.push(cell);
        }
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

const makerOf = (l: Loaded): Maker =>
  (l.maker ??= {
    name: l.name,
    device: l.device,
    latest: l.latest,
    ledger: { balance: 0 },
    again: (ins) => run(l, ins),
  });

/** A result that is an argument: its bytes change hands if it was donated and is alone, and are shared otherwise. */
const forward = (l: Loaded, x: Value, aval: Aval, given: boolean, now: number): ConcreteArray => {
  if (!(x instanceof ConcreteArray)) return literalArray(x as Literal);
  const { cell } = x;
  return given && cell !== null && isFree(x, cell, now) ? take(x, aval, donationOf(l)) : share(x, aval);
};

/** `name(f32[2], f32[3])`. */
export const signature = (name: string, avals: readonly Aval[]): string => `${name}(${avals.map(showAval).join(", ")})`;
