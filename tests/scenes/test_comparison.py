"""One scene of several models: each as in its own scene, on one scale, the differences exact."""

from dataclasses import replace

import numpy as np
import pytest

from seqviz.models.comparison import differing
from seqviz.scenes.cell import record_scene
from seqviz.scenes.files import to_csv
from tests.comparison_catalogue import records, scenes

NAMES = sorted(scenes())


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_is_recomputed_exactly(name: str) -> None:
    scene = scenes()[name]
    for tensor in scene.tensors:
        np.testing.assert_allclose(
            scene.recompute(tensor.name), tensor.values, rtol=1e-12, atol=1e-12, err_msg=tensor.name
        )


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_of_every_model_is_there_with_its_sources_renamed(name: str) -> None:
    record, scene = records()[name], scenes()[name]
    for letter, cell in zip(record.names, record.cells, strict=True):
        for tensor in record_scene(cell).tensors:
            ours = scene[f"{letter}_{tensor.name}"]
            assert ours.group == letter
            np.testing.assert_array_equal(ours.values, tensor.values)
            read = [operand.tensor for operand in ours.operation.operands]
            assert read == [f"{letter}_{o.tensor}" for o in tensor.operation.operands]
            edges = [o.edge for o in ours.operation.operands if o.edge]
            assert all(edge.startswith(f"{letter}_") for edge in edges)


@pytest.mark.parametrize("name", NAMES)
def test_differences_are_exactly_a_minus_b(name: str) -> None:
    record, scene = records()[name], scenes()[name]
    made = [tensor for tensor in scene.tensors if tensor.group == "ab"]
    assert [tensor.name for tensor in made] == [f"ab_{field}" for field in differing(record)]
    for tensor in made:
        field = tensor.name.removeprefix("ab_")
        a, b = (np.asarray(getattr(cell.trace, field)) for cell in record.cells[:2])
        np.testing.assert_array_equal(tensor.values, a - b)
        assert tensor.operation.name == "sub"


def test_a_difference_that_lies_cannot_be_built() -> None:
    scene = scenes()["three-cells"]
    wrong = replace(scene["ab_h"], values=scene["ab_h"].values + 1e-6)
    tensors = tuple(wrong if tensor.name == "ab_h" else tensor for tensor in scene.tensors)
    with pytest.raises(ValueError, match=r"'ab_h'.*its operation sub gives"):
        replace(scene, tensors=tensors)


def test_a_track_of_tensors_that_are_not_there_cannot_be_built() -> None:
    scene = scenes()["three-cells"]
    track = {"form": "strips", "name": "hidden", "tensors": ["a_h", "d_h"]}
    with pytest.raises(ValueError, match="d_h"):
        replace(scene, tracks=(track,))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_together_has_one_role_and_scale(name: str) -> None:
    scene = scenes()[name]
    for track in scene.tracks:
        kinds = {(scene[n].role, scene[n].scale) for n in track["tensors"]}
        if track["form"] == "strips":
            assert len(kinds) == 1, track["name"]
        else:
            assert len({scale for _, scale in kinds}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_curve_of_knowledge_is_what_was_measured(name: str) -> None:
    record, scene = records()[name], scenes()[name]
    curves = [track for track in scene.tracks if track["name"] == "known"]
    assert len(curves) == (1 if record.known else 0)
    for letter, known in zip(record.names, record.known, strict=False):
        np.testing.assert_array_equal(scene[f"{letter}_known"].values, np.asarray(known.h.accuracy))
        assert curves[0]["chance"] == known.h.chance
        assert (f"{letter}_known_hc" in scene.by_name) == (known.both is not None)


def test_the_gradient_curve_names_what_it_is_of() -> None:
    named = {
        name: next(t for t in scene.tracks if t["name"].startswith("gradient"))
        for name, scene in scenes().items()
    }
    assert (named["three-cells"]["name"], named["three-cells"]["loss"]) == ("gradient", "last")
    assert (named["forget-biases"]["name"], named["forget-biases"]["loss"]) == ("gradient", "all")
    assert named["two-initialisations"]["name"] == "gradient_state"
    assert named["three-cells"]["tensors"] == ["a_dh_norm", "b_dh_norm", "b_dc_norm", "c_dh_norm"]


def test_groups_say_who_answers_with_what() -> None:
    groups = {group["name"]: group for group in scenes()["unlike-vocabularies"].groups}
    assert groups["a"]["prediction"] == "a_p"
    assert groups["a"]["classes"] == ("h", "e", "l", "o")
    assert groups["b"]["classes"] == ("h", "e", "x", "l")
    assert groups["a"]["unknown"] == (2,)
    assert groups["b"]["unknown"] == ()
    signal = scenes()["two-initialisations"].groups
    assert [group["prediction"] for group in signal] == [None, None]


def test_the_table_of_numbers_has_every_model_and_the_probe() -> None:
    rows = to_csv(scenes()["three-cells"]).splitlines()
    named = {row.split(",")[0] for row in rows[1:]}
    assert {"a_h", "b_c", "c_z", "ab_h", "a_known", "b_known_hc", "c_dh_norm"} <= named
