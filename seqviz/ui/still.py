"""A still drawing between the parts of a page."""

from base64 import b64encode
from re import search

INK = {"light": "#1b1f24", "dark": "#e8eaed"}


def still(svg: str, ink: str) -> str:
    """A drawing as an HTML image as wide as the drawing, with its name; `currentColor` is `ink`."""
    name = search(r'aria-label="([^"]*)"', svg)
    width = search(r'viewBox="\S+ \S+ (\S+) ', svg)
    if not name or not width:
        raise ValueError(f"still: expected an svg with a viewBox and aria-label, got {svg[:80]!r}")
    head = '<svg xmlns="http://www.w3.org/2000/svg" font-family="system-ui,sans-serif" '
    drawn = svg.replace("<svg ", head, 1)
    source = b64encode(drawn.replace("currentColor", ink).encode()).decode()
    return (
        f'<img alt="{name[1]}" style="width:min(100%,{width[1]}px)" '
        f'src="data:image/svg+xml;base64,{source}">'
    )
