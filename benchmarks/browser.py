"""The browser that the benchmarks share, and the clock that runs inside its pages."""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, expect

from tests import chromium

PICTURE = ".seqviz .place"
QUERY = "v=1&lang=en&cell=lstm&mode=fresh&input=sine&length=100&hidden=16"
CLOCK = (Path(__file__).parent / "painted.js").read_text(encoding="utf-8")


def open_browser(playwright: Playwright) -> Browser:
    """A headless Chromium, or the end of the benchmark in one line."""
    path = chromium.find(playwright)
    if path is None:
        sys.exit(f"bench: {chromium.MISSING}")
    return chromium.launch(playwright, path)


def open_page(browser: Browser, url: str, picture: str, **context: Any) -> Page:
    """A page of its own with the clock in it, once its picture is there."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, **context).new_page()
    page.add_init_script(CLOCK)
    page.goto(url)
    expect(page.locator(picture).first).to_be_visible(timeout=60_000)
    return page


def press(page: Page, key: str, selector: str) -> float:
    """Milliseconds from a key press to its painted answer in the node `selector`."""
    page.evaluate("selector => bench.watch('keydown', selector)", selector)
    page.keyboard.press(key)
    return float(page.evaluate("bench.painted"))
