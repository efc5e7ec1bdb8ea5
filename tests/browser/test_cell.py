"""The page `cell` in a real browser: its first screen, its silence, its modes and what-ifs."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, WebSocket, expect

from seqviz.models.experiment import CellConfig, CellRecord, run
from seqviz.models.findings import answer
from tests.app_server import AppServer

TOKEN = ".tokens .token"


def answers(record: CellRecord) -> list[str]:
    """What the model says at every step."""
    return [answer(record, t)[0] for t in range(len(record.trace))]


def open_cell(server: AppServer, page: Page, **parameters: object) -> None:
    """The page with these parameters, played or rested: the player is there."""
    query = "&".join(
        f"{key}={value}" for key, value in {"v": 1, "lang": "en", **parameters}.items()
    )
    page.goto(f"{server.url}/cell?{query}")
    expect(page.locator(".place")).to_be_visible()


def step_is(page: Page, step: int, steps: int) -> None:
    expect(page.locator(".place")).to_have_text(f"t = {step} / {steps}")


def says(page: Page) -> list[str]:
    """The answers under the tokens, read from the screen."""
    texts = page.locator(".token-says").all_inner_texts()
    return [text.split()[0] for text in texts]


def test_hello_plays_once_and_rests_on_the_second_l(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/")
    step_is(page, 1, 4)
    step_is(page, 4, 4)
    expect(page.locator(".token-glyph.ringed")).to_have_count(2)
    expect(page.locator(".token-glyph.ringed").first).to_have_text("l")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert says(page) == answers(run(CellConfig())) == ["e", "l", "l", "o"]


def test_a_key_stops_the_first_play(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/cell?v=1&lang=en")
    step_is(page, 1, 4)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_reduced_motion_does_not_play_by_itself(server: AppServer, visit: object) -> None:
    page: Page = visit(reduced_motion="reduce")  # type: ignore[operator]
    page.goto(f"{server.url}/cell?v=1&lang=en")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    step_is(page, 4, 4)


def test_playing_stepping_and_asking_send_the_server_nothing(server: AppServer, page: Page) -> None:
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    open_cell(server, page, t=1)
    step_is(page, 1, 4)
    page.wait_for_function("new URL(location.href).searchParams.get('cell') === 'lstm'")
    assert sent
    sent.clear()
    page.locator(".inspector .pin").first.click()
    page.wait_for_function("new URL(location.href).searchParams.get('pin') !== null")
    page.keyboard.press("ArrowRight")
    step_is(page, 2, 4)
    page.keyboard.press("End")
    step_is(page, 4, 4)
    page.locator(TOKEN).nth(1).click()
    step_is(page, 2, 4)
    page.locator(".diagram").hover(position={"x": 300, "y": 200})
    page.get_by_role("button", name="Predict first").click()
    page.get_by_role("button", name="Predict first").click()
    page.get_by_role("button", name="Rolled", exact=True).click()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Play", exact=True).click()
    step_is(page, 4, 4)
    page.wait_for_function("new URL(location.href).searchParams.get('t') === '4'")
    assert sent == []


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_without_memory_both_l_get_the_same_answer(
    server: AppServer, page: Page, cell: str
) -> None:
    open_cell(server, page, cell=cell, wipe="true")
    step_is(page, 4, 4)
    expected = answers(run(CellConfig(cell=cell, wipe=True)))
    assert expected[2] == expected[3]
    assert says(page) == expected
    expect(page.get_by_text("can get below 0.347 nats")).to_be_visible()


def test_training_shows_its_result_and_stays_in_the_link(server: AppServer, page: Page) -> None:
    open_cell(server, page, mode="fresh", cell="gru", hidden=3)
    page.get_by_role("button", name="Train this one").click()
    expect(page.get_by_text("Trained here: 300 steps")).to_be_visible()
    expected = run(CellConfig("gru", "fresh", hidden=3, taught=True))
    expect(page.get_by_role("button", name="Back to untrained")).to_be_visible()
    assert answers(expected) == ["e", "l", "l", "o"]
    expect(page.locator(".token-says").nth(3)).to_contain_text("o")
    page.wait_for_function("new URL(location.href).searchParams.get('taught') === 'true'")
    page.get_by_role("button", name="Back to untrained").click()
    expect(page.get_by_text("Fresh model: random weights")).to_be_visible()


def test_trained_locks_the_architecture_and_leaves_the_activation(
    server: AppServer, page: Page
) -> None:
    open_cell(server, page)
    page.get_by_role("button", name="Model", exact=True).click()
    expect(page.get_by_role("slider", name="Hidden size H")).to_be_disabled()
    page.get_by_role("radio", name="ReLU", exact=True).click()
    expect(page.get_by_text("It was trained with tanh; you now run it with ReLU.")).to_be_visible()
    before, after = run(CellConfig()), run(CellConfig(activation="relu"))
    line = f"Answers before: {' '.join(answers(before))}. Answers now: {' '.join(answers(after))}."
    expect(page.get_by_text(line)).to_be_visible()


def test_the_saved_numbers_are_the_records(server: AppServer, page: Page) -> None:
    open_cell(server, page)
    page.locator("summary", has_text="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers (CSV)").click()
    rows = download.value.path().read_text("utf-8").splitlines()
    assert rows[0] == "tensor,step,token,unit,value"
    h = run(CellConfig()).trace.h
    wanted = [f"h,4,l,{unit},{value!r}" for unit, value in enumerate(h[3].tolist(), start=1)]
    assert [row for row in rows if row.startswith("h,4,")] == wanted


def test_the_language_of_the_page_is_the_documents(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/cell?v=1&lang=ko")
    page.wait_for_function("document.documentElement.lang === 'ko'")
    found = parse_qs(urlsplit(page.url).query)
    assert found["lang"] == ["ko"]


def test_the_forget_bias_is_moved_live_and_stands_in_the_link(
    server: AppServer, page: Page
) -> None:
    open_cell(server, page, mode="fresh")
    page.get_by_role("button", name="Model", exact=True).click()
    toggle = page.get_by_text("Set the forget-gate bias")
    slider = page.get_by_role("slider", name="Forget-gate bias (LSTM)")
    expect(slider).to_have_count(0)
    toggle.click()
    expect(slider).to_have_value("1")
    for _ in range(12):
        slider.press("ArrowRight")
    page.wait_for_function("new URL(location.href).searchParams.get('fb') === '2.2'")
    expect(slider).to_have_value("2.2")
    toggle.click()
    expect(slider).to_have_count(0)
    page.wait_for_function("new URL(location.href).searchParams.get('fb') === 'init'")
    toggle.click()
    expect(slider).to_have_value("2.2")


def test_trained_gives_way_to_fresh_where_there_is_no_model_and_comes_back(
    server: AppServer, page: Page
) -> None:
    def choose(option: str) -> None:
        page.get_by_test_id("stSelectbox").first.locator("input").click()
        page.get_by_role("option", name=option, exact=True).click()

    open_cell(server, page)
    trained = page.get_by_role("radio", name="Trained", exact=True)
    fresh = page.get_by_role("radio", name="Fresh", exact=True)
    expect(trained).to_be_checked()
    choose("Sine wave")
    expect(fresh).to_be_checked()
    expect(fresh).to_be_disabled()
    page.wait_for_function("new URL(location.href).searchParams.get('input') === 'sine'")
    assert parse_qs(urlsplit(page.url).query)["mode"] == ["trained"]
    choose("Brackets: how deep?")
    expect(trained).to_be_checked()
    expect(trained).to_be_enabled()
    expect(page.get_by_text("Trained model: brackets-lstm")).to_be_visible()
