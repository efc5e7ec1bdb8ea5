"""The charts of the page `gradients`: each from a record, with what it says and its tables."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqviz.figures.chains import map_figure
from seqviz.figures.lines import lines_figure
from seqviz.figures.remedies import (
    cliff_figure,
    clipping_figure,
    cut_figure,
    descent_figure,
    live_figure,
    windows_figure,
)
from seqviz.figures.shares import shares_figure
from seqviz.models import backprop_findings as say
from seqviz.models import backprop_remedies as remedies
from seqviz.models import backprop_remedy_findings as helps
from seqviz.models import backprop_ticks as ticks
from seqviz.models import backprop_views as views
from seqviz.models.backprop_experiment import BackpropRecord
from seqviz.models.findings import Finding
from seqviz.text import Words
from seqviz.ui.controls import Value
from seqviz.ui.settable import ALONE

BACK, ROWS = 5, 12
CLICKS = 64
SETS = {"activation": "act", "forget_bias": "fb"}


@dataclass(frozen=True)
class Box:
    """A box to tick: its name, whether it is, what stands beside it, the controls it sets.

    knobs are controls that act only while it is ticked.
    """

    name: str
    on: bool
    beside: Finding
    sets: Mapping[str, Value]
    knobs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A figure with its name, the numbers behind it and what it says; None where none is drawn.

    boxes are what can be ticked below it, rows a table with these words over its columns; picks
    are the controls that a click on a point sets, from its y and its x.
    """

    name: str
    figure: Any
    columns: Mapping[str, Any]
    findings: list[Finding]
    boxes: tuple[Box, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    picks: tuple[str, str] | None = None


Values = Mapping[str, Any]
Pictures = tuple[Picture, ...]


def chart_of(
    record: BackpropRecord, values: Mapping[str, Any], words: Words
) -> tuple[Picture, ...]:
    """The pictures of the chart that is open; no other is computed."""
    return _CHARTS[values["chart"]](record, values, words)


def chain_of(record: BackpropRecord, values: Mapping[str, Any]) -> tuple[int, int]:
    """Which chain is asked for: the loss at t, traced back to k, both 0-based."""
    t = min(values["late"] or len(record), len(record)) - 1
    return t, min(values["early"] - 1, t) if values["early"] else max(0, t - BACK)


def _one(name: str, view: Any, figure: Any, findings: list[Finding]) -> Pictures:
    return (Picture(name, figure, view.columns(), findings),)


def _norms(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    view = views.norms_view(record)
    axis = "axis.to_largest" if record.config.loss == "all" else "axis.to_last"
    figure = lines_figure(view, words.flat, axis)
    return _one("norms", view, figure, say.norms_findings(record, view))


def _map(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    view = views.map_view(record)
    t, k = chain_of(record, values)
    chain = views.chain_view(record, t, k)
    last_only = record.config.loss == "last"
    near = len(record) <= CLICKS
    figure = map_figure(view.log, words.flat, last_only=last_only, chosen=(t, k), clickable=near)
    told, picks = say.map_findings(record, view), ("late", "early") if near else None
    return (
        Picture("map", figure, view.columns(), told, picks=picks),
        _chain(chain, words),
    )


def _chain(view: views.ChainView, words: Words) -> Picture:
    """The chosen entry of the map as a curve, a sentence and a table."""
    told = say.chain_findings(view)
    if view.t == view.k or view.own == -math.inf:
        return Picture("chain", None, {}, told)
    figure = lines_figure(view.lines, words.flat, "axis.of_own_step", first=view.k + 1)
    rows = [
        (f"J{str(j + 2).translate(say.LOWERED)}", str(j + 1), *numbers)
        for j, *numbers in reversed(list(zip(range(view.k, view.t), *_powers(view), strict=True)))
    ]
    if len(rows) > ROWS:
        rows = [*rows[: ROWS // 2], ("⋯",) * len(rows[0]), *rows[-ROWS // 2 :]]
    head = ("chain.factor", "chain.step", "chain.norm", "chain.product", "chain.reached")
    return Picture("chain", figure, view.columns(), told, head=head, rows=tuple(rows))


def _powers(view: views.ChainView) -> list[list[str]]:
    return [[say.power(log) for log in curve.log.tolist()] for curve in view.lines.curves]


def _bound(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    view = views.bound_view(record)
    figure = lines_figure(view.lines, words.flat, "axis.of_last_state")
    return _one("bound", view, figure, say.bound_findings(record, view))


def _direct(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    view = views.paths_view(record)
    found = say.path_findings(record, view)
    if view is None:
        return (Picture("direct", None, {}, found),)
    return _one("direct", view, lines_figure(view.lines, words.flat, "axis.of_last_cell"), found)


def _items(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    row, column = (values[key] - 1 if values[key] else None for key in ("row", "column"))
    view = views.items_view(record, row, column)
    found = say.items_findings(record, view)
    if not bool(view.items.isfinite().all()):
        return (Picture("items", None, {}, found),)
    return _one("items", view, shares_figure(view, words.flat), found)


def _truncate(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    chains = views.map_view(record)
    view = remedies.windows_view(record, values["window"])
    kept = map_figure(chains.log, words.flat, window=view.window)
    left = windows_figure(view, words.flat)
    first, *others = helps.windows_findings(view)
    return (
        Picture("cut_map", kept, chains.columns(), [first]),
        Picture("windows", left, view.columns(), others),
    )


def _clip(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    view, cliff = remedies.clipping_view(record, values["limit"]), remedies.cliff_view()
    path, losses, wall = helps.cliff_findings(cliff)
    clipped = clipping_figure(view, words.flat)
    return (
        Picture("clipping", clipped, view.columns(), helps.clipping_findings(view)),
        Picture("cliff", cliff_figure(cliff, words.flat), cliff.columns(), [path]),
        Picture("descent", descent_figure(cliff, words.flat), cliff.descent_columns(), [losses]),
        Picture("cut", cut_figure(cliff, words.flat), cliff.cut_columns(), [wall]),
    )


def _relu(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    view = remedies.relu_view(record)
    lines = lines_figure(view.lines, words.flat, "axis.of_last_state")
    norms, live = helps.relu_findings(view)
    return (
        Picture("relu", lines, view.columns(), [norms]),
        Picture("live", live_figure(view, words.flat), view.columns(), [live]),
    )


def _remedies(record: BackpropRecord, values: Values, words: Words) -> Pictures:
    view = ticks.ticks_view(record, values["clip"], values["limit"])
    figure = lines_figure(view.lines, words.flat, "axis.to_last")
    boxes = [
        Box(tick.name, tick.on, helps.tick_values(view, tick), controls_of(tick.changes))
        for tick in view.ticks
    ]
    clip = {"clip": not view.clipped}
    boxes.append(Box("clip", view.clipped, helps.clip_values(view), clip, ("limit",)))
    told = helps.ticks_findings(view, record)
    return (Picture("remedies", figure, view.columns(), told, tuple(boxes)),)


def controls_of(changes: Mapping[str, Any]) -> dict[str, Value]:
    """Fields of a configuration as values of the page's controls."""
    found = {SETS.get(field, field): value for field, value in changes.items()}
    if found.get("fb", 0.0) is None:
        found["fb"] = ALONE
    return found


_CHARTS: dict[str, Callable[[BackpropRecord, Values, Words], Pictures]] = {
    "norms": _norms,
    "map": _map,
    "bound": _bound,
    "direct": _direct,
    "items": _items,
    "truncate": _truncate,
    "clip": _clip,
    "relu": _relu,
    "remedies": _remedies,
}
