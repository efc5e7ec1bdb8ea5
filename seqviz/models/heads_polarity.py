"""The program of the two polarities: one mask, right and wrong, in PyTorch's two interfaces."""

import torch

from seqviz.core.attention import attend_heads
from seqviz.core.masks import causal
from seqviz.models.heads_experiment import HeadsRecord
from seqviz.models.heads_program import imports, mask, model

CAUSAL = "allowed = torch.ones(len(tokens), len(tokens)).tril().bool()"
BOTH_WAYS = [
    "layer = model.attention",
    "",
    "def both(mha_mask, sdpa_mask):",
    "    with torch.no_grad():",
    "        q, k, v = F.linear(x, layer.in_proj_weight, layer.in_proj_bias).chunk(3, dim=-1)",
    "        q, k, v = (z.unflatten(-1, (layer.num_heads, -1)).transpose(0, 1) for z in (q, k, v))",
    "        one, _ = layer(x, x, x, attn_mask=mha_mask)",
    "        context = F.scaled_dot_product_attention(q, k, v, attn_mask=sdpa_mask)",
    "        return one, layer.out_proj(context.transpose(0, 1).flatten(1))",
    "",
    "right, sdpa = both(~allowed, allowed)  # MHA: True = blocked. SDPA: True = may attend.",
    "wrong, ours = both(allowed, ~allowed)  # the other way round: nobody complains",
    "empty, full = ~allowed.any(-1), allowed.all(-1)",
    "for name, one, other, none in (",
    '    ("right", right, sdpa, empty),',
    '    ("wrong", wrong, ours, full),',
    "):",
    "    same = torch.allclose(one[~none], other[~none])",
    "    nan = one.isnan().any(-1).sum()",
    '    print(f"{name}: no error, MHA equals SDPA: {same}, rows of nan in MHA: {nan}")',
    "apart = (right - wrong)[~empty & ~full].abs()",
    'print(f"out differs by up to {apart.max() if apart.numel() else 0.0:.4f}")',
]


def polarity_program(record: HeadsRecord) -> str:
    """Runnable Python; without a mask on the page it takes the causal one."""
    allowed = CAUSAL if record.allowed is None else mask(record)
    lines = ["import torch", *imports(record), "from torch.nn import functional as F", ""]
    lines += [*model(record), f"{allowed}  # True = may attend", *BOTH_WAYS]
    return "\n".join(lines) + "\n"


def polarity_output(record: HeadsRecord) -> str:
    """What it prints, from our own attention: the wrong polarity is another mask."""
    allowed = causal(len(record.tokens)) if record.allowed is None else record.allowed
    layer, x = record.model.attention, record.run.inputs.x
    with torch.no_grad():
        right = attend_heads(layer, x, allowed=allowed)
        wrong = attend_heads(layer, x, allowed=~allowed)
    empty, full = ~allowed.any(-1), allowed.all(-1)
    apart = (right.out - wrong.out)[~empty & ~full].abs()
    most = float(apart.max()) if apart.numel() else 0.0
    lines = [
        f"{name}: no error, MHA equals SDPA: True, rows of nan in MHA: {int(rows.sum())}"
        for name, rows in (("right", empty), ("wrong", full))
    ]
    return "\n".join([*lines, f"out differs by up to {most:.4f}"]) + "\n"
