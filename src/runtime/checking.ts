// What `configure({ check: true })` looks at: results that are NaN or infinite although no operand is. An eager operation is looked
// at by itself. Of a program the results are; if one is not finite, the program runs again with a probe behind each equation,
// and the first equation to blame among those that the result comes from is named.
import { showAval } from "../core/aval.ts";
import { isFloating, type TypedArray } from "../core/dtype.ts";
import { NonFiniteError } from "../core/errors.ts";
import type { AnyCall, Atom, CallPrimitive, Eqn, Jaxpr, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import { nestedJaxprs } from "../core/nested.ts";
import { lineNow } from "../core/origin.ts";
import { Literal, type Value } from "../core/value.ts";
import type { ConcreteArray } from "./array.ts";

/** The elements of a floating array; null for others, which are always finite. */
const floats = (x: Value): TypedArray | readonly number[] | null =>
  !isFloating(x.dtype) ? null : x instanceof Literal ? [x.value] : (x as ConcreteArray).dataSync();
const some = (xs: TypedArray | readonly number[], test: (v: number) => boolean): number => {
  for (let i = 0; i < xs.length; i++) if (test(xs[i] as number)) return i;
  return -1;
};
const isBroken = (v: number): boolean => !Number.isFinite(v);
/** Whether an array has an element that is not finite. */
export const broken = (x: Value): boolean => some(floats(x) ?? [], isBroken) >= 0;

/** What an equation made: the first NaN if no operand has one, or the first infinity if all operands are finite. */
interface Finding {
  readonly what: "NaN" | "infinity";
  readonly result: Value;
  readonly position: number;
  readonly total: number;
  readonly operands: readonly Value[];
}
const finding = (ins: readonly Value[], outs: readonly Value[]): Finding | null => {
  const has = (test: (v: number) => boolean) => ins.some((x) => some(floats(x) ?? [], test) >= 0);
  for (const result of outs) {
    const xs = floats(result);
    if (xs === null || some(xs, isBroken) < 0) continue;
    const nan = some(xs, Number.isNaN);
    const found = nan >= 0 && !has(Number.isNaN) ? ("NaN" as const) : !has(isBroken) ? ("infinity" as const) : null;
    if (found === null) continue;
    const test = found === "NaN" ? Number.isNaN : isBroken;
    let total = 0;
    for (let i = 0; i < xs.length; i++) if (test(xs[i] as number)) total++;
    return { what: found, result, position: some(xs, test), total, operands: ins };
  }
  return null;
};

const remedies: Readonly<Record<string, string>> = {
  log: "keep its argument positive, where it is chosen by np.where too: np.log(np.where(x > 0, x, 1)); for sums of exponentials use nn.logsumexp or nn.logSoftmax",
  sqrt: "keep its argument from falling below 0 with np.maximum(x, 0)",
  rsqrt: "add a small number to its argument, which must be above 0",
  div: "keep the divisor away from 0: add a small number, or choose with np.where before dividing",
  exp: "subtract the largest exponent first, as nn.softmax and nn.logsumexp do",
  pow: "keep the base positive where the exponent is no integer",
};
const remedyOf = (name: string): string =>
  `${remedies[name] ?? "print its operands with debug.print, or step through with disableJit"}; configure({ check: false }) lets it pass`;
const indexOf = (position: number, { shape }: Value): string => {
  const at: number[] = [];
  let rest = position;
  for (const n of [...shape].reverse()) {
    at.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return at.join(", ");
};
const shown = (x: number): string => (Number.isNaN(x) ? "NaN" : String(Number(x.toPrecision(6))));
/** The operands where the result is at fault, as far as they are elements of the same place. */
const operandsAt = ({ operands, result, position }: Finding): string => {
  const values = operands.flatMap((x) => {
    const xs = floats(x);
    if (xs === null) return [];
    const same = x.shape.length === result.shape.length && x.shape.every((n, i) => n === result.shape[i]);
    return same || x.size === 1 ? [shown(xs[same ? position : 0] as number)] : [];
  });
  return values.length === 0 ? "" : ` from ${values.join(" and ")}`;
};
const report = (name: string, where: string | null, f: Finding, at: string | null): never => {
  const { what, result, position, total } = f;
  throw new NonFiniteError(
    {
      op: where === null ? name : `${name} in ${where}`,
      expected: "finite results of finite operands",
      got: `${what}${result.ndim === 0 ? "" : ` at [${indexOf(position, result)}]`}${operandsAt(f)}${total > 1 ? ` (${total} times in ${showAval(result.aval)})` : ""}`,
      remedy: remedyOf(name),
    },
    at,
  );
};

/** Throw NonFiniteError if an eager operation made NaN or infinity. */
export const checkEager = (name: string, ins: readonly Value[], outs: readonly Value[]): void => {
  const found = finding(ins, outs);
  if (found !== null) report(name, null, found, lineNow());
};

interface ProbeAttrs {
  readonly name: string;
  readonly look: (values: readonly Value[]) => void;
}
const never = (): never => {
  throw new Error("a probe is not transformed");
};
/** Looks at values; programs with probes are run, not transformed. */
const probeP: CallPrimitive<ProbeAttrs> = {
  name: "probe",
  abstractEval: () => [],
  jvp: never,
  batch: never,
  partial: never,
  transpose: never,
  effect: () => true,
  inline: null,
  structure: ({ name, look }) => ({
    kind: "host",
    name,
    call: (values) => {
      look(values);
      return [];
    },
  }),
};

/** What probes have seen: for each equation of the outermost jaxpr what it, or one inside it, made first. */
interface Sightings {
  readonly made: Map<Eqn, { readonly by: Eqn; readonly found: Finding; readonly order: number }>;
  readonly bad: Set<Var>;
}
const isFloat = (a: Atom): boolean => isFloating(a.aval.dtype);
const withProbes = (jaxpr: Jaxpr, owner: Eqn | null, seen: Sightings): Jaxpr => ({
  ...jaxpr,
  eqns: jaxpr.eqns.flatMap((e): readonly Eqn[] => {
    const mine = owner ?? e,
      inner = nestedJaxprs(e.attrs).length === 0 ? e : { ...e, attrs: attrsWithProbes(e.attrs, mine, seen) };
    const ins = e.ins.filter(isFloat),
      outs = e.outs.filter(isFloat);
    if (outs.length === 0) return [inner];
    const look = (values: readonly Value[]): void => {
      const results = values.slice(ins.length);
      if (owner === null)
        results.forEach((x, i) => {
          if (broken(x)) seen.bad.add(outs[i] as Var);
        });
      // A call makes what its equations make.
      if (seen.made.has(mine) || inner !== e) return;
      const found = finding(values.slice(0, ins.length), results);
      if (found !== null) seen.made.set(mine, { by: e, found, order: seen.made.size });
    };
    const probe: Eqn = {
      prim: probeP as unknown as AnyCall,
      ins: [...ins, ...outs],
      attrs: { name: `probe of ${e.prim.name}`, look } satisfies ProbeAttrs,
      outs: [],
    };
    return [inner, probe];
  }),
});
const attrsWithProbes = (x: unknown, owner: Eqn, seen: Sightings): unknown => {
  if (Array.isArray(x)) return x.map((y) => attrsWithProbes(y, owner, seen));
  if (typeof x !== "object" || x === null || nestedJaxprs(x).length === 0) return x;
  if ("eqns" in x) return withProbes(x as Jaxpr, owner, seen);
  return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, attrsWithProbes(v, owner, seen)]));
};
/** The equations with results that are not finite which the outputs come from. */
const blamed = (jaxpr: Jaxpr, bad: ReadonlySet<Var>): readonly Eqn[] => {
  const makers = new Map<Atom, Eqn>();
  for (const e of jaxpr.eqns) for (const v of e.outs) makers.set(v, e);
  const found = new Set<Eqn>(),
    stack = jaxpr.outs.filter((a) => isVar(a) && bad.has(a));
  for (let a = stack.pop(); a !== undefined; a = stack.pop()) {
    const e = makers.get(a);
    if (e === undefined || found.has(e)) continue;
    found.add(e);
    stack.push(...e.ins.filter((x) => isVar(x) && bad.has(x)));
  }
  return [...found];
};

/** Throw NonFiniteError if `results` of the program hold NaN or infinity that one of its equations made; `again` runs a jaxpr on the same operands. */
export const checkProgram = (
  name: string,
  jaxpr: Jaxpr,
  results: readonly Value[],
  again: (probed: Jaxpr) => void,
): void => {
  if (!results.some(broken)) return;
  const seen: Sightings = { made: new Map(), bad: new Set() };
  again(withProbes(jaxpr, null, seen));
  const [first] = blamed(jaxpr, seen.bad)
    .flatMap((e) => seen.made.get(e) ?? [])
    .sort((a, b) => a.order - b.order);
  if (first === undefined) return;
  const { by, found } = first;
  report(by.prim.name, name, found, by.at ?? lineNow());
};
