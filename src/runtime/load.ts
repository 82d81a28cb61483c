// A compiled program laid out and loaded into a device.
//
// Memory of a run: one block of scratch holds the small inputs and outputs ("staged": copied in and out) and the arena of
// the plan. Big inputs and outputs are cells of the device. Staged outputs of more than 64 bytes are copied out together, in
// groups of at most 8 KiB, since an ArrayBuffer of its own costs more than everything else that is done for a small array;
// an array may therefore keep 8 KiB alive.
import type { Compiled } from "../compile/compiled.ts";
import type { Aval } from "../core/aval.ts";
import { bytesOf, sizeOf } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import type { Literal } from "../core/value.ts";
import type { Buffer } from "../kernel/expr.ts";
import type { Executable } from "../kernel/program.ts";
import { type Donation, freezeAval, smallBytes } from "./array.ts";
import type { Cell, Device } from "./device.ts";
import { isPure, type Maker } from "./recipe.ts";

/** Where an input is read from: `offset` in the scratch block if it is small, else -1. */
export interface Input {
  readonly dtype: DType;
  readonly bytes: number;
  readonly offset: number;
}
/** Where an output is written to; `alias` is the donated input that gives its memory, or -1. Staged outputs of a group have `at` in it. */
export interface Output {
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
  /** Bytes of the big outputs. */
  readonly outBytes: number;
  /** Bytes that one run needs in all. */
  readonly totalBytes: number;
  /** Argument lists that are used again by every run but nested ones. */
  readonly inAddresses: number[];
  readonly outAddresses: number[];
  /** For loops that serve rows of any length: the number of elements, the last input. */
  readonly count: Literal | null;
  donation: Donation | null;
  /** Fleeting results of the last run, and what recipes need of this program. */
  readonly latest: Cell[];
  maker: Maker | null;
  /** Whether results may be fleeting: those of no big argument are the beginnings of something. */
  readonly looping: boolean;
  /** Whether arguments are so small that a result may keep them. */
  readonly lasting: boolean;
}

const tiny = 64,
  groupBytes = 8192;
/** A result that was forgotten keeps its arguments: at most so many times its bytes. */
const mostKept = 4;
const align = (n: number, to: number): number => Math.ceil(n / to) * to;

/**
 * Lay out the memory of `compiled` and load it. `donated` as it was compiled, null for none; `ready` is its code, if there is some, and
 * the number of elements that it is told. Throws OutOfMemoryError if one run could never fit.
 */
export const load = (
  compiled: Compiled,
  device: Device,
  name: string,
  donated: readonly boolean[] | null,
  ready: { readonly executable: Executable; readonly count: Literal } | null = null,
): Loaded => {
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
  const outBytes = sum(outputs),
    totalBytes = scratchBytes + sum(inputs) + outBytes;
  device.demand(
    totalBytes,
    name,
    `${jaxpr.ins.length} inputs, ${outputs.length} outputs and an arena of ${plan.arenaBytes} bytes`,
  );
  return {
    name,
    device,
    compiled,
    executable: ready?.executable ?? device.backend.compile(program, plan),
    count: ready?.count ?? null,
    inputs,
    outputs,
    groups,
    avals,
    earlier,
    donated,
    scratchBytes,
    arenaOffset,
    outBytes,
    totalBytes,
    pure: isPure(program.steps),
    big: inputs.some((x) => x.offset < 0) || outputs.some((x) => x.offset < 0),
    inAddresses: inputs.map(() => 0),
    outAddresses: outputs.map(() => 0),
    donation: null,
    latest: [],
    maker: null,
    looping: sum(inputs) > 0,
    lasting: sum(inputs) <= mostKept * outBytes,
  };
};
