"""The page `cell` for those who use no mouse, see little contrast, or hear it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app_server import AppServer

PALE = Path(__file__).with_name("contrast.js").read_text("utf-8")
PARTS = ("Predict, then reveal", "Try this", "Shapes and parameters", "The code", "Often said")
ACTIVE = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return (node?.ariaLabel || node?.textContent || "").trim();
}"""


def open_cell(server: AppServer, page: Page, query: str = "") -> None:
    page.goto(f"{server.url}/cell?v=1&lang=en{query}")
    expect(page.locator(".place")).to_be_visible()
    expect(page.get_by_text("Share", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("query", ["", "&input=text&text=hexlo&level=arithmetic&wipe=true"])
def test_every_text_can_be_read(
    server: AppServer, visit: Callable[..., Page], scheme: str, query: str
) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce")
    open_cell(server, page, query)
    for name in PARTS:
        part = page.get_by_test_id("stExpander").filter(has_text=name)
        part.locator("summary").click()
        expect(part.get_by_test_id("stExpanderDetails")).not_to_be_empty()
    expect(page.locator(".stCode .token").first).to_be_visible()
    page.wait_for_function(f"({PALE})().length === 0", timeout=10_000)


def test_the_tab_key_goes_through_the_page_and_the_player_is_one_stop(
    server: AppServer, visit: Callable[..., Page]
) -> None:
    page = visit(reduced_motion="reduce")
    open_cell(server, page)
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(ACTIVE))
        if stops[-1].startswith("Next question"):
            break
    wanted = ["Inside a cell", "Positions", "English", "LSTM", "Trained", "Input"]
    player = [stop for stop in stops if stop.startswith("Player: ")]
    assert len(player) == 1
    places = [stops.index(name) for name in wanted if name in stops]
    assert places == sorted(places)
    assert stops.index("Input") < stops.index(player[0])
    assert stops[-1].startswith("Next question")
    assert "Play" not in stops


def test_headings_leave_out_no_level(server: AppServer, page: Page) -> None:
    open_cell(server, page)
    levels = page.locator("h1, h2, h3, h4").evaluate_all(
        "nodes => nodes.map(node => Number(node.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert {2, 3} >= set(levels[1:])
    assert 2 in levels


def test_each_step_is_spoken_as_a_sentence(server: AppServer, visit: Callable[..., Page]) -> None:
    page = visit(reduced_motion="reduce")
    open_cell(server, page, "&t=2")
    spoken = page.locator("[aria-live=polite].spoken")
    expect(spoken).to_contain_text("Step 2 of 4: reads “e”.")
    page.keyboard.press("ArrowRight")
    expect(spoken).to_contain_text("Step 3 of 4: reads “l”.")
    expect(spoken).to_contain_text("It says “l” next (99 %).")
