"""Where the matrices of a still picture stand: the sizes and lines of `sheetgrid.js`, in Python.

Both follow from the numbers of rows and columns, the tokens and the width, so that a saved picture
looks as the player's does; a test holds one against the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqviz.player import ink

Values = NDArray[np.float64]

PRINTED = 8
WIDEST, DECIMALS, NARROW, TALL_LINE, LOW_LINE = 36.0, 31.0, 29.0, 22.0, 18.0
HEAT_TALL, HEAT_LEAST, HEAT_MOST, HEAT_KEYS = 248.0, 3.5, 16.0, 18.0
FEATURES, FEATURE_MOST, FEATURES_LEAST, FEATURE_WIDE = 100.0, 12.0, 72.0, 18.0
FEATURES_FEW, LINES_ENOUGH = 4, 2
TOP, BOTTOM, GAP, JOIN, SUM, LINE_GAP = 42.0, 16.0, 26.0, 12.0, 38.0, 10.0
WORD_MOST, CAPTION_GAP, LABEL_AGAIN = 150.0, 10.0, 700.0
WORD_LETTER, SHEET_LETTER, LABEL_ROOM, LABEL_MOST = 6.2, 1.12, 10.0, 84.0
AXIS_LEAST = {"query": 60.0, "key": 52.0, "class": 72.0}
SLANT_MOST, SLANT_RISE = 58.0, 0.82


class Look(NamedTuple):
    """How roomy the sheets are, how wide a feature is where features are colour alone, and the
    least width of a number."""

    factor: float
    feature: float | None = None
    least: float = NARROW

    @property
    def number(self) -> float:
        """How wide the cell of a printed number is."""
        return max(self.least, WIDEST * self.factor)


LOOKS = (
    *map(Look, (1, 0.94, 0.88, 0.82)),
    *(Look(0.8, wide) for wide in (12.0, 11.0, 10.0, 9.0)),
    *(Look(0.68, 9.0, least) for least in (27.0, 26.0, 25.0, 24.5)),
)


@dataclass(frozen=True)
class Sheet:
    """One matrix to draw: its node of the layout, its tensor, its values and what is hatched.

    `rows` and `columns` are the tokens beside it, () where there are none; `end` is what the
    darkest shade stands for.
    """

    node: Mapping[str, Any]
    tensor: Mapping[str, Any]
    values: Values
    allowed: Values | None
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    end: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.values.shape
        return height, width


@dataclass(frozen=True)
class Placed:
    """Where a sheet stands: x and y are the corner of its cells, `left` where it begins."""

    sheet: Sheet
    cell: float
    line: float
    printed: bool
    slanted: bool
    labels: float
    below: float
    word: str
    join: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    left: float = 0.0
    labelled: bool = False
    first: bool = False


class Lines(NamedTuple):
    """Sheets in lines: how many, the line of the weights (0 without), where the last one ends."""

    look: Look
    placed: list[Placed]
    lines: int
    weights: int
    bottom: float


def word_width(word: str) -> float:
    """About how wide a word is; a letter of East Asia takes the room of two."""
    return sum((2 if letter > "\u1100" else 1) * WORD_LETTER for letter in word)


def place_sheets(
    sheets: list[Sheet], words: Mapping[str, str], width: float
) -> tuple[list[Placed], float]:
    """The places of all sheets in lines no wider than `width`, and where the last line ends."""
    best = _in_lines(sheets, words, width, LOOKS[0])
    for look in LOOKS[1:]:
        if look.feature is not None and best.lines <= LINES_ENOUGH:
            break
        tight = look.least < NARROW
        if tight and (best.weights <= LINES_ENOUGH or best.look.number > DECIMALS):
            break
        found = _in_lines(sheets, words, width, look)
        if _better(found, best):
            best = found
    return best.placed, best.bottom


def _better(found: Lines, best: Lines) -> bool:
    """Fewer lines, or the weights in an earlier one where that costs no decimal."""
    if found.lines != best.lines:
        return found.lines < best.lines
    free = found.look.number > DECIMALS or best.look.number <= DECIMALS
    return found.weights < best.weights and free


def _in_lines(sheets: list[Sheet], words: Mapping[str, str], width: float, look: Look) -> Lines:
    line = _line(sheets, look)
    keys = max((len(s.columns) for s in sheets if s.node["columns"] == "key"), default=1)
    sized = [_measured(sheet, words, look, line, keys) for sheet in sheets]
    gutter = max((one.labels for one in sized), default=0.0)
    placed: list[Placed] = []
    x = y = tallest = label_end = caption = 0.0
    lines, weights, named = 1, 0, ""
    for one in sized:
        extra = SUM if one.sheet.node["sum"] else 0.0
        wide = min(one.width, width - gutter - extra)
        tokens = "\n".join(one.sheet.rows)
        again = named != tokens or x - label_end > LABEL_AGAIN
        beside = word_width(one.join) + JOIN if one.join else GAP
        beside += one.labels if tokens and again else 0.0
        called = min(word_width(one.word), WORD_MOST)
        following = max(x + beside, caption)
        first = x == 0 or following + max(wide + extra, called) > width
        if x > 0 and first:
            x, y, lines, tallest = 0.0, y + tallest, lines + 1, 0.0
        if one.sheet.node["sum"]:
            weights = lines
        at, labelled = gutter if first else following, bool(tokens) and (first or again)
        cell = wide / one.sheet.shape[1]
        spot = replace(one, x=at, y=y + TOP, left=x, labelled=labelled, first=first)
        placed.append(replace(spot, width=wide, cell=cell))
        tallest = max(tallest, TOP + one.height + one.below + LINE_GAP)
        x, caption = at + wide + extra + 8, at + called + CAPTION_GAP
        if labelled:
            named, label_end = tokens, at
    return Lines(look, placed, lines, weights, y + tallest)


def _line(sheets: list[Sheet], look: Look) -> float:
    rows = max([1, *(s.shape[0] for s in sheets if s.node["rows"] != "none")])
    if rows <= PRINTED:
        return TALL_LINE if look.feature is None else LOW_LINE
    return max(HEAT_LEAST, min(HEAT_MOST, HEAT_TALL / rows)) * look.factor


def _measured(sheet: Sheet, words: Mapping[str, str], look: Look, line: float, keys: int) -> Placed:
    """What does not depend on where a sheet stands."""
    printed, cell = _sized(sheet, look, keys)
    height, width = sheet.shape
    slanted = bool(sheet.columns) and _crowded(sheet.columns, cell)
    least = AXIS_LEAST.get("class" if sheet.node["columns"] == "class" else sheet.node["rows"], 0.0)
    below = (_rise(sheet.columns) if slanted else BOTTOM) if sheet.columns else 4.0
    join = sheet.node["join"]
    return Placed(
        sheet, cell, line, printed, slanted,
        labels=max(least, _tokens_width(sheet.rows, LABEL_MOST)) if sheet.rows else 0.0,
        below=below,
        word=words.get(sheet.node["label"], sheet.node["label"]),
        join=words.get(join, join) if join else "",
        width=cell * width,
        height=line * height,
    )  # fmt: skip


def _sized(sheet: Sheet, look: Look, keys: int) -> tuple[bool, float]:
    """Whether a sheet prints its numbers, and how wide a cell is."""
    height, width = sheet.shape
    features = sheet.node["columns"] == "feature"
    colour = look.feature is not None and features and width > FEATURES_FEW
    if not colour and height <= PRINTED and width <= PRINTED:
        return True, look.number
    if sheet.node["columns"] == "key":
        few = keys <= PRINTED
        heat = max(HEAT_LEAST, min(HEAT_KEYS, HEAT_TALL / keys)) * look.factor
        return False, look.number if few else heat
    cell = max(2.0, min(look.feature or FEATURE_MOST, FEATURES / width))
    small = width * cell < FEATURES_LEAST
    return False, max(cell, min(FEATURE_WIDE, FEATURES_LEAST / width)) if small else cell


def _crowded(columns: tuple[str, ...], cell: float) -> bool:
    """Whether tokens that stand beside one another under their columns would touch."""
    widths = [word_width(ink.visible(token)) * SHEET_LETTER for token in columns]
    wide = any(width > cell + 6 for width in widths)
    return wide or any((one + other) / 2 + 3 > cell for one, other in pairwise(widths))


def _tokens_width(tokens: tuple[str, ...], most: float) -> float:
    longest = max((word_width(ink.visible(token)) for token in tokens), default=0.0)
    return min(most, longest * SHEET_LETTER + LABEL_ROOM)


def _rise(columns: tuple[str, ...]) -> float:
    """How far slanted tokens reach below the cells."""
    return _tokens_width(columns, SLANT_MOST) * SLANT_RISE + 12
