// The identity that passes values and no derivative.
import { apply1, floating, unaryRow } from "./pointwise.ts";

export const stopGradientP = unaryRow("stopGradient", floating, (x) => x, "zero");
/** `x`, a constant to every derivative. */
export const stopGradient = apply1(stopGradientP);
