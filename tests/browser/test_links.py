"""The address holds the whole state, and the whole state comes back from it."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.app_server import AppServer

PLAY = re.compile("Play|재생")


def query(page: Page) -> dict[str, str]:
    """The parameters that stand in the browser's address now."""
    return {key: values[-1] for key, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_query(page: Page, **expected: str) -> None:
    """Until these parameters stand in the address."""
    page.wait_for_function(
        "wanted => Object.entries(wanted).every(([key, value]) =>"
        " new URL(location.href).searchParams.get(key) === value)",
        arg=expected,
    )


def open_page(page: Page, address: str) -> None:
    """Go there and wait until the player is ready and the address is complete."""
    page.goto(address)
    expect(page.get_by_role("button", name=PLAY)).to_be_visible()
    wait_for_query(page, v="1")


def choose(page: Page, option: str) -> None:
    page.get_by_role("radio", name=option, exact=True).click()


def test_the_address_fills_itself_without_a_step_in_the_history(
    server: AppServer, page: Page
) -> None:
    open_page(page, f"{server.url}/cell")
    steps = page.evaluate("history.length")
    found = query(page)
    assert found["lang"] == "en"
    assert found["cell"] == "lstm"
    assert found["seed"] == "1"
    choose(page, "GRU")
    wait_for_query(page, cell="gru")
    choose(page, "LSTM")
    wait_for_query(page, cell="lstm")
    assert page.evaluate("history.length") == steps


def test_a_full_link_stays_as_it_is(server: AppServer, page: Page) -> None:
    open_page(page, f"{server.url}/cell")
    full = query(page)
    steps = page.evaluate("history.length")
    open_page(page, f"{server.url}/cell?v=1&cell=gru&mode=fresh&hidden=7&act=relu&seed=5")
    changed = {**full, "cell": "gru", "mode": "fresh", "hidden": "7", "act": "relu", "seed": "5"}
    wait_for_query(page, **{k: v for k, v in changed.items() if k not in ("t", "u")})
    assert page.evaluate("history.length") == steps + 1


def test_reloading_and_a_new_visitor_see_the_same(
    server: AppServer, visit: Callable[..., Page]
) -> None:
    page = visit()
    open_page(page, f"{server.url}/cell?v=1&mode=fresh&input=text&text=%ED%95%9C%20%26%20%3Cb%3E")
    choose(page, "GRU")
    wait_for_query(page, cell="gru", text="한 & <b>")
    here = page.url
    page.reload()
    wait_for_query(page, cell="gru", mode="fresh", text="한 & <b>")
    expect(page.get_by_role("radio", name="GRU", exact=True)).to_be_checked()
    other = visit()
    open_page(other, here)
    expect(other.get_by_role("radio", name="GRU", exact=True)).to_be_checked()
    expect(other.get_by_role("radio", name="Fresh", exact=True)).to_be_checked()
    wait_for_query(other, cell="gru", mode="fresh", text="한 & <b>")


def test_back_and_forward_bring_everything_back(server: AppServer, page: Page) -> None:
    open_page(page, f"{server.url}/cell?v=1&cell=rnn")
    choose(page, "GRU")
    wait_for_query(page, cell="gru")
    page.get_by_role("link", name="Inside a cell").click()
    wait_for_query(page, v="1", cell="lstm")
    page.go_back()
    wait_for_query(page, cell="gru")
    expect(page.get_by_role("radio", name="GRU", exact=True)).to_be_checked()
    page.go_forward()
    wait_for_query(page, cell="lstm")
    expect(page.get_by_role("radio", name="LSTM", exact=True)).to_be_checked()


def test_one_step_back_from_another_page_brings_all_settings_back(
    server: AppServer, page: Page
) -> None:
    """A visit is one entry of the history, with its last state: 20 changes cost one step back."""
    open_page(page, f"{server.url}/cell?v=1&lang=en&mode=fresh&gain=0.5&fb=2")
    choose(page, "GRU")
    wait_for_query(page, cell="gru")
    page.get_by_role("button", name="Model", exact=True).click()
    choose(page, "ReLU")
    wait_for_query(page, act="relu")
    page.keyboard.press("Escape")
    page.locator(".token").nth(1).click()
    wait_for_query(page, t="2")
    page.wait_for_function("new URL(location.href).searchParams.has('pin')")
    left = query(page)
    page.get_by_role("link", name="Three cells").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("three cells")
    wait_for_query(page, v="1")
    page.go_back()
    wait_for_query(page, **left)
    expect(page.get_by_role("radio", name="GRU", exact=True)).to_be_checked()
    expect(page.locator(".place")).to_have_text("t = 2 / 4")
    expect(page.locator(".pin-card")).to_have_count(1)


def test_the_menu_keeps_language_and_seed(server: AppServer, page: Page) -> None:
    open_page(page, f"{server.url}/cell?v=1&lang=ko&seed=77&cell=gru")
    page.get_by_role("navigation").get_by_role("link").first.click()
    wait_for_query(page, lang="ko", seed="77", cell="lstm")
    assert urlsplit(page.url).path == "/cell"


def test_the_root_shows_the_same_page(server: AppServer, page: Page) -> None:
    open_page(page, f"{server.url}/?v=1&cell=gru")
    expect(page.get_by_role("radio", name="GRU", exact=True)).to_be_checked()


@pytest.mark.parametrize(
    ("locale", "language"), [("ko-KR", "ko"), ("en-GB", "en"), ("de-DE", "en")]
)
def test_the_first_visit_speaks_the_browsers_language(
    server: AppServer, visit: Callable[..., Page], locale: str, language: str
) -> None:
    page = visit(locale=locale)
    open_page(page, f"{server.url}/cell")
    wait_for_query(page, lang=language)
    assert page.evaluate("document.documentElement.lang") == language


def test_a_link_keeps_its_language_in_any_browser(
    server: AppServer, visit: Callable[..., Page]
) -> None:
    page = visit(locale="ko-KR")
    open_page(page, f"{server.url}/cell?v=1&lang=en")
    wait_for_query(page, lang="en")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_change_of_language_keeps_the_state_and_the_step(server: AppServer, page: Page) -> None:
    open_page(page, f"{server.url}/cell?v=1&lang=en&cell=gru&mode=fresh&hidden=6&seed=9&t=2&u=3")
    wait_for_query(page, t="2", u="3")
    choose(page, "한국어")
    wait_for_query(page, lang="ko")
    kept = {"cell": "gru", "mode": "fresh", "hidden": "6", "seed": "9", "t": "2", "u": "3"}
    assert query(page).items() >= kept.items()
    assert page.evaluate("document.documentElement.lang") == "ko"
    expect(page.get_by_role("heading", level=1)).to_contain_text("시점")
    expect(page).to_have_title(re.compile("시점.* · seqviz"))


def test_the_step_survives_a_change_of_a_control_and_a_reload(
    server: AppServer, page: Page
) -> None:
    open_page(page, f"{server.url}/cell?v=1&t=2")
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    wait_for_query(page, t="3")
    choose(page, "GRU")
    wait_for_query(page, cell="gru", t="3")
    page.reload()
    wait_for_query(page, cell="gru", t="3")


def test_the_share_field_holds_the_step_too(server: AppServer, page: Page) -> None:
    open_page(page, f"{server.url}/cell?v=1&cell=gru&t=2&pin=z.1.2")
    wait_for_query(page, t="2")
    page.get_by_text("Share", exact=True).click()
    field = page.get_by_role("textbox", name="Link to exactly this state")
    field.focus()
    assert field.input_value() == page.url
    expect(page.get_by_role("img", name="QR code")).to_be_visible()


def test_the_copied_link_names_the_page_and_opens_it(
    server: AppServer, visit: Callable[..., Page]
) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    open_page(page, f"{server.url}/?v=1&lang=en&cell=gru&t=2")
    page.get_by_text("Share", exact=True).click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{server.url}/cell?v=1&lang=en&cell=gru&")
    other = visit()
    open_page(other, copied)
    wait_for_query(other, cell="gru", t="2")


def test_an_action_is_a_link_that_sets_the_controls(server: AppServer, page: Page) -> None:
    open_page(page, f"{server.url}/cell?v=1&lang=en&seed=3")
    page.get_by_text("Try this", exact=True).click()
    action = page.locator("ol.seqviz-list a").nth(1)
    target = parse_qs(urlsplit(action.get_attribute("href") or "").query)
    steps = page.evaluate("history.length")
    action.click()
    wait_for_query(page, **{key: values[0] for key, values in target.items()})
    assert page.evaluate("history.length") == steps + 1


def test_losing_the_server_loses_nothing(page: Page) -> None:
    with AppServer() as first:
        open_page(page, f"{first.url}/cell?v=1&cell=rnn&mode=fresh")
        choose(page, "GRU")
        wait_for_query(page, cell="gru")
        before = {key: value for key, value in query(page).items() if key not in ("t", "u")}
        page.evaluate("window.opened = true")
    again: Any = AppServer(flags=("--server.port", str(first.port)))
    again.port, again.url = first.port, first.url
    with again:
        choose(page, "RNN")
        page.wait_for_function("!window.opened", timeout=90_000)
        expect(page.get_by_role("radio", name="GRU", exact=True)).to_be_checked()
        wait_for_query(page, **before)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_phone_shows_every_page_of_the_menu_whole(
    server: AppServer, visit: Callable[..., Page], language: str
) -> None:
    page = visit(viewport={"width": 375, "height": 812})
    open_page(page, f"{server.url}/cell?v=1&lang={language}")
    menu = page.get_by_role("navigation")
    frame = menu.bounding_box()
    boxes = [link.bounding_box() for link in menu.get_by_role("link").all()]
    assert frame is not None
    assert len(boxes) >= 3
    assert all(box and box["x"] + box["width"] <= frame["x"] + frame["width"] for box in boxes)
