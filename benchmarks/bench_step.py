"""One step, from the key press to the painted picture: four ways, side by side.

Budget: within one frame of the floor (a handler that changes one text), no message to the
server, and thirty steps a second without a dropped one. Beside it the same picture as Plotly
frames in the browser, and as a rerun of the script for each step.
"""

import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.browser import PICTURE, QUERY, open_browser, open_page, press
from benchmarks.harness import quantile, table, verdict
from benchmarks.rivals import FLOOR, plotly_frames, rerun_app
from tests.app_server import AppServer

FRAME = 1000 / 60
ROUNDS = 40
RATE = 30
ANSWER = "[data-testid=stMarkdown]"


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        browser = open_browser(playwright)
        folder = Path(name)
        rerun = AppServer(command=rerun_app(folder), flags=("--logger.hideWelcomeMessage", "true"))
        with AppServer() as app, rerun:
            pages = open_all(browser, folder, app, rerun)
            messages = count_messages(pages["player"][0])
            times = take_turns(pages)
            sent = messages()
            held = hold(pages["player"][0])
        browser.close()
    report(times, sent, held)


def open_all(
    browser: Browser, folder: Path, app: AppServer, rerun: AppServer
) -> dict[str, tuple[Page, str]]:
    """Each rival's page, with the node that shows its step."""
    floor, frames = folder / "floor.html", folder / "frames.html"
    floor.write_text(FLOOR, encoding="utf-8")
    plotly_frames(frames)
    return {
        "floor": (open_page(browser, floor.as_uri(), "#step"), "#step"),
        "player": (open_page(browser, f"{app.url}/cell?{QUERY}&t=1", PICTURE), PICTURE),
        "Plotly frames": (open_page(browser, frames.as_uri(), "#step"), "#step"),
        "rerun per step": (open_page(browser, rerun.url, ".js-plotly-plot"), ANSWER),
    }


def take_turns(pages: dict[str, tuple[Page, str]]) -> dict[str, list[float]]:
    """Milliseconds of each step of each rival."""
    times: dict[str, list[float]] = {name: [] for name in pages}
    slider = pages["rerun per step"][0].get_by_role("slider")
    slider.focus()
    for page, _ in pages.values():
        page.keyboard.press("ArrowRight")
    for _ in range(ROUNDS):
        for name, (page, node) in pages.items():
            page.bring_to_front()
            times[name].append(press(page, "ArrowRight", node))
    return times


def count_messages(page: Page, picture: str = PICTURE) -> "Counter":
    """Counts what the page sends to the server from now on; the page is loaded once more."""
    counter = Counter()
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: counter.add()))
    page.reload()
    page.locator(picture).first.wait_for()
    page.wait_for_load_state("networkidle")
    counter.start()
    return counter


class Counter:
    """Messages since the last start."""

    def __init__(self) -> None:
        self.sent = 0

    def add(self) -> None:
        self.sent += 1

    def start(self) -> None:
        self.sent = 0

    def __call__(self) -> int:
        return self.sent


def hold(page: Page) -> dict[str, float]:
    """The arrow key held down: steps that were seen, and how long they took."""
    page.bring_to_front()
    page.keyboard.press("Home")
    result: dict[str, float] = page.evaluate(
        "([rate, selector]) => bench.hold('ArrowRight', 99, rate, selector)", [RATE, PICTURE]
    )
    return result


def report(times: dict[str, list[float]], sent: int, held: dict[str, float]) -> None:
    floor = median(times["floor"])
    rows = []
    for name, values in times.items():
        middle = median(values)
        kept = verdict(middle <= floor + FRAME) if name == "player" else ""
        rows.append((name, middle, quantile(values, 0.95), middle - floor, kept))
    head = ("step of 100, hidden 16", "p50 ms", "p95 ms", "above the floor", "budget")
    table(f"Key press to painted step (budget: floor + {FRAME:.1f} ms)", head, rows)
    rate = (held["steps"] - 1) / held["seconds"]
    facts: list[tuple[str, float, str]] = [
        ("messages to the server while stepping", sent, verdict(sent == 0)),
        ("steps seen of 100, key held", int(held["steps"]), verdict(held["steps"] == 100)),
        ("steps a second", rate, verdict(rate >= RATE - 1)),
    ]
    table(f"Held down at {RATE} a second", ("what", "measured", "budget"), facts)


if __name__ == "__main__":
    main()
