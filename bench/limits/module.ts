// A hand-assembled wasm module that does nothing but what the processor can do fastest: multiply and add in registers, read, copy.
// It is the yardstick, so nothing of the library's own encoder or scheduler is in it.

type Bytes = readonly number[];
/** Unsigned LEB128. */
const u = (n: number): Bytes => (n < 128 ? [n] : [(n & 127) | 128, ...u(n >>> 7)]);
/** Signed LEB128 of small numbers. */
const s = (n: number): Bytes => (n >= -64 && n < 64 ? [n & 127] : [(n & 127) | 128, ...s(n >> 7)]);
const list = (items: readonly Bytes[]): Bytes => [...u(items.length), ...items.flat()];
const section = (id: number, body: Bytes): Bytes => [id, ...u(body.length), ...body];
const name = (text: string): Bytes => [...u(text.length), ...Buffer.from(text, "latin1")];

const I32 = 0x7f,
  F32 = 0x7d,
  V128 = 0x7b;
const get = (local: number): Bytes => [0x20, ...u(local)],
  set = (local: number): Bytes => [0x21, ...u(local)];
const simd = (op: number): Bytes => [0xfd, ...u(op)];
const load = (at: number, offset: number): Bytes => [...get(at), ...simd(0x00), 4, ...u(offset)];
const splat = simd(0x13),
  add = simd(0xe4),
  mul = simd(0xe6),
  relaxedMadd = simd(0x105),
  store = simd(0x0b),
  lane0 = [...simd(0x1f), 0];
/** Add a constant to a local. */
const step = (local: number, by: number): Bytes => [...get(local), 0x41, ...s(by), 0x6a, ...set(local)];
/** Run the body until the local has come down to 0. */
const countdown = (local: number, by: number, body: Bytes): Bytes => [
  ...[0x03, 0x40],
  ...body,
  ...step(local, -by),
  ...get(local),
  ...[0x0d, 0, 0x0b],
];
const repeat = (n: number, f: (i: number) => Bytes): Bytes => Array.from({ length: n }, (_, i) => f(i)).flat();

/** Accumulators: enough to hide the latency of two units, few enough to stay in 16 registers. */
const accumulators = 12,
  unroll = 8,
  lanes = 4;
/** Floating-point operations of one round of `peak`. */
export const flopsPerRound = accumulators * unroll * lanes * 2;

interface Func {
  readonly name: string;
  readonly params: Bytes;
  readonly results: Bytes;
  readonly vectors: number;
  readonly body: Bytes;
}
/** `peak(rounds, a, b)`: every accumulator becomes `accumulator a + b`, over and over. */
const peak = (relaxed: boolean): Func => {
  const [rounds, a, b, va, vb, first] = [0, 1, 2, 3, 4, 5];
  const sum = repeat(accumulators, (i) => [...get(first + i), ...(i === 0 ? [] : add)]);
  const once = (i: number): Bytes =>
    relaxed
      ? [...get(first + i), ...get(va), ...get(vb), ...relaxedMadd, ...set(first + i)]
      : [...get(first + i), ...get(va), ...mul, ...get(vb), ...add, ...set(first + i)];
  return {
    name: "peak",
    params: [I32, F32, F32],
    results: [F32],
    vectors: 2 + accumulators,
    body: [
      ...[...get(a), ...splat, ...set(va), ...get(b), ...splat, ...set(vb)],
      ...countdown(
        rounds,
        1,
        repeat(unroll, () => repeat(accumulators, once)),
      ),
      ...sum,
      ...lane0,
    ],
  };
};
const wide = 8,
  stride = 16 * wide;
/** `read(at, bytes)`: the sum of everything. `copy(at, bytes, to)`. Bytes are a multiple of 128. */
const read: Func = {
  name: "read",
  params: [I32, I32],
  results: [F32],
  vectors: wide,
  body: [
    ...countdown(1, stride, [
      ...repeat(wide, (i) => [...get(2 + i), ...load(0, 16 * i), ...add, ...set(2 + i)]),
      ...step(0, stride),
    ]),
    ...repeat(wide, (i) => [...get(2 + i), ...(i === 0 ? [] : add)]),
    ...lane0,
  ],
};
const copy: Func = {
  name: "copy",
  params: [I32, I32, I32],
  results: [],
  vectors: 0,
  body: countdown(1, stride, [
    ...repeat(wide, (i) => [...get(2), ...load(0, 16 * i), ...store, 4, ...u(16 * i)]),
    ...step(0, stride),
    ...step(2, stride),
  ]),
};

/** The bytes of the module, with so many pages of memory. */
export const assemble = (relaxed: boolean, pages: number): Uint8Array<ArrayBuffer> => {
  const funcs = [peak(relaxed), read, copy];
  const code = funcs.map(({ vectors, body }) => {
    const locals = vectors === 0 ? [0] : [1, ...u(vectors), V128],
      all = [...locals, ...body, 0x0b];
    return [...u(all.length), ...all];
  });
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      list(
        funcs.map(({ params, results }) => [0x60, ...list(params.map((t) => [t])), ...list(results.map((t) => [t]))]),
      ),
    ),
    ...section(3, list(funcs.map((_, i) => u(i)))),
    ...section(5, list([[0, ...u(pages)]])),
    ...section(7, list(funcs.map((f, i) => [...name(f.name), 0, ...u(i)]))),
    ...section(10, list(code)),
  ]);
};
