// Models for ONNX Runtime, written byte by byte: the protocol buffers of onnx.proto, as far as they are needed. Numbers of fields are
// onnx.proto's.
const varint = (n) => {
  const out = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
};
const int = (field, n) => [...varint(field * 8), ...varint(n)];
const bytes = (field, content) => [...varint(field * 8 + 2), ...varint(content.length), ...content];
const text = (field, s) => bytes(field, Buffer.from(s));
const float = (field, x) => [...varint(field * 8 + 5), ...new Uint8Array(Float32Array.of(x).buffer)];

const elementTypes = { float32: 1, int32: 6, int64: 7 };
const shaped = (name, dtype, shape) => {
  const dims = shape.flatMap((d) => bytes(1, int(1, d)));
  return [...text(1, name), ...bytes(2, bytes(1, [...int(1, elementTypes[dtype]), ...bytes(2, dims)]))];
};
const attribute = (name, value) => {
  if (Array.isArray(value)) return [...text(1, name), ...value.flatMap((v) => int(8, v)), ...int(20, 7)];
  if (typeof value === "string") return [...text(1, name), ...text(4, value), ...int(20, 3)];
  if (typeof value === "object") return [...text(1, name), ...float(2, value.float), ...int(20, 1)];
  return [...text(1, name), ...int(3, value), ...int(20, 2)];
};
const node = ([op, inputs, outputs, attributes = {}]) => [
  ...inputs.flatMap((name) => text(1, name)),
  ...outputs.flatMap((name) => text(2, name)),
  ...text(4, op),
  ...Object.entries(attributes).flatMap(([name, value]) => bytes(5, attribute(name, value))),
];
const constant = ([name, { dtype, shape, data }]) => [
  ...shape.flatMap((d) => int(1, d)),
  ...int(2, elementTypes[dtype]),
  ...text(8, name),
  ...bytes(9, [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]),
];

/** `nodes`: `[operation, inputs, outputs, attributes]`; inputs and outputs of the graph: `name: { dtype, shape }`. */
export const onnxModel = ({ nodes, inputs, outputs, constants = {} }) => {
  const graph = [
    ...nodes.flatMap((n) => bytes(1, node(n))),
    ...text(2, "row"),
    ...Object.entries(constants).flatMap((c) => bytes(5, constant(c))),
    ...Object.entries(inputs).flatMap(([name, { dtype, shape }]) => bytes(11, shaped(name, dtype, shape))),
    ...Object.entries(outputs).flatMap(([name, { dtype, shape }]) => bytes(12, shaped(name, dtype, shape))),
  ];
  return Uint8Array.from([...int(1, 8), ...bytes(8, int(2, 17)), ...bytes(7, graph)]);
};
export const longs = (...values) => ({
  dtype: "int64",
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
export const scalar = (x) => ({ dtype: "float32", shape: [], data: Float32Array.of(x) });
