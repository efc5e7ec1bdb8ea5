"""Positions as clock hands in a bare page: each step turns every hand by its own angle."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from seqviz.player.still import still_svg
from seqviz.text import player_words
from tests.plane_catalogue import planes
from tests.player.test_plane import show, update

CLOCKS = planes()["clocks"]
OFFSET = CLOCKS.facts["offset"]
HANDS = """() => [...document.querySelectorAll(".clock")].map((clock) =>
  [...clock.querySelectorAll(".clock-hand:not(.far), .clock-hand.far")].map((hand) => {
    const ends = ["x1", "y1", "x2", "y2"].map((name) => Number(hand.getAttribute(name)));
    const [x1, y1, x2, y2] = ends;
    return Math.atan2(x2 - x1, y1 - y2);
  }))"""


def written(page: Page, name: str) -> list[float]:
    texts = page.locator(f".clock-number[data-place^='{name} ']").all_text_contents()
    return [float(text.replace("−", "-")) for text in texts]


def turned(a: float, b: float) -> float:
    """The angle from b to a, between −π and π."""
    return math.remainder(a - b, 2 * math.pi)


def test_the_numbers_of_a_position_are_the_scenes_and_the_turned_are_the_true(page: Page) -> None:
    show(page, CLOCKS)
    page.locator(".seqviz").focus()
    for t in (0, 1, 2):
        for i in range(4):
            for name in (f"here_{i}", f"there_{i}", f"true_{i}"):
                expected = np.round(CLOCKS[name].values[t], 2)
                assert written(page, name) == pytest.approx(list(expected), abs=0.0101)
            assert written(page, f"there_{i}") == written(page, f"true_{i}")
        page.keyboard.press("ArrowRight")


def test_hands_stand_at_their_angles_and_keep_them_apart(page: Page) -> None:
    show(page, CLOCKS)
    page.locator(".seqviz").focus()
    page.keyboard.press("End")
    for i, (far, near) in enumerate(page.evaluate(HANDS)):
        angle = float(CLOCKS[f"angle_{i}"].values[-1, 0])
        turn = float(CLOCKS[f"turn_{i}"].values[0])
        assert turned(near, angle) == pytest.approx(0, abs=0.01)
        assert turned(far, angle + turn) == pytest.approx(0, abs=0.01)


def test_playing_turns_the_hands_and_ends_at_the_last_position(page: Page) -> None:
    show(page, CLOCKS, still=False)
    page.get_by_label("Speed").select_option("24")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".place")).to_have_text("p = 19 of 0 … 19")
    page.wait_for_function(
        f"Math.abs(Math.sin(({HANDS})()[1][1] - {float(CLOCKS['angle_1'].values[-1, 0])})) < 0.01"
    )


def test_a_wave_is_scrubbed(page: Page) -> None:
    show(page, CLOCKS)
    box = page.locator(".clock-scrub").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 11 / 22, box["y"] + 10)
    expect(page.locator(".place")).to_have_text("p = 11 of 0 … 19")


def test_a_turned_number_is_explained_by_the_rotation(page: Page) -> None:
    show(page, CLOCKS)
    page.locator(".seqviz").focus()
    page.keyboard.press("ArrowRight")
    page.locator("[data-place='there_1 0']").click()
    inspector = page.locator(".inspector")
    expect(inspector.locator("h3")).to_have_text("Turned by kω: sin of pair 1")
    expect(inspector).to_contain_text("position p = 1")
    expect(inspector.locator(".formula")).to_have_text("PE(p+k)2 = R1 PE(p)2,3")
    rows = inspector.locator("tr.product .term-label")
    assert set(rows.all_text_contents()) == {"PE(p)2", "PE(p)3"}
    assert set(rows.locator("sub").all_text_contents()) == {"2", "3"}
    assert "_" not in inspector.inner_text()
    value = f"{math.sin((1 + OFFSET) * 0.1):.2f}"
    expect(inspector.locator(".result .term-value")).to_contain_text(value)


@pytest.mark.parametrize(("language", "found"), [("en", "Position 2: "), ("ko", "위치 2: ")])
def test_a_position_is_spoken_of(page: Page, language: str, found: str) -> None:
    show(page, CLOCKS, language)
    page.locator(".seqviz").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".spoken")).to_contain_text(found)
    expect(page.locator(".spoken")).to_contain_text("171.9°, 17.2°, 1.7°, 0.2°")
    assert not re.search(r"clocks\.|plane\.", page.locator(".seqviz").inner_text())


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("name", ["clocks", "far-clocks", "one-clock", "slow-clocks"])
def test_clocks_fit_the_screen(page: Page, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    show(page, planes()[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_way_between_two_hands_stays_on_the_dial(page: Page) -> None:
    show(page, planes()["far-clocks"])
    over = page.evaluate(
        """() => [...document.querySelectorAll(".clock")].map((clock) => {
          const [face, arc] = [".clock-face", ".clock-arc"].map((name) =>
            clock.querySelector(name).getBBox());
          return Math.max(face.x - arc.x, arc.x + arc.width - face.x - face.width);
        })"""
    )
    assert max(over) < 0


def test_the_plane_gives_way_to_clocks_and_back(page: Page) -> None:
    show(page, planes()["three-keys"])
    update(page, CLOCKS)
    expect(page.locator(".clock")).to_have_count(4)
    update(page, planes()["three-keys"])
    expect(page.locator(".handle")).to_have_count(7)


@pytest.mark.parametrize("name", sorted(planes()))
@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_still_picture_draws_points_and_clocks(name: str, language: str) -> None:
    scene, words = planes()[name], player_words(language)
    drawn = [still_svg(sent, words) for sent in (scene, scene.to_json())]
    root = ElementTree.fromstring(drawn[0])
    texts = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    if scene.kind == "rotation":
        assert len([text for text in texts if text.startswith("PE(p) = (")]) == len(
            scene.layout.nodes
        )
    else:
        assert words["plane.values_title"] in texts
        assert "Σ = 1.00" in texts
        shares = [text for text in texts if text.endswith(" %")]
        expected = [f"{100 * weight:.0f} %" for weight in scene["weights"].values[0]]
        assert [share.split(" ", 1)[1] for share in shares] == expected
    assert "nan" not in drawn[0]
    assert ElementTree.fromstring(drawn[1]).tag == root.tag
