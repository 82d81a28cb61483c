// Results that are computed in less time than copying them out of the heap and back would take. When the program that made them
// runs again, as in a loop, they are garbage most likely, and what comes after them should be written where the cache is warm: few
// of them are kept.

/** What is asked of a result. */
interface Result {
  readonly bytes: number;
  readonly stamp: number;
  readonly recipe: { readonly isPossible: () => boolean; readonly latest: unknown[] } | null;
}
/** Bytes to be kept at first: about what the cache of a core holds. */
const initial = 2 << 20;
/** After so many budgets without regret less is kept: whoever regrets that pays one part in so many. */
const patience = 32;

/** Those of earlier runs, the oldest first. */
export class Fleeting<R extends Result> {
  private readonly cells = new Set<R>();
  private bytes = 0;
  private budget = initial;
  /** When the budget is halved, unless something is regretted before. */
  private calm = Number.POSITIVE_INFINITY;
  /** Bytes of all that ever were here: a clock. */
  clock = 0;

  /** The program of `latest` runs again. */
  repeat(latest: R[]): void {
    for (const cell of latest) {
      this.cells.add(cell);
      this.bytes += cell.bytes;
      this.clock += cell.bytes;
    }
    latest.length = 0;
    if (this.clock > this.calm) this.keep(Math.max(initial, this.budget / 2));
  }
  private keep(bytes: number): void {
    this.budget = bytes;
    this.calm = bytes > initial ? this.clock + patience * bytes : Number.POSITIVE_INFINITY;
  }
  remove(cell: R): void {
    if (cell.recipe === null) return;
    if (this.cells.delete(cell)) this.bytes -= cell.bytes;
    else {
      const { latest } = cell.recipe,
        i = latest.indexOf(cell);
      if (i >= 0) latest.splice(i, 1);
    }
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
  /** One that was made at such a time had to be computed again: from now on, so much is kept that it would be there. */
  regret(bytes: number, made: number): void {
    this.keep(Math.max(this.budget, this.clock - made + 2 * bytes));
  }
}
