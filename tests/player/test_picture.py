"""What keys, mouse and touch do in the picture, and what the inspector then says."""

import re
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page

from tests.conftest import Visitors
from tests.player.stage import cell, hello, numbers, panel_point, printed, show, step
from tests.scene_catalogue import catalogue


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


def test_arithmetic_writes_out_everything_below_a_value_of_this_step(page: Page) -> None:
    scene = hello()
    show(page, scene)
    cell(page, "h", 0).click()
    assert page.locator(".below").count() == 0
    assert page.locator(".made-of .part").count() == 2
    page.get_by_role("button", name="Arithmetic", exact=True).click()
    below = page.locator(".below")
    formulas = below.locator(".part").all_inner_texts()
    names = [formula.split(" = ")[0] for formula in formulas]
    assert names == ["o1", "tanh(c)1", "c1", "f1", "i1", "g1"]
    c = next(part for part in below.all() if part.inner_text().startswith("c1 ="))
    shown = c.locator(".result .term-value").inner_text().replace("−", "-")
    assert float(shown) == pytest.approx(scene["c"].values[3, 0], abs=0.006)
    assert page.locator(".below .rank span").count() == 0
    below.nth(5).locator(".part").click()
    assert "candidate, unit 1" in page.locator(".why h3").inner_text()
    assert page.locator(".below").count() == 0
    page.get_by_role("button", name="Numbers", exact=True).click()
    assert page.locator(".below").count() == 0


@pytest.mark.parametrize(
    ("cell_kind", "expected"),
    [("rnn-tanh", []), ("gru-tanh", ["z1", "(1−z)1", "n1", "r1", "(Un·h)1"])],
)
def test_arithmetic_goes_no_further_than_this_step(
    page: Page, cell_kind: str, expected: list[str]
) -> None:
    show(page, catalogue()[cell_kind])
    cell(page, "h", 0).click()
    page.get_by_role("button", name="Arithmetic", exact=True).click()
    formulas = page.locator(".below .part").all_inner_texts()
    assert [formula.split(" = ")[0] for formula in formulas] == expected


def test_the_keyboard_reaches_every_value_the_equations_and_saving(page: Page) -> None:
    scene = hello()
    show(page, scene, downloads=True)
    page.locator(".seqviz").focus()
    seen = set()
    for _ in range(len(scene.tensors)):
        page.keyboard.press("]")
        seen.add(page.locator(".why .formula").inner_text().split(" = ")[0])
    assert {"f1", "i1", "g1", "o1", "c1", "h1", "p1"} <= seen
    page.keyboard.press("[")
    page.keyboard.press("e")
    assert page.locator(".equations li").count() >= 8
    with page.expect_download() as saved:
        page.keyboard.press("d")
    assert saved.value.suggested_filename.endswith(".csv")


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
