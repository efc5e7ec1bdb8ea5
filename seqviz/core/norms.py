"""Norms of very small and very large numbers, and where a number leaves its type.

√Σx² squares first: in float32 it is 0 below 1e-23 and inf above 1e19, in float64 at 1e-162 and
1e154, though the numbers themselves are fine. Here the largest is divided out before.
"""

import torch
from torch import Tensor


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
    """The largest singular value of each of (..., M, N); nan where a number is not finite."""
    finite = matrices.isfinite().all((-2, -1))
    if bool(finite.all()):
        return torch.linalg.matrix_norm(matrices, 2)
    clean = torch.where(finite[..., None, None], matrices, torch.zeros_like(matrices))
    return torch.linalg.matrix_norm(clean, 2).masked_fill(~finite, torch.nan)


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


def _trusted(plain: Tensor) -> bool:
    """Whether squares of this size are well inside the type."""
    small = torch.finfo(plain.dtype).tiny ** 0.5 * 1e4
    return bool(((plain > small) & (plain < 1 / small)).all())


def _scale(values: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """The largest |value| over `dims`, kept as an axis; 1 where there is none to divide by."""
    largest = values.abs().amax(dims, keepdim=True)
    return torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
