"""Every page, from a change of a control to the end of the script's answer, as it opens and at its
far end, and what the browser is sent.

The numbers are the server's: script, sending and receiving, without drawing. No budget of its
own; `control` and `class` hold the page `cell` to theirs.
"""

import asyncio
import zlib

from benchmarks.harness import quantile, table
from benchmarks.visitor import Visitor
from tests.app_server import AppServer

CHANGES = 9
LONG = "+".join(f"w{n}" for n in range(64))
PAGES = (
    ("cell", "as it opens", "mode=fresh", "seed", 1),
    ("cell", "T=200, hidden 32", "mode=fresh&input=sine&length=200&hidden=32", "seed", 1),
    ("gradients", "as it opens", "", "seed", 1),
    ("gradients", "LSTM, T=1000, hidden 32", "cell=lstm&length=1000&hidden=32", "seed", 1),
    ("compare", "as it opens", "", "seed", 1),
    ("compare", "T=200, hidden 32", "input=noise&length=200&hidden=32", "seed", 1),
    ("attention", "one query", "", "temp", 0.1),
    ("attention", "64 tokens", f"show=sentence&mode=fresh&input=text&text={LONG}", "temp", 0.1),
    ("multi-head", "as it opens", "", "pads", 1),
    (
        "multi-head",
        "64 tokens, 8 heads",
        f"mode=fresh&heads=8&d=64&input=text&text={LONG}",
        "seed",
        1,
    ),
    ("positions", "as it opens", "order=shuffled", "draw", 1),
    ("positions", "64 tokens", f"order=shuffled&input=text&text={LONG}", "draw", 1),
)


def main() -> None:
    rows = []
    with AppServer() as server:
        for page, name, query, key, step in PAGES:
            rows.append((page, name, *asyncio.run(measure(server.url, page, query, key, step))))
    head = ("page", "state", "p50 ms", "worst ms", "largest message kB", "compressed")
    table(f"A control changed on every page, {CHANGES} times", head, rows)


async def measure(
    url: str, page: str, query: str, key: str, step: float
) -> tuple[float, float, float, float]:
    async with Visitor(url, page, f"v=1&lang=en&{query}") as visitor:
        await visitor.change()
        times = [await visitor.change(**{key: (turn + 2) * step}) for turn in range(CHANGES)]
    if visitor.errors:
        raise RuntimeError(f"{page} reports {visitor.errors}")
    biggest = visitor.biggest
    return quantile(times, 0.5), max(times), len(biggest) / 1e3, len(zlib.compress(biggest)) / 1e3


if __name__ == "__main__":
    main()
