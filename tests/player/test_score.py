"""The score in a bare page: several models under one cursor, on one scale, each explained."""

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from seqviz.player.still import still_svg
from seqviz.scenes import Scene
from seqviz.text import words
from tests.comparison_catalogue import records, scenes
from tests.player.conftest import Engine
from tests.player.stage import WORDS, hello, panel_point, payload, show, step
from tests.player.test_values import assert_same

NAMES = sorted(scenes())
THREE = scenes()["three-cells"]
RANGES = "(e, scene) => scene.panels.map((name) => e.openScene(scene).range(name))"
EXPLAIN = """(e, [scene, words, places]) => {
  const model = e.openScene(scene);
  return places.map(([name, t, index]) => {
    const { title, formula, result, terms, exact } = e.explain(model, name, t, index, words);
    return {
      title, exact, formula: e.plainText(formula), value: result.value,
      labels: terms.map(({ label }) => label), values: terms.map(({ value }) => value),
    };
  });
}"""
SENTENCE = """(e, [scene, words, t]) =>
  e.sentence(e.openScene(scene), { t, unit: 0 }, words)"""


def explained(engine: Engine, scene: Scene, *places: tuple[str, int, int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine(EXPLAIN, [scene.to_json(), WORDS, list(map(list, places))])
    return found


def plot(page: Page, name: str) -> Locator:
    return page.locator(f".plot[data-panel={name}]")


def answers(page: Page) -> list[list[str]]:
    """What every model says at every step, as the rows show it."""
    rows = page.locator(".answer-row .score-track").all()
    return [[text.split()[0] for text in row.locator("span").all_inner_texts()] for row in rows]


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_of_every_comparison_is_recomputed_in_the_browser(
    engine: Engine, name: str
) -> None:
    assert_same(engine, scenes()[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_scale_is_locked_across_models(engine: Engine, name: str) -> None:
    scene = scenes()[name]
    found = dict(zip(scene.panels, engine(RANGES, scene.to_json()), strict=True))
    for track in scene.tracks:
        if track["form"] != "strips":
            continue
        drawn = [*track["tensors"], *track.get("beside", ())]
        largest = max(float(np.abs(scene[one].values).max()) for one in drawn)
        for one in track["tensors"]:
            assert found[one] == pytest.approx(largest, rel=1e-6), track["name"]


def test_a_value_of_each_model_is_explained_from_its_own(engine: Engine) -> None:
    made = explained(engine, THREE, ("a_h", 3, 1), ("b_c", 3, 1), ("c_z", 3, 1))
    assert [one["title"] for one in made] == [
        f"{name}, unit 2" for name in ("hidden state", "cell state", "update gate")
    ]
    assert made[1]["formula"] == "c₂ = f₂ × c_2,t−1 + i₂ × g₂"
    for one, (name, t, unit) in zip(
        made, (("a_h", 3, 1), ("b_c", 3, 1), ("c_z", 3, 1)), strict=True
    ):
        assert one["value"] == pytest.approx(THREE[name].values[t, unit], rel=1e-5)
        assert one["exact"]


def test_a_difference_is_explained_from_both_models_by_their_letters(engine: Engine) -> None:
    (made,) = explained(engine, THREE, ("ab_h", 3, 1))
    assert made["formula"] == "Δh₂ = h₂A − h₂B"
    assert made["labels"] in (["h₂A", "h₂B"], ["h₂B", "h₂A"])
    a, b = (THREE[name].values[3, 1] for name in ("a_h", "b_h"))
    assert sorted(made["values"]) == pytest.approx(sorted([a, -b]), rel=1e-5)
    assert made["value"] == pytest.approx(a - b, abs=1e-6)


def test_every_value_of_every_comparison_can_be_explained(engine: Engine) -> None:
    for scene in scenes().values():
        names = [tensor.name for tensor in scene.tensors if scene.stepped(tensor.name)]
        made = explained(engine, scene, *((name, scene.steps - 1, 0) for name in names))
        assert all(one["title"] and not one["title"].startswith("tensor.") for one in made)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_sentence_of_a_step_speaks_of_every_model(engine: Engine, language: str) -> None:
    record = records()["trained"]
    sent = [scenes()["trained"].to_json(), dict(words("player", language)), 3]
    said = engine(SENTENCE, sent)
    for letter, known in zip("ABC", record.known, strict=True):
        share = f"{100 * float(known.h.accuracy[3]):.0f}"
        assert re.search(rf"{letter} {share} %", said), said
        assert re.search(rf"{letter}[^.]*“o”", said), said


@pytest.mark.parametrize("name", NAMES)
def test_every_comparison_is_drawn(page: Page, name: str) -> None:
    scene = scenes()[name]
    show(page, scene, downloads=True)
    expect(page.locator(".plot canvas")).to_have_count(len(scene.panels))
    curves = [track for track in scene.tracks if track["form"] == "curves"]
    expect(page.locator(".curve-plot")).to_have_count(len(curves))
    expect(page.locator(".curve-end")).to_have_count(sum(len(t["tensors"]) for t in curves))
    assert "NaN" not in page.locator(".score").inner_html()
    missing = page.locator(".seqviz").inner_text()
    assert not re.search(r"\b(track|score|gradient|tensor|player)\.\w+", missing)


def test_the_answers_stand_under_each_token(page: Page) -> None:
    show(page, scenes()["trained"])
    expected = [
        [cell.task.classes[k] for k in cell.probabilities.argmax(dim=-1).tolist()]  # type: ignore[union-attr]
        for cell in records()["trained"].cells
    ]
    assert answers(page) == expected
    assert page.locator(".token-row .score-track span").all_inner_texts() == list("hell")
    assert page.locator(".target-row .score-track span").all_inner_texts() == list("ello")


def test_a_wrong_answer_is_marked_by_more_than_colour(page: Page) -> None:
    show(page, THREE)
    wrong = page.locator(".answer-row span[data-verdict=miss]").first
    expect(wrong).to_have_css("text-decoration-line", "line-through")


def test_one_cursor_goes_through_all_rows(page: Page) -> None:
    show(page, THREE)
    page.keyboard.press("Home")
    assert step(page) == 1
    for t in (2, 3):
        page.keyboard.press("ArrowRight")
        assert step(page) == t
        cursor = page.locator(".score-cursor").bounding_box()
        strip = plot(page, "c_h").bounding_box()
        assert cursor
        assert strip
        column = strip["width"] / THREE.steps
        assert cursor["x"] == pytest.approx(strip["x"] + (t - 1) * column, abs=1)
        assert cursor["height"] > strip["y"] + strip["height"] - cursor["y"] - 1


def test_dragging_over_the_tokens_moves_the_cursor(page: Page) -> None:
    show(page, THREE)
    cells = page.locator(".token-row .score-track span")
    first, last = cells.nth(1).bounding_box(), cells.nth(5).bounding_box()
    assert first
    assert last
    page.mouse.move(first["x"] + 4, first["y"] + 8)
    page.mouse.down()
    assert step(page) == 2
    page.mouse.move(last["x"] + 4, last["y"] + 8)
    assert step(page) == 6
    page.mouse.up()
    page.mouse.move(first["x"] + 4, first["y"] + 8)
    assert step(page) == 6


@pytest.mark.parametrize(("name", "label"), [("a_h", "A · a"), ("b_f", "B · b"), ("c_n", "C · c")])
def test_hovering_a_strip_says_whose_value_it_is(page: Page, name: str, label: str) -> None:
    show(page, THREE)
    plot(page, name).hover(position=panel_point(page, name, 4, 1, THREE))
    inspector = page.locator(".inspector")
    expect(inspector.locator("header .muted")).to_contain_text(f"{label} · step 5")
    value = float(THREE[name].values[4, 1])
    shown = inspector.locator(".result .term-value").inner_text()
    assert float(shown.replace("−", "-")) == pytest.approx(value, abs=0.006)


def test_a_click_pins_and_the_pin_names_its_model(page: Page) -> None:
    show(page, THREE)
    plot(page, "b_h").click(position=panel_point(page, "b_h", 2, 0, THREE))
    plot(page, "c_h").click(position=panel_point(page, "c_h", 2, 0, THREE))
    expect(page.locator(".pin-card .muted").first).to_contain_text("B · b")
    expect(page.locator(".plot[data-panel=b_h] .mark.pinned")).to_be_visible()


def test_the_nearest_curve_is_the_one_that_is_asked(page: Page) -> None:
    show(page, THREE)
    svg = page.locator("[data-part=known] svg")
    box = svg.bounding_box()
    assert box
    left = page.locator(".plot[data-panel=a_h]").bounding_box()
    assert left
    column = left["width"] / THREE.steps
    page.mouse.move(left["x"] + 0.5 * column, box["y"] + 12)
    expect(page.locator(".inspector h3")).to_contain_text("first token")
    expect(page.locator("[data-part=known] .curve-reading")).to_contain_text("step 1")


def test_up_and_down_choose_the_unit_in_every_strip(page: Page) -> None:
    show(page, THREE)
    page.locator(".seqviz").focus()
    page.keyboard.press("ArrowDown")
    tops = page.locator(".score .row-mark").evaluate_all(
        "(rows) => rows.map((r) => r.style.transform)"
    )
    assert len(set(tops)) == 1
    assert tops[0] != "translateY(0px)"


def test_walking_through_the_values_reaches_every_model(page: Page) -> None:
    show(page, THREE)
    page.locator(".seqviz").focus()
    seen = set()
    for _ in range(30):
        page.keyboard.press("]")
        whose = page.locator(".inspector header .muted").inner_text().split(" · ")[0]
        seen.add((whose, page.locator(".inspector h3").inner_text().split(",")[0]))
    assert {("A", "hidden state"), ("B", "cell state"), ("C", "update gate")} <= seen
    assert {("A−B", "hidden state"), ("B", "gradient norm of c"), ("C", "first token")} <= seen
    assert ("A", "next-token probabilities") in seen


def test_predict_first_hides_what_is_to_come(page: Page) -> None:
    show(page, THREE)
    page.keyboard.press("Home")
    page.get_by_role("button", name="Predict first").click()
    expect(page.locator(".score-veil")).to_have_css("opacity", "1")
    plot(page, "b_h").hover(position=panel_point(page, "b_h", 5, 0, THREE))
    expect(page.locator(".inspector header .muted")).to_contain_text("step 1")


@pytest.mark.parametrize("name", NAMES)
def test_at_phone_width_nothing_overflows_and_a_legend_says_who_is_who(
    page: Page, name: str
) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    show(page, scenes()[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    expect(page.locator(".score-legend")).to_be_visible()


def test_what_is_asked_on_a_phone_is_answered_on_the_same_screen(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    show(page, THREE)
    plot(page, "b_h").click(position=panel_point(page, "b_h", 2, 0, THREE))
    expect(page.locator(".inspector header")).to_be_in_viewport()


def test_saving_gives_one_picture_with_every_strip_and_the_numbers_of_every_model(
    page: Page,
) -> None:
    show(page, THREE, downloads=True)
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    picture = saved.value.path().read_text("utf-8")
    assert picture.count("<image") == len(THREE.panels)
    assert "Hidden state h" in picture
    assert 'fill-opacity="0.62"' in picture
    with page.expect_download() as numbers:
        page.get_by_role("button", name="CSV").click()
    rows = numbers.value.path().read_text("utf-8").splitlines()
    named = {row.split(",")[2] for row in rows[1:]}
    assert {"a_h", "b_c", "c_z", "ab_h", "a_known", "b_dc_norm"} <= named


def test_what_is_hidden_is_hidden_in_the_saved_picture_and_numbers_too(page: Page) -> None:
    show(page, THREE, downloads=True)
    page.keyboard.press("Home")
    page.get_by_role("button", name="Predict first").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    assert 'fill-opacity="1"' in saved.value.path().read_text("utf-8")
    with page.expect_download() as numbers:
        page.get_by_role("button", name="CSV").click()
    rows = numbers.value.path().read_text("utf-8").splitlines()[1:]
    assert {row.split(",")[0] for row in rows} == {"1"}


def test_the_token_at_the_cursor_is_always_there(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    scene = scenes()["two-initialisations"]
    show(page, scene)
    shown = page.locator(".token-row .score-track .now i")
    for t in range(scene.steps):
        page.keyboard.press("Home" if t == 0 else "ArrowRight")
        expect(shown).to_have_text(scene.sequence.inputs[t])
        expect(shown).to_be_visible()


def test_a_change_from_one_cell_to_a_score_and_back_is_drawn_anew(page: Page) -> None:
    show(page, hello())
    expect(page.locator(".diagram")).to_have_count(1)
    for scene, form in ((THREE, "score"), (hello(), "picture")):
        page.evaluate("(next) => window.player.update(next)", payload(scene))
        expect(page.locator(f".seqviz[data-form={form}]")).to_have_count(1)
        expect(page.locator(".score")).to_have_count(int(form == "score"))
        expect(page.locator(".diagram")).to_have_count(int(form == "picture"))


def test_the_still_picture_names_the_models_and_keeps_their_scale() -> None:
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(still_svg(THREE, WORDS))
    captions = [text.text for text in root.iter(f"{svg}text")]
    for caption in (
        "A  h  hidden state",
        "B  c  cell state",
        "C  z  update gate",
        "A−B  Δh  hidden state",
    ):
        assert caption in captions
    strips = [group for group in root.iter(f"{svg}g") if group.get("transform")]
    darkest = {"#8e44ad", "#546074"}
    sizes = {name: float(np.abs(THREE[name].values).max()) for name in ("a_h", "b_h", "c_h")}
    largest = max(sizes.values())
    assert min(sizes.values()) < 0.95 * largest
    for name, strip in zip(THREE.panels, strips, strict=True):
        if name not in sizes:
            continue
        fills = {path.get("fill") for path in strip.iter(f"{svg}path")}
        assert bool(fills & darkest) == (sizes[name] > 0.97 * largest), name
