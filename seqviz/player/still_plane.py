"""Points of the plane and turning positions as a still picture.

One query among its keys, the weights as bars, the blend of the values; or each pair of a position
encoding as a clock, sine to the right and cosine up, with the turned pair dashed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqviz.player import ink
from seqviz.player.ink import Values

SIDE = 300.0
BARS = 216.0
GAP = 48.0
TOP = 78.0
ROOM = 1.25
DIAL = 82.0
LETTER = 7.2
Point = Sequence[float] | Values


def draw_plane(
    plain: Mapping[str, Any], known: Mapping[str, Values], words: Mapping[str, str]
) -> tuple[str, float] | None:
    """The picture and where it ends; None where nothing stands in the plane."""
    nodes = plain["layout"]["nodes"]
    if any(node.get("kind") == "plane" for node in nodes):
        return _query(plain, known, words)
    clocks = [node for node in nodes if node.get("kind") == "clock"]
    return _clocks(clocks, plain, known, words) if clocks else None


class _Field:
    """A square of the plane around 0 that holds all points."""

    def __init__(self, x: float, points: Values) -> None:
        self.x = x
        self.unit = SIDE / 2 / (ROOM * max(0.8, float(np.abs(points).max())))

    def at(self, point: Point) -> tuple[float, float]:
        return (
            self.x + SIDE / 2 + float(point[0]) * self.unit,
            TOP + SIDE / 2 - float(point[1]) * self.unit,
        )

    def frame(self, title: str) -> str:
        x, y = self.at((0.0, 0.0))
        axes = f"M{self.x:g} {y:g}h{SIDE:g}M{x:g} {TOP:g}v{SIDE:g}"
        return (
            ink.text(self.x, TOP - 10, title, size=13, weight=600)
            + f'<rect x="{self.x:g}" y="{TOP:g}" width="{SIDE:g}" height="{SIDE:g}" rx="8" '
            'fill="#f5f6f8" stroke="#d9dbde"/>'
            f'<path d="{axes}" stroke="#1b1f24" stroke-opacity="0.25"/>'
        )

    def line(self, start: Point, end: Point, colour: str, width: float, more: str = "") -> str:
        (x1, y1), (x2, y2) = self.at(start), self.at(end)
        return (
            f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width:.2f}" stroke-linecap="round"{more}/>'
        )

    def dot(self, point: Point, colour: str, label: str) -> str:
        x, y = self.at(point)
        width = LETTER * len(label)
        left = x - 10 - width if x + 10 + width > self.x + SIDE else x + 10
        written = ink.text(left, y - 8, label, size=12, fill=colour, weight=600)
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/>{written}'


def _colour(role: str) -> str:
    return ink.deep(ink.ROLES[role])


def _query(
    plain: Mapping[str, Any], known: Mapping[str, Values], words: Mapping[str, str]
) -> tuple[str, float]:
    q, k, v = known["q"][0], known["k"], known["v"]
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (k @ q) * plain["facts"]["scale"]
    shares = np.exp(scaled - scaled.max())
    weights = shares / shares.sum()
    names = plain["facts"]["keys"] or [str(row + 1) for row in range(len(k))]
    called = plain["sequence"]["inputs"][0]
    keys = _Field(ink.MARGIN, np.vstack([q, k]))
    bars = ink.MARGIN + SIDE + GAP
    values = _Field(bars + BARS + GAP, v)
    drawn = [
        keys.frame(words.get("plane.keys_title", "")),
        *_arrows(keys, q, k, called, names),
        _bars(bars, weights, names, words),
        values.frame(words.get("plane.values_title", "")),
        *_pulls(values, v, weights, names, words.get("plane.blend", "")),
    ]
    return "".join(drawn), max(TOP + SIDE, TOP + 24.0 * (len(k) + 2)) + 24


def _arrows(field: _Field, q: Values, k: Values, called: str, names: Sequence[str]) -> list[str]:
    """The query, the keys, and the perpendicular of each key on the line of the query."""
    drawn = []
    length = float(q @ q)
    for row, name in zip(k, names, strict=True):
        foot = q * (float(row @ q) / length) if length else np.zeros(2)
        drawn.append(field.line(row, foot, _colour("key"), 1, ' stroke-dasharray="2 3"'))
        drawn.append(field.line((0, 0), row, _colour("key"), 2))
        drawn.append(field.dot(row, _colour("key"), ink.short(name)))
    drawn.append(field.line((0, 0), q, _colour("query"), 3))
    return [*drawn, field.dot(q, _colour("query"), ink.short(called))]


def _bars(x: float, weights: Values, names: Sequence[str], words: Mapping[str, str]) -> str:
    drawn = [ink.text(x, TOP - 10, words.get("plane.weights", ""), size=13, weight=600)]
    for row, (weight, name) in enumerate(zip(weights, names, strict=True)):
        y = TOP + 24.0 * row
        width = (BARS - 100) * float(weight)
        drawn.append(ink.text(x, y + 14, ink.short(name), size=12, fill=_colour("key")))
        drawn.append(f'<rect x="{x + 52:g}" y="{y + 2:g}" width="{width:.1f}" height="16"/>')
        drawn.append(ink.text(x + BARS - 40, y + 14, ink.number(float(weight)), size=12))
    total = f"Σ = {ink.number(float(weights.sum()))}"
    drawn.append(
        ink.text(x + BARS - 66, TOP + 24.0 * len(weights) + 16, total, size=12, weight=600)
    )
    return "".join(drawn)


def _pulls(
    field: _Field, v: Values, weights: Values, names: Sequence[str], blend: str
) -> list[str]:
    """The values, each pulling as much as its weight, and their blend."""
    context = weights @ v
    colour = _colour("value")
    pulls = [
        field.line(context, row, colour, 0.6 + 9 * float(weight), ' stroke-opacity="0.6"')
        for row, weight in zip(v, weights, strict=True)
    ]
    labels = [
        field.dot(row, colour, f"{ink.short(name)} {100 * float(weight):.0f} %")
        for row, weight, name in zip(v, weights, names, strict=True)
    ]
    x, y = field.at(context)
    ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="#ffffff" stroke="{colour}" '
    mark = f'{ring}stroke-width="2.6"/><circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    return [*pulls, *labels, mark, ink.text(x + 12, y + 18, blend, size=12, fill=colour)]


def _clocks(
    nodes: Sequence[Mapping[str, Any]],
    plain: Mapping[str, Any],
    known: Mapping[str, Values],
    words: Mapping[str, str],
) -> tuple[str, float]:
    """Each pair at the position where the player rests, at most four in a row."""
    t = plain["rest"] or 0
    each = 2 * DIAL + 60
    drawn = []
    for place, node in enumerate(nodes):
        x = ink.MARGIN + each * (place % 4) + DIAL + 10
        y = TOP + DIAL + (2 * DIAL + 90) * (place // 4)
        title = words.get("clocks.pair", "{i}").replace("{i}", str(node["pair"]))
        here, there = known[node["tensor"]][t], known[node["stages"]["true"]][t]
        drawn.append(ink.text(x - DIAL, y - DIAL - 8, title, size=13, weight=600))
        drawn.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{DIAL:g}" fill="#f5f6f8" stroke="#d9dbde"/>'
        )
        drawn.append(_hand(x, y, there, _colour("output"), ' stroke-dasharray="6 4"'))
        drawn.append(_hand(x, y, here, _colour("hidden")))
        for line, (word, pair) in enumerate((("here", here), ("true", there))):
            numbers = ", ".join(ink.number(float(value)) for value in pair)
            label = f"{words.get(f'clocks.{word}', word)} = ({numbers})"
            role = ("hidden", "output")[line]
            below = y + DIAL + 18 + 16 * line
            drawn.append(ink.text(x - DIAL, below, label, size=12, fill=_colour(role)))
    rows = (len(nodes) + 3) // 4
    return "".join(drawn), TOP + (2 * DIAL + 90) * rows


def _hand(x: float, y: float, pair: Values, colour: str, more: str = "") -> str:
    sine, cosine = (DIAL * float(value) for value in pair)
    tip = f'<circle cx="{x + sine:.1f}" cy="{y - cosine:.1f}" r="5" fill="{colour}"/>'
    path = f'<path d="M{x:g} {y:g}l{sine:.1f} {-cosine:.1f}" stroke="{colour}" stroke-width="3"'
    return f"{path}{more}/>{tip}"
