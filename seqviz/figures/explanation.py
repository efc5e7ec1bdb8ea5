"""Which token mattered? Weights beside gradients beside what changes without the token."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from torch import Tensor

from seqviz.figures.colour import rgba
from seqviz.hues import HUES, RGB, SLATE
from seqviz.models.attention_views import Explanation

HEIGHT = 380
BARS: tuple[tuple[str, RGB, str], ...] = (
    ("weights", SLATE, ""),
    ("saliency", HUES["candidate"], "/"),
    ("gradient", HUES["gradient"], "."),
    ("effect", HUES["forget"], "x"),
)


def explanation_figure(
    view: Explanation, labels: Sequence[str], words: Mapping[str, str]
) -> go.Figure:
    """Four bars a key. Saliency and gradient are drawn as shares of their sum, by size.

    A weight is a share already; the change without the key is a total variation from 0 to 1.
    """
    place = np.arange(1, len(view.places) + 1, dtype=np.float32)
    drawn = {
        "weights": np.asarray(view.weights, dtype=np.float32),
        "saliency": shares(view.saliency),
        "gradient": shares(view.gradient),
        "effect": np.asarray(view.effect, dtype=np.float32),
    }
    figure = go.Figure()
    for name, hue, pattern in BARS:
        figure.add_bar(
            name=words[f"explanation.{name}"],
            x=place,
            y=drawn[name],
            customdata=np.asarray(getattr(view, name), dtype=np.float32),
            marker={"color": rgba(hue, 0.9), "pattern": {"shape": pattern}},
            hovertemplate="%{y:.1%} (%{customdata:.3~g})<extra></extra>",
        )
    many = len(labels) > 24
    figure.update_xaxes(
        title=words["explanation.keys"], showgrid=False, zeroline=False,
        tickvals=place[:: 4 if many else 1], ticktext=list(labels)[:: 4 if many else 1],
    )  # fmt: skip
    figure.update_yaxes(
        title=words["explanation.axis"], rangemode="tozero", tickformat=".0%", showgrid=False
    )
    laid: Any = figure.update_layout(
        height=HEIGHT,
        barmode="group",
        bargap=0.25,
        margin={"l": 64, "r": 16, "t": 16, "b": 140},
        legend={"orientation": "h", "y": -0.4, "yanchor": "top", "x": 0},
        hovermode="closest",
    )
    return laid


def shares(values: Tensor) -> NDArray[np.float32]:
    """The size of each over the sum of the sizes; zeros where there is nothing to share."""
    sizes = np.abs(np.asarray(values, dtype=np.float64))
    total = sizes.sum()
    return (sizes / total if total > 0 else sizes).astype(np.float32)
