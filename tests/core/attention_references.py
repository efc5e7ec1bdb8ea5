"""What attention is held against: random modules, and the sums written out a second time.

`by_hand` shares no code with seqviz: a loop over queries and keys, exp and division instead of a
softmax, a list of allowed keys instead of −∞. It is made of primitive operations of autograd.

Where the traps of attention are tested: T20 records; T21, T22, T27, T28, T30 attention; T23 to T26
masks; T29 positions (embeddings times √d_model are a model's affair: a layer takes x as it is);
T31 gradients.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tests.core.references import numbers

T, S, D, HEADS = 4, 6, 12, 3

MODULES: dict[str, dict[str, Any]] = {
    "packed": {},
    "separate": {"kdim": 5, "vdim": 7},
    "separate by kdim": {"kdim": 5},
    "separate by vdim": {"vdim": 7},
    "no bias": {"bias": False},
    "separate without bias": {"bias": False, "kdim": 5, "vdim": 7},
    "bias_kv": {"add_bias_kv": True},
    "add_zero_attn": {"add_zero_attn": True},
    "both": {"add_bias_kv": True, "add_zero_attn": True, "kdim": 5, "vdim": 7},
}


class ByHand(NamedTuple):
    weights: Tensor
    context: Tensor


def random_attention(
    d_model: int = D,
    heads: int = HEADS,
    seed: int = 1,
    dtype: torch.dtype = torch.float64,
    **options: Any,
) -> nn.MultiheadAttention:
    """PyTorch's module with everything random: it starts its biases at 0, which hides mistakes."""
    module = nn.MultiheadAttention(d_model, heads, dtype=dtype, **options).eval()
    for index, parameter in enumerate(module.parameters()):
        parameter.data.copy_(0.6 * numbers(100 * seed + index, *parameter.shape))
    return module


def sequences(module: nn.MultiheadAttention, seed: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    """A query (T, d_model), keys (S, kdim) and values (S, vdim), with T ≠ S."""
    return (
        numbers(seed, T, module.embed_dim),
        numbers(seed + 1, S, module.kdim),
        numbers(seed + 2, S, module.vdim),
    )


def some_allowed(seed: int, *shape: int) -> Tensor:
    """A random mask in which every query may attend to something."""
    allowed = numbers(seed, *shape) > -0.3
    allowed[..., 1] = True
    return allowed


def by_hand(
    q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None, scale: float | None = None
) -> ByHand:
    """The weights (T, S) and the context (T, d_v) of one head."""
    scale = 1 / math.sqrt(q.shape[1]) if scale is None else scale
    rows, contexts = [], []
    for t in range(len(q)):
        keys = [j for j in range(len(k)) if allowed is None or bool(allowed[t, j])]
        sizes = {j: torch.exp(scale * (q[t] * k[j]).sum()) for j in keys}
        zero = 0 * q[t, 0]
        total = sum(sizes.values(), zero)
        row = [sizes[j] / total if j in sizes else zero for j in range(len(k))]
        rows.append(torch.stack(row))
        contexts.append(sum((row[j] * v[j] for j in keys), 0 * v[0]))
    return ByHand(torch.stack(rows), torch.stack(contexts))


def heads_by_hand(
    module: nn.MultiheadAttention, x: Tensor, allowed: Tensor | None = None
) -> tuple[list[ByHand], Tensor]:
    """Each head of packed self-attention from its own slices, and the output."""
    size, d_model = module.head_dim, module.embed_dim
    packed, bias = module.in_proj_weight, module.in_proj_bias
    heads = []
    out = x * 0 + module.out_proj.bias
    for i in range(module.num_heads):
        q, k, v = (
            x @ packed[start : start + size].T + bias[start : start + size]
            for start in (i * size, d_model + i * size, 2 * d_model + i * size)
        )
        head = by_hand(q, k, v, allowed)
        heads.append(head)
        out = out + head.context @ module.out_proj.weight[:, i * size : (i + 1) * size].T
    return heads, out
