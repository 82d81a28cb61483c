"""The models that are trained, as users of PyTorch write them with functions."""

import math

import torch
import torch.nn.functional as F


def heads_first(x, heads):
    b, t, d = x.shape
    return x.view(b, t, heads, d // heads).transpose(1, 2)


def attend(q, k, v, heads, causal):
    q, k, v = (heads_first(x, heads) for x in (q, k, v))
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if causal:
        hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(hidden, -math.inf)
    mixed = torch.softmax(scores, -1) @ v
    return mixed.transpose(1, 2).flatten(2)


def attention_block(x, wq, wk, wv, wo, heads):
    return attend(x @ wq, x @ wk, x @ wv, heads, False) @ wo


def lstm_loss(gradient):
    """torch.nn.LSTM, with weights that are transposed once; gradients come back in the layout of the row."""

    def prepare(x, args):
        wx, wh, b = x["wx"], x["wh"], x["b"]
        cell = torch.nn.LSTM(wx.shape[0], wh.shape[0])
        with torch.no_grad():
            cell.weight_ih_l0.copy_(wx.T)
            cell.weight_hh_l0.copy_(wh.T)
            cell.bias_ih_l0.copy_(b)
            cell.bias_hh_l0.zero_()
        by = [cell.weight_ih_l0, cell.weight_hh_l0, cell.bias_ih_l0]

        def run():
            states, _ = cell(x["xs"])
            return torch.autograd.grad(states.square().mean(), by)

        def check():
            dwx, dwh, db = run()
            return [dwx.T, dwh.T, db]

        return check, run

    return prepare


def tower(x, p, count):
    for i in range(1, count + 1):
        x = torch.addmm(p[f"b{i}"], x, p[f"w{i}"])
        if i < count:
            x = torch.relu(x)
    return x


def mlp_loss(p, args):
    return F.cross_entropy(tower(p["x"], p, 3), p["y"])


def lenet_loss(p, args):
    x = F.max_pool2d(torch.relu(F.conv2d(p["x"], p["c1"], p["d1"], padding=2)), 2)
    x = F.max_pool2d(torch.relu(F.conv2d(x, p["c2"], p["d2"])), 2)
    return F.cross_entropy(tower(x.flatten(1), p, 3), p["y"])


def same(x, w, stride):
    """Padding "SAME" as JAX and TensorFlow have it: the odd pixel goes to the end."""
    size = w.shape[-1]
    total = max(size - stride, 0) if x.shape[-1] % stride == 0 else size - x.shape[-1] % stride
    low, high = total // 2, total - total // 2
    if low == high:
        return F.conv2d(x, w, stride=stride, padding=low)
    return F.conv2d(F.pad(x, (low, high, low, high)), w, stride=stride)


def resnet_loss(p, args):
    x = torch.relu(same(p["x"], p["stem"], 1))
    i = 0
    while f"u{i}" in p:
        stride = 1 if i == 0 else 2
        inner = same(torch.relu(same(x, p[f"u{i}"], stride)), p[f"v{i}"], 1)
        short = same(x, p[f"s{i}"], stride) if f"s{i}" in p else x
        x = torch.relu(short + inner)
        i += 1
    return F.cross_entropy(torch.addmm(p["b"], x.mean((2, 3)), p["w"]), p["y"])


def transformer_loss(p, args):
    size = p["embedding"].shape[-1:]
    norm = lambda x, g, h: F.layer_norm(x, size, g, h, 1e-5)
    x = F.embedding(p["tokens"], p["embedding"]) + p["positions"]
    for i in range(args["layers"]):
        y = norm(x, p[f"g{i}"], p[f"h{i}"])
        x = x + attend(y @ p[f"wq{i}"], y @ p[f"wk{i}"], y @ p[f"wv{i}"], args["heads"], True) @ p[f"wo{i}"]
        z = F.gelu(norm(x, p[f"m{i}"], p[f"n{i}"]) @ p[f"up{i}"] + p[f"ub{i}"])
        x = x + z @ p[f"down{i}"] + p[f"db{i}"]
    logits = norm(x, p["g"], p["h"]) @ p["head"]
    return F.cross_entropy(logits.flatten(0, 1), p["y"].flatten())


LOSSES = {
    "mlpStep": mlp_loss,
    "lenetStep": lenet_loss,
    "resnetStep": resnet_loss,
    "transformerStep": transformer_loss,
}
