"""Whatever a link or a field says: the page stays whole, and a notice says what came."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app_server import AppServer

ARCHITECTURE = ("cell", "act", "hidden", "init", "fb", "h0", "peep", "reset", "gain")
INPUT = ("mode", "input", "text", "numbers", "length", "taught", "loss", "seed")
WHAT_IF = ("wipe", "force", "value", "unit", "at", "edit", "token", "x")
FRAME = ("lang", "v", "t", "u", "pin")
KEYS = (*ARCHITECTURE, *INPUT, *WHAT_IF, *FRAME)
TEXTS = ("한국어 텍스트", "e\u0301\u0323x", "👍🏽👩\u200d👧", "שלום", "\t\n", "<marquee>")
NONSENSE = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "nan": "nan",
    "infinite": "1e999",
    "emoji": "👩\u200d👩\u200d👧\u200d👦🇰🇷",
    "combining": "e\u0301" + "\u0323" * 500,
    "right-to-left": "שלום عالم \u202eabc",
    "control": "\x00\x07\x1b[31m",
    "markdown": "**a** $x^2$ :smile: `c` [l](http://example.com) :red[r]",
    "empty": "",
    "long": "x" * 10_000,
}


def notices(page: Page) -> Locator:
    return page.locator("ul.seqviz-notices li")


def open_whole(page: Page, address: str) -> None:
    """Go there; the page is whole when title, player and share link stand and nothing failed."""
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(address)
    whole(page)


def whole(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('v') === '1'")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page.get_by_text("Share", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_in_every_parameter(server: AppServer, page: Page, nonsense: str) -> None:
    parameters = {**dict.fromkeys(KEYS, nonsense), "lang": "en"}
    if len(nonsense) > 1000:
        parameters = {"lang": "en", "text": nonsense, "cell": nonsense, "seed": nonsense}
    open_whole(page, f"{server.url}/cell?{urlencode(parameters)}")
    expect(notices(page).filter(has_text="(seed)")).to_have_count(1)
    expect(notices(page).filter(has_text="(cell)")).to_have_count(1)
    expect(page.get_by_role("radio", name="LSTM", exact=True)).to_be_checked()
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_notices_in_korean(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/cell?v=1&lang=ko&length=99999")
    expect(notices(page)).to_contain_text("최댓값은 200")


@pytest.mark.parametrize(
    "text", ["한국어 텍스트", "e\u0301\u0323x", "👍🏽👩\u200d👧", "שלום", "\t\n", "<marquee>"]
)
def test_any_text_plays_in_both_modes(server: AppServer, page: Page, text: str) -> None:
    for mode in ("fresh", "trained"):
        address = f"{server.url}/cell?v=1&lang=en&mode={mode}&input=text&text={quote(text)}"
        open_whole(page, address)
        expect(page.locator("marquee")).to_have_count(0)


def test_one_character(server: AppServer, page: Page) -> None:
    open_whole(page, f"{server.url}/cell?v=1&lang=en&mode=fresh&input=text&text=a")


def test_everything_at_its_maximum(server: AppServer, page: Page) -> None:
    largest = "mode=fresh&hidden=32&length=200&input=noise&gain=3.0&init=he&loss=all"
    open_whole(page, f"{server.url}/cell?v=1&lang=en&{largest}")
    expect(notices(page)).to_have_count(0)


def test_ten_thousand_characters_typed(server: AppServer, page: Page) -> None:
    open_whole(page, f"{server.url}/cell?v=1&lang=en&mode=fresh&input=text&seed=7")
    page.get_by_test_id("stPopover").first.get_by_role("button").click()
    field = page.get_by_role("textbox", name="Your text")
    field.fill("가나" * 5000)
    field.press("Enter")
    expect(notices(page).filter(has_text="10,000 characters")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('text').startsWith('가나가')")
    assert "seed=7" in page.url
    whole(page)


@pytest.mark.parametrize("typed", ["nan", "1, x, 1e999, 2", ",,,", "<script>alert(1)</script>"])
def test_bad_numbers_typed(server: AppServer, page: Page, typed: str) -> None:
    open_whole(page, f"{server.url}/cell?v=1&lang=en&mode=fresh&input=numbers&seed=7")
    page.get_by_test_id("stPopover").first.get_by_role("button").click()
    field = page.get_by_role("textbox", name="Your numbers")
    field.fill(typed)
    field.press("Enter")
    expect(notices(page).first).to_be_visible()
    assert "seed=7" in page.url
    whole(page)


def test_too_many_parameters(server: AppServer, page: Page) -> None:
    many = "&".join(f"x{n}={n}" for n in range(900))
    open_whole(page, f"{server.url}/cell?v=1&lang=en&seed=7&{many}")
    expect(notices(page).filter(has_text="897 more")).to_be_visible()
    page.wait_for_function("!location.search.includes('x1=')")


def test_the_phone_sees_the_notices_too(server: AppServer, visit: Callable[..., Page]) -> None:
    page = visit(viewport={"width": 375, "height": 740})
    open_whole(page, f"{server.url}/cell?v=1&lang=en&seed={quote('<' * 3000)}")
    expect(notices(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
