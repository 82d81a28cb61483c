// Vectors to memory.
import type { Expr, Read } from "../../kernel/expr.ts";
import { emitAddress, offsetOf } from "./address.ts";
import type { Context, VectorLoop } from "./context.ts";
import { emitTerm, storeOf } from "./expression.ts";
import { emitLane } from "./vectorExpression.ts";

/** Store vector `u` of `value` at consecutive elements (stride 1). */
export const emitVectorStore = (
  x: Context,
  buffer: Read["buffer"],
  offset: Expr,
  push: () => void,
  u: number,
): void => {
  const { code } = x,
    { lanes } = x.vector as VectorLoop,
    { type } = buffer;
  if (lanes === 2 && (type === "bool" || type === "u8")) {
    const v = code.local("v128"),
      [op, align] = storeOf[type];
    push();
    code.emit("local.set", v);
    for (let lane = 0; lane < 2; lane++) {
      const at = emitAddress(x, buffer, offsetOf(x, offset, u * lanes + lane), (t) => emitTerm(x, t, 0));
      emitLane(x, v, type === "bool" ? "bool" : "u32", lane);
      code.emit(op, align, at);
    }
    return;
  }
  const at = emitAddress(x, buffer, offsetOf(x, offset, u * lanes), (t) => emitTerm(x, t, 0));
  push();
  if (type === "bool" || type === "u8") {
    if (type === "bool") {
      code.v128const(new Uint8Array(Int32Array.of(1, 1, 1, 1).buffer));
      code.emit("v128.and");
    }
    // The low byte of each lane, side by side.
    code.v128const(new Uint8Array(16));
    code.emit("i8x16.shuffle", 0, 4, 8, 12, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16);
    code.emit("v128.store32_lane", 0, at, 0);
  } else if (lanes === 2 && type !== "f64") code.emit("v128.store64_lane", 2, at, 0);
  else code.emit("v128.store", type === "f64" ? 3 : 2, at);
};
