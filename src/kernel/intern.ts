// Hash-consing: one object for equal nodes.
import type { Buffer, Expr, ReduceOp, ScalarType, Var } from "./node.ts";

/** What a node may consist of. Every node is made with all of these fields, so that engines see one shape of object. */
interface Node {
  readonly id: number;
  walk: number;
  /** The next node of the same hash. */
  readonly next: Node | undefined;
  readonly op: Expr["op"];
  readonly type: ScalarType;
  readonly args: readonly Expr[];
  readonly value: number | bigint | undefined;
  readonly name: string | undefined;
  readonly extent: number | undefined;
  readonly buffer: Buffer | undefined;
  readonly combine: ReduceOp | undefined;
  readonly index: Var | undefined;
}
/** Nodes by hash; those of one hash are few. */
let table = new Map<number, Node>();
let nextId = 0;
const limit = 2_000_000;

const bits = new DataView(new ArrayBuffer(8));
const codes = new Map<string, number>();
/** A small number for an operation or a type. */
const codeOf = (word: string): number => {
  const known = codes.get(word);
  if (known !== undefined) return known;
  codes.set(word, codes.size + 1);
  return codes.size;
};
/** A number for any text; unlike a table of codes this remembers nothing. */
const textHash = (text: string): number => {
  let h = text.length;
  for (let i = 0; i < text.length; i++) h = Math.imul(h, 31) + text.charCodeAt(i);
  return h;
};
const mix = (h: number, x: number): number => {
  const k = Math.imul(h ^ x, 0x9e3779b1);
  return k ^ (k >>> 15);
};
const numberHash = (h: number, value: number | bigint): number => {
  if (typeof value === "number" && (value | 0) === value) return mix(h, value);
  if (typeof value === "bigint") bits.setBigInt64(0, BigInt.asIntN(64, value));
  else bits.setFloat64(0, value);
  return mix(mix(h, bits.getInt32(0)), bits.getInt32(4));
};
const isSame = (
  x: Node,
  op: Expr["op"],
  type: ScalarType,
  args: readonly Expr[],
  value?: number | bigint,
  extent?: number,
  name?: string,
  from?: Buffer,
  combine?: ReduceOp,
  index?: Var,
): boolean => {
  if (x.op !== op || x.type !== type || x.args.length !== args.length) return false;
  for (let i = 0; i < args.length; i++) if (x.args[i] !== args[i]) return false;
  return (
    Object.is(x.value, value) &&
    x.extent === extent &&
    x.name === name &&
    x.buffer?.id === from?.id &&
    x.combine === combine &&
    x.index === index
  );
};

// The one place where nodes are made: the callers below guarantee that the cast is sound. Positional, because this runs for every
// node of every pass, mostly before the engine has optimized it.
/** The node with these parts: the one that exists, or a new one. */
export const intern = (
  op: Expr["op"],
  type: ScalarType,
  args: readonly Expr[],
  value?: number | bigint,
  extent?: number,
  name?: string,
  from?: Buffer,
  combine?: ReduceOp,
  index?: Var,
): Expr => {
  let h = mix(codeOf(op), codeOf(type));
  if (value !== undefined) h = numberHash(h, value);
  if (name !== undefined) h = mix(mix(h, textHash(name)), extent as number);
  if (from !== undefined) h = mix(h, from.id);
  if (index !== undefined) h = mix(mix(h, codeOf(combine as string)), index.id);
  for (let i = 0; i < args.length; i++) h = mix(h, (args[i] as Expr).id);
  const first = table.get(h);
  for (let x = first; x !== undefined; x = x.next)
    if (isSame(x, op, type, args, value, extent, name, from, combine, index)) return x as Expr;
  const full = table.size > limit; // a new table loses sharing, never meaning
  if (full) table = new Map();
  const node: Node = {
    id: nextId++,
    walk: 0,
    next: full ? undefined : first,
    op,
    type,
    args,
    value,
    name,
    extent,
    buffer: from,
    combine,
    index,
  };
  table.set(h, node);
  return node as Expr;
};

/** Run `f` with a fresh table of nodes that is dropped afterwards, so that compilations leave nothing behind. */
export const interning = <A>(f: () => A): A => {
  const saved = table;
  table = new Map();
  try {
    return f();
  } finally {
    table = saved;
  }
};
