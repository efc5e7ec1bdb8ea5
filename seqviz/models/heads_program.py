"""The short program that prints what the page `multi-head` shows, with nn.MultiheadAttention.

PyTorch's layer is also the test's oracle; only the shares are made by hand.
"""

from seqviz.models.heads_experiment import PAD, HeadsRecord
from seqviz.models.heads_findings import parts


def program(record: HeadsRecord) -> str:
    """Runnable Python: each head's weights for the last token, its share, the sum, the answers."""
    lines = ["import torch", *imports(record, "token_vectors"), "", *model(record), mask(record)]
    lines += [f"layer, t = model.attention, {record.row}", "", "with torch.no_grad():"]
    lines += [*_heads(record), *_shares(record)]
    return "\n".join([*lines, "", *PRINT]) + "\n"


def output(record: HeadsRecord) -> str:
    """What the program prints, from the record."""
    found, row = record.run.heads, record.row
    pairs = zip(found.weights[:, row], found.shares[:, row], strict=True)
    lines = []
    for head, (weights, share) in enumerate(pairs, start=1):
        numbers = " ".join(f"{weight:.4f}" for weight in weights.tolist())
        lines.append(f"head {head}: {numbers} | share {share.norm():.4f}")
    lines.append(f"shares + bias = out: True, norm {parts(record).out:.4f}")
    answers = zip(record.run.said()[row], record.run.probabilities[row], strict=True)
    for back, (answer, chances) in enumerate(answers, start=1):
        lines.append(f"{back} back: {answer} {chances.max():.4f}")
    return "\n".join(lines) + "\n"


PRINT = [
    "for head, (row, share) in enumerate(zip(weights[:, t], shares[:, t]), start=1):",
    '    numbers = " ".join(f"{weight:.4f}" for weight in row)',
    '    print(f"head {head}: {numbers} | share {share.norm():.4f}")',
    'print(f"shares + bias = out: {same}, norm {out[t].norm():.4f}")',
    "for back, chances in enumerate(p, start=1):",
    '    print(f"{back} back: {candidates[chances.argmax()]} {chances.max():.4f}")',
]


def imports(record: HeadsRecord, *names: str) -> list[str]:
    """Where the model comes from, and what else is needed from there."""
    fresh = record.config.mode == "fresh"
    core = sorted([*names, *(["Design", "build_attention_model"] if fresh else [])])
    lines = [f"from seqviz.core.attention_model import {', '.join(core)}"] if core else []
    shelf = "from seqviz.models.attention_shelf import load_attention"
    return lines if fresh else [*lines, shelf]


def model(record: HeadsRecord) -> list[str]:
    """`model`, `tokens` and `x`."""
    config, design = record.config, record.model.design
    sizes = f"size={design.size}, width={design.width}, heads={design.heads}, answers=4"
    fresh = f'Design({sizes}, positions="sinusoidal")'
    made = {
        "trained": f'load_attention("back-{config.trained}h")',
        "fresh": f"build_attention_model({fresh}, gain={config.gain!r}, seed={config.seed})",
    }
    return [
        f"model = {made[config.mode]}",
        f"tokens = {list(record.tokens)!r}",
        "x = model.inputs(tokens).x",
    ]


def mask(record: HeadsRecord) -> str:
    """`allowed` (T, T), True = may attend, from what the reader chose."""
    square = "torch.ones(len(tokens), len(tokens))"
    filler = f"torch.tensor([token != {PAD!r} for token in tokens])"
    told = {
        "none": f"{square}.bool()",
        "causal": f"{square}.tril().bool()",
        "padding": f"{square}.bool() & {filler}",
        "both": f"{square}.tril().bool() & {filler}",
        "all": f"~{square}.bool()",
    }
    return f"allowed = {told[record.config.mask]}"


def _heads(record: HeadsRecord) -> list[str]:
    """weights (h, T, T) from PyTorch's layer, context (h, T, d_v) from them."""
    no_nan = ["    weights = weights.nan_to_num()  # queries without a key"]
    return [
        "    _, weights = layer(x, x, x, attn_mask=~allowed, average_attn_weights=False)",
        *(no_nan if record.empty else []),
        "    v = torch.nn.functional.linear(x, layer.in_proj_weight, layer.in_proj_bias)",
        "    v = v.chunk(3, dim=-1)[2].unflatten(-1, (layer.num_heads, -1)).transpose(0, 1)",
        "    context = weights @ v",
    ]


def _shares(record: HeadsRecord) -> list[str]:
    off, design = record.config.off, record.model.design
    silent = off is not None and off < record.count
    return [
        *([f"    context[{off}] = 0  # this head is silenced"] if silent else []),
        "    blocks = layer.out_proj.weight.chunk(layer.num_heads, dim=1)",
        "    shares = torch.stack([c @ W.T for c, W in zip(context, blocks)])",
        "    out = layer.out_proj(context.transpose(0, 1).flatten(1))",
        "    same = torch.allclose(shares.sum(0) + layer.out_proj.bias, out)",
        f"    candidates = {list(record.run.candidates)!r}",
        f"    vectors = token_vectors(candidates, {design.size}, {design.draw})",
        "    p = (model.answers(out[t]) @ vectors.T).softmax(-1)",
    ]
