// What a brick is, and the studs by which bricks click together: sizes that the compiler checks where it knows them.
import type { Key, NDArray } from "../numpy/index.ts";

declare const studs: unique symbol;
/** A size on a stud. Methods compare both ways, so `number` (a size not known to the compiler) fits every size. */
interface Size<N extends number> {
  is(size: N): void;
}
/** A vector with N elements. Any array may be given for one; vectors of other sizes may not. */
export interface Vec<N extends number> extends NDArray {
  readonly [studs]?: { readonly length: Size<N> };
}
/** An image with its channels first, `f32[C, H, W]`. Any array may be given for one; images of other sizes may not. */
export interface Image<C extends number, H extends number = number, W extends number = number> extends NDArray {
  readonly [studs]?: { readonly channels: Size<C>; readonly height: Size<H>; readonly width: Size<W> };
}

/** Vectors of N elements one after the other, `f32[T, N]`. Any array may be given for one; sequences of other vectors may not. */
export interface Sequence<N extends number> extends NDArray {
  readonly [studs]?: { readonly steps: Size<N> };
}
/** What comes one after the other of something: a `Sequence` of vectors; in trees for each leaf. */
export type Over<A> =
  A extends Vec<infer N>
    ? Sequence<N>
    : A extends NDArray | null | undefined
      ? NDArray
      : A extends object
        ? { readonly [K in keyof A]: Over<A[K]> }
        : unknown;

/**
 * Two pure functions: `init` makes parameters (a pytree), `apply` computes with them. A brick is written for one example: `vmap`
 * maps it over a batch. A key means training: dropout drops, for instance.
 */
export interface Brick<P = unknown, A = NDArray, B = NDArray> {
  init(key: Key): P;
  apply(params: P, input: A, key?: Key): B;
  /** What the output has of the input, where that is all that its type depends on. */
  readonly keeps?: keyof Kept<unknown>;
}
/** Types of outputs that keep something of an input of type A: its shape, its channels, or its channels as a vector. */
interface Kept<A> {
  readonly shape: A;
  readonly channels: A extends Image<infer C> ? Image<C> : NDArray;
  readonly channelVector: A extends Image<infer C> ? Vec<C> : NDArray;
}
/** The parameters of a brick that has none: a tree without leaves. */
export type NoParams = Readonly<Record<string, never>>;
/** A brick without parameters whose output keeps something of its input. */
export interface Keeping<K extends keyof Kept<unknown> = "shape"> extends Brick<NoParams, NDArray, NDArray> {
  readonly keeps: K;
}

/** Any brick. */
export type AnyBrick = Brick<unknown, unknown, unknown>;
/** The parameters of a brick. */
export type ParamsOf<B> = B extends { init(key: Key): infer P } ? P : never;
/** What a brick takes. */
export type InputOf<B> = B extends { apply(params: never, input: infer A, key?: Key): unknown } ? A : never;
/** What a brick gives for an input of type A. */
export type OutputOf<B, A = unknown> = B extends { readonly keeps: infer K extends keyof Kept<A> }
  ? Kept<A>[K]
  : B extends { apply(params: never, input: never, key?: Key): infer R }
    ? R
    : never;
/** What the last of bricks in series gives for an input of type A. */
export type OutputOfAll<B extends readonly unknown[], A> = B extends readonly [infer First, ...infer Rest]
  ? OutputOfAll<Rest, OutputOf<First, A>>
  : A;
/** The bricks, if each takes what the one before gives; else the one at fault is asked to take that. */
export type Clicking<B extends readonly unknown[], A> = B extends readonly [infer First, ...infer Rest]
  ? [A] extends [InputOf<First>]
    ? readonly [First, ...Clicking<Rest, OutputOf<First, A>>]
    : readonly [Brick<ParamsOf<First>, A, OutputOf<First, A>>, ...Rest]
  : B;
