"""The engine of the player, loaded into a browser page by the tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from seqviz import player

Engine = Callable[..., Any]
ENGINE = (
    "explain.js",
    "cursor.js",
    "keys.js",
    "address.js",
    "speech.js",
    "geometry.js",
    "cellnumbers.js",
    "sheetgrid.js",
    "sheetfacts.js",
)
LOAD = """async (source) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  window.engine = await import(url);
  URL.revokeObjectURL(url);
}"""


@pytest.fixture(scope="module")
def engine_page(browser: Browser) -> Iterator[Page]:
    """A page with everything that the engine's modules export as `window.engine`."""
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.evaluate(LOAD, player.bundle(*ENGINE, exports=True))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def engine(engine_page: Page) -> Engine:
    """`engine("(e, a) => e.fixed(a)", 1.5)` runs a function of the engine and an argument."""

    def run(code: str, argument: object = None) -> Any:
        return engine_page.evaluate(f"(a) => ({code})(window.engine, a)", argument)

    return run
