"""Dragging and stepping inside the real page: everything follows, the server hears nothing."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from seqviz.models.attention_experiment import AttentionConfig, run
from seqviz.scenes.plane import query_scene
from tests.app_server import AppServer

ONE = run(AttentionConfig(show="one", keys=3)).attention
STAGES = ("scores", "scaled", "weights")


def open_plane(server: AppServer, page: Page, **more: str) -> list[object]:
    """The page `attention` as it opens, still, with every frame that it sends from then on."""
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    page.emulate_media(reduced_motion="reduce")
    asked = "&".join(f"{key}={value}" for key, value in {"v": "1", "lang": "en", **more}.items())
    page.goto(f"{server.url}/attention?{asked}")
    expect(page.locator(".plane")).to_be_visible()
    expect(page.get_by_text("Share", exact=True)).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('show') === 'one'")
    page.wait_for_load_state("networkidle")
    sent.clear()
    return sent


def handle(page: Page, name: str = "q", row: int = 0) -> Locator:
    return page.locator(f".handle[data-name={name}][data-row='{row}']")


def at(page: Page, name: str = "q", row: int = 0) -> list[float]:
    text = handle(page, name, row).get_attribute("aria-valuetext") or ""
    return [float(part.split(" ")[1].replace("−", "-")) for part in text.split(", ")]


def bars(page: Page, stage: str) -> list[float]:
    texts = page.locator(f".bars[data-stage={stage}] .bar-number").all_text_contents()
    return [float(text.replace("−", "-")) for text in texts]


def assert_follows(page: Page) -> None:
    """Scores, scaled scores, weights and blend are those of the query where it now stands."""
    scene = query_scene(at(page), ONE.k, ONE.v, scale=ONE.scale)
    for stage in STAGES:
        wanted = list(scene[stage].values[0])
        assert bars(page, stage) == pytest.approx(wanted, abs=0.0051), stage
    expect(page.locator(".bar-sum")).to_have_text(re.compile("Σ [=≈] 1.00"))
    blend = ", ".join(f"{x:.2f}" for x in np.round(scene["context"].values[0], 2) + 0.0)
    expect(page.locator(".blend-label")).to_have_text(f"blend ({blend})".replace("-", "−"))


def pulled(page: Page, right: float, down: float, name: str = "q") -> None:
    """Takes a point with the mouse, moves it in many small steps, and looks before letting go."""
    handle(page, name).scroll_into_view_if_needed()
    box: Any = handle(page, name).locator(".handle-dot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=25)


def test_the_query_is_dragged_with_the_mouse_and_the_link_carries_it(
    server: AppServer, page: Page, visit: Any
) -> None:
    sent = open_plane(server, page)
    start, before = at(page), bars(page, "weights")
    pulled(page, -90, 60)
    now = at(page)
    assert now[0] < start[0] - 0.2
    assert now[1] < start[1] - 0.1
    assert bars(page, "weights") != before
    assert_follows(page)
    page.mouse.up()
    page.wait_for_function("new URL(location.href).searchParams.has('point')")
    assert sent == []
    (point,) = parse_qs(urlsplit(page.url).query)["point"]
    name, x, y = point.split(",")
    assert name == "q.1"
    assert [float(x), float(y)] == pytest.approx(now, abs=0.0051)
    assert_restored(visit(), page.url, now, bars(page, "scores"))


def assert_restored(page: Page, url: str, place: list[float], scores: list[float]) -> None:
    """Another visitor who opens the link finds the query and everything that follows there."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(url)
    expect(page.locator(".plane")).to_be_visible()
    assert at(page) == place
    assert bars(page, "scores") == scores
    assert_follows(page)
    expect(page.locator("ul.seqviz-notices li")).to_have_count(0)


def test_arrow_keys_move_the_query_and_the_link_carries_that_too(
    server: AppServer, page: Page, visit: Any
) -> None:
    sent = open_plane(server, page)
    start = at(page)
    handle(page).focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowDown"):
        page.keyboard.press(key)
    now = [start[0] - 0.2, start[1] + 0.1 - 0.01]
    assert at(page) == pytest.approx(now, abs=1e-9)
    assert_follows(page)
    page.wait_for_function("new URL(location.href).searchParams.has('point')")
    assert sent == []
    assert_restored(visit(), page.url, at(page), bars(page, "scores"))


def test_a_dragged_key_stays_where_it_is_at_another_temperature(
    server: AppServer, page: Page
) -> None:
    open_plane(server, page)
    pulled(page, 60, -40, "k")
    page.mouse.up()
    place = at(page, "k")
    page.wait_for_function("(new URL(location.href).searchParams.get('point') ?? '')[0] === 'k'")
    page.goto(page.url + "&temp=3")
    expect(page.locator(".plane")).to_be_visible()
    assert at(page, "k") == place


def test_on_a_phone_stages_open_one_at_a_time_and_the_link_keeps_which(
    server: AppServer, visit: Any
) -> None:
    page: Page = visit(viewport={"width": 375, "height": 760}, reduced_motion="reduce")
    page.goto(f"{server.url}/attention?v=1&lang=en&show=sentence&t=3")
    line = page.locator("[data-sheet=scores].closed .sheet-hit")
    line.click()
    opened = page.locator(".sheet:not(.closed)")
    expect(opened).to_have_attribute("data-sheet", "scores")
    page.wait_for_function("new URL(location.href).searchParams.get('s') === '5'")
    page.reload()
    expect(opened).to_have_attribute("data-sheet", "scores")
    expect(page.locator(".place")).to_contain_text("3 / 8")
    page.locator(".place").click()
    page.keyboard.press("ArrowRight")
    expect(opened).to_have_attribute("data-sheet", "scaled")
