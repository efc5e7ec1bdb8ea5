"""A visitor without a browser: speaks Streamlit's websocket messages, as many as are needed."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

BIGGEST = 64 * 1024 * 1024


@dataclass
class Visitor:
    """One open page. `await visitor.change(seed=3)` moves a control and waits for the answer.

    With its wire open, as a browser opens it, pictures come over that; `pictured` is how long the
    last one took, in milliseconds.
    """

    url: str
    page: str
    query: str = ""
    socket: ClientConnection | None = None
    widgets: dict[str, tuple[str, str]] = field(default_factory=dict)
    values: dict[str, float | str | bool] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    received: int = 0
    biggest: bytes = b""
    reader: str = ""
    turn: int = 0
    wire: ClientConnection | None = None
    pictured: float = 0.0

    async def __aenter__(self) -> Self:
        where = urlsplit(self.url)
        self.socket = await connect(
            f"ws://{where.netloc}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=BIGGEST,
            origin=self.url,  # type: ignore[arg-type]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.socket is not None
        if self.wire is not None:
            await self.wire.close()
        await self.socket.close()

    async def open_wire(self) -> None:
        """Open the pictures' own way, once the page is there."""
        where = urlsplit(self.url)
        self.wire = await connect(
            f"ws://{where.netloc}/seqviz/wire/{self.reader}", max_size=BIGGEST
        )

    async def change(self, **controls: float | str | bool) -> float:
        """Milliseconds from sending the new values to the end of the script's answer."""
        self.values.update(controls)
        turn, start = self.turn, time.perf_counter()
        picture = asyncio.create_task(self._picture(start))
        await self._send()
        await self._answer()
        took = self.pictured = 1e3 * (time.perf_counter() - start)
        if self.turn == turn:
            picture.cancel()
        else:
            self.pictured = await picture or took
        return took

    async def _picture(self, start: float) -> float | None:
        """Milliseconds until the next picture came ahead of the page; None where none does."""
        if self.wire is None:
            return None
        await self.wire.recv()
        return 1e3 * (time.perf_counter() - start)

    async def _send(self) -> None:
        assert self.socket is not None
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = self.page
        message.rerun_script.context_info.url = f"{self.url}/{self.page}?{self.query}"
        message.rerun_script.context_info.locale = "en-US"
        for key, value in self.values.items():
            if key not in self.widgets:
                raise RuntimeError(f"expected one of the widgets {list(self.widgets)}, got {key}")
            state = message.rerun_script.widget_states.widgets.add()
            state.id, kind = self.widgets[key]
            if kind == "slider":
                state.double_array_value.data.append(float(value))
            elif kind == "number_input":
                state.double_value = float(value)
            elif isinstance(value, bool):
                state.bool_value = value
            else:
                state.string_value = str(value)
        await self.socket.send(message.SerializeToString())

    async def _answer(self) -> None:
        assert self.socket is not None
        async for data in self.socket:
            assert isinstance(data, bytes)
            self.received += len(data)
            self.biggest = max(self.biggest, data, key=len)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "delta":
                self._remember(message.delta)
            elif kind == "script_finished":
                return
        raise RuntimeError("the server closed the connection")

    def _remember(self, delta: Any) -> None:
        """Note the identifiers of widgets, and whatever the page reports as an error."""
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(element.exception.message)
        elif kind == "bidi_component":
            data = getattr(element.bidi_component, "bytes")  # noqa: B009
            note = json.loads(data or "{}")
            self.reader, self.turn = note.get("reader", self.reader), note.get("turn", self.turn)
        elif kind is not None:
            name = getattr(getattr(element, kind), "id", "")
            if isinstance(name, str) and name.startswith("$$ID-"):
                self.widgets[name.split("-", 2)[2]] = (name, kind)
