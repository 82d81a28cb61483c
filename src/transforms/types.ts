// Types of transformed functions. They are preserved: only what is not yet an array (numbers, typed arrays) becomes one.
import type { Aval } from "../core/aval.ts";
import type { TypedArray } from "../core/dtype.ts";
import type { Value } from "../core/value.ts";

/** Any function. */
export type Fn = ((...args: never[]) => unknown) | ((...args: readonly never[]) => unknown);

type Raw = number | boolean | TypedArray;
// Whether a tree has leaves that are not arrays; looks a few levels deep, so that recursive types end.
type HasRaw<T, Depth extends readonly 0[] = []> = Depth["length"] extends 6
  ? false
  : T extends Value | null | undefined | Fn
    ? false
    : T extends Raw
      ? true
      : T extends readonly (infer E)[]
        ? HasRaw<E, [...Depth, 0]>
        : T extends object
          ? { [K in keyof T]-?: HasRaw<T[K], [...Depth, 0]> }[keyof T]
          : false;
/** The tree with an array at every leaf; a tree of arrays is itself. */
export type Arrays<T> = T extends Raw ? Value : true extends HasRaw<T> ? { [K in keyof T]: Arrays<T[K]> } : T;

/** Where an array is expected, numbers, booleans and typed arrays do too; where a number is, so does an array. */
export type Loose<T> = T extends Value | Raw
  ? T | Value | Raw
  : T extends Fn
    ? T
    : T extends object
      ? { [K in keyof T]: Loose<T[K]> }
      : T;
/** The tree with arrays allowed where it has numbers; a tree of arrays is itself. */
export type Mapped<T> = T extends Raw ? T | Value : true extends HasRaw<T> ? { [K in keyof T]: Mapped<T[K]> } : T;
/** The tree with `{ shape, dtype }` at every leaf. */
export type Avals<T> = T extends Value | Raw
  ? Aval
  : T extends null | undefined | Fn
    ? T
    : T extends object
      ? { [K in keyof T]: Avals<T[K]> }
      : T;
/** Where only shapes and dtypes matter, `{ shape, dtype }` stands for an array. */
export type Abstract<T> = T extends Value | Raw
  ? T | Value | Raw | Aval
  : T extends null | undefined | Fn
    ? T
    : T extends object
      ? { readonly [K in keyof T]: Abstract<T[K]> }
      : T;

/** Tangents or cotangents of a tree: an array or a number for each leaf, null for a zero anywhere. */
export type Tangents<T> = T extends Value | Raw
  ? Value | number | null
  : T extends null | undefined | Fn
    ? T
    : T extends object
      ? { readonly [K in keyof T]: Tangents<T[K]> } | null
      : null;

/** Which arguments to differentiate: one position, or a list. */
export type Argnums = number | readonly number[];
type At<A extends readonly unknown[], N> = N extends readonly number[]
  ? { -readonly [K in keyof N]: Arrays<A[N[K] & keyof A]> }
  : Arrays<A[N & keyof A]>;
type ArgnumsOf<O> = O extends { readonly argnums: infer N } ? N : 0;
/** The arguments that options choose. */
export type Chosen<A extends readonly unknown[], O> = At<A, ArgnumsOf<O>>;
/** `Yes` where the options say that `f` returns `[value, aux]`, else `No`. */
export type WithAux<O, Yes, No> = O extends { readonly hasAux: true } ? Yes : No;
/** Without options. */
export type NoOptions = Readonly<Record<never, never>>;
/** Options of transforms of functions at a point. */
export interface AuxOptions {
  /** The function returns `[result, aux]`; `aux` is passed on without derivative. */
  readonly hasAux?: boolean;
}
/** The differentiated part of a result: all of it, or what stands before `aux`. */
export type Main<R, O> = WithAux<O, First<R>, Arrays<R>>;
/** Value and auxiliary part of a result. */
export type First<R> = R extends readonly [infer Y, unknown] ? Arrays<Y> : never;
export type Second<R> = R extends readonly [unknown, infer X] ? Arrays<X> : never;
/** A tree of `R` whose leaves are trees `P`: derivatives of each result by each input. */
export type Jacobian<R, P> = R extends Value | Raw ? P : R extends object ? { [K in keyof R]: Jacobian<R[K], P> } : R;
