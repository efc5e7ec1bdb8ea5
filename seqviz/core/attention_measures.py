"""What a map of weights looks like in numbers: how sharp it is, how far it looks.

Weights are (..., T, S), rows are queries; a measure is one number a row, (..., T). A row of zeros
(nothing allowed) measures 0. Averaging heads before measuring is not averaging the measures:
the entropy of the mean is at least the mean of the entropies (Jensen), often much more.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.masks import check_allowed


@dataclass(frozen=True)
class HeadMeasures:
    """Each (h,): the mean of a measure over the queries that attend to something.

    entropy in nats, normalised from 0 (one key) to 1 (all allowed keys alike), the largest weight.
    For self-attention also how many tokens away the weights lie on average, the share on the token
    itself and on the one before (a first token has none and is left out); else None.
    """

    entropy: Tensor
    normalised: Tensor
    largest: Tensor
    mean_distance: Tensor | None
    on_self: Tensor | None
    on_previous: Tensor | None


def entropy(weights: Tensor) -> Tensor:
    """−Σ w ln w over the keys, in nats; a weight of 0 adds 0."""
    return torch.special.entr(weights).sum(-1) + 0.0  # never −0


def normalised(weights: Tensor, allowed: Tensor | None = None) -> Tensor:
    """The entropy over its largest value, ln of how many keys are allowed; 0 where that is 1."""
    check_allowed(allowed, *_sizes("normalised", weights))
    if allowed is None:
        count = torch.tensor(float(weights.shape[-1]), dtype=weights.dtype)
    else:
        count = allowed.sum(-1).to(weights.dtype)
    most = count.clamp(min=1).log()
    found = entropy(weights)
    return torch.where(most > 0, found / torch.where(most > 0, most, 1), torch.zeros_like(found))


def largest(weights: Tensor) -> Tensor:
    """The largest weight of each row."""
    return weights.amax(-1)


def mean_distance(weights: Tensor) -> Tensor:
    """Σ_j w_tj |t − j| of self-attention: how many tokens away a query looks, on average."""
    places = torch.arange(_square("mean_distance", weights), dtype=weights.dtype)
    return (weights * (places[:, None] - places).abs()).sum(-1)


def on_self(weights: Tensor) -> Tensor:
    """w_tt of self-attention."""
    _square("on_self", weights)
    return weights.diagonal(dim1=-2, dim2=-1)


def on_previous(weights: Tensor) -> Tensor:
    """w_{t,t−1} of self-attention; 0 for the first token, which has none before it."""
    _square("on_previous", weights)
    found = weights.diagonal(-1, dim1=-2, dim2=-1)
    return torch.cat([torch.zeros_like(weights[..., :1, 0]), found], -1)


def measure_heads(weights: Tensor, allowed: Tensor | None = None) -> HeadMeasures:
    """Every measure of each head of weights (h, T, S), `allowed` (T, S) or (h, T, S)."""
    h, T, S = weights.shape
    check_allowed(allowed, T, S, h)
    seen = torch.ones(h, T) if allowed is None else allowed.any(-1).expand(h, T)
    seen = seen.to(weights.dtype)
    later = seen.clone()
    later[:, 0] = 0
    square = T == S
    return HeadMeasures(
        entropy=_mean(entropy(weights), seen),
        normalised=_mean(normalised(weights, allowed), seen),
        largest=_mean(largest(weights), seen),
        mean_distance=_mean(mean_distance(weights), seen) if square else None,
        on_self=_mean(on_self(weights), seen) if square else None,
        on_previous=_mean(on_previous(weights), later) if square else None,
    )


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    return (values * counted).sum(-1) / counted.sum(-1).clamp(min=1)


def _sizes(where: str, weights: Tensor) -> tuple[int, int]:
    if weights.dim() < 2:
        raise ValueError(f"{where}: expected weights (..., T, S), got {tuple(weights.shape)}")
    return weights.shape[-2], weights.shape[-1]


def _square(where: str, weights: Tensor) -> int:
    T, S = _sizes(where, weights)
    if T != S:
        raise ValueError(f"{where}: expected self-attention, as many keys as queries, got {T}×{S}")
    return T
