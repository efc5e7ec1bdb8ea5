"""A scene as a still picture: every heat strip over time, with the tokens under it.

For places where scripts do not run. Hue is the role, lightness the size; what is negative is slate,
and hatched where no number with its minus sign is printed.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from seqviz import player

Values = NDArray[np.float64]
RGB = tuple[int, int, int]
Strips = list[tuple[Mapping[str, Any], Values]]

ROLES: dict[str, RGB] = {
    "forget": (213, 94, 0),
    "input": (0, 158, 115),
    "candidate": (181, 137, 0),
    "output": (58, 143, 208),
    "cell": (31, 78, 156),
    "hidden": (142, 68, 173),
    "query": (204, 121, 167),
    "key": (140, 86, 75),
    "value": (15, 118, 110),
    "gradient": (100, 116, 139),
}
PLAIN: RGB = (90, 96, 106)
SLATE: RGB = (84, 96, 116)
INK = "#1b1f24"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans KR', sans-serif"
SHADES = 16
WIDTH = 960
MARGIN = 24
GAP = 30
COLUMN = (1.0, 70.0)
ROW = (3.0, 20.0)
STRIP = (280.0, 160.0)
PRINTED = 30.0
LETTER = 7.0
READABLE = 0.2
HEAD = 64
BELOW = 44
INVISIBLE = {" ": "␣", "\n": "↵", "\r": "↵", "\t": "⇥", "": "∅"}
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def still_svg(scene: Any, words: Mapping[str, str]) -> str:
    """The picture as one SVG element. `scene` is a Scene or its JSON (strips it sent)."""
    plain = player.scene_json(scene)
    strips = [(tensor, values) for tensor, values in _panels(scene, plain) if values.ndim == 2]
    tokens = [INVISIBLE.get(token, token) for token in plain["sequence"]["inputs"]]
    scales = _scales(strips, plain.get("tracks", ()))
    drawn, bottom = _arrange(strips, tokens, words, scales)
    body = "".join(
        [
            f'<rect width="{WIDTH}" height="{bottom:.0f}" fill="#ffffff"/>',
            _text(MARGIN, 30, plain["title"], size=18, weight=600),
            *drawn,
        ]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom:.0f}" '
        f'viewBox="0 0 {WIDTH} {bottom:.0f}" font-family="{FONT}" fill="{INK}" role="img">'
        f"<title>{_safe(plain['title'])}</title>"
        '<defs><pattern id="seqviz-negative" width="5" height="5" patternUnits="userSpaceOnUse">'
        '<path d="M0 5L5 0" stroke="#ffffff" stroke-opacity="0.75"/></pattern></defs>'
        f"{body}</svg>"
    )


def _panels(scene: Any, plain: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Values]]:
    """Each panel's tensor and its values: the scene's own, or those that were sent."""
    tensors = {tensor["name"]: tensor for tensor in plain["tensors"]}
    floats = np.frombuffer(base64.b64decode(plain["floats"]), "<f4").astype(np.float64)
    own = getattr(scene, "by_name", {})
    for name in plain["panels"]:
        tensor = tensors[name]
        if name in own:
            yield tensor, np.asarray(own[name].values, dtype=np.float64)
        elif tensor["at"] is not None:
            size = int(np.prod(tensor["shape"]))
            yield tensor, floats[tensor["at"] :][:size].reshape(tensor["shape"])


def _scales(strips: Strips, tracks: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """What the darkest shade of each strip stands for: the largest of all that is on one scale."""
    own = {tensor["name"]: _largest(tensor, values) for tensor, values in strips}
    shared = dict(own)
    for track in tracks:
        names = [name for name in track["tensors"] if name in own]
        together = [own[name] for name in (*names, *track.get("beside", ())) if name in own]
        shared |= dict.fromkeys(names, max(together, default=1.0))
    return shared


def _largest(tensor: Mapping[str, Any], values: Values) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return 1.0 if tensor["scale"] == "unit" else float(finite.max(initial=0.0)) or 1.0


def _called(tensor: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """A strip's symbol and words, after the letter of its model where there are several."""
    group, role = tensor.get("group", ""), tensor["role"]
    plain = tensor["name"].removeprefix(f"{group}_") if group else tensor["name"]
    word = words.get(f"tensor.{plain}") or words.get(f"role.{role}", f"role.{role}")
    letter = "−".join(group.upper())
    return "  ".join(part for part in (letter, tensor["symbol"], word) if part)


def _arrange(
    strips: Strips, tokens: list[str], words: Mapping[str, str], scales: Mapping[str, float]
) -> tuple[list[str], float]:
    """The strips in rows as wide as the picture, and where the last row ends."""
    drawn: list[str] = []
    x, y, tallest = float(MARGIN), float(HEAD), 0.0
    for tensor, values in strips:
        column = float(np.clip(STRIP[0] / len(values), *COLUMN))
        row = float(np.clip(STRIP[1] / values.shape[1], *ROW))
        width, height = column * len(values), row * values.shape[1]
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, y, tallest = float(MARGIN), y + tallest + BELOW + 20, 0.0
        largest = scales[tensor["name"]]
        drawn.append(
            _strip(tensor, values, tokens, _called(tensor, words), largest, (x, y, column, row))
        )
        x, tallest = x + width + GAP, max(tallest, height)
    return drawn, y + tallest + BELOW


def _strip(
    tensor: Mapping[str, Any],
    values: Values,
    tokens: list[str],
    called: str,
    largest: float,
    place: tuple[float, float, float, float],
) -> str:
    x, y, column, row = place
    steps, units = values.shape
    role = tensor["role"]
    hue = ROLES.get(role, PLAIN)
    printed = column >= PRINTED
    cells, negative = _cells(values, largest, hue, column, row)
    caption = _text(x, y - 8, called, size=13, fill=_css(_mix(hue, 1.0, 0.72)))
    border = (
        f'<rect width="{column * steps:g}" height="{row * units:g}" fill="none" '
        'stroke="#1b1f24" stroke-opacity="0.25"/>'
    )
    hatch = f'<path d="{negative}" fill="url(#seqviz-negative)"/>' if negative else ""
    over = _numbers(values, largest, hue, column, row) if printed else hatch
    under = _tokens(tokens, column, row * units + 16)
    place_at = f'<g transform="translate({x:g} {y:g})">'
    return f"{caption}{place_at}{cells}{over}{border}{under}</g>"


def _shades(values: Values, largest: float) -> NDArray[np.int64]:
    """Size as a whole number up to SHADES, negative where the value is; not finite is darkest."""
    with np.errstate(invalid="ignore"):
        size = np.minimum(np.abs(values) / largest, 1.0)
    shade = np.where(np.isfinite(size), np.rint(size * SHADES), SHADES).astype(np.int64)
    return np.where(values < 0, -shade, shade)


def _fill(shade: int, hue: RGB) -> RGB:
    return _mix(SLATE if shade < 0 else hue, abs(shade) / SHADES)


def _cells(values: Values, largest: float, hue: RGB, column: float, row: float) -> tuple[str, str]:
    """One path for each shade, runs of one shade as one rectangle; and where it is negative."""
    paths: dict[int, list[str]] = {}
    for unit, shades in enumerate(_shades(values, largest).T):
        edges = (np.flatnonzero(np.diff(shades)) + 1).tolist()
        for start, stop in zip([0, *edges], [*edges, len(shades)], strict=True):
            x, y, width = start * column, unit * row, (stop - start) * column
            piece = f"M{x:.6g} {y:.6g}h{width:.6g}v{row:.6g}h{-width:.6g}z"
            paths.setdefault(int(shades[start]), []).append(piece)
    drawn = [
        f'<path d="{"".join(pieces)}" fill="{_css(_fill(shade, hue))}"/>'
        for shade, pieces in sorted(paths.items())
        if shade != 0
    ]
    return "".join(drawn), "".join(p for shade, all_ in paths.items() if shade < 0 for p in all_)


def _numbers(values: Values, largest: float, hue: RGB, column: float, row: float) -> str:
    shades = _shades(values, largest)
    texts = []
    for t in range(values.shape[0]):
        for unit in range(values.shape[1]):
            fill = INK if _luminance(_fill(int(shades[t, unit]), hue)) > READABLE else "#ffffff"
            x, y = column * (t + 0.5), row * (unit + 0.5) + 4
            text = _number(float(values[t, unit]))
            texts.append(_text(x, y, text, size=11, fill=fill, middle=True))
    return "".join(texts)


def _number(value: float) -> str:
    """Two decimals, fewer for large values, with a true minus sign."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) >= 1e4:
        return f"{value:.0e}".replace("e+0", "e").replace("e+", "e").replace("-", "−")
    text = f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"
    return text.replace("-", "" if float(text) == 0 else "−")


def _tokens(tokens: list[str], column: float, y: float) -> str:
    """As many tokens under the strip as fit without touching."""
    short = [token if len(token) <= 6 else f"{token[:5]}…" for token in tokens]
    widest = LETTER * max(map(len, short), default=1) + 4
    every = max(1, int(np.ceil(widest / column)))
    return "".join(
        _text(column * (t + 0.5), y, token, middle=True)
        for t, token in enumerate(short)
        if t % every == 0
    )


def _text(
    x: float,
    y: float,
    text: str,
    size: int = 11,
    fill: str = "",
    weight: int = 400,
    middle: bool = False,
) -> str:
    more = f' fill="{fill}"' if fill else ""
    more += f' font-weight="{weight}"' if weight != 400 else ""
    more += ' text-anchor="middle"' if middle else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}"{more}>{_safe(text)}</text>'


def _safe(text: str) -> str:
    """Text as XML may carry it: escaped, and without characters that XML forbids."""
    return escape(NOT_XML.sub("\ufffd", str(text)))


def _mix(hue: RGB, size: float, darker: float = 1.0) -> RGB:
    """The hue mixed with white by size."""
    red, green, blue = (round(255 + (part * darker - 255) * size) for part in hue)
    return red, green, blue


def _luminance(colour: RGB) -> float:
    linear = [((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _css(colour: RGB) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
