// An allocator of byte ranges in memory that grows: segregated free lists, good fit, coalescing.
//
// Blocks tile the heap without gaps. Free blocks hang in bins by size: eight bins for each power of two, a bitmap of the
// bins that hold any. So allocation looks at a handful of blocks and release at two neighbours.

import { spread } from "../kernel/spread.ts";

/** A range of bytes that belongs to its owner until it is released. */
export interface Block {
  readonly address: number;
  /** A multiple of 64, at least what was asked for. */
  readonly bytes: number;
}

/** Memory that a heap grows in. */
export interface Ground {
  /** Make sure that `bytes` bytes exist; false if the engine refuses. */
  readonly grow: (bytes: number) => boolean;
  readonly maxBytes: number;
}

/** Bytes kept free at both ends of memory: kernels may read a little out of bounds there and on either side of a block. */
export const guard = 1 << 20;
const unit = 64;
const page = 65536;
const binCount = 208;
const smallest = 8 << 20;
/** How many blocks of the request's own bin are looked at; larger bins always fit. */
const patience = 16;

/** A block with its neighbours in memory (`before`, `after`) and in its bin (`prev`, `next`). */
interface Piece extends Block {
  address: number;
  bytes: number;
  free: boolean;
  before: Piece | null;
  after: Piece | null;
  prev: Piece | null;
  next: Piece | null;
}

/** Bin of a size in units: exact below 8, then eight bins per power of two. */
const binOf = (units: number): number => {
  if (units < 8) return units;
  const log = 31 - Math.clz32(units);
  return (log - 2) * 8 + ((units >>> (log - 3)) & 7);
};

/** A heap over `ground`. Not safe against releasing what is not its own; everything else is checked by laws. */
export class Heap {
  /** Bytes in blocks that are taken. */
  used = 0;
  /** Nobody has had memory from here on: its pages are not there before they are touched, which takes time. */
  touched = guard;
  /** End of the memory known to exist and to be tiled by blocks. */
  private end = guard;
  private memory = 0;
  private first: Piece | null = null;
  private last: Piece | null = null;
  private readonly ground: Ground;
  private readonly bins: (Piece | null)[] = new Array<Piece | null>(binCount).fill(null);
  private readonly bits = new Int32Array(Math.ceil(binCount / 32));

  constructor(ground: Ground) {
    this.ground = ground;
  }

  /** The most that can ever be taken at once. */
  get capacity(): number {
    return Math.max(0, Math.floor((this.ground.maxBytes - 2 * guard) / unit) * unit);
  }
  /** Bytes that blocks tile, taken or free. */
  get extent(): number {
    return this.end - guard;
  }

  /** A block of at least `bytes` bytes at a multiple of 64, or null if there is no room and memory cannot grow. */
  allocate(bytes: number): Block | null {
    const size = spread(Math.max(unit, Math.ceil(bytes / unit) * unit));
    if (size > this.capacity) return null;
    const piece = this.find(size) ?? this.extend(size);
    if (piece === null) return null;
    this.unlink(piece);
    if (piece.bytes > size) this.split(piece, size);
    piece.free = false;
    this.used += size;
    this.touched = Math.max(this.touched, piece.address + size);
    return piece;
  }

  /** Give a block back. */
  release(block: Block): void {
    let piece = block as Piece;
    if (piece.free) throw new Error("a block was released twice");
    this.used -= piece.bytes;
    const { before, after } = piece;
    if (after?.free === true) {
      this.unlink(after);
      this.absorb(piece, after);
    }
    if (before?.free === true) {
      this.unlink(before);
      this.absorb(before, piece);
      piece.free = true; // its owner may still hold it
      piece = before;
    }
    piece.free = true;
    this.link(piece);
  }

  /** All blocks in order of address. */
  blocks(): readonly (Block & { readonly free: boolean })[] {
    const all: (Block & { readonly free: boolean })[] = [];
    for (let p = this.first; p !== null; p = p.after) all.push({ address: p.address, bytes: p.bytes, free: p.free });
    return all;
  }

  private find(size: number): Piece | null {
    const own = binOf(size / unit);
    let looked = 0;
    for (let p = this.bins[own] ?? null; p !== null && looked < patience; p = p.next, looked++)
      if (p.bytes >= size) return p;
    const larger = this.nextBin(own + 1);
    if (larger >= 0) return this.bins[larger] ?? null;
    if (looked === patience) for (let p = this.bins[own] ?? null; p !== null; p = p.next) if (p.bytes >= size) return p;
    return null;
  }

  /** The first bin from `from` on that holds a block, or -1. */
  private nextBin(from: number): number {
    for (let word = from >>> 5, mask = -1 << (from & 31); word < this.bits.length; word++, mask = -1) {
      const set = (this.bits[word] as number) & mask;
      if (set !== 0) return word * 32 + 31 - Math.clz32(set & -set);
    }
    return -1;
  }

  /** Grow memory so that the last block is free and has at least `size` bytes. */
  private extend(size: number): Piece | null {
    const tail = this.last?.free === true ? this.last : null;
    const needed = (tail === null ? this.end : tail.address) + size + guard;
    if (needed > this.memory) {
      const comfortable = Math.min(
        this.ground.maxBytes,
        Math.max(needed, smallest, Math.ceil((this.memory * 1.5) / page) * page),
      );
      if (comfortable >= needed && this.ground.grow(comfortable)) this.memory = comfortable;
      else if (needed <= this.ground.maxBytes && this.ground.grow(needed)) this.memory = needed;
      else return null;
    }
    const end = Math.floor((this.memory - guard) / unit) * unit;
    if (end === this.end) return null;
    const fresh: Piece = {
      address: this.end,
      bytes: end - this.end,
      free: true,
      before: this.last,
      after: null,
      prev: null,
      next: null,
    };
    this.end = end;
    if (tail !== null) {
      this.unlink(tail);
      this.absorb(tail, fresh);
      this.link(tail);
      return tail;
    }
    if (this.last === null) this.first = fresh;
    else this.last.after = fresh;
    this.last = fresh;
    this.link(fresh);
    return fresh;
  }

  /** Keep `size` bytes of a piece that is in no bin; the rest becomes a free block. */
  private split(piece: Piece, size: number): void {
    const rest: Piece = {
      address: piece.address + size,
      bytes: piece.bytes - size,
      free: true,
      before: piece,
      after: piece.after,
      prev: null,
      next: null,
    };
    if (piece.after === null) this.last = rest;
    else piece.after.before = rest;
    piece.after = rest;
    piece.bytes = size;
    this.link(rest);
  }

  /** Merge `right` into its neighbour `left`. */
  private absorb(left: Piece, right: Piece): void {
    left.bytes += right.bytes;
    left.after = right.after;
    if (right.after === null) this.last = left;
    else right.after.before = left;
  }

  private link(piece: Piece): void {
    const bin = binOf(piece.bytes / unit),
      head = this.bins[bin] ?? null;
    piece.prev = null;
    piece.next = head;
    if (head !== null) head.prev = piece;
    this.bins[bin] = piece;
    this.bits[bin >>> 5] = (this.bits[bin >>> 5] as number) | (1 << (bin & 31));
  }

  private unlink(piece: Piece): void {
    const bin = binOf(piece.bytes / unit);
    if (piece.prev === null) this.bins[bin] = piece.next;
    else piece.prev.next = piece.next;
    if (piece.next !== null) piece.next.prev = piece.prev;
    if (this.bins[bin] === null) this.bits[bin >>> 5] = (this.bits[bin >>> 5] as number) & ~(1 << (bin & 31));
    piece.prev = null;
    piece.next = null;
  }
}
