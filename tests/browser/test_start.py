"""The first visitor of a server that has just started, and what a visit asks of the network."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from seqviz.launch import lan_address
from tests.app_server import AppServer
from tests.conftest import Visitors

PLACE = ".seqviz .place"


def expect_whole(page: Page, language: str = "en") -> None:
    """The frame, the player at a step, and what unfolds below it."""
    expect(page.locator(PLACE)).to_have_text(re.compile(r"t = \d+ / 4"))
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator('a[aria-current="page"][href^="cell?"]')).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_test_id("stExpander").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize(
    ("link", "language"), [("/cell", "en"), ("/cell?v=1&lang=ko", "ko"), ("/", "en")]
)
def test_the_very_first_request_shows_the_whole_page(
    fresh_server: Callable[..., AppServer], page: Page, link: str, language: str
) -> None:
    page.goto(f"{fresh_server().url}{link}")
    expect_whole(page, language)


def test_a_whole_visit_asks_nobody_outside(server: AppServer, visit: Visitors) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/cell?v=1&lang=en")
    expect_whole(page)
    for panel in page.get_by_test_id("stExpander").all():
        panel.locator("summary").click()
    page.get_by_text("GRU", exact=True).first.click()
    expect(page.locator(".seqviz")).to_contain_text("z")
    page.keyboard.press("ArrowRight")
    expect_whole(page)
    assert asked
    assert visit.outside == []


def test_a_class_reaches_the_app_and_sees_its_code(
    fresh_server: Callable[..., AppServer], page: Page
) -> None:
    address = lan_address()
    if address is None:
        pytest.skip("this machine has no network that a class could share")
    server = fresh_server(flags=("--class",))
    link = f"http://{address}:{server.port}"
    page.goto(f"{link}/cell")
    expect_whole(page)
    share = page.get_by_test_id("stExpander").filter(has_text="Share")
    share.locator("summary").click()
    page.wait_for_function("document.querySelector('.seqviz-qr')?.naturalWidth > 0")
    expect(share.locator("input").first).to_have_value(re.compile(re.escape(f"{link}/cell?")))
