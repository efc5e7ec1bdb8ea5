"""The pages of attention in a browser, at 64 tokens and 8 heads, beside what the platform costs.

Budgets: a control changed to the painted picture p50 <= 100 ms, p95 <= 150 ms and at most 40 ms
above a page that only echoes the control, the first change of a page just opened and the later
ones apart; one step within a frame of the floor and without a message; the scene at most 120 kB
compressed; a query dragged in the plane without a message.
"""

import asyncio
import math
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.bench_pages import LONG
from benchmarks.bench_scene_size import packed
from benchmarks.bench_step import FRAME, count_messages
from benchmarks.browser import PICTURE, open_browser, open_page, press
from benchmarks.harness import quantile, table, verdict
from benchmarks.rivals import FLOOR
from benchmarks.visitor import Visitor
from tests.app_server import AppServer

VISITS, LATER, STEPS, MOVES = 8, 4, 40, 60
P50, P95, ABOVE, BUDGET = 100.0, 150.0, 40.0, 120.0
TEXT = f"mode=fresh&input=text&text={LONG}"
LINKS = {
    "multi-head": f"multi-head?v=1&lang=en&heads=8&d=64&{TEXT}&t=40",
    "attention": f"attention?v=1&lang=en&show=sentence&dk=64&{TEXT}&t=40",
}
SENTENCE = ".seqviz .sentence"
SHEET_STEPS = {"query": ("ArrowDown", PICTURE), "stage": ("ArrowRight", SENTENCE)}
FLOOR_STEP = "floor"
MOVED = """() => {
  bench.painted = new Promise((resolve) => addEventListener("pointermove", async () => {
    const start = performance.now();
    await bench.frame();
    await bench.frame();
    resolve(performance.now() - start);
  }, { capture: true, once: true }));
}"""
QUIET = ("--logger.hideWelcomeMessage", "true")
ECHO_ANSWER = "#answer"
ECHO = """
import streamlit as st

seed = st.query_params.get("seed", "1")
with st.popover("Model"):
    found = st.number_input("Seed", 0, 10**6, int(seed))
st.html(f"<p id='answer'>{found}</p>")
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name, AppServer() as app:
        report_sizes({page: asyncio.run(scene(app.url, link)) for page, link in LINKS.items()})
        folder = Path(name)
        with sync_playwright() as playwright:
            browser = open_browser(playwright)
            steps, sent = step_sheets(browser, app, folder)
            report_steps(steps, sent)
            report_plane(*drag(browser, app), median(steps[FLOOR_STEP]))
            with AppServer(command=echo(folder), flags=QUIET) as floor:
                report_controls(change_controls(browser, app, floor))
            browser.close()


def echo(folder: Path) -> tuple[str, ...]:
    """The command for a page that only says which seed was chosen."""
    script = folder / "echo.py"
    script.write_text(ECHO, encoding="utf-8")
    return sys.executable, "-m", "streamlit", "run", str(script)


def change_controls(
    browser: Browser, app: AppServer, floor: AppServer
) -> dict[str, tuple[list[float], list[float]]]:
    """Of each page the first changes of pages just opened, and the later ones."""
    pages = {name: (f"{app.url}/{link}", SENTENCE) for name, link in LINKS.items()}
    pages["echo page (floor)"] = (f"{floor.url}/?v=1", ECHO_ANSWER)
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in pages}
    for visit in range(VISITS):
        for name, (link, answer) in pages.items():
            url = f"{link}&seed={100 * visit + 1}"
            first, *later = seeds(browser, url, answer)
            times[name][0].append(first)
            times[name][1].extend(later)
    return times


def seeds(browser: Browser, url: str, answer: str) -> list[float]:
    """Milliseconds from a key in the field of the seed to the painted answer, again and again."""
    page = open_page(browser, url, answer, reduced_motion="reduce")
    rest(page)
    page.get_by_role("button", name="Model").first.click()
    field = page.get_by_role("spinbutton", name="Seed")
    times = []
    for _ in range(1 + LATER):
        rest(page)
        field.focus()
        times.append(press(page, "ArrowUp", answer))
    page.context.close()
    return times


def rest(page: Page) -> None:
    """Wait until the script has run to its end."""
    page.locator("[data-test-script-state=notRunning]").wait_for()
    page.wait_for_load_state("networkidle")


def step_sheets(
    browser: Browser, app: AppServer, folder: Path
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Milliseconds of each step, beside the floor's; and the messages each page sent."""
    path = folder / "floor.html"
    path.write_text(FLOOR, encoding="utf-8")
    pages = {"floor": open_page(browser, path.as_uri(), "#step")}
    counters = {}
    for name, link in LINKS.items():
        pages[name] = open_page(browser, f"{app.url}/{link.replace('t=40', 't=1')}", PICTURE)
        counters[name] = count_messages(pages[name])
        pages[name].locator(".seqviz").first.focus()
    turns = {FLOOR_STEP: (pages["floor"], "ArrowDown", "#step")}
    for step, (key, node) in SHEET_STEPS.items():
        turns |= {f"{name}, {step}": (pages[name], key, node) for name in LINKS}
    times: dict[str, list[float]] = {name: [] for name in turns}
    for turn in range(STEPS + 1):
        for name, (page, key, node) in turns.items():
            page.bring_to_front()
            found = press(page, key, node)
            if turn:
                times[name].append(found)
    sent = {name: counter() for name, counter in counters.items()}
    for page in pages.values():
        page.context.close()
    return times, sent


def drag(browser: Browser, app: AppServer) -> tuple[list[float], int]:
    """The query of the plane dragged in a circle: milliseconds of each move, and the messages."""
    url = f"{app.url}/attention?v=1&lang=en"
    page = open_page(browser, url, ".handle", reduced_motion="reduce")
    sent = count_messages(page, ".handle")
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    before, times = page.locator(SENTENCE).first.text_content(), []
    for move in range(1, MOVES + 1):
        page.evaluate(MOVED)
        page.mouse.move(x + 16 * math.cos(move / 2) - 16, y + 16 * math.sin(move / 2))
        times.append(float(page.evaluate("bench.painted")))
    if page.locator(SENTENCE).first.text_content() == before:
        raise RuntimeError("the query did not move")
    page.mouse.up()
    messages = sent()
    page.context.close()
    return times[1:], messages


def middle(page: Page) -> tuple[float, float]:
    """Where the handle of the query stands on the screen."""
    box = page.locator(".handle").first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def scene(url: str, link: str) -> bytes:
    """The largest message of a first visit: the one with the scene."""
    page, _, query = link.partition("?")
    async with Visitor(url, page, query) as visitor:
        await visitor.change()
    if visitor.errors:
        raise RuntimeError(f"{page} reports {visitor.errors}")
    return visitor.biggest


def report_controls(times: dict[str, tuple[list[float], list[float]]]) -> None:
    rows = []
    for place, when in enumerate(("first", "later")):
        floor = median(times["echo page (floor)"][place])
        for name, values in times.items():
            p50, p95 = median(values[place]), quantile(values[place], 0.95)
            held = verdict(p50 <= min(P50, floor + ABOVE) and p95 <= P95)
            row = (name, when, p50, p95, p50 - floor, held if name in LINKS else "")
            rows.append(row)
    head = ("another seed", "change of the page", "p50 ms", "p95 ms", "above the floor", "budget")
    title = f"Key to painted picture (budget p50 {P50:.0f}, p95 {P95:.0f}, floor + {ABOVE:.0f} ms)"
    table(f"{title}, 64 tokens", head, rows)


def report_steps(times: dict[str, list[float]], sent: dict[str, int]) -> None:
    floor = median(times[FLOOR_STEP])
    rows = []
    for name, values in times.items():
        p50 = median(values)
        held = "" if name == FLOOR_STEP else verdict(p50 <= floor + FRAME)
        rows.append((name, p50, quantile(values, 0.95), p50 - floor, held))
    head = ("the next one", "p50 ms", "p95 ms", "above the floor", "budget")
    table(f"Key press to painted step, 64 tokens (budget: floor + {FRAME:.1f} ms)", head, rows)
    messages = [(name, count, verdict(count == 0)) for name, count in sent.items()]
    table("Messages to the server while stepping", ("page", "sent", "budget"), messages)


def report_plane(times: list[float], sent: int, floor: float) -> None:
    p50 = median(times)
    held = verdict(p50 <= floor + FRAME and not sent)
    row = ("a query dragged", p50, quantile(times, 0.95), p50 - floor, sent, held)
    head = ("each move", "p50 ms", "p95 ms", "above the floor", "messages", "budget")
    table(f"{len(times)} moves in the plane (budget as for a step)", head, [row])


def report_sizes(sizes: dict[str, bytes]) -> None:
    rows = [
        (name, len(data) / 1e3, packed(data), verdict(packed(data) <= BUDGET))
        for name, data in sizes.items()
    ]
    head = ("64 tokens", "kB", "kB compressed", "budget")
    table(f"A scene on its way to the browser (budget {BUDGET:.0f} kB compressed)", head, rows)


if __name__ == "__main__":
    main()
