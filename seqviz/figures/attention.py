"""Maps of attention weights: one a head and their mean, rows are queries, columns are keys."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from seqviz.figures.colour import Stops, rgba
from seqviz.hues import SLATE
from seqviz.text import fill

ACROSS = 3
TOKEN_HEIGHT, LEAST_HEIGHT, MOST_HEIGHT = 26, 120, 420
TITLE, TOP, BOTTOM = 64, 76, 78
LABELS = 24
BAR_LENGTH = 190
NAMED_CELLS = 1024
SCALE: Stops = [[0.0, rgba(SLATE, 0)], [1.0, rgba(SLATE, 1)]]
Map = NDArray[np.float32]


def attention_figure(
    weights: Any,
    queries: Sequence[str],
    keys: Sequence[str],
    words: Mapping[str, str],
    *,
    allowed: Any = None,
    title: str = "",
) -> go.Figure:
    """The weights (h, T, S) of every head on one shared scale, what is not allowed hatched.

    With several heads the last map is their mean, which `nn.MultiheadAttention` returns.
    """
    maps = head_maps(weights, allowed)
    names = [fill(words["weights.head"], {"n": head + 1}) for head in range(len(maps))]
    if len(maps) > 1:
        names.append(words["weights.mean"])
        maps.append(mean_map(maps))
    across = min(ACROSS, len(maps))
    rows = -(-len(maps) // across)
    each = min(MOST_HEIGHT, max(LEAST_HEIGHT, TOKEN_HEIGHT * len(queries)))
    inside = rows * each + (rows - 1) * TITLE
    figure = make_subplots(
        rows,
        across,
        subplot_titles=names if len(maps) > 1 else None,
        horizontal_spacing=0.24 / across,
        vertical_spacing=TITLE / inside,
        x_title=words["weights.key"],
        y_title=words["weights.query"],
    )
    for place, shown in enumerate(maps):
        at = {"row": place // across + 1, "col": place % across + 1}
        figure.add_trace(_heat_map(shown, names[place], queries, keys, words), **at)
        for bar in hatching(shown):
            figure.add_trace(bar, **at)
    _axes(figure, queries, keys)
    largest = max((float(np.nanmax(shown, initial=0.0)) for shown in maps), default=0.0)
    figure.update_layout(
        template="plotly_white",
        title=title or None,
        height=TOP + inside + BOTTOM,
        margin={"t": TOP, "b": BOTTOM},
        barmode="overlay",
        bargap=0,
        showlegend=False,
        coloraxis=_colours(largest or 1.0, words),
    )
    return figure


def head_maps(weights: Any, allowed: Any = None) -> list[Map]:
    """Each head's weights (T, S) in float32, NaN where the head may not look."""
    values = np.asarray(weights, dtype=np.float32)
    if allowed is None:
        return list(values)
    free = np.broadcast_to(np.asarray(allowed, dtype=bool), values.shape)
    return list(np.where(free, values, np.float32("nan")))


def mean_map(maps: Sequence[Map]) -> Map:
    """The mean over heads, NaN only where no head may look."""
    stacked = np.stack(maps)
    mean = np.nan_to_num(stacked).mean(axis=0)
    return np.where(np.isnan(stacked).all(axis=0), np.float32("nan"), mean)


def hatching(shown: Map) -> list[go.Bar]:
    """Hatched bars over what is not allowed: for each column, one a run of rows."""
    found = []
    for column, blocked in enumerate(np.isnan(shown).T):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], blocked, [0]])))
        for start, stop in edges.reshape(-1, 2):
            found.append((column + 1, start + 0.5, stop - start))
    if not found:
        return []
    x, base, height = (np.array(part, dtype=np.float32) for part in zip(*found, strict=True))
    return [
        go.Bar(
            x=x,
            base=base,
            y=height,
            width=1,
            hoverinfo="skip",
            marker={
                "color": rgba(SLATE, 0),
                "line": {"width": 0},
                "pattern": {"shape": "/", "fgcolor": rgba(SLATE, 0.7), "size": 6, "solidity": 0.2},
            },
        )
    ]


def _heat_map(
    shown: Map, name: str, queries: Sequence[str], keys: Sequence[str], words: Mapping[str, str]
) -> go.Heatmap:
    named = shown.size <= NAMED_CELLS
    place = f"{words['weights.query']} %{{y}} · {words['weights.key']} %{{x}}"
    return go.Heatmap(
        name=name,
        z=shown,
        x0=1,
        dx=1,
        y0=1,
        dy=1,
        coloraxis="coloraxis",
        hoverongaps=False,
        text=[[f"{query} → {key}" for key in keys] for query in queries] if named else None,
        hovertemplate=("%{text}" if named else place) + "<br>%{z:.4f}<extra>" + name + "</extra>",
    )


def _axes(figure: Any, queries: Sequence[str], keys: Sequence[str]) -> None:
    for update, tokens in ((figure.update_xaxes, keys), (figure.update_yaxes, queries)):
        step = -(-len(tokens) // LABELS)
        update(
            showgrid=False,
            zeroline=False,
            tickvals=list(range(1, len(tokens) + 1, step)),
            ticktext=list(tokens[::step]),
            range=[0.5, len(tokens) + 0.5],
        )
    figure.update_yaxes(range=[len(queries) + 0.5, 0.5])


def _colours(largest: float, words: Mapping[str, str]) -> dict[str, Any]:
    """One scale for all maps, from nothing to the largest weight."""
    bar = {"thickness": 8, "outlinewidth": 0, "title": words["weights.weight"]}
    place = {"lenmode": "pixels", "len": BAR_LENGTH, "y": 1, "yanchor": "top"}
    return {"cmin": 0, "cmax": largest, "colorscale": SCALE, "colorbar": bar | place}
