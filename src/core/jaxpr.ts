// Jaxprs: straight-line programs of primitives. Data only; `print.ts` shows them, `check.ts` checks them.
import type { Aval } from "./aval.ts";
import type { AnyCall, AnyPrimitive } from "./primitive.ts";
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
export interface Eqn {
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
