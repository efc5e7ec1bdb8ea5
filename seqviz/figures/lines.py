"""Norms over the steps on a logarithmic scale: named curves, the named bands, the line of 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from seqviz.core.bands import EXPLODING, SHRINKING, ZERO
from seqviz.figures.colour import rgba
from seqviz.figures.gradient import TINT
from seqviz.hues import HUES, RGB, SLATE
from seqviz.models.backprop_views import Curves

FLOAT32_END = -45
DEEPEST, HIGHEST = -50, 40
LEAST, MOST = -8, 3
HEIGHT = 380
TICKS = 9
DENSE = 60
STYLES: dict[str, tuple[RGB, str, str, float]] = {
    "total": (HUES["gradient"], "solid", "circle", 2.5),
    "direct": (HUES["input"], "none", "x-thin-open", 2),
    "last_only": (HUES["forget"], "dash", "diamond-open", 2),
    "cell": (HUES["cell"], "dot", "square-open", 2),
    "true": (HUES["hidden"], "solid", "circle", 2.5),
    "factors": (HUES["output"], "dash", "diamond-open", 2),
    "weight": (HUES["forget"], "dot", "square-open", 2),
    "radius": (HUES["input"], "dashdot", "cross-open", 2),
    "kept": (HUES["forget"], "dash", "square-open", 2),
    "default": (HUES["gradient"], "solid", "circle", 2),
    "identity": (HUES["hidden"], "dash", "diamond-open", 2.5),
    "orthogonal": (HUES["input"], "dashdot", "cross-open", 2),
    "root_2": (HUES["forget"], "dot", "square-open", 2),
    "factor": (HUES["output"], "none", "diamond-open", 2),
    "product": (HUES["hidden"], "dash", "square-open", 2),
    "reached": (HUES["gradient"], "solid", "circle", 2.5),
    "before": (SLATE, "dot", "square-open", 2),
    "now": (HUES["gradient"], "solid", "circle", 3),
}


@dataclass(frozen=True)
class Drawn:
    """One curve as it is drawn: float32 exponents between floor and ceiling, NaN at the ceiling."""

    name: str
    y: NDArray[np.float32]
    log: NDArray[np.float64]


def lines_figure(view: Curves, words: Mapping[str, str], axis: str, first: int = 1) -> go.Figure:
    """The curves relative to `view.reference`; `axis` is the key of the words at the left.

    The steps are numbered from `first`. An exact zero is drawn on the floor; hover gives the norm
    itself.
    """
    low, high = limits(view)
    figure = go.Figure([_trace(curve, words, first) for curve in drawn(view, low, high)])
    _bands(figure, low, high, words)
    figure.add_hline(0, line={"color": rgba(SLATE, 0.9), "width": 1})
    if low < FLOAT32_END - view.reference:
        figure.add_hline(
            FLOAT32_END - view.reference,
            line={"color": rgba(SLATE, 0.7), "width": 1, "dash": "dot"},
            annotation={"text": words["figure.float32"], "font": {"size": 11}},
            annotation_position="bottom left",
        )
    steps = len(view.curves[0].log)
    figure.update_xaxes(
        title=words["axis.step"], range=(first - 0.5, first + steps - 0.5), showgrid=False,
        zeroline=False, tickformat="d", dtick=1 if steps <= 12 else None,
    )  # fmt: skip
    exponents = ticks(low, high)
    figure.update_yaxes(
        title=words[axis], range=(low, high), showgrid=False, zeroline=False,
        tickvals=np.array(list(exponents), dtype=np.float32),
        ticktext=[power_of_ten(exponent) for exponent in exponents],
    )  # fmt: skip
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 64, "r": 16, "t": 16, "b": 90},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        hovermode="closest",
    )
    return figure


def fitting(values: Any) -> NDArray[Any]:
    """The values as float32, or as float64 where one of them is too large for that."""
    known = np.asarray(values, dtype=np.float64)
    with np.errstate(over="ignore"):
        small = known.astype(np.float32)
    return small if (np.isinf(small) == np.isinf(known)).all() else known


def ticks(low: int, high: int) -> range:
    """Whole powers of ten between floor and ceiling, 1 among them."""
    every = -((low - high) // TICKS)
    return range(-(-low // every) * every, high + 1, every)


def power_of_ten(exponent: int) -> str:
    """A power of ten as an axis shows it."""
    if exponent == 0:
        return "1"
    return f"10<sup>{exponent}</sup>".replace("-", "−")


def limits(view: Curves) -> tuple[int, int]:
    """Floor and ceiling in powers of ten: all that is finite, within bounds."""
    known = np.concatenate([np.asarray(c.log, dtype=np.float64) for c in view.curves])
    known = known[np.isfinite(known)] - view.reference
    low = min(LEAST, int(np.floor(known.min(initial=0))))
    high = max(MOST, int(np.ceil(known.max(initial=0))))
    return max(DEEPEST, low), min(HIGHEST, high)


def drawn(view: Curves, low: int, high: int) -> list[Drawn]:
    """Every curve between floor and ceiling."""
    found = []
    for curve in view.curves:
        log = np.asarray(curve.log, dtype=np.float64)
        known = np.nan_to_num(log - view.reference, nan=high, posinf=high, neginf=low)
        found.append(Drawn(curve.name, np.clip(known, low, high).astype(np.float32), log))
    return found


def _trace(curve: Drawn, words: Mapping[str, str], first: int) -> go.Scatter:
    hue, dash, symbol, width = STYLES[curve.name]
    few = len(curve.y) <= DENSE
    mode = "markers" if dash == "none" else "lines+markers" if few else "lines"
    name = words[f"line.{curve.name}"]
    style: dict[str, Any] = {"color": rgba(hue, 1), "width": width}
    return go.Scatter(
        name=name,
        x=np.arange(first, len(curve.y) + first, dtype=np.float32),
        y=curve.y,
        customdata=curve.log.astype(np.float32),
        mode=mode,
        cliponaxis=False,
        line=style if dash == "none" else {**style, "dash": dash},
        marker={"symbol": symbol, "size": 6 if few else 4, "line": {"width": 1.5}},
        hovertemplate=f"{words['axis.step']} %{{x}}<br>{name}: 10<sup>%{{customdata:.2f}}</sup>"
        "<extra></extra>",
    )


def _bands(figure: Any, low: int, high: int, words: Mapping[str, str]) -> None:
    """The four named bands behind the curves, each named inside where it is tall enough."""
    for name, top, bottom in (
        ("exploding", high, EXPLODING),
        ("alive", EXPLODING, SHRINKING),
        ("shrinking", SHRINKING, ZERO),
        ("zero", ZERO, low),
    ):
        label = words[f"gradient.{name}"] if (top - bottom) / (high - low) > 0.055 else ""
        figure.add_hrect(
            bottom, top, name=name, line_width=0, layer="below",
            fillcolor=rgba(HUES["gradient"], TINT[name]),
            annotation={
                "text": label, "font": {"size": 11}, "x": 0.995, "xanchor": "right",
                "y": bottom, "yanchor": "bottom", "opacity": 0.75,
            },
        )  # fmt: skip
