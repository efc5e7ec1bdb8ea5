"""One file that plays offline, and the same file in a notebook's sandboxed frame."""

import base64
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page

from seqviz.player.html import embedded_json, frame_height, notebook_html, to_html
from seqviz.scenes import Scene, Sequence
from tests.conftest import Visitors
from tests.player.test_explain import hello
from tests.scene_catalogue import catalogue

HOSTILE = "</script><script>window.broken = 1</script>"
IMAGE = '<img src=x onerror="window.broken = 2">'
BROKEN = "() => window.broken ?? 0"
WORDS = {"role.forget": f"forget {IMAGE}", "player.still": "As a still picture"}


def hostile() -> Scene:
    """A scene whose every text tries to become markup."""
    tokens = (HOSTILE, IMAGE, "'\"&amp;]]>", "\u2028\x00\ud800")
    sequence = Sequence(tokens, tokens, (HOSTILE, IMAGE, "-->", "javascript:1"), "p")
    return replace(hello(), sequence=sequence, title=HOSTILE)


def saved(scene: Scene, tmp_path: Path, title: str = "hello") -> str:
    path = tmp_path / "scene.html"
    path.write_text(to_html(scene, WORDS, "en", title), encoding="utf-8", newline="\n")
    return path.as_uri()


def framed(page: Page, scene: Scene, title: str = "hello") -> Frame:
    page.set_content(f"<!doctype html>{notebook_html(scene, WORDS, 'en', title)}")
    frame = page.frames[1]
    frame.wait_for_selector(".seqviz")
    return frame


def test_a_saved_file_opens_from_disk_and_plays_with_the_keyboard(
    page: Page, tmp_path: Path
) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{saved(hello(), tmp_path)}?t=2&keep=me")
    player = page.locator(".seqviz")
    assert page.locator("h1").inner_text() == "hello"
    assert "t = 2 / 4" in player.inner_text()
    page.keyboard.press("ArrowRight")
    assert "t = 3 / 4" in player.inner_text()
    page.wait_for_url("**?keep=me&t=3&u=1")


def test_a_saved_file_asks_for_nothing(visit: Visitors, tmp_path: Path) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = saved(hello(), tmp_path)
    page.goto(address)
    page.wait_for_selector(".seqviz")
    assert asked == [address]


def test_its_own_policy_forbids_requests(page: Page, tmp_path: Path) -> None:
    page.goto(saved(hello(), tmp_path))
    refused = page.evaluate(
        "fetch('data:text/plain,a').then(() => 'fetched', (error) => error.name)"
    )
    assert refused == "TypeError"


def test_the_notebook_frame_plays_without_an_address(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    frame = framed(page, hello())
    assert frame.evaluate("window.origin") == "null"
    frame.locator(".seqviz").focus()
    page.keyboard.press("Home")
    assert "t = 1 / 4" in frame.locator(".seqviz").inner_text()
    page.keyboard.press("ArrowRight")
    assert "t = 2 / 4" in frame.locator(".seqviz").inner_text()


@pytest.mark.parametrize("name", ["lstm-tanh", "gru-tanh", "rnn-tanh", "lstm-T30-H32-D12"])
def test_the_frame_is_as_high_as_what_it_shows(page: Page, name: str) -> None:
    page.set_viewport_size({"width": 1040, "height": 800})
    scene = catalogue()[name]
    shown = framed(page, scene).evaluate(
        "document.querySelector('#seqviz').getBoundingClientRect().bottom"
    )
    assert 0.8 * frame_height(scene) < shown < frame_height(scene) + 60


@pytest.mark.parametrize("scripts", [True, False])
def test_without_scripts_the_still_picture_is_shown(
    visit: Visitors, tmp_path: Path, scripts: bool
) -> None:
    page = visit(java_script_enabled=scripts)
    page.goto(saved(hello(), tmp_path))
    assert page.locator("noscript svg").count() == (0 if scripts else 1)
    assert page.locator(".seqviz").count() == (1 if scripts else 0)


def test_the_notebook_carries_the_still_picture_beside_the_frame(page: Page) -> None:
    framed(page, hello())
    page.locator("summary").click()
    image = page.locator("details img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 960
    assert image.get_attribute("alt") == "hello"
    assert page.locator("summary").inner_text() == "As a still picture"


def test_nothing_a_reader_typed_becomes_markup_in_a_file(page: Page, tmp_path: Path) -> None:
    page.goto(saved(hostile(), tmp_path, title=HOSTILE + IMAGE))
    page.wait_for_selector(".seqviz")
    assert_harmless(page.main_frame)
    assert page.title() == HOSTILE + IMAGE


def test_nothing_a_reader_typed_becomes_markup_in_a_notebook(page: Page) -> None:
    assert_harmless(framed(page, hostile(), title=HOSTILE + IMAGE))
    assert page.evaluate(BROKEN) == 0


def assert_harmless(frame: Frame) -> None:
    for _ in range(4):
        frame.locator(".seqviz").press("ArrowLeft")
    for _ in range(4):
        frame.locator(".seqviz").press("ArrowRight")
    assert frame.evaluate(BROKEN) == 0
    assert frame.locator("img").count() == 0
    assert frame.locator("script").count() == 2
    assert "onerror" in frame.locator("body").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_light_and_dark(visit: Visitors, tmp_path: Path, scheme: Any) -> None:
    page = visit(color_scheme=scheme)
    page.goto(saved(hello(), tmp_path))
    page.wait_for_selector(".seqviz")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(re.findall(r"\d+", ground)[0])
    assert (red > 200) == (scheme == "light")
    own = page.evaluate("getComputedStyle(document.querySelector('.seqviz')).backgroundColor")
    assert own == ground


def test_embedded_json_means_the_same_and_holds_no_markup() -> None:
    data = {"a": [HOSTILE, "\u2028\u2029 한글 & <!--", 1.5, None], "b": {"c": True}}
    text = embedded_json(data)
    assert json.loads(text) == data
    assert not set(text) & set("<>&\u2028\u2029")


def test_numbers_that_json_lacks_become_null() -> None:
    data = {"a": float("nan"), "b": [float("inf"), -1.0]}
    assert json.loads(embedded_json(data)) == {"a": None, "b": [None, -1.0]}


def test_no_address_stands_in_the_file() -> None:
    page = to_html(hello(), WORDS, "en", "hello")
    found = set(re.findall(r"https?://[^\s\"'`)<]+", page))
    assert all(address.startswith("http://www.w3.org/") for address in found)
    frame = notebook_html(hello(), WORDS, "en", "hello")
    assert not re.search(r'(src|href)="https?:', unescape(frame))


def test_the_frame_is_sandboxed_without_the_page_as_its_origin() -> None:
    frame = notebook_html(hello(), WORDS, "en", "hello")
    assert re.findall(r'sandbox="([^"]*)"', frame) == ["allow-scripts"]
    assert "base64," in frame
    picture = frame.split("base64,")[-1].split('"')[0]
    assert base64.b64decode(picture).startswith(b"<svg")
