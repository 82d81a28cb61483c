// The greatest and the least of floats, in vectors. WebAssembly's max and min are eight instructions of the processor, because
// they hand on NaN and know -0 from 0. The simple choice of one is a single instruction; beside it is noted whether every number
// equals itself and which signs there are, and by these notes the result is put right after the loop.
import type { ReduceOp, ScalarType } from "../../kernel/expr.ts";
import type { Code } from "./assembler.ts";
import type { Op } from "./opcodes.ts";
import { emitConst } from "./scalar.ts";

type Shape = "f32x4" | "f64x2";
/** A reduction to an extreme, and the locals of its notes: lanes that have seen no NaN, and the signs of all numbers together. */
export interface Extreme {
  readonly shape: Shape;
  readonly greatest: boolean;
  readonly sound: number;
  readonly signs: number;
}
/** Locals for the notes of a reduction, if it is one of floats to an extreme. */
export const extremeOf = (code: Code, combine: ReduceOp, t: ScalarType): Extreme | null =>
  (t === "f32" || t === "f64") && (combine === "max" || combine === "min")
    ? {
        shape: t === "f32" ? "f32x4" : "f64x2",
        greatest: combine === "max",
        sound: code.local("v128"),
        signs: code.local("v128"),
      }
    : null;

/** A greatest number of 0 is -0 if all have a minus, a least one if any has. */
const joinSigns = ({ greatest }: Extreme): Op => (greatest ? "v128.and" : "v128.or");
const pushAll = (code: Code, bit: 0 | 1): void => {
  code.v128const(new Uint8Array(16).fill(bit === 0 ? 0 : 255));
};
export const resetExtreme = (code: Code, e: Extreme): void => {
  pushAll(code, 1);
  code.emit("local.set", e.sound);
  pushAll(code, e.greatest ? 1 : 0);
  code.emit("local.set", e.signs);
};
/** The one of the two vectors on the stack, in each lane. */
export const emitExtreme = (code: Code, { shape, greatest }: Extreme): void => {
  code.emit(`${shape}.${greatest ? "pmax" : "pmin"}`);
};
/** `into = the extreme of it and the vector that is pushed`. */
export const accumulateExtreme = (code: Code, e: Extreme, into: number, push: () => void): void => {
  const vector = code.local("v128");
  code.emit("local.get", into);
  push();
  code.emit("local.tee", vector);
  emitExtreme(code, e);
  code.emit("local.set", into);
  code.emit("local.get", vector);
  code.emit("local.get", vector);
  code.emit(`${e.shape}.eq`);
  code.emit("local.get", e.sound);
  code.emit("v128.and");
  code.emit("local.set", e.sound);
  code.emit("local.get", vector);
  code.emit("local.get", e.signs);
  code.emit(joinSigns(e));
  code.emit("local.set", e.signs);
};
/** Put right what the local holds: the sign where it is 0, NaN where there was one. */
export const settleExtreme = (code: Code, e: Extreme, local: number): void => {
  const { shape } = e,
    t = shape === "f32x4" ? "f32" : "f64";
  const splat = (x: number): void => {
    emitConst(code, t, x);
    code.emit(`${shape}.splat`);
  };
  code.emit("local.get", e.signs);
  splat(-0);
  code.emit("v128.and");
  code.emit("local.get", local);
  code.emit("local.get", local);
  splat(0);
  code.emit(`${shape}.eq`);
  code.emit("v128.bitselect");
  code.emit("local.get", e.sound);
  code.emit("v128.not");
  code.emit("v128.or");
  code.emit("local.set", local);
};
