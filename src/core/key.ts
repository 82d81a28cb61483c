// Structural keys of attributes. Unlike JSON: functions, class instances and jaxprs count by identity, and -0, NaN and infinities are distinct.
const ids = new WeakMap<object, number>();
let next = 0;
/** A number that stands for the identity of `x`. */
export const identityOf = (x: object): number => {
  const known = ids.get(x);
  if (known !== undefined) return known;
  ids.set(x, next);
  return next++;
};
const isPlain = (x: object): boolean => {
  const p: unknown = Object.getPrototypeOf(x);
  return p === Object.prototype || p === null;
};
/** A string equal for structurally equal attributes and different otherwise. */
export const keyOf = (x: unknown): string => {
  switch (typeof x) {
    case "number":
      return Object.is(x, -0) ? "-0" : String(x);
    case "bigint":
      return `${x}n`;
    case "string":
      return JSON.stringify(x);
    case "object": {
      if (x === null) return "null";
      if (Array.isArray(x)) return `[${x.map(keyOf).join(",")}]`;
      if (!isPlain(x) || "eqns" in x) return `#${identityOf(x)}`;
      return `{${Object.keys(x)
        .sort()
        .map((k) => `${k}:${keyOf((x as Record<string, unknown>)[k])}`)
        .join(",")}}`;
    }
    case "function":
      return `#${identityOf(x)}`;
    default:
      return String(x);
  }
};
