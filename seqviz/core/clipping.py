"""Gradient clipping as PyTorch does it: one norm over all parameters, or each number by itself.

Pascanu, Mikolov & Bengio 2013, Alg. 1; `torch.nn.utils.clip_grad_norm_` and `clip_grad_value_`.
What is clipped is the gradient of the parameters, once an update, never ∂L/∂h_t on its way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

EPSILON = 1e-6


@dataclass(frozen=True)
class Clipped:
    """Gradients after clipping, in the shapes they came in; the originals are left alone.

    norm, clipped_norm  over all of them jointly, before and after
    cosine              between before and after: 1 keeps the direction (nan if one of them is 0)
    coefficient         what every number was multiplied by; None for clipping by value
    """

    gradients: tuple[Tensor, ...]
    norm: float
    clipped_norm: float
    cosine: float
    coefficient: float | None


def clip_by_norm(gradients: Sequence[Tensor], limit: float) -> Clipped:
    """g ← g · min(1, limit / (‖g‖ + 1e-6)), ‖g‖ over all gradients together."""
    _check("clip_by_norm", gradients, limit)
    coefficient = (limit / (_joint_norm(gradients) + EPSILON)).clamp(max=1.0)
    after = tuple(gradient * coefficient for gradient in gradients)
    return _compared(gradients, after, float(coefficient))


def clip_by_value(gradients: Sequence[Tensor], limit: float) -> Clipped:
    """Every number of g into [−limit, limit]: the direction changes unless none or all are cut."""
    _check("clip_by_value", gradients, limit)
    return _compared(gradients, tuple(g.clamp(-limit, limit) for g in gradients), None)


def _check(where: str, gradients: Sequence[Tensor], limit: float) -> None:
    if not gradients:
        raise ValueError(f"{where}: expected at least one gradient, got none")
    if not limit > 0:
        raise ValueError(f"{where}: expected a limit above 0, got {limit}")


def _joint_norm(gradients: Sequence[Tensor]) -> Tensor:
    return torch.linalg.vector_norm(
        torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
    )


def _compared(
    before: Sequence[Tensor], after: tuple[Tensor, ...], coefficient: float | None
) -> Clipped:
    norms = float(_joint_norm(before)), float(_joint_norm(after))
    product = float(sum((a * b).sum() for a, b in zip(before, after, strict=True)))
    cosine = product / (norms[0] * norms[1]) if norms[0] and norms[1] else float("nan")
    return Clipped(after, *norms, cosine, coefficient)
