"""The numbers behind the charts of the page `gradients`: each view from a record, on demand.

Norms are in powers of ten (log10), so that nothing underflows; −inf is an exact zero, nan what was
no number. Steps are 0-based here.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seqviz.core.chains import (
    factor_norms,
    gradient_norms,
    kept_path,
    last_state_norms,
    pascanu_bound,
)
from seqviz.core.gradient_map import recurrent_gradient
from seqviz.core.loss_map import loss_norms
from seqviz.core.norms import matrix_norms, norm
from seqviz.models.backprop_experiment import BackpropRecord

LN10 = math.log(10)


@dataclass(frozen=True)
class Curve:
    """One named curve: log10 of a norm at every step (T,)."""

    name: str
    log: Tensor


@dataclass(frozen=True)
class Curves:
    """Curves over the steps, on one scale; `reference` is the log10 that is drawn as 1."""

    curves: tuple[Curve, ...]
    reference: float

    def of(self, name: str) -> Tensor:
        """The curve of that name."""
        return next(curve.log for curve in self.curves if curve.name == name)

    def columns(self) -> dict[str, Any]:
        return {f"log10_{curve.name}": curve.log.numpy() for curve in self.curves}


@dataclass(frozen=True)
class ChainMap:
    """log10 ‖∂ℓ_t/∂h_k‖ as (T, T) indexed [t, k], −inf for k > t."""

    log: Tensor

    def columns(self) -> dict[str, Any]:
        return {"log10_norm": self.log.numpy()}


@dataclass(frozen=True)
class ChainView:
    """One entry of the map, factor by factor: ∂ℓ_t/∂h_k = ∂ℓ_t/∂h_t · J_t J_{t−1} … J_{k+1}.

    lines has (n,) for the steps k, …, t−1 that the chain reaches, n = t − k: `factor` is
    σ_max(J_{j+1}), `product` σ_max(J_t … J_{j+1}), `reached` ‖∂ℓ_t/∂h_j‖ against own, the log10
    of ‖∂ℓ_t/∂h_t‖ (−inf where step t has no loss).
    """

    t: int
    k: int
    own: float
    lines: Curves

    def columns(self) -> dict[str, Any]:
        steps = torch.arange(self.k + 1, self.t + 1)
        return {"step_reached": steps.numpy(), **self.lines.columns()}


@dataclass(frozen=True)
class Bounds:
    """What Pascanu's bound promises and what happens, from the last state back to each k.

    sigma and rho are the largest singular value and the spectral radius of W_hh, gamma the
    steepest slope of φ (all None where the cell has gates, for which there is no such bound).
    """

    lines: Curves
    sigma: float | None
    rho: float | None
    gamma: float | None

    def columns(self) -> dict[str, Any]:
        return self.lines.columns()


@dataclass(frozen=True)
class Paths:
    """The path through the forget gates alone and the whole derivative, and what each is a step."""

    lines: Curves
    direct_rate: float
    true_rate: float

    def columns(self) -> dict[str, Any]:
        return self.lines.columns()


@dataclass(frozen=True)
class Items:
    """What one weight of W_hh owes to each step: `items` (T,), whose sum is `total`.

    row, column are its place in W_hh; gate the letter of its block. Of all of W_hh, whole is
    ‖Σ_k G_k‖ and apart Σ_k ‖G_k‖, which is never smaller.
    """

    items: Tensor
    total: float
    row: int
    column: int
    gate: str
    whole: float
    apart: float

    def columns(self) -> dict[str, Any]:
        return {"share_of_step": self.items.numpy()}


def norms_view(record: BackpropRecord) -> Curves:
    """‖∂L/∂h_t‖ in total, its direct part, that of the last loss alone, and of c (LSTM).

    As the run on screen computed them, in its own type. Where it reached exact zeros, `true` is
    ‖∂L/∂h_t‖ in logarithms beside it.
    """
    found = record.curves
    curves = [Curve("total", _log(found.total)), Curve("direct", _log(found.direct))]
    if record.config.loss == "all":
        curves.append(Curve("last_only", _log(found.last_only)))
    if found.every.c_norm is not None:
        curves.append(Curve("cell", _log(found.every.c_norm)))
    if record.zero_at is not None or record.exploded_back is not None:
        curves.append(Curve("true", record.logs.h / LN10))
    return Curves(tuple(curves), reference(record))


def reference(record: BackpropRecord) -> float:
    """log10 of what counts as 1: the last loss's own step, or the largest with a loss at all."""
    logs = record.logs.h / LN10
    if record.config.loss == "all":
        known = logs[logs.isfinite()]
        return float(known.max()) if len(known) else 0.0
    one = float(logs[record.curves.at])
    return one if math.isfinite(one) else 0.0


def map_view(record: BackpropRecord) -> ChainMap:
    """Every loss at every earlier step."""
    return ChainMap(loss_norms(record.trace, record.direct_each) / LN10)


def chain_view(record: BackpropRecord, t: int, k: int) -> ChainView:
    """The chain from the loss at step t back to step k (0-based, k ≤ t)."""
    alone = torch.zeros_like(record.direct_each)
    alone[t] = record.direct_each[t]
    found = factor_norms(record.trace, t, k, record.jacobians)
    reached = gradient_norms(record.trace, alone, record.jacobians).h[k : t + 1] / LN10
    own = float(reached[-1])
    lines = (
        Curve("factor", found.factors.flip(0) / LN10),
        Curve("product", found.products.flip(0) / LN10),
        Curve("reached", reached[:-1] - own if math.isfinite(own) else reached[:-1]),
    )
    return ChainView(t, k, own, Curves(lines, 0.0))


def bound_view(record: BackpropRecord) -> Bounds:
    """(γ σ_max)^(T−k), ρ^(T−k) and ∏ σ_max(J) beside ‖∂s_T/∂s_k‖₂."""
    if record.trace.kind != "rnn":
        true = last_state_norms(record.trace, "state", True, record.jacobians).spectral
        assert true is not None
        each = matrix_norms(record.jacobians).log()
        factors = torch.cat([each[1:].flip(0).cumsum(0).flip(0), each.new_zeros(1)])
        gated = (Curve("true", true / LN10), Curve("factors", factors / LN10))
        return Bounds(Curves(gated, 0.0), None, None, None)
    bound = pascanu_bound(record.trace)
    weight = record.trace.cell.weight_hh.detach().double()
    sigma = float(torch.linalg.matrix_norm(weight, 2))
    rho = float(torch.linalg.eigvals(weight).abs().max())
    after = torch.arange(len(record) - 1, -1, -1, dtype=torch.float64)
    radius = after * (math.log10(rho) if rho > 0 else -math.inf)
    lines = (
        Curve("true", bound.true / LN10),
        Curve("factors", bound.factors / LN10),
        Curve("weight", bound.weight / LN10),
        Curve("radius", torch.where(after > 0, radius, after)),
    )
    gamma = math.exp(bound.per_step) / sigma if sigma > 0 else 0.0
    return Bounds(Curves(lines, 0.0), sigma, rho, gamma)


def paths_view(record: BackpropRecord) -> Paths | None:
    """∏ f beside ∂c_T/∂c_k (LSTM), what z keeps beside ∂h_T/∂h_k (GRU); None for an RNN."""
    if record.trace.kind == "rnn":
        return None
    found = kept_path(record.trace)
    lines = (Curve("true", found.log_true / LN10), Curve("kept", found.log_direct / LN10))
    return Paths(Curves(lines, 0.0), rate(lines[1].log), rate(lines[0].log))


def rate(log: Tensor) -> float:
    """The factor per step between the first and the last entry of a curve in log10."""
    if len(log) < 2:
        return 1.0
    return float(10 ** ((log[0] - log[-1]) / (len(log) - 1)))


def items_view(record: BackpropRecord, row: int | None = None, column: int | None = None) -> Items:
    """The shares of one weight: the one asked for (0-based), or the one with the most to say."""
    every = record.curves.every
    found = recurrent_gradient(record.trace, every.dh, every.dc)
    total = found.total.double()
    most = int(torch.nan_to_num(total.abs(), nan=-1.0).argmax())
    i = most // total.shape[1] if row is None else min(row, total.shape[0] - 1)
    j = most % total.shape[1] if column is None else min(column, total.shape[1] - 1)
    letters = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}[record.trace.kind]
    gate = letters[i // record.trace.h.shape[1]]
    whole, apart = float(norm(total, (0, 1))), float(found.norms.double().sum())
    return Items(found.items[:, i, j].double(), float(total[i, j]), i, j, gate, whole, apart)


def _log(norms: Tensor) -> Tensor:
    return norms.double().log10()
