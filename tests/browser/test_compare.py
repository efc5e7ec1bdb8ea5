"""The page `compare` in a real browser: one cursor over three models, silent and in the link."""

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, WebSocket, expect

from seqviz.models.comparison import CompareConfig, CompareRecord, compare
from tests.app_server import AppServer
from tests.comparison_catalogue import TRAINED

STEPS = 31
ALL_TRAINED = {"a_mode": "trained", "b_mode": "trained", "c_mode": "trained"}


def open_compare(server: AppServer, page: Page, **parameters: object) -> None:
    """The page with these parameters: the player is there."""
    query = urlencode({"v": 1, "lang": "en", **parameters})
    page.goto(f"{server.url}/compare?{query}")
    expect(page.locator(".score")).to_be_visible()


def step_is(page: Page, step: int, steps: int = STEPS) -> None:
    expect(page.locator(".place")).to_have_text(f"t = {step} / {steps}")


def found(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def said(record: CompareRecord) -> list[list[str]]:
    """What each model answers at every step."""
    return [
        [cell.task.classes[k] for k in cell.probabilities.argmax(dim=-1).tolist()]
        for cell in record.cells
        if cell.probabilities is not None
    ]


def rows(page: Page) -> list[list[str]]:
    tracks = page.locator(".answer-row .score-track").all()
    return [[text.split()[0] for text in one.locator("span").all_inner_texts()] for one in tracks]


def test_it_opens_on_three_fresh_cells_with_their_answers(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/compare")
    step_is(page, STEPS)
    assert rows(page) == said(compare(CompareConfig()))
    for key, value in {"a_cell": "rnn", "b_cell": "lstm", "c_cell": "gru", "seed": "1"}.items():
        page.wait_for_function(
            "([key, value]) => new URL(location.href).searchParams.get(key) === value",
            arg=[key, value],
        )


def test_stepping_hovering_and_pinning_send_the_server_nothing(
    server: AppServer, page: Page
) -> None:
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    open_compare(server, page, t=1)
    step_is(page, 1)
    page.wait_for_function("new URL(location.href).searchParams.get('a_cell') === 'rnn'")
    assert sent
    sent.clear()
    page.keyboard.press("ArrowRight")
    step_is(page, 2)
    page.keyboard.press("End")
    step_is(page, STEPS)
    page.locator(".plot[data-panel=a_h]").hover()
    page.locator(".plot[data-panel=b_c]").click(position={"x": 30, "y": 30})
    page.get_by_role("button", name="Predict first").click()
    page.get_by_role("button", name="Predict first").click()
    page.locator(".token-row .score-track span").nth(3).click()
    step_is(page, 4)
    page.wait_for_function("new URL(location.href).searchParams.get('t') === '4'")
    assert found(page)["pin"][0].startswith("b_c.")
    assert sent == []


def test_the_inspector_speaks_of_the_model_that_is_asked(server: AppServer, page: Page) -> None:
    open_compare(server, page, t=9)
    line = page.locator(".inspector header .muted")
    for name, label in (
        ("a_h", "A · RNN"),
        ("b_f", "B · LSTM"),
        ("c_z", "C · GRU"),
        ("ab_h", "A−B"),
    ):
        page.locator(f".plot[data-panel={name}]").hover(position={"x": 5, "y": 20})
        expect(line).to_contain_text(f"{label} · step 1")
        expect(page.locator(".inspector .result .term-value")).not_to_be_empty()


def test_a_link_holds_step_unit_and_pins_of_every_model(server: AppServer, page: Page) -> None:
    address = {"t": 5, "u": 3, "pin": "c_z.4.2"}
    open_compare(server, page, **address)
    step_is(page, 5)
    expect(page.locator(".plot[data-panel=c_z] .mark.pinned")).to_have_count(1)
    expect(page.locator(".pin-card .muted").first).to_contain_text("C · GRU · step 4")
    page.reload()
    step_is(page, 5)
    expect(page.locator(".plot[data-panel=c_z] .mark.pinned")).to_have_count(1)


def test_a_pin_that_is_not_there_is_named(server: AppServer, page: Page) -> None:
    open_compare(server, page, pin="d_h.1.1", t=99)
    listed = page.locator("ul.seqviz-notices li")
    expect(listed).to_have_count(2)
    expect(listed.filter(has_text="d_h.1.1")).to_have_count(1)
    step_is(page, STEPS)


def test_another_cell_keeps_the_cursor_and_shows_its_gates(server: AppServer, page: Page) -> None:
    open_compare(server, page, t=7)
    step_is(page, 7)
    page.get_by_role("button", name="Model A").click()
    page.get_by_role("radio", name="GRU", exact=True).click()
    expect(page.locator(".plot[data-panel=a_z]")).to_have_count(1)
    expect(page.locator(".plot[data-panel=a_h_pre]")).to_have_count(0)
    step_is(page, 7)
    page.wait_for_function("new URL(location.href).searchParams.get('a_cell') === 'gru'")
    assert found(page)["t"] == ["7"]


def test_all_three_trained_answer_as_their_records_do(server: AppServer, page: Page) -> None:
    open_compare(server, page, **ALL_TRAINED)
    record = compare(CompareConfig(TRAINED))
    expect(page.locator(".answer-row").nth(2)).to_be_visible()
    assert rows(page) == said(record)
    shares = [f"{100 * float(known.h.accuracy[-1]):.0f} %" for known in record.known]
    reading = page.locator("[data-part=known] .curve-reading")
    for letter, share in zip(("A", "B h", "C"), shares, strict=True):
        expect(reading).to_contain_text(f"{letter} {share}")


def test_a_short_comparison_plays_by_itself_unless_motion_is_unwanted(
    server: AppServer, visit: object
) -> None:
    page: Page = visit()  # type: ignore[operator]
    open_compare(server, page, input="hello")
    step_is(page, 1, 4)
    step_is(page, 4, 4)
    still: Page = visit(reduced_motion="reduce")  # type: ignore[operator]
    open_compare(server, still, input="hello")
    step_is(still, 4, 4)
    expect(still.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_each_step_is_announced_for_every_model(server: AppServer, page: Page) -> None:
    open_compare(server, page, input="hello", t=2, **ALL_TRAINED)
    spoken = page.locator(".spoken[aria-live=polite]")
    expect(spoken).to_contain_text("Step 2 of 4")
    page.keyboard.press("ArrowRight")
    expect(spoken).to_contain_text("Step 3 of 4")
    expect(spoken).to_contain_text("A says “l”")
    expect(spoken).to_contain_text("First token read correctly: A")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("source", ["lag", "hello", "sine"])
def test_at_phone_width_nothing_overflows(
    server: AppServer, visit: object, language: str, source: str
) -> None:
    page: Page = visit(viewport={"width": 375, "height": 800})  # type: ignore[operator]
    open_compare(server, page, lang=language, input=source)
    page.wait_for_function("new URL(location.href).searchParams.get('seed') === '1'")
    widths = "() => [document.documentElement, document.querySelector('[data-testid=stMain]')]"
    assert page.evaluate(f"{widths.removeprefix('() => ')}.map((e) => e.scrollWidth)") == [375, 375]


def test_look_inside_opens_the_same_model_alone(server: AppServer, page: Page) -> None:
    open_compare(server, page, b_fb=3, length=6)
    page.get_by_role("link", name="Look inside B").click()
    expect(page.locator(".diagram")).to_be_visible()
    step_is(page, 1, 6)
    assert found(page)["fb"] == ["3"]
    assert found(page)["cell"] == ["lstm"]


def test_the_scene_is_saved_as_one_page_that_plays_alone(
    server: AppServer, page: Page, visit: object, tmp_path: Path
) -> None:
    open_compare(server, page, length=5)
    page.locator("summary", has_text="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="This scene as a page (HTML)").click()
    alone: Page = visit()  # type: ignore[operator]
    download.value.save_as(tmp_path / "scene.html")
    alone.goto((tmp_path / "scene.html").as_uri())
    expect(alone.locator(".score")).to_be_visible()
    expect(alone.locator(".plot[data-panel=c_h]")).to_be_visible()
    alone.keyboard.press("Home")
    step_is(alone, 1, 5)
