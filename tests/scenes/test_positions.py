"""The scene of the page `positions`: words and places apart where added, else as it was."""

import numpy as np
import pytest

from seqviz.core.positions import POSITIONS
from seqviz.models.positions_experiment import PositionsConfig, run
from seqviz.scenes.attention import run_scene
from seqviz.scenes.positions import places_scene
from seqviz.scenes.scene import Scene

LABELS = {"word": "the word", "place": "the place", "answer": "what stands before"}


def scene_of(positions: str, **changes: object) -> Scene:
    found = run(PositionsConfig(positions=positions, **changes))  # type: ignore[arg-type]
    return places_scene(found.run, found.model, LABELS, None, title="t")


@pytest.mark.parametrize("mode", ["trained", "fresh"])
@pytest.mark.parametrize("positions", POSITIONS)
def test_the_numbers_are_those_of_the_run(positions: str, mode: str) -> None:
    found = run(PositionsConfig(positions=positions, mode=mode))
    scene, plain = scene_of(positions, mode=mode), run_scene(found.run, found.model, title="t")
    assert [tensor.name for tensor in scene.tensors] == [tensor.name for tensor in plain.tensors]
    np.testing.assert_array_equal(scene["out"].values, found.run.heads.out)
    for tensor in scene.tensors:
        np.testing.assert_allclose(scene.recompute(tensor.name), tensor.values, atol=1e-12)


@pytest.mark.parametrize("positions", POSITIONS)
def test_words_and_places_stand_before_their_sum(positions: str) -> None:
    scene = scene_of(positions)
    ids = [node["id"] for node in scene.layout.nodes]
    added = positions in ("sinusoidal", "learned")
    stages = [node["stage"] for node in scene.layout.nodes]
    assert ids[: ids.index("x") + 1] == (["word", "place", "x"] if added else ["x"])
    assert stages[ids.index("x") + 1 :][:2] == ["q", "k"]
    if added:
        word, place, x = scene.layout.nodes[:3]
        assert [word["join"], place["join"], x["join"]] == ["", "+", "="]
        total = scene[word["tensor"]].values + scene[place["tensor"]].values
        np.testing.assert_allclose(total, scene["x"].values, atol=1e-15)
        assert (word["label"], place["label"]) == ("the word", "the place")


def test_the_answer_is_a_label_and_not_what_comes_next() -> None:
    scene = scene_of("rotary")
    assert scene.sequence.asks == "label"
    (answer,) = [node for node in scene.layout.nodes if node["tensor"] == "p"]
    assert answer["label"] == "what stands before"


def test_the_scene_travels() -> None:
    sent = scene_of("learned").to_json()
    assert {"word", "place"} <= {node["id"] for node in sent["layout"]["nodes"]}
    assert sent["sequence"]["asks"] == "label"
