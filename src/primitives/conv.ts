// General convolution in one layout: x is N C X..., w is O I K..., the result N O T.... Its rules follow from the index equation
//
//   out[n, o, t] = sum_{i, k} x[b N' + n, g I + i, p / l] w[o, i, k],    p = t s + k r - lo,
//
// per spatial axis with stride s, dilation l of x, dilation r of w and padding lo; terms count where l divides p and p / l lies
// within x. Output channel o belongs to feature group g = o / (O / G) of the channels and to batch group b = o / (O / B) of the
// batch; C = G I, N = B N', and G or B is 1.
import { aval, showAval, sizeOf } from "../core/aval.ts";
import type { Aval, Shape } from "../core/aval.ts";
import { scalarOf } from "../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import type { AnyPrimitive, Binary, Primitive } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { binary, constant, freshVar, int, reduceOver, select } from "../kernel/expr.ts";
import { iadd, idiv, iequal, imod, imul, inRange, isub } from "../kernel/index.ts";
import { type ConvAttrs, axesOf, dilate, spatial } from "./convAxes.ts";
import { stepsOf } from "./convSteps.ts";
import { full, moveAxis, reshape, transpose, zerosOf } from "./linear.ts";
import { rev } from "./movement.ts";
import { checkDType, numeric } from "./pointwise.ts";

const check = (x: Aval, w: Aval, attrs: ConvAttrs): void => {
  const rank = x.shape.length - 2,
    got = `${showAval(x)} and ${showAval(w)}`,
    { featureGroupCount: G, batchGroupCount: B } = attrs;
  if (x.dtype !== w.dtype)
    throw new DTypeError({ op: "conv", expected: "operands of equal dtype", got, remedy: "convert one with astype" });
  checkDType("conv", x, numeric);
  if (rank < 0 || w.shape.length !== x.shape.length)
    throw new ShapeError({
      op: "conv",
      expected: "operands [batch, channels, ...spatial] and [out, in, ...spatial] of equal rank",
      got,
    });
  for (const [name, list, least] of [
    ["strides", attrs.strides, 1],
    ["lhsDilation", attrs.lhsDilation, 1],
    ["rhsDilation", attrs.rhsDilation, 1],
    ["padding", attrs.padding.flat(), -Infinity],
  ] as const)
    if (list.length !== (name === "padding" ? 2 * rank : rank) || !list.every((v) => Number.isInteger(v) && v >= least))
      throw new ArgumentError({
        op: "conv",
        expected: `${rank} ${name}${name === "padding" ? " pairs of integers" : ", integers of at least 1"}, one per spatial axis of ${got}`,
        got: `[${list}]`,
      });
  if (![G, B].every((g) => Number.isInteger(g) && g >= 1) || (G > 1 && B > 1))
    throw new ArgumentError({
      op: "conv",
      expected: "group counts of at least 1, one of them 1",
      got: `featureGroupCount ${G} and batchGroupCount ${B}`,
    });
  const [N, C] = x.shape as readonly [number, number],
    [O, I] = w.shape as readonly [number, number];
  if (C !== G * I)
    throw new ShapeError({
      op: "conv",
      expected: `channels = featureGroupCount * in, ${G} * ${I} = ${G * I}`,
      got: `${C} channels in ${got}`,
    });
  if (O % (G * B) !== 0 || N % B !== 0)
    throw new ShapeError({
      op: "conv",
      expected: `an output extent divisible by the groups (${G * B}) and a batch divisible by batchGroupCount (${B})`,
      got,
    });
};

const both = (p: Expr, q: Expr): Expr =>
  p.op === "const" ? (p.value ? q : p) : q.op === "const" ? (q.value ? p : q) : binary("and", p, q);

/** Axis `axis` of extent `outer * inner` as two. */
const splitAxis = (v: Value, axis: number, outer: number): Value =>
  reshape(v, [
    ...v.shape.slice(0, axis),
    outer,
    outer === 0 ? 0 : (v.shape[axis] as number) / outer,
    ...v.shape.slice(axis + 1),
  ]);
/** Axes `axis` and `axis + 1` as one. */
const mergeAxes = (v: Value, axis: number): Value =>
  reshape(v, [
    ...v.shape.slice(0, axis),
    (v.shape[axis] as number) * (v.shape[axis + 1] as number),
    ...v.shape.slice(axis + 2),
  ]);
const swap01 = (v: Value): Value => transpose(v, [1, 0, ...spatial(v.shape).map((_, i) => i + 2)]);
const spatialAxes = (v: Value): readonly number[] => spatial(v.shape).map((_, i) => i + 2);
const isEmpty = (...shapes: readonly Shape[]): boolean => shapes.some((s) => sizeOf(s) === 0);

// dx[b N' + n, g I + i, x] = sum_{o, k, t: t s + k r - lo = x l} ct[n, o, t] w[o, i, k], o over the group. With k = K - 1 - k' the
// position in ct is t = (x l + k' r - lo') / s, lo' = (K - 1) r - lo: a convolution of ct, dilated by s, with stride l and the
// flipped kernel, output channels (group, i), input channels (group, o). Rows that the floor dropped get their zeros from hi'.
const pullbackX = (ct: Value, w: Value, attrs: ConvAttrs, x: Aval): Value => {
  if (isEmpty(ct.shape, w.shape, x.shape)) return zerosOf(x);
  const groups = attrs.featureGroupCount * attrs.batchGroupCount,
    axes = axesOf(x.shape, w.shape, attrs);
  const flipped = mergeAxes(moveAxis(splitAxis(rev(w, spatialAxes(w)), 0, groups), 2, 1), 0); // [(group, i), o, k']
  const dx = conv(ct, flipped, {
    strides: attrs.lhsDilation,
    lhsDilation: attrs.strides,
    rhsDilation: attrs.rhsDilation,
    featureGroupCount: groups,
    batchGroupCount: 1,
    padding: axes.map(({ x: n, k, t, s, l, r, lo }) => [(k - 1) * r - lo, dilate(n, l) + lo - dilate(t, s)]),
  });
  return attrs.batchGroupCount === 1 ? dx : mergeAxes(moveAxis(splitAxis(dx, 1, groups), 1, 0), 0); // [n, (b, i), x] -> [(b, n), i, x]
};

// dw[o, i, k] = sum_{n, t} ct[n, o, t] x[b N' + n, g I + i, (k r + t s - lo) / l] is a convolution of x with kernel ct over k: x as
// [C, N, X], of which n is contracted; strides and kernel dilations change places, and so do the groups: o picks the group of the
// channels, which are now the batch, or of the batch, which is now the channels.
const pullbackW = (ct: Value, x: Value, attrs: ConvAttrs, w: Aval): Value => {
  if (isEmpty(ct.shape, w.shape, x.shape)) return zerosOf(w);
  const axes = axesOf(x.shape, w.shape, attrs);
  return swap01(
    conv(swap01(x), swap01(ct), {
      strides: attrs.rhsDilation,
      lhsDilation: attrs.lhsDilation,
      rhsDilation: attrs.strides,
      featureGroupCount: attrs.batchGroupCount,
      batchGroupCount: attrs.featureGroupCount,
      padding: axes.map(({ x: n, k, t, s, l, r, lo }) => [lo, dilate(k, r) + dilate(t, s) - 1 - dilate(n, l) - lo]),
    }),
  );
};

const outShape = (x: Shape, w: Shape, attrs: ConvAttrs): Shape => [
  (x[0] as number) / attrs.batchGroupCount,
  w[0] as number,
  ...axesOf(x, w, attrs).map(({ t }) => t),
];

export const convP: Primitive<ConvAttrs, Binary> = {
  name: "conv",
  abstractEval: ([x, w], attrs) => {
    check(x, w, attrs);
    return aval(outShape(x.shape, w.shape, attrs), x.dtype);
  },
  jvp: [(dx, _out, [, w], attrs) => conv(dx, w, attrs), (dw, _out, [x], attrs) => conv(x, dw, attrs)],
  transpose: [
    (ct, [, w], attrs, [x]) => pullbackX(ct, w as Value, attrs, x),
    (ct, [x], attrs, [, w]) => pullbackW(ct, x as Value, attrs, w),
  ],
  batch: (z, [x, w], [bx, bw], attrs) => {
    const { featureGroupCount: G, batchGroupCount: B } = attrs,
      front = (v: Value, b: number | null): Value => moveAxis(v, b ?? 0, 0);
    const without = (v: Value, b: number | null): Shape => v.shape.filter((_, i) => i !== b);
    if (z === 0) return [full([0, ...outShape(without(x, bx), without(w, bw), attrs)], 0, x.dtype), 0];
    if (bw === null) {
      // x [z, (b, n), ...] -> [(b, z, n), ...]: the batch axis joins n
      const folded = mergeAxes(mergeAxes(moveAxis(splitAxis(front(x, bx), 1, B), 0, 1), 0), 0);
      return [splitAxis(conv(folded, w, attrs), 0, z), 0];
    }
    if (bx === null) {
      // w [z, (group, o), ...] -> [(group, z, o), ...]: the batch axis joins the outputs of each group
      const folded = mergeAxes(mergeAxes(moveAxis(splitAxis(front(w, bw), 1, G * B), 0, 1), 0), 0);
      const out = splitAxis(splitAxis(conv(x, folded, attrs), 1, G * B), 2, z); // [n, group, z, o, ...]
      return [mergeAxes(moveAxis(out, 2, 0), 2), 0];
    }
    // Both: z times as many groups, of the channels or, where there are batch groups, of the batch.
    const wide = mergeAxes(front(w, bw), 0);
    const out =
      B > 1
        ? conv(mergeAxes(front(x, bx), 0), wide, { ...attrs, batchGroupCount: z * B })
        : conv(mergeAxes(moveAxis(x, bx, 1), 1), wide, { ...attrs, featureGroupCount: z * G });
    return [splitAxis(out, 1, z), 1];
  },
  lower: ([x, w], at, attrs, [a, b], out) => {
    const zero = constant(scalarOf(out.dtype), 0),
      [n, o, ...t] = at as readonly [Expr, Expr, ...Expr[]];
    if (isEmpty(a.shape, b.shape)) return zero;
    const { featureGroupCount: G, batchGroupCount: B } = attrs,
      I = b.shape[1] as number,
      O = b.shape[0] as number,
      axes = axesOf(a.shape, b.shape, attrs);
    const i = freshVar(I),
      k = spatial(b.shape).map((extent) => freshVar(extent));
    let counts: Expr = constant("bool", 1);
    const where = axes.map(({ x: extent, s, l, r, lo }, d) => {
      // p is moved up by a multiple of l, so that no dividend is negative.
      const up = Math.max(0, Math.ceil(lo / l)),
        p = iadd(imul(t[d] as Expr, s), iadd(imul(k[d] as Expr, r), int(up * l - lo)));
      const position = isub(idiv(p, l), int(up));
      counts = both(counts, both(inRange(position, 0, extent), iequal(imod(p, l), 0)));
      return position;
    });
    const row = iadd(imul(idiv(o, O / B), (a.shape[0] as number) / B), n),
      channel = iadd(imul(idiv(o, O / G), I), i);
    const product = binary("mul", select(counts, x([row, channel, ...where]), zero), w([o, i, ...k]));
    return [i, ...k].reduceRight<Expr>((e, v) => reduceOver("add", v, e), product);
  },
  // Padding and holes in x are steps of their own: then every window is a plain read, which contractions do in place.
  expand: ([x, w], attrs) =>
    isEmpty(x.shape, w.shape)
      ? null
      : stepsOf(convP as unknown as AnyPrimitive, axesOf(x.shape, w.shape, attrs), x, w, attrs),
  show: (a) => {
    const plain = (list: readonly number[]): boolean => list.every((v) => v === 1);
    return [
      `padding=[${a.padding.map((p) => p.join("_"))}]`,
      ...(plain(a.strides) ? [] : [`strides=[${a.strides}]`]),
      ...(plain(a.lhsDilation) ? [] : [`lhsDilation=[${a.lhsDilation}]`]),
      ...(plain(a.rhsDilation) ? [] : [`rhsDilation=[${a.rhsDilation}]`]),
      ...(a.featureGroupCount === 1 ? [] : [`featureGroups=${a.featureGroupCount}`]),
      ...(a.batchGroupCount === 1 ? [] : [`batchGroups=${a.batchGroupCount}`]),
    ].join(" ");
  },
};
/** Convolution of x `[N, C, X...]` with w `[O, I, K...]` giving `[N, O, T...]`; `convGeneralDilated` has the comfortable form. */
export const conv = (x: Value, w: Value, attrs: ConvAttrs): Value => bind(convP, [x, w], attrs);
