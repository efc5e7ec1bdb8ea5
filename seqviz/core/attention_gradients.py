"""What a result really hangs on: gradients through attention, and what is left without a part.

A weight says how much of a value is read, not how much the result depends on it: the value may
be small, the readout may not look at it, another token may carry the same. Jain & Wallace 2019
("Attention is not explanation"), Wiegreffe & Pinter 2019 (when it may still be one). So weights
are set beside gradients, and beside what changes when the token or the head is taken away.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.attention import MultiHead, WhatIfHeads
from seqviz.core.masks import without_keys
from seqviz.core.norms import norm


@dataclass(frozen=True)
class TokenGradients:
    """∂L/∂x_i of every token, dx (T, d_model), along every path; norm (T,) its length."""

    loss: Tensor
    dx: Tensor
    norm: Tensor


@dataclass(frozen=True)
class WeightGradients:
    """∂L/∂A of every weight, dweights (h, T, S), and saliency = weight × gradient.

    Each weight is taken as a number of its own: that a row sums to 1 is not held. To first order
    the loss without that weight (and the rest of the row as it is) is lower by the saliency.
    """

    loss: Tensor
    dweights: Tensor
    saliency: Tensor


@dataclass(frozen=True)
class Ablation:
    """What changes when each of n parts (tokens or heads) is taken away, one at a time.

    changes (n,) beside what was expected of each part, (n,): its weight, say. `agreement` is
    their rank correlation, from −1 to 1; nan where one of them is all the same.
    """

    parts: tuple[int, ...]
    expected: Tensor
    changes: Tensor
    agreement: float


def token_gradients(x: Tensor, loss: Callable[[Tensor], Tensor]) -> TokenGradients:
    """The gradient of `loss`, a function from the tokens x (T, d_model) to a scalar."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        value = _scalar("token_gradients", loss(leaf))
        (dx,) = torch.autograd.grad(value, leaf, allow_unused=True, materialize_grads=True)
    return TokenGradients(value.detach(), dx, norm(dx))


def weight_gradients(heads: MultiHead, loss: Tensor) -> WeightGradients:
    """The gradient of `loss`, a scalar computed from `heads`, which must have kept their graph."""
    nodes = [head.weights for head in heads.heads]
    if not all(node.requires_grad for node in nodes):
        raise ValueError("weight_gradients: expected heads with their graph, got detached ones")
    value = _scalar("weight_gradients", loss)
    found = torch.autograd.grad(
        value, nodes, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    dweights = torch.stack(found)
    return WeightGradients(value.detach(), dweights, dweights * heads.weights.detach())


def ablate_keys(
    predict: Callable[[Tensor], Tensor],
    expected: Tensor,
    allowed: Tensor | None,
    T: int,
    S: int,
    keys: Iterable[int] | None = None,
) -> Ablation:
    """Block one key at a time for every query, and see how far `predict(allowed)` moves.

    `predict` takes the mask (T, S) and returns probabilities (..., C); a change is the total
    variation between them, from 0 to 1, the largest over (...). `expected` (S,) are the weights.
    """
    parts = tuple(range(S) if keys is None else keys)
    whole = predict(without_keys(allowed, (), T, S))
    changes = [total_variation(whole, predict(without_keys(allowed, [key], T, S))) for key in parts]
    return _ablation(parts, expected, changes)


def ablate_heads(
    predict: Callable[[WhatIfHeads], Tensor], expected: Tensor, heads: Sequence[int] | None = None
) -> Ablation:
    """Silence one head at a time and see how far `predict(what_if)` moves; else as `ablate_keys`.

    `expected` (h,) is what was expected of each head: the norm of its share, say.
    """
    parts = tuple(range(len(expected)) if heads is None else heads)
    whole = predict(WhatIfHeads())
    changes = [total_variation(whole, predict(WhatIfHeads(frozenset([i])))) for i in parts]
    return _ablation(parts, expected, changes)


def total_variation(p: Tensor, q: Tensor) -> Tensor:
    """½ Σ |p − q| of probabilities (..., C), the largest over (...): 0 the same, 1 disjoint."""
    if p.shape != q.shape:
        raise ValueError(
            f"total_variation: expected one shape, got {tuple(p.shape)} and {tuple(q.shape)}"
        )
    return ((p - q).abs().sum(-1) / 2).max()


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's ρ of two vectors: 1 in the same order, −1 reversed; equal values share a rank."""
    if a.shape != b.shape or a.dim() != 1:
        raise ValueError(
            f"rank_correlation: expected two vectors of one length, "
            f"got {tuple(a.shape)} and {tuple(b.shape)}"
        )
    x, y = _ranks(a), _ranks(b)
    x, y = x - x.mean(), y - y.mean()
    size = float(x.norm() * y.norm())
    return max(-1.0, min(1.0, float(x @ y) / size)) if size > 0 else math.nan


def _ablation(parts: tuple[int, ...], expected: Tensor, changes: list[Tensor]) -> Ablation:
    beside, found = expected.detach()[list(parts)], torch.stack(changes).detach()
    return Ablation(parts, beside, found, rank_correlation(beside, found))


def _ranks(values: Tensor) -> Tensor:
    """1 for the smallest; equal values get the mean of their ranks."""
    below = (values[None] < values[:, None]).sum(1)
    same = (values[None] == values[:, None]).sum(1)
    return below.double() + (same.double() + 1) / 2


def _scalar(where: str, value: Tensor) -> Tensor:
    if not isinstance(value, Tensor) or value.dim() != 0 or not value.requires_grad:
        came = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"{where}: expected a scalar loss that depends on its input, got {came}")
    return value
