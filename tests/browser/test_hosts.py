"""From a module of one's own to a file and to a notebook's output: both play, alone and offline."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect
from torch import nn

import seqviz
from seqviz.text import LANGUAGES, words
from tests.conftest import Visitors

T, D, H = 5, 3, 4
INSERT = "([id, html]) => { document.getElementById(id).innerHTML = html; }"
OUTPUTS = "<!doctype html><title>notebook</title><div id=one></div><div id=two></div>"


def traced(layers: int = 1, bidirectional: bool = False) -> Any:
    """A trace of an ordinary float32 LSTM."""
    module = nn.LSTM(D, H, layers, bidirectional=bidirectional)
    generator = torch.Generator().manual_seed(5)
    for parameter in module.parameters():
        parameter.data.uniform_(-0.9, 0.9, generator=generator)
    return seqviz.trace(module, torch.randn(T, D, generator=generator))


class Listener:
    """What a page asks for, and what it complains about."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type != "log" else None,
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_written_file_plays_offline_and_asks_for_nothing(
    visit: Visitors, tmp_path: Path, language: str
) -> None:
    path = traced().to_html(tmp_path / "lstm.html", language, tokens="hello")
    page = visit(reduced_motion="reduce")
    page.context.set_offline(True)
    heard = Listener(page)
    page.goto(path.as_uri())
    expect(page.locator(".token-glyph")).to_have_text(list("hello"))
    place = page.locator(".place")
    page.keyboard.press("Home")
    for step in range(1, T + 1):
        expect(place).to_contain_text(f"{step} / {T}")
        page.keyboard.press("ArrowRight")
    expect(place).to_contain_text(f"{T} / {T}")
    expect(page.locator(".gradient-title")).to_have_text(
        words("player", language)["gradient.title_state_last"]
    )
    assert page.locator("html").get_attribute("lang") == language
    assert heard.asked == [path.as_uri()]
    assert heard.complaints == []


def test_a_written_file_says_the_traces_own_numbers(page: Page, tmp_path: Path) -> None:
    trace = traced(2, True)
    path = trace.to_html(tmp_path / "stack.html", layer=1, direction="backward")
    one = trace.layers[1].backward
    page.emulate_media(reduced_motion="reduce")
    page.goto(path.as_uri())
    assert page.locator("h1").inner_text() == "LSTM layers[1].backward"
    page.keyboard.press("Home")
    for step, t in enumerate(reversed(range(T)), start=1):
        before = 0.0 if step == 1 else float(one.c[t + 1, 0])
        sentence = words("player", "en")["speech.step"]
        said = page.locator(".sentence").inner_text()
        assert said.startswith(
            sentence.replace("{t}", f"{step}").replace("{T}", f"{T}").replace("{x}", f"{t + 1}")
        )
        assert f"{before:.2f} → {float(one.c[t, 0]):.2f}".replace("-", "−") in said
        page.keyboard.press("ArrowRight")


def test_a_written_file_plays_to_its_end(page: Page, tmp_path: Path) -> None:
    page.goto(traced().to_html(tmp_path / "lstm.html").as_uri())
    page.keyboard.press("Home")
    page.locator("button.play").click()
    expect(page.locator(".place")).to_contain_text(f"{T} / {T}", timeout=20_000)


def test_two_outputs_of_a_notebook_play_each_by_itself(page: Page) -> None:
    heard = Listener(page)
    page.emulate_media(reduced_motion="reduce")
    page.set_content(OUTPUTS)
    address, entries = page.url, page.evaluate("history.length")
    for name, tokens in (("one", "abcde"), ("two", "vwxyz")):
        page.evaluate(INSERT, [name, traced().scene(tokens)._repr_mimebundle_()["text/html"]])
    one, two = (page.frame_locator(f"#{name} iframe") for name in ("one", "two"))
    expect(one.locator(".token-glyph")).to_have_text(list("abcde"))
    expect(two.locator(".token-glyph")).to_have_text(list("vwxyz"))
    for frame in (one, two):
        frame.locator(".seqviz").press("Home")
    one.locator(".seqviz").press("ArrowRight")
    one.locator(".seqviz").press("ArrowRight")
    expect(one.locator(".place")).to_contain_text(f"3 / {T}")
    expect(two.locator(".place")).to_contain_text(f"1 / {T}")
    assert (page.url, page.evaluate("history.length")) == (address, entries)
    assert [url for url in heard.asked if not url.startswith(("data:", "about:"))] == []
    assert heard.complaints == []


def test_a_notebooks_frame_reaches_neither_the_notebook_nor_its_storage(page: Page) -> None:
    page.set_content(OUTPUTS)
    page.evaluate(INSERT, ["one", traced().scene()._repr_mimebundle_()["text/html"]])
    page.frame_locator("#one iframe").locator(".seqviz").wait_for()
    (frame,) = page.frames[1:]
    for reach in ("parent.document.title", "localStorage.length", "document.cookie"):
        name = frame.evaluate(f"(() => {{ try {{ return String({reach}); }} catch (error) "
                              "{ return error.name; } })()")  # fmt: skip
        assert name == "SecurityError", reach
    assert frame.evaluate("location.href") == "about:srcdoc"


def test_where_scripts_do_not_run_the_notebook_shows_the_still_picture(visit: Visitors) -> None:
    output = traced().scene("hello")._repr_mimebundle_()["text/html"]
    page = visit(java_script_enabled=False)
    page.set_content(f"<!doctype html>{output.replace('allow-scripts', '')}")
    still = page.frame_locator("iframe").locator("noscript svg")
    expect(still).to_be_visible()
    expect(still.locator("text").first).to_have_text("LSTM")


def test_where_frames_may_not_run_the_picture_beside_them_opens(visit: Visitors) -> None:
    output = traced().scene("hello")._repr_mimebundle_()["text/html"]
    page = visit(java_script_enabled=False)
    policy = "<meta http-equiv='Content-Security-Policy' content=\"script-src 'none'\">"
    page.set_content(f"<!doctype html>{policy}{output}")
    expect(page.frame_locator("iframe").locator(".seqviz")).to_have_count(0)
    page.locator("summary").click()
    image = page.locator("details img")
    expect(image).to_be_visible()
    box = image.bounding_box()
    assert box is not None
    assert box["width"] > 500


def test_the_still_picture_stands_alone(page: Page, tmp_path: Path) -> None:
    picture = traced().scene("<&>'\"")._repr_mimebundle_()["image/svg+xml"]
    texts = [text.text for text in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert {"<", "&", ">", "'", '"'} <= set(texts)
    path = tmp_path / "still.svg"
    path.write_text(picture, encoding="utf-8")
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.localName") == "svg"
    assert page.evaluate("document.documentElement.getBBox().width") > 500
