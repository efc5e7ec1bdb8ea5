"""The page `attention` in a browser: drag, step, switch, share; silent, whole, and on a phone."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from seqviz.models.attention_experiment import AttentionConfig, run
from seqviz.models.attention_views import answer
from seqviz.text import words
from tests.app_server import AppServer

SENTENCE = AttentionConfig(show="sentence")


def open_page(server: AppServer, page: Page, **parameters: object) -> None:
    query = "&".join(
        f"{key}={quote(str(value))}" for key, value in {"v": 1, "lang": "en", **parameters}.items()
    )
    page.goto(f"{server.url}/attention?{query}")
    share = words("frame", str(parameters.get("lang", "en")))["share.head"]
    expect(page.get_by_text(share, exact=True)).to_be_visible()
    plane = parameters.get("show", "one") == "one"
    expect(page.locator(".plane" if plane else ".sheets").first).to_be_visible()


def notices(page: Page) -> Locator:
    return page.locator("ul.seqviz-notices li")


def silent(page: Page) -> list[object]:
    """Every frame that the page sends from here on."""
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    return sent


def test_dragging_the_query_changes_everything_and_sends_nothing(
    server: AppServer, page: Page
) -> None:
    sent = silent(page)
    open_page(server, page)
    page.wait_for_function("new URL(location.href).searchParams.get('show') === 'one'")
    page.wait_for_load_state("networkidle")
    page.locator(".handle").first.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("new URL(location.href).searchParams.has('point')")
    sent.clear()
    reading = page.locator(".bars[data-stage=weights] .bar-number")
    before = reading.all_text_contents()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    expect(reading.first).not_to_have_text(before[0])
    after = [float(text.replace("−", "-")) for text in reading.all_text_contents()]
    assert sum(after) == pytest.approx(1, abs=0.02)
    assert sent == []


def test_a_link_keeps_the_dragged_query(server: AppServer, page: Page) -> None:
    open_page(server, page)
    page.locator(".handle").first.focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_function("new URL(location.href).searchParams.has('point')")
    shown = page.locator(".bars[data-stage=scores] .bar-number").all_text_contents()
    page.reload()
    expect(page.locator(".bars[data-stage=scores] .bar-number").first).to_have_text(shown[0])
    expect(notices(page)).to_have_count(0)


def test_the_trained_model_says_what_its_record_says(server: AppServer, page: Page) -> None:
    open_page(server, page, show="sentence")
    said, _ = answer(run(SENTENCE))
    sentence = page.get_by_text(f"At query 6, “cat”, the model names “{said}”")
    expect(sentence).to_be_visible()
    weights = page.locator("[data-sheet=weights]")
    expect(weights).to_have_count(1)
    expect(weights).to_contain_text("1.00")


def test_stepping_through_stages_and_queries_sends_nothing(server: AppServer, page: Page) -> None:
    sent = silent(page)
    open_page(server, page, show="sentence", t=2)
    expect(page.locator(".place")).to_contain_text("2 / 8")
    page.wait_for_function("new URL(location.href).searchParams.get('t') === '2'")
    page.wait_for_load_state("networkidle")
    sent.clear()
    page.locator(".place").click()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".place")).to_contain_text("3 / 8")
    page.keyboard.press("End")
    expect(page.locator(".place")).to_contain_text("8 / 8")
    page.keyboard.press("Home")
    expect(page.locator(".place")).to_contain_text("1 / 8")
    page.keyboard.press("ArrowRight")
    assert sent == []


def test_switching_the_mask_off_lets_the_model_cheat_and_stays_in_the_link(
    server: AppServer, page: Page
) -> None:
    open_page(server, page, show="sentence")
    page.get_by_text("Causal mask", exact=True).click()
    expect(page.get_by_text("that is reading, not predicting")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('causal') === 'false'")
    page.locator("summary", has_text=words("attention", "en")["masks.head"]).click()
    expect(page.get_by_role("cell", name="off: sees everything")).to_have_count(2)
    page.reload()
    expect(page.get_by_text("that is reading, not predicting")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "text"), [("en", "cat"), ("ko", "rain"), ("en", "you"), ("ko", "sky")]
)
def test_the_softmax_of_the_query_is_on_the_first_screen_of_a_laptop(
    server: AppServer, page: Page, language: str, text: str
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    open_page(server, page, show="sentence", lang=language, input=text)
    frame = page.locator("[data-sheet=weights] .sheet-frame")
    expect(frame).to_be_visible()
    box = frame.bounding_box()
    assert box
    assert box["y"] + box["height"] < 800


def test_neither_a_what_if_nor_a_try_moves_anything(server: AppServer, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    open_page(server, page, show="sentence", **{"try": "remove"})
    expect(page.locator(".seqviz-trying")).to_be_visible()
    knobs = page.locator("[role=radiogroup], [data-testid=stPopoverButton], .sheets")
    before = [one.bounding_box() for one in knobs.all()]
    page.get_by_role("button", name="What if").click()
    page.get_by_text("Remove the token it looks at most").click()
    expect(page.get_by_role("link", name="Set it again")).to_be_visible()
    expect(page.get_by_role("button", name="End what-if")).to_be_visible()
    assert [one.bounding_box() for one in knobs.all()] == before
    page.get_by_role("link", name="Set it again").click()
    expect(page.locator(".seqviz-strayed")).to_have_count(0)
    expect(page.get_by_role("button", name="End what-if")).to_have_count(0)


def test_a_what_if_compares_and_ends(server: AppServer, page: Page) -> None:
    open_page(server, page, show="sentence", top="true")
    expect(page.get_by_text("The probability of “ran” goes from")).to_be_visible()
    page.get_by_role("button", name="What if").click()
    page.get_by_role("button", name="End what-if").click()
    expect(page.get_by_text("The probability of “ran” goes from")).to_have_count(0)
    page.wait_for_function("new URL(location.href).searchParams.get('top') === 'false'")


def test_own_text_typed_in_korean_is_split_three_ways(server: AppServer, page: Page) -> None:
    open_page(server, page, show="sentence", input="text", lang="ko")
    field = page.get_by_role("textbox", name=words("attention", "ko")["control.text.label"])
    field.fill("나비야 나비야")
    field.press("Enter")
    for option, count in (("단어", 2), ("음절", 6), ("자모", 12)):
        page.get_by_role("radio", name=option, exact=True).click()
        expect(page.locator(".place")).to_contain_text(f"/ {count}")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    "path",
    ["attention?show=one", "attention?show=matrix", "attention?show=sentence", "positions?",
     "multi-head?", "multi-head?mode=fresh"],
)  # fmt: skip
def test_on_a_laptop_the_knobs_stand_in_one_row(
    server: AppServer, visit: object, path: str, language: str
) -> None:
    page: Page = visit(viewport={"width": 1280, "height": 800})  # type: ignore[operator]
    page.goto(f"{server.url}/{path}&v=1&lang={language}")
    expect(page.get_by_text(words("frame", language)["share.head"], exact=True)).to_be_visible()
    row = page.locator(".st-key-seqviz-row").bounding_box()
    button = page.locator(".st-key-seqviz-row button").last.bounding_box()
    assert row is not None
    assert button is not None
    assert row["height"] < 2 * button["height"]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("show", ["one", "matrix", "sentence"])
def test_a_narrow_screen_never_scrolls_sideways(
    server: AppServer, visit: object, show: str, language: str
) -> None:
    page: Page = visit(viewport={"width": 375, "height": 800})  # type: ignore[operator]
    open_page(server, page, show=show, lang=language)
    page.locator("summary", has_text=words("attention", language)["dimension.head"]).click()
    expect(page.locator("[data-testid=stPlotlyChart] .main-svg").first).to_be_visible()
    over = "(e) => e.scrollWidth - e.clientWidth"
    assert page.locator("[data-testid=stMain]").evaluate(over) <= 0
    assert page.locator("html").evaluate(over) <= 0


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "x" * 10_000, "split": "letters"},
        {"text": "a " * 10_000},
        {"text": "<img src=x onerror=alert(1)>", "split": "syllables"},
        {"text": "   "},
        {"pad": 64},
        {"hide": "*-*"},
        {"mode": "fresh", "dk": 512, "text": "가나다라마바사" * 20, "split": "letters"},
    ],
)
def test_whatever_a_link_asks_for_the_page_stays_whole(
    server: AppServer, page: Page, asked: dict[str, object]
) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    open_page(server, page, show="sentence", input="text", **asked)
    expect(page.locator(".place")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_the_saved_numbers_are_the_records(server: AppServer, page: Page) -> None:
    open_page(server, page, show="sentence")
    page.locator("summary", has_text="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers (CSV)").click()
    rows = download.value.path().read_text("utf-8").splitlines()
    weights = run(SENTENCE).attention.weights[5].tolist()
    wanted = [f"weights,6,cat,{unit},{value!r}" for unit, value in enumerate(weights, start=1)]
    assert [row for row in rows if row.startswith("weights,6,")] == wanted
