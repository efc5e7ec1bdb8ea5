"""The views of the page `gradients` about what helps: truncation, clipping, ReLU.

As in `backprop_views`: norms in powers of ten, steps 0-based.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from seqviz.core import cliff
from seqviz.core.chains import last_state_norms
from seqviz.core.clipping import clip_by_norm, clip_by_value
from seqviz.core.gradient_map import (
    preactivation_deltas,
    recurrent_deltas,
    recurrent_total,
)
from seqviz.core.parameters import make_cell
from seqviz.core.spectra import live_fraction, live_throughout
from seqviz.core.truncation import lag_model, train_lag, truncate
from seqviz.core.unroll import Options, unroll
from seqviz.models.backprop_experiment import BackpropRecord
from seqviz.models.backprop_views import LN10, Curve, Curves

LAG, SHORT, LAG_STEPS = 12, 12, 150
LISTED = 24
MOST_BLOCKS = 24
LARGE = 1_000_000
ROOT_2 = math.sqrt(2)


@dataclass(frozen=True)
class Windows:
    """Truncation into blocks of `blocks` steps (n,): direction and size against the full gradient.

    window is the one asked for, with its own cosine and ratio; cut of the terms pairs (t, k) are
    exactly 0. kept_numbers is what a block has to hold in memory, all_numbers what the whole run
    has.
    """

    blocks: Tensor
    cosine: Tensor
    ratio: Tensor
    window: int
    own_cosine: float
    own_ratio: float
    cut: int
    terms: int
    kept_numbers: int
    all_numbers: int

    def columns(self) -> dict[str, Any]:
        names = ("blocks", "cosine", "ratio")
        return {name: getattr(self, name).numpy() for name in names}


@dataclass(frozen=True)
class Lag:
    """Two trainings on one lag, losses in nats by update (n,): blocks too short and long enough."""

    lag: int
    short: int
    long: int
    losses_short: Tensor
    losses_long: Tensor

    def columns(self) -> dict[str, Any]:
        return {f"K_{n}": losses.numpy() for n, losses in self._both()}

    def _both(self) -> tuple[tuple[int, Tensor], ...]:
        return (self.short, self.losses_short), (self.long, self.losses_long)


@dataclass(frozen=True)
class Clipping:
    """The gradient of all parameters before and after clipping at `limit`, largest numbers first.

    before, by_norm, by_value (n,) are the `LISTED` largest; norms and cosines are over all.
    """

    limit: float
    before: Tensor
    by_norm: Tensor
    by_value: Tensor
    norm: float
    norm_after: float
    value_after: float
    value_cosine: float
    count: int

    def columns(self) -> dict[str, Any]:
        names = ("before", "by_norm", "by_value")
        return {name: getattr(self, name).numpy() for name in names}


@dataclass(frozen=True)
class Cliff:
    """Pascanu's error surface on a grid (W, B), the wall, a cut through it, and two descents.

    cut_b, cut_slope are |∂E/∂b| at distances from the wall, sampled ever finer towards it;
    grid_b, grid_slope the same on an even grid. The wall's own steepest slope is `steepest`.
    """

    w: Tensor
    b: Tensor
    error: Tensor
    wall: Tensor
    plain: cliff.Descent
    clipped: cliff.Descent
    cut_b: Tensor
    cut_slope: Tensor
    grid_b: Tensor
    grid_slope: Tensor
    steepest: float
    growth: float

    def columns(self) -> dict[str, Any]:
        return {
            "w": self.w.numpy(),
            "b": self.b.numpy(),
            "error": self.error.numpy(),
            "wall_b": self.wall.numpy(),
            **{
                f"{name}_{part}": getattr(path, part).numpy()
                for name, path in (("plain", self.plain), ("clipped", self.clipped))
                for part in ("w", "b", "error", "norm")
            },
        }

    def descent_columns(self) -> dict[str, Any]:
        return {
            f"{part}_{name}": getattr(path, part).numpy()
            for part in ("error", "norm")
            for name, path in (("plain", self.plain), ("clipped", self.clipped))
        }

    def cut_columns(self) -> dict[str, Any]:
        names = ("cut_b", "cut_slope", "grid_b", "grid_slope")
        return {name: getattr(self, name).numpy() for name in names}


@dataclass(frozen=True)
class Relu:
    """‖∂h_T/∂h_k‖ of ReLU networks that differ in W_hh alone, and their share of live units.

    kept is the share that W_hh = I has live at every step after the first.
    """

    lines: Curves
    live: Curves
    kept: float

    def columns(self) -> dict[str, Any]:
        return {
            **self.lines.columns(),
            **{f"live_{curve.name}": curve.log.numpy() for curve in self.live.curves},
        }


def windows_view(record: BackpropRecord, window: int) -> Windows:
    """Truncated BPTT for block lengths up to T, and for the one asked for."""
    steps = len(record)
    window = min(window, steps)
    spread = torch.logspace(0, math.log10(steps), MOST_BLOCKS).round().int().tolist()
    cost = steps * record.jacobians.shape[-1] ** 2
    blocks = sorted({*(spread if cost < LARGE else spread[::4]), window, steps})
    trace = record.trace
    found = truncate(trace, record.direct.to(trace.h.dtype), blocks)
    place = torch.arange(steps) // window
    inside = int(place.bincount().square().add(place.bincount()).sum()) // 2
    terms = steps * (steps + 1) // 2
    numbers = record.numbers_kept
    own = found[blocks.index(window)]
    return Windows(
        blocks=torch.tensor(blocks),
        cosine=torch.tensor([one.cosine for one in found]),
        ratio=torch.tensor([one.ratio for one in found]),
        window=window,
        own_cosine=own.cosine,
        own_ratio=own.ratio,
        cut=terms - inside,
        terms=terms,
        kept_numbers=numbers * window // steps,
        all_numbers=numbers,
    )


def train_both(seed: int, progress: Callable[[int, int], None] | None = None) -> Lag:
    """An LSTM on a lag of 12, once with blocks one step too short and once spanning it."""
    losses: list[Tensor] = []
    for place, block in enumerate((SHORT, LAG + 1)):
        found = []
        for checkpoint in train_lag(lag_model(seed=seed), LAG, block, LAG_STEPS, seed=1000 * seed):
            found.append(checkpoint.loss)
            if progress is not None:
                progress(place * LAG_STEPS + checkpoint.step, 2 * LAG_STEPS)
        losses.append(torch.tensor(found))
    return Lag(LAG, SHORT, LAG + 1, *losses)


def clipping_view(record: BackpropRecord, limit: float) -> Clipping:
    """Both ways of clipping, on the gradient of all parameters of the cell together."""
    gradients = parameter_gradients(record)
    by_norm, by_value = clip_by_norm(gradients, limit), clip_by_value(gradients, limit)
    before, norm_after, value_after = (
        torch.cat([g.flatten() for g in found]).double()
        for found in (gradients, by_norm.gradients, by_value.gradients)
    )
    most = torch.nan_to_num(before.abs(), nan=0.0).argsort(descending=True, stable=True)[:LISTED]
    return Clipping(
        limit=limit,
        before=before[most],
        by_norm=norm_after[most],
        by_value=value_after[most],
        norm=by_norm.norm,
        norm_after=by_norm.clipped_norm,
        value_after=by_value.clipped_norm,
        value_cosine=by_value.cosine,
        count=len(before),
    )


def parameter_gradients(record: BackpropRecord) -> tuple[Tensor, ...]:
    """∂L/∂θ of W_ih, W_hh, b_ih and b_hh, from the one backward pass of the record."""
    trace, every = record.trace, record.curves.every
    own = preactivation_deltas(trace, every.dh, every.dc)
    other = recurrent_deltas(trace, every.dh, every.dc)
    through = recurrent_total(trace, every.dh, every.dc)
    return own.T @ trace.x, through, own.sum(0), other.sum(0)


@cache
def cliff_view() -> Cliff:
    """The surface of Pascanu's Fig. 6 with one path that jumps and one that is clipped."""
    plain = cliff.descend(updates=60)
    clipped = cliff.descend(updates=60, clip=cliff.JUMP_CLIP)
    w = torch.linspace(4.0, 5.4, 141, dtype=torch.float64)
    b = torch.linspace(-3.2, -1.8, 141, dtype=torch.float64)
    error = cliff.evaluate(w[None, :], b[:, None]).error
    at = float(cliff.wall(torch.tensor(cliff.JUMP_W, dtype=torch.float64)))
    row = torch.tensor([cliff.JUMP_W], dtype=torch.float64)
    cut = cliff.surface(row, at - 0.7, at + 0.7, 401)
    even = cliff.evaluate(row, torch.arange(at - 0.7, at + 0.7, 0.02, dtype=torch.float64) + 0.007)
    return Cliff(
        w=w,
        b=b,
        error=error,
        wall=cliff.wall(w),
        plain=plain,
        clipped=clipped,
        cut_b=cut.b[0] - at,
        cut_slope=cut.db[0].abs(),
        grid_b=even.b - at,
        grid_slope=even.db.abs(),
        steepest=float(cliff.steepest(cliff.JUMP_W).db.abs()),
        growth=cliff.growth(cliff.JUMP_W),
    )


def relu_view(record: BackpropRecord) -> Relu:
    """Four ReLU networks on this input: PyTorch's weights, W = I, orthogonal, √2 · orthogonal."""
    lines, live, kept = [], [], 0.0
    for name, init, gain in (
        ("default", "default", 1.0),
        ("identity", "identity", 1.0),
        ("orthogonal", "orthogonal", 1.0),
        ("root_2", "orthogonal", ROOT_2),
    ):
        trace = _relu_run(record, init, gain)
        found = last_state_norms(trace, "h", spectral=True).spectral
        assert found is not None
        lines.append(Curve(name, found / LN10))
        live.append(Curve(name, live_fraction(trace).double()))
        kept = live_throughout(trace) if name == "identity" else kept
    return Relu(Curves(tuple(lines), 0.0), Curves(tuple(live), 0.0), kept)


def _relu_run(record: BackpropRecord, init: str, gain: float) -> Any:
    """A ReLU network with this W_hh on the input of the record, in float64."""
    xs = record.trace.record.x.double()
    config = record.config
    cell = make_cell("rnn", xs.shape[1], config.hidden, init=init, gain=gain, seed=config.seed)
    return unroll(cell, xs, options=Options(activation="relu"))
