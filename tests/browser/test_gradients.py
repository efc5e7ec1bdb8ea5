"""The page `gradients` in a browser: time runs backwards, nothing is sent or sticks out."""

import pytest
from playwright.sync_api import Page, WebSocket, expect

from seqviz.models.backprop_experiment import BackpropConfig, run
from tests.app_server import AppServer

CELL = ".diagram .matrix .cell"


def open_page(server: AppServer, page: Page, **parameters: object) -> None:
    query = "&".join(
        f"{key}={value}" for key, value in {"v": 1, "lang": "en", **parameters}.items()
    )
    page.goto(f"{server.url}/gradients?{query}")
    expect(page.locator(".place")).to_be_visible()


def step_is(page: Page, step: int, steps: int) -> None:
    expect(page.locator(".place")).to_have_text(f"t = {step} / {steps}")


def test_it_plays_from_the_last_step_to_earlier_ones_and_rests(
    server: AppServer, page: Page
) -> None:
    page.goto(f"{server.url}/gradients?v=1&lang=en")
    step_is(page, 20, 20)
    step_is(page, 15, 20)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_stepping_backwards_sends_the_server_nothing(server: AppServer, page: Page) -> None:
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    open_page(server, page, t=15, length=20)
    step_is(page, 15, 20)
    expect(page.locator("[data-testid=stPlotlyChart]")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('chart') === 'norms'")
    page.wait_for_load_state("networkidle")
    sent.clear()
    page.locator(".place").click()
    page.keyboard.press("ArrowRight")
    step_is(page, 14, 20)
    page.keyboard.press("ArrowLeft")
    step_is(page, 15, 20)
    page.keyboard.press("End")
    step_is(page, 20, 20)
    expect(page.get_by_role("button", name="One step back")).to_be_disabled()
    page.keyboard.press("Home")
    step_is(page, 1, 20)
    expect(page.get_by_role("button", name="One step forward")).to_be_disabled()
    page.locator(".tokens .token").nth(3).click()
    step_is(page, 4, 20)
    page.locator(CELL).first.hover()
    page.get_by_role("button", name="Play", exact=True).click()
    step_is(page, 1, 20)
    page.wait_for_function("new URL(location.href).searchParams.get('t') === '1'")
    assert sent == []


def test_what_is_behind_is_clear_and_what_is_ahead_is_veiled(server: AppServer, page: Page) -> None:
    open_page(server, page, t=15)
    step_is(page, 15, 20)
    when = page.locator(".tokens .token").evaluate_all("all => all.map((e) => e.dataset.when)")
    assert when == ["future"] * 14 + ["now"] + ["past"] * 5


def test_the_factor_on_screen_is_the_jacobian_of_the_next_step(
    server: AppServer, page: Page
) -> None:
    open_page(server, page, t=15)
    step_is(page, 15, 20)
    shown = page.locator(".matrix").first.locator(".cell-number").all_text_contents()
    wanted = run(BackpropConfig()).jacobians[15].flatten().tolist()
    for text, value in zip(shown, wanted, strict=True):
        assert float(text.replace("−", "-")) == pytest.approx(value, abs=0.0051)
    page.keyboard.press("End")
    step_is(page, 20, 20)
    assert set(page.locator(".matrix").first.locator(".cell-number").all_text_contents()) == {
        "0.00"
    }


def test_the_inspector_explains_where_the_error_came_from(server: AppServer, page: Page) -> None:
    open_page(server, page, t=15)
    step_is(page, 15, 20)
    page.locator("[data-node=arriving] [data-unit='2']").click()
    expect(page.locator(".inspector")).to_contain_text("from later steps, unit 3")
    expect(page.locator(".matrix .mark.source")).to_have_count(4)


@pytest.mark.parametrize("chart", ["norms", "map", "truncate", "clip", "remedies"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_narrow_screen_never_scrolls_sideways(
    server: AppServer, visit: object, language: str, chart: str
) -> None:
    page: Page = visit(viewport={"width": 375, "height": 800})  # type: ignore[operator]
    open_page(server, page, lang=language, chart=chart, cell="lstm", t=10)
    expect(page.locator("[data-testid=stPlotlyChart] .main-svg").first).to_be_visible()
    over = "(e) => e.scrollWidth - e.clientWidth"
    assert page.locator("[data-testid=stMain]").evaluate(over) <= 0
    assert page.locator("html").evaluate(over) <= 0


def test_the_longest_run_opens_without_its_matrices(server: AppServer, page: Page) -> None:
    open_page(server, page, cell="lstm", hidden=32, length=1000, t=990)
    step_is(page, 990, 1000)
    expect(page.get_by_text("The matrices are too many to send")).to_be_visible()
    expect(page.locator(".matrix")).to_have_count(0)
    page.keyboard.press("Home")
    step_is(page, 1, 1000)


def test_a_remedy_is_ticked_with_the_keyboard_and_keeps_the_focus(
    server: AppServer, page: Page
) -> None:
    open_page(server, page, chart="remedies", length=30)
    box = page.get_by_role("checkbox", name="Orthogonal W_hh")
    box.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("Without what is ticked")).to_be_visible()
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    page.wait_for_function("new URL(location.href).searchParams.get('init') === 'orthogonal'")


def test_a_chain_is_chosen_with_the_keyboard_and_stands_in_the_link(
    server: AppServer, page: Page
) -> None:
    open_page(server, page, chart="map", length=20)
    expect(page.get_by_text("from the loss at step 20 back to step 15")).to_be_visible()
    field = page.get_by_role("spinbutton", name="Traced back to k")
    field.fill("18")
    field.press("Enter")
    expect(page.get_by_text("times 2 factors: J₂₀ J₁₉")).to_be_visible()
    field.press("ArrowUp")
    expect(page.get_by_text("times one factor: J₂₀")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('early') === '19'")


def test_a_click_on_a_cell_of_the_map_chooses_its_chain(server: AppServer, page: Page) -> None:
    open_page(server, page, chart="map", length=20, loss="all")
    expect(page.get_by_text("from the loss at step 20 back to step 15")).to_be_visible()
    drawn = page.locator("[data-testid=stPlotlyChart]").first.locator(".nsewdrag").first
    area = drawn.bounding_box()
    assert area is not None
    cell = area["width"] / 20, area["height"] / 20
    drawn.click(position={"x": cell[0] * 7.5, "y": cell[1] * 17.5})
    expect(page.get_by_text("from the loss at step 18 back to step 8")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Loss at step t")).to_have_value("18")
    page.wait_for_function("new URL(location.href).searchParams.get('early') === '8'")
    drawn.click(position={"x": cell[0] * 2.5, "y": cell[1] * 2.5})
    expect(page.get_by_text("no factor, only the direct part")).to_be_visible()
    drawn.click(position={"x": cell[0] * 15.5, "y": cell[1] * 2.5})
    expect(page.get_by_text("no factor, only the direct part")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_stands_over_the_heading_of_the_charts(
    server: AppServer, page: Page, language: str
) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    open_page(server, page, lang=language)
    expect(page.locator("[data-testid=stPlotlyChart]")).to_be_visible()
    room = page.locator("h2").first.evaluate(
        """(heading) => {
          const box = heading.closest("[data-testid=stElementContainer]");
          return box.nextElementSibling.getBoundingClientRect().top
            - heading.getBoundingClientRect().bottom;
        }"""
    )
    assert room >= 4
