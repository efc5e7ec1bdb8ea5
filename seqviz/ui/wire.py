"""The pictures' own way from a page that runs to its browser.

What a page draws reaches its reader through Streamlit's frontend, which first works in everything
else that changed. A picture that goes this way is on the screen before that, and the page's own
element only says which picture it stands for. The browser opens the way with its first picture;
until then, and where it cannot be opened, pictures go with the page's other elements.
"""

import asyncio
import json
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

PATH = "seqviz/wire/{reader}"
NAMED = re.compile(r"[0-9a-f]{16}")
SENT_WITHIN_S = 0.05


def packed(data: Mapping[str, Any]) -> bytes:
    """Data for the browser as JSON.

    Of anything but bytes Streamlit asks pandas, half a second to import, whether it is a table.
    """
    return json.dumps(data, separators=(",", ":")).encode("ascii")


@dataclass
class Wire:
    """An open way to one reader's page, and what waits to be sent there."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    waiting: asyncio.Queue[tuple[bytes, threading.Event]] = field(default_factory=asyncio.Queue)

    def send(self, message: bytes) -> bool:
        """Send now, from a script's thread; False if the server is gone.

        It lets go of the interpreter's lock until the message is on its way: a script that goes on
        would keep it for some milliseconds more.
        """
        sent = threading.Event()
        try:
            self.loop.call_soon_threadsafe(self.waiting.put_nowait, (message, sent))
        except RuntimeError:
            return False
        sent.wait(SENT_WITHIN_S)
        return True


OPEN: dict[str, Wire] = {}


@dataclass(frozen=True)
class Sent:
    """The last picture of a place: its number, its content, and whether it went ahead."""

    turn: int = 0
    content: str = ""
    ahead: bool = False


@dataclass
class Pictures:
    """The pictures of one reader's page, by their place on it; `reader` names the page's wire."""

    reader: str = field(default_factory=lambda: token_hex(8))
    sent: dict[str, Sent] = field(default_factory=dict)

    def note(self, place: str, picture: Mapping[str, Any]) -> bytes:
        """What the page's element says: which picture it is and, unless it went ahead, all of it.

        The same picture again is the same note, so that nothing happens in the browser.
        """
        body = packed(picture)
        content = sha256(body).hexdigest()
        last = self.sent.get(place, Sent())
        new = content != last.content
        turn = last.turn + new
        head = {"reader": self.reader, "place": place, "turn": turn}
        whole = packed(head)[:-1] + b',"picture":' + body + b"}"
        ahead = self._ahead(last, whole) if new else last.ahead
        self.sent[place] = Sent(turn, content, ahead)
        return packed(head) if ahead else whole

    def missed(self, place: str) -> None:
        """The browser never got what went ahead: the wire is dead, and the picture goes again."""
        OPEN.pop(self.reader, None)
        self.sent[place] = Sent(self.sent.get(place, Sent()).turn)

    def _ahead(self, last: Sent, message: bytes) -> bool:
        wire = OPEN.get(self.reader)
        return bool(last.content) and wire is not None and wire.send(message)


def routes() -> list[WebSocketRoute]:
    """What `st.App` has to serve for the wires."""
    return [WebSocketRoute(f"/{PATH}", _serve)]


async def _serve(socket: WebSocket) -> None:
    """Keep a reader's wire open until the browser leaves; nothing is read from it."""
    reader = socket.path_params["reader"]
    if not NAMED.fullmatch(reader):
        await socket.close()
        return
    await socket.accept()
    wire = OPEN[reader] = Wire()
    sending = asyncio.create_task(_send(socket, wire))
    try:
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
    finally:
        sending.cancel()
        if OPEN.get(reader) is wire:
            del OPEN[reader]


async def _send(socket: WebSocket, wire: Wire) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):
        while True:
            message, sent = await wire.waiting.get()
            await socket.send_bytes(message)
            sent.set()
