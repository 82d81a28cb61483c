// Arguments of functions with their own rules: leaves that are operands of the call, and what is the same in every call.
import { ArgumentError } from "../core/errors.ts";
import { lift } from "../core/lift.ts";
import { flatten, sameDef, type TreeDef, unflatten } from "../core/tree.ts";
import { Tracer, Value } from "../core/value.ts";
import { positions } from "../transforms/leaves.ts";

/** What a function with its own rule can be told. */
export interface NondiffOptions {
  /** Positions of arguments without derivative, functions and settings too; rules get them first, as they are. */
  readonly nondiffArgnums?: number | readonly number[];
}
/** An argument: its structure, and the leaves that are no operands (null where one is). */
interface Part {
  readonly def: TreeDef;
  readonly fixed: readonly unknown[];
}
/** How the arguments of a call are made of operands. */
export interface Signature {
  readonly parts: readonly Part[];
  /** Which arguments have derivatives. */
  readonly differentiated: readonly boolean[];
  /** Number of operands that belong to the others; they come first. */
  readonly held: number;
  /** Number of operands that belong to the arguments with derivatives; they come last. */
  readonly given: number;
  /** Structure of the list of arguments with derivatives. */
  readonly def: TreeDef;
}

const hole = Symbol("operand");
const isPlain = (x: object): boolean => {
  const p: unknown = Object.getPrototypeOf(x);
  return p === Object.prototype || p === null;
};
/** Anything may stand among arguments without derivative. */
const anything = (x: unknown): boolean =>
  typeof x === "object" && x !== null ? !(x instanceof Value) && !Array.isArray(x) && !isPlain(x) : true;
const whole = (x: unknown): boolean => x !== null && x !== undefined && anything(x);

/** Arguments taken apart: operands, those of arguments without derivative first. */
export const takeApart = (
  args: readonly unknown[],
  { nondiffArgnums = [] }: NondiffOptions,
  op: string,
): { readonly signature: Signature; readonly operands: readonly Value[] } => {
  const chosen = positions(nondiffArgnums, args.length, op),
    held: Value[] = [],
    given: Value[] = [];
  const parts = args.map((x, i): Part => {
    if (chosen.includes(i)) {
      const [leaves, def] = flatten(x, op, whole);
      // A tracer may be gone when the rule runs: it is handed on from trace to trace.
      const fixed = leaves.map((leaf) => {
        if (!(leaf instanceof Tracer)) return leaf;
        held.push(leaf);
        return hole;
      });
      return { def, fixed };
    }
    const [leaves, def] = flatten(x, op);
    for (const leaf of leaves) given.push(lift(leaf, op));
    return { def, fixed: leaves.map(() => hole) };
  });
  const differentiated = args.map((_, i) => !chosen.includes(i)),
    defs = parts.flatMap((p, i) => (differentiated[i] ? [p.def] : []));
  const def: TreeDef = { kind: "list", children: defs, size: given.length };
  return {
    signature: { parts, differentiated, held: held.length, given: given.length, def },
    operands: [...held, ...given],
  };
};
/** What a rule gets of the operands of a call: those of arguments without derivative, and the others. */
export const splitOperands = <T>(
  { held, given }: Signature,
  operands: readonly T[],
): { readonly held: readonly T[]; readonly given: readonly T[] } => {
  const at = operands.length - given;
  return { held: operands.slice(at - held, at), given: operands.slice(at) };
};
const fill = ({ def, fixed }: Part, next: () => Value): unknown =>
  unflatten(
    def,
    fixed.map((x) => (x === hole ? next() : x)),
  );
/** The arguments without derivative, put together. */
export const heldArguments = ({ parts, differentiated }: Signature, operands: readonly Value[]): readonly unknown[] => {
  let k = 0;
  return parts.flatMap((p, i) => (differentiated[i] ? [] : [fill(p, () => operands[k++] as Value)]));
};
/** All arguments in their order. */
export const allArguments = (
  { parts, differentiated, held }: Signature,
  operands: readonly Value[],
): readonly unknown[] => {
  let k = 0,
    g = held;
  return parts.map((p, i) => fill(p, () => operands[differentiated[i] ? g++ : k++] as Value));
};

const same = (a: Signature, b: Signature): boolean =>
  a.parts.length === b.parts.length &&
  a.parts.every((p, i) => {
    const q = b.parts[i] as Part;
    return (
      a.differentiated[i] === b.differentiated[i] &&
      sameDef(p.def, q.def) &&
      p.fixed.every((x, k) => Object.is(x, q.fixed[k]))
    );
  });
/** Signatures that one function keeps; the least recently used goes first. */
const limit = 64;
/** What `make` gives for a signature, the same for equal ones: rules are known by identity. */
export const perSignature = <T>(make: (s: Signature) => T): ((s: Signature) => T) => {
  const known: (readonly [Signature, T])[] = [];
  return (s) => {
    const i = known.findIndex(([t]) => same(s, t)),
      entry = i < 0 ? ([s, make(s)] as const) : (known.splice(i, 1)[0] as readonly [Signature, T]);
    known.unshift(entry);
    if (known.length > limit) known.pop();
    return entry[1];
  };
};

/** Throw unless `rule` is a function. */
export const checkRule = (rule: unknown, op: string): void => {
  if (typeof rule !== "function")
    throw new ArgumentError({ op, expected: "a rule that is a function", got: rule === null ? "null" : typeof rule });
};
/** Throw: the function has no rule yet. */
export const noRule = (op: string, how: string): never => {
  throw new ArgumentError({
    op,
    expected: "a function with its rule",
    got: "no rule",
    remedy: `give it one: f.${how}`,
  });
};
