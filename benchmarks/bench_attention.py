"""Attention with every intermediate value of every head, against what PyTorch gives.

`nn.MultiheadAttention` returns the output and the weights; we also keep q, k, v, the scores at
each stage, the contexts and the shares. No budget of its own: it is part of a control's 100 ms.
"""

import torch
from torch import nn

from benchmarks.harness import side_by_side, table
from seqviz.core.attention import attend_heads
from seqviz.core.attention_measures import measure_heads
from seqviz.core.masks import blocked, causal

SIZES = ((8, 1), (64, 1), (64, 8))
D_MODEL = 64


def main() -> None:
    torch.set_num_threads(1)
    rows = [(tokens, heads, *measure(tokens, heads)) for tokens, heads in SIZES]
    table(
        f"Attention with every intermediate, d_model {D_MODEL}, causal, float64",
        ("tokens", "heads", "PyTorch ms", "ours ms", "rotary ms", "measures ms"),
        rows,
    )


def measure(tokens: int, heads: int) -> tuple[float, ...]:
    """Median milliseconds of PyTorch's module, of ours, of ours rotated, and of the measures."""
    generator = torch.Generator().manual_seed(0)
    module = nn.MultiheadAttention(D_MODEL, heads, dtype=torch.float64).eval()
    x = torch.randn(tokens, D_MODEL, generator=generator, dtype=torch.float64)
    allowed = causal(tokens)
    weights = attend_heads(module, x, allowed=allowed).weights.detach()

    def theirs() -> object:
        mask = blocked(allowed)
        return module(x, x, x, attn_mask=mask, average_attn_weights=False)

    times = side_by_side(
        {
            "theirs": theirs,
            "ours": lambda: attend_heads(module, x, allowed=allowed),
            "rotary": lambda: attend_heads(module, x, allowed=allowed, rotary=True),
            "measures": lambda: measure_heads(weights, allowed),
        }
    )
    return tuple(times.values())


if __name__ == "__main__":
    main()
