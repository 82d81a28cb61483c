// Whether a full heap should copy the results of a program out or forget them: what either way has cost so far decides. A result
// that nobody asks for again was copied in vain; one that somebody asks for had better been copied if it is dear to compute.

/** What runs are timed by, in milliseconds; laws set it. */
export const clock = { now: (): number => performance.now() };
/** Nanoseconds that a byte takes on its way to the host and back, fresh pages of the host included. */
const roundTrip = 0.5;
/** Milliseconds that it takes to copy so many bytes out of the heap and back. */
const copyTime = (bytes: number): number => bytes * roundTrip * 1e-6;
/** Nanoseconds that a byte takes when its page is touched for the first time. */
const firstTouch = 0.45;
/** What takes more than so many round trips to compute is copied: hardly anything could be saved. */
const dear = 32;

/** Of one program: how much time forgetting would have saved so far, with no credit for the future. */
export interface Ledger {
  balance: number;
}

/** A result that took `cost` milliseconds to compute and would take `copy` milliseconds to copy. */
export class Bet {
  readonly cost: number;
  readonly copy: number;
  private readonly ledger: Ledger;
  constructor(ledger: Ledger, cost: number, bytes: number) {
    this.ledger = ledger;
    this.cost = cost;
    this.copy = copyTime(bytes);
  }
  /** Whether it is had again sooner than it is copied. */
  get isSure(): boolean {
    return this.cost < this.copy;
  }
  /** Whether to forget it. */
  get forgets(): boolean {
    return this.isSure || this.ledger.balance >= 0;
  }
  /** It left the heap, one way or the other. */
  leave(): void {
    this.ledger.balance = Math.min(0, this.ledger.balance + this.copy);
  }
  /** Somebody asks for it after that. */
  lose(): void {
    this.ledger.balance -= this.cost;
  }
}

/** What a run of `ms` milliseconds would have taken in memory that had all been touched before, not `fresh` bytes of it for the first time. */
export const warmTime = (ms: number, fresh: number): number => Math.max(0, ms - fresh * firstTouch * 1e-6);

/** Whether results of `bytes` bytes that took `ms` milliseconds are worth a recipe. */
export const isCheap = (bytes: number, ms: number): boolean => ms < copyTime(bytes) * dear;
/** Whether they are had again sooner than they are copied. */
export const isFleeting = (bytes: number, ms: number): boolean => ms < copyTime(bytes);
