// ONNX Runtime Web as a contestant: inference only, one model per row, its wasm backend. A run includes handing over the inputs and
// getting the results, as its interface has it.
import { longs, onnxModel, scalar } from "./onnx_model.mjs";

let ort;

/** Run a graph: `nodes` read the inputs by name and write `out` of this shape. */
const graph = async (given, shape, nodes, constants = {}) => {
  const inputs = Object.fromEntries(
    Object.entries(given).map(([name, { data, shape: dims }]) => [
      name,
      { dtype: data instanceof Int32Array ? "int32" : "float32", shape: dims },
    ]),
  );
  const model = onnxModel({ nodes, inputs, outputs: { out: { dtype: "float32", shape } }, constants });
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const feeds = Object.fromEntries(
    Object.entries(given).map(([name, { data }]) => [
      name,
      new ort.Tensor(inputs[name].dtype, data, inputs[name].shape),
    ]),
  );
  const run = () => session.run(feeds);
  return { check: async () => [(await run()).out.data], run };
};

/** gelu by erf from `from` to `out`. */
const gelu = (from) => [
  ["Mul", [from, "root"], ["scaled"]],
  ["Erf", ["scaled"], ["erf"]],
  ["Add", ["erf", "one"], ["risen"]],
  ["Mul", [from, "half"], ["halved"]],
  ["Mul", ["halved", "risen"], ["out"]],
];
const geluConstants = { root: scalar(Math.SQRT1_2), one: scalar(1), half: scalar(0.5) };
const simple = (op) => ({ nodes: [[op, ["x"], ["out"]]] });
const unary = {
  exp: simple("Exp"),
  log: simple("Log"),
  sin: simple("Sin"),
  tanh: simple("Tanh"),
  gelu: { nodes: gelu("x"), constants: geluConstants },
  chain: {
    nodes: [
      ["Mul", ["x", "two"], ["a"]],
      ["Add", ["a", "one"], ["b"]],
      ["Tanh", ["b"], ["c"]],
      ["Neg", ["x"], ["d"]],
      ["Exp", ["d"], ["e"]],
      ["Mul", ["c", "e"], ["f"]],
      ["Add", ["f", "three"], ["out"]],
    ],
    constants: { one: scalar(1), two: scalar(2), three: scalar(3) },
  },
};
const layernorm = (n) => ({
  nodes: [["LayerNormalization", ["x", "gain"], ["out"], { axis: -1, epsilon: { float: 1e-5 } }]],
  constants: { gain: { dtype: "float32", shape: [n], data: new Float32Array(n).fill(1) } },
});
const rows = {
  softmax: () => ({ nodes: [["Softmax", ["x"], ["out"], { axis: -1 }]] }),
  logsumexp: () => ({ nodes: [["ReduceLogSumExp", ["x"], ["out"], { axes: [-1], keepdims: 0 }]] }),
  layernorm,
};
const attention = (given, { heads, gradients }) => {
  if (gradients) throw new Error("inference only");
  const [b, t, d] = given.x.shape,
    h = d / heads;
  const project = (name, perm) => [
    ["MatMul", ["x", `w${name}`], [`${name}1`]],
    ["Reshape", [`${name}1`, "split"], [`${name}2`]],
    ["Transpose", [`${name}2`], [name], { perm }],
  ];
  const { ct: _, ...inputs } = given;
  const nodes = [
    ...project("q", [0, 2, 1, 3]),
    ...project("k", [0, 2, 3, 1]),
    ...project("v", [0, 2, 1, 3]),
    ["MatMul", ["q", "k"], ["products"]],
    ["Mul", ["products", "scale"], ["scores"]],
    ["Softmax", ["scores"], ["shares"], { axis: -1 }],
    ["MatMul", ["shares", "v"], ["mixed"]],
    ["Transpose", ["mixed"], ["together"], { perm: [0, 2, 1, 3] }],
    ["Reshape", ["together", "joined"], ["flat"]],
    ["MatMul", ["flat", "wo"], ["out"]],
  ];
  return graph(inputs, given.x.shape, nodes, {
    split: longs(b, t, heads, h),
    joined: longs(b, t, d),
    scale: scalar(1 / Math.sqrt(h)),
  });
};
const conv = (given, { groups, by }) => {
  if (by !== null) throw new Error("inference only");
  const { x, w } = given,
    pad = (w.shape[2] - 1) / 2;
  const attributes = { group: groups, kernel_shape: w.shape.slice(2), pads: [pad, pad, pad, pad] };
  return graph(given, [x.shape[0], w.shape[0], ...x.shape.slice(2)], [["Conv", ["x", "w"], ["out"], attributes]]);
};

const ops = {
  unary: (given, { f }) => graph(given, given.x.shape, unary[f].nodes, unary[f].constants),
  transposePlusOne: (given) =>
    graph(
      given,
      given.x.shape,
      [
        ["Transpose", ["x"], ["t"], { perm: [1, 0] }],
        ["Add", ["t", "one"], ["out"]],
      ],
      { one: scalar(1) },
    ),
  concatenate: (given) =>
    graph(given, [given.a.shape[0], 2 * given.a.shape[1]], [["Concat", ["a", "b"], ["out"], { axis: 1 }]]),
  gatherRows: (given) =>
    graph(given, [given.at.shape[0], given.table.shape[1]], [["Gather", ["table", "at"], ["out"], { axis: 0 }]]),
  sum: (given, { axis }) => {
    const [m, n] = given.x.shape,
      constants = { axes: axis === null ? longs(0, 1) : longs(axis) };
    const nodes = [["ReduceSum", ["x", "axes"], ["out"], { keepdims: 0 }]];
    return graph(given, axis === null ? [] : [axis === 0 ? n : m], nodes, constants);
  },
  rows: (given, { f }) => {
    const { nodes, constants } = rows[f](given.x.shape[1]);
    return graph(given, f === "logsumexp" ? [given.x.shape[0]] : given.x.shape, nodes, constants);
  },
  sort: (given) =>
    graph(given, given.x.shape, [["TopK", ["x", "n"], ["out", "at"], { axis: 0, largest: 0, sorted: 1 }]], {
      n: longs(given.x.shape[0]),
    }),
  cumsum: (given) => graph(given, given.x.shape, [["CumSum", ["x", "axis"], ["out"]]], { axis: longs(0) }),
  matmul: (given) =>
    graph(given, [...given.a.shape.slice(0, -1), given.b.shape.at(-1)], [["MatMul", ["a", "b"], ["out"]]]),
  queryKey: (given) => {
    const [b, t] = given.q.shape;
    const nodes = [
      ["Transpose", ["k"], ["turned"], { perm: [0, 2, 1] }],
      ["MatMul", ["q", "turned"], ["out"]],
    ];
    return graph(given, [b, t, t], nodes);
  },
  denseGelu: (given) => {
    const nodes = [["MatMul", ["x", "w"], ["product"]], ["Add", ["product", "b"], ["y"]], ...gelu("y")];
    return graph(given, [given.x.shape[0], given.w.shape[1]], nodes, geluConstants);
  },
  conv,
  maxPool: (given) => {
    const [n, c, h, w] = given.x.shape;
    return graph(given, [n, c, h / 2, w / 2], [["MaxPool", ["x"], ["out"], { kernel_shape: [2, 2], strides: [2, 2] }]]);
  },
  attention,
  tinyCall: (given) =>
    graph(
      given,
      [],
      [
        ["Sin", ["x"], ["s"]],
        ["Mul", ["s", "two"], ["out"]],
      ],
      { two: scalar(2) },
    ),
  tinyAdd: (given) => graph(given, [3], [["Add", ["a", "b"], ["out"]]]),
};

export const contestant = {
  start: async ({ threads }) => {
    ort = await import("onnxruntime-web");
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = "error";
    return { version: `${ort.env.versions.web}, ${threads} threads` };
  },
  ops,
};
