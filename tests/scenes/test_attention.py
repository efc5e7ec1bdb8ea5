"""Scenes of attention: every tensor follows from its operation, and is the record's own."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqviz.core.attention import Attention
from seqviz.core.attention_model import token_vectors
from seqviz.core.positions import rotate
from seqviz.core.projections import projections
from seqviz.scenes import Layout, Scene
from seqviz.scenes.attention import attention_scene, run_scene
from seqviz.scenes.operations import Array
from seqviz.text import LANGUAGES, player_words
from tests.attention_catalogue import (
    CALLED,
    CASES,
    DESIGNS,
    TEXT,
    attention_of,
    inputs_of,
    record_of,
    records,
    runs,
    scenes,
)

ROOT = Path(__file__).parents[2]
NAMES = sorted(scenes())
PYTORCHS = [
    name
    for name, case in sorted(CASES.items())
    if not (
        case.rotary or case.what_if or case.scale is not None or scenes()[name].facts["empty"][0]
    )
]
STAGES = ("x", "q", "k", "v", "turned", "scores", "scaled", "masked", "weights", "context")


def same(found: Array, own: Any, name: str = "") -> None:
    np.testing.assert_array_equal(found, np.asarray(own.detach()), name)


def heads_of(name: str) -> list[tuple[str, Attention]]:
    """The ending of each head's names, and the head."""
    heads = records()[name][1].heads
    return [("" if len(heads) == 1 else f"_{place}", one) for place, one in enumerate(heads, 1)]


def ids(scene: Scene) -> list[str]:
    return [node["id"] for node in scene.layout.nodes]


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_is_recomputed_from_its_operation(name: str) -> None:
    scene = scenes()[name]
    for tensor in scene.tensors:
        np.testing.assert_allclose(
            scene.recompute(tensor.name), tensor.values, rtol=1e-12, atol=1e-12, err_msg=tensor.name
        )


@pytest.mark.parametrize("name", NAMES)
def test_what_was_sent_is_enough_to_recompute_the_rest(name: str) -> None:
    scene = scenes()[name]
    known = {
        t.name: t.values.astype(np.float32).astype(np.float64) for t in scene.tensors if t.sent
    }
    for tensor in scene.tensors:
        if tensor.name not in known:
            known[tensor.name] = scene.recompute(tensor.name, known)
        finite = tensor.values[np.isfinite(tensor.values)]
        size = float(np.abs(finite).max(initial=1.0))
        np.testing.assert_allclose(
            known[tensor.name], tensor.values, rtol=1e-5, atol=1e-5 * size, err_msg=tensor.name
        )


@pytest.mark.parametrize("name", NAMES)
def test_only_what_is_given_is_sent(name: str) -> None:
    for tensor in scenes()[name].tensors:
        assert tensor.sent == (tensor.operation.name == "given"), tensor.name


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_value_of_the_record_is_in_the_scene(name: str) -> None:
    scene, found = scenes()[name], records()[name][1]
    off = set() if found.heads[0].allowed is not None else {"masked"}
    off |= {"scaled"} if found.heads[0].scale == 1 else set()
    for end, one in heads_of(name):
        for field in fields(one):
            values = getattr(one, field.name)
            if field.name in ("scale", "allowed"):
                continue
            if values is None or field.name in off:
                assert f"{field.name}{end}" not in scene.by_name
            else:
                own = scene[f"{field.name}{end}"].values
                same(own, values[: len(own)] if field.name == "k_plain" else values, field.name)
    same(scene["out"].values, found.out)
    for end, share in zip([e for e, _ in heads_of(name)], found.shares, strict=True):
        same(scene[f"share{end}"].values, share)
    if len(found.heads) > 1:
        same(scene["concat"].values, found.concat)
        same(scene["weights_mean"].values, found.mean_weights)


@pytest.mark.parametrize("name", PYTORCHS)
def test_the_output_is_the_modules_own(name: str) -> None:
    case, (module, _) = CASES[name], records()[name]
    query, key, value = inputs_of(case)
    key = query if key is None else key
    mask = None if case.allowed is None else ~case.allowed
    with torch.no_grad():
        out, weights = module(
            query, key, key if value is None else value, attn_mask=mask,
            average_attn_weights=False,
        )  # fmt: skip
    scene = scenes()[name]
    np.testing.assert_allclose(scene["out"].values, out, rtol=0, atol=1e-12)
    for (end, _), own in zip(heads_of(name), weights, strict=True):
        np.testing.assert_allclose(scene[f"weights{end}"].values, own, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_shares_and_the_bias_are_the_output(name: str) -> None:
    scene = scenes()[name]
    ends = [end for end, _ in heads_of(name)]
    total: Any = sum(scene[f"share{end}"].values for end in ends)
    if "b_o" in scene.by_name:
        total = total + scene["b_o"].values
    np.testing.assert_allclose(total, scene["out"].values, rtol=0, atol=1e-12)
    if len(ends) > 1 or "b_o" in scene.by_name:
        operands = [operand.tensor for operand in scene["out_sum"].operation.operands]
        assert operands[: len(ends)] == [f"share{end}" for end in ends]


@pytest.mark.parametrize("name", sorted(CASES))
def test_inputs_are_the_records_own(name: str) -> None:
    scene, found = scenes()[name], records()[name][1]
    same(scene["x"].values, found.query)
    if CASES[name].keys is None:
        np.testing.assert_array_equal(scene["at"].values, range(scene.steps))
        same(scene["x_row"].values, found.query)
        assert "memory" not in scene.by_name
    else:
        same(scene["memory"].values, found.key)
        assert ("memory_v" in scene.by_name) == CASES[name].values
        if CASES[name].values:
            same(scene["memory_v"].values, found.value)


@pytest.mark.parametrize("name", [*sorted(CASES), *(f"run-{name}" for name in DESIGNS)])
def test_parameters_are_the_modules_own(name: str) -> None:
    scene = scenes()[name]
    model = None if name in CASES else runs()[name.removeprefix("run-")][0]
    module = records()[name][0] if model is None else model.attention
    found = projections(module)
    own = {f"{kind}_{letter}": getattr(found, f"{kind}_{letter}")
           for kind in "Wb" for letter in "qkvo"}  # fmt: skip
    own |= {"bias_k": found.bias_k, "bias_v": found.bias_v}
    for parameter, values in own.items():
        if values is None:
            assert parameter not in scene.by_name
        else:
            same(scene[parameter].values.reshape(values.shape), values, parameter)
    if model is not None:
        same(scene["W_r"].values, model.readout.weight)


@pytest.mark.parametrize("name", sorted(CASES))
def test_masks_are_the_records_own(name: str) -> None:
    scene, found = scenes()[name], records()[name][1]
    for end, one in heads_of(name):
        mask = "allowed" if "allowed" in scene.by_name else f"allowed{end}"
        assert (mask in scene.by_name) == (one.allowed is not None) == scene.facts["masked"]
        if one.allowed is not None:
            same(scene[mask].values, one.allowed.double())
            assert not scene[f"weights{end}"].values[~one.allowed.numpy()].any() or found.what_if
            assert scene[f"masked{end}"].operation.operands[1].tensor == mask
    per_head = {node.get("hatches") is not None for node in scene.layout.nodes if node["hatch"]}
    assert per_head <= {name == "mask-per-head"}


def test_rows_that_may_look_nowhere_are_named() -> None:
    scene = scenes()["empty-rows"]
    assert scene.facts["empty"] == [[2, 4]]
    assert not scene["weights"].values[[2, 4]].any()
    assert not scene["context"].values[[2, 4]].any()
    assert scenes()["all-empty"].facts["empty"] == [[0, 1, 2, 3, 4]] * 2
    assert scenes()["zero-attn"].facts["empty"] == [[]]


def test_every_head_names_its_own_empty_rows() -> None:
    allowed = torch.ones(2, 5, 5, dtype=torch.bool)
    allowed[0, 1] = allowed[1, 3] = False
    case = replace(CASES["self-h2"], allowed=allowed)
    module = attention_of(case)
    scene = attention_scene(record_of(case, module), module, "abcde")
    assert scene.facts["empty"] == [[1], [3]]


@pytest.mark.parametrize(("name", "end"), [("edited", ""), ("edited-h2", "_2")])
def test_an_edited_row_is_forced(name: str, end: str) -> None:
    scene = scenes()[name]
    np.testing.assert_array_equal(scene[f"weights{end}"].values[2], [0.5, 0, 0.25, 0.25, 0])
    where = scene["edited_where"].values
    assert where[2].all()
    assert where.sum() == where.shape[1]
    np.testing.assert_array_equal(scene["edited"].values, where * scene[f"weights{end}"].values)
    assert scene[f"weights{end}"].operation.name == "force"
    free, now = scene[f"weights_free{end}"].values, scene[f"weights{end}"].values
    np.testing.assert_array_equal(np.delete(free, 2, 0), np.delete(now, 2, 0))


def test_a_silenced_head_adds_nothing() -> None:
    scene = scenes()["silenced-h4"]
    assert scene.facts["silenced"] == [1, 3]
    for head in (2, 4):
        assert scene[f"context_{head}"].values.any()
        assert not scene[f"silenced_{head}"].values.any()
        assert not scene[f"share_{head}"].values.any()
    assert "silenced_1" not in scene.by_name
    joined = [operand.tensor for operand in scene["concat"].operation.operands]
    assert joined == ["context_1", "silenced_2", "context_3", "silenced_4"]


@pytest.mark.parametrize("name", ["rotary", "rotary-h2", "rotary-appended"])
def test_rotation_is_the_cores_own(name: str) -> None:
    scene = scenes()[name]
    for end, _ in heads_of(name):
        for letter in "qk":
            plain = torch.tensor(scene[f"{letter}_plain{end}"].values)
            turned = rotate(plain, torch.arange(len(plain)))
            own = scene[f"{letter}{end}"].values[: len(plain)]
            np.testing.assert_allclose(own, turned, rtol=0, atol=1e-14)
            cos, sin = (scene[f"{wave}_{letter}"].values for wave in ("cos", "sin"))
            np.testing.assert_allclose(cos**2 + sin**2, 1.0, atol=1e-15)


@pytest.mark.parametrize("name", ["rotary", "rotary-h2", "rotary-appended", "run-rotary-follow"])
def test_queries_and_keys_have_a_sheet_before_and_after_the_turn(name: str) -> None:
    scene = scenes()[name]
    shown = {node["id"]: node for node in scene.layout.nodes}
    order = [*shown]
    at = order.index("q_plain")
    assert order[at : at + 6] == ["q_plain", "k_plain", "v", "q", "k", "scores"]
    for letter in "qk":
        assert (shown[f"{letter}_plain"]["stage"], shown[letter]["stage"]) == (letter, "turned")
        assert shown[letter]["join"] == f"R {letter}"
        plain, turned = (scene[shown[id]["tensor"]] for id in (f"{letter}_plain", letter))
        assert plain.symbol.startswith(letter)
        assert plain.operation.name == "affine"
        assert turned.operation.name in ("add", "concat")
    assert "turned" not in [stage["name"] for stage in scenes()["causal"].substeps]


def test_appended_keys_are_the_modules_own() -> None:
    scene, (module, _) = scenes()["appended"], records()["appended"]
    assert scene.facts["extra"] == ["bias", "zero"]
    assert scene.facts["keys"][-3:] == ["k6", "bias", "zero"]
    assert scene["weights_1"].values.shape == (5, 9)
    assert not scene["zero"].values.any()
    for letter, row in (("k", module.bias_k), ("v", module.bias_v)):
        assert row is not None
        values = scene[f"{letter}_2"].values
        same(values[-2], row.flatten()[2:])
        assert not values[-1].any()


@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_token_vectors_and_positions_are_the_runs_own(name: str) -> None:
    (model, run), scene = runs()[name], scenes()[f"run-{name}"]
    inputs = run.inputs
    vectors = token_vectors(TEXT, model.design.size, model.design.draw)
    same(scene["E"].values[scene["ids"].values.astype(int)], vectors)
    same(scene["x"].values, inputs.x)
    for tensor, values in (("previous", inputs.previous), ("positions", inputs.positions)):
        assert (tensor in scene.by_name) == (values is not None)
        if values is not None:
            same(scene[tensor].values, values)
    if inputs.previous is not None:
        assert not scene["previous"].values[0].any()
        np.testing.assert_array_equal(scene["ids_before"].values[1:], scene["ids"].values[:-1])
    if "room" in scene.by_name:
        assert not scene["room"].values.any()


@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_answers_are_the_runs_own(name: str) -> None:
    (_, run), scene = runs()[name], scenes()[f"run-{name}"]
    answers = run.probabilities.shape[1]
    names = ["p"] if answers == 1 else [f"p_{a}" for a in range(1, answers + 1)]
    assert scene.facts["answers"] == names
    assert scene.sequence.prediction == names[0]
    assert scene.sequence.classes == run.candidates == ("나", "a", "b", "c")
    for place, answer in enumerate(names):
        same(scene[answer].values, run.probabilities[:, place])
        same(scene[answer.replace("p", "logits")].values, run.logits[:, place])
        same(scene[answer.replace("p", "answer")].values, run.answer_vectors[:, place])
    shown = [node for node in scene.layout.nodes if node["stage"] == "prediction"]
    assert [node["tensor"] for node in shown] == names
    assert [node.get("answer") for node in shown] == (
        [None] if answers == 1 else list(range(1, answers + 1))
    )


def test_ghost_is_the_run_before_the_change() -> None:
    scene, before = scenes()["run-silenced"], scenes()["run-back"]
    assert scene.ghost["out"] == "ghost_out"
    assert {"p_1", "p_2", "p_3", "p_4"} < set(scene.ghost)
    assert not any(name.startswith("weights") for name in scene.ghost)
    for name, ghost in scene.ghost.items():
        np.testing.assert_array_equal(scene[ghost].values, before[name].values)
        assert not np.array_equal(scene[ghost].values, scene[name].values)
    assert set(scenes()["edited-h2"].ghost) == {"weights_2", "out"}
    assert scenes()["edited"].ghost["weights"] == "ghost_weights"
    assert scenes()["self"].ghost == {}


@pytest.mark.parametrize("name", NAMES)
def test_given_tensors_name_a_test_that_exists(name: str) -> None:
    for tensor in scenes()[name].tensors:
        if tensor.operation.name == "given":
            path, _, function = tensor.operation.parameters["vouched"].partition("::")
            text = (ROOT / path).read_text(encoding="utf-8")
            assert f"def {function}(" in text, (tensor.name, path, function)


@pytest.mark.parametrize("name", NAMES)
def test_sheets_stand_in_reading_order_and_name_their_axes(name: str) -> None:
    scene = scenes()[name]
    order = [*STAGES, "concat", "shares", "out", "prediction"]
    stages = [substep["name"] for substep in scene.substeps]
    assert stages == [stage for stage in order if stage in stages]
    assert [node["stage"] for node in scene.layout.nodes] == sorted(
        (node["stage"] for node in scene.layout.nodes), key=order.index
    )
    for node in scene.layout.nodes:
        tensor = scene[node["tensor"]]
        assert node["kind"] == "sheet"
        assert (node["rows"], node["columns"]) == tensor.axes
        assert node.get("heads", [node["tensor"]])[0] == node["tensor"]
        assert len(node.get("heads", "1")) in (1, scene.facts["heads"])
        assert node["sum"] == (node["id"] == "weights")
        assert (node["hatch"] is not None) == (
            scene.facts["masked"] and node["id"] in ("masked", "weights")
        )
    assert len(ids(scene)) == len(set(ids(scene)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_sheet_is_called_is_said_in_every_language(language: str) -> None:
    known = {*player_words(language), *CALLED}
    for scene in scenes().values():
        for node in scene.layout.nodes:
            asked = {node["label"], f"substep.{node['stage']}", f"about.{node['stage']}"}
            asked |= {node["join"]} if node["join"].startswith("join.") else set()
            assert asked <= known, node["id"]


def test_a_stage_is_left_out_only_if_it_is_switched_off() -> None:
    full = ["x", "q", "k", "v", "scores", "scaled", "masked", "weights", "context", "out"]
    assert ids(scenes()["causal"]) == full
    assert ids(scenes()["self"]) == [sheet for sheet in full if sheet != "masked"]
    assert ids(scenes()["no-scale"])[4:8] == ["scores", "weights", "context", "concat"]
    assert ids(scenes()["cross-h2"])[:3] == ["x", "memory", "memory_v"]
    assert ids(scenes()["head"]) == full[1:-1]
    assert ids(scenes()["self-h8"])[-3:] == ["context", "share", "out"]


@pytest.mark.parametrize(
    ("name", "join"),
    [("self", "÷ √d_k"), ("sharp", "× 40"), ("flat", "× 0"), ("causal-h4", "÷ √d_k")],
)
def test_the_scaling_is_written_between_the_sheets(name: str, join: str) -> None:
    nodes = {node["id"]: node["join"] for node in scenes()[name].layout.nodes}
    assert nodes["scaled"] == join
    assert (nodes["q"], nodes["scores"], nodes["weights"]) == ("W_Q x", "Q Kᵀ", "softmax")


def test_several_heads_share_a_sheet_and_have_maps() -> None:
    scene = scenes()["self-h2"]
    nodes = {node["id"]: node for node in scene.layout.nodes}
    assert nodes["weights"]["heads"] == ["weights_1", "weights_2"]
    assert "heads" not in nodes["x"]
    assert "heads" not in nodes["out"]
    assert scene.facts["maps"] == {"tensors": ["weights_1", "weights_2"], "mean": "weights_mean"}
    assert "maps" not in scenes()["self"].facts
    assert scene["weights_2"].symbol == "A⁽²⁾"


@pytest.mark.parametrize(
    "wrong", [{"heads": ["weights_1", "nobody"]}, {"row": "nobody"}, {"hatch": "nobody"}]
)
def test_a_sheet_cannot_name_what_is_not_there(wrong: dict[str, Any]) -> None:
    good = scenes()["self-h2"]
    first, *others = good.layout.nodes
    layout = Layout(1, 1, ({**first, **wrong}, *others), ())
    with pytest.raises(ValueError, match=r"does not have: \['nobody'\]"):
        replace(good, layout=layout)
    maps = {"tensors": ["nobody"], "mean": "weights_mean"}
    with pytest.raises(ValueError, match=r"does not have: \['nobody'\]"):
        replace(good, facts={**good.facts, "maps": maps})


@pytest.mark.parametrize("name", ["self-h2", "run-back"])
def test_a_scene_of_attention_that_lies_cannot_be_built(name: str) -> None:
    good = scenes()[name]
    weights = good["weights_2"]
    values = weights.values.copy()
    values[1, 0] += 1e-9
    tensors = tuple(replace(t, values=values) if t is weights else t for t in good.tensors)
    with pytest.raises(ValueError, match=r"tensor 'weights_2' at \(1, 0\): recorded"):
        replace(good, tensors=tensors)


def test_the_same_record_gives_the_same_scene() -> None:
    module, found = records()["causal-h4"]
    one, two = (attention_scene(found, module, "abcde").to_json() for _ in range(2))
    assert one == two
    model, run = runs()["back"]
    assert run_scene(run, model).to_json() == run_scene(run, model).to_json()


def test_tokens_are_drawn_as_asked() -> None:
    model, run = runs()["follow"]
    drawn = [f"<{token}>" for token in TEXT]
    scene = run_scene(run, model, tokens=drawn, targets=(*drawn[1:], None), rest=3, mark=(1, 3))
    assert scene.sequence.inputs == tuple(drawn)
    assert scene.sequence.classes == ("<나>", "<a>", "<b>", "<c>")
    assert scene.facts["keys"] == drawn
    assert (scene.rest, scene.mark) == (3, (1, 3))
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        run_scene(run, model, tokens=drawn[:-1])
