// Contractions against nested loops in plain JavaScript: einsum on random specs, and the products that NumPy names.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DType, grad, jit, type NDArray, np, vmap } from "../src/index.ts";
import {
  broadcastShape,
  build,
  indicesOf,
  type Plain,
  read,
  sizeOf,
  toNumpy,
  toPlain,
  unsigned,
} from "./numpy-oracle.ts";

/** Small integers: sums of products are exact in every dtype. */
const numbers = (shape: readonly number[], seed: number): Plain => ({
  shape,
  data: Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 5 + seed * 3) % 7) - 3),
});
const same = (got: NDArray, wanted: Plain): void => {
  expect(unsigned(toPlain(got))).toEqual(unsigned(wanted));
};

/** A contraction: letters of every operand and of the result, extents of the letters; "." letters belong to "...". */
interface Spec {
  readonly ins: readonly (readonly string[])[];
  readonly out: readonly string[];
  readonly extents: Readonly<Record<string, number>>;
  /** Letters that have extent 1 in an operand, by operand. */
  readonly ones: readonly ReadonlySet<string>[];
}
const textOf = ({ ins, out }: Spec, implicit: boolean): string => {
  const side = (letters: readonly string[]): string => letters.join("").replace(/(?:\.\d)+/, "...");
  return `${ins.map(side).join(", ")}${implicit ? "" : ` -> ${side(out)}`}`;
};
const shapeFor = (spec: Spec, i: number): readonly number[] =>
  (spec.ins[i] as readonly string[]).map((l) => (spec.ones[i]?.has(l) ? 1 : (spec.extents[l] as number)));
/** The sum over all letters, one product at a time. */
const naive = (spec: Spec, operands: readonly Plain[]): Plain => {
  const letters = [...new Set(spec.ins.flat())],
    shape = spec.out.map((l) => spec.extents[l] as number),
    data = new Array<number>(sizeOf(shape)).fill(0);
  for (const at of indicesOf(letters.map((l) => spec.extents[l] as number))) {
    const value = (l: string): number => at[letters.indexOf(l)] as number;
    const product = operands.reduce(
      (p, x, i) =>
        p *
        read(
          x,
          (spec.ins[i] as readonly string[]).map((l, d) => (x.shape[d] === 1 ? 0 : value(l))),
        ),
      1,
    );
    const place = spec.out.reduce((o, l) => o * (spec.extents[l] as number) + value(l), 0);
    data[place] = (data[place] as number) + product;
  }
  return { shape, data };
};

const letters = ["a", "b", "c", "d"] as const;
const specs: fc.Arbitrary<Spec> = fc
  .record({
    sizes: fc.tuple(...letters.map(() => fc.constantFrom(0, 1, 2, 3))),
    dots: fc.array(fc.constantFrom(1, 2, 3), { maxLength: 2 }),
    ins: fc.array(fc.tuple(fc.array(fc.constantFrom(...letters), { maxLength: 3 }), fc.nat(3), fc.option(fc.nat(2))), {
      minLength: 1,
      maxLength: 4,
    }),
    order: fc.shuffledSubarray([...letters]),
    ones: fc.array(fc.shuffledSubarray([...letters], { maxLength: 1 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ sizes, dots, ins, order, ones }) => {
    const named = dots.map((_, i) => `.${dots.length - 1 - i}`),
      some = ins.some(([, , d]) => d !== null);
    const operands = ins.map(([own, at, d]) => {
      const part = d === null ? [] : named.slice(Math.min(d, named.length));
      return d === null ? own : [...own.slice(0, at), ...part, ...own.slice(at)];
    });
    const used = new Set(operands.flat());
    const extents: Record<string, number> = {};
    letters.forEach((l, i) => {
      extents[l] = sizes[i] as number;
    });
    named.forEach((l, i) => {
      extents[l] = dots[i] as number;
    });
    // A letter keeps its extent in one operand at least.
    const small = operands.map((own, i) => {
      const others = new Set(operands.slice(0, i).flat());
      return new Set((ones[i] as readonly string[]).filter((l) => own.includes(l) && others.has(l)));
    });
    const lead = named.filter((l) => used.has(l));
    return { ins: operands, out: [...(some ? lead : []), ...order.filter((l) => used.has(l))], extents, ones: small };
  });
const dtypes = ["float32", "float64", "int32"] as const satisfies readonly DType[];

describe("einsum", () => {
  it("is the sum of products, with diagonals, ellipses, repeating axes and up to four operands", () => {
    fc.assert(
      fc.property(specs, fc.constantFrom(...dtypes), (spec, dtype) => {
        const xs = spec.ins.map((_, i) => numbers(shapeFor(spec, i), i)),
          arrays = xs.map((x) => toNumpy(x, dtype)),
          text = textOf(spec, false);
        const got = np.einsum(text, ...arrays);
        expect(got.dtype).toBe(dtype);
        same(got, naive(spec, xs));
        same(jit((...a: NDArray[]) => np.einsum(text, ...a))(...arrays), naive(spec, xs));
      }),
      { numRuns: 60 },
    );
  });
  it("without a result: what stands for the dots, then the letters that come once, in order", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const all = spec.ins.flat(),
          once = letters.filter((l) => all.filter((m) => m === l).length === 1),
          out = [...spec.out.filter((l) => l.startsWith(".")), ...once];
        const xs = spec.ins.map((_, i) => numbers(shapeFor(spec, i), i));
        same(np.einsum(textOf(spec, true), ...xs.map((x) => toNumpy(x))), naive({ ...spec, out }, xs));
      }),
      { numRuns: 60 },
    );
  });
  it("has the adjoint for its gradient, eager and jitted, and under vmap is itself for every example", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const xs = spec.ins.map((_, i) => numbers(shapeFor(spec, i), i)),
          arrays = xs.map((x) => toNumpy(x)),
          text = textOf(spec, false),
          ct = numbers(
            spec.out.map((l) => spec.extents[l] as number),
            2,
          );
        const loss = (x: NDArray, ...rest: NDArray[]): NDArray =>
          np.sum(np.multiply(np.einsum(text, x, ...rest), toNumpy(ct)));
        // The gradient's element is the loss at a unit array: the loss is linear in x.
        const wanted = build(shapeFor(spec, 0), (at) => {
          const unit = build(shapeFor(spec, 0), (k) => Number(k.every((v, d) => v === at[d])));
          return naive(spec, [unit, ...xs.slice(1)]).data.reduce((s, v, i) => s + v * (ct.data[i] as number), 0);
        });
        const [x, ...rest] = arrays as [NDArray, ...NDArray[]];
        same(grad(loss)(x, ...rest), wanted);
        same(jit(grad(loss))(x, ...rest), wanted);
        const batched = vmap((v: NDArray) => np.einsum(text, v, ...rest))(np.stack([x, x.neg()])),
          one = naive(spec, xs);
        same(batched.slice(0), one);
        same(batched.slice(1), { ...one, data: one.data.map((v) => -v) });
      }),
      { numRuns: 25 },
    );
  });
  it("multiplies small products first", () => {
    const [big, thin, vector] = [np.ones([30, 30]), np.ones([30, 2]), np.ones([2])];
    expect(np.einsumPath("ij,jk,k->i", big, thin, vector)[0]).toEqual([
      [1, 2],
      [0, 1],
    ]);
  });
  it("multiplies many operands too", () => {
    const chain = [2, 3, 1, 4, 2, 5, 3, 2].slice(0, -1).map((m, i, all) => numbers([m, all[i + 1] ?? 2], i)),
      arrays = chain.map((x) => toNumpy(x, "float64"));
    const product = arrays.reduce((x, y) => np.matmul(x, y));
    same(np.einsum("ab,bc,cd,de,ef,fg,gh->ah", ...arrays), toPlain(product));
  });
  it("of masks is or of and", () => {
    const x = np.array([
        [true, false],
        [false, false],
      ]),
      got = np.einsum("ij,jk->ik", x, x);
    expect(got.dtype).toBe("bool");
    expect(got.js()).toEqual([
      [true, false],
      [false, false],
    ]);
  });
  const x = np.ones([2, 3]);
  it.each([
    ["ij,jk", [x], /as many operands/],
    ["ij->ik", [x], /letters that the operands have/],
    ["ij->ii", [x], /every letter once/],
    ["i1", [x], /letters/],
    ["ijk", [x], /operand 0 to have 3 axes/],
    ["i->j->k", [x], /at most one/],
    ["...i...", [x], /at most one/],
    ["...->", [x], /a result with/],
    ["ij,ij", [x, np.ones([3, 2])], /equal extents along "i"/],
  ] as const)("refuses %j", (spec, operands, message) => {
    expect(() => np.einsum(spec, ...operands)).toThrow(message);
  });
});

describe("products", () => {
  const extent = fc.constantFrom(0, 1, 2, 3, 5);
  it("matmul follows NumPy's rules of ranks, batches broadcasting", () => {
    const lead = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 2 });
    fc.assert(
      fc.property(lead, lead, extent, extent, extent, fc.boolean(), fc.boolean(), (p, q, m, k, n, row, column) => {
        const a = numbers(row ? [k] : [...p, m, k], 1),
          b = numbers(column ? [k] : [...q, k, n], 2),
          batch = broadcastShape(row ? [] : p, column ? [] : q);
        const f = (): NDArray => np.matmul(toNumpy(a), toNumpy(b));
        if (batch === null) {
          expect(f).toThrow();
          return;
        }
        const from = (x: Plain, lost: number, at: readonly number[], rest: readonly number[]): number => {
          const own = x.shape.slice(0, x.shape.length - lost);
          return read(x, [...own.map((d, i) => (d === 1 ? 0 : (at[at.length - own.length + i] as number))), ...rest]);
        };
        const out = [...batch, ...(row ? [] : [m]), ...(column ? [] : [n])];
        const wanted = build(out, (at) => {
          const lead_ = at.slice(0, batch.length),
            i = at[batch.length] as number,
            j = at.at(-1) as number;
          let sum = 0;
          for (let l = 0; l < k; l++)
            sum +=
              from(a, row ? 1 : 2, lead_, row ? [l] : [i, l]) * from(b, column ? 1 : 2, lead_, column ? [l] : [l, j]);
          return sum;
        });
        same(f(), wanted);
      }),
      { numRuns: 60 },
    );
  });
  it("dot, inner, outer, tensordot, kron, vdot, vecdot are the einsums that define them", () => {
    const x = toNumpy(numbers([2, 3, 4], 1)),
      y = toNumpy(numbers([5, 4, 2], 2)),
      z = toNumpy(numbers([2, 3, 4], 3)),
      flat = (v: NDArray): NDArray => np.ravel(v);
    const pairs: readonly (readonly [NDArray, NDArray])[] = [
      [np.dot(x, y), np.einsum("ijk,akb->ijab", x, y)],
      [np.inner(x, z), np.einsum("ijk,abk->ijab", x, z)],
      [np.outer(x, y), np.einsum("i,j->ij", flat(x), flat(y))],
      [np.tensordot(x, z, 3), np.einsum("ijk,ijk->", x, z)],
      [
        np.tensordot(x, y, [
          [2, 0],
          [1, -1],
        ]),
        np.einsum("ijk,aki->ja", x, y),
      ],
      [np.tensordot(x, y, 0), np.einsum("ijk,abc->ijkabc", x, y)],
      [np.vdot(x, z), np.einsum("ijk,ijk->", x, z)],
      [np.vecdot(x, z), np.einsum("ijk,ijk->ij", x, z)],
      [np.vecdot(x, z, { axis: 0 }), np.einsum("ijk,ijk->jk", x, z)],
      [np.matvec(x, z.slice(0, 0)), np.einsum("ijk,k->ij", x, z.slice(0, 0))],
      [np.kron(x, y), np.reshape(np.einsum("ijk,abc->iajbkc", x, y), [10, 12, 8])],
    ];
    for (const [got, wanted] of pairs) same(got, toPlain(wanted));
  });
  it("promote as np does, and compute in the dtype that is asked for", () => {
    const i = np.array(Int32Array.from([1, 2])),
      d = np.array(Float64Array.from([0.1, 0.2]));
    expect(np.dot(i, i).dtype).toBe("int32");
    expect(np.dot(i, d).dtype).toBe("float64");
    expect(np.dot(d, d).item()).toBe(0.1 * 0.1 + 0.2 * 0.2);
    expect(np.matmul(i, i, { preferredElementType: "float64" }).dtype).toBe("float64");
    const bytes = np.array(Uint8Array.from([200, 100]));
    expect(np.dot(bytes, bytes).item()).toBe((200 * 200 + 100 * 100) % 256);
  });
  it("refuse extents that do not fit, and name them", () => {
    expect(() => np.matmul(np.ones([2, 3]), np.ones([2, 3]))).toThrow(
      /axis 1 of the left and axis 0 of the right, got 3 and 2/,
    );
    expect(() => np.matmul(np.ones([2]), 3)).toThrow(/scalars/);
    expect(() => np.tensordot(np.ones([2]), np.ones([2]), 2)).toThrow(/axes/);
  });
});
