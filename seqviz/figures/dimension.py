"""Softmax over random scores as d_k grows: entropy and largest weight, scaled and not."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from seqviz.figures.colour import rgba
from seqviz.hues import HUES, SLATE
from seqviz.models.attention_dimension import Dimension

HEIGHT = 380
LINES = (
    ("raw_entropy", "forget", "solid", "circle"),
    ("raw_largest", "forget", "dot", "square-open"),
    ("entropy", "output", "solid", "circle"),
    ("largest", "output", "dot", "square-open"),
)


def dimension_figure(view: Dimension, words: Mapping[str, str], d_k: int) -> go.Figure:
    """Entropy over its most and the largest weight, raw and scaled; the d_k on screen is marked."""
    figure = go.Figure()
    for name, role, dash, symbol in LINES:
        figure.add_scatter(
            name=words[f"dimension.{name}"],
            x=np.asarray(view.sizes, dtype=np.float32),
            y=np.asarray(getattr(view, name), dtype=np.float32),
            mode="lines+markers",
            line={"color": rgba(HUES[role], 1), "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 7},
            cliponaxis=False,
            hovertemplate="d_k = %{x}: %{y:.3f}<extra></extra>",
        )
    figure.add_vline(
        d_k,
        line={"color": rgba(SLATE, 0.9), "width": 1, "dash": "dot"},
    )
    figure.add_annotation(
        x=math.log10(d_k), y=1, yref="paper", yanchor="bottom", showarrow=False,
        text=f"d_k = {d_k}", font={"size": 11},
    )  # fmt: skip
    figure.update_xaxes(
        title="d_k", type="log", showgrid=False, zeroline=False,
        tickvals=np.asarray(view.sizes, dtype=np.float32),
    )  # fmt: skip
    figure.update_yaxes(
        title=words["dimension.axis"], range=(0, 1.02), showgrid=False, zeroline=False
    )
    laid: Any = figure.update_layout(
        height=HEIGHT,
        margin={"l": 64, "r": 16, "t": 24, "b": 110},
        legend={"orientation": "h", "y": -0.24, "yanchor": "top", "x": 0},
        hovermode="closest",
    )
    return laid
