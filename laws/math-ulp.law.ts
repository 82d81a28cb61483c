// How exact the mathematical functions are: each is compiled, run over all kinds of arguments and compared with an exact
// reference, float64 with fixed-point series over BigInt and float32 with float64. The table of worst errors is printed.
import { afterAll, describe, expect, it } from "vitest";
import type { Expr, MathBinary, MathUnary } from "../src/kernel/expr.ts";
import { binary, unary } from "../src/kernel/expr.ts";
import { atan2Reference, erfInvReference, powReference, reference, ulps } from "./math-reference.ts";
import { type Numbers, prepare } from "./math-run.ts";
import { bounds, domain32, domain64, edges, pairs, specials, sweep32 } from "./math-zones.ts";

const apply =
  (op: MathUnary) =>
  (...x: readonly Expr[]): Expr =>
    unary(op, x[0] as Expr);
const apply2 =
  (op: MathBinary) =>
  (...x: readonly Expr[]): Expr =>
    binary(op, x[0] as Expr, x[1] as Expr);
const run = (op: MathUnary, x: Numbers): Numbers => prepare([x], apply(op), "vector").result();
const run2 = (op: MathBinary, x: Numbers, y: Numbers): Numbers => prepare([x, y], apply2(op), "vector").result();

const table: (readonly [name: string, type: string, worst: string, at: string, points: number])[] = [];
interface Worst {
  readonly ulp: number;
  readonly at: string;
}
const record = (name: string, type: string, { ulp, at }: Worst, points: number): void => {
  table.push([name, type, ulp.toFixed(2), at, points]);
};
afterAll(() => {
  const rows = [["function", "type", "ulp", "at", "points"], ...table.map((r) => r.map(String))];
  process.stdout.write(
    `${rows.map(([n, t, u, at, p]) => `${n?.padEnd(10)}${t?.padEnd(5)}${u?.padStart(6)}  ${at?.padEnd(44)}${p?.padStart(8)}`).join("\n")}\n`,
  );
});

/** Distance in float32 units of a float32 from a float64 that is as good as exact. */
const ulps32 = (got: number, want: number): number => {
  if (Object.is(got, want) || (Number.isNaN(got) && Number.isNaN(want))) return 0;
  const size = Math.abs(want),
    last = 2 ** (Math.max(Math.floor(Math.log2(size)), -126) - 23);
  if (Number.isNaN(got) || Number.isNaN(want)) return Infinity;
  if (Math.abs(got) === Infinity || size >= 2 ** 128)
    return Math.sign(got) === Math.sign(want)
      ? Math.max(0, Math.abs(Math.min(size, 2 ** 128) - Math.min(Math.abs(got), 2 ** 128)) / 2 ** 104)
      : Infinity;
  if (want === 0) return got === 0 ? Infinity : Math.abs(got) / 2 ** -149; // a zero of the wrong sign
  return Math.abs(got - want) / last;
};
const worstOf = (x: ArrayLike<number>, distance: (i: number) => number): Worst => {
  let ulp = 0,
    at = 0;
  for (let i = 0; i < x.length; i++) {
    const d = distance(i);
    if (!(d <= ulp)) {
      ulp = d;
      at = i;
    }
  }
  return { ulp, at: String(x[at]) };
};

const unaries = Object.keys(edges) as MathUnary[];
const classic = Math as unknown as Readonly<Record<string, (x: number) => number>>;

/** JavaScript's function, or where it has none our own in float64, which is compared with exact series. */
const exact64 = (op: MathUnary, x: Numbers): ArrayLike<number> => {
  const f = classic[op];
  return f === undefined ? run(op, Float64Array.from(x)) : Float64Array.from(x, (v) => f(v));
};

describe("float64 against exact series", () => {
  it.each(unaries)("%s", (op) => {
    const x = Float64Array.from(domain64(op)),
      y = run(op, x);
    const worst = worstOf(x, (i) => {
      const v = x[i] as number,
        got = y[i] as number;
      // Below 0 these have zeros between their poles, near which only the absolute error is small.
      if ((op === "lgamma" || op === "digamma") && v < 0 && Math.abs(got) < 1) return 0;
      return ulps(got, op === "erfInv" ? erfInvReference(v, got) : reference(op, v), 53);
    });
    record(op, "f64", worst, x.length);
    expect(worst.ulp, `at ${worst.at}`).toBeLessThanOrEqual(bounds[op][1]);
  });
  it("pow", () => {
    const p = pairs.pow,
      x = Float64Array.from(p.map(([a]) => a)),
      y = Float64Array.from(p.map(([, b]) => b)),
      z = run2("pow", x, y);
    const worst = worstOf(x, (i) => {
      const want = powReference(x[i] as number, y[i] as number);
      return ulps(z[i] as number, want, 53);
    });
    record("pow", "f64", worst, x.length);
    expect(worst.ulp, `at ${worst.at}`).toBeLessThanOrEqual(bounds.pow[1]);
  });
  it("atan2", () => {
    const p = pairs.atan2,
      x = Float64Array.from(p.map(([a]) => a)),
      y = Float64Array.from(p.map(([, b]) => b)),
      z = run2("atan2", x, y);
    const worst = worstOf(x, (i) => ulps(z[i] as number, atan2Reference(x[i] as number, y[i] as number), 53));
    record("atan2", "f64", worst, x.length);
    expect(worst.ulp, `at ${worst.at}`).toBeLessThanOrEqual(bounds.atan2[1]);
  });
});

describe("float32 against float64", () => {
  it.each(unaries)("%s", (op) => {
    const x = Float32Array.from([...sweep32, ...domain32(op)]),
      y = run(op, x);
    const want = exact64(op, x),
      worst = worstOf(x, (i) => ulps32(y[i] as number, want[i] as number));
    record(op, "f32", worst, x.length);
    expect(worst.ulp, `at ${worst.at}`).toBeLessThanOrEqual(bounds[op][0]);
  });
  it.each(["pow", "atan2"] as const)("%s", (op) => {
    const p = pairs.single,
      x = Float32Array.from(p.map(([a]) => a)),
      y = Float32Array.from(p.map(([, b]) => b)),
      z = run2(op, x, y),
      want = run2(op, Float64Array.from(x), Float64Array.from(y));
    const worst = worstOf(x, (i) => ulps32(z[i] as number, want[i] as number));
    record(op, "f32", worst, x.length);
    expect(worst.ulp, `at ${worst.at}, ${y[Number(worst.at)]}`).toBeLessThanOrEqual(bounds[op][0]);
  });
});

describe("special values", () => {
  const types = [Float32Array, Float64Array] as const;
  it.each(unaries)("%s", (op) => {
    for (const T of types) {
      const list = edges[op],
        y = run(op, T.from(list.map(([x]) => x)));
      list.forEach(([x, want], i) => {
        expect(y[i], `${op} ${Object.is(x, -0) ? "-0" : x}`).toBe(want);
      });
    }
  });
  it.each(Object.entries(specials))("%s of all pairs of special values", (op, f) => {
    for (const T of types) {
      const v = [
        0,
        -0,
        1,
        -1,
        0.5,
        -0.5,
        2,
        -2,
        3,
        -3,
        2.5,
        -2.5,
        Infinity,
        -Infinity,
        Number.NaN,
        1e30,
        -1e30,
        2 ** -140,
      ];
      const p = v.flatMap((x) => v.map((y) => [x, y] as const)),
        x = T.from(p.map(([a]) => a)),
        y = T.from(p.map(([, b]) => b)),
        z = run2(op as MathBinary, x, y);
      p.forEach((_, i) => {
        const [a, b, got] = [x[i] as number, y[i] as number, z[i] as number],
          want = f(a, b);
        if (T === Float64Array && (want === 0 || !Number.isFinite(want))) expect(got, `${op} ${a} ${b}`).toBe(want);
        else if (T === Float64Array) expect(Math.abs(got / want - 1), `${op} ${a} ${b}`).toBeLessThan(1e-15);
        else expect(ulps32(got, want), `${op} ${a} ${b}`).toBeLessThanOrEqual(4);
      });
    }
  });
  it("scalar code is as exact as vectors", () => {
    const x = Float32Array.from({ length: 4003 }, (_, i) => (i - 2000) / 137);
    for (const op of unaries) {
      const y = prepare([x], apply(op), "serial").result(),
        want = exact64(op, x),
        worst = worstOf(x, (i) => ulps32(y[i] as number, want[i] as number));
      expect(worst.ulp, `${op} at ${worst.at}`).toBeLessThanOrEqual(bounds[op][0]);
    }
  });
});

describe("exact functions", () => {
  it("frem is the remainder of JavaScript", () => {
    for (const T of [Float32Array, Float64Array] as const) {
      const p = T === Float32Array ? pairs.single : pairs.remainder,
        x = T.from(p.map(([a]) => a)),
        y = T.from(p.map(([, b]) => b)),
        z = run2("frem", x, y);
      for (let i = 0; i < x.length; i++) expect(z[i], `${x[i]} % ${y[i]}`).toBe((x[i] as number) % (y[i] as number));
    }
  });
  it("nextafter goes there and back", () => {
    const x = Float64Array.from(sweep32.filter((v) => Number.isFinite(v) && v !== 0)),
      up = x.map(() => Infinity),
      back = run2(
        "nextafter",
        run2("nextafter", x, up),
        up.map((v) => -v),
      );
    for (let i = 0; i < x.length; i++) expect(back[i]).toBe(x[i]);
    const view = new DataView(new ArrayBuffer(8)),
      after = run2("nextafter", x, up);
    for (let i = 0; i < x.length; i += 97) {
      view.setFloat64(0, x[i] as number);
      view.setBigInt64(0, view.getBigInt64(0) + ((x[i] as number) > 0 ? 1n : -1n));
      expect(after[i]).toBe(view.getFloat64(0));
    }
  });
  it("ipow wraps like the multiplication of int32", () => {
    const p = [-7, -3, -2, -1, 0, 1, 2, 3, 10, 46341, 2 ** 30, -(2 ** 31)].flatMap((x) =>
      [-5, -2, -1, 0, 1, 2, 3, 5, 17, 31, 32, 33, 100, 2 ** 31 - 1].map((n) => [x, n] as const),
    );
    const z = run2("ipow", Int32Array.from(p.map(([a]) => a)), Int32Array.from(p.map(([, b]) => b)));
    p.forEach(([x, n], i) => {
      let square = BigInt(x),
        want = 1n;
      for (let k = BigInt(n); k > 0n; k >>= 1n) {
        if (k & 1n) want = BigInt.asIntN(32, want * square);
        square = BigInt.asIntN(32, square * square);
      }
      const negative = x === 1 ? 1 : x === -1 ? (n % 2 === 0 ? 1 : -1) : 0;
      expect(z[i], `${x} ** ${n}`).toBe(n < 0 ? negative : Number(want));
    });
  });
});

describe("teeth", () => {
  it("an error of three units is seen", () => {
    const want = reference("exp", 1);
    expect(ulps(Math.E, want, 53)).toBeLessThan(1);
    expect(ulps(Math.E + 3 * 2 ** -51, want, 53)).toBeGreaterThan(2);
    expect(ulps(Infinity, want, 53)).toBeGreaterThan(1e9);
    expect(ulps32(1 + 2 ** -22, 1)).toBe(2);
    expect(ulps32(-0, 0)).toBe(Infinity);
  });
});
