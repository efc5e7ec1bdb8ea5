"""How much a loss changes with the state at each step, on a log scale with named bands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from torch import Tensor

from seqviz.core.bands import EXPLODING, SHRINKING, ZERO
from seqviz.core.gradients import Gradients
from seqviz.figures.colour import rgba
from seqviz.hues import HUES, SLATE
from seqviz.text import fill

FLOOR, DEEPEST = -8, -12
CEILING, HIGHEST = 3, 6
MARKS = {
    ("h", "total"): ("lines+markers", "circle", "solid"),
    ("c", "total"): ("lines+markers", "square-open", "dash"),
    ("h", "direct"): ("markers", "x-thin-open", "solid"),
}
TINT = {"exploding": 0.24, "alive": 0.0, "shrinking": 0.1, "zero": 0.2}
LEFT, RIGHT, TOP, HEIGHT = 80, 130, 70, 360
TICKS = 12


@dataclass(frozen=True)
class Curve:
    """One norm over time: as it is (T,), and log10 of its ratio to the reference (T,).

    `absolute` is float64, because float32 ends at 1e-45. A ratio may be infinite or NaN.
    """

    state: str
    part: str
    absolute: NDArray[np.float64]
    ratio: NDArray[np.float64]


def gradient_figure(
    gradients: Gradients, words: Mapping[str, str], reference: int | None = None, title: str = ""
) -> go.Figure:
    """log₁₀ of each norm relative to that of step `reference` (from 0), or to the largest.

    What lies below the floor is drawn on it, exact zeros too; what is no finite number is drawn
    at the ceiling. The absolute value appears on hover.
    """
    found = curves(gradients, reference)
    low, high = limits(found)
    figure = go.Figure([_line(curve, low, high, words) for curve in found])
    _bands(figure, low, high, words)
    figure.add_hline(
        low,
        line={"color": rgba(SLATE, 1), "width": 1},
        annotation={"text": fill(words["figure.floor"], {"floor": f"10<sup>{low}</sup>"})},
        annotation_position="top left",
    )
    figure.update_xaxes(
        title=words["axis.step"],
        range=(0.5, len(gradients.h_norm) + 0.5),
        showgrid=False,
        zeroline=False,
        tickformat="d",
        dtick=1 if len(gradients.h_norm) <= TICKS else None,
    )
    figure.update_yaxes(
        title=words["axis.to_largest" if reference is None else "axis.to_last"],
        range=(low, high),
        showgrid=False,
        tickprefix="10<sup>",
        ticksuffix="</sup>",
        dtick=-((low - high) // TICKS),
    )
    figure.update_layout(
        template="plotly_white",
        title=title or None,
        height=HEIGHT,
        margin={"l": LEFT, "r": RIGHT, "t": TOP},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def curves(gradients: Gradients, reference: int | None = None) -> list[Curve]:
    """∂L/∂h_t and its direct part against ∂L/∂h, ∂L/∂c_t (LSTM) against ∂L/∂c."""
    parts: list[tuple[str, str, Tensor | None, Tensor | None]] = [
        ("h", "total", gradients.h_norm, gradients.h_norm),
        ("c", "total", gradients.c_norm, gradients.c_norm),
        ("h", "direct", gradients.h_direct_norm, gradients.h_norm),
    ]
    found = []
    for state, part, norms, against in parts:
        if norms is not None and against is not None:
            absolute = np.asarray(norms, dtype=np.float64)
            one = _reference(np.asarray(against, dtype=np.float64), reference)
            found.append(Curve(state, part, absolute, _log_ratio(absolute, one)))
    return found


def limits(found: list[Curve]) -> tuple[int, int]:
    """The floor and the ceiling as powers of ten: wide enough for all that is finite, in bounds."""
    ratios = np.concatenate([curve.ratio for curve in found])
    known = ratios[np.isfinite(ratios)]
    low = min(FLOOR, int(np.floor(known.min(initial=0))))
    high = max(CEILING, int(np.ceil(known.max(initial=0))))
    return max(DEEPEST, low), min(HIGHEST, high)


def drawn(curve: Curve, low: int, high: int) -> NDArray[np.float32]:
    """The ratios between floor and ceiling; NaN and +∞ at the ceiling."""
    known = np.nan_to_num(curve.ratio, nan=high, posinf=high, neginf=low)
    return np.clip(known, low, high).astype(np.float32)


def _reference(norms: NDArray[np.float64], step: int | None) -> float:
    if step is not None:
        return float(norms[step])
    return float(norms[np.isfinite(norms)].max(initial=0.0))


def _log_ratio(norms: NDArray[np.float64], one: float) -> NDArray[np.float64]:
    """log10(norms / one); against a reference of 0 whatever is not 0 is infinitely larger."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if one == 0:
            return np.where(norms > 0, np.inf, np.where(np.isnan(norms), np.nan, -np.inf))
        return np.log10(norms) - np.log10(one)


def _line(curve: Curve, low: int, high: int, words: Mapping[str, str]) -> go.Scatter:
    mode, symbol, dash = MARKS[curve.state, curve.part]
    sign = f"∂L/∂{curve.state}"
    name = sign if curve.part == "total" else f"{sign} {words['figure.direct']}"
    steps = np.arange(1, len(curve.absolute) + 1, dtype=np.float32)
    return go.Scatter(
        name=name,
        x=steps,
        y=drawn(curve, low, high),
        customdata=curve.absolute,
        mode=mode,
        cliponaxis=False,
        line={"color": rgba(HUES["gradient"], 1), "dash": dash},
        marker={"symbol": symbol, "size": 8, "line": {"width": 2}},
        hovertemplate=f"{words['axis.step']} %{{x}}<br>‖{name}‖ = %{{customdata:.4~g}}"
        "<extra></extra>",
    )


def _bands(figure: Any, low: int, high: int, words: Mapping[str, str]) -> None:
    """The four named bands, behind the curves, named at the right."""
    for name, top, bottom in (
        ("exploding", high, EXPLODING),
        ("alive", EXPLODING, SHRINKING),
        ("shrinking", SHRINKING, ZERO),
        ("zero", ZERO, low),
    ):
        figure.add_hrect(
            bottom,
            top,
            name=name,
            fillcolor=rgba(HUES["gradient"], TINT[name]),
            line_width=0,
            layer="below",
            annotation={
                "text": words[f"gradient.{name}"],
                "x": 1.01,
                "xanchor": "left",
                "y": (top + bottom) / 2,
                "yanchor": "middle",
            },
        )
