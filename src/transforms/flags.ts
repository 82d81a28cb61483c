// Values for some places only. The others have null: a zero tangent or cotangent, or a place that takes no part.

/** `xs` from number `from` on, in turn, at the places whose flag is set; null at the others. */
export const atFlags = <T>(flags: readonly boolean[], xs: readonly T[], from = 0): readonly (T | null)[] => {
  let next = from;
  return flags.map((flag) => (flag ? (xs[next++] as T) : null));
};
