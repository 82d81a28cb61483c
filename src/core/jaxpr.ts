// Jaxprs: straight-line programs of primitives; and the higher-order primitives, whose attributes hold jaxprs. Data only:
// `print.ts` shows jaxprs, `check.ts` checks them.
import type { Aval } from "./aval.ts";
import type { HostFunction } from "./host.ts";
import type { Origin } from "./origin.ts";
import type { AnyPrimitive, MappedAxis } from "./primitive.ts";
import { Literal, Value } from "./value.ts";

/** A name in a jaxpr; identity is the object. */
export class Var extends Value {
  readonly kind = "var";
  readonly aval: Aval;
  constructor(aval: Aval) {
    super();
    this.aval = aval;
  }
}
/** What an equation may be applied to. */
export type Atom = Var | Literal;
export interface Eqn extends Origin {
  readonly prim: AnyPrimitive | AnyCall;
  readonly ins: readonly Atom[];
  readonly attrs: unknown;
  /** One for a primitive, any number for a call. */
  readonly outs: readonly Var[];
}
/** `lambda ins . let eqns in outs`; the first `consts` of `ins` are closed-over values. */
export interface Jaxpr {
  readonly consts: number;
  readonly ins: readonly Var[];
  readonly eqns: readonly Eqn[];
  readonly outs: readonly Atom[];
}
/** A jaxpr with the values that its first inputs stand for. */
export interface ClosedJaxpr {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly Value[];
}

export const isVar = (a: Atom): a is Var => a instanceof Var;
export const isLiteral = (v: unknown): v is Literal => v instanceof Literal;

/** A higher-order primitive: several results, attributes that hold jaxprs; its rules use the transforms. null is the symbolic zero. */
export interface CallPrimitive<A> {
  readonly name: string;
  readonly abstractEval: (ins: readonly Aval[], attrs: A) => readonly Aval[];
  readonly jvp: (
    ins: readonly Value[],
    tangents: readonly (Value | null)[],
    attrs: A,
  ) => readonly [readonly Value[], readonly (Value | null)[]];
  readonly batch: (
    axis: MappedAxis,
    ins: readonly Value[],
    axes: readonly (number | null)[],
    attrs: A,
  ) => readonly [readonly Value[], readonly (number | null)[]];
  /** Split into what depends on unknown inputs and what does not; see `transforms/partial.ts`. */
  readonly partial: (unknown: readonly boolean[], ins: readonly Aval[], attrs: A) => PartialCall<A>;
  /** Cotangents of the linear inputs (where `ins` is an Aval), null elsewhere. */
  readonly transpose: (
    cts: readonly (Value | null)[],
    ins: readonly (Value | Aval)[],
    attrs: A,
  ) => readonly (Value | null)[];
  /** Its attributes hold functions: they may use any named axis. */
  readonly opaque?: true;
  /** A call that means nothing but its body gives the body; the compiler inlines it. */
  readonly inline: ((attrs: A) => Jaxpr) | null;
  /** Whether it does something besides computing its results, its nested jaxprs apart. */
  readonly effect?: (attrs: A) => boolean;
  /** How the compiler runs any other call. */
  readonly structure?: (attrs: A) => Structure;
  readonly show?: (attrs: A) => string;
}
/**
 * What an operand of a scan is to its body: the same in every round, a slice of its first axis, or (a number) the start of the
 * carry that is the result of that number.
 */
export type Role = "const" | "slice" | number;
/** What an operand of a while loop is: a constant of cond, one of body, or the start of a carry. */
export type WhileRole = "cond" | "body" | number;
/**
 * Control flow around jaxprs. scan: the body takes the operands in order, each in its role, and gives the next carry and a slice
 * of each of ys; results are the carry and ys. while: cond takes its constants, body takes its own, then both take the carry in
 * order; results are the carries numbered by `results`. cond: the operand at `chooser` is an int32 (clamped) that chooses the
 * branch, which takes the other operands. host: a function of JavaScript is called with arrays.
 */
export type Structure =
  | {
      readonly kind: "scan";
      readonly body: Jaxpr;
      readonly roles: readonly Role[];
      readonly length: number;
      readonly reverse: boolean;
      /** Rounds written out one after the other; one if it is missing. */
      readonly unroll?: number;
    }
  | {
      readonly kind: "while";
      readonly cond: Jaxpr;
      readonly body: Jaxpr;
      readonly roles: readonly WhileRole[];
      readonly results: readonly number[];
    }
  | { readonly kind: "cond"; readonly branches: readonly Jaxpr[]; readonly chooser: number }
  | { readonly kind: "host"; readonly name: string; readonly call: HostFunction };
/**
 * `known` takes the operands that `knownIns` flags (without it, the known ones) and computes known outputs, then residuals; `unknown`
 * takes the residuals, then the inputs at `forwarded` (known ones that it needs too), then the unknown inputs, and gives the
 * unknown outputs.
 */
export interface PartialCall<A> {
  readonly known: A;
  readonly unknown: A;
  readonly unknownOuts: readonly boolean[];
  readonly residuals: number;
  readonly forwarded?: readonly number[];
  readonly knownIns?: readonly boolean[];
  /** `unknown` takes all operands, in their order, and no residuals. */
  readonly uncut?: true;
}
/** A call that is not cut: all of it waits for what is unknown. */
export const uncut = <A>(attrs: A, outs: number): PartialCall<A> => ({
  known: attrs,
  unknown: attrs,
  unknownOuts: new Array<boolean>(outs).fill(true),
  residuals: 0,
  uncut: true,
});
export type AnyCall = CallPrimitive<unknown>;
export const isCall = (p: AnyPrimitive | AnyCall): p is AnyCall => "inline" in p;
