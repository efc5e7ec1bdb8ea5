"""A scene as a still picture: every heat strip over time, or every matrix, with its tokens.

For places where scripts do not run. Hue is the role, lightness the size; what is negative is slate,
and hatched where no number with its minus sign is printed.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from seqviz import player
from seqviz.hues import RGB
from seqviz.player import ink
from seqviz.player.ink import Values
from seqviz.player.still_plane import draw_plane
from seqviz.player.still_sheets import HATCH, draw_sheets, sheets_of

Strips = list[tuple[Mapping[str, Any], Values]]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans KR', sans-serif"
WIDTH = 960
GAP = 30
COLUMN = (1.0, 70.0)
ROW = (3.0, 20.0)
STRIP = (280.0, 160.0)
PRINTED = 30.0
LETTER = 7.0
BELOW = 44


def sheets_height(scene: Any) -> float:
    """How tall the matrices of a scene stand in lines; 0 where it has none."""
    plain = player.scene_json(scene)
    sheets = sheets_of(plain, _Known(scene, plain))
    return draw_sheets(sheets, {}, WIDTH)[1] if sheets else 0.0


def still_svg(scene: Any, words: Mapping[str, str]) -> str:
    """The picture as one SVG element. `scene` is a Scene or its JSON (strips it sent)."""
    plain = player.scene_json(scene)
    strips = [(tensor, values) for tensor, values in _panels(scene, plain) if values.ndim == 2]
    tokens = [ink.visible(token) for token in plain["sequence"]["inputs"]]
    scales = _scales(strips, plain.get("tracks", ()))
    sheets = sheets_of(plain, _Known(scene, plain))
    plane = draw_plane(plain, _Known(scene, plain), words)
    if plane is not None:
        drawn, bottom = [plane[0]], plane[1]
    elif sheets:
        picture, bottom = draw_sheets(sheets, words, WIDTH)
        drawn = [picture]
    else:
        drawn, bottom = _arrange(strips, tokens, words, scales)
    body = "".join(
        [
            f'<rect width="{WIDTH}" height="{bottom:.0f}" fill="#ffffff"/>',
            ink.text(ink.MARGIN, 30, plain["title"], size=18, weight=600),
            *drawn,
        ]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom:.0f}" '
        f'viewBox="0 0 {WIDTH} {bottom:.0f}" font-family="{FONT}" fill="{ink.INK}" role="img">'
        f"<title>{ink.safe(plain['title'])}</title>"
        '<defs><pattern id="seqviz-negative" width="5" height="5" patternUnits="userSpaceOnUse">'
        f'<path d="M0 5L5 0" stroke="#ffffff" stroke-opacity="0.75"/></pattern>{HATCH}</defs>'
        f"{body}</svg>"
    )


class _Known(Mapping[str, Values]):
    """The values of a scene by tensor: the scene's own, or those that its JSON sent."""

    def __init__(self, scene: Any, plain: Mapping[str, Any]) -> None:
        self.own = getattr(scene, "by_name", {})
        self.tensors = {tensor["name"]: tensor for tensor in plain["tensors"]}
        self.floats = np.frombuffer(base64.b64decode(plain["floats"]), "<f4").astype(np.float64)

    def __getitem__(self, name: str) -> Values:
        if name in self.own:
            return np.asarray(self.own[name].values, dtype=np.float64)
        tensor = self.tensors[name]
        if tensor["at"] is None:
            raise KeyError(name)
        size = int(np.prod(tensor["shape"]))
        values = self.floats[tensor["at"] :][:size].reshape(tensor["shape"])
        powers = np.array(tensor.get("powers", 0)).reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(np.ldexp(values, powers) if values.ndim else values)

    def __iter__(self) -> Iterator[str]:
        names = (name for name, tensor in self.tensors.items() if tensor["at"] is not None)
        return iter(dict.fromkeys([*self.own, *names]))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _panels(scene: Any, plain: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Values]]:
    """Each panel's tensor and its values, where they are known."""
    known = _Known(scene, plain)
    for name in plain["panels"]:
        if name in known:
            yield known.tensors[name], known[name]


def _scales(strips: Strips, tracks: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """What the darkest shade of each strip stands for: the largest of all that is on one scale."""
    own = {tensor["name"]: ink.largest(tensor, values) for tensor, values in strips}
    shared = dict(own)
    for track in tracks:
        names = [name for name in track["tensors"] if name in own]
        together = [own[name] for name in (*names, *track.get("beside", ())) if name in own]
        shared |= dict.fromkeys(names, max(together, default=1.0))
    return shared


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
    x, y, tallest = float(ink.MARGIN), float(ink.HEAD), 0.0
    for tensor, values in strips:
        column = float(np.clip(STRIP[0] / len(values), *COLUMN))
        row = float(np.clip(STRIP[1] / values.shape[1], *ROW))
        width, height = column * len(values), row * values.shape[1]
        if x > ink.MARGIN and x + width > WIDTH - ink.MARGIN:
            x, y, tallest = float(ink.MARGIN), y + tallest + BELOW + 20, 0.0
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
    hue = ink.ROLES.get(role, ink.PLAIN)
    printed = column >= PRINTED
    cells, negative = ink.cells(values, largest, hue, column, row)
    caption = ink.text(x, y - 8, called, size=13, fill=ink.deep(hue))
    border = (
        f'<rect width="{column * steps:g}" height="{row * units:g}" fill="none" '
        'stroke="#1b1f24" stroke-opacity="0.25"/>'
    )
    hatch = f'<path d="{negative}" fill="url(#seqviz-negative)"/>' if negative else ""
    over = _numbers(values, largest, hue, column, row) if printed else hatch
    under = _tokens(tokens, column, row * units + 16)
    place_at = f'<g transform="translate({x:g} {y:g})">'
    return f"{caption}{place_at}{cells}{over}{border}{under}</g>"


def _numbers(values: Values, largest: float, hue: RGB, column: float, row: float) -> str:
    texts = []
    for t in range(values.shape[0]):
        for unit in range(values.shape[1]):
            fill = ink.readable(float(values[t, unit]), largest, hue)
            x, y = column * (t + 0.5), row * (unit + 0.5) + 4
            text = ink.number(float(values[t, unit]))
            texts.append(ink.text(x, y, text, size=11, fill=fill, middle=True))
    return "".join(texts)


def _tokens(tokens: list[str], column: float, y: float) -> str:
    """As many tokens under the strip as fit without touching."""
    short = [token if len(token) <= 6 else f"{token[:5]}…" for token in tokens]
    widest = LETTER * max(map(len, short), default=1) + 4
    every = max(1, int(np.ceil(widest / column)))
    return "".join(
        ink.text(column * (t + 0.5), y, token, middle=True)
        for t, token in enumerate(short)
        if t % every == 0
    )
