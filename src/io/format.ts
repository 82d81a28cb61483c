// What may be wrong with a file, and how readers report it: straight code inside that fails at the first fault, an Either outside.
import type { Either } from "fp-ts/lib/Either.js";
import { tryCatch } from "fp-ts/lib/Either.js";

/** A fault in the bytes of a file: which format, where, what was expected there and what was found. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  /** The format that the bytes should have had. */
  readonly format: string;
  /** Offset of the faulty byte. */
  readonly at: number;
  readonly expected: string;
  readonly got: string;
  constructor(format: string, at: number, expected: string, got: string) {
    super(`${format}, byte ${at}: expected ${expected}, got ${got}`);
    this.format = format;
    this.at = at;
    this.expected = expected;
    this.got = got;
  }
}

/** What comes out of a file: the fault, or the value. */
export type Parsed<A> = Either<FormatError, A>;

/** Run a reader. Its FormatError becomes a Left; any other exception is a fault of ours and passes. */
export const attempt = <A>(read: () => A): Parsed<A> => tryCatch(read, rethrowing);

/** The FormatError that was thrown; throws whatever else it was. */
export const rethrowing = (error: unknown): FormatError => {
  if (error instanceof FormatError) return error;
  throw error;
};

/**
 * The value of a parsed file; throws the FormatError if there is none. For scripts, where a fault in a file ends the run.
 * @example
 * io.orThrow(io.parseNpy(io.writeNpy(np.array([1, 2])))) // => [1 2]
 */
export const orThrow = <A>(parsed: Parsed<A>): A => {
  if (parsed._tag === "Left") throw parsed.left;
  return parsed.right;
};
