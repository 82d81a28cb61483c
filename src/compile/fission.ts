// Products in the rounds of a scan that need not be there. A product of a slice and a constant is one big product before the loop;
// a sum of products over the rounds (the gradient of weights) is one big product after it; so is a result that nobody in the loop
// looks at. Big products run at the speed of the machine, those of one round seldom do.
import { bytesOf, sizeOf } from "../core/aval.ts";
import type { Atom, Eqn } from "../core/jaxpr.ts";
import { isCall, isVar, Var } from "../core/jaxpr.ts";
import { roundsOfBlock } from "./blocks.ts";
import { type Carried, makers, type Operand, type Scan, stackOf, usesIn } from "./scans.ts";

/** Bytes that the stacks of one loop may take that it would not need otherwise. */
const mostBytes = 1 << 27;
/** Whether so many bytes more are too many, also in blocks of rounds. */
const isTooMuch = ({ bytes, of: { length } }: Scan, more: number): boolean =>
  bytes + more > mostBytes && roundsOfBlock(length, (bytes + more) / length) === null;
/** Elements of a round's operand up to which it pays. */
const bigOperand = 1 << 16;
/** Rows of a round with which a product is quick enough, its constant operand being packed before the loop. */
const enoughRows = 16;

const rulesOf = (e: Eqn | undefined) => (e === undefined || isCall(e.prim) ? undefined : e.prim.stacks);
/** A map of one operand that is linear: the same of a sum is the sum of the same. */
const isLinear = (e: Eqn): boolean => !isCall(e.prim) && e.ins.length === 1 && e.prim.jvp === "linear";

/** Where all rounds' values of an atom are found: an operand that is sliced, or a result, made if there is none. */
const found = (s: Scan, a: Atom): Atom | undefined =>
  s.operands.find((o) => o.inner === a && o.role === "slice")?.outer ?? s.stacks.find((y) => y.value === a)?.result;
const stacked = (s: Scan, a: Atom): Atom => {
  const known = found(s, a);
  if (known !== undefined) return known;
  const result = new Var(stackOf(s, a.aval));
  s.bytes += bytesOf(result.aval);
  s.stacks = [...s.stacks, { result, value: a }];
  return result;
};
const isConstant = (s: Scan, a: Atom): boolean =>
  !isVar(a) || s.operands.some((o) => o.inner === a && o.role === "const");
const outerOf = (s: Scan, a: Atom): Atom => s.operands.find((o) => o.inner === a)?.outer ?? a;
/** Bytes, and elements of a round, of the stacks that would have to be made. */
const priceOf = (s: Scan, atoms: readonly Atom[]): { readonly bytes: number; readonly elements: number } => {
  const missing = [...new Set(atoms)].filter((a) => found(s, a) === undefined);
  return {
    bytes: missing.reduce((n, a) => n + bytesOf(stackOf(s, a.aval)), 0),
    elements: missing.reduce((n, a) => n + sizeOf(a.aval.shape), 0),
  };
};

/** Rows m of a product [m, k] x [k, n] by the sizes of its operands and its result: `m^2 = (m k) (m n) / (k n)`. */
const rowsOf = (first: Atom, others: readonly Atom[], out: Atom): number => {
  const size = (a: Atom): number => Math.max(1, sizeOf(a.aval.shape));
  return Math.sqrt((size(first) * size(out)) / others.reduce((n, a) => n * size(a), 1));
};

/** Products of a slice and constants: computed for all rounds before the first. */
const earlier = (s: Scan): void => {
  for (const e of s.eqns) {
    const [first, ...others] = e.ins,
      [out] = e.outs as readonly [Var],
      slice = s.operands.find((o) => o.inner === first && o.role === "slice");
    const rules = e.ins.length > 1 ? rulesOf(e) : undefined,
      attrs = rules?.each(e.attrs) ?? null;
    if (attrs === null || slice === undefined || sizeOf(slice.inner.aval.shape) > bigOperand) continue;
    if (rowsOf(slice.inner, others, out) >= enoughRows) continue;
    const result = new Var(stackOf(s, out.aval));
    if (!others.every((a) => isConstant(s, a)) || isTooMuch(s, bytesOf(result.aval))) continue;
    s.bytes += bytesOf(result.aval);
    s.before.push({ ...e, attrs, ins: [slice.outer, ...others.map((a) => outerOf(s, a))], outs: [result] });
    s.operands = [...s.operands, { outer: result, inner: out, role: "slice" }];
    s.eqns = s.eqns.filter((x) => x !== e);
  }
};

/** A carry that products are added to: what is added, from the product on to what the carry is given. */
interface Sum {
  readonly carry: Carried;
  readonly operand: Operand;
  readonly product: Eqn;
  readonly chain: readonly Eqn[];
  readonly add: Eqn;
}
const sumsOf = (s: Scan): readonly Sum[] => {
  const uses = usesIn(s),
    made = makers(s),
    once = (a: Atom): boolean => uses.get(a) === 1;
  return s.carries.flatMap((carry): readonly Sum[] => {
    const operand = s.operands.find((o) => o.role === carry) as Operand,
      add = made.get(carry.next);
    if (add?.prim.name !== "add" || !once(carry.next) || !once(operand.inner) || !add.ins.includes(operand.inner))
      return [];
    let value = add.ins[add.ins[0] === operand.inner ? 1 : 0] as Atom,
      product = made.get(value);
    const chain: Eqn[] = [];
    while (product !== undefined && once(value) && rulesOf(product) === undefined && isLinear(product)) {
      chain.unshift(product);
      value = product.ins[0] as Atom;
      product = made.get(value);
    }
    if (product === undefined || !once(value) || rulesOf(product) === undefined) return [];
    return product.ins.some((a) => isConstant(s, a)) ? [] : [{ carry, operand, product, chain, add }];
  });
};
/** Sums of products over the rounds: computed after the last. */
const later = (s: Scan): void => {
  // Products first: a sum is worth it only where its operand is there already.
  const sums = [...sumsOf(s)].sort((a, b) => b.product.ins.length - a.product.ins.length);
  for (const { carry, operand, product, chain, add } of sums) {
    const { bytes, elements } = priceOf(s, product.ins),
      size = sizeOf(product.outs[0]?.aval.shape ?? []);
    if (isTooMuch(s, bytes) || elements > (product.ins.length > 1 ? size : 0)) continue;
    const whole = (e: Eqn, attrs: unknown, ins: readonly Atom[]): Var => {
      const out = new Var((e.outs[0] as Var).aval);
      s.after.push({ ...e, attrs, ins, outs: [out] });
      return out;
    };
    const ins = product.ins.map((a) => stacked(s, a));
    const total = chain.reduce(
      (value, e) => whole(e, e.attrs, [value]),
      whole(product, rulesOf(product)?.sum(product.attrs), ins),
    );
    s.after.push({ ...add, ins: [operand.outer, total], outs: [carry.result] });
    s.sums.push({ start: operand.outer, result: carry.result });
    s.operands = s.operands.filter((o) => o !== operand);
    s.carries = s.carries.filter((c) => c !== carry);
    const gone = new Set([product, ...chain, add]);
    s.eqns = s.eqns.filter((e) => !gone.has(e));
  }
};
/** Results that are products with constants: computed after the last round. */
const apart = (s: Scan): void => {
  const uses = usesIn(s),
    made = makers(s);
  for (const y of s.stacks) {
    const e = made.get(y.value),
      attrs = e !== undefined && e.ins.length > 1 ? (rulesOf(e)?.each(e.attrs) ?? null) : null;
    if (e === undefined || attrs === null || uses.get(y.value) !== 1) continue;
    const [first, ...others] = e.ins as readonly [Atom, ...Atom[]],
      { bytes } = priceOf(s, [first]);
    if (isConstant(s, first) || !others.every((a) => isConstant(s, a)) || sizeOf(first.aval.shape) > bigOperand)
      continue;
    if (bytes > bytesOf(y.result.aval) || isTooMuch(s, bytes)) continue;
    const operand = stacked(s, first);
    s.after.push({ ...e, attrs, ins: [operand, ...others.map((a) => outerOf(s, a))], outs: [y.result] });
    s.stacks = s.stacks.filter((x) => x !== y);
    s.eqns = s.eqns.filter((x) => x !== e);
  }
};

/** Move products out of the rounds. */
export const moveProducts = (s: Scan): void => {
  earlier(s);
  later(s);
  apart(s);
  if (s.before.length + s.after.length > 0) s.changed = true;
};
