"""The picture in a browser: what keys, mouse and touch do, and what the drawn data says."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Locator, Page

from seqviz import player
from seqviz.core.gradients import gradients
from seqviz.core.parameters import make_cell
from seqviz.core.unroll import unroll
from seqviz.scenes import Scene, Sequence
from seqviz.scenes.recurrent import cell_scene
from seqviz.text import words
from tests.conftest import Visitors
from tests.scene_catalogue import catalogue, scene_of

WORDS = dict(words("player", "en"))
LOAD = """async ([source, payload]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  window.module = await import(url);
  URL.revokeObjectURL(url);
  window.payload = payload;
  window.player = window.module.mount(document.getElementById("root"), payload);
}"""
CONTRAST = """(selector) => [...document.querySelectorAll(selector)]
  .filter((text) => text.textContent && text.getClientRects().length)
  .map((text) => {
    const { parseColour, contrast } = window.module;
    const ink = parseColour(getComputedStyle(text).fill);
    const under = parseColour(text.parentNode.querySelector("rect").getAttribute("fill"));
    return [text.textContent, contrast(ink, under)];
  })"""


def hello() -> Scene:
    """An untrained LSTM on one-hot "hell" that rests on the second l."""
    cell = make_cell("lstm", 4, 4, seed=1)
    trace = unroll(cell, torch.eye(4, dtype=torch.float64)[[0, 1, 2, 2]])
    random = np.random.default_rng(0)
    return cell_scene(
        trace,
        gradients=gradients(trace, "last"),
        readout=(random.normal(size=(4, 4)), random.normal(size=4)),
        sequence=Sequence(tuple("hell"), tuple("ello"), tuple("helo"), "p"),
        title="hello",
        mark=(2, 3),
        rest=3,
    )


def payload(scene: Scene | dict[str, Any], **options: Any) -> dict[str, Any]:
    return player.payload(scene, WORDS, {"host": "html", "language": "en", **options})


def show(page: Page, scene: Scene | dict[str, Any], *, still: bool = True, **options: Any) -> Page:
    """A bare page with the player in it, in a frame of mind without motion unless asked."""
    if still:
        page.emulate_media(reduced_motion="reduce")
    page.set_content(
        f"<!doctype html><style>body {{ margin: 12px }}{player.css()}</style>"
        "<input id='outside'><div id='root'></div>"
    )
    page.evaluate(LOAD, [player.bundle("player.js", exports=True), payload(scene, **options)])
    return page


def step(page: Page) -> int:
    found = re.search(r"t = (\d+) /", page.locator(".place").inner_text())
    assert found
    return int(found[1])


def cell(page: Page, node: str, unit: int) -> Locator:
    return page.locator(f".strip[data-node={node}] .cell[data-unit='{unit}']")


def numbers(page: Page, node: str) -> list[str]:
    return page.locator(f".strip[data-node={node}] .cell-number").all_text_contents()


def printed(values: np.ndarray) -> list[str]:
    return [re.sub(r"^-(?=0\.00$)", "", f"{value:.2f}").replace("-", "−") for value in values]


def panel_point(page: Page, name: str, t: int, unit: int, scene: Scene) -> dict[str, float]:
    box = page.locator(f".plot[data-panel={name}]").bounding_box()
    assert box
    steps, rows = scene[name].values.shape
    return {
        "x": (t + 0.5) * box["width"] / steps,
        "y": (unit + 0.5) * box["height"] / rows,
    }


def test_arrow_keys_step_from_anywhere_but_not_out_of_a_text_field(page: Page) -> None:
    show(page, hello())
    page.keyboard.press("Home")
    for key, expected in (("ArrowRight", 2), ("End", 4), ("ArrowLeft", 3), ("ArrowDown", 3)):
        page.keyboard.press(key)
        assert step(page) == expected
    page.locator("#outside").focus()
    page.keyboard.press("ArrowLeft")
    assert step(page) == 3


def test_a_step_prints_the_numbers_of_the_scene(page: Page) -> None:
    scene = hello()
    show(page, scene)
    page.keyboard.press("Home")
    for t in range(scene.steps):
        for name in "figoch":
            assert numbers(page, name) == printed(scene[name].values[t])
        page.keyboard.press("ArrowRight")
    assert numbers(page, "c_prev") == printed(scene["c"].values[-2])


def test_the_player_is_one_tab_stop_with_a_visible_focus(page: Page) -> None:
    show(page, hello())
    page.locator("#outside").focus()
    page.keyboard.press("Tab")
    focused = "document.activeElement.className"
    assert "seqviz" in page.evaluate(focused)
    shadow = "getComputedStyle(document.querySelector('.seqviz')).boxShadow"
    assert page.evaluate(shadow) != "none"
    page.keyboard.press("Tab")
    assert "seqviz" not in page.evaluate(focused)


def test_unit_level_and_view_are_chosen_by_keys_inside(page: Page) -> None:
    show(page, hello())
    page.locator(".seqviz").focus()
    page.keyboard.press("ArrowDown")
    assert "unit 2" in page.locator(".why h3").inner_text()
    page.keyboard.press("v")
    assert page.locator(".wire[data-view=rolled]").first.is_visible()
    assert page.locator(".stub").count() == 0
    page.keyboard.press("1")
    assert not page.locator(".cell-number").first.is_visible()
    assert not page.locator(".inspector").is_visible()
    page.keyboard.press("3")
    assert page.locator(".inspector").is_visible()


def test_a_click_explains_a_value_and_lights_up_its_sources(page: Page) -> None:
    scene = hello()
    show(page, scene)
    cell(page, "c", 1).click()
    why = page.locator(".why")
    assert "unit 2" in why.locator("h3").inner_text()
    assert len(why.locator("tr.product").all()) == 2
    shown = why.locator(".result .term-value").inner_text().replace("−", "-")
    assert float(shown) == pytest.approx(scene["c"].values[3, 1], abs=0.006)
    for node in ("f", "i", "g", "c_prev"):
        mark = page.locator(f".strip[data-node={node}] .mark.source:not([hidden])")
        assert mark.count() == 1
        assert mark.locator("text").text_content() in {"1", "2"}
    for name in ("f", "i", "g"):
        assert page.locator(f".plot[data-panel={name}] .mark.source:not([hidden])").count() == 1


def test_what_a_value_is_made_of_can_be_followed_down(page: Page) -> None:
    show(page, hello())
    cell(page, "h", 0).click()
    page.locator(".part", has_text="tanh").click()
    page.locator(".part").first.click()
    assert "cell state, unit 1" in page.locator(".why h3").inner_text()


def test_pins_stay_at_their_step_side_by_side_and_escape_lets_them_go(page: Page) -> None:
    scene = hello()
    show(page, scene)
    cell(page, "h", 0).click()
    page.keyboard.press("ArrowLeft")
    page.locator(".seqviz").focus()
    page.keyboard.press("Enter")
    assert step(page) == 3
    card = page.locator(".pin-card")
    assert card.count() == 1
    assert "step 4" in card.inner_text()
    assert "step 3" in page.locator(".why header").inner_text()
    for _ in range(3):
        page.keyboard.press("Escape")
    assert page.locator(".pin-holder").count() == 0


def test_a_hidden_future_can_neither_be_seen_nor_asked(page: Page) -> None:
    scene = hello()
    show(page, scene, downloads=True)
    page.keyboard.press("Home")
    page.locator(".seqviz").focus()
    page.keyboard.press("h")
    tokens = page.locator(".token")
    assert tokens.nth(0).locator(".token-glyph").is_visible()
    assert not tokens.nth(1).locator(".token-glyph").is_visible()
    opacity = "getComputedStyle(document.querySelector('.veil')).opacity"
    assert page.evaluate(opacity) == "1"
    before = page.locator(".why").inner_text()
    page.locator(".plot[data-panel=c]").hover(position=panel_point(page, "c", 2, 1, scene))
    assert page.locator(".why").inner_text() == before
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    rows = saved.value.path().read_text(encoding="utf-8").splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {"1"}


def test_a_panel_cell_at_another_step_is_explained_where_it_stands(page: Page) -> None:
    scene = hello()
    show(page, scene)
    page.locator(".plot[data-panel=f]").hover(position=panel_point(page, "f", 1, 2, scene))
    assert "step 2" in page.locator(".why header").inner_text()
    assert "forget gate, unit 3" in page.locator(".why h3").inner_text()
    assert step(page) == 4


def test_the_token_bar_says_what_the_model_expects(page: Page) -> None:
    scene = hello()
    assert scene.sequence.classes
    show(page, scene)
    for t, column in enumerate(page.locator(".token").all()):
        best = int(scene["p"].values[t].argmax())
        says = column.locator(".token-says").inner_text()
        assert says.startswith(scene.sequence.classes[best])
        assert f"{100 * scene['p'].values[t, best]:.0f}%" in says
    page.locator(".token").nth(1).locator(".token-says").click()
    assert step(page) == 2
    assert "next-token" in page.locator(".why h3").inner_text()


def test_dragging_over_the_tokens_scrubs(page: Page) -> None:
    show(page, hello())
    boxes = [column.bounding_box() for column in page.locator(".token").all()]
    centres = [box["x"] + box["width"] / 2 for box in boxes if box]
    y = boxes[0]["y"] + 14 if boxes[0] else 0
    page.mouse.move(centres[0], y)
    page.mouse.down()
    assert step(page) == 1
    page.mouse.move(centres[2], y, steps=6)
    assert step(page) == 3
    page.mouse.move(centres[3] + 500, y)
    assert step(page) == 4
    page.mouse.up()
    page.mouse.move(centres[0], y)
    assert step(page) == 4


def test_sub_steps_show_the_parts_and_let_the_rest_step_back(page: Page) -> None:
    scene = hello()
    show(page, scene)
    page.locator(".seqviz").focus()
    for name, stage in (("x_part", "f_x"), ("h_part", "f_h"), ("sum", "f_pre"), ("act", "f")):
        page.keyboard.press("Shift+ArrowRight")
        assert numbers(page, "f") == printed(scene[stage].values[3]), name
    assert numbers(page, "h") == [""] * 4
    assert page.locator(".strip.aside[data-node=c_prev]").count() == 1
    assert "aside" not in (page.locator(".strip[data-node=f]").get_attribute("class") or "")
    page.get_by_role("button", name="Whole step").click()
    assert numbers(page, "h") == printed(scene["h"].values[3])
    assert page.locator(".aside").count() == 0


@pytest.mark.parametrize("name", ["lstm-T30-H32-D12", "gru-T7-H9-D5", "rnn-T1-H1-D1"])
@pytest.mark.parametrize("width", [320, 375, 768, 1280, 1920])
def test_no_width_makes_the_page_scroll_sideways(page: Page, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    show(page, catalogue()[name], downloads=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 375, "height": 800})
    page.wait_for_function("document.documentElement.scrollWidth <= 375")


def test_buttons_are_large_enough_for_a_finger_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    show(page, hello())
    for button in page.locator(".buttons button, .segmented button, .toggle").all():
        box = button.bounding_box()
        assert box
        assert box["height"] >= 40


def test_the_inspector_does_not_push_the_page_when_it_fills(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    show(page, hello())
    top = page.locator(".panels").bounding_box()
    for node, unit in (("c", 1), ("f", 2), ("h", 3)):
        cell(page, node, unit).click()
        assert page.locator(".panels").bounding_box() == top


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["lstm-tanh", "gru-tanh", "rnn-identity"])
def test_printed_numbers_can_be_read(browser: Browser, scheme: Any, name: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = show(context.new_page(), catalogue()[name])
    for _ in range(5):
        found = page.evaluate(CONTRAST, ".cell-number")
        assert len(found) >= 16
        assert min(ratio for _, ratio in found) >= 4.5
        page.keyboard.press("ArrowLeft")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_role_and_size_can_be_read_on(browser: Browser, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = show(context.new_page(), hello())
    worst = page.evaluate(
        """() => {
          const { readPalette, parseColour, contrast } = window.module;
          const palette = readPalette(document.querySelector(".seqviz"));
          const roles = "forget input candidate output cell hidden query key value attention " +
            "gradient given weight prediction plain";
          let [cells, words] = [99, 99];
          const ratio = (a, b) => contrast(parseColour(a), parseColour(b));
          for (const role of roles.split(" ")) {
            words = Math.min(words, ratio(palette.text(role), palette.paper));
            for (let k = -100; k <= 100; k += 1) {
              const { fill, ink } = palette.shade(role, "signed", 1, k / 100);
              cells = Math.min(cells, ratio(fill, ink));
            }
          }
          return [cells, words];
        }"""
    )
    assert min(worst) >= 4.5
    context.close()


def test_hue_is_the_role_and_nothing_is_rescaled_at_a_step(page: Page) -> None:
    """Equal values have equal colours at every step; a negative one is no tint of its role."""
    scene = hello()
    show(page, scene)
    shade = """([value, range]) =>
      window.module.readPalette(document.querySelector('.seqviz'))
        .shade('cell', 'signed', range, value).fill"""
    largest = float(np.abs(scene["c"].values).max())
    for t in range(scene.steps):
        page.keyboard.press("Home")
        for _ in range(t):
            page.keyboard.press("ArrowRight")
        for unit, value in enumerate(scene["c"].values[t]):
            expected = page.evaluate(shade, [float(value), largest])
            assert cell(page, "c", unit).get_attribute("fill") == expected
    assert page.evaluate(shade, [0.5, 1]) != page.evaluate(shade, [-0.5, 1])


def test_a_live_switch_of_the_theme_recolours_and_keeps_the_step(page: Page) -> None:
    show(page, hello())
    page.keyboard.press("ArrowLeft")
    before = cell(page, "h", 2).get_attribute("fill")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_function(
        "(fill) => document.querySelector('.strip[data-node=h] .cell[data-unit=\"2\"]')"
        ".getAttribute('fill') !== fill",
        arg=before,
    )
    assert step(page) == 3


def test_colours_follow_the_hosts_variables(page: Page) -> None:
    show(page, hello())
    page.evaluate(
        """() => {
          const { style } = document.getElementById("root");
          style.setProperty("--st-background-color", "#102030");
          style.setProperty("--st-text-color", "#ffeedd");
          window.player.update(window.payload);
        }"""
    )
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.seqviz')).backgroundColor")
        == "rgb(16, 32, 48)"
    )
    found = page.evaluate(CONTRAST, ".cell-number")
    assert min(ratio for _, ratio in found) >= 4.5


def test_values_travel_but_the_state_is_there_at_once(page: Page) -> None:
    scene = hello()
    page.clock.install()
    show(page, scene, still=False)
    page.clock.run_for(100)
    page.keyboard.press("Home")
    assert numbers(page, "h") == printed(scene["h"].values[0])
    page.clock.run_for(200)
    assert page.locator(".wire-pulse:not([hidden])").count() > 0
    page.clock.run_for(2000)
    assert page.locator(".wire-pulse:not([hidden])").count() == 0


def test_reduced_motion_moves_nothing_by_itself(page: Page) -> None:
    page.clock.install()
    show(page, hello(), autoplay=True)
    page.clock.run_for(3000)
    assert step(page) == 4
    page.keyboard.press("ArrowLeft")
    page.clock.run_for(100)
    assert page.locator(".wire-pulse:not([hidden])").count() == 0


def autoplaying(page: Page) -> Page:
    page.clock.install()
    return show(page, hello(), still=False, autoplay=True)


def test_it_plays_once_by_itself_and_rests_with_both_letters_ringed(page: Page) -> None:
    autoplaying(page)
    assert step(page) == 1
    page.clock.run_for(900)
    assert step(page) == 2
    page.clock.run_for(5000)
    assert step(page) == 4
    assert page.locator(".play").inner_text() == "Play"
    assert page.locator(".token-glyph.ringed").count() == 2


@pytest.mark.parametrize("stop", ["key", "click"])
def test_any_key_or_click_stops_the_play_that_began_by_itself(page: Page, stop: str) -> None:
    autoplaying(page)
    if stop == "key":
        page.keyboard.press("q")
    else:
        page.mouse.click(3, 3)
    page.clock.run_for(5000)
    assert step(page) == 1


def test_playing_thirty_steps_a_second_drops_none(page: Page) -> None:
    scene = scene_of("lstm", steps=100, hidden=16, inputs=4)
    page.clock.install()
    show(page, scene)
    page.keyboard.press("Home")
    page.evaluate(
        """() => {
          window.seen = [];
          new MutationObserver(() => window.seen.push(document.querySelector('.place').textContent))
            .observe(document.querySelector('.place'), { characterData: true, subtree: true });
          const speeds = document.querySelector('.speed');
          speeds.append(new Option('24×', '24'));
          speeds.value = '24';
          speeds.dispatchEvent(new Event('change'));
        }"""
    )
    page.locator(".play").click()
    page.clock.run_for(3500)
    seen = [int(re.findall(r"\d+", text)[0]) for text in page.evaluate("window.seen")]
    assert step(page) == 100
    assert all(b - a == 1 for a, b in pairwise(seen))


def test_large_sizes_become_heat_columns_that_can_still_be_asked(page: Page) -> None:
    scene = catalogue()["lstm-T30-H32-D12"]
    show(page, scene)
    assert page.locator(".cell-number").count() == 0
    assert page.locator(".strip[data-node=f] .cell").count() == 32
    cell(page, "f", 20).click()
    assert "forget gate, unit 21" in page.locator(".why h3").inner_text()
    shown = page.locator(".result .term-value").inner_text().replace("−", "-")
    assert float(shown) == pytest.approx(scene["f"].values[scene.steps - 1, 20], abs=0.006) or (
        step(page) != scene.steps
    )


def broken_scene() -> dict[str, Any]:
    """A scene whose h holds ∞, −∞ and NaN at step 2."""
    scene = hello()
    values = scene["h"].values.copy()
    values[1, :3] = (np.inf, -np.inf, np.nan)
    tensors = tuple(
        replace(
            t,
            values=values,
            operation=replace(
                t.operation, name="given", operands=(), parameters={"vouched": "here"}
            ),
            sent=True,
        )
        if t.name == "h"
        else t
        for t in scene.tensors
        if t.name not in ("logits", "p")
        and not t.name.startswith(("i", "f", "g", "o", "c", "kept", "written"))
    )
    plain = scene.to_json()
    lone = replace(
        scene,
        tensors=tensors,
        panels=("h",),
        ghost={},
        substeps=(),
        gradient=None,
        layout=replace(
            scene.layout,
            nodes=tuple(n for n in scene.layout.nodes if n["id"] in ("h", "h_prev")),
            wires=(),
            lanes=(),
        ),
        sequence=Sequence(tuple(plain["sequence"]["inputs"])),
    )
    return json.loads(json.dumps(lone.to_json()))


def test_what_is_not_finite_is_named_and_hatched(page: Page) -> None:
    show(page, broken_scene(), step=1)
    assert numbers(page, "h")[:3] == ["∞", "−∞", "NaN"]
    fills = [cell(page, "h", unit).get_attribute("fill") or "" for unit in range(4)]
    assert all(fill.startswith("url(#") for fill in fills[:3])
    assert not fills[3].startswith("url(#")
    cell(page, "h", 2).click()
    assert "NaN" in page.locator(".why").inner_text()


def test_the_run_before_the_change_stays_behind_as_a_ghost(page: Page) -> None:
    scene = catalogue()["lstm-force-f"]
    show(page, scene)
    ghosts = page.locator(".strip[data-node=f] .cell-ghost").all_text_contents()
    t = step(page) - 1
    for shown, old, new in zip(
        ghosts, scene["ghost_f"].values[t], scene["f"].values[t], strict=True
    ):
        assert shown == ("" if abs(old - new) < 0.005 else printed(np.array([old]))[0])


def test_gradient_bands_have_the_limits_they_name(page: Page) -> None:
    show(page, hello())
    bands = "(ratios) => ratios.map(window.module.bandOf)"
    assert page.evaluate(bands, [3, 2, 0, -2.9, -3.1, -6, -6.1, -99]) == [
        "exploding", "alive", "alive", "alive", "shrinking", "shrinking", "zero", "zero",
    ]  # fmt: skip
    ratios = "([norms, loss]) => window.module.logRatios(norms, loss)"
    assert page.evaluate(ratios, [[0.01, 0.1, 1], "last"]) == [-2, -1, 0]
    assert page.evaluate(ratios, [[2, 20, 0.2], "all"]) == pytest.approx([-1, 0, -2])


def test_a_gradient_bar_tells_its_absolute_value(page: Page) -> None:
    scene = hello()
    show(page, scene)
    bar = page.locator(".gradient-bar.h").nth(1)
    bar.hover()
    norm = float(scene["dh_norm"].values[1])
    reading = page.locator(".gradient-reading").inner_text()
    assert "step 2" in reading
    assert f"{norm:.4f}" in reading or "×10" in reading


def test_a_new_scene_keeps_the_cursor_where_it_can(page: Page) -> None:
    show(page, scene_of("lstm", steps=9))
    page.locator(".seqviz").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    page.evaluate("(next) => window.player.update(next)", payload(scene_of("gru", steps=6)))
    assert step(page) == 6
    assert page.locator(".strip[data-node=z]").count() == 1
    assert "unit 2" in page.locator(".why h3").inner_text()
    assert "seqviz" in page.evaluate("document.activeElement.className")


def test_destroy_leaves_nothing_behind(page: Page) -> None:
    page.add_init_script(
        """
        window.held = 0;
        for (const [target, owner] of [[EventTarget.prototype, "page"]]) {
          const { addEventListener, removeEventListener } = target;
          const counts = (self) => self === document || self instanceof MediaQueryList;
          target.addEventListener = function (...all) {
            if (counts(this)) window.held += 1;
            return addEventListener.apply(this, all);
          };
          target.removeEventListener = function (...all) {
            if (counts(this)) window.held -= 1;
            return removeEventListener.apply(this, all);
          };
        }
        """
    )
    page.goto("about:blank")
    before = page.evaluate("window.held")
    show(page, hello())
    assert page.evaluate("window.held") > before
    page.evaluate("window.player.destroy()")
    assert page.evaluate("window.held") == before
    assert page.evaluate("document.getElementById('root').childElementCount") == 0
    page.keyboard.press("ArrowRight")


def test_the_step_is_announced_in_words(page: Page) -> None:
    page.clock.install()
    show(page, hello())
    page.keyboard.press("Home")
    page.clock.run_for(1000)
    assert page.locator("[aria-live=polite]").text_content().startswith("Step 1 of 4")  # type: ignore[union-attr]


def test_the_picture_can_be_saved(page: Page) -> None:
    show(page, hello(), downloads=True)
    saved = {}
    for kind in ("SVG", "PNG", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        saved[kind] = download.value.path().read_bytes()
    svg = ElementTree.fromstring(saved["SVG"])
    texts = [node.text for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert printed(hello()["h"].values[3])[0] in texts
    assert not [node for node in svg.iter() if "class" in node.attrib]
    assert saved["PNG"].startswith(b"\x89PNG")
    assert saved["CSV"].decode().count("\n") > 100


def test_no_word_is_missing(visit: Visitors) -> None:
    """A key without words would show itself."""
    for name in ("lstm-peepholes", "gru-reset-before", "rnn-tanh", "lstm-force-f"):
        page = show(visit(), catalogue()[name], downloads=True)
        page.locator(".seqviz").focus()
        page.evaluate("document.querySelector('details').open = true")
        shown = page.locator(".seqviz").inner_text()
        for _ in range(6):
            page.keyboard.press("Shift+ArrowRight")
            shown += page.locator(".seqviz").inner_text()
        for label in page.locator("[aria-label]").all():
            shown += label.get_attribute("aria-label") or ""
        assert re.findall(r"\b[a-z]{2,}\.[a-z_]{2,}\b", shown) == []
