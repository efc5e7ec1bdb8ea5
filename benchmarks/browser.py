"""The browser that the benchmarks share."""

import sys

from playwright.sync_api import Browser, Playwright

from tests import chromium

PICTURE = "h1"


def open_browser(playwright: Playwright) -> Browser:
    """A headless Chromium, or the end of the benchmark in one line."""
    path = chromium.find(playwright)
    if path is None:
        sys.exit(f"bench: {chromium.MISSING}")
    return chromium.launch(playwright, path)
