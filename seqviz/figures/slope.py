"""An activation and its derivative, with the pre-activations of a run on both curves."""

from collections.abc import Sequence
from html import escape

import torch

from seqviz.core.activations import find_activation

WIDTH, HEIGHT, MARGIN = 560, 200, 28
SHOWN = 60


def slope_svg(
    name: str, pre_activations: Sequence[float], *, function: str, slope: str, alt: str
) -> str:
    """Two curves side by side over the range of the pre-activations (at least ±4).

    `function` and `slope` are the titles of the curves, `alt` the picture in words. At most 60
    dots are drawn.
    """
    activation = find_activation(name)
    finite = [a for a in pre_activations if abs(a) < 1e6]
    reach = max([4.0, *map(abs, finite)])
    a = torch.linspace(-reach, reach, 161, dtype=torch.float64)
    dots = torch.tensor(finite[:: -(-len(finite) // SHOWN) or 1], dtype=torch.float64)
    panels = [
        _panel(0, function, a, activation.function(a), dots, activation.function(dots)),
        _panel(1, slope, a, activation.derivative(a), dots, activation.derivative(dots)),
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt, quote=True)}" '
        f'style="width:100%;max-width:{WIDTH}px" fill="none" stroke="currentColor">'
        f"{''.join(panels)}</svg>"
    )


def _panel(
    place: int,
    title: str,
    a: torch.Tensor,
    curve: torch.Tensor,
    dots: torch.Tensor,
    heights: torch.Tensor,
) -> str:
    """One curve with its axes, its largest and smallest value, and the dots on it."""
    left, right = place * WIDTH / 2 + MARGIN, (place + 1) * WIDTH / 2 - MARGIN
    low, high = min(0.0, float(curve.min())), max(1.0, float(curve.max()))

    def x(value: float) -> float:
        return left + (value - float(a[0])) / float(a[-1] - a[0]) * (right - left)

    def y(value: float) -> float:
        return HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN)

    points = zip(a.tolist(), curve.tolist(), strict=True)
    path = " ".join(f"{x(u):.1f},{y(v):.1f}" for u, v in points)
    marks = "".join(
        f'<circle cx="{x(u):.1f}" cy="{y(v):.1f}" r="3" fill="#8E44AD" fill-opacity="0.55" '
        f'stroke="none"/>'
        for u, v in zip(dots.tolist(), heights.tolist(), strict=True)
    )
    text = 'fill="currentColor" stroke="none" font-size="12"'
    return (
        f'<g stroke-opacity="0.35"><line x1="{left}" x2="{right}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>'
        f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{MARGIN}" y2="{HEIGHT - MARGIN}"/></g>'
        f'<polyline points="{path}" stroke-width="2"/>{marks}'
        f'<text x="{left}" y="16" {text} font-weight="600">{escape(title)}</text>'
        f'<text x="{left}" y="{HEIGHT - 8}" {text}>{float(a[0]):.3g}</text>'
        f'<text x="{right}" y="{HEIGHT - 8}" {text} text-anchor="end">{float(a[-1]):.3g}</text>'
        f'<text x="{right}" y="{y(high):.1f}" {text} text-anchor="end">{high:.3g}</text>'
    )
