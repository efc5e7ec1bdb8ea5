"""What the browser is sent to play a scene, as it crosses the wire.

Budget: an LSTM, T = 100, hidden 16, at most 120 kB compressed. Beside it the heat strips of the
same gates and states as Plotly frames, without Plotly itself.
"""

import asyncio
import zlib

from benchmarks.harness import table, verdict
from benchmarks.rivals import frames_json
from benchmarks.visitor import Visitor
from tests.app_server import AppServer

BUDGET = 120.0
QUERY = "v=1&lang=en&cell={}&mode=fresh&input=sine&length=100&hidden=16"


def main() -> None:
    with AppServer() as server:
        sent = {cell: asyncio.run(scene(server.url, cell)) for cell in ("lstm", "gru", "rnn")}
    rows = []
    for cell, data in sent.items():
        small = packed(data)
        held = verdict(small <= BUDGET) if cell == "lstm" else ""
        rows.append((cell, len(data) / 1e3, small, held))
    rival = frames_json().encode()
    rows.append(("Plotly frames of six strips", len(rival) / 1e3, packed(rival), ""))
    head = ("T=100, hidden 16", "kB", "kB compressed", "budget")
    table(f"A scene on its way to the browser (budget {BUDGET:.0f} kB compressed)", head, rows)


async def scene(url: str, cell: str) -> bytes:
    """The largest message of a first visit: the one with the scene."""
    async with Visitor(url, "cell", QUERY.format(cell)) as visitor:
        await visitor.change()
    if visitor.errors:
        raise RuntimeError(f"the page reports {visitor.errors}")
    return visitor.biggest


def packed(data: bytes) -> float:
    """Kilobytes after the compression that a websocket uses."""
    return len(zlib.compress(data)) / 1e3


if __name__ == "__main__":
    main()
