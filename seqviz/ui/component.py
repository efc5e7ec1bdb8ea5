"""What runs in the browser beside Streamlit: the player, the address, the Share field.

Streamlit sends a component's program again with every change of its data, so the player's
program and its words are not sent but served: the component is a few lines that import them from
this server, under a name that changes with their content, and the browser keeps them.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from seqviz import player as program
from seqviz import text
from seqviz.ui import wire
from seqviz.ui.wire import Pictures, packed

HERE = Path(__file__).resolve().parent
PATH = "seqviz/player.js"

SHIM = """
const address = new URL("%s", document.baseURI);
const { default: mount, styles, words, followPlace } = await import(address);
const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

export default function (component) {
  const root = component.parentElement.getRootNode();
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  return followPlace(component, mount, read);
}

function read(bytes) {
  const note = JSON.parse(new TextDecoder().decode(bytes));
  if (note.picture) note.picture.words = words[note.picture.options.language];
  return note;
}
"""

PRELOAD = """
import(new URL("%s", document.baseURI));

export default function () {}
"""


@cache
def module() -> str:
    """The player's program, its styles, its words in every language and its wire as one module."""
    words = {language: dict(text.player_words(language)) for language in text.LANGUAGES}
    parts = {"styles": program.css(), "words": words}
    said = [f"export const {name} = {json.dumps(part)};" for name, part in parts.items()]
    return "\n".join([program.bundle(), _read("wire.js"), *said, ""])


@cache
def _address() -> str:
    """Where the module is, under the name of its content."""
    return f"{PATH}?{sha256(module().encode()).hexdigest()[:16]}"


def routes() -> list[BaseRoute]:
    """What `st.App` has to serve for the components."""
    return [Route(f"/{PATH}", _serve), *wire.routes()]


def preload() -> None:
    """Have the browser load the player before there is anything to show in it."""
    _component("preload", PRELOAD % _address())(key="seqviz-preload")


def player(
    scene: Mapping[str, Any], options: Mapping[str, Any], pictures: Pictures, key: str = "player"
) -> None:
    """Show a scene in the player; one that is already there keeps its step and its pins.

    `options` name the reader's language, in which the served words speak.
    """
    note = pictures.note(key, {"scene": scene, "options": options})
    _component("player", SHIM % _address())(
        data=note, key=key, on_missed_change=partial(pictures.missed, key)
    )


def host(language: str, values: Sequence[tuple[str, str]], session: str) -> None:
    """Tell the browser the page's language, and write its state into the address.

    `session` names the server's memory of this visit. When it changes under an open page the
    server has been lost, and the page opens again from its address, which is still right.
    """
    pairs = [list(pair) for pair in values]
    data = {"language": language, "values": pairs, "session": session}
    _component("host", _read("host.js"))(data=packed(data), key="seqviz-host")


def share(words: Mapping[str, str], page: str, base: str) -> None:
    """A field with the link to what is on the screen, and a button that copies it.

    `base` is the address by which others reach this server; empty for the reader's own.
    """
    data = {"page": page, "base": base, "words": dict(words)}
    _component("share", _read("share.js"), _read("share.css"))(
        data=packed(data), key="seqviz-share"
    )


def _component(name: str, js: str, css: str | None = None) -> Any:
    return st.components.v2.component(f"seqviz-{name}", js=js, css=css)


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text("utf-8")


async def _serve(request: Request) -> Response:
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(module(), media_type="text/javascript", headers=headers)
