// A backend's memory as a cache of arrays. The table of what is cached holds cells, never arrays, and only while their bytes
// are in the heap: the least recently used are copied out to ArrayBuffers, which the collector sees, and leave the table.
import { OutOfMemoryError } from "../core/errors.ts";
import type { Backend } from "../kernel/program.ts";
import { settings } from "./configure.ts";
import { Fleeting } from "./fleeting.ts";
import { type Block, Heap } from "./heap.ts";
import type { Bet } from "./ledger.ts";
import { type Views, viewsOf } from "./views.ts";

/** How the bytes of a cell can be had again, as long as what they were computed from is there. */
export interface Recipe {
  readonly isPossible: () => boolean;
  /** The bytes, so many of them. */
  readonly compute: (bytes: number) => Uint8Array;
  /** Where the program keeps the fleeting results of its last run. */
  readonly latest: Cell[];
  /** How many recipes are followed at most: one more than for the arguments. */
  readonly depth: number;
  /** What is at stake when the result leaves the heap. */
  readonly bet: Bet;
  /** The same recipe, so that what it was computed from stays there; null if that is gone. */
  readonly holding: () => Recipe | null;
  /** The same recipe, which keeps nothing alive; null if it is not worth keeping. */
  readonly loose: () => Recipe | null;
}

/** The bytes of a big array: in the heap of a device, or spilled to the host, or forgotten, or (after donation) gone. */
export class Cell {
  readonly bytes: number;
  device: Device | null = null;
  block: Block | null = null;
  host: Uint8Array | null = null;
  /** Functions are pure: what has a recipe need not be copied out of a full heap, it may be forgotten. */
  recipe: Recipe | null = null;
  /** Set when a full heap lets go of it, until somebody asks for it again. */
  bet: Bet | null = null;
  /** Times of creation and of the last use; see `Device.tick`. */
  born = 0;
  stamp = 0;
  /** An upper bound of the arrays that share these bytes. */
  arrays = 1;
  /** The call that met this cell last as an argument, and the last one that met it twice. */
  seen = 0;
  twice = 0;
  /** Place of its array among the newborn, -1 if it has none. */
  slot = -1;
  /** Whether the finalization registry knows an array of this cell. */
  registered = false;
  older: Cell | null = null;
  newer: Cell | null = null;
  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** What must happen to the arrays of a cell when it leaves the heap; `array.ts` sets it. */
let forget: (cell: Cell) => void = () => {};
export const onSpill = (f: (cell: Cell) => void): void => {
  forget = f;
};

const initialBudget = 64 << 20;
/** An idle arena up to this size is kept whatever happens. */
const smallArena = 1 << 20;

/** `6.4 GiB`. */
export const showBytes = (n: number): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let x = n,
    i = 0;
  for (; x >= 1024 && i < units.length - 1; i++) x /= 1024;
  return `${i === 0 || x >= 100 ? Math.round(x) : Number(x.toPrecision(3))} ${units[i]}`;
};

/** One backend with its heap, the cells cached there, and the scratch memory of calls. */
export class Device {
  readonly backend: Backend;
  readonly heap: Heap;
  /** Counts calls; a cell with a stamp of at least `pinned` belongs to a call that is running and must not move. */
  tick = 0;
  pinned = Number.POSITIVE_INFINITY;
  /** Calls that are running now: more than one if a call calls back. */
  depth = 0;
  spills = 0;
  /** Cells whose bytes were let go, to be computed again if anybody asks. */
  forgotten = 0;
  /** Cells in the heap and their bytes. */
  cells = 0;
  cellBytes = 0;
  /** Those of them that are had again in less time than a copy takes. */
  readonly fleeting = new Fleeting<Cell>();
  private adaptive = initialBudget;
  private oldest: Cell | null = null;
  private newest: Cell | null = null;
  private arena: Block | null = null;
  private cached: Views;

  constructor(backend: Backend) {
    this.backend = backend;
    this.heap = new Heap(backend);
    this.cached = viewsOf(backend.memory());
  }

  /** Views of the memory as it is now; stale after anything that allocates. */
  views(): Views {
    const buffer = this.backend.memory();
    if (buffer !== this.cached.buffer) this.cached = viewsOf(buffer);
    return this.cached;
  }
  /** Bytes that may be taken before cells are spilled. */
  get budget(): number {
    return settings().memoryBudget ?? this.adaptive;
  }

  /** Begin a call: cells used from now on stay where they are until it ends. */
  enter(): void {
    this.tick++;
    if (this.depth++ === 0) this.pinned = this.tick;
  }
  leave(): void {
    if (--this.depth === 0) this.pinned = Number.POSITIVE_INFINITY;
  }

  /** Note a use of a cell that is in the heap. */
  touch(cell: Cell): void {
    cell.stamp = this.tick;
    if (cell === this.newest) return;
    this.remove(cell);
    this.append(cell);
  }

  /** A cell with memory in the heap. Throws OutOfMemoryError. */
  place(bytes: number, op: string): Cell {
    const next = (): Cell | null => this.fleeting.surplus(bytes, this.pinned);
    for (let old = next(); old !== null; old = next()) this.forget(old);
    const cell = new Cell(bytes);
    this.settle(cell, this.claim(bytes, op));
    return cell;
  }
  /** Bring the bytes of a cell back into this heap. */
  restore(cell: Cell, op: string): void {
    if (cell.device !== null) cell.device.spill(cell, op);
    const bytes = hostBytes(cell);
    // What comes back is no garbage: the working set is larger than the budget.
    if (this.heap.used + cell.bytes > this.adaptive)
      this.adaptive = Math.min(this.heap.capacity, this.adaptive + cell.bytes);
    const block = this.claim(cell.bytes, op);
    this.views().u8.set(bytes, block.address);
    cell.host = null;
    this.settle(cell, block);
  }
  /** Move the bytes of a cell to the host. */
  spill(cell: Cell, op: string): void {
    const { address } = cell.block as Block;
    cell.host = hosted(op, cell.bytes, () => this.views().u8.slice(address, address + cell.bytes));
    this.drop(cell);
    forget(cell);
    this.spills++;
  }
  /** Let go of bytes that can be computed again. */
  private forget(cell: Cell): void {
    cell.recipe = cell.recipe?.holding() ?? null;
    this.drop(cell);
    forget(cell);
    this.forgotten++;
  }
  /** Free the memory of a cell. */
  drop(cell: Cell): void {
    this.heap.release(cell.block as Block);
    this.remove(cell);
    this.fleeting.remove(cell);
    this.cells--;
    this.cellBytes -= cell.bytes;
    cell.block = null;
    cell.device = null;
  }

  /** Memory for a running call. Only the outermost call may use the standing arena. */
  scratch(bytes: number, op: string): Block {
    if (this.depth > 1) return this.claim(bytes, op);
    if (this.arena !== null && this.arena.bytes >= bytes) return this.arena;
    const wanted = Math.max(bytes, Math.min(2 * (this.arena?.bytes ?? 32768), smallArena));
    this.dropArena();
    this.arena = this.claim(wanted, op);
    return this.arena;
  }
  endScratch(block: Block): void {
    if (block !== this.arena) this.heap.release(block);
  }

  /** Throw unless `bytes` bytes could be had if every cell not in use were spilled. */
  demand(bytes: number, op: string, what: string): void {
    if (bytes > this.heap.capacity) this.exhausted(bytes, op, what);
  }

  private settle(cell: Cell, block: Block): void {
    cell.block = block;
    cell.device = this;
    cell.born = this.tick;
    cell.stamp = this.tick;
    this.append(cell);
    this.cells++;
    this.cellBytes += cell.bytes;
  }

  private claim(bytes: number, op: string): Block {
    const budget = this.budget;
    if (bytes > this.heap.capacity) this.exhausted(bytes, op, "one block");
    if (this.heap.used + bytes > budget) {
      if (this.idleArena()) this.dropArena();
      while (this.heap.used + bytes > budget && this.spillOldest(op)) {
        /* until it fits */
      }
    }
    let block = this.heap.allocate(bytes);
    if (block === null && this.idleArena()) {
      this.dropArena();
      block = this.heap.allocate(bytes);
    }
    while (block === null) {
      if (!this.spillOldest(op)) return this.exhausted(bytes, op, "one block");
      block = this.heap.allocate(bytes);
    }
    return block;
  }
  private spillOldest(op: string): boolean {
    const cell = this.oldest;
    if (cell === null || cell.stamp >= this.pinned) return false;
    const { recipe } = cell;
    if (recipe?.isPossible() !== true) this.spill(cell, op);
    else {
      const { bet } = recipe,
        { forgets } = bet;
      bet.leave();
      cell.bet = bet;
      if (forgets) this.forget(cell);
      else {
        cell.recipe = null;
        this.spill(cell, op);
      }
    }
    return true;
  }
  private idleArena(): boolean {
    return this.arena !== null && this.depth === 0 && this.arena.bytes > smallArena;
  }
  private dropArena(): void {
    if (this.arena === null) return;
    this.heap.release(this.arena);
    this.arena = null;
  }
  private exhausted(bytes: number, op: string, what: string): never {
    throw new OutOfMemoryError({
      op,
      expected: `memory that fits in the heap of ${showBytes(this.heap.capacity)} (${this.backend.name})`,
      got: `a request for ${showBytes(bytes)} (${bytes} bytes: ${what})${this.heap.used > 0 ? ` with ${showBytes(this.heap.used)} in use` : ""}`,
      remedy:
        "work on smaller pieces, donate arguments that are not needed again (jit(f, { donate })), or let grad recompute (checkpoint)",
    });
  }

  private append(cell: Cell): void {
    cell.older = this.newest;
    cell.newer = null;
    if (this.newest === null) this.oldest = cell;
    else this.newest.newer = cell;
    this.newest = cell;
  }
  private remove(cell: Cell): void {
    if (cell.older === null) this.oldest = cell.newer;
    else cell.older.newer = cell.newer;
    if (cell.newer === null) this.newest = cell.older;
    else cell.newer.older = cell.older;
    cell.older = null;
    cell.newer = null;
  }
}

/** The bytes of a cell that is in no heap: those that were spilled, or those that its recipe gives. */
export const hostBytes = (cell: Cell): Uint8Array => {
  cell.bet?.lose();
  cell.bet = null;
  if (cell.host !== null) return cell.host;
  const { recipe } = cell;
  if (recipe === null) throw new Error("a cell has lost its bytes");
  cell.recipe = null;
  cell.host = recipe.compute(cell.bytes);
  return cell.host;
};

/** Allocate on the host; the engine's refusal becomes ours. */
export const hosted = <A>(op: string, bytes: number, f: () => A): A => {
  try {
    return f();
  } catch (e) {
    if (!(e instanceof RangeError)) throw e;
    throw new OutOfMemoryError({
      op,
      expected: "the engine to give an ArrayBuffer",
      got: `a refusal of ${showBytes(bytes)}`,
      remedy: "keep fewer big arrays alive",
    });
  }
};
