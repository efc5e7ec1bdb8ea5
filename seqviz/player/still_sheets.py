"""The matrices of attention as a still picture: stage by stage, the first head of several.

Rows are queries (or keys), columns are keys (or features). What may not be looked at is hatched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqviz.hues import RGB
from seqviz.player import ink

Values = NDArray[np.float64]
Sizes = tuple[float, float]

PRINTED = 8
CELL: Sizes = (34.0, 20.0)
TALL = 220.0
HEAT = (3.0, 14.0)
LABELS = 64.0
TOP = 44.0
GAP = 34.0
HATCH = (
    '<pattern id="seqviz-masked" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<path d="M0 5L5 0" stroke="#1b1f24" stroke-opacity="0.25"/></pattern>'
)


@dataclass(frozen=True)
class Sheet:
    """One matrix to draw: its node of the layout, its tensor, its values and what is hatched."""

    node: Mapping[str, Any]
    tensor: Mapping[str, Any]
    values: Values
    allowed: Values | None
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def cell(self) -> Sizes:
        """Width and height of a cell."""
        height, width = self.values.shape
        if max(height, width) <= PRINTED:
            return CELL
        line = CELL[1] if height <= PRINTED else float(np.clip(TALL / height, *HEAT))
        if self.node["columns"] == "key":
            return (line if width > PRINTED else CELL[0], line)
        return float(np.clip(96 / width, 2, 14)), line


def sheets_of(plain: Mapping[str, Any], known: Mapping[str, Values]) -> list[Sheet]:
    """The sheets whose values are known, in reading order."""
    tensors = {tensor["name"]: tensor for tensor in plain["tensors"]}
    inputs = tuple(plain["sequence"]["inputs"])
    tokens = {"query": inputs, "key": tuple(plain["facts"].get("keys", inputs))}
    classes = tuple(plain["sequence"]["classes"] or ())
    found = []
    for node in plain["layout"]["nodes"]:
        if node["kind"] != "sheet" or node["tensor"] not in known:
            continue
        values = np.atleast_2d(known[node["tensor"]])
        columns = {"key": tokens["key"], "class": classes}.get(node["columns"], ())
        allowed = known.get(str(node.get("hatch")))
        rows = tokens.get(node["rows"], ())
        found.append(Sheet(node, tensors[node["tensor"]], values, allowed, rows, columns))
    return found


def draw_sheets(sheets: list[Sheet], words: Mapping[str, str], width: float) -> tuple[str, float]:
    """The sheets in lines no wider than `width`, and where the last line ends."""
    drawn: list[str] = []
    x, y, tallest = float(ink.MARGIN), float(ink.HEAD), 0.0
    for sheet in sheets:
        room = LABELS + sheet.cell[0] * sheet.values.shape[1] + (40 if sheet.node["sum"] else 0)
        if x > ink.MARGIN and x + room > width - ink.MARGIN:
            x, y, tallest = float(ink.MARGIN), y + tallest, 0.0
        drawn.append(_sheet(sheet, words, x + LABELS, y + TOP))
        below = 64 if sheet.columns and _slanted(sheet) else 30
        tallest = max(tallest, TOP + sheet.cell[1] * sheet.values.shape[0] + below)
        x += room + GAP
    return "".join(drawn), y + tallest


def _sheet(sheet: Sheet, words: Mapping[str, str], x: float, y: float) -> str:
    """Caption, cells, numbers or heat, hatching and tokens of one sheet."""
    column, line = sheet.cell
    height, width = sheet.values.shape
    hue = ink.ROLES.get(sheet.tensor["role"], ink.PLAIN)
    open_ = np.ones_like(sheet.values) if sheet.allowed is None else sheet.allowed
    shown = np.where((open_ != 0) & np.isfinite(sheet.values), sheet.values, 0.0)
    largest = ink.largest(sheet.tensor, shown)
    box = (column * width, line * height)
    cells = ink.heat(shown, open_ != 0, largest, hue, box)
    hatch = (
        f'<rect width="{box[0]:g}" height="{box[1]:g}" fill="url(#seqviz-masked)"/>'
        if (open_ == 0).any()
        else ""
    )
    printed = max(height, width) <= PRINTED
    numbers = _numbers(sheet, open_ != 0, largest, hue) if printed else ""
    frame = (
        f'<rect width="{box[0]:g}" height="{box[1]:g}" fill="none" '
        'stroke="#1b1f24" stroke-opacity="0.25"/>'
    )
    label = words.get(sheet.node["label"], "")
    join = words.get(sheet.node["join"], sheet.node["join"])
    caption = ink.symbol(x, y - 22, sheet.tensor["symbol"], 15, ink.deep(hue))
    return (
        f"{caption}{ink.text(x, y - 7, label)}{_joined(join, x, y)}"
        f'<g transform="translate({x:g} {y:g})">{hatch}{cells}{numbers}{frame}{_tokens(sheet)}</g>'
    )


def _joined(join: str, x: float, y: float) -> str:
    return ink.text(x - LABELS, y - 22, f"{join} →") if join else ""


def _numbers(sheet: Sheet, shown: NDArray[np.bool_], largest: float, hue: RGB) -> str:
    column, line = sheet.cell
    texts = []
    for (row, place), value in np.ndenumerate(sheet.values):
        if shown[row, place]:
            fill = ink.readable(float(value), largest, hue)
            at = (column * (place + 0.5), line * (row + 0.5) + 4)
            text = ink.number(float(value))
            texts.append(ink.text(*at, text, size=11, fill=fill, middle=True))
    if sheet.node["sum"]:
        for row, total in enumerate(np.where(shown, sheet.values, 0.0).sum(axis=1)):
            at = (column * sheet.values.shape[1] + 6, line * (row + 0.5) + 4)
            texts.append(ink.text(*at, f"Σ {ink.number(float(total))}"))
    return "".join(texts)


def _slanted(sheet: Sheet) -> bool:
    return max(map(len, sheet.columns), default=0) * 7 > sheet.cell[0]


def _tokens(sheet: Sheet) -> str:
    """Tokens at the left and under the cells, as many as fit."""
    column, line = sheet.cell
    every = max(1, int(np.ceil(11 / line)))
    texts = [
        f'<g text-anchor="end">{ink.text(-6, line * (row + 0.5) + 4, ink.short(token))}</g>'
        for row, token in enumerate(sheet.rows)
        if row % every == 0
    ]
    bottom = line * sheet.values.shape[0]
    every = max(1, int(np.ceil(11 / column)))
    for place, token in enumerate(sheet.columns):
        if place % every:
            continue
        x = column * (place + 0.5)
        if _slanted(sheet):
            at = f"translate({x + 3:g} {bottom + 10:g}) rotate(-55)"
            texts.append(
                f'<g transform="{at}" text-anchor="end">{ink.text(0, 0, ink.short(token))}</g>'
            )
        else:
            texts.append(ink.text(x, bottom + 14, ink.short(token), middle=True))
    return "".join(texts)
