"""From `seqviz` typed to the first picture painted, beside a Streamlit page with one title.

Budget: at most 3 s with a warm disk; the first view transfers at most 1.3 MB behind a proxy that
compresses.
"""

import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from playwright.sync_api import Browser, Response, expect, sync_playwright

from benchmarks.browser import PICTURE, open_browser
from benchmarks.harness import table, verdict
from tests.app_server import AppServer

BUDGET = 3.0
MOST_MB = 1.3
ROUNDS = 5
TITLE_ONLY = "import streamlit as st\n\nst.title('floor')\n"


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = open_browser(playwright)
        floor = Path(folder) / "floor.py"
        floor.write_text(TITLE_ONLY, encoding="utf-8")
        streamlit = (sys.executable, "-m", "streamlit", "run", str(floor))
        usage = ("--browser.gatherUsageStats", "false", "--logger.hideWelcomeMessage", "true")
        starts: dict[str, tuple[Callable[[], AppServer], str, str]] = {
            "one title": (lambda: AppServer(command=streamlit, flags=usage), "/", "h1"),
            "seqviz /cell": (AppServer, "/cell", PICTURE),
        }
        times: dict[str, list[Start]] = {name: [] for name in starts}
        for _ in range(ROUNDS):
            for name, (server, path, picture) in starts.items():
                times[name].append(start(browser, server(), path, picture))
        browser.close()
    rows = []
    for name, values in times.items():
        middle = Start(*(median(column) for column in zip(*values, strict=True)))
        held = middle.picture <= BUDGET and middle.packed <= MOST_MB
        rows.append((name, *middle, "floor" if name == "one title" else verdict(held)))
    head = ("app", "answers after s", "picture after s", "MB", "MB compressed", "budget")
    title = (
        f"From the command to the first picture (budget {BUDGET:.0f} s, {MOST_MB} MB compressed)"
    )
    table(title, head, rows)


class Start(NamedTuple):
    """Seconds until the server answers and until the picture is there; megabytes sent."""

    health: float
    picture: float
    raw: float
    packed: float


def start(browser: Browser, server: AppServer, path: str, picture: str) -> Start:
    """Start a server and open a page on it as somebody who has never been there."""
    began = time.perf_counter()
    with server:
        health = time.perf_counter() - began
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        page.goto(f"{server.url}{path}")
        expect(page.locator(picture).first).to_be_visible(timeout=60_000)
        painted = time.perf_counter() - began
        page.wait_for_load_state("networkidle")
        bodies = [answer.body() for answer in answers if answer.ok]
        context.close()
    packed = sum(min(len(body), len(zlib.compress(body))) for body in bodies)
    return Start(health, painted, sum(map(len, bodies)) / 1e6, packed / 1e6)


if __name__ == "__main__":
    main()
