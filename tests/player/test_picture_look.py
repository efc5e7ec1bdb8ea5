"""Sizes, colours, themes, and values that are hard to draw."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from seqviz.core import bands
from seqviz.models.experiment import CellConfig, run
from seqviz.scenes import Sequence
from seqviz.scenes.cell import record_scene
from tests.player.stage import (
    CONTRAST,
    cell,
    hello,
    numbers,
    printed,
    show,
    step,
)
from tests.scene_catalogue import catalogue


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
        kind="lone",
        facts={},
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
    page.wait_for_function(
        "window.module.readPalette(document.querySelector('.seqviz')).paper === 'rgb(16 32 48)'"
    )
    found = page.evaluate(CONTRAST, ".cell-number")
    assert min(ratio for _, ratio in found) >= 4.5


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
    powers = [3, 2, 0, -2.9, -3, -3.1, -6, -6.1, -99]
    assert page.evaluate("(powers) => powers.map(window.module.bandOf)", powers) == [
        "exploding", "alive", "alive", "alive", *["shrinking"] * 3, "zero", "zero",
    ]  # fmt: skip
    assert page.evaluate("window.module.BAND") == {
        "exploding": bands.EXPLODING,
        "shrinking": bands.SHRINKING,
        "zero": bands.ZERO,
    }
    assert page.evaluate("window.module.bandOf(-Infinity)") == bands.band(-math.inf) == "zero"
    assert page.evaluate("(powers) => powers.map(window.module.bandOf)", powers) == [
        bands.band(power) for power in powers
    ]
    ratios = "([norms, loss]) => window.module.logRatios(norms, loss)"
    assert page.evaluate(ratios, [[0.01, 0.1, 1], "last"]) == [-2, -1, 0]
    assert page.evaluate(ratios, [[2, 20, 0.2], "all"]) == pytest.approx([-1, 0, -2])


def test_gradients_are_measured_against_the_step_of_the_loss(page: Page) -> None:
    """The last character has no answer of the model's, so the loss is one step earlier."""
    record = run(CellConfig(source="text", text=tuple("help")))
    show(page, record_scene(record))
    assert "last prediction" in page.locator(".gradient-title").inner_text()
    norms, readings = record.gradients.h_norm, []
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
        readings.append(page.locator(".gradient-reading").inner_text())
    assert float(norms[2]) == 0
    assert "‖∂L/∂h‖ = 0.0000, effectively zero" in readings[2]
    assert float(norms[0] / norms[1]) < 1e2
    assert all(", alive" in reading and "exploding" not in reading for reading in readings[:2])


def test_without_an_answer_the_gradients_are_said_to_be_of_the_state(page: Page) -> None:
    show(page, record_scene(run(CellConfig(source="text", text=tuple("xyz")))))
    assert page.locator(".token-says").count() == 2
    assert "last state" in page.locator(".gradient-title").inner_text()
    assert not page.locator(".gradient-about").is_visible()


def test_a_gradient_bar_tells_its_absolute_value(page: Page) -> None:
    scene = hello()
    show(page, scene)
    bar = page.locator(".gradient-bar.h").nth(1)
    bar.hover()
    norm = float(scene["dh_norm"].values[1])
    reading = page.locator(".gradient-reading").inner_text()
    assert "step 2" in reading
    assert f"{norm:.4f}" in reading or "×10" in reading


@pytest.mark.parametrize(
    ("scene", "name"),
    [("rnn-tanh", "h"), ("rnn-sigmoid", "h"), ("rnn-relu", "h"), ("lstm-tanh", "f")],
)
def test_the_slope_beside_the_curve_is_the_derivative(page: Page, scene: str, name: str) -> None:
    shown = catalogue()[scene]
    show(page, shown)
    page.locator(".seqviz").focus()
    cell(page, name, 1).click()
    said = page.locator(".curve-row").inner_text()
    value = float(shown[name].values[step(page) - 1, 1])
    slope = {"tanh": 1 - value**2, "relu": float(value > 0)}.get(
        "sigmoid" if name == "f" else scene.partition("-")[2], value * (1 - value)
    )
    assert f"slope here {slope:.3f}:" in said


def test_bars_of_c_are_the_gradients_of_c(page: Page) -> None:
    """Heights differ from those of h as the ratios of the norms do, against the last step."""
    scene = hello()
    show(page, scene)
    norms = {state: scene[f"d{state}_norm"].values for state in "hc"}
    tops = {
        state: [
            float(bar.get_attribute("y") or "nan")
            for bar in page.locator(f".gradient-bar.{state}").all()
        ]
        for state in "hc"
    }
    assert tops["h"][-1] == tops["c"][-1]
    drops = {state: np.array(tops[state]) - tops[state][-1] for state in "hc"}
    decades = {state: np.log10(norms[state][-1] / norms[state]) for state in "hc"}
    scale = drops["h"][0] / decades["h"][0]
    for state in "hc":
        np.testing.assert_allclose(drops[state], scale * decades[state], atol=0.2)
    room = (132 - 26) / (3 + 8)
    assert scale == pytest.approx(room, rel=1e-3)


def test_peepholes_show_their_vectors_and_which_c_they_meet(page: Page) -> None:
    scene = catalogue()["lstm-peepholes"]
    show(page, scene, step=2)
    for gate in "ifo":
        assert numbers(page, f"p_{gate}") == printed(scene[f"p_{gate}"].values)
    cell(page, "p_f", 1).hover()
    inspector = page.locator(".inspector")
    assert inspector.locator("h3").inner_text() == "peephole weights of f, unit 2"
    assert "the same at every step" in inspector.inner_text()
    for gate, c in (("i", scene["c"].values[1]), ("o", scene["c"].values[2])):
        page.locator(f"[data-node={gate}_c]").hover()
        assert inspector.locator("h3").inner_text().startswith(f"what {gate} sees of the ")
        (text,) = inspector.locator(".term-text").all_inner_texts()
        weight, state = (float(part.replace("−", "-")) for part in text.split(" × "))
        assert weight == pytest.approx(scene[f"p_{gate}"].values[0], abs=0.006)
        assert state == pytest.approx(c[0], abs=0.006)
