"""PyTorch as a contestant: the same protocol as bench/serve.ts, one line of JSON in, one out."""

import array
import json
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F

from torch_models import LOSSES, attention_block, lstm_loss, mlp_loss

options = json.loads(sys.argv[1])
torch.set_num_threads(options["threads"])
torch.manual_seed(0)


def tensor(given):
    """An input as a tensor; parameters ask for gradients."""
    dtype = torch.float32 if given["dtype"] == "float32" else torch.int32
    with open(given["file"], "rb") as file:
        data = torch.frombuffer(bytearray(file.read()), dtype=dtype).reshape(given["shape"])
    return data.clone() if dtype == torch.float32 else data.long()


def prepared(run, check=None):
    return (check or (lambda: listed(run()))), run


def listed(out):
    return list(out) if isinstance(out, (tuple, list)) else [out]


def pure(f):
    """A function of the inputs; nothing records gradients."""

    def prepare(x, args):
        def run():
            with torch.no_grad():
                return f(x, args)

        return prepared(run)

    return prepare


def gradient(loss, *names):
    """The gradients of a loss by some inputs."""

    def prepare(x, args):
        by = [x[name].requires_grad_() for name in names]
        return prepared(lambda: torch.autograd.grad(loss(x, args), by))

    return prepare


UNARY = {
    "exp": torch.exp,
    "log": torch.log,
    "sin": torch.sin,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "chain": lambda x: torch.tanh(2 * x + 1) * torch.exp(-x) + 3,
}
ROWS = {
    "softmax": lambda x: torch.softmax(x, -1),
    "logsumexp": lambda x: torch.logsumexp(x, -1),
    "layernorm": lambda x: F.layer_norm(x, x.shape[-1:], eps=1e-5),
}


def summed(x, args):
    return x["x"].sum() if args["axis"] is None else x["x"].sum(args["axis"])


def convolved(x, args):
    return F.conv2d(x["x"], x["w"], padding="same" if x["w"].shape[-1] > 1 else 0, groups=args["groups"])


def conv(x, args):
    """Forward, or a gradient by what autograd itself would call."""
    if args["by"] is None:
        return pure(convolved)(x, args)
    pad, groups = x["w"].shape[-1] // 2, args["groups"]
    both = [args["by"] == "input", args["by"] == "weights", False]

    def backward():
        ones = [1, 1]
        found = torch.ops.aten.convolution_backward(
            x["ct"], x["x"], x["w"], None, ones, [pad, pad], ones, False, [0, 0], groups, both
        )
        return [slope for slope in found if slope is not None]

    with torch.no_grad():
        return prepared(backward)


def attention(x, args):
    names = ["x", "wq", "wk", "wv", "wo"]
    block = lambda x, args: attention_block(*(x[name] for name in names), heads=args["heads"])
    if not args["gradients"]:
        return pure(block)(x, args)
    return gradient(lambda x, args: (block(x, args) * x["ct"]).sum(), *names)(x, args)


def trains(loss):
    """Losses of the first steps; then one step after the other."""

    def prepare(x, args):
        params = [value.requires_grad_() for name, value in x.items() if name in args["trained"]]
        kind = torch.optim.SGD if args["optimizer"] == "sgd" else torch.optim.Adam
        optimizer = kind(params, lr=args["rate"])

        def run():
            optimizer.zero_grad()
            value = loss(x, args)
            value.backward()
            optimizer.step()
            return value

        return prepared(run, lambda: [run().detach() for _ in range(args.get("steps", 3))])

    return prepare


def per_example(x, args):
    """Outer products of what comes in and what comes back: this torch has no vmap of grad."""

    def run():
        with torch.no_grad():
            z = torch.addmm(x["b1"], x["x"], x["w1"])
            h = torch.relu(z)
            slope = torch.softmax(torch.addmm(x["b2"], h, x["w2"]), -1)
            slope[torch.arange(len(slope)), x["y"]] -= 1
            back = (slope @ x["w2"].T) * (z > 0)
            w1 = x["x"].unsqueeze(2) * back.unsqueeze(1)
            return w1, back, h.unsqueeze(2) * slope.unsqueeze(1), slope

    return prepared(run)


def leaves(x, args):
    params = [value.requires_grad_() for value in x.values()]

    def run():
        loss = 0
        for w in params:
            loss = loss + (w * w).sum()
        slopes = torch.autograd.grad(loss, params)
        with torch.no_grad():
            return [w - 0.25 * slope for w, slope in zip(params, slopes)]

    return prepared(run)


@torch.jit.script
def scalar_rounds(v: float, rounds: int) -> float:
    """What TorchScript does best: numbers instead of tensors."""
    i = 0
    while i < rounds:
        i, v = i + 1, v * 0.999 + 0.5
    return v


def while_loop(x, args):
    start = float(x["x"])
    return prepared(lambda: torch.tensor([scalar_rounds(start, args["rounds"])]))


def peak_resident():
    """Bytes; getrusage on Linux includes the process that started this one."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except FileNotFoundError:
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resident_steps(x, args):
    check, run = trains(mlp_loss)(x, args)

    def report():
        for _ in range(args["steps"]):
            run()
        return [torch.tensor([float(peak_resident())])]

    return report, run


OPS = {
    "unary": pure(lambda x, args: UNARY[args["f"]](x["x"])),
    "transposePlusOne": pure(lambda x, args: (x["x"].T + 1).contiguous()),
    "concatenate": pure(lambda x, args: torch.cat([x["a"], x["b"]], 1)),
    "gatherRows": pure(lambda x, args: x["table"].index_select(0, x["at"])),
    "scatterAdd": pure(lambda x, args: x["table"].index_add(0, x["at"], x["rows"])),
    "sum": pure(summed),
    "rows": pure(lambda x, args: ROWS[args["f"]](x["x"])),
    "rowsGradient": gradient(lambda x, args: (ROWS[args["f"]](x["x"]) * x["ct"]).sum(), "x"),
    "sort": pure(lambda x, args: torch.sort(x["x"]).values),
    "cumsum": pure(lambda x, args: torch.cumsum(x["x"], 0)),
    "matmul": pure(lambda x, args: torch.matmul(x["a"], x["b"])),
    "queryKey": pure(lambda x, args: torch.matmul(x["q"], x["k"].transpose(-1, -2))),
    "denseGelu": pure(lambda x, args: F.gelu(torch.addmm(x["b"], x["x"], x["w"]))),
    "conv": conv,
    "maxPool": pure(lambda x, args: F.max_pool2d(x["x"], 2)),
    "maxPoolGradient": gradient(lambda x, args: (F.max_pool2d(x["x"], 2) * x["ct"]).sum(), "x"),
    "attention": attention,
    "lstm": lstm_loss(gradient),
    "perExample": per_example,
    "leaves": leaves,
    "tinyCall": pure(lambda x, args: torch.sin(x["x"]) * 2),
    "tinyAdd": pure(lambda x, args: x["a"] + x["b"]),
    "whileLoop": while_loop,
    "residentSteps": resident_steps,
    **{name: trains(loss) for name, loss in LOSSES.items()},
}

current = {}


def timed(f):
    begin = time.perf_counter()
    f()
    return time.perf_counter() - begin


def prepare(request):
    current.clear()
    task = request["task"]
    if task["op"] not in OPS:
        raise LookupError("has no such operation")
    x = {given["name"]: tensor(given) for given in task["inputs"]}
    args = {**task["args"], "trained": [given["name"] for given in task["inputs"] if given["trained"]]}
    begin = time.perf_counter()
    check, run, *share = OPS[task["op"]](x, args)
    outputs = [out.detach().reshape(-1).float() for out in check()]
    seconds = time.perf_counter() - begin
    current.update(run=run, share=share[0] if share else 1)
    for i, out in enumerate(outputs):
        with open(f"{request['out']}.{i}", "wb") as file:
            array.array("f", out.tolist()).tofile(file)
    return {"firstSeconds": seconds, "outputs": len(outputs)}


def warm(request):
    spent = runs = 0
    while True:
        expected = timed(current["run"])
        spent, runs = spent + expected, runs + 1
        if spent >= request["seconds"] or runs >= 10_000:
            break
    current["expected"] = expected
    return {"expected": expected / current["share"]}


def sample(request):
    """Samples of a millisecond at least, for as long as asked."""
    run, expected, share = current["run"], current["expected"], current["share"]
    count = max(1, math.ceil(0.001 / max(expected, 1e-7)))
    samples, end = [], time.perf_counter() + request["seconds"]
    while True:
        begin = time.perf_counter()
        for _ in range(count):
            run()
        now = time.perf_counter()
        samples.append((now - begin) / count / share)
        if now >= end:
            return {"samples": samples}


COMMANDS = {"prepare": prepare, "warm": warm, "time": sample}


def say(reply):
    print(json.dumps(reply), flush=True)


say({"version": f"{torch.__version__}, {torch.get_num_threads()} threads"})
for line in sys.stdin:
    request = json.loads(line)
    try:
        say(COMMANDS[request["command"]](request))
    except Exception as error:  # whatever it is, the row says so
        say({"error": str(error) or type(error).__name__})
