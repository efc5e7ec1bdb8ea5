"""The page `multi-head` in a real browser: maps side by side, silent, in the link, never broken."""

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, WebSocket, expect

from seqviz.models.heads_experiment import HeadsConfig, run
from seqviz.ui.heads import CONTROLS
from tests.app_server import AppServer

SENTENCE = tuple("the cat sat on the mat and slept".split())  # noqa: SIM905
NONSENSE = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "infinite": "1e999",
    "emoji": "👩\u200d👩\u200d👧\u200d👦🇰🇷",
    "right-to-left": "שלום عالم \u202eabc",
    "control": "\x00\x07\x1b[31m",
    "markdown": "**a** $x^2$ :smile: `c` [l](http://example.com)",
    "empty": "",
    "long": "x y " * 2_500,
}


def open_heads(server: AppServer, page: Page, **parameters: object) -> None:
    """The page with these parameters: the maps are there."""
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(f"{server.url}/multi-head?{urlencode({'v': 1, 'lang': 'en', **parameters})}")
    expect(page.locator(".sheet-picture")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('seed') !== null")


def query_is(page: Page, query: int, queries: int = len(SENTENCE)) -> None:
    expect(page.locator(".place")).to_have_text(f"query {query} / {queries}")


def found(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def whole(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Share", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_it_opens_on_every_head_the_average_and_the_right_answers(
    server: AppServer, page: Page
) -> None:
    open_heads(server, page)
    expect(page.locator("button.map")).to_have_count(4)
    expect(page.locator("figure.map.mean")).to_have_count(1)
    query_is(page, 8)
    record = run(HeadsConfig(SENTENCE))
    said = page.locator(".track-tokens, .token-row, .tokens").first
    expect(said).to_contain_text(record.run.said()[7][0])
    expect(page.locator("p.seqviz-sentence", has_text="22 of 22 answers are right")).to_be_visible()


def test_heads_queries_and_stages_send_the_server_nothing(server: AppServer, page: Page) -> None:
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    open_heads(server, page)
    page.wait_for_load_state("networkidle")
    assert sent
    sent.clear()
    page.locator("button.map").nth(1).hover()
    page.locator("button.map").nth(2).click()
    expect(page.locator("button.map").nth(2)).to_have_attribute("aria-pressed", "true")
    page.locator(".sheet-picture").click(position={"x": 5, "y": 5})
    page.keyboard.press("ArrowUp")
    query_is(page, 7)
    page.keyboard.press("2")
    expect(page.locator("button.map").nth(1)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("new URL(location.href).searchParams.get('head') === '2'")
    assert found(page)["t"] == ["7"]
    assert sent == []


def test_a_link_holds_query_and_head(server: AppServer, page: Page) -> None:
    open_heads(server, page, t=5, head=3)
    query_is(page, 5)
    expect(page.locator("button.map").nth(2)).to_have_attribute("aria-pressed", "true")
    page.reload()
    query_is(page, 5)
    expect(page.locator("button.map").nth(2)).to_have_attribute("aria-pressed", "true")


def test_fewer_heads_know_less(server: AppServer, page: Page) -> None:
    open_heads(server, page)
    page.get_by_role("radio", name="2 heads", exact=True).click()
    expect(page.locator("button.map")).to_have_count(2)
    expect(page.locator("p.seqviz-sentence", has_text="17 of 22")).to_be_visible()
    expect(page.locator(".hints")).to_contain_text("1 – 2 head")
    page.get_by_role("radio", name="1 head", exact=True).click()
    expect(page.locator("button.map")).to_have_count(0)
    expect(page.locator("p.seqviz-sentence", has_text="10 of 22")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('trained') === '1'")


def test_the_output_is_drawn_in_both_true_pictures(server: AppServer, page: Page) -> None:
    open_heads(server, page)
    expect(page.locator("[data-sheet=concat]")).to_have_count(1)
    page.get_by_role("radio", name="Σ shares", exact=True).click()
    expect(page.locator("[data-sheet=share]")).to_have_count(1)
    expect(page.locator("[data-sheet=concat]")).to_have_count(0)


def test_a_silenced_head_costs_the_answers_it_wrote(server: AppServer, page: Page) -> None:
    open_heads(server, page, off=4)
    told = page.locator("p.seqviz-sentence", has_text="Head 4 is silenced")
    expect(told).to_contain_text("7 answers change; 15 of 22 are right, 22 were before")
    page.get_by_role("button", name="What if").click()
    page.get_by_role("button", name="All heads speak again").click()
    expect(told).to_have_count(0)
    expect(page.locator("p.seqviz-sentence", has_text="22 of 22")).to_be_visible()


def test_a_d_model_that_cannot_be_cut_is_named(server: AppServer, page: Page) -> None:
    open_heads(server, page, mode="fresh", heads=5, d=64)
    notice = page.locator("ul.seqviz-notices li")
    expect(notice).to_contain_text("d_model = 64 cannot be cut into 5 equal heads")
    page.wait_for_function("new URL(location.href).searchParams.get('d') === '64'")
    expect(page.locator("button.map")).to_have_count(5)
    page.reload()
    expect(notice).to_contain_text("d_model = 60")


def test_a_mask_that_blocks_everything_shows_no_nan(server: AppServer, page: Page) -> None:
    open_heads(server, page, mask="all")
    expect(page.locator("ul.seqviz-notices li")).to_contain_text("8 of 8")
    assert "NaN" not in str(page.locator(".sheet-picture").text_content())
    whole(page)


def test_the_largest_is_whole_in_dark_korean(server: AppServer, visit: object) -> None:
    page: Page = visit(color_scheme="dark")  # type: ignore[operator]
    open_heads(server, page, lang="ko", mode="fresh", heads=8, d=64, input="long")
    expect(page.locator("button.map")).to_have_count(8)
    expect(page.locator("canvas.map-heat")).to_have_count(9)


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_in_every_parameter(server: AppServer, page: Page, nonsense: str) -> None:
    keys = [*(control.key for control in CONTROLS), "t", "head"]
    asked = dict.fromkeys(keys, nonsense)
    if len(nonsense) > 1000:
        asked = {"input": "text", "text": nonsense, "d": nonsense[:1000]}
    open_heads(server, page, **asked)
    listed = page.locator("ul.seqviz-notices li")
    expect(listed.filter(has_text="(d)")).to_have_count(1)
    expect(page.locator("img[src=x]")).to_have_count(0)
    whole(page)


@pytest.mark.parametrize("text", ["나는 밥을 먹는다", "👍🏽👩\u200d👧", "שלום", "a", "<marquee>"])
@pytest.mark.parametrize("split", ["words", "letters"])
def test_any_text_plays(server: AppServer, page: Page, text: str, split: str) -> None:
    open_heads(server, page, input="text", text=text, split=split)
    expect(page.locator("marquee")).to_have_count(0)
    whole(page)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("source", ["cat", "long"])
def test_at_phone_width_nothing_overflows(
    server: AppServer, visit: object, language: str, source: str
) -> None:
    page: Page = visit(viewport={"width": 375, "height": 800})  # type: ignore[operator]
    open_heads(server, page, lang=language, input=source)
    widths = "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
    assert page.evaluate(f"{widths}.map((e) => e.scrollWidth)") == [375, 375]


def test_on_a_phone_wide_tables_scroll_by_themselves(server: AppServer, visit: object) -> None:
    page: Page = visit(viewport={"width": 375, "height": 800})  # type: ignore[operator]
    open_heads(server, page, mode="fresh", heads=8, d=64)
    parts = page.locator("summary")
    for place in range(parts.count()):
        parts.nth(place).click()
    expect(page.locator("table.seqviz-table")).to_have_count(7)
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    widths = "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
    assert page.evaluate(f"{widths}.map((e) => e.scrollWidth)") == [375, 375]


def test_the_scene_is_saved_as_one_page_that_plays_alone(
    server: AppServer, page: Page, visit: object, tmp_path: Path
) -> None:
    open_heads(server, page)
    page.locator("summary", has_text="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="This scene as a page (HTML)").click()
    alone: Page = visit()  # type: ignore[operator]
    download.value.save_as(tmp_path / "scene.html")
    alone.goto((tmp_path / "scene.html").as_uri())
    expect(alone.locator("button.map")).to_have_count(4)
    alone.locator(".sheet-picture").click(position={"x": 5, "y": 5})
    alone.keyboard.press("ArrowUp")
    query_is(alone, 7)


def test_each_of_the_four_answers_is_said_under_its_name(server: AppServer, page: Page) -> None:
    open_heads(server, page, t=8)
    expect(page.locator(".token-head .head-says")).to_have_text("1 back")
    told = page.locator(".seqviz .sentence").first
    names = ("1 back “and”", "2 back “mat”", "3 back “the”", "4 back “on”")
    expect(told).to_contain_text("Its answers: " + ", ".join(names) + ".")
    page.get_by_role("button", name="Prediction", exact=True).click()
    expect(told).to_contain_text("Prediction: W_R reads the output")


def test_what_is_below_the_line_in_the_picture_is_so_in_its_arithmetic(
    server: AppServer, page: Page
) -> None:
    open_heads(server, page, t=8)
    label = page.locator(".term-label").first
    expect(label.locator("sub")).to_have_text("mask")
    expect(label).to_have_text("S⁽¹⁾mask “mat”")


def test_headings_and_sections_break_between_words(server: AppServer, visit: object) -> None:
    page: Page = visit(viewport={"width": 375, "height": 800})  # type: ignore[operator]
    open_heads(server, page, lang="ko")
    for name in ("h1", "summary p"):
        expect(page.locator(f".stMain {name}").first).to_have_css("word-break", "keep-all")
