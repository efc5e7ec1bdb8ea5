"""Scenes of recurrent cells: every tensor follows from its operation, and is the record's own."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from seqviz.core.gradients import gradients
from seqviz.core.unroll import Options, unroll
from seqviz.core.what_if import Force, WhatIf
from seqviz.scenes import Scene
from seqviz.scenes.recurrent import cell_scene
from tests.core.traces import trace_of, variants
from tests.scene_catalogue import catalogue, scene_of

ROOT = Path(__file__).parents[2]
NAMES = sorted(catalogue())


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_is_recomputed_from_its_operation(name: str) -> None:
    scene = catalogue()[name]
    for tensor in scene.tensors:
        np.testing.assert_allclose(
            scene.recompute(tensor.name), tensor.values, rtol=1e-12, atol=1e-12, err_msg=tensor.name
        )


@pytest.mark.parametrize("name", NAMES)
def test_what_was_sent_is_enough_to_recompute_the_rest(name: str) -> None:
    scene = catalogue()[name]
    known = {
        t.name: t.values.astype(np.float32).astype(np.float64) for t in scene.tensors if t.sent
    }
    for tensor in scene.tensors:
        if tensor.name not in known:
            known[tensor.name] = scene.recompute(tensor.name, known)
        size = max(1.0, float(np.abs(tensor.values).max()))
        np.testing.assert_allclose(
            known[tensor.name], tensor.values, rtol=1e-5, atol=1e-5 * size, err_msg=tensor.name
        )


@pytest.mark.parametrize(("name", "kind", "options"), list(variants()))
def test_every_value_of_the_record_is_in_the_scene(name: str, kind: str, options: Options) -> None:
    trace = trace_of(kind, options, steps=5, hidden=4, inputs=3, seed=0)
    scene = cell_scene(trace)
    for field in fields(trace.record):
        values = getattr(trace.record, field.name)
        if values is None:
            assert field.name not in scene.by_name
        elif not field.name.endswith("_prev"):
            np.testing.assert_array_equal(scene[field.name].values, values.numpy(), field.name)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_inputs_and_parameters_are_the_models_own(kind: str) -> None:
    trace = trace_of(kind, Options(), steps=5, hidden=4, inputs=3, seed=0)
    scene = cell_scene(trace)
    for name, own in (
        ("x", trace.record.x),
        ("W_ih", trace.cell.weight_ih),
        ("W_hh", trace.cell.weight_hh),
        ("b_ih", trace.cell.bias_ih),
        ("b_hh", trace.cell.bias_hh),
        ("h_0", trace.h0),
    ):
        np.testing.assert_array_equal(scene[name].values, own.detach().numpy())


def test_ghost_is_the_run_before_the_change() -> None:
    forced = Options(what_if=WhatIf(force=Force("f", 0.0, None, None)))
    scene, before = scene_of("lstm", forced), scene_of("lstm")
    assert set(scene.ghost) == {"i", "f", "g", "o", "c", "h"}
    for name, ghost in scene.ghost.items():
        np.testing.assert_array_equal(scene[ghost].values, before[name].values)
    assert not np.array_equal(scene["c"].values, before["c"].values)


def test_given_tensors_name_a_test_that_exists() -> None:
    for scene in catalogue().values():
        for tensor in scene.tensors:
            if tensor.operation.name == "given":
                path, _, function = tensor.operation.parameters["vouched"].partition("::")
                text = (ROOT / path).read_text(encoding="utf-8")
                assert not function or f"def {function}(" in text, (tensor.name, path, function)


@pytest.mark.parametrize("name", NAMES)
def test_substeps_cover_every_computed_value_once_and_in_order(name: str) -> None:
    scene: Scene = catalogue()[name]
    order = [n for substep in scene.substeps for n in substep["tensors"]]
    assert len(order) == len(set(order))
    assert all(scene.stepped(n) for n in order)


def test_without_bias_there_is_no_bias_in_the_scene() -> None:
    cell = torch.nn.GRUCell(3, 4, bias=False, dtype=torch.float64)
    scene = cell_scene(unroll(cell, torch.randn(5, 3, dtype=torch.float64)))
    assert "b_ih" not in scene.by_name
    assert len(scene["r_x"].operation.operands) == 2


def test_gradients_of_a_scene_are_each_its_own() -> None:
    trace = trace_of("lstm", Options(), steps=5, hidden=4, inputs=3, seed=2)
    found = gradients(trace, "all")
    scene = cell_scene(trace, gradients=found, loss_at="all")
    assert found.dc is not None
    for name, vectors in (("dh", found.dh), ("dc", found.dc), ("dh_direct", found.dh_direct)):
        np.testing.assert_array_equal(scene[name].values, vectors.numpy())
        norms = [float(np.hypot.reduce(row)) for row in vectors.numpy()]
        np.testing.assert_allclose(scene[f"{name}_norm"].values, norms, rtol=1e-14)
    assert scene.gradient == {
        "h": "dh_norm",
        "c": "dc_norm",
        "direct": "dh_direct_norm",
        "loss": "all",
        "of": "state",
    }
