"""Room between what is printed: nothing touches its neighbour, nothing runs over a legend."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page

from seqviz.models.backprop_experiment import BackpropConfig, run
from seqviz.models.comparison import CompareConfig, Slot, compare
from seqviz.scenes import Scene
from seqviz.scenes.comparison import compare_scene
from seqviz.scenes.sweep import record_sweep
from tests.player.stage import hello, show
from tests.scene_catalogue import catalogue

SWEEP = record_sweep(run(BackpropConfig()))
WIDE, PHONE = 1280, 375
BOXES = """(nodes) => nodes.map((node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  const { left, right, top, bottom } = range.getBoundingClientRect();
  return { left, right, top, bottom };
})"""


def score(source: str) -> Scene:
    """Two models over forty steps."""
    record = compare(CompareConfig((Slot("rnn"), Slot("gru")), source, length=40, hidden=2))
    return compare_scene(record, ("A", "B"))


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    """Where the texts of these nodes stand."""
    found: list[dict[str, float]] = page.locator(selector).evaluate_all(BOXES)
    assert found
    return found


def gaps(found: list[dict[str, float]]) -> list[float]:
    """How far texts on one line are apart."""
    pairs = pairwise(found)
    return [b["left"] - a["right"] for a, b in pairs if abs(a["top"] - b["top"]) < 1]


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_negative_numbers_of_the_input_stand_apart(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    show(page, SWEEP)
    assert min(gaps(boxes(page, ".token-glyph b"))) >= 4


def test_numbers_of_a_matrix_stand_apart(page: Page) -> None:
    page.set_viewport_size({"width": WIDE, "height": 800})
    show(page, SWEEP, step=14)
    for name in ("J", "P"):
        assert min(gaps(boxes(page, f"[data-node={name}] .cell-number"))) >= 3


def test_labels_at_the_right_leave_the_body_of_the_cell(page: Page) -> None:
    page.set_viewport_size({"width": WIDE, "height": 800})
    show(page, SWEEP, step=14)
    body = page.locator("svg.diagram > .body").bounding_box()
    assert body
    for node in ("ds_next", "J_norm", "P_norm"):
        (label,) = boxes(page, f"[data-node={node}] .strip-symbol")
        assert label["left"] > body["x"] + body["width"]


@pytest.mark.parametrize(("scene", "room"), [(SWEEP, 36), (hello(), 100)])
def test_tokens_without_answers_leave_no_empty_rows(page: Page, scene: Any, room: int) -> None:
    page.set_viewport_size({"width": PHONE, "height": 800})
    show(page, scene)
    track = page.locator(".token-track").bounding_box()
    assert track
    assert room - 40 < track["height"] <= room


@pytest.mark.parametrize("source", ["noise", "lag"])
def test_the_cursor_of_a_score_begins_below_the_legend(page: Page, source: str) -> None:
    page.set_viewport_size({"width": PHONE, "height": 800})
    show(page, score(source), step=30)
    legend = page.locator(".score-legend").bounding_box()
    cursor = page.locator(".score-cursor").bounding_box()
    assert legend
    assert cursor
    assert cursor["y"] >= legend["y"] + legend["height"] - 1


def test_the_token_at_the_cursor_of_a_score_has_no_neighbour_under_it(page: Page) -> None:
    page.set_viewport_size({"width": PHONE, "height": 800})
    for at in (30, 31, 38):
        show(page, score("noise"), step=at)
        seen = page.locator(".token-row i").filter(visible=True)
        texts = sorted(seen.evaluate_all(BOXES), key=lambda box: box["left"])
        assert min(gaps(texts)) >= 0


def test_a_long_symbol_leaves_its_neighbour_s_alone_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": PHONE, "height": 800})
    show(page, catalogue()["gru-reset-before"])
    (long,) = boxes(page, "[data-node=n_h] .strip-symbol")
    for node in ("r", "n"):
        (short,) = boxes(page, f"[data-node={node}] .strip-symbol")
        apart = short["right"] <= long["left"] or long["right"] <= short["left"]
        assert apart or short["bottom"] <= long["top"]
