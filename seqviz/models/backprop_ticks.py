"""What helps: remedies that a reader ticks, alone and together, each with what it would change.

A remedy is a change of the configuration on the page, so what is ticked is read off it and one
click sets it. Norms in powers of ten, as in `backprop_views`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from torch import Tensor

from seqviz.models.backprop_experiment import (
    BackpropConfig,
    BackpropRecord,
    backward_norms,
    other_loss,
)
from seqviz.models.backprop_remedies import Clipping, clipping_view
from seqviz.models.backprop_views import LN10, Curve, Curves


@dataclass(frozen=True)
class Remedy:
    """The fields of a configuration that a remedy sets, and what they are without it."""

    name: str
    on: Mapping[str, Any]
    off: Mapping[str, Any]

    def ticked(self, config: BackpropConfig) -> bool:
        return all(getattr(config, field) == value for field, value in self.on.items())

    def turned(self, config: BackpropConfig) -> BackpropConfig:
        """The configuration with this box the other way."""
        return replace(config, **(self.off if self.ticked(config) else self.on))


REMEDIES = (
    Remedy("orthogonal", {"init": "orthogonal"}, {"init": "default"}),
    Remedy("identity", {"init": "identity"}, {"init": "default"}),
    Remedy("gain", {"gain": 1.5}, {"gain": 1.0}),
    Remedy("relu", {"activation": "relu"}, {"activation": "tanh"}),
    Remedy("gru", {"cell": "gru"}, {"cell": "rnn"}),
    Remedy("lstm", {"cell": "lstm"}, {"cell": "rnn"}),
    Remedy("forget", {"cell": "lstm", "forget_bias": 2.0}, {"forget_bias": None}),
    Remedy("every", {"loss": "all"}, {"loss": "last"}),
)


@dataclass(frozen=True)
class Tick:
    """One box: whether it is ticked, the fields a click sets, and ‖∂L/∂h_1‖ after that click."""

    name: str
    on: bool
    changes: Mapping[str, Any]
    turned: float


@dataclass(frozen=True)
class Ticks:
    """All boxes, and ‖∂L/∂h_t‖ against the step of the last loss, without any of them and now.

    now and before are the log10 at step 1; closest names the box whose click would bring it
    closest to 1, closer than now, or None; more losses do not count, they hide what vanishes.
    clipped says whether the gradient of the parameters is clipped, clipping what that does to it.
    """

    lines: Curves
    ticks: tuple[Tick, ...]
    now: float
    before: float
    closest: str | None
    clipped: bool
    clipping: Clipping

    def columns(self) -> dict[str, Any]:
        return self.lines.columns()


def without(config: BackpropConfig) -> BackpropConfig:
    """The configuration with every ticked remedy taken away; all else stays."""
    off = [remedy.off for remedy in REMEDIES if remedy.ticked(config)]
    return replace(config, **{field: value for one in off for field, value in one.items()})


def ticks_view(record: BackpropRecord, clipped: bool, limit: float) -> Ticks:
    """What is ticked, and what one more click would do."""
    config, plain = record.config, without(record.config)
    now = _against_last(record, record.logs.h)
    before = now if plain == config else _against_last(record, _norms(plain))
    ticks = []
    for remedy in REMEDIES:
        turned = remedy.turned(config)
        changes = {name: getattr(turned, name) for name in {**remedy.on, **remedy.off}}
        norms = other_loss(record, turned.loss).h if remedy.name == "every" else _norms(turned)
        left = _against_last(record, norms)
        ticks.append(Tick(remedy.name, remedy.ticked(config), changes, float(left[0])))
    curves = (Curve("before", before), Curve("now", now))
    return Ticks(
        lines=Curves(curves if plain != config else curves[1:], 0.0),
        ticks=tuple(ticks),
        now=float(now[0]),
        before=float(before[0]),
        closest=_closest(ticks, float(now[0])),
        clipped=clipped,
        clipping=clipping_view(record, limit),
    )


@lru_cache(maxsize=128)
def _norms(config: BackpropConfig) -> Tensor:
    return backward_norms(config).h


def _against_last(record: BackpropRecord, norms: Tensor) -> Tensor:
    return (norms - norms[record.curves.at]) / LN10


def _closest(ticks: list[Tick], now: float) -> str | None:
    counted = [tick for tick in ticks if tick.name != "every"]
    best = min(counted, key=lambda tick: _distance(tick.turned))
    return best.name if _distance(best.turned) < _distance(now) else None


def _distance(log: float) -> float:
    """How many powers of ten from 1; what is no number is farthest."""
    return math.inf if math.isnan(log) else abs(log)
