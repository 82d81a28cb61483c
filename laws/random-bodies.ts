// Random functions with loops and branches, nested, for laws of control flow. A function is a list of words; it is run by an engine that
// says what scan, while, fori, cond and switch mean: the library's, or the straight-line one, which writes every round out and
// computes all branches. Values are vectors [n], matrices [T, n] and int32 scalars.
import fc from "fast-check";
import type { Value } from "../src/core/value.ts";
import { Literal } from "../src/core/value.ts";
import { lax } from "../src/numpy/index.ts";
import * as E from "../src/primitives/elementwise.ts";
import { broadcast, full, sum } from "../src/primitives/linear.ts";
import { concatenate, expandDims, rev, sliceAxis, squeeze } from "../src/primitives/movement.ts";
import { fullLike } from "../src/primitives/pointwise.ts";

type Values = readonly Value[];
/** A step: what to do, to which values, a number for whatever else is to be chosen, and the bodies of loops and branches. */
export interface Word {
  readonly op: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly inner: readonly Word[];
}
/** What control flow means. Everything is a list of arrays. */
export interface Engine {
  readonly scan: (
    f: (carry: Values, xs: Values) => readonly [Values, Values],
    init: Values,
    xs: Values,
    length: number,
    reverse: boolean,
  ) => readonly [Values, Values];
  /** At most `most` rounds. */
  readonly loop: (cond: (c: Values) => Value, body: (c: Values) => Values, init: Values, most: number) => Values;
  readonly fori: (
    lo: Value | number,
    hi: Value | number,
    body: (i: Value, c: Values) => Values,
    init: Values,
    most: number,
  ) => Values;
  readonly cond: (pred: Value, yes: (xs: Values) => Values, no: (xs: Values) => Values, xs: Values) => Values;
  readonly choose: (index: Value, branches: readonly ((xs: Values) => Values)[], xs: Values) => Values;
}

const int = (n: number): Value => new Literal(n, "int32");
const over = (p: Value, x: Value): Value =>
  broadcast(
    p,
    x.shape,
    x.shape.map((_, i) => i),
  );
const pick = (p: Value, x: Value, y: Value): Value => E.select(over(p, x), x, y);
const stack = (xs: Values, like: () => Value): Value =>
  xs.length === 0
    ? full([0, ...like().shape], 0, like().dtype)
    : concatenate(
        xs.map((x) => expandDims(x, [0])),
        0,
      );

/** The library's control flow; scans write `unroll` rounds out. */
export const realWith = (unroll: number): Engine => ({
  scan: (f, init, xs, length, reverse) =>
    lax.scan((c: Values, x: Values) => f(c, x) as never, init, xs, { length, reverse, unroll }) as readonly [
      Values,
      Values,
    ],
  loop: (cond, body, init) => lax.whileLoop(cond as never, body as never, init) as Values,
  fori: (lo, hi, body, init) => lax.foriLoop(lo, hi, body as never, init) as Values,
  cond: (pred, yes, no, xs) => lax.cond(pred, yes as never, no as never, xs) as Values,
  choose: (index, branches, xs) => lax.switch(index, branches as never, xs) as Values,
});
export const real: Engine = realWith(1);
const masked = (
  cond: (c: Values, k: number) => Value,
  body: (c: Values, k: number) => Values,
  init: Values,
  most: number,
): Values => {
  let c = init;
  for (let k = 0; k < most; k++) {
    const going = cond(c, k),
      next = body(c, k),
      now = c;
    c = next.map((y, i) => pick(going, y, now[i] as Value));
  }
  return c;
};
/** Straight lines: rounds one after the other, all branches. */
export const straight: Engine = {
  scan: (f, init, xs, length, reverse) => {
    let carry = init;
    const ys: Values[] = [];
    for (let k = 0; k < length; k++) {
      const t = reverse ? length - 1 - k : k;
      const [c, y] = f(
        carry,
        xs.map((x) => squeeze(sliceAxis(x, 0, t, t + 1), [0])),
      );
      carry = c;
      reverse ? ys.unshift(y) : ys.push(y);
    }
    const like =
      ys[0] ??
      f(
        init,
        xs.map((x) => full(x.shape.slice(1), 0, x.dtype)),
      )[1];
    return [
      carry,
      like.map((y, i) =>
        stack(
          ys.map((r) => r[i] as Value),
          () => y,
        ),
      ),
    ];
  },
  loop: (cond, body, init, most) => masked((c) => cond(c), body, init, most),
  fori: (lo, hi, body, init, most) =>
    typeof lo === "number" && typeof hi === "number"
      ? Array.from({ length: Math.max(0, hi - lo) }, (_, k) => lo + k).reduce((c, i) => body(int(i), c), init)
      : masked(
          (_, k) => E.lt(E.add(value(lo), int(k)), value(hi)),
          (c, k) => body(E.add(value(lo), int(k)), c),
          init,
          most,
        ),
  cond: (pred, yes, no, xs) => {
    const a = yes(xs),
      b = no(xs);
    return a.map((y, i) => pick(pred, y, b[i] as Value));
  },
  choose: (index, branches, xs) => {
    const results = branches.map((f) => f(xs));
    return (results[0] as Values).map((first, i) =>
      results.slice(1).reduce((y, r, k) => pick(E.gt(index, int(k)), r[i] as Value, y), first),
    );
  },
};
const value = (x: Value | number): Value => (typeof x === "number" ? int(x) : x);

/** The values so far. */
interface Pool {
  readonly vecs: Value[];
  readonly mats: Value[];
  readonly ints: Value[];
}
const mod = (a: number, n: number): number => ((a % n) + n) % n;
const at = <T>(xs: readonly T[], i: number): T => xs[xs.length - 1 - mod(i, xs.length)] as T;
const half = (x: Value): Value => E.mul(x, fullLike(x, 0.5));
const soft = (x: Value): Value => E.div(x, E.add(fullLike(x, 1), E.square(x)));
const total = (x: Value): Value =>
  sum(
    x,
    x.shape.map((_, i) => i),
  );
const small = (i: Value, n: number): Value => E.rem(E.abs(i), int(n));
const sized = (m: Value, n: number): boolean => m.shape[0] === n;

const turned = (x: Value): Value => (x.ndim === 0 ? E.neg(x) : rev(x, [0]));

type Op = (p: Pool, w: Word, run: (p: Pool, words: readonly Word[]) => void, e: Engine, length: number) => void;
/** The pool of a body: what it is given, and the latest values around it, which it closes over. */
const inside = (p: Pool, vecs: Values, ints: Values): Pool => ({
  vecs: [...p.vecs.slice(-2), ...vecs],
  mats: [...p.mats],
  ints: [...p.ints.slice(-1), ...ints],
});
// biome-ignore format: one line per operation
const plain: readonly (readonly [string, Op])[] = [
  ["add", ({ vecs }, w) => vecs.push(half(E.add(at(vecs, w.x), at(vecs, w.y))))],
  ["mul", ({ vecs }, w) => vecs.push(E.mul(soft(at(vecs, w.x)), at(vecs, w.y)))],
  ["sin", ({ vecs }, w) => vecs.push(E.sin(at(vecs, w.x)))],
  ["soft", ({ vecs }, w) => vecs.push(soft(at(vecs, w.x)))],
  ["rev", ({ vecs }, w) => vecs.push(turned(at(vecs, w.x)))],
  ["sum", ({ vecs }, w) => vecs.push(E.sin(over(total(at(vecs, w.x)), at(vecs, w.x))))],
  ["rows", ({ vecs, mats }, w) => vecs.push(E.sin(sum(at(mats, w.x), [0])))],
  ["outer", ({ vecs, mats }, w) => mats.push(half(E.add(at(mats, w.x), broadcast(at(vecs, w.y), at(mats, w.x).shape, [0]))))],
  ["cut", ({ vecs }, w) => vecs.push(E.max(at(vecs, w.x), at(vecs, w.y)))],
  ["count", ({ ints }, w) => ints.push(E.add(at(ints, w.x), small(at(ints, w.y), 3)))],
  ["one", ({ ints }, w) => ints.push(E.sub(at(ints, w.x), int(1 + mod(w.z, 2))))],
  ["scale", ({ vecs, ints }, w) => vecs.push(half(E.mul(at(vecs, w.x), over(E.convertElementType(E.sub(small(at(ints, w.y), 4), int(1)), "float64"), at(vecs, w.x)))))],
  ["sign", ({ vecs, ints }, w) => ints.push(E.convertElementType(E.gt(total(at(vecs, w.x)), full([], 0.1, "float64")), "int32"))],
];
const control: readonly (readonly [string, Op])[] = [
  [
    "scan",
    (p, w, run, e, length) => {
      const first = at(p.vecs, w.x),
        starts = [w.z % 3 === 0 ? full(first.shape, 0.5, "float64") : first, at(p.vecs, w.y), at(p.ints, w.x)];
      const xs = w.z % 4 === 3 ? [] : p.mats.filter((m) => sized(m, length)).slice(-1 - (w.z % 2));
      const [[a, b, i], [y]] = e.scan(
        ([c, d, n], slices) => {
          const q = inside(p, [...slices, c as Value, d as Value], [n as Value]);
          run(q, w.inner);
          return [[at(q.vecs, 0), w.y % 2 === 0 ? (d as Value) : at(q.vecs, 1), at(q.ints, 0)], [at(q.vecs, w.y)]];
        },
        starts,
        xs,
        length,
        w.z % 2 === 1,
      ) as readonly [readonly [Value, Value, Value], readonly [Value]];
      p.vecs.push(a, b);
      p.ints.push(i);
      p.mats.push(y);
    },
  ],
  [
    "fori",
    (p, w, run, e) => {
      const lo = mod(w.x, 3) - 1;
      const [a, i] = e.fori(
        lo,
        lo + mod(w.z, 4),
        (k, [c, n]) => {
          const q = inside(p, [c as Value], [k, n as Value]);
          run(q, w.inner);
          return [at(q.vecs, 0), at(q.ints, 0)];
        },
        [at(p.vecs, w.x), at(p.ints, w.y)],
        4,
      ) as readonly [Value, Value];
      p.vecs.push(a);
      p.ints.push(i);
    },
  ],
  [
    "cond",
    (p, w, run, e) => {
      const xs = [at(p.vecs, w.y), at(p.ints, w.y)],
        pred =
          w.z % 2 === 0
            ? E.gt(total(at(p.vecs, w.x)), full([], 0, "float64"))
            : E.gt(small(at(p.ints, w.x), 2), int(0));
      const yes = ([v, i]: Values): Values => {
        const q = inside(p, [v as Value], [i as Value]);
        run(q, w.inner);
        return [at(q.vecs, 0), at(q.ints, 0)];
      };
      const no = ([v, i]: Values): Values =>
        w.z % 4 < 2 ? [v as Value, i as Value] : [soft(at(p.vecs, w.x)), i as Value];
      const [a, i] = e.cond(pred, yes, no, xs) as readonly [Value, Value];
      p.vecs.push(a);
      p.ints.push(i);
    },
  ],
  [
    "switch",
    (p, w, run, e) => {
      const branch =
        (words: readonly Word[]) =>
        ([v]: Values): Values => {
          const q = inside(p, [v as Value], []);
          run(q, words);
          return [at(q.vecs, 0)];
        };
      const cut = Math.floor(w.inner.length / 2);
      const index = E.sub(small(at(p.ints, w.x), 5), int(1));
      p.vecs.push(
        ...e.choose(
          index,
          [branch(w.inner.slice(0, cut)), ([v]) => [v as Value], branch(w.inner.slice(cut))],
          [at(p.vecs, w.y)],
        ),
      );
    },
  ],
];
const free: readonly (readonly [string, Op])[] = [
  [
    "while",
    (p, w, run, e) => {
      const limit = small(at(p.ints, w.y), 4),
        bound = at(p.vecs, w.y);
      const [a, , i] = e.loop(
        ([c, k]) =>
          E.and(E.lt(k as Value, limit), E.lt(total(c as Value), E.add(total(bound), full([], 2, "float64")))),
        ([c, k, n]) => {
          const q = inside(p, [c as Value], [n as Value]);
          run(q, w.inner);
          return [at(q.vecs, 0), E.add(k as Value, int(1)), at(q.ints, 0)];
        },
        [at(p.vecs, w.x), int(0), at(p.ints, w.x)],
        4,
      ) as readonly [Value, Value, Value];
      p.vecs.push(a);
      p.ints.push(i);
    },
  ],
  [
    "fori with traced bounds",
    (p, w, run, e) => {
      const lo = small(at(p.ints, w.x), 2),
        hi = small(at(p.ints, w.y), 4);
      const [a] = e.fori(
        lo,
        hi,
        (k, [c]) => {
          const q = inside(p, [c as Value], [k]);
          run(q, w.inner);
          return [at(q.vecs, 0)];
        },
        [at(p.vecs, w.x)],
        4,
      ) as readonly [Value];
      p.vecs.push(a);
    },
  ],
];

/** A random function: of two vectors, two matrices and an int32. */
export interface RandomBody {
  /** The shape of vectors: [n], or [], which makes everything a scalar. */
  readonly shape: readonly number[];
  readonly length: number;
  readonly words: readonly Word[];
  /** Whether it holds loops that cannot be run backwards. */
  readonly forward: boolean;
}
export const functionOf =
  ({ words, length, forward }: RandomBody, e: Engine) =>
  (...ins: Values): Values => {
    const [a, b, m, k, i] = ins as readonly [Value, Value, Value, Value, Value];
    const operations = forward ? [...plain, ...control, ...free] : [...plain, ...control];
    const run = (p: Pool, list: readonly Word[]): void => {
      for (const w of list) {
        // A word with words inside is control flow.
        const table = w.inner.length > 0 ? operations.slice(plain.length) : plain;
        (table[mod(w.op, table.length)] as (typeof plain)[number])[1](p, w, run, e, length);
      }
    };
    const p: Pool = { vecs: [a, b], mats: [m, k], ints: [i] };
    run(p, words);
    return [at(p.vecs, 0), at(p.vecs, 1), at(p.mats, 0), at(p.ints, 0)];
  };
/** Which control flow a function holds. */
export const kindsOf = ({ words, forward }: RandomBody): readonly string[] => {
  const table = forward ? [...control, ...free] : control;
  const look = (list: readonly Word[]): readonly string[] =>
    list.flatMap((w) =>
      w.inner.length === 0 ? [] : [(table[mod(w.op, table.length)] as (typeof plain)[number])[0], ...look(w.inner)],
    );
  return look(words);
};

const nat = fc.nat(23);
const leaf = fc.record({ op: nat, x: nat, y: nat, z: nat, inner: fc.constant<readonly Word[]>([]) });
const wordsOf = (depth: number, most: number): fc.Arbitrary<readonly Word[]> =>
  fc.array<Word>(
    depth === 0 ? leaf : fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 1, arbitrary: loopOf(depth) }),
    {
      minLength: 1,
      maxLength: most,
      size: "max",
    },
  );
const loopOf = (depth: number): fc.Arbitrary<Word> =>
  fc.record({ op: nat, x: nat, y: nat, z: nat, inner: wordsOf(depth - 1, 4) });
/** Random functions, `forward` if they may hold while loops. */
export const bodies = (forward: boolean): fc.Arbitrary<RandomBody> =>
  fc.record({
    shape: fc.constantFrom<readonly number[]>([2], [], [1], [], [3], [0]),
    length: fc.constantFrom(2, 3, 1, 0, 5),
    words: fc.tuple(wordsOf(0, 2), loopOf(2), wordsOf(1, 3)).map(([a, b, c]) => [...a, b, ...c]),
    forward: fc.constant(forward),
  });
