// Typed errors. Each names the operation, what it expected, what it got, the user's line and the remedy.

/** What every error of the library says. */
export interface Complaint {
  /** The operation at fault, as the user calls it. */
  readonly op: string;
  readonly expected: string;
  readonly got: string;
  /** What to do instead, if there is something to say. */
  readonly remedy?: string;
}

/** A place as stacks and URLs write it, in one way. */
const plainPath = (text: string): string =>
  text
    .replaceAll("\\", "/")
    .replace(/file:\/\/\/?(?=[A-Za-z]:\/)/g, "")
    .replace(/file:\/\//g, "");
/** The folder of the library, whatever it is called: that of the compiled or of the written files. */
const home = plainPath(decodeURI(new URL("../", import.meta.url).href));
/** Frames that are looked through: with tracing inside of tracing, the user may be far up. */
const frames = 200;

/** The stack of whoever calls, not cut short. */
const longStack = (): string => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  const { stack } = new Error("here");
  Error.stackTraceLimit = limit;
  return stack ?? "";
};
/** The innermost stack line outside the library, as `file:line:column`, not of a dependency if there is another; or null. */
export const userLine = (stack: string = longStack()): string | null => {
  let dependency: string | null = null;
  for (const line of stack.split("\n").slice(1)) {
    const text = plainPath(line);
    if (text.includes(home) || text.includes("node:")) continue;
    const at = /(?:^|[\s(])((?:https?:\/\/|[A-Za-z]:\/|\/)[^()]*:\d+:\d+)\)?\s*$/.exec(text)?.[1];
    if (at === undefined) continue;
    if (!at.includes("/node_modules/")) return at;
    dependency ??= at;
  }
  return dependency;
};

/** Base of all errors that the library throws. */
export class BrickboxError extends Error {
  override readonly name: string = "BrickboxError";
  readonly complaint: Complaint;
  constructor(complaint: Complaint, at: string | null = userLine()) {
    const { op, expected, got, remedy } = complaint;
    super(
      `${op}: expected ${expected}, got ${got}${at === null ? "" : `\n  at ${at}`}${remedy === undefined ? "" : `\n  remedy: ${remedy}`}`,
    );
    this.complaint = complaint;
  }
}
/** Shapes or axes that do not fit. */
export class ShapeError extends BrickboxError {
  override readonly name: string = "ShapeError";
}
/** Element types that do not fit. */
export class DTypeError extends BrickboxError {
  override readonly name: string = "DTypeError";
}
/** A traced value used where a concrete one is needed, or after its trace has ended. */
export class TraceError extends BrickboxError {
  override readonly name: string = "TraceError";
}
/** Pytrees whose structure does not fit; names the key path. */
export class TreeError extends BrickboxError {
  override readonly name: string = "TreeError";
}
/** An array used after it was donated. */
export class DonatedError extends BrickboxError {
  override readonly name: string = "DonatedError";
}
/** An allocation that cannot fit. */
export class OutOfMemoryError extends BrickboxError {
  override readonly name: string = "OutOfMemoryError";
}
/** A computation that gave NaN or infinity while `configure({ check: true })` watched. */
export class NonFiniteError extends BrickboxError {
  override readonly name: string = "NonFiniteError";
}
/** Work that was lost because a thread was. */
export class ThreadError extends BrickboxError {
  override readonly name: string = "ThreadError";
}
/** An argument outside its domain (not a shape, dtype or tree). */
export class ArgumentError extends BrickboxError {
  override readonly name: string = "ArgumentError";
}
