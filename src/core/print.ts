// The printer of jaxprs. Names depend on nothing but the jaxpr: a..z, aa, ab, ... in order of binding, anew in each nested one.
import { showAval } from "./aval.ts";
import type { DType } from "./dtype.ts";
import { isFloating, storageOf } from "./dtype.ts";
import type { Atom, ClosedJaxpr, Eqn, Jaxpr } from "./jaxpr.ts";
import { isVar, type Var } from "./jaxpr.ts";
import { isClosed, isJaxpr } from "./nested.ts";
import type { Literal } from "./value.ts";

/** Longest jaxpr that is shown on one line. */
const lineWidth = 100;

/** The i-th name: a, b, ..., z, aa, ab, ... */
const letters = (i: number): string =>
  (i < 26 ? "" : letters(Math.floor(i / 26) - 1)) + String.fromCharCode(97 + (i % 26));

/** Names of the variables of a jaxpr in order of binding; `_` for results that nobody uses. */
export const nameVars = (jaxpr: Jaxpr): ReadonlyMap<Var, string> => {
  const used = new Set<Atom>(jaxpr.outs);
  for (const { ins } of jaxpr.eqns) for (const a of ins) used.add(a);
  const names = new Map<Var, string>();
  let next = 0;
  const bound = (v: Var): void => {
    if (!names.has(v)) names.set(v, letters(next++));
  };
  jaxpr.ins.forEach(bound);
  for (const { outs } of jaxpr.eqns) for (const v of outs) used.has(v) ? bound(v) : names.set(v, "_");
  return names;
};

const number = (x: number, dtype: DType): string => {
  if (dtype === "bool") return x === 0 ? "false" : "true";
  const text = Object.is(x, -0)
    ? "-0"
    : Number.isFinite(x)
      ? String(x)
      : Number.isNaN(x)
        ? "nan"
        : x > 0
          ? "inf"
          : "-inf";
  return isFloating(dtype) && /^-?\d+$/.test(text) ? `${text}.0` : text;
};
/** The shortest text that gives the number back: `0.1`, not `0.10000000149011612`. */
const shortest = (x: number): number => {
  for (let digits = 1; digits < 9; digits++) {
    const y = Number(x.toPrecision(digits));
    if (Math.fround(y) === x) return y;
  }
  return x;
};
/** `2.0:f32`. */
export const showLiteral = ({ value, aval: { dtype } }: Literal): string =>
  `${number(dtype === "float32" ? shortest(value) : value, dtype)}:${storageOf[dtype]}`;

const indent = (text: string, by: number): string => text.replaceAll("\n", `\n${" ".repeat(by)}`);
const showAttr = (x: unknown): string => {
  if (isJaxpr(x) || isClosed(x)) return showJaxpr(x);
  if (Array.isArray(x)) return x.length === 1 ? `(${showAttr(x[0])},)` : `(${x.map(showAttr).join(", ")})`;
  if (typeof x === "function") return x.name === "" ? "<function>" : x.name;
  if (typeof x === "object" && x !== null) {
    const proto: unknown = Object.getPrototypeOf(x);
    return proto === Object.prototype || proto === null ? `{${entries(x).join(" ")}}` : `<${x.constructor.name}>`;
  }
  return typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x)) : String(x);
};
const entries = (attrs: object): readonly string[] =>
  Object.entries(attrs).flatMap(([k, v]) => (v === undefined ? [] : [`${k}=${showAttr(v)}`]));

/** Attributes as `key=value`, on lines of their own where a jaxpr among them needs several. */
export const showAttrs = (attrs: unknown): string => {
  const parts = typeof attrs === "object" && attrs !== null ? entries(attrs) : [];
  return parts.some((p) => p.includes("\n")) ? `\n  ${indent(parts.join("\n"), 2)}\n` : parts.join(" ");
};
const brackets = ({ prim, attrs }: Eqn): string => {
  const text = prim.show === undefined ? showAttrs(attrs) : prim.show(attrs);
  return text === "" ? "" : `[${text}]`;
};
const showEqn = (e: Eqn, names: ReadonlyMap<Var, string>): string => {
  const outs = e.outs.map((v) => `${names.get(v)}:${showAval(v.aval)}`).join(" ");
  const ins = e.ins.map((a) => ` ${showAtom(a, names)}`).join("");
  return `${outs === "" ? "_" : outs} = ${e.prim.name}${brackets(e)}${ins}${e.scope === undefined ? "" : `  # ${e.scope}`}`;
};
const showAtom = (a: Atom, names: ReadonlyMap<Var, string>): string =>
  isVar(a) ? (names.get(a) ?? "?") : showLiteral(a);

/**
 * The text of a jaxpr: `{ lambda a:f32[3] . let b:f32[3] = sin a in ( b ) }`. Constants stand before a `;`. One line if it is
 * short, else one equation a line.
 */
export const showJaxpr = (program: Jaxpr | ClosedJaxpr): string => {
  const jaxpr = isClosed(program) ? program.jaxpr : program;
  const names = nameVars(jaxpr);
  const binders = (vars: readonly Var[]): string => vars.map((v) => `${names.get(v)}:${showAval(v.aval)} `).join("");
  const consts = jaxpr.consts === 0 ? "" : `${binders(jaxpr.ins.slice(0, jaxpr.consts))}; `;
  const head = `{ lambda ${consts}${binders(jaxpr.ins.slice(jaxpr.consts))}.`;
  const eqns = jaxpr.eqns.map((e) => showEqn(e, names));
  const outs = jaxpr.outs.map((a) => showAtom(a, names)).join(", ");
  const tail = outs === "" ? "in ( ) }" : `in ( ${outs} ) }`;
  const line = eqns.length <= 2 ? [head, "let", ...(eqns.length === 0 ? [] : [eqns.join("; ")]), tail].join(" ") : "";
  const short = eqns.length <= 2 && line.length <= lineWidth && !line.includes("\n");
  if (short && jaxpr.eqns.every((e) => e.scope === undefined)) return line;
  return [head, `  let ${indent(eqns.join("\n"), 6)}`, `  ${tail}`].join("\n");
};
