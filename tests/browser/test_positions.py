"""The page `positions` in a browser: two players that keep apart, silence, links, no overflow."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from seqviz.models.findings import number
from seqviz.models.positions_experiment import PositionsConfig, run
from seqviz.text import words
from tests.app_server import AppServer

WIDE_OF = (
    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    " + (document.querySelector('[data-testid=stMain]').scrollWidth"
    " - document.querySelector('[data-testid=stMain]').clientWidth)"
)


def open_page(server: AppServer, page: Page, **parameters: object) -> None:
    query = "&".join(
        f"{key}={quote(str(value))}" for key, value in {"v": 1, "lang": "en", **parameters}.items()
    )
    page.goto(f"{server.url}/positions?{query}")
    expect(page.locator(".place")).to_have_count(2)


def attention(page: Page) -> Locator:
    return page.locator(".place").first


def clocks(page: Page) -> Locator:
    return page.locator(".place").nth(1)


def notices(page: Page) -> Locator:
    return page.locator("ul.seqviz-notices li")


def test_shuffled_words_without_positions_change_nothing(server: AppServer, page: Page) -> None:
    open_page(server, page, t=3)
    most = number(float(run(PositionsConfig()).change.max()))
    expect(page.get_by_text(f"the largest change is {most}")).to_be_visible()
    page.get_by_role("radio", name="Sinusoidal").click()
    expect(page.get_by_text("The same words in another order")).to_be_visible()
    expect(page.get_by_text("the model is right 4 times out of 4")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('pos') === 'sinusoidal'")
    page.reload()
    expect(page.get_by_role("radio", name="Sinusoidal")).to_be_checked()
    expect(page.get_by_text("the model is right 4 times out of 4")).to_be_visible()


def test_words_and_places_are_drawn_apart_only_where_places_are_added(
    server: AppServer, page: Page
) -> None:
    for positions, count in (("none", 0), ("sinusoidal", 1), ("learned", 1), ("rotary", 0)):
        open_page(server, page, pos=positions, t=2)
        expect(attention(page)).to_contain_text("2 / 5")
        expect(page.get_by_text("its position alone")).to_have_count(count)


def test_two_players_step_apart_and_only_the_first_writes_the_address(
    server: AppServer, page: Page
) -> None:
    open_page(server, page, t=2)
    expect(attention(page)).to_contain_text("2 / 5")
    before = clocks(page).inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("new URL(location.href).searchParams.get('s') === '1'")
    assert clocks(page).inner_text() == before
    clocks(page).click()
    page.keyboard.press("ArrowRight")
    expect(clocks(page)).not_to_have_text(before)
    expect(attention(page)).to_contain_text("2 / 5")
    assert parse_qs(urlsplit(page.url).query)["t"] == ["2"]


def test_stepping_both_players_sends_the_server_nothing(server: AppServer, page: Page) -> None:
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    open_page(server, page, t=1)
    expect(page.locator("[data-testid=stPlotlyChart]")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('chart') === 'heat'")
    page.wait_for_load_state("networkidle")
    sent.clear()
    attention(page).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(attention(page)).to_contain_text("2 / 5")
    page.get_by_role("button", name="Play", exact=True).nth(1).click()
    expect(clocks(page)).not_to_contain_text("p = 0 ")
    page.keyboard.press("Escape")
    assert sent == []


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("width", [1280, 375])
def test_nothing_sticks_out(server: AppServer, visit: object, language: str, width: int) -> None:
    page: Page = visit(  # type: ignore[operator]
        viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    for more in ({"pos": "sinusoidal"}, {"input": "letters", "pos": "rotary", "mask": "causal"}):
        open_page(server, page, lang=language, **more)
        expect(page.get_by_text(words("positions", language)["clocks.head"])).to_be_visible()
        assert page.evaluate(WIDE_OF) <= 0


def test_nonsense_in_every_parameter(server: AppServer, page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    nonsense = "<img src=x onerror=alert(1)>"
    keys = ("input", "split", "order", "pos", "mask", "mode", "chart", "d", "k", "clocks", "seed")
    open_page(server, page, **dict.fromkeys(keys, nonsense), text=nonsense, t=nonsense)
    for key in keys:
        expect(notices(page).filter(has_text=f"({key})")).to_have_count(1)
    expect(page.locator("img[src=x]")).to_have_count(0)


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "empty"), ("...   ", ""), ("word", ""), ("가나 " * 4000, "first 64"), ("👩‍👧 שלום", "")],
)
def test_any_text_is_drawn(server: AppServer, page: Page, text: str, told: str) -> None:
    open_page(server, page, input="text", text=text, pos="sinusoidal", t=1)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    if told:
        expect(notices(page).filter(has_text=told).first).to_be_visible()
    expect(attention(page)).to_contain_text("1 / ")


def test_the_saved_encoding_is_the_formulas(server: AppServer, page: Page) -> None:
    open_page(server, page, d=4, length=3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Data (CSV)").click()
    rows = download.value.path().read_text("utf-8").splitlines()
    assert rows[0] == "name,row,column,value"
    by_hand = {(2, 1): "0.8414709848078965", (2, 2): "0.5403023058681398", (1, 2): "1.0"}
    for (row, column), value in by_hand.items():
        assert f"encoding,{row},{column},{value}" in rows
