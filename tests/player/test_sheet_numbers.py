"""What the sheets print: numbers that fit their cells, and an arithmetic of one line a row."""

import pytest
from playwright.sync_api import Page

from seqviz.models.attention_experiment import AttentionConfig, run
from seqviz.scenes.attention_record import attention_record_scene
from tests.attention_catalogue import scenes
from tests.player.conftest import Engine
from tests.player.stage import show

TOUCHING = """() => [...document.querySelectorAll(".sheet-cells")].flatMap((cells) => {
  const boxes = [...cells.querySelectorAll(".cell-number")]
    .filter((text) => text.textContent).map((text) => [text, text.getBoundingClientRect()]);
  return boxes.filter(([text, box], k) => k > 0 && boxes[k - 1][1].top === box.top
    && boxes[k - 1][1].right > box.left - 1).map(([text]) => text.textContent);
})"""


def press(page: Page, *keys: str) -> None:
    page.locator(".seqviz").focus()
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("width", [320, 375, 1280])
@pytest.mark.parametrize("name", ["sharp", "causal-h4", "run-plain", "sentence"])
def test_no_number_touches_another(page: Page, name: str, width: int) -> None:
    sentence = attention_record_scene(run(AttentionConfig(show="sentence")))
    page.set_viewport_size({"width": width, "height": 800})
    show(page, scenes().get(name, sentence))
    press(page, "Home")
    seen = 0
    for _ in range(page.locator(".substeps button").count() - 1):
        page.keyboard.press("ArrowRight")
        seen += page.locator(".cell-number").count()
        assert page.evaluate(TOUCHING) == []
    assert seen > 60


@pytest.mark.parametrize(
    ("value", "cell", "decimals", "text"),
    [
        (-5.214, 36, 2, "−5.21"),
        (-5.214, 29, 1, "−5.2"),
        (-14.67, 29, 1, "−15"),
        (-0.04, 29, 1, "0.0"),
        (0.984, 29, 2, "0.98"),
        (-214.0, 22, 1, ""),
        (1e6, 36, 2, "1e6"),
        (None, 36, 2, "NaN"),
    ],
)
def test_a_number_takes_the_form_that_fits_its_cell(
    engine: Engine, value: float | None, cell: float, decimals: int, text: str
) -> None:
    code = "(e, [value, ...rest]) => e.numberIn(value ?? NaN, ...rest)"
    assert engine(code, [value, cell, decimals]) == text


def test_a_sheet_prints_as_many_decimals_as_all_its_numbers_have_room_for(engine: Engine) -> None:
    code = (
        "(e, cells) => cells.map((cell) => ['signed', 'unit'].map((s) => e.decimalsFor(s, cell)))"
    )
    assert engine(code, [29, 32, 36]) == [[1, 2], [2, 2], [2, 2]]


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("name", ["trained-back-4h", "sentence"])
def test_every_row_of_the_arithmetic_is_one_line(page: Page, name: str, width: int) -> None:
    sentence = attention_record_scene(run(AttentionConfig(show="sentence")))
    page.set_viewport_size({"width": width, "height": 800})
    show(page, scenes().get(name, sentence), step=5)
    rows = page.locator(".why tr.value, .why tr.product, .why tr.rest")
    heights = rows.evaluate_all("(all) => all.map((row) => row.getBoundingClientRect().height)")
    assert len(heights) > 4
    assert max(heights) < 24
    inside = "(all) => all.every((e) => e.getBoundingClientRect().right <= innerWidth)"
    assert page.locator(".why td").evaluate_all(inside)


def test_the_axes_are_named_query_and_key(page: Page) -> None:
    show(page, scenes()["causal"])
    named = page.locator(".sheet-axis").all_text_contents()
    assert {"tokens ↓", "queries ↓", "keys →"} <= set(named)
    show(page, scenes()["cross"])
    assert {"queries ↓", "keys ↓", "keys →"} <= set(page.locator(".sheet-axis").all_text_contents())
