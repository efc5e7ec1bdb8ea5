"""The first visitor: a shared link on a server that has just started."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.app_server import AppServer


def test_deep_link_as_first_request_shows_the_page(
    fresh_server: Callable[..., AppServer], page: Page
) -> None:
    page.goto(f"{fresh_server().url}/cell")
    expect(page.locator("h1")).to_be_visible()
