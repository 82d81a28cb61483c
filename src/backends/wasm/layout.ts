// Where the threads meet: words at the start of memory, in the guard zone that no array occupies. Indices count 32-bit words.
//
// The control block holds the ticket of the latest job, the number of parked workers, and for each thread the slot of the job
// it may be looking at, plus one. A job slot holds the next chunk to be taken, the chunks that are done, what to run, and the
// addresses of the kernel's parameters and scratch memory. A slot is written only while no thread looks at it.

const control = 0x60000 / 4;

/** Most threads, the caller's included. */
export const maxThreads = 256;
/** Slots of jobs, a power of two; one more is never shown to workers. */
export const slots = 16;

/** The words that are not of one job; each busy one has a cache line for itself. */
export const words = {
  /** The ticket of the latest job: its number times `slots`, plus its slot. */
  ticket: control,
  /** Workers that sleep and must be woken. */
  parked: control + 16,
  /** Chunks that ended in an error. */
  faults: control + 32,
  /** Workers of an earlier era end. */
  era: control + 33,
  /** One word for each thread: the slot it looks at, plus one. */
  looking: control + 48,
} as const;

/** The first slot and the size of each. */
export const firstSlot = control + 1024,
  slotWords = 1024;

/** Words of a job within its slot. */
export const job = { next: 0, done: 16, module: 32, kernel: 33, threads: 34, addresses: 48 } as const;
/** Buffers that fit into a job. */
export const maxAddresses = slotWords - job.addresses;
