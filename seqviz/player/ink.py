"""What still pictures are drawn with: colours, numbers and texts as pieces of SVG.

Hue is the role, lightness the size; what is negative is slate.
"""

import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from seqviz.hues import HUES, RGB, SLATE

Values = NDArray[np.float64]
ROLES: dict[str, RGB] = {**HUES, "attention": (27, 31, 36)}
PLAIN: RGB = (90, 96, 106)
INK = "#1b1f24"
SHADES = 16
MARGIN = 24
READABLE = 0.2
HEAD = 64
INVISIBLE = {" ": "␣", "\n": "↵", "\r": "↵", "\t": "⇥", "": "∅"}
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def largest(tensor: Mapping[str, Any], values: Values) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return 1.0 if tensor["scale"] == "unit" else float(finite.max(initial=0.0)) or 1.0


def _shades(values: Values, largest: float) -> NDArray[np.int64]:
    """Size as a whole number up to SHADES, negative where the value is; not finite is darkest."""
    with np.errstate(invalid="ignore"):
        size = np.minimum(np.abs(values) / largest, 1.0)
    shade = np.where(np.isfinite(size), np.rint(size * SHADES), SHADES).astype(np.int64)
    return np.where(values < 0, -shade, shade)


def _fill(shade: int, hue: RGB) -> RGB:
    return mix(SLATE if shade < 0 else hue, abs(shade) / SHADES)


def cells(values: Values, largest: float, hue: RGB, column: float, row: float) -> tuple[str, str]:
    """One path for each shade, runs of one shade as one rectangle; and where it is negative."""
    paths: dict[int, list[str]] = {}
    for unit, shades in enumerate(_shades(values, largest).T):
        edges = (np.flatnonzero(np.diff(shades)) + 1).tolist()
        for start, stop in zip([0, *edges], [*edges, len(shades)], strict=True):
            x, y, width = start * column, unit * row, (stop - start) * column
            piece = f"M{x:.6g} {y:.6g}h{width:.6g}v{row:.6g}h{-width:.6g}z"
            paths.setdefault(int(shades[start]), []).append(piece)
    drawn = [
        f'<path d="{"".join(pieces)}" fill="{css(_fill(shade, hue))}"/>'
        for shade, pieces in sorted(paths.items())
        if shade != 0
    ]
    return "".join(drawn), "".join(p for shade, all_ in paths.items() if shade < 0 for p in all_)


def number(value: float) -> str:
    """Two decimals, fewer for large values, with a true minus sign."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) >= 1e4:
        return f"{value:.0e}".replace("e+0", "e").replace("e+", "e").replace("-", "−")
    printed = f"{value:.{2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0}f}"
    return printed.replace("-", "" if float(printed) == 0 else "−")


def text(
    x: float,
    y: float,
    text: str,
    size: float = 11,
    fill: str = "",
    weight: int = 400,
    middle: bool = False,
) -> str:
    more = f' fill="{fill}"' if fill else ""
    more += f' font-weight="{weight}"' if weight != 400 else ""
    more += ' text-anchor="middle"' if middle else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}"{more}>{safe(text)}</text>'


def safe(text: str) -> str:
    """Text as XML may carry it: escaped, and without characters that XML forbids."""
    return escape(NOT_XML.sub("\ufffd", str(text)))


def mix(hue: RGB, size: float, darker: float = 1.0) -> RGB:
    """The hue mixed with white by size."""
    red, green, blue = (round(255 + (part * darker - 255) * size) for part in hue)
    return red, green, blue


def _luminance(colour: RGB) -> float:
    linear = [((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def css(colour: RGB) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def readable(value: float, end: float, hue: RGB) -> str:
    """The ink to print a number in, over the shade of its size on a scale up to `end`."""
    shade = int(_shades(np.array([value]), end)[0])
    return INK if _luminance(_fill(shade, hue)) > READABLE else "#ffffff"


def deep(hue: RGB) -> str:
    """The hue dark enough for letters on white."""
    return css(mix(hue, 1.0, 0.72))


def visible(token: str) -> str:
    """A token as it can be seen: a space becomes ␣."""
    return INVISIBLE.get(token, token)


def short(token: str) -> str:
    """A visible token of at most six letters."""
    seen = visible(token)
    return seen if len(seen) <= 6 else f"{seen[:5]}…"


def symbol(
    x: float, y: float, name: str, size: int, fill: str, weight: int = 700, middle: bool = False
) -> str:
    """A symbol such as S_mask, with its subscript lowered."""
    parts = re.split(r"_(\w+)", name)
    spans = "".join(
        f'<tspan dy="4" font-size="{0.7 * size:g}">{safe(part)}</tspan><tspan dy="-4"></tspan>'
        if place % 2
        else safe(part)
        for place, part in enumerate(parts)
    )
    anchor = ' text-anchor="middle"' if middle else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}" font-weight="{weight}"'
        f"{anchor}>{spans}</text>"
    )


def heat(
    values: Values, shown: NDArray[np.bool_], end: float, hue: RGB, size: tuple[float, float]
) -> str:
    """Many cells as one small picture, a pixel each; those not shown stay clear."""
    shades = _shades(values, end)
    pixels = np.zeros((*values.shape, 4), dtype=np.uint8)
    for shade in np.unique(shades):
        pixels[shades == shade] = (*_fill(int(shade), hue), 255)
    pixels[~shown] = 0
    image = b64encode(_png(pixels)).decode("ascii")
    return (
        f'<image width="{size[0]:g}" height="{size[1]:g}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{image}"/>'
    )


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """RGBA pixels (height, width, 4) as a PNG file."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
