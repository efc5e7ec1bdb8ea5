"""A class on one process: everybody changes a control every one to three seconds.

Budget: 50 people, each with another configuration, p50 <= 50 ms, p95 <= 150 ms, no error, at
most 450 MB; 100 people on shared configurations, p95 <= 200 ms: until everything on the page has
been answered. The picture is there before that. The floor is the same class on a page that only
echoes the control. The class comes when the server has warmed up.
"""

import asyncio
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks.harness import quantile, table, verdict
from benchmarks.visitor import Visitor
from tests.app_server import AppServer

SECONDS = 12.0
WARM_UP_SECONDS = 6.0
SHARED_SEEDS = 12
QUERY = "v=1&lang=en&cell=lstm&mode=fresh&input=sine&length=50&hidden=8"
ECHO = "import streamlit as st\n\nst.write(st.number_input('seed', 0, 999_999, 1, key='seed'))\n"


@dataclass(frozen=True)
class Result:
    """What one class measured: milliseconds to the picture, and to the end of the answer."""

    picture50: float
    picture95: float
    p50: float
    p95: float
    changes: int
    errors: int
    megabytes: float
    processor: float


def main() -> None:
    raise_file_limit()
    with tempfile.TemporaryDirectory() as folder:
        echo = Path(folder) / "echo.py"
        echo.write_text(ECHO, encoding="utf-8")
        command = (sys.executable, "-m", "streamlit", "run", str(echo))
        quiet = ("--browser.gatherUsageStats", "false", "--logger.hideWelcomeMessage", "true")
        floor = lambda: AppServer(command=command, flags=quiet)  # noqa: E731
        own = measure(AppServer, "cell", QUERY, 50, own_seed)
        shared = measure(AppServer, "cell", QUERY, 100, any_seed)
        echoed = measure(floor, "", "", 50, any_seed)
    rows = [
        ("50, echo page (floor)", *cells(echoed), ""),
        ("50, all different", *cells(own), verdict(own_held(own))),
        ("100, shared", *cells(shared), verdict(shared.p95 <= 200 and not shared.errors)),
    ]
    head = (
        "class",
        "picture p50",
        "picture p95",
        "p50 ms",
        "p95 ms",
        "changes",
        "errors",
        "MB",
        "CPU ms each",
        "budget",
    )
    table("A class on one process, a change each 1 to 3 s", head, rows)


def own_held(result: Result) -> bool:
    quick = result.p50 <= 50 and result.p95 <= 150
    return quick and result.errors == 0 and result.megabytes <= 450


def own_seed(person: int, turn: int) -> int:
    """A seed that nobody else has."""
    return 1 + (person + 1) * 1000 + turn


def any_seed(person: int, turn: int) -> int:
    """One of the few seeds that the class tries."""
    return 1 + (person + turn) % SHARED_SEEDS


def cells(result: Result) -> tuple[float, float, float, float, int, int, float, float]:
    return astuple(result)


def measure(
    start: Callable[[], AppServer],
    page: str,
    query: str,
    people: int,
    seed: Callable[[int, int], int],
) -> Result:
    """Let a class work on a fresh server for a while."""
    with start() as server:
        assert server.process is not None
        time.sleep(WARM_UP_SECONDS)
        before = processor(server.process.pid)
        pictures, waits, errors = asyncio.run(classroom(server.url, page, query, people, seed))
        memory = resident(server.process.pid)
        each = (processor(server.process.pid) - before) / (len(waits) + people)
    seen = (quantile(pictures, 0.5), quantile(pictures, 0.95))
    quick = (quantile(waits, 0.5), quantile(waits, 0.95))
    return Result(*seen, *quick, len(waits), len(errors), memory, each)


async def classroom(
    url: str, page: str, query: str, people: int, seed: Callable[[int, int], int]
) -> tuple[list[float], list[float], list[str]]:
    """Milliseconds of every change, to the picture and to the end, and what went wrong."""
    visitors = [Visitor(url, page, query) for _ in range(people)]
    pictures: list[float] = []
    waits: list[float] = []
    errors: list[str] = []

    async def attend(person: int, visitor: Visitor) -> None:
        chance = random.Random(person)
        async with visitor:
            await visitor.change()
            if visitor.reader:
                await visitor.open_wire()
            await asyncio.sleep(chance.uniform(0, 2))
            end = time.monotonic() + SECONDS
            turn = 0
            while time.monotonic() < end:
                turn += 1
                waits.append(await visitor.change(seed=seed(person, turn)))
                pictures.append(visitor.pictured)
                await asyncio.sleep(chance.uniform(1, 3))
        errors.extend(visitor.errors)

    await asyncio.gather(*(attend(*each) for each in enumerate(visitors)))
    return pictures, waits, errors


def resident(process: int) -> float:
    """Megabytes that a process holds in memory (Linux); nan elsewhere."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return float("nan")
    line = next(ln for ln in status.read_text().splitlines() if ln.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def processor(process: int) -> float:
    """Milliseconds of processor time that a process has used (Linux); nan elsewhere."""
    status = Path(f"/proc/{process}/stat")
    if not status.exists():
        return float("nan")
    user, system = status.read_text().rpartition(")")[2].split()[11:13]
    return 1e3 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def raise_file_limit() -> None:
    """Hundreds of sockets need as many files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
