"""From a click on a control to the new picture, beside a page that only echoes the control.

Budget: T = 50, hidden 8, alone: p50 <= 100 ms, p95 <= 150 ms, and at most 40 ms above the echo.
Every click asks for a configuration that nobody has asked for before. The first click on a page
just opened is slower everywhere (the browser compiles what it runs for the first time), so it and
the next one stand apart.
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple, TypeAlias

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.browser import open_browser, open_page
from benchmarks.harness import quantile, table, verdict
from tests.app_server import AppServer

ROUNDS = 16
PAUSE_MS = 600
P50, P95, ABOVE = 100.0, 150.0, 40.0
FLOOR = "echo page (floor)"
Times: TypeAlias = dict[tuple[str, str], list[float]]
STATES = ("just opened", "in use")
SIZE = "v=1&lang=en&length=50&hidden=8&t=20&seed={}"


class Clicked(NamedTuple):
    """A page, where its answer is read, what is clicked first and next, and in which panel.

    The answer is read where two cells never say the same.
    """

    query: str
    answer: str
    choices: tuple[str, str] = ("GRU", "RNN")
    panel: str = ""


PAGES = {
    "cell": Clicked(f"{SIZE}&cell=lstm&mode=fresh&input=sine", ".seqviz .sentence"),
    "gradients": Clicked(f"{SIZE}&cell=lstm&input=sine", ".seqviz .diagram"),
    "compare": Clicked(f"{SIZE}&input=sine", ".seqviz .score", ("GRU", "LSTM"), "Model A"),
}
ECHO = """
import streamlit as st

cells = ("RNN", "LSTM", "GRU")
cell = st.segmented_control("cell", cells, default="LSTM", required=True)
st.html(f"<p id='answer'>{cell}</p>")
"""


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "echo.py"
        script.write_text(ECHO, encoding="utf-8")
        command = (sys.executable, "-m", "streamlit", "run", str(script))
        browser = open_browser(playwright)
        quiet = ("--logger.hideWelcomeMessage", "true")
        with AppServer() as app, AppServer(command=command, flags=quiet) as echo:
            times: Times = {}
            for seed in range(1, ROUNDS + 1):
                click(browser, echo.url, Clicked("", "#answer"), FLOOR, times)
                for name, clicked in PAGES.items():
                    link = f"{app.url}/{name}?{clicked.query.format(seed)}"
                    click(browser, link, clicked, name, times)
        browser.close()
    report(times)


def click(browser: Browser, url: str, clicked: Clicked, name: str, times: Times) -> None:
    """Add the milliseconds from choosing a cell to the painted answer, on a page of its own."""
    page = open_page(browser, url, clicked.answer, reduced_motion="reduce")
    if clicked.panel:
        page.get_by_role("button", name=clicked.panel).click()
    for cell, state in zip(clicked.choices, STATES, strict=True):
        page.wait_for_load_state("networkidle")
        times.setdefault((name, state), []).append(choose(page, cell, clicked.answer))
        page.wait_for_timeout(PAUSE_MS)
    page.context.close()


def choose(page: Page, cell: str, answer: str) -> float:
    page.evaluate("answer => bench.watch('click', answer)", answer)
    page.get_by_role("radio", name=cell, exact=True).first.click()
    return float(page.evaluate("bench.painted"))


def report(times: Times) -> None:
    rows = []
    for (name, state), values in sorted(times.items(), key=lambda item: item[0][1]):
        floor = quantile(times[FLOOR, state], 0.5)
        p50, p95 = quantile(values, 0.5), quantile(values, 0.95)
        held = verdict(p50 <= min(P50, floor + ABOVE) and p95 <= P95)
        rows.append((name, state, p50, p95, p50 - floor, "" if name == FLOOR else held))
    head = ("a click on a control", "page", "p50 ms", "p95 ms", "above the floor", "budget")
    title = (
        f"Click to painted picture (budget p50 {P50:.0f}, p95 {P95:.0f}, floor + {ABOVE:.0f} ms)"
    )
    table(title, head, rows)


if __name__ == "__main__":
    main()
