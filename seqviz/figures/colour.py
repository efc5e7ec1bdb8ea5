"""Colours of charts: hue is the role, size is opacity over the background, negative is slate.

A scale that starts transparent has its lightness from whatever background it stands on, light or
dark. The slate of a role has the role's own luminance, so that equal sizes look equally strong.
"""

from seqviz.hues import HUES, RGB, SLATE

Stops = list[list[float | str]]


def unit_scale(role: str) -> Stops:
    """For 0…1: from the background to the role's colour."""
    hue = HUES[role]
    return [[0.0, rgba(hue, 0)], [1.0, rgba(hue, 1)]]


def signed_scale(role: str) -> Stops:
    """Symmetric about 0: the background in the middle, slate below, the role's colour above."""
    hue = HUES[role]
    slate = slate_of(hue)
    return [
        [0.0, rgba(slate, 1)],
        [0.5, rgba(slate, 0)],
        [0.5, rgba(hue, 0)],
        [1.0, rgba(hue, 1)],
    ]


def slate_of(hue: RGB) -> RGB:
    """Slate as light as the hue."""
    ratio = luminance(hue) / luminance(SLATE)
    red, green, blue = (_from_linear(_to_linear(part) * ratio) for part in SLATE)
    return red, green, blue


def luminance(colour: RGB) -> float:
    """Relative luminance of an sRGB colour (WCAG 2)."""
    red, green, blue = map(_to_linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def rgba(colour: RGB, opacity: float) -> str:
    """The colour as CSS and Plotly write it."""
    return f"rgba({colour[0]}, {colour[1]}, {colour[2]}, {opacity:g})"


def _to_linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _from_linear(part: float) -> int:
    share = 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
    return round(255 * min(1.0, share))
