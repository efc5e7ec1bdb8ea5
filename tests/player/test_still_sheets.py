"""The still picture of sheets: it stands where the player's stands and prints what that prints."""

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from seqviz.models.attention_experiment import AttentionConfig, run
from seqviz.player import ink
from seqviz.player.html import frame_height
from seqviz.player.still import WIDTH, still_svg
from seqviz.player.still_grid import place_sheets
from seqviz.player.still_sheets import decimals_for, number_in, sheets_of
from seqviz.scenes import Scene
from seqviz.scenes.attention_record import attention_record_scene
from seqviz.text import player_words
from tests.attention_catalogue import scenes
from tests.player.conftest import Engine

SVG = "{http://www.w3.org/2000/svg}"
CAUSAL = scenes()["causal"]
SENTENCE = attention_record_scene(run(AttentionConfig(show="sentence")))
ALL = {**scenes(), "sentence": SENTENCE}
PLACES = """(e, [scene, words, width]) => {
  const model = e.openScene(scene);
  const ctx = { model, state: { substep: null }, sheets: e.openSheets(model) };
  const word = (key) => words[key] ?? key;
  const { placed, height } = e.placeSheets(ctx, width,
    ({ node }) => (node.join ? word(node.join) : ""), ({ node }) => e.wordWidth(word(node.label)));
  const keys = ["x", "y", "left", "cell", "line", "width", "height", "labels",
    "printed", "labelled", "slanted", "first"];
  return { height, placed: placed.map((one) => keys.map((key) => Number(one[key]))) };
}"""
KEYS = ("x", "y", "left", "cell", "line", "width", "height", "labels")
FLAGS = ("printed", "labelled", "slanted", "first")


def known(scene: Scene) -> dict[str, Any]:
    return {name: tensor.values for name, tensor in scene.by_name.items()}


def drawn(scene: Scene, language: str = "en") -> ElementTree.Element:
    return ElementTree.fromstring(still_svg(scene, player_words(language)))


def texts_of(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", sorted(ALL))
def test_every_sheet_stands_where_the_players_stands(
    engine: Engine, name: str, language: str
) -> None:
    scene, words, width = ALL[name].to_json(), dict(player_words(language)), WIDTH - 2 * ink.MARGIN
    there = engine(PLACES, [scene, words, width])
    here, bottom = place_sheets(sheets_of(scene, known(ALL[name])), words, width)
    own = [
        [*(getattr(one, key) for key in KEYS), *(getattr(one, key) for key in FLAGS)]
        for one in here
    ]
    np.testing.assert_allclose(np.array(own, float), there["placed"], atol=1e-9)
    assert bottom == pytest.approx(there["height"])


@pytest.mark.parametrize("name", sorted(scenes()))
def test_every_scene_has_a_still_picture(name: str) -> None:
    scene = scenes()[name]
    root = drawn(scene)
    assert len(list(root.iter(f"{SVG}image"))) == len(scene.layout.nodes)
    assert frame_height(scene) > float(root.attrib["height"])


def test_it_prints_numbers_tokens_and_sums() -> None:
    texts = texts_of(drawn(CAUSAL, "ko"))
    assert texts.count("Σ") == 1
    assert texts.count("1.00") >= CAUSAL.steps
    for value in CAUSAL["context"].values.flat:
        assert f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−") in texts
    assert "−∞" not in texts
    assert {"queries ↓", "keys →", "tokens ↓"} <= set(texts_of(drawn(CAUSAL)))


def test_narrow_cells_print_what_the_player_prints(engine: Engine) -> None:
    values = [0.0, -0.04, 0.984, -5.214, 9.996, -14.67, 99.96, -214.4, 12345.6, -1e6]
    code = "(e, [values, cells, decimals]) => cells.map((c) => values.map((v) =>"
    there = engine(f"{code} e.numberIn(v, c, decimals)))", [values, [22, 29, 36, 60], 1])
    there += engine(f"{code} e.numberIn(v, c, decimals)))", [values, [22, 29, 36, 60], 2])
    here = [[number_in(v, c, d) for v in values] for d in (1, 2) for c in (22, 29, 36, 60)]
    small = [k for k, v in enumerate(values) if abs(v) < 1e4]
    assert [[row[k] for k in small] for row in here] == [[row[k] for k in small] for row in there]
    cells = list(range(20, 60))
    asked = "(e, cells) => cells.map((c) => ['signed', 'unit'].map((s) => e.decimalsFor(s, c)))"
    found = [[decimals_for(s, c) for s in ("signed", "unit")] for c in cells]
    assert found == engine(asked, cells)


def test_wide_features_are_colour_where_numbers_would_take_many_lines() -> None:
    placed, _ = place_sheets(
        sheets_of(SENTENCE.to_json(), known(SENTENCE)), player_words("en"), WIDTH - 2 * ink.MARGIN
    )
    printed = {one.sheet.node["id"]: one.printed for one in placed}
    assert not any(printed[name] for name in ("x", "q", "k", "v", "context", "out"))
    assert all(printed[name] for name in ("scores", "scaled", "masked", "weights"))
    assert len({one.y for one in placed}) == 3


def test_tokens_stand_once_beside_sheets_of_the_same_rows() -> None:
    placed, _ = place_sheets(sheets_of(CAUSAL.to_json(), known(CAUSAL)), player_words("en"), 912)
    first = {one.y: one.sheet.node["id"] for one in reversed(placed)}
    labelled = [one.sheet.node["id"] for one in placed if one.labelled]
    assert set(first.values()) <= set(labelled)
    assert len(labelled) < len(placed)


def test_all_heads_are_on_one_scale_and_a_mask_changes_none() -> None:
    scene = scenes()["causal-h4"]
    ends = {sheet.node["id"]: sheet.end for sheet in sheets_of(scene.to_json(), known(scene))}
    for name in ("scores", "scaled"):
        heads = [scene[f"{name}_{head}"].values for head in (1, 2, 3, 4)]
        assert ends[name] == np.abs(heads).max()
    assert (
        ends["masked"]
        == ends["scaled"]
        > max(
            np.abs(
                scene[f"masked_{head}"].values[np.isfinite(scene[f"masked_{head}"].values)]
            ).max()
            for head in (1, 2, 3, 4)
        )
    )
    assert ends["weights"] == 1


def test_scores_in_colour_alone_say_what_full_colour_is() -> None:
    scene = scenes()["h8-T64"]
    said = [text for text in texts_of(drawn(scene)) if text.startswith("full ink")]
    ends = {sheet.node["id"]: sheet.end for sheet in sheets_of(scene.to_json(), known(scene))}
    assert said == [f"full ink ±{ends[name]:.0f}" for name in ("scores", "scaled", "masked")]
    assert not any(text.startswith("full ink") for text in texts_of(drawn(CAUSAL)))


def test_what_leads_to_a_sheet_has_its_index_below_the_line() -> None:
    texts = [
        text
        for text in drawn(CAUSAL).iter(f"{SVG}text")
        if "".join(text.itertext()) == "W_Q x".replace("_", "")
    ]
    assert len(texts) == 1
    (lowered,) = [span for span in texts[0].iter(f"{SVG}tspan") if span.text]
    assert (lowered.text, lowered.attrib["dy"]) == ("Q", "4")
    assert not any(re.search(r"W_|√d_", text) for text in texts_of(drawn(CAUSAL)))
