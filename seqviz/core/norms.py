"""Norms of very small and very large numbers, and where a number leaves its type.

√Σx² squares first: in float32 it is 0 below 1e-23 and inf above 1e19, in float64 at 1e-162 and
1e154, though the numbers themselves are fine. Here the largest is divided out before.
"""

import torch
from torch import Tensor

FEW = 64


def norm(values: Tensor, dims: int | tuple[int, ...] = -1) -> Tensor:
    """Euclidean (Frobenius) norm over `dims`, right wherever the norm itself has a place."""
    plain = torch.linalg.vector_norm(values, dim=dims)
    if _trusted(plain):
        return plain
    scale = _scale(values, dims)
    return torch.linalg.vector_norm(values / scale, dim=dims) * scale.amax(dims)


def log_norm(values: Tensor, dims: int | tuple[int, ...] = -1) -> Tensor:
    """Its natural logarithm; −inf for zeros."""
    plain = torch.linalg.vector_norm(values, dim=dims)
    if _trusted(plain):
        return plain.log()
    scale = _scale(values, dims)
    return torch.linalg.vector_norm(values / scale, dim=dims).log() + scale.amax(dims).log()


def matrix_norms(matrices: Tensor) -> Tensor:
    """The largest singular value of each of (..., M, N); nan where a number is not finite.

    The root of the largest eigenvalue of AᵀA: as exact as a decomposition of A for the largest,
    and for that one alone, in two thirds of its time. A few at a time, which stay in the cache.
    """
    few = matrices.flatten(0, -3).split(FEW) if matrices.dim() > 2 else (matrices,)
    return torch.cat([_largest(part).reshape(-1) for part in few]).view(matrices.shape[:-2])


def zeros_up_to(norms: Tensor) -> int | None:
    """The last step of a curve (T,) that is exactly 0 with something after it, or None.

    Read backwards, as a gradient runs, it is the first step that nothing reaches.
    """
    positive = (norms > 0).nonzero()
    gone = (norms == 0).nonzero().flatten()
    gone = gone[gone < positive.max()] if len(positive) else gone[:0]
    return int(gone.max()) if len(gone) else None


def first_not_finite(values: Tensor) -> int | None:
    """The first step t of values (T, ...) with an inf or a nan, or None."""
    bad = (~values.isfinite()).flatten(1).any(dim=1) if values.dim() > 1 else ~values.isfinite()
    return int(bad.nonzero()[0]) if bool(bad.any()) else None


def _largest(matrices: Tensor) -> Tensor:
    scale = _scale(matrices, (-2, -1))
    scaled = matrices / scale
    finite = scaled.sum((-2, -1), keepdim=True).isfinite()
    if not bool(finite.all()):
        scaled = torch.where(finite, scaled, torch.zeros_like(scaled))
    largest = torch.linalg.eigvalsh(scaled.mT @ scaled)[..., -1].clamp(min=0).sqrt()
    return (largest * scale[..., 0, 0]).masked_fill(~finite[..., 0, 0], torch.nan)


def _trusted(plain: Tensor) -> bool:
    """Whether squares of this size are well inside the type."""
    small = torch.finfo(plain.dtype).tiny ** 0.5 * 1e4
    return bool(((plain > small) & (plain < 1 / small)).all())


def _scale(values: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """The largest |value| over `dims`, kept as an axis; 1 where there is none to divide by."""
    largest = values.abs().amax(dims, keepdim=True)
    return torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
