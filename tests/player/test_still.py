"""The still picture: valid XML, every strip in its colour, tokens as text, numbers if small."""

import base64
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from seqviz.player.still import still_svg
from seqviz.scenes import Scene, Sequence
from tests.player.test_explain import hello
from tests.scene_catalogue import catalogue

SVG = "{http://www.w3.org/2000/svg}"
WORDS = {"role.forget": "forget gate"}


def texts(scene: Scene | dict[str, Any]) -> list[str]:
    root = ElementTree.fromstring(still_svg(scene, WORDS))
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_scene_has_a_still_picture(name: str) -> None:
    scene = catalogue()[name]
    root = ElementTree.fromstring(still_svg(scene, WORDS))
    assert root.tag == f"{SVG}svg"
    captions = {text.split("  ")[0] for text in texts(scene)}
    assert {scene[panel].symbol for panel in scene.panels} <= captions


def test_a_small_scene_prints_its_numbers_and_tokens() -> None:
    scene = hello()
    found = texts(scene)
    assert "f  forget gate" in found
    assert found.count("h") == len(scene.panels)
    for value in scene["c"].values.flat:
        assert f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00") in found


def test_a_large_scene_is_a_heat_map_with_the_tokens_that_fit() -> None:
    scene = catalogue()["lstm-T30-H32-D12"]
    found = texts(scene)
    assert len(found) < 200
    assert found.count("t0") == len(scene.panels)


def with_values(scene: Scene, name: str, values: NDArray[Any]) -> dict[str, Any]:
    """The scene's JSON with other values in one of the tensors that it sends."""
    plain = scene.to_json()
    at = next(tensor["at"] for tensor in plain["tensors"] if tensor["name"] == name)
    floats = np.frombuffer(base64.b64decode(plain["floats"]), "<f4").copy()
    floats[at : at + values.size] = values.ravel()
    return {**plain, "floats": base64.b64encode(floats.tobytes()).decode("ascii")}


@pytest.mark.parametrize(("sign", "colour"), [(1.0, "#d55e00"), (-1.0, "#546074")])
def test_hue_is_the_role_and_what_is_negative_is_slate(sign: float, colour: str) -> None:
    scene = hello()
    picture = still_svg(with_values(scene, "f", np.full((4, 4), sign)), WORDS)
    assert colour in picture.split("i  role.input")[0]


def test_the_json_of_a_scene_shows_what_it_sent() -> None:
    scene = hello()
    assert still_svg(scene.to_json(), WORDS) == still_svg(scene, WORDS)


def test_text_is_escaped_and_what_xml_forbids_is_replaced() -> None:
    tokens = ("<script>", "&amp;", "a\x00\x0b\ud800", '"]]>')
    scene = replace(hello(), title="<b> & co", sequence=Sequence(tokens))
    found = texts(scene)
    assert {"<b> & co", "<scri…", "&amp;", "a\ufffd\ufffd\ufffd", '"]]>'} <= set(found)
    assert "<script" not in still_svg(scene, WORDS)


def test_numbers_that_are_not_finite_are_shown() -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 1.0]] * 4)
    assert {"NaN", "∞", "−∞"} <= set(texts(with_values(hello(), "c", values)))
