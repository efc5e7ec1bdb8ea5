"""The (t, k) map: the gradient of every loss at every earlier step, as one heat map."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from torch import Tensor

from seqviz.figures.colour import rgba
from seqviz.hues import HUES, SLATE

LOW, HIGH = -8, 3
MOST_CELLS = 128
HEIGHT = 460
NEAR, WIDEST = 20, 600
BAND_STOPS = ((-8, 0.05), (-6, 0.14), (-3, 0.4), (0, 0.72), (2, 1.0))


def map_figure(
    log: Tensor,
    words: Mapping[str, str],
    window: int | None = None,
    last_only: bool = False,
    chosen: tuple[int, int] | None = None,
    clickable: bool = False,
) -> go.Figure:
    """log10 ‖∂ℓ_t/∂h_k‖: a row is a loss, a column the step it is traced back to.

    With `window` K the terms that truncation cuts are veiled: those whose t and k lie in
    different blocks. `last_only` frames the last row, which is all that counts when the loss is
    at the last step. `chosen` (t, k), 0-based, marks a chain from its loss to the step it is
    traced back to. Above 128 steps only every n-th row and column is drawn, and the axes say so.
    `clickable` lays a point that cannot be seen on every cell, x = k and y = t in steps from 1: a
    click on a heat map itself selects nothing.
    """
    every = stride(len(log))
    values = shown(log, every)
    steps = np.arange(1, len(log) + 1, every, dtype=np.float32)
    figure = go.Figure(
        go.Heatmap(
            z=np.clip(values, LOW, HIGH),
            x=steps,
            y=steps,
            customdata=chain(values, every),
            zmin=LOW,
            zmax=HIGH,
            colorscale=scale(),
            colorbar={
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": np.array([-8, -6, -3, 0, 2], dtype=np.float32),
                "ticktext": ["≤10⁻⁸", "10⁻⁶", "10⁻³", "1", "10²"],
            },
            hoverongaps=False,
            hovertemplate=words["map.hover"] + "<extra></extra>",
        )
    )
    if window is not None:
        _veil(figure, cut(len(log), window, every), steps, words)
    if last_only:
        figure.add_shape(
            type="rect", x0=0.5, x1=len(log) + 0.5, y0=len(log) + 0.5 - every,
            y1=len(log) + 0.5, line={"color": rgba(HUES["forget"], 1), "width": 2},
        )  # fmt: skip
    if chosen is not None:
        _mark(figure, *chosen, words)
    if clickable:
        _points(figure, values, steps, every, words)
    _axes(figure, len(log), every, words)
    figure.update_layout(height=HEIGHT, margin={"l": 64, "r": 8, "t": 12, "b": 56})
    return figure


def stride(steps: int) -> int:
    """Every which row and column is drawn."""
    return -(-steps // MOST_CELLS)


def shown(log: Tensor, every: int = 1) -> NDArray[np.float32]:
    """The map as it is drawn: NaN above the diagonal, where no chain leads; zeros at −999."""
    values = np.asarray(log[::every, ::every], dtype=np.float64)
    values = np.nan_to_num(values, nan=999.0, posinf=999.0, neginf=-999.0)
    rows, columns = np.indices(values.shape)
    return np.where(columns > rows, np.nan, values).astype(np.float32)


def chain(values: NDArray[np.float32], every: int = 1) -> NDArray[np.float32]:
    """For the hover, (t, k, 2): the exponent, and the number of the chain's last factor, k + 1."""
    last = np.arange(len(values), dtype=np.float32)[None, :] * every + 2
    return np.stack([values, np.broadcast_to(last, values.shape)], axis=-1)


def cut(steps: int, window: int, every: int = 1) -> NDArray[np.bool_]:
    """Which of the drawn cells truncation into blocks of `window` steps throws away."""
    block = np.arange(0, steps, every) // window
    return np.asarray(block[:, None] > block[None, :])


def scale() -> list[list[float | str]]:
    """Slate over the background, strongest at the exploding band; bands end where tone jumps."""
    hue = HUES["hidden"]
    stops: list[list[float | str]] = [
        [(level - LOW) / (HIGH - LOW), rgba(hue, opacity)] for level, opacity in BAND_STOPS
    ]
    return [*stops, [1.0, rgba(hue, 1)]]


def _mark(figure: Any, t: int, k: int, words: Mapping[str, str]) -> None:
    """The row of a loss from its own step to the one it is traced back to."""
    figure.add_trace(
        go.Scatter(
            x=np.array([t + 1, k + 1], dtype=np.float32),
            y=np.array([t + 1, t + 1], dtype=np.float32),
            mode="lines+markers",
            line={"color": rgba(HUES["forget"], 1), "width": 2},
            marker={
                "symbol": ["circle", "square-open"], "size": [6, 13], "line": {"width": 3},
            },
            name=words["map.chosen"],
            hoverinfo="skip",
            unselected={"marker": {"opacity": 1}},
            showlegend=False,
        )
    )  # fmt: skip


def _points(
    figure: Any,
    values: NDArray[np.float32],
    steps: NDArray[np.float32],
    every: int,
    words: Mapping[str, str],
) -> None:
    """One point a cell, there for the pointer alone; it says what the cell says."""
    rows, columns = np.tril_indices(len(steps))
    unseen = {"marker": {"opacity": 0}}
    figure.add_trace(
        go.Scatter(
            x=steps[columns], y=steps[rows], customdata=chain(values, every)[rows, columns],
            mode="markers", marker={"symbol": "square", "size": 8, "opacity": 0},
            selected=unseen, unselected=unseen, showlegend=False,
            hovertemplate=words["map.hover"] + "<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(hoverdistance=max(NEAR, WIDEST // len(steps)))


def _axes(figure: go.Figure, length: int, every: int, words: Mapping[str, str]) -> None:
    """k to the right and t downwards, from the first drawn step to the end of the last."""
    note = "" if every == 1 else f" ({words['map.every'].replace('{n}', str(every))})"
    last = 1 + (length - 1) // every * every
    ends = [1 - every / 2, max(last + every / 2, length + 0.5)]
    figure.update_xaxes(
        title=words["map.k"] + note, showgrid=False, zeroline=False, tickformat="d", range=ends
    )
    figure.update_yaxes(
        title=words["map.t"] + note, showgrid=False, zeroline=False, tickformat="d",
        range=ends[::-1],
    )  # fmt: skip


def _veil(
    figure: Any, gone: NDArray[np.bool_], steps: NDArray[np.float32], words: Mapping[str, str]
) -> None:
    """A hatch of crosses where there are few cells, a slate veil in any case."""
    veil = np.where(gone, 1.0, np.nan).astype(np.float32)
    colours = [[0.0, rgba(SLATE, 0.55)], [1.0, rgba(SLATE, 0.55)]]
    figure.add_trace(
        go.Heatmap(
            z=veil, x=steps, y=steps, colorscale=colours, showscale=False, hoverinfo="skip",
            name=words["map.cut"],
        )
    )  # fmt: skip
    if len(steps) <= 40:
        rows, columns = np.nonzero(gone)
        figure.add_trace(
            go.Scatter(
                x=steps[columns], y=steps[rows], mode="markers", hoverinfo="skip",
                marker={"symbol": "x-thin", "size": 5, "line": {"width": 1, "color": "white"}},
                showlegend=False,
            )
        )  # fmt: skip
