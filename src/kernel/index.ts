// Index algebra: integer expressions over loop indices with known ranges, kept as sums of multiples so that they simplify.
// Division and remainder round toward minus infinity, and are only made where the dividend cannot be negative.
import type { Expr } from "./expr.ts";
import { binary, compare, constant, int } from "./expr.ts";

/** `c + sum coefficient * term`. */
export interface Linear {
  readonly c: number;
  readonly terms: ReadonlyMap<Expr, number>;
}
/** Inclusive bounds; infinite where nothing is known. */
export type Range = readonly [lo: number, hi: number];

const divParts = (e: Expr): readonly [Expr, number] | null => {
  const [x, y] = e.args;
  return x !== undefined && y !== undefined && y.op === "const" && typeof y.value === "number" ? [x, y.value] : null;
};

const addTerm = (terms: Map<Expr, number>, e: Expr, k: number): void => {
  const sum = (terms.get(e) ?? 0) + k;
  if (sum === 0) terms.delete(e);
  else terms.set(e, sum);
};

const sums = new WeakMap<Expr, Linear>();
/** The linear form of an i32 expression; whatever is not a sum or a multiple is a term of its own. Computed once per node. */
export const linear = (e: Expr): Linear => {
  const known = sums.get(e);
  if (known !== undefined) return known;
  const made = linearForm(e);
  sums.set(e, made);
  return made;
};
const linearForm = (e: Expr): Linear => {
  let c = 0;
  const terms = new Map<Expr, number>();
  const go = (x: Expr, k: number): void => {
    const [a, b] = x.args;
    if (x.op === "const") c += k * Number(x.value);
    else if (x.op === "add") {
      go(a as Expr, k);
      go(b as Expr, k);
    } else if (x.op === "sub") {
      go(a as Expr, k);
      go(b as Expr, -k);
    } else if (x.op === "neg") go(a as Expr, -k);
    else if (x.op === "mul" && b?.op === "const") go(a as Expr, k * Number(b.value));
    else if (x.op === "mul" && a?.op === "const") go(b as Expr, k * Number(a.value));
    else addTerm(terms, x, k);
  };
  go(e, 1);
  recombine(terms, (x, k) => go(x, k));
  return { c, terms };
};

// k*(x / n)*n + k*(x % n) = k*x, repeated while it applies.
const recombine = (terms: Map<Expr, number>, add: (x: Expr, k: number) => void): void => {
  for (let again = true; again; ) {
    again = false;
    for (const [t, k] of terms) {
      if (t.op !== "rem") continue;
      const parts = divParts(t);
      if (parts === null) continue;
      const [x, n] = parts;
      const quotient = idiv(x, n);
      const q = quotient.op === "const" ? undefined : terms.get(quotient);
      if (q !== undefined && q === k * n) {
        terms.delete(t);
        terms.delete(quotient);
        add(x, k);
        again = true;
        break;
      }
    }
  }
};

const bounds = new WeakMap<Expr, Range>();
/** Bounds of an i32 expression over all values of its loop indices. */
export const rangeOf = (e: Expr): Range => {
  const known = bounds.get(e);
  if (known !== undefined) return known;
  const r = computeRange(e);
  bounds.set(e, r);
  return r;
};
const everything: Range = [-Infinity, Infinity];
const computeRange = (e: Expr): Range => {
  if (e.op === "const") return [Number(e.value), Number(e.value)];
  if (e.op === "var") return e.extent >= 0 ? [0, Math.max(0, e.extent - 1)] : everything;
  const [a, b] = e.args;
  if (a === undefined || e.type !== "i32") return everything;
  if (e.op === "neg") {
    const [lo, hi] = rangeOf(a);
    return [-hi, -lo];
  }
  if (b === undefined) return everything;
  const [al, ah] = rangeOf(a),
    [bl, bh] = rangeOf(b);
  switch (e.op) {
    case "add":
      return [al + bl, ah + bh];
    case "sub":
      return [al - bh, ah - bl];
    case "mul": {
      const p = [al * bl, al * bh, ah * bl, ah * bh].map((x) => (Number.isNaN(x) ? 0 : x));
      return [Math.min(...p), Math.max(...p)];
    }
    case "div":
      return b.op === "const" && bl > 0 && al >= 0 ? [Math.floor(al / bl), Math.floor(ah / bl)] : everything;
    case "rem":
      return b.op === "const" && bl > 0 && al >= 0 ? [0, Math.min(ah, bl - 1)] : everything;
    case "min":
      return [Math.min(al, bl), Math.min(ah, bh)];
    case "max":
      return [Math.max(al, bl), Math.max(ah, bh)];
    case "select": {
      const [xl, xh] = rangeOf(b),
        [yl, yh] = rangeOf(e.args[2] as Expr);
      return [Math.min(xl, yl), Math.max(xh, yh)];
    }
    default:
      return everything;
  }
};
const rangeOfLinear = ({ c, terms }: Linear): Range => {
  let lo = c,
    hi = c;
  for (const [t, k] of terms) {
    const [tl, th] = rangeOf(t);
    lo += k > 0 ? k * tl : k * th;
    hi += k > 0 ? k * th : k * tl;
  }
  return [lo, hi];
};

const byCreation = ([x]: readonly [Expr, number], [y]: readonly [Expr, number]): number => x.id - y.id;
/** An expression of a linear form, its terms in order of creation. */
export const fromLinear = (form: Linear): Expr => {
  const { c, terms } = form;
  if (terms.size === 0) return int(c);
  let sum: Expr | null = null;
  for (const [t, k] of terms.size === 1 ? terms : [...terms].sort(byCreation)) {
    const p: Expr = k === 1 ? t : k === -1 && sum !== null ? t : binary("mul", t, int(k));
    sum = sum === null ? p : k === -1 ? binary("sub", sum, t) : binary("add", sum, p);
  }
  return c === 0 ? (sum as Expr) : binary("add", sum as Expr, int(c));
};

/** `a + k b` as a sum. */
const plus = (a: Linear, b: Linear, k: number): Linear => {
  let c = a.c + k * b.c;
  const terms = new Map(a.terms);
  for (const [t, n] of b.terms) addTerm(terms, t, k * n);
  recombine(terms, (x, n) => {
    const more = linear(x);
    c += n * more.c;
    for (const [t, m] of more.terms) addTerm(terms, t, n * m);
  });
  return { c, terms };
};
const zero: Linear = { c: 0, terms: new Map() };
/** `a + b`. */
export const iadd = (a: Expr, b: Expr): Expr => fromLinear(plus(linear(a), linear(b), 1));
/** `a - b`. */
export const isub = (a: Expr, b: Expr): Expr => fromLinear(plus(linear(a), linear(b), -1));
/** `a * k` by a constant. */
export const imul = (a: Expr, k: number): Expr => fromLinear(k === 1 ? linear(a) : plus(zero, linear(a), k));

// Split into a part that n divides and a rest; c goes where the rest stays in [0, n) if it can.
const splitBy = (l: Linear, n: number): readonly [quotient: Linear, rest: Linear] => {
  const q = new Map<Expr, number>(),
    r = new Map<Expr, number>();
  for (const [t, k] of l.terms) {
    if (k % n === 0) q.set(t, k / n);
    else r.set(t, k);
  }
  const qc = Math.floor(l.c / n);
  return [
    { c: qc, terms: q },
    { c: l.c - qc * n, terms: r },
  ];
};
/** `floor(a / n)` for a positive constant n and a non-negative a. */
export const idiv = (a: Expr, n: number): Expr => {
  if (n === 1) return a;
  const [q, rest] = splitBy(linear(a), n),
    [lo, hi] = rangeOfLinear(rest);
  if (lo >= 0 && hi < n) return fromLinear(q);
  if (lo < 0) return binary("div", a, int(n));
  const inner = rest.terms.size === 1 && rest.c === 0 ? nestedDiv([...rest.terms][0] as [Expr, number], n) : null;
  const tail = inner ?? binary("div", fromLinear(rest), int(n));
  return q.terms.size === 0 && q.c === 0 ? tail : iadd(fromLinear(q), tail);
};
// (x / m) / n = x / (m n); (k x) / n = x / (n / k) where k divides n.
const nestedDiv = ([t, k]: readonly [Expr, number], n: number): Expr | null => {
  if (k !== 1) return k > 0 && n % k === 0 ? idiv(t, n / k) : null;
  const parts = t.op === "div" ? divParts(t) : null;
  return parts === null ? null : idiv(parts[0], parts[1] * n);
};
/** `a mod n` for a positive constant n and a non-negative a. */
export const imod = (a: Expr, n: number): Expr => {
  if (n === 1) return int(0);
  const [, rest] = splitBy(linear(a), n),
    [lo, hi] = rangeOfLinear(rest);
  if (lo >= 0 && hi < n) return fromLinear(rest);
  if (lo < 0) return binary("rem", a, int(n));
  const only = rest.terms.size === 1 && rest.c === 0 ? ([...rest.terms][0] as [Expr, number]) : null;
  if (only !== null && only[1] === 1 && only[0].op === "rem") {
    const parts = divParts(only[0]);
    if (parts !== null && parts[1] % n === 0) return imod(parts[0], n); // (x % (m n)) % n
  }
  if (only !== null && only[1] > 1 && n % only[1] === 0) return imul(imod(only[0], n / only[1]), only[1]);
  return binary("rem", fromLinear(rest), int(n));
};

/** `lo <= a < hi`, folded where the range of `a` decides it. */
export const inRange = (a: Expr, lo: number, hi: number): Expr => {
  const [al, ah] = rangeOf(a);
  const left = al >= lo ? null : compare("ge", a, int(lo)),
    right = ah < hi ? null : compare("lt", a, int(hi));
  if (ah < lo || al >= hi) return constant("bool", 0);
  return left === null ? (right ?? constant("bool", 1)) : right === null ? left : binary("and", left, right);
};
/** `a == k`, folded where the range of `a` decides it. */
export const iequal = (a: Expr, k: number): Expr => {
  const [lo, hi] = rangeOf(a);
  return k < lo || k > hi ? constant("bool", 0) : lo === hi ? constant("bool", 1) : compare("eq", a, int(k));
};
/** `a` limited to `[lo, hi]`, folded where its range decides it. */
export const iclamp = (a: Expr, lo: number, hi: number): Expr => {
  const [al, ah] = rangeOf(a);
  const low = al >= lo ? a : binary("max", a, int(lo));
  return ah <= hi ? low : binary("min", low, int(hi));
};

/** Row-major offset of `at` in `shape`. */
export const ravel = (at: readonly Expr[], shape: readonly number[]): Expr => {
  let sum: Expr = int(0),
    stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    sum = binary("add", sum, binary("mul", at[i] as Expr, int(stride)));
    stride *= shape[i] as number;
  }
  return fromLinear(linear(sum));
};
/** Indices in `shape` of a row-major offset. */
export const unravel = (offset: Expr, shape: readonly number[]): readonly Expr[] => {
  const at: Expr[] = [];
  let rest = offset;
  for (let i = shape.length - 1; i >= 0; i--) {
    const n = shape[i] as number;
    at[i] = n <= 1 ? int(0) : i === 0 ? rest : imod(rest, n);
    if (n > 1 && i > 0) rest = idiv(rest, n);
  }
  return at;
};
