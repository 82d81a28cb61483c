// A tour of the library, in the order in which a newcomer asks. Every claim is checked when it runs: npx tsx examples/tour.ts
import assert from "node:assert/strict";
import * as bricks from "../src/bricks/index.ts";
import { DonatedError, explain, grad, hessian, jit, lax, makeJaxpr, type NDArray, nn, np, random, ShapeError, TraceError, tree, valueAndGrad, vmap } from "../src/index.ts"; // biome-ignore format: one line
import { adam, applyUpdates } from "../src/optim/index.ts";

/** `value` prints as `text`; white space does not count. */
const is = (value: unknown, text: string): void => {
  const plain = (s: string): string => s.replace(/\s+/g, " ").replace(/ ?([,[\](){}]) ?/g, "$1").trim(); // biome-ignore format: one line
  assert.equal(plain(Array.isArray(value) ? `[${value.map(String).join(", ")}]` : String(value)), plain(text));
};
const close = (a: NDArray, b: NDArray | number, atol = 1e-5): void => assert.ok(np.allclose(a, b, { atol }).item());
let questions = 0;
const question = (text: string): void => console.log(`${String(++questions).padStart(2)}. ${text}`);

question("What is an array?");
// Numbers of one dtype in a shape. It never changes: every operation makes a new one. Nothing has to be disposed of.
const x = np.array([[1, 2, 3], [4, 5, 6]]); // biome-ignore format: a matrix
is(x, "[[1 2 3] [4 5 6]]");
is(x.shape, "[2, 3]");
assert.equal(x.dtype, "float32");
assert.deepEqual(x.js(), [[1, 2, 3], [4, 5, 6]]); // biome-ignore format: a matrix

question("How do I compute with it?");
// With NumPy's names in camelCase, as functions or methods. Shapes broadcast, numbers take the dtype of their partner.
is(np.add(x, 10), "[[11 12 13] [14 15 16]]");
is(x.mul([1, 0, -1]), "[[1 0 -3] [4 0 -6]]");
is(np.sum(x, 0), "[5 7 9]");
is(np.matmul(x, x.T), "[[14 32] [32 77]]");
is(x.slice(1, [0, 2]), "[4 5]");
is(np.array([7, 2], { dtype: "int32" }).mul(0.5), "[3.5 1]");

question("What if I make a mistake?");
// The error names the operation, what it expected, what it got, your line, and what to do.
assert.throws(
  () => np.add(np.ones([2]), np.ones([3])),
  (error: unknown) => {
    assert.ok(error instanceof ShapeError);
    assert.match(error.message, /add: expected shapes that broadcast .*, got \[2\] and \[3\]/);
    assert.match(error.message, /tour\.ts/);
    return true;
  },
);

question("What is the derivative of my function?");
// grad takes a function and gives a function. It is a function like any other, so it has a derivative too.
const cube = (t: NDArray): NDArray => np.power(t, 3);
const two = np.array(2);
is(grad(cube)(two), "12");
is(grad(grad(cube))(two), "12");
is(grad(grad(grad(cube)))(two), "6");

question("And if it has many parameters?");
// Arguments are trees: objects and lists of arrays. The gradient is a tree of the same structure, and of the same type.
const line = { w: np.array([2, -1]), b: np.array(0.5) };
const predict = (p: typeof line, input: NDArray): NDArray => np.add(np.dot(input, p.w), p.b);
const squared = (p: typeof line, input: NDArray, target: NDArray): NDArray =>
  np.square(np.subtract(predict(p, input), target));
const slopes = grad(squared)(line, np.array([1, 3]), np.array(0));
is(slopes.w, "[-1 -3]");
is(slopes.b, "-1");
is(tree.leaves(slopes), "[-1, [-1 -3]]");

question("How does it know?");
// It runs your function once with arrays that only stand for arrays and writes down what you do: a jaxpr.
const f = (t: NDArray): NDArray => np.multiply(np.sin(t), t);
is(makeJaxpr(f)(np.array(1)), "{ lambda a:f32[] . let b:f32[] = sin a; c:f32[] = mul b a in ( c ) }");
// Each operation knows its derivative. What grad writes down is a jaxpr again, so everything else applies to it.
assert.match(String(makeJaxpr(grad(f))(np.array(1))), /cos a/);
close(grad(f)(np.array(1)), Math.cos(1) + Math.sin(1));

question("So what can I not write?");
// What needs a value while there is none: the number is only known when the program runs.
const positive = (t: NDArray): NDArray => (Number(t) > 0 ? t : np.array(0));
is(positive(np.array(3)), "3");
assert.throws(() => jit(positive)(3), (error: unknown) => error instanceof TraceError && /np\.where/.test(error.message)); // biome-ignore format: one line
is(jit((t: NDArray) => np.where(np.greater(t, 0), t, 0))(-3), "0");

question("I have many examples. Must I rewrite my function?");
// No: vmap maps it over an axis of its arguments. `null` means the same for all.
const inputs = np.array([[1, 3], [0, 1], [2, 2]]); // biome-ignore format: a matrix
is(vmap(predict, [null, 0])(line, inputs), "[-0.5 -0.5 2.5]");
// One matrix product came out, not three dot products.
assert.match(String(makeJaxpr(vmap(predict, [null, 0]))(line, inputs)), /dotGeneral/);

question("How do I make it fast?");
// jit compiles the jaxpr: what it holds is fused into few loops, which become one WebAssembly module. The result is the same.
const fast = jit(vmap(squared, [null, 0, 0]));
const targets = np.array([0, 0, 1]);
close(fast(line, inputs, targets), vmap(squared, [null, 0, 0])(line, inputs, targets));

question("What came out of it?");
// Every stage can be printed. Fusion puts whole rows into one kernel: softmax reads and writes its matrix once.
const stages = explain(
  jit((m: NDArray) => nn.softmax(m)),
  np.ones([4, 8]),
);
assert.equal(stages.kernels.length, 1);
assert.match(String(stages), /== jaxpr[\s\S]*== fusion[\s\S]*== program[\s\S]*== memory[\s\S]*== code/);

question("And loops?");
// A loop that runs often becomes a loop of the program: scan carries a value along and collects results.
const interest = (rate: NDArray, years: number): NDArray => {
  const [sum] = lax.scan((money: NDArray) => [np.multiply(money, np.add(rate, 1)), money] as const, np.array(1), null, { length: years }); // biome-ignore format: one line
  return sum;
};
close(interest(np.array(0.1), 10), 1.1 ** 10);
close(grad(interest)(np.array(0.1), 10), 10 * 1.1 ** 9, 1e-4);
is(lax.whileLoop((n: NDArray) => np.less(n, 100), (n: NDArray) => np.multiply(n, 3), np.array(1)), "243"); // biome-ignore format: one line

question("Can I combine all this?");
// In any order, as often as you like: gradients of every single example, compiled; second derivatives.
const each = jit(vmap(grad(squared), [null, 0, 0]))(line, inputs, targets);
is(each.w, "[[-1 -3] [-0 -1] [6 6]]");
is(hessian((v: NDArray) => np.sum(np.power(v, 3)))(np.array([1, 2])), "[[6 0] [0 12]]");
close(jit(grad((v: NDArray) => np.sum(vmap(grad(cube))(v))))(np.array([1, 2])), np.array([6, 12]));

question("Where do random numbers come from?");
// From a key, and the same key gives the same numbers: a function that draws is still pure. Split a key to get more.
const key = random.key(0);
is(np.arrayEqual(random.normal(key, [3]), random.normal(key, [3])), "True");
const [first, second] = random.split(key);
is(np.arrayEqual(random.normal(first, [3]), random.normal(second, [3])), "False");

question("What is a brick?");
// Two pure functions: init makes parameters from a key, apply computes with them. Sizes that do not fit are type errors.
const net = bricks.serial(bricks.dense(2, 8), bricks.tanh, bricks.dense(8, 1));
// @ts-expect-error: the first brick gives 8 numbers, the second takes 9
bricks.serial(bricks.dense(2, 8), bricks.dense(9, 1));
const begun = net.init(random.key(1));
is(tree.leaves(begun).map((leaf) => `[${leaf.shape}]`), "[[8], [2,8], [1], [8,1]]"); // biome-ignore format: one line
is(net.apply(begun, np.array([1, 0])).shape, "[1]");

question("How do I train it?");
// A step is a pure function from parameters to parameters, so all of it can be compiled: exclusive or, in 300 steps.
const corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]); // biome-ignore format: a matrix
const wanted = np.array([0, 1, 1, 0]);
const logits = vmap((p: typeof begun, input: NDArray) => np.squeeze(net.apply(p, input)), [null, 0]);
const loss = (p: typeof begun): NDArray =>
  np.mean(np.subtract(nn.softplus(logits(p, corners)), np.multiply(wanted, logits(p, corners))));
const optimizer = adam(0.05);
const step = jit((p: typeof begun, s: ReturnType<typeof optimizer.init>) => {
  const [value, slope] = valueAndGrad(loss)(p);
  const [updates, next] = optimizer.update(slope, s, p);
  return [applyUpdates(p, updates), next, value] as const;
});
let params = begun;
let state = optimizer.init(params);
for (let i = 0; i < 300; i++) [params, state] = step(params, state);
is(np.greater(logits(params, corners), 0), "[False True True False]");
assert.ok(Number(loss(params)) < 0.05);

question("Does every step copy all parameters?");
// Not if you give them away: their memory is used for the results, and using them again is an error.
const halve = jit((v: NDArray) => np.multiply(v, 0.5), { donate: [0] });
const big = np.ones([2000]);
is(np.sum(halve(big)), "1000");
assert.throws(() => np.sum(big), DonatedError);

question("How do I know that all this is right?");
// Every rule is checked against differences by the laws, and you can check your own functions in the same way.
const soft = (v: NDArray): NDArray => nn.logsumexp(lax.mul(v, v));
const direction = np.array([0.5, -1]);
const at = np.array([0.3, 0.7]);
const along = (t: number): number => Number(soft(np.add(at, np.multiply(direction, t))));
close(np.dot(grad(soft)(at), direction), (along(1e-2) - along(-1e-2)) / 2e-2, 1e-3);

console.log(`\n${questions} questions answered, every claim checked.`);
