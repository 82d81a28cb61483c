// Results that are computed in less time than copying them out of the heap and back would take. In a synchronous loop they are
// garbage, most likely, and what comes after them should be written where the cache is warm: few of them are kept.

/** What is asked of a result. */
interface Result {
  readonly bytes: number;
  readonly stamp: number;
  readonly recipe: { readonly isPossible: () => boolean } | null;
}
/** Nanoseconds that a byte takes on its way to the host and back, fresh pages of the host included. */
const roundTrip = 0.5;
/** Bytes to be kept at first: about what the cache of a core holds. */
const initial = 2 << 20;

/** Whether results of `bytes` bytes that took `ms` milliseconds are had again sooner than they are copied. */
export const isFleeting = (bytes: number, ms: number): boolean => ms * 1e6 < bytes * roundTrip;

/** The results, the oldest first. */
export class Fleeting<R extends Result> {
  private readonly cells = new Set<R>();
  private bytes = 0;
  private budget = initial;

  add(cell: R): void {
    this.cells.add(cell);
    this.bytes += cell.bytes;
  }
  remove(cell: R): void {
    if (this.cells.delete(cell)) this.bytes -= cell.bytes;
  }
  /** A result to forget before `bytes` bytes are taken, last used before `pinned`; null if there is room for them. */
  surplus(bytes: number, pinned: number): R | null {
    if (this.bytes + bytes <= this.budget) return null;
    for (const cell of this.cells) {
      if (cell.stamp >= pinned) continue;
      this.remove(cell);
      if (cell.recipe?.isPossible() === true) return cell;
    }
    return null;
  }
  /** One of them had to be computed again: more are kept from now on. */
  regret(): void {
    this.budget *= 2;
  }
}
