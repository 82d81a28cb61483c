// Arrays full of one number, as scalars become where they meet arrays: they have no memory until somebody needs their elements,
// and elementwise loops read the number instead.
import { type Aval, sizeOf } from "../core/aval.ts";
import { type Eqn, type Jaxpr, Var } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import { Literal, type Value } from "../core/value.ts";
import { ConcreteArray, type Repeats, solidify } from "./array.ts";
import { stranger } from "./executable.ts";

/** What is compiled for an equation that makes an array full of one number: nothing but what it makes. */
export interface Repetition {
  readonly of: Aval;
}
/** Whether an equation repeats a number, its only operand. */
export const isRepetition = (prim: AnyPrimitive, [x]: readonly Value[], { shape }: Aval): boolean =>
  prim.inRow !== undefined && x?.ndim === 0 && shape.length > 0 && sizeOf(shape) > 0;

export const repeatedArray = (aval: Aval, repeats: Repeats): ConcreteArray => {
  const x = new ConcreteArray(aval, null, null);
  x.repeats = repeats;
  return x;
};
/** How `x` is made of one number, if it is. */
export const repeatsOf = (x: Value): Repeats | null => (x instanceof ConcreteArray ? x.repeats : null);

/** The number that a value without axes is. Throws `DonatedError`. */
export const numberOf = (x: Value, op: string): Literal => {
  if (x instanceof Literal) return x;
  if (!(x instanceof ConcreteArray)) return stranger(x, op);
  const { host } = x.host === null ? solidify(x, op) : x;
  return new Literal(host?.[0] ?? 0, x.aval.dtype);
};

/** The equation `prim[attrs] ins` of an elementwise primitive as a function of numbers where operands repeat them; null if it is another case. */
export const withNumbers = (prim: AnyPrimitive, ins: readonly Value[], attrs: unknown): Jaxpr | null => {
  const avals = ins.map((x) => x.aval);
  if (prim.inRow?.(avals, attrs, 1) == null) return null;
  const args: Var[] = [],
    eqns: Eqn[] = [];
  const operands = ins.map((x) => {
    const whole = new Var(x.aval),
      repeats = repeatsOf(x);
    if (repeats === null) args.push(whole);
    else {
      const number = new Var(repeats.value.aval);
      args.push(number);
      eqns.push({ prim: repeats.prim, ins: [number], attrs: repeats.attrs, outs: [whole] });
    }
    return whole;
  });
  const out = new Var(prim.abstractEval(avals, attrs));
  return { consts: 0, ins: args, eqns: [...eqns, { prim, ins: operands, attrs, outs: [out] }], outs: [out] };
};
