"""What helps, as charts: truncation, a lag trained twice, clipping, the cliff, live units."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from seqviz.figures.colour import rgba
from seqviz.figures.lines import STYLES, fitting
from seqviz.hues import HUES, SLATE
from seqviz.models.backprop_remedies import Cliff, Clipping, Lag, Relu, Windows

HEIGHT = 340
CLIFF_HEIGHT = 460
LEGEND = {"orientation": "h", "y": -0.24, "yanchor": "top", "x": 0}
MARGIN = {"l": 64, "r": 16, "t": 16, "b": 90}


def windows_figure(view: Windows, words: Mapping[str, str]) -> go.Figure:
    """Cosine and relative norm of the truncated gradient by block length, the one asked marked."""
    figure = go.Figure()
    for name, values, style in (
        ("cosine", view.cosine, "true"),
        ("ratio", view.ratio, "weight"),
    ):
        hue, dash, symbol, width = STYLES[style]
        figure.add_scatter(
            name=words[f"window.{name}"],
            x=np.asarray(view.blocks, dtype=np.float32),
            y=np.asarray(values, dtype=np.float32),
            mode="lines+markers",
            line={"color": rgba(hue, 1), "dash": dash, "width": width},
            marker={"symbol": symbol, "size": 7},
            hovertemplate="K = %{x}: %{y:.4~g}<extra></extra>",
        )
    figure.add_hline(1, line={"color": rgba(SLATE, 0.9), "width": 1})
    figure.add_vline(view.window, line={"color": rgba(SLATE, 0.9), "width": 1, "dash": "dot"})
    figure.update_xaxes(
        title=words["window.axis"], type="log", showgrid=False, tickvals=ticks(view)
    )
    figure.update_yaxes(title=words["window.value"], zeroline=True, showgrid=False)
    return _laid(figure)


def ticks(view: Windows) -> NDArray[np.float32]:
    """1, 2, 5, 10, … up to the longest block."""
    known = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], dtype=np.float32)
    return known[known <= int(view.blocks.max())]


def lag_figure(view: Lag, words: Mapping[str, str]) -> go.Figure:
    """The loss of both trainings, and what guessing costs."""
    figure = go.Figure()
    for block, losses, style in (
        (view.short, view.losses_short, "weight"),
        (view.long, view.losses_long, "true"),
    ):
        hue, dash, _, width = STYLES[style]
        figure.add_scatter(
            name=words["lag.line"].replace("{K}", str(block)),
            x=np.arange(len(losses), dtype=np.float32),
            y=np.asarray(losses, dtype=np.float32),
            mode="lines",
            line={"color": rgba(hue, 1), "dash": dash, "width": width},
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
        )
    figure.add_hline(
        float(np.log(2)), line={"color": rgba(SLATE, 0.9), "width": 1, "dash": "dot"},
        annotation={"text": words["lag.guess"], "font": {"size": 11}},
        annotation_position="top right",
    )  # fmt: skip
    figure.update_xaxes(title=words["lag.axis"], showgrid=False, zeroline=False)
    figure.update_yaxes(title=words["lag.loss"], rangemode="tozero", showgrid=False)
    return _laid(figure)


def clipping_figure(view: Clipping, words: Mapping[str, str]) -> go.Figure:
    """The direction before and after: the largest numbers, each as a share of its own norm.

    Clipped by norm the bars stand exactly where they stood; clipped by value they do not.
    """
    place = np.arange(1, len(view.before) + 1, dtype=np.float32)
    figure = go.Figure()
    for name, values, size, role, shape in (
        ("before", view.before, view.norm, "gradient", ""),
        ("by_norm", view.by_norm, view.norm_after, "hidden", ""),
        ("by_value", view.by_value, view.value_after, "forget", "/"),
    ):
        figure.add_bar(
            name=words[f"clip.{name}"],
            x=place,
            y=shares(values, size),
            customdata=fitting(values),
            marker={"color": rgba(HUES[role], 1), "pattern": {"shape": shape}},
            hovertemplate="%{y:.3~g} (%{customdata:.4~g})<extra></extra>",
        )
    figure.update_xaxes(title=words["clip.axis"], showgrid=False, zeroline=False)
    figure.update_yaxes(title=words["clip.value"], showgrid=False)
    figure.update_layout(barmode="group", bargap=0.2)
    return _laid(figure)


def shares(values: Any, size: float) -> NDArray[np.float32]:
    """Each number over the norm of all of them; zeros where there is no norm to divide by."""
    known = np.asarray(values, dtype=np.float64)
    if not 0 < size < np.inf:
        return np.zeros(len(known), dtype=np.float32)
    return (known / size).astype(np.float32)


def cliff_figure(view: Cliff, words: Mapping[str, str]) -> go.Figure:
    """The surface from above with its wall, the path that jumps and the one that is clipped."""
    figure = go.Figure(
        go.Heatmap(
            z=np.asarray(view.error, dtype=np.float32),
            x=np.asarray(view.w, dtype=np.float32),
            y=np.asarray(view.b, dtype=np.float32),
            colorscale=[[0.0, rgba(HUES["hidden"], 0.03)], [1.0, rgba(HUES["hidden"], 0.8)]],
            colorbar={"thickness": 10, "outlinewidth": 0, "title": "E", "tickformat": ".2~g"},
            hovertemplate="w %{x:.2f}, b %{y:.2f}<br>E = %{z:.3f}<extra></extra>",
        )
    )
    figure.add_scatter(
        name=words["cliff.wall"], x=np.asarray(view.w, dtype=np.float32),
        y=np.asarray(view.wall, dtype=np.float32), mode="lines", hoverinfo="skip",
        line={"color": rgba(SLATE, 1), "width": 1, "dash": "dot"},
    )  # fmt: skip
    for name, path, style in (
        ("plain", view.plain, "weight"),
        ("clipped", view.clipped, "factors"),
    ):
        hue, _, symbol, _ = STYLES[style]
        figure.add_scatter(
            name=words[f"cliff.{name}"],
            x=np.asarray(path.w, dtype=np.float32),
            y=np.asarray(path.b, dtype=np.float32),
            customdata=np.asarray(path.norm, dtype=np.float32),
            mode="lines+markers",
            line={"color": rgba(hue, 1), "width": 2},
            marker={"symbol": symbol, "size": 7, "line": {"width": 1.5}},
            hovertemplate="w %{x:.3f}, b %{y:.3f}<br>‖∇E‖ = %{customdata:.3~g}<extra></extra>",
        )
    figure.update_xaxes(title="w", range=_ends(view.w), showgrid=False, zeroline=False)
    figure.update_yaxes(title="b", range=_ends(view.b), showgrid=False, zeroline=False)
    _laid(figure)
    return figure.update_layout(height=CLIFF_HEIGHT)


def descent_figure(view: Cliff, words: Mapping[str, str]) -> go.Figure:
    """The loss of both descents by update."""
    figure = go.Figure()
    for name, path, style in (
        ("plain", view.plain, "weight"),
        ("clipped", view.clipped, "factors"),
    ):
        hue, _, symbol, _ = STYLES[style]
        figure.add_scatter(
            name=words[f"cliff.{name}"],
            x=np.arange(len(path.error), dtype=np.float32),
            y=np.asarray(path.error, dtype=np.float32),
            customdata=np.asarray(path.norm, dtype=np.float32),
            mode="lines+markers",
            line={"color": rgba(hue, 1), "width": 2},
            marker={"symbol": symbol, "size": 6, "line": {"width": 1.5}},
            hovertemplate="%{x}: E = %{y:.3~g}<br>‖∇E‖ = %{customdata:.3~g}<extra></extra>",
        )
    figure.update_xaxes(title=words["lag.axis"], showgrid=False, zeroline=False)
    figure.update_yaxes(title=words["cliff.loss"], rangemode="tozero", showgrid=False)
    return _laid(figure)


def cut_figure(view: Cliff, words: Mapping[str, str]) -> go.Figure:
    """|∂E/∂b| across the wall: sampled ever finer towards it, and on a grid that misses it."""
    order = np.argsort(np.asarray(view.cut_b))
    figure = go.Figure()
    hue, _, _, width = STYLES["true"]
    figure.add_scatter(
        name=words["cliff.adaptive"],
        x=np.asarray(view.cut_b, dtype=np.float32)[order],
        y=np.asarray(view.cut_slope.clamp_min(1e-12), dtype=np.float32)[order],
        mode="lines+markers",
        line={"color": rgba(hue, 1), "width": width},
        marker={"size": 4},
        hovertemplate="b − b* = %{x:.2e}<br>%{y:.3~g}<extra></extra>",
    )
    hue, _, _, _ = STYLES["weight"]
    figure.add_scatter(
        name=words["cliff.grid"],
        x=np.asarray(view.grid_b, dtype=np.float32),
        y=np.asarray(view.grid_slope, dtype=np.float32),
        mode="markers",
        marker={"color": rgba(hue, 1), "symbol": "square-open", "size": 7},
        hovertemplate="b − b* = %{x:.2f}<br>%{y:.3~g}<extra></extra>",
    )
    figure.update_xaxes(title=words["cliff.distance"], range=(-0.3, 0.3), zeroline=False)
    figure.update_yaxes(
        title="|∂E/∂b|", type="log", exponentformat="power", dtick=1, showgrid=False,
        range=(-4, np.log10(view.steepest) + 0.4),
    )  # fmt: skip
    return _laid(figure)


def live_figure(view: Relu, words: Mapping[str, str]) -> go.Figure:
    """The share of units that pass a gradient, at every step."""
    figure = go.Figure()
    for curve in view.live.curves:
        hue, dash, _, width = STYLES[curve.name]
        figure.add_scatter(
            name=words[f"line.{curve.name}"],
            x=np.arange(1, len(curve.log) + 1, dtype=np.float32),
            y=np.asarray(curve.log, dtype=np.float32),
            mode="lines",
            line={"color": rgba(hue, 1), "dash": dash, "width": width},
            hovertemplate=f"{words['axis.step']} %{{x}}: %{{y:.0%}}<extra></extra>",
        )
    figure.update_xaxes(title=words["axis.step"], showgrid=False, zeroline=False, tickformat="d")
    figure.update_yaxes(
        title=words["axis.live"], range=(-0.03, 1.03), tickformat=".0%", showgrid=False
    )
    return _laid(figure)


def _laid(figure: go.Figure) -> Any:
    return figure.update_layout(height=HEIGHT, margin=MARGIN, legend=LEGEND, hovermode="closest")


def _ends(values: Any) -> tuple[float, float]:
    return float(values[0]), float(values[-1])
