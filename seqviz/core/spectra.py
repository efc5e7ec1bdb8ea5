r"""What one step does to a small change of the state, and what many steps do on average.

Singular values say how far a step can stretch (the largest: σ_max), eigenvalues what many equal
steps come to (the largest modulus: the spectral radius ρ). ρ < 1 does not forbid growth at first
(a non-normal W), σ_max > 1 does not force it. Lyapunov exponents are the average growth per step
along a run: with Q_0 = I and Q_t R_t = J_t Q_{t−1},

    λ_i = (1/T) Σ_t ln |R_t,ii|,     Σ_i λ_i = (1/T) Σ_t ln |det J_t|

Benettin et al. 1980; for recurrent networks Engelken, Wolf & Abbott 2020, Vogt et al. 2020.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.jacobians import activation_slope
from seqviz.core.parameters import Cell, kind_of
from seqviz.core.unroll import Trace

GATE_BLOCKS = {"rnn": ("h",), "lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}


@dataclass(frozen=True)
class Spectrum:
    """singular_values (S,) falling, eigenvalues (S,) complex by falling modulus."""

    singular_values: Tensor
    eigenvalues: Tensor

    @property
    def largest(self) -> float:
        """σ_max, the spectral norm."""
        return float(self.singular_values[0])

    @property
    def radius(self) -> float:
        """ρ, the largest |eigenvalue|."""
        return float(self.eigenvalues[0].abs())


@dataclass(frozen=True)
class StepSpectra:
    """At each of `steps` (n,): singular_values (n, S) falling, and radius (n,), the largest
    |eigenvalue| of J_t; nan where J_t is not finite."""

    steps: Tensor
    singular_values: Tensor
    radius: Tensor


@dataclass(frozen=True)
class Lyapunov:
    """exponents (k,) falling, per step in natural logarithms; growth (T, k) is ln|R_t,ii|.

    Where a Jacobian is singular (a ReLU unit at rest) exponents are −inf.
    """

    exponents: Tensor
    growth: Tensor


def spectrum(matrix: Tensor) -> Spectrum:
    """Of one square matrix (S, S)."""
    if matrix.dim() != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"spectrum: expected a square matrix, got {tuple(matrix.shape)}")
    matrix = matrix.detach().double()
    if not bool(matrix.isfinite().all()):
        nothing = matrix.new_full((len(matrix),), torch.nan)
        return Spectrum(nothing, nothing.to(torch.complex128))
    eigenvalues = torch.linalg.eigvals(matrix)
    order = eigenvalues.abs().argsort(descending=True, stable=True)
    return Spectrum(torch.linalg.svdvals(matrix), eigenvalues[order])


def weight_spectra(cell: Cell) -> dict[str, Spectrum]:
    """Of W_hh, gate by gate in PyTorch's order: h; i f g o; r z n."""
    names = GATE_BLOCKS[kind_of(cell)]
    blocks = cell.weight_hh.chunk(len(names))
    return {name: spectrum(block) for name, block in zip(names, blocks, strict=True)}


def step_spectra(jacobians: Tensor, most: int = 200) -> StepSpectra:
    """Of the step Jacobians (T, S, S), at `most` evenly spaced steps, the first and last included.

    Singular values cost about 10 S³ a step, eigenvalues four times that.
    """
    if most < 1:
        raise ValueError(f"step_spectra: expected at most 1 step or more, got {most}")
    count = min(most, len(jacobians))
    steps = torch.linspace(0, len(jacobians) - 1, count, dtype=torch.float64).round().long()
    chosen = jacobians[steps].double()
    finite = chosen.isfinite().all(-1).all(-1)
    clean = torch.where(finite[:, None, None], chosen, torch.zeros_like(chosen))
    singular_values = torch.linalg.svdvals(clean).masked_fill(~finite[:, None], torch.nan)
    radius = torch.linalg.eigvals(clean).abs().amax(-1).masked_fill(~finite, torch.nan)
    return StepSpectra(steps, singular_values, radius)


def live_fraction(trace: Trace) -> Tensor:
    """The share of units with φ'(a_t) > 0 at each step (T,): for ReLU those not at rest.

    The step Jacobian of a ReLU cell is W_hh with the rows of all other units struck out.
    """
    if trace.kind != "rnn":
        raise ValueError(f"live_fraction: expected an rnn, got {trace.kind}")
    slope = activation_slope(trace, "h_pre")
    return (slope > 0).to(slope.dtype).mean(dim=-1)


def live_throughout(trace: Trace) -> float:
    """The share of units with φ'(a_t) > 0 at every step after the first.

    With W_hh = I and ReLU ∂h_T/∂h_1 is the diagonal matrix that is 1 for these and 0 for others.
    """
    if trace.kind != "rnn":
        raise ValueError(f"live_throughout: expected an rnn, got {trace.kind}")
    live = activation_slope(trace, "h_pre")[1:] > 0
    return float(live.all(dim=0).double().mean())


def lyapunov(jacobians: Iterable[Tensor], count: int | None = None, skip: int = 0) -> Lyapunov:
    """The `count` largest exponents (None: all) of the Jacobians (S, S) in the order of the run.

    Takes one at a time, so a generator need not hold them all. The first `skip` only turn Q into
    place: they are not averaged. 2 to 4 S³ a step, S² count for fewer.
    """
    q, growth = None, []
    for t, step in enumerate(jacobians):
        step = step.double()
        if q is None:
            size = step.shape[-1]
            q = torch.eye(size, size if count is None else count, dtype=step.dtype)
        q, r = torch.linalg.qr(step @ q)
        if t >= skip:
            growth.append(r.diagonal().abs().log())
    if not growth:
        raise ValueError(f"lyapunov: expected more than skip={skip} Jacobians")
    every = torch.stack(growth)
    mean = every.mean(dim=0)
    order = mean.argsort(descending=True, stable=True)
    return Lyapunov(mean[order], every[:, order])


def log_determinants(jacobians: Tensor) -> Tensor:
    """ln|det J_t| (T,): its mean is the sum of all Lyapunov exponents of these steps."""
    return torch.linalg.slogdet(jacobians.double()).logabsdet


def underflow_step(jacobians: Iterable[Tensor], dtype: torch.dtype) -> int | None:
    """After how many factors the plain product J_n … J_1 in `dtype` is exactly 0, or None.

    The product itself is never 0 (unless a factor is singular): it is smaller than the smallest
    number of the type, about 1e-45 in float32 and 5e-324 in float64.
    """
    product = None
    for n, step in enumerate(jacobians, start=1):
        step = step.to(dtype)
        product = step if product is None else step @ product
        if not bool(product.any()):
            return n
    return None
