"""Every gate and state of a trace as heat maps over time, each in the colour of its role."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from seqviz.core.unroll import Trace
from seqviz.figures.colour import Stops, signed_scale, unit_scale
from seqviz.text import fill

SHOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "rnn": (("h_pre", "hidden"), ("h", "hidden")),
    "lstm": (
        ("f", "forget"),
        ("i", "input"),
        ("g", "candidate"),
        ("o", "output"),
        ("c", "cell"),
        ("h", "hidden"),
    ),
    "gru": (("z", "forget"), ("r", "input"), ("n", "candidate"), ("h", "hidden")),
}
GATES = {"lstm": "fio", "gru": "zr", "rnn": ""}
COLUMNS = 2
ROW_HEIGHT, UNIT_HEIGHT, MOST_UNITS = 70, 12, 24
TITLE, TOP, BOTTOM = 34, 80, 60
LABELS = 8


@dataclass(frozen=True)
class Panel:
    """One heat map: values (unit, time) float32, its limits, its colours, its title.

    A gate goes from 0 to 1; everything else is symmetric about 0, and a candidate reaches at
    least from −1 to 1. `broken` is the first step, from 1, with a value that is no finite number.
    """

    name: str
    title: str
    values: NDArray[np.float32]
    low: float
    high: float
    colours: Stops
    broken: int | None


def trace_figure(trace: Trace, words: Mapping[str, str], title: str = "") -> go.Figure:
    """The heat maps of one layer in one direction, steps and units counted from 1."""
    shown = panels(trace, words)
    rows = -(-len(shown) // COLUMNS)
    units = trace.h.shape[1]
    inside = rows * (ROW_HEIGHT + UNIT_HEIGHT * min(units, MOST_UNITS))
    figure = make_subplots(
        rows,
        COLUMNS,
        shared_xaxes=True,
        subplot_titles=[panel.title for panel in shown],
        horizontal_spacing=0.16,
        vertical_spacing=TITLE / inside,
        x_title=words["axis.step"],
        y_title=words["axis.unit"],
    )
    for place, panel in enumerate(shown):
        row, column = divmod(place, COLUMNS)
        figure.add_trace(_heat_map(panel, words), row=row + 1, col=column + 1)
        _stand_beside(figure, place)
    figure.update_xaxes(
        showgrid=False,
        zeroline=False,
        tickformat="d",
        dtick=1 if len(trace) <= LABELS else None,
    )
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        zeroline=False,
        tickformat="d",
        tick0=1,
        dtick=-(-units // LABELS),
    )
    figure.update_layout(
        template="plotly_white",
        title=title or None,
        height=TOP + inside + BOTTOM,
        margin={"t": TOP, "b": BOTTOM},
    )
    return figure


def panels(trace: Trace, words: Mapping[str, str]) -> list[Panel]:
    """What is drawn, in the order it is computed."""
    return [_panel(trace, name, role, words) for name, role in SHOWN[trace.kind]]


def _panel(trace: Trace, name: str, role: str, words: Mapping[str, str]) -> Panel:
    values = np.asarray(getattr(trace, name), dtype=np.float32).T
    finite = np.isfinite(values)
    gate = name in GATES[trace.kind]
    largest = float(np.abs(values[finite]).max(initial=0.0))
    if role == "candidate":
        largest = max(1.0, largest)
    high = 1.0 if gate else largest or 1.0
    called = words.get(f"tensor.{name}") or words[f"role.{role}"]
    broken = None if finite.all() else int(np.argmin(finite.all(axis=0))) + 1
    title = f"{name}  {called}"
    if broken is not None:
        title += f" ({fill(words['figure.broken'], {'t': broken})})"
    return Panel(
        name=name,
        title=title,
        values=values,
        low=0.0 if gate else -high,
        high=high,
        colours=unit_scale(role) if gate else signed_scale(role),
        broken=broken,
    )


def _heat_map(panel: Panel, words: Mapping[str, str]) -> go.Heatmap:
    step, unit = words["axis.step"], words["axis.unit"]
    ticks = np.array(sorted({panel.low, 0.0, panel.high}), dtype=np.float32)
    return go.Heatmap(
        name=panel.name,
        z=panel.values,
        x0=1,
        dx=1,
        y0=1,
        dy=1,
        zmin=panel.low,
        zmax=panel.high,
        colorscale=panel.colours,
        colorbar={"thickness": 8, "outlinewidth": 0, "tickvals": ticks, "tickformat": ".3~g"},
        hovertemplate=f"{step} %{{x}}<br>{unit} %{{y}}<br>{panel.name} = %{{z:.4f}}<extra></extra>",
    )


def _stand_beside(figure: Any, place: int) -> None:
    """Puts the colour bar of a heat map at the right of its own axes."""
    number = "" if place == 0 else str(place + 1)
    across = figure.layout[f"xaxis{number}"].domain
    along = figure.layout[f"yaxis{number}"].domain
    figure.data[place].colorbar.update(
        x=across[1] + 0.005, xanchor="left", y=(along[0] + along[1]) / 2, len=along[1] - along[0]
    )
