// Concrete arrays. Small ones live in plain typed arrays, which cost nothing to make and nobody has to free; the bytes of big
// ones live in a cell that a device caches (device.ts).
import type { Aval, Shape } from "../core/aval.ts";
import { bytesOf, showAval, sizeOf } from "../core/aval.ts";
import type { DType, TypedArray } from "../core/dtype.ts";
import { itemSize, viewOf } from "../core/dtype.ts";
import { ArgumentError, DonatedError, ShapeError, userLine } from "../core/errors.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import { type Literal, Value } from "../core/value.ts";
import { currentDevice } from "./backend.ts";
import type { Block } from "./heap.ts";
import { Cell, type Device, hostBytes, hosted, onSpill } from "./device.ts";
import { readOut, typedArray, write, writeMany } from "./views.ts";

/** Arrays up to this many bytes live on the host only. */
export const smallBytes = 4096;

/** Where arrays were given away: what `DonatedError` says. The stack is read only when it is needed. */
export interface Donation {
  readonly name: string;
  readonly at: Error;
}

/** The equation that made an array full of one number. */
export interface Repeats {
  readonly value: Literal;
  readonly prim: AnyPrimitive;
  readonly attrs: unknown;
}

/** An array with a value. Immutable, except that donation takes the value away. */
export class ConcreteArray extends Value {
  readonly aval: Aval;
  /** The elements of a small array. */
  host: TypedArray | null;
  /** The bytes of a big one. */
  cell: Cell | null;
  /** If it is full of one number: such an array has no memory until somebody needs its elements. */
  repeats: Repeats | null = null;
  donation: Donation | null = null;
  /** Set where a recipe needs the value: if it is given away, the recipe's own array of it. */
  wanted: { by: ConcreteArray | null } | null = null;
  constructor(aval: Aval, host: TypedArray | null, cell: Cell | null) {
    super();
    this.aval = aval;
    this.host = host;
    this.cell = cell;
  }
  /** A fresh typed array with the elements in row-major order (bool as 0 and 1). Throws `DonatedError`. */
  override dataSync(): TypedArray {
    return elements(this, "dataSync");
  }
}

/** A frozen copy. */
export const freezeAval = (a: Aval): Aval => Object.freeze({ dtype: a.dtype, shape: Object.freeze([...a.shape]) });

/** Throw because `x` was donated. */
export const throwDonated = (x: ConcreteArray, op: string): never => {
  const line = userLine(x.donation?.at.stack);
  throw new DonatedError({
    op,
    expected: "arrays that still have their value",
    got: `${showAval(x.aval)}, donated to ${x.donation?.name ?? "a call"}${line === null ? "" : ` (first called at ${line})`}`,
    remedy: "use the results of that call instead, or do not donate this argument",
  });
};

const full = ({ aval }: ConcreteArray, { value }: Repeats): TypedArray =>
  typedArray(aval.dtype, sizeOf(aval.shape)).fill(value.value);

const elements = (x: ConcreteArray, op: string): TypedArray => {
  const { dtype, shape } = x.aval,
    { host, cell } = x,
    n = sizeOf(shape);
  if (host !== null) return host.slice();
  if (cell === null)
    return x.repeats === null ? throwDonated(x, op) : hosted(op, bytesOf(x.aval), () => full(x, x.repeats as Repeats));
  const copy = (): TypedArray => {
    if (cell.block !== null) return readOut((cell.device as Device).views(), dtype, cell.block.address, n);
    const bytes = hostBytes(cell);
    return viewOf(dtype, bytes.buffer, bytes.byteOffset, n).slice();
  };
  return hosted(op, cell.bytes, copy);
};

// Big arrays are newborn first: a ring holds the latest ones. Those that a training step donates die there, without ever having
// been registered for finalization, which costs more than all else that an array costs. Whoever leaves the ring (a younger one
// takes the place, or the job ends) is registered. A spilled cell leaves both: what held it would keep the host copy alive.
const newborn = new Array<ConcreteArray | null>(256).fill(null);
let nextSlot = 0,
  flushing = false;

const registry = new FinalizationRegistry<Cell>((cell) => {
  cell.arrays--;
  if (cell.arrays === 0 && cell.block !== null) (cell.device as Device).drop(cell);
});
const register = (x: ConcreteArray, cell: Cell): void => {
  cell.registered = true;
  registry.register(x, cell, cell);
};
onSpill((cell) => {
  if (cell.registered) registry.unregister(cell);
  if (cell.slot >= 0) newborn[cell.slot] = null;
  cell.registered = false;
  cell.slot = -1;
});
const leaveRing = (slot: number): void => {
  const x = newborn[slot] ?? null;
  if (x === null) return;
  newborn[slot] = null;
  const { cell } = x;
  if (cell === null) return;
  cell.slot = -1;
  // What outlives its job is worth keeping, unless it is had again so soon.
  const loose = cell.recipe?.loose() ?? null;
  if (loose === null) cell.device?.fleeting.remove(cell);
  cell.recipe = loose;
  register(x, cell);
};
const flush = (): void => {
  flushing = false;
  for (let i = 0; i < newborn.length; i++) leaveRing(i);
};
/** Watch over an array whose cell is in the heap. */
const enroll = (x: ConcreteArray, cell: Cell): void => {
  const slot = nextSlot;
  nextSlot = (nextSlot + 1) % newborn.length;
  leaveRing(slot);
  newborn[slot] = x;
  cell.slot = slot;
  if (flushing) return;
  flushing = true;
  queueMicrotask(flush);
};

/** The array of a new cell. */
export const adopt = (aval: Aval, cell: Cell): ConcreteArray => {
  const x = new ConcreteArray(aval, null, cell);
  enroll(x, cell);
  return x;
};
/** Give memory to an array that is full of one number. Throws `DonatedError` if it is none, OutOfMemoryError. */
export const solidify = (x: ConcreteArray, op: string): ConcreteArray => {
  const { aval, repeats } = x;
  if (repeats === null) return throwDonated(x, op);
  const bytes = bytesOf(aval);
  if (bytes <= smallBytes) {
    x.host = full(x, repeats);
    return x;
  }
  const device = currentDevice(),
    cell = device.place(bytes, op);
  writeMany(device.views(), aval.dtype, (cell.block as Block).address, sizeOf(aval.shape), repeats.value.value);
  x.cell = cell;
  enroll(x, cell);
  return x;
};
/** Another array of the same elements (`aval` may have another shape). */
export const share = (x: ConcreteArray, aval: Aval): ConcreteArray => {
  const { cell } = x;
  const y = new ConcreteArray(aval, x.host, cell);
  if (cell === null) return y;
  cell.arrays++;
  if (cell.block !== null) register(y, cell);
  return y;
};
/** The bytes of `x` go to a new array. Only for a cell that no other array shares. */
export const take = (x: ConcreteArray, aval: Aval, donation: Donation): ConcreteArray => {
  const cell = x.cell as Cell,
    y = new ConcreteArray(aval, null, cell);
  x.cell = null;
  x.repeats = null;
  x.donation = donation;
  // Other bytes may be in it by now.
  cell.device?.fleeting.remove(cell);
  cell.recipe = null;
  if (cell.slot >= 0) {
    newborn[cell.slot] = y;
    return y;
  }
  if (cell.registered) registry.unregister(cell);
  cell.registered = false;
  if (cell.block !== null) enroll(y, cell);
  return y;
};
/** Take the value of `x` away. */
export const donate = (x: ConcreteArray, donation: Donation): void => {
  const { cell, wanted } = x;
  if (wanted !== null) wanted.by = new ConcreteArray(x.aval, x.host, cell);
  x.host = null;
  x.cell = null;
  x.repeats = null;
  x.donation = donation;
  if (cell === null) return;
  if (wanted !== null) {
    // Others may share the cell; if not, a recipe can wait for a copy to come back.
    if (cell.arrays === 1 && cell.block !== null) (cell.device as Device).spill(cell, donation.name);
    else if (cell.slot >= 0 && newborn[cell.slot] === x) {
      newborn[cell.slot] = null;
      cell.slot = -1;
      register(x, cell);
    }
  } else if (cell.arrays === 1) {
    if (cell.block === null) return;
    const { device } = cell;
    if (cell.registered) registry.unregister(cell);
    if (cell.slot >= 0) newborn[cell.slot] = null;
    (device as Device).drop(cell);
    cell.host = null;
    cell.recipe = null;
  } else if (cell.slot >= 0 && newborn[cell.slot] === x) {
    newborn[cell.slot] = null;
    cell.slot = -1;
    cell.arrays--;
  } // else the registry counts `x` out when it dies
};
/** Bring the bytes of `x` into the heap of `device`. */
export const summon = (x: ConcreteArray, device: Device, op: string): Cell => {
  let cell = x.cell as Cell;
  if (cell.device === device) return cell;
  if (cell.device !== null) cell.device.spill(cell, op);
  if (cell.arrays > 1) {
    // The others are unknown, so nobody could watch over them in the heap: they stay on the host.
    const own = new Cell(cell.bytes);
    own.host = hostBytes(cell);
    cell.arrays--;
    cell = own;
    x.cell = own;
  }
  device.restore(cell, op);
  enroll(x, cell);
  return cell;
};

/** Throw OutOfMemoryError for an array that cannot exist. */
export const demandRoom = (a: Aval, op: string): void => {
  const bytes = bytesOf(a);
  if (bytes > smallBytes) currentDevice().demand(bytes, op, showAval(a));
};

/** A small array around `host`, which it owns from now on. */
export const hostArray = (aval: Aval, host: TypedArray): ConcreteArray => new ConcreteArray(aval, host, null);

const isShape = (shape: Shape): boolean => shape.every((d) => Number.isInteger(d) && d >= 0);

/**
 * An array with a copy of `data` (row-major; bool as 0 and 1, anything else than 0 being 1).
 * Throws ShapeError if the length does not fit, OutOfMemoryError if the heap could never hold it.
 */
export const fromTyped = (dtype: DType, shape: Shape, data: TypedArray, op = "array"): ConcreteArray => {
  if (!Object.hasOwn(itemSize, dtype))
    throw new ArgumentError({ op, expected: `a dtype among ${Object.keys(itemSize).join(", ")}`, got: String(dtype) });
  if (!isShape(shape)) throw new ShapeError({ op, expected: "a shape of non-negative integers", got: `[${shape}]` });
  const a = freezeAval({ dtype, shape }),
    n = sizeOf(shape),
    bytes = bytesOf(a);
  if (data.length !== n)
    throw new ShapeError({ op, expected: `${n} elements for the shape [${shape}]`, got: `${data.length} elements` });
  if (bytes <= smallBytes) {
    const host = typedArray(dtype, n);
    copyInto(host, dtype, data);
    return hostArray(a, host);
  }
  const device = currentDevice();
  device.demand(bytes, op, showAval(a));
  const cell = device.place(bytes, op),
    { address } = cell.block as { address: number };
  const v = device.views();
  if (dtype === "bool") copyInto(v.u8.subarray(address, address + n), dtype, data);
  else write(v, dtype, address, data);
  return adopt(a, cell);
};
const copyInto = (to: TypedArray, dtype: DType, from: TypedArray): void => {
  if (dtype !== "bool") to.set(from);
  else for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1;
};

/** The rank-0 array of a literal. */
export const literalArray = (x: Literal): ConcreteArray => {
  const host = typedArray(x.aval.dtype, 1);
  host[0] = x.value;
  return hostArray(x.aval, host);
};
