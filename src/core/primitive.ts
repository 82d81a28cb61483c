// A primitive is one record: its shape rule, its derivative rules, its batching rule and its meaning as a pull function.
import type { Buffer, Expr } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/program.ts";
import type { Aval } from "./aval.ts";
import type { Literal, Value } from "./value.ts";

/** One T per argument. */
export type Per<I extends readonly unknown[], T> = { readonly [K in keyof I]: T };
export type Unary = readonly [0];
export type Binary = readonly [0, 0];
export type Ternary = readonly [0, 0, 0];
export type Variadic = readonly 0[];
/** A primitive without attributes. */
export type None = Readonly<Record<never, never>>;

/** Pushforward of one argument: from its tangent to the output's. */
export type Jvp<A, I extends readonly unknown[]> = (dx: Value, out: Value, ins: Per<I, Value>, attrs: A) => Value;
/** Pullback onto one argument: `ins` holds null where the argument is the linear one; `avals` describe all; `i` is its position. */
export type Transpose<A, I extends readonly unknown[]> = (
  ct: Value,
  ins: Per<I, Value | null>,
  attrs: A,
  avals: Per<I, Aval>,
  i: number,
) => Value;
/** The scalar of an input at an index, one i32 expression per dimension. */
export type Read = (at: readonly Expr[]) => Expr;

/** The axis that a vmap maps: its extent, and its name for collectives. */
export interface MappedAxis {
  readonly size: number;
  readonly name: string | null;
}
/** What a primitive that works across named axes means on one of them. */
export interface Collective<A, I extends readonly unknown[]> {
  readonly names: (attrs: A) => readonly string[];
  /** The result where `axis` is mapped, with its batch axis; other axes that the primitive names are left to the outer interpreters. */
  readonly across: (
    axis: { readonly size: number; readonly name: string },
    ins: Per<I, Value>,
    axes: Per<I, number | null>,
    attrs: A,
  ) => readonly [Value, number | null];
}

interface Rules<A, I extends readonly unknown[]> {
  readonly name: string;
  /** Shape and dtype of the result; throws the typed error of the operation when the arguments do not fit. */
  readonly abstractEval: (ins: Per<I, Aval>, attrs: A) => Aval;
  /**
   * Per argument its pushforward, or null where no tangent flows; "linear": jointly linear in all arguments (the rule is the
   * primitive itself, missing tangents being zeros); "zero": no tangent flows at all.
   */
  readonly jvp: Per<I, Jvp<A, I> | null> | "linear" | "zero";
  /** Per argument the transpose of the map that is linear in it, or null; `each` serves every argument alike. */
  readonly transpose: Per<I, Transpose<A, I> | null> | { readonly each: Transpose<A, I> } | "nonlinear";
  /** `axes[i]` is the batch axis of argument i, null if it has none (one at least has). Gives the result and its batch axis. */
  readonly batch: (size: number, ins: Per<I, Value>, axes: Per<I, number | null>, attrs: A) => readonly [Value, number];
  /** The same result in steps that compile better, or null where the primitive itself does; the last step gives the result. */
  readonly expand?: (ins: Per<I, Aval>, attrs: A) => readonly ExpandStep[] | null;
  /**
   * Where every shape is one loop over all elements, taken in a row: the attributes for rows of `n` elements (operands without axes
   * stay as they are); null for arguments where it is not.
   */
  readonly inRow?: (ins: Per<I, Aval>, attrs: A, n: number) => unknown;
  /** A slice of the result at an index of its first axis: the attributes, and of which operands it takes a slice; null if it is no such. */
  readonly inRound?: (ins: Per<I, Aval>, attrs: A) => InRound | null;
  /** What becomes of it where operands are stacks, with a leading axis more. */
  readonly stacks?: {
    /** Attributes with which operands that are all stacks give the sum of the results over the stack. */
    readonly sum: (attrs: A) => unknown;
    /** Attributes with which a stack as first operand, the others being what they were, gives the results as a stack; null if it does not. */
    readonly each: (attrs: A) => unknown;
  };
  /** For primitives that work across named axes. */
  readonly collective?: Collective<A, I>;
  /** Attributes as the printer shows them; without it, `key=value` for each. */
  readonly show?: (attrs: A) => string;
}
/** How one slice of a result is computed; no attributes: it is the first operand itself. */
export interface InRound {
  readonly attrs: unknown;
  readonly slices: readonly boolean[];
}
/** One step of an expansion: a number is an operand or, counting on, the result of an earlier step. */
export interface ExpandStep {
  readonly prim: AnyPrimitive;
  readonly attrs: unknown;
  readonly ins: readonly (number | Literal)[];
}
/** Pull form: the scalar at output index `at`, as an expression over reads of the inputs. `out` is the result's aval. */
export interface Pull<A, I extends readonly unknown[]> {
  readonly lower: (reads: Per<I, Read>, at: readonly Expr[], attrs: A, ins: Per<I, Aval>, out: Aval) => Expr;
}
/** Push form: statements that fill `out` from `ins`, written once in the kernel IR. */
export interface Push<A, I extends readonly unknown[]> {
  readonly routine: (ins: Per<I, Buffer>, out: Buffer, attrs: A, avals: Per<I, Aval>) => readonly Stmt[];
}
export type Primitive<A, I extends readonly unknown[]> = Rules<A, I> & (Pull<A, I> | Push<A, I>);

/** A primitive whose arguments and attributes the interpreter does not look into. */
export type AnyPrimitive = Primitive<unknown, Variadic>;
