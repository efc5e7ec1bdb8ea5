"""Charts of positions: the encoding, its dot products, scores at one distance, accuracy."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from seqviz.figures.colour import rgba, signed_scale
from seqviz.hues import HUES, RGB, SLATE
from seqviz.text import fill

Numbers = NDArray[np.float64]
STYLES: dict[str, tuple[RGB, str, str]] = {
    "none": (HUES["gradient"], "dot", "x-thin-open"),
    "sinusoidal": (HUES["output"], "solid", "circle"),
    "learned": (HUES["forget"], "dash", "diamond-open"),
    "rotary": (HUES["hidden"], "dashdot", "square-open"),
}
HEIGHT, ROW, LEAST_HEIGHT, MOST_HEIGHT = 360, 14, 220, 460
DENSE = 60
MARGIN = {"l": 64, "r": 16, "t": 16, "b": 84}
LEGEND = {"orientation": "h", "y": -0.24, "yanchor": "top", "x": 0}


def encoding_figure(table: Numbers, words: Mapping[str, str], ends: tuple[str, str]) -> go.Figure:
    """The encoding (length, d): a row for each position, a column for each dimension.

    `ends` name the first and the last dimension: which of them is fast and which is slow.
    """
    length, d = table.shape
    place, dimension = words["places.position"], words["places.dimension"]
    figure = go.Figure(
        go.Heatmap(
            z=table.astype(np.float32), x0=0, dx=1, y0=0, dy=1, zmin=-1, zmax=1,
            colorscale=signed_scale("input"),
            colorbar={"thickness": 8, "outlinewidth": 0, "tickvals": f4([-1, 0, 1])},
            hovertemplate=f"{place} %{{y}}<br>{dimension} %{{x}}<br>PE = %{{z:.4f}}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(
        title=dimension, showgrid=False, zeroline=False, tickformat="d", dtick=_tick(d)
    )
    figure.update_yaxes(
        title=place, autorange="reversed", showgrid=False, zeroline=False, tickformat="d",
        dtick=_tick(length),
    )  # fmt: skip
    for x, anchor, text in ((0, "left", ends[0]), (1, "right", ends[1])):
        figure.add_annotation(
            x=x, y=1.0, xref="paper", yref="paper", xanchor=anchor, yanchor="bottom",
            text=text, showarrow=False,
        )  # fmt: skip
    inside = min(MOST_HEIGHT, max(LEAST_HEIGHT, ROW * length))
    figure.update_layout(height=inside + 100, margin={"l": 64, "r": 16, "t": 36, "b": 64})
    return figure


def dot_figure(dots: Numbers, rise: int | None, words: Mapping[str, str]) -> go.Figure:
    """PE(p)·PE(p+k) over the distance k = 0, 1, …; a mark where it first rises again."""
    distance = np.arange(len(dots))
    figure = go.Figure(_curve("sinusoidal", words["places.dot"], distance, dots, words["places.k"]))
    if rise is not None:
        figure.add_trace(
            go.Scatter(
                name=fill(words["places.rise"], {"k": rise}), x=f4([rise]), y=f4([dots[rise]]),
                mode="markers",
                marker={"size": 13, "symbol": "triangle-up", "color": rgba(HUES["forget"], 1)},
                hovertemplate=f"{words['places.k']} %{{x}}<br>%{{y:.4f}}<extra></extra>",
            )
        )  # fmt: skip
    _axes(figure, words["places.k"], words["places.dot"], len(dots) - 1, 0)
    return figure


def relative_figure(
    scores: Mapping[str, Numbers], offset: int, words: Mapping[str, str]
) -> go.Figure:
    """The score of one pair of words, the same distance apart, wherever the pair stands."""
    figure = go.Figure()
    length = 0
    for kind, values in scores.items():
        length = len(values)
        figure.add_trace(_curve(kind, words[f"control.pos.{kind}"], np.arange(length), values, "p"))
    _axes(figure, fill(words["places.pair"], {"k": offset}), words["places.score"], length - 1, 0)
    return figure


def accuracy_figure(
    lengths: Sequence[int],
    shares: Mapping[str, Sequence[float]],
    trained: int,
    words: Mapping[str, str],
) -> go.Figure:
    """The share of right answers at each length; a line where training ended."""
    figure = go.Figure()
    for kind, values in shares.items():
        figure.add_trace(
            _curve(kind, words[f"control.pos.{kind}"], np.array(lengths), np.array(values),
                   words["places.length"], marks=True)
        )  # fmt: skip
    figure.add_vline(
        trained,
        line={"color": rgba(SLATE, 0.8), "width": 1, "dash": "dot"},
        annotation={"text": words["places.trained"], "font": {"size": 11}},
        annotation_position="right",
    )
    _axes(figure, words["places.length"], words["places.right"], lengths[-1], lengths[0])
    figure.update_yaxes(range=(-0.03, 1.05), tickformat=".0%")
    return figure


def f4(values: Any) -> NDArray[np.float32]:
    """What travels: float32."""
    return np.asarray(values, dtype=np.float32)


def _curve(
    kind: str, name: str, x: Any, y: Any, along: str, *, marks: bool | None = None
) -> go.Scatter:
    hue, dash, symbol = STYLES[kind]
    few = len(x) <= DENSE if marks is None else marks
    return go.Scatter(
        name=name, x=f4(x), y=f4(y), mode="lines+markers" if few else "lines", cliponaxis=False,
        line={"color": rgba(hue, 1), "width": 2.5, "dash": dash},
        marker={"symbol": symbol, "size": 7, "line": {"width": 1.5}},
        hovertemplate=f"{along} %{{x}}<br>{name}: %{{y:.4f}}<extra></extra>",
    )  # fmt: skip


def _axes(figure: Any, across: str, along: str, last: float, first: float) -> None:
    edge = 0.02 * (last - first) or 0.5
    figure.update_xaxes(
        title=across, range=(first - edge, last + edge), showgrid=False, zeroline=False,
        tickformat="d",
    )  # fmt: skip
    figure.update_yaxes(title=along, showgrid=True, gridcolor=rgba(SLATE, 0.18), zeroline=True,
                        zerolinecolor=rgba(SLATE, 0.6), zerolinewidth=1)  # fmt: skip
    figure.update_layout(
        height=HEIGHT, margin=MARGIN, legend=LEGEND, hovermode="closest", showlegend=True
    )


def _tick(count: int) -> int:
    """How far apart the labels of an axis with so many places stand."""
    return next((step for step in (1, 2, 5, 10, 20, 50, 100) if count / step <= 12), 200)
