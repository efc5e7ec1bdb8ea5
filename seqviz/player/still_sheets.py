"""The matrices of attention as a still picture: stage by stage, the first head of several.

Rows are queries (or keys), columns are keys (or features). What may not be looked at is hatched.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqviz.player import ink
from seqviz.player.still_grid import Placed, Sheet, Values, place_sheets, word_width

HATCH = (
    '<pattern id="seqviz-masked" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<path d="M0 5L5 0" stroke="#1b1f24" stroke-opacity="0.25"/></pattern>'
)
CAPTION, WORD = 28, 12
ROW_LETTER, ROW_LINE, COLUMN_LINE = 6.4, 12, 13
SHORT_LETTER, SLANTED_MOST, UPRIGHT_MOST = 6.3, 9, 12
GLYPHS = {"−": 0.84, ".": 0.32, "-": 0.37, "+": 0.84, "e": 0.62}
DIGIT, APART, NARROW_BELOW = 0.64, 2, 35
LARGE, POWERS = 99.95, 9999.5


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
        allowed = known.get(str(node.get("hatch")))
        fits = {"class": classes if len(classes) == values.shape[1] else (), "key": tokens["key"]}
        rows, columns = tokens.get(node["rows"], ()), fits.get(node["columns"], ())
        found.append(Sheet(node, tensors[node["tensor"]], values, allowed, rows, columns))
    return _scaled(found, known)


def _scaled(sheets: list[Sheet], known: Mapping[str, Values]) -> list[Sheet]:
    """One scale for all heads of a sheet; a mask changes no number, so it keeps the scale."""
    ended: list[Sheet] = []
    for sheet in sheets:
        names = sheet.node.get("heads", [sheet.node["tensor"]])
        end = max(ink.largest(sheet.tensor, known[name]) for name in names if name in known)
        masked = sheet.tensor["operation"]["name"] == "mask"
        ended.append(replace(sheet, end=ended[-1].end if masked else end))
    return ended


def _is_score(sheet: Sheet) -> bool:
    axes = (sheet.node["rows"], sheet.node["columns"])
    return axes == ("query", "key") and sheet.tensor["scale"] == "signed"


def draw_sheets(sheets: list[Sheet], words: Mapping[str, str], width: float) -> tuple[str, float]:
    """The sheets in lines no wider than `width`, and where the last line ends."""
    placed, bottom = place_sheets(sheets, words, width - 2 * ink.MARGIN)
    together = any("row" in sheet.node for sheet in sheets)
    drawn = "".join(_sheet(one, words, together) for one in placed)
    at = f"translate({ink.MARGIN:g} {ink.HEAD:g})"
    return f'<g transform="{at}">{drawn}</g>', bottom + ink.HEAD


def _sheet(placed: Placed, words: Mapping[str, str], together: bool) -> str:
    """Caption, cells, numbers or heat, hatching and tokens of one sheet."""
    sheet, x, y = placed.sheet, placed.x, placed.y
    hue = ink.ROLES.get(sheet.tensor["role"], ink.PLAIN)
    open_ = np.ones_like(sheet.values) if sheet.allowed is None else sheet.allowed
    shown = np.where((open_ != 0) & np.isfinite(sheet.values), sheet.values, 0.0)
    box = (placed.width, placed.height)
    cells = ink.heat(shown, open_ != 0, sheet.end, hue, box)
    hatch = (
        f'<rect width="{box[0]:g}" height="{box[1]:g}" fill="url(#seqviz-masked)"/>'
        if (open_ == 0).any()
        else ""
    )
    numbers = _numbers(placed, open_ != 0, hue) if placed.printed else ""
    frame = (
        f'<rect width="{box[0]:g}" height="{box[1]:g}" fill="none" '
        'stroke="#1b1f24" stroke-opacity="0.25"/>'
    )
    caption = ink.symbol(x, y - CAPTION, sheet.tensor["symbol"], 17, ink.deep(hue))
    inside = f"{hatch}{cells}{numbers}{frame}{_columns(placed)}"
    return (
        f"{caption}{ink.text(x, y - WORD, placed.word)}{_ink(placed, words)}{_joined(placed)}"
        f'<g transform="translate({x:g} {y:g})">{inside}</g>{_rows(placed, words, together)}'
    )


def _ink(placed: Placed, words: Mapping[str, str]) -> str:
    """What full colour stands for, where scores are colour alone."""
    if placed.printed or not _is_score(placed.sheet):
        return ""
    end = placed.sheet.end
    said = words.get("sheet.ink", "±{x}").format(x=f"{end:#.3g}" if end < 100 else f"{end:.0f}")
    text = ink.text(placed.x + placed.width, placed.y - CAPTION, said, size=10)
    return f'<g text-anchor="end">{text}</g>'


def _joined(placed: Placed) -> str:
    """The operation that leads here, over an arrow before the cells or in the gutter of a line."""
    if not placed.join:
        return ""
    to = placed.x - 12 if placed.first else placed.x - 6
    to -= placed.labels if placed.labelled and not placed.first else 0
    start = 0.0 if placed.first else max(placed.left + 4, to - word_width(placed.join) - 8)
    at = placed.y - CAPTION + 7 if placed.first else placed.y + placed.height / 2
    middle = not placed.first
    over = (start + to) / 2 if middle else 0.0
    label = ink.symbol(over, at - 7, placed.join, 11, ink.INK, weight=400, middle=middle)
    arrow = f"M{start:g} {at:g}H{to:g}m-4 -3.5l4 3.5l-4 3.5"
    return f'{label}<path d="{arrow}" fill="none" stroke="#5a606a"/>'


def _numbers(placed: Placed, shown: NDArray[np.bool_], hue: tuple[int, int, int]) -> str:
    sheet, cell, line = placed.sheet, placed.cell, placed.line
    size, spacing = _font(cell)
    decimals = decimals_for(sheet.tensor["scale"], cell)
    texts = []
    for (row, place), value in np.ndenumerate(sheet.values):
        if shown[row, place]:
            fill = ink.readable(float(value), sheet.end, hue)
            at = (cell * (place + 0.5), line * (row + 0.5) + 4)
            text = number_in(float(value), cell, decimals)
            texts.append(ink.text(*at, text, size=size, fill=fill, middle=True))
    numbers = f'<g letter-spacing="{spacing:g}">{"".join(texts)}</g>'
    if not sheet.node["sum"]:
        return numbers
    sums = np.where(shown, sheet.values, 0.0).sum(axis=1)
    told = [ink.text(placed.width + 8, -6, "Σ")]
    for row, total in enumerate(sums):
        told.append(ink.text(placed.width + 8, line * (row + 0.5) + 4, ink.number(float(total))))
    return numbers + "".join(told)


def _font(cell: float) -> tuple[float, float]:
    """Size and letter spacing of the numbers in cells of this width."""
    return (9.5, -0.2) if cell < NARROW_BELOW else (11, 0)


def _fits(text: str, cell: float) -> bool:
    size, spacing = _font(cell)
    return sum(size * GLYPHS.get(letter, DIGIT) + spacing for letter in text) + APART <= cell


def decimals_for(scale: str, cell: float) -> int:
    """How many decimals all numbers of a sheet have room for; shares of a whole have no minus."""
    return 2 if _fits("0.00" if scale == "unit" else "−0.00", cell) else 1


def number_in(value: float, cell: float, decimals: int) -> str:
    """A number in a cell, shorter where it is large; "" where no form of it fits."""
    size = abs(value)
    plain = decimals == 2 or not size < LARGE
    forms = [ink.number(value) if plain else _rounded(value, 1)]
    if size < POWERS:
        forms += [_rounded(value, 1), _rounded(value, 0)]
    return next((text for text in forms if _fits(text, cell)), "")


def _rounded(value: float, decimals: int) -> str:
    printed = f"{value:.{decimals}f}"
    return printed.replace("-", "" if float(printed) == 0 else "−")


def _rows(placed: Placed, words: Mapping[str, str], together: bool) -> str:
    """The tokens of the rows, as many as fit, and what rows and columns are."""
    sheet, columns, texts = placed.sheet, placed.sheet.node["columns"], []
    if columns != "feature" and (placed.labelled or (placed.join and columns == "class")):
        along = words.get(f"sheet.axis_{columns}", "")
        texts.append(ink.text(placed.x - 7, placed.y + placed.height + 14, along, size=10))
    if placed.labelled:
        own = "tokens" if together and "row" in sheet.node else None
        axis = {"query": "query", "key": "keys"}.get(sheet.node["rows"], "")
        named = words.get(f"sheet.axis_{own or axis}", "")
        texts += [ink.text(placed.x - 7, placed.y - 7, named, size=10), *_tokens(placed)]
    return f'<g text-anchor="end">{"".join(texts)}</g>' if texts else ""


def _tokens(placed: Placed) -> list[str]:
    every = math.ceil(ROW_LINE / placed.line)
    most = int((placed.labels - 4) / ROW_LETTER)
    return [
        ink.text(placed.x - 7, placed.y + placed.line * (row + 0.5) + 4, _short(token, most))
        for row, token in enumerate(placed.sheet.rows[: placed.sheet.shape[0]])
        if row % every == 0
    ]


def _columns(placed: Placed) -> str:
    """The tokens under the columns, slanted where they would touch."""
    cell, bottom = placed.cell, placed.height
    every = math.ceil((COLUMN_LINE if placed.slanted else 1) / cell)
    texts = []
    for place, token in enumerate(placed.sheet.columns[: placed.sheet.shape[1]]):
        x = cell * (place + 0.5)
        if place % every:
            continue
        if not placed.slanted:
            short = _short(token, UPRIGHT_MOST)
            texts.append(ink.text(x, bottom + 14, short, middle=True))
            continue
        at = f"translate({x + 4:g} {bottom + 10:g}) rotate(-55)"
        short = _short(token, SLANTED_MOST)
        texts.append(f'<g transform="{at}" text-anchor="end">{ink.text(0, 0, short)}</g>')
    return "".join(texts)


def _short(token: str, most: int) -> str:
    """A visible token in at most so many letters' width."""
    seen = ink.visible(token)
    if word_width(seen) <= most * SHORT_LETTER:
        return seen
    kept = ""
    for letter in seen:
        if word_width(f"{kept}{letter}…") > most * SHORT_LETTER:
            break
        kept += letter
    return f"{kept}…"
