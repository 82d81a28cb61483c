// Who takes part, and how each one is started.
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface Place {
  /** The repository. */
  readonly root: string;
  /** Where the build is. */
  readonly built: string;
  /** The Node that runs JavaScript. */
  readonly node: string;
  readonly python: string;
}
export interface Contestant {
  readonly id: string;
  readonly label: string;
  /** The column of the table in the README. */
  readonly short: string;
  /** Belongs to the JavaScript rivals that "x JS" speaks of. */
  readonly js?: boolean;
  /** Lives in bench/rivals/node_modules. */
  readonly installed?: boolean;
  readonly threads: 1 | 2;
  readonly command: (place: Place) => readonly string[];
}

const serve = ({ node, built }: Place, module: string, options: object): readonly string[] => [
  node,
  join(built, "bench/serve.js"),
  module,
  JSON.stringify(options),
];
const rival = (place: Place, file: string): string => join(place.root, "bench/rivals", file);

const ours = (threads: 1 | 2): Contestant => ({
  id: `brickbox${threads}`,
  label: `brickbox, ${threads} thread${threads === 1 ? "" : "s"}`,
  short: threads === 2 ? "brickbox" : "1 thread",
  threads,
  command: (place) => serve(place, join(place.built, "bench/ours/index.js"), { threads }),
});
const tfjs = (backend: "wasm" | "cpu"): Contestant => ({
  id: `tfjs-${backend}`,
  label: `TensorFlow.js ${backend}`,
  short: `tfjs ${backend}`,
  js: true,
  installed: true,
  threads: 1,
  command: (place) => serve(place, rival(place, "tfjs.mjs"), { backend }),
});

export const contestants: readonly Contestant[] = [
  ours(2),
  ours(1),
  {
    id: "plain",
    label: "plain JavaScript",
    short: "plain JS",
    threads: 1,
    command: (place) => serve(place, rival(place, "plain.mjs"), {}),
  },
  {
    id: "jaxjs",
    label: "jax-js",
    short: "jax-js",
    js: true,
    installed: true,
    threads: 2,
    command: (place) => serve(place, rival(place, "jaxjs.mjs"), {}),
  },
  tfjs("wasm"),
  tfjs("cpu"),
  {
    id: "onnx",
    label: "ONNX Runtime Web",
    short: "onnx",
    installed: true,
    threads: 2,
    command: (place) => serve(place, rival(place, "onnx.mjs"), { threads: 2 }),
  },
  {
    id: "torch",
    label: "PyTorch",
    short: "PyTorch",
    threads: 2,
    command: (place) => [place.python, rival(place, "torch_rival.py"), JSON.stringify({ threads: 2 })],
  },
];
export const isOurs = ({ id }: Contestant): boolean => id.startsWith("brickbox");

/** A python3 that may have torch: Debian's, before whatever comes first on the path. */
export const somePython = (): string => (existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3");
