"""From `seqviz` typed to the first picture painted, beside a Streamlit page with one title.

Budget: at most 3 s with a warm disk.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, expect, sync_playwright

from benchmarks.browser import PICTURE, open_browser
from benchmarks.harness import table, verdict
from tests.app_server import AppServer

BUDGET = 3.0
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
        times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in starts}
        for _ in range(ROUNDS):
            for name, (server, path, picture) in starts.items():
                times[name].append(start(browser, server(), path, picture))
        browser.close()
    rows = []
    for name, values in times.items():
        health, page, megabytes = (median(column) for column in zip(*values, strict=True))
        held = verdict(page <= BUDGET) if name != "one title" else "floor"
        rows.append((name, health, page, megabytes, held))
    head = ("app", "answers after s", "picture after s", "MB, not compressed", "budget")
    table(f"From the command to the first picture (budget {BUDGET:.0f} s)", head, rows)


def start(
    browser: Browser, server: AppServer, path: str, picture: str
) -> tuple[float, float, float]:
    """Seconds until the server answers and until the picture is there; megabytes sent."""
    began = time.perf_counter()
    with server:
        health = time.perf_counter() - began
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(f"{server.url}{path}")
        expect(page.locator(picture).first).to_be_visible(timeout=60_000)
        painted = time.perf_counter() - began
        sizes = page.evaluate(
            "performance.getEntriesByType('resource').map(entry => entry.transferSize)"
        )
        context.close()
    return health, painted, sum(sizes) / 1e6


if __name__ == "__main__":
    main()
