"""One file with everything in it: the player, its styles, the scene and the words.

The file asks nobody for anything (its own security policy forbids every request), follows the
reader's light or dark, and shows a still picture where scripts do not run. A notebook gets the same
file inside a sandboxed frame. A frame in a sandbox has no address and cannot learn from outside
whether its scripts ran, so the still picture is put in two places: inside the frame as `<noscript>`
(scripts forbidden) and, folded away, beside it (frames forbidden, as on sites that show notebooks).
"""

import base64
import json
import math
from collections.abc import Mapping
from html import escape
from typing import Any

from seqviz import player
from seqviz.player.still import sheets_height, still_svg
from seqviz.text import player_words

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
PAGE_CSS = """
:root { color-scheme: light dark; }
body { margin: 0 auto; padding: 12px; max-width: 1280px; color: #1b1f24; background: #ffffff;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Apple SD Gothic Neo",
  "Malgun Gothic", "Noto Sans KR", sans-serif; }
h1 { font-size: 20px; line-height: 1.3; margin: 4px 2px 12px; overflow-wrap: anywhere; }
noscript svg { max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { body { color: #e8eaed; background: #14171c; } }
"""
START = """
const page = document.getElementById("seqviz");
mount(page, JSON.parse(document.getElementById("seqviz-payload").textContent));
"""
FRAME_STYLE = "width:100%;border:0;resize:vertical;overflow:auto;display:block"
LEAST_PICTURE = 380
AROUND_PICTURE = 490
GRADIENT_STRIP = 180
HEAD_MAPS = 200


def to_html(scene: Any, words: Mapping[str, str], language: str, title: str) -> str:
    """The scene as one HTML file that plays offline. `scene` is a Scene or its JSON.

    `words` override the player's own in that language; others are left out of the file.
    """
    words = _player_words(words, language)
    options = {"host": "html", "address": True, "downloads": True, "autoplay": True}
    return _document(scene, words, language, title, options)


def notebook_html(scene: Any, words: Mapping[str, str], language: str, title: str) -> str:
    """The scene as a sandboxed frame for a notebook's output, with the still picture beside it."""
    words = _player_words(words, language)
    options = {"host": "notebook", "address": False, "downloads": False, "autoplay": False}
    page = _document(scene, words, language, title, options)
    picture = base64.b64encode(still_svg(scene, words).encode("utf-8")).decode("ascii")
    summary = escape(words.get("player.still", "player.still"))
    return (
        f'<iframe sandbox="allow-scripts" title="{escape(title)}" srcdoc="{escape(page)}" '
        f'style="{FRAME_STYLE};height:{frame_height(scene)}px"></iframe>'
        f"<details><summary>{summary}</summary>"
        f'<img alt="{escape(title)}" style="max-width:100%" '
        f'src="data:image/svg+xml;base64,{picture}"></details>'
    )


def frame_height(scene: Any) -> int:
    """Pixels at which a frame as wide as a notebook shows nearly everything without scrolling.

    A page outside cannot ask a sandboxed frame for its height without scripts of its own, so it
    follows from the layout; the reader can drag the frame's corner, and a narrow frame scrolls.
    """
    plain = player.scene_json(scene)
    picture = max(LEAST_PICTURE, round(plain["layout"]["height"]), round(sheets_height(scene)))
    picture += HEAD_MAPS if plain["facts"].get("maps") else 0
    return picture + AROUND_PICTURE + (GRADIENT_STRIP if plain["gradient"] else 0)


def embedded_json(data: Any) -> str:
    """JSON that means the same inside `<script>`: no character that HTML could read as its own."""
    text = json.dumps(_finite(data), separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _finite(data: Any) -> Any:
    """Plain data with None for what JSON has no number for."""
    if isinstance(data, Mapping):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data


def _player_words(words: Mapping[str, str], language: str) -> dict[str, str]:
    return {key: words.get(key, own) for key, own in player_words(language).items()}


def _document(
    scene: Any,
    words: Mapping[str, str],
    language: str,
    title: str,
    options: Mapping[str, Any],
) -> str:
    data = player.payload(scene, words, {**options, "language": language})
    heading = f"<h1>{escape(title)}</h1>\n" if options["host"] == "html" else ""
    return f"""<!doctype html>
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{PAGE_CSS}{player.css()}</style>
</head>
<body>
{heading}<main id="seqviz"></main>
<noscript>{still_svg(scene, words)}</noscript>
<script type="application/json" id="seqviz-payload">{embedded_json(data)}</script>
<script>(() => {{
"use strict";
{player.script("player.js")}{START}}})();</script>
</body>
</html>
"""
