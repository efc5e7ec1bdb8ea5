r"""Which class can be read off a state by straight cuts? A linear probe, fitted at each step.

The probe is linear discriminant analysis (Fisher 1936): class means μ_k and one covariance Σ that
all classes share; the answer is the k with the largest  xᵀ Σ⁻¹ μ_k − ½ μ_kᵀ Σ⁻¹ μ_k. It has a
closed form and nothing random in it. What it cannot read may still be there, bent.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

SHRINK = 1e-9


@dataclass(frozen=True)
class Probe:
    """accuracy (T,) is the share of right answers on the `tested` sequences it was not fitted on.

    Every class is tested equally often, so `chance` is 1 / classes. A step with a state that is
    not finite has accuracy NaN.
    """

    accuracy: Tensor
    chance: float
    fitted: int
    tested: int


def probe(states: Tensor, labels: Tensor, classes: int) -> Probe:
    """Fit on the first half of the sequences, measure on the second.

    states  (T, N, F)  what is read, at every step of every sequence
    labels  (N,)       0 … classes − 1, each equally often in each half
    """
    half = _half(states, labels, classes)
    with torch.no_grad():
        finite = torch.isfinite(states).all(dim=-1).all(dim=-1)
        clean = _centred(torch.where(finite[:, None, None], states.detach(), 0.0).double(), half)
        weight, bias = _fit(clean[:, :half], labels[:half], classes)
        answers = (clean[:, half:] @ weight + bias).argmax(dim=-1)
        accuracy = (answers == labels[half:]).double().mean(dim=-1)
    accuracy = torch.where(finite, accuracy, torch.nan)
    return Probe(accuracy, 1 / classes, half, len(labels) - half)


def _centred(states: Tensor, half: int) -> Tensor:
    """Around the mean of the first half, in units of its spread, however small that is.

    A spread that is only rounding counts as none.
    """
    fitted = states[:, :half]
    spread = fitted.var(dim=1, correction=0).mean(dim=-1).sqrt()
    rounding = torch.finfo(states.dtype).eps * fitted.abs().amax(dim=(1, 2))
    unit = torch.where(spread > rounding, spread, torch.inf)[:, None, None]
    return (states - fitted.mean(dim=1, keepdim=True)) / unit


def _fit(states: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Weight (T, F, K) and bias (T, 1, K) of the discriminant."""
    member = one_hot(labels, classes).to(states.dtype)
    means = (member.T / member.sum(dim=0)[:, None]) @ states
    within = states - means[:, labels]
    covariance = within.mT @ within / len(labels)
    ridge = SHRINK * torch.eye(states.shape[-1], dtype=states.dtype)
    weight = torch.linalg.solve(covariance + ridge, means.mT)
    return weight, -0.5 * (means.mT * weight).sum(dim=1, keepdim=True)


def _half(states: Tensor, labels: Tensor, classes: int) -> int:
    """The number of sequences to fit on, once the sizes are what they must be."""
    if states.ndim != 3 or states.shape[1] != len(labels):
        raise ValueError(
            f"probe: expected states of shape (time, {len(labels)}, features) for {len(labels)} "
            f"labels, got {tuple(states.shape)}"
        )
    half = len(labels) // 2
    for part in (labels[:half], labels[half:]):
        counts = torch.bincount(part, minlength=classes)
        if len(counts) != classes or len(set(counts.tolist())) != 1 or not counts[0]:
            raise ValueError(
                f"probe: expected each of {classes} classes equally often in each half, "
                f"got {counts.tolist()}"
            )
    return half
