"""What one weight owes to each step: shares stacked one on the other until they reach the sum."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from seqviz.figures.colour import rgba, slate_of
from seqviz.figures.lines import fitting
from seqviz.hues import HUES
from seqviz.models.backprop_views import Items

HEIGHT = 360


def shares_figure(view: Items, words: Mapping[str, str]) -> go.Figure:
    """A bar for every step, each standing where the one after it ended, and their sum at the left.

    Backpropagation meets the last step first, so the stack is built from right to left.
    """
    items = np.asarray(view.items, dtype=np.float64)
    base = bases(items)
    steps = np.arange(1, len(items) + 1, dtype=np.float32)
    hue = HUES["gradient"]
    figure = go.Figure()
    for name, kept, colour in (
        ("item.positive", items >= 0, rgba(HUES["hidden"], 0.85)),
        ("item.negative", items < 0, rgba(slate_of(HUES["hidden"]), 0.85)),
    ):
        figure.add_bar(
            name=words[name],
            x=steps[kept],
            y=fitting(items[kept]),
            base=fitting(base[kept]),
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{words['axis.step']} %{{x}}: %{{y:.3~g}}<extra></extra>",
        )
    figure.add_bar(
        name=words["item.sum"],
        x=np.zeros(1, dtype=np.float32),
        y=fitting([items.sum()]),
        marker={"color": rgba(hue, 1), "pattern": {"shape": "/"}},
        hovertemplate=f"{words['item.sum']}: %{{y:.4~g}}<extra></extra>",
    )
    figure.add_hline(view.total, line={"color": rgba(hue, 1), "width": 1, "dash": "dot"})
    figure.update_xaxes(
        title=words["axis.step"], showgrid=False, zeroline=False, range=(-0.7, len(items) + 0.7),
        tickvals=ticks(len(items)), ticktext=["Σ", *map(str, ticks(len(items))[1:])],
    )  # fmt: skip
    figure.update_yaxes(title=words["item.axis"], zeroline=True, exponentformat="power")
    figure.update_layout(
        height=HEIGHT,
        barmode="overlay",
        bargap=0.15 if len(items) <= 60 else 0,
        margin={"l": 72, "r": 16, "t": 16, "b": 80},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return figure


def bases(items: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each bar begins: the sum of the shares of all later steps."""
    later = np.cumsum(items[::-1])[::-1]
    return np.asarray(np.append(later[1:], 0.0))


def ticks(steps: int) -> list[int]:
    """0 for the sum, then about ten steps."""
    every = max(1, steps // 10)
    return [0, *range(1 if every == 1 else every, steps + 1, every)]
