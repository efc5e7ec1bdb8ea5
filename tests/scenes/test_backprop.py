"""Scenes of backward sweeps: what each step hands on is autograd's own gradient."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from seqviz.core.gradients import gradients, state_gradient
from seqviz.core.jacobians import cell_to_hidden, last_state_products, step_jacobians
from seqviz.core.lstm import Peepholes
from seqviz.core.unroll import Options, Trace
from seqviz.models.backprop_experiment import BackpropConfig, run
from seqviz.scenes import Scene
from seqviz.scenes.backprop import MATRIX_FLOATS, backprop_scene, sends_matrices
from seqviz.scenes.sweep import record_sweep
from seqviz.text import LANGUAGES, words
from tests.core.traces import trace_of
from tests.scene_catalogue import sweeps

NAMES = sorted(sweeps())


def traces() -> Iterator[tuple[str, Trace]]:
    for kind in ("rnn", "lstm", "gru"):
        yield kind, trace_of(kind, Options(), steps=6, hidden=3, inputs=2, seed=4)
    holes = Options(peepholes=Peepholes(3, seed=2))
    yield "peepholes", trace_of("lstm", holes, steps=6, hidden=3, inputs=2, seed=4)


def sweep(trace: Trace, loss: str) -> Scene:
    within = cell_to_hidden(trace) if trace.kind == "lstm" else None
    direct = gradients(trace, loss).dh_direct
    return backprop_scene(trace, step_jacobians(trace), direct, within=within, loss_at=loss)


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_is_recomputed_from_its_operation(name: str) -> None:
    scene = sweeps()[name]
    for tensor in scene.tensors:
        np.testing.assert_allclose(
            scene.recompute(tensor.name), tensor.values, rtol=1e-12, atol=1e-12, err_msg=tensor.name
        )


@pytest.mark.parametrize("name", NAMES)
def test_what_was_sent_is_enough_to_recompute_the_rest(name: str) -> None:
    scene = sweeps()[name]
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


@pytest.mark.parametrize("loss", ["last", "all"])
@pytest.mark.parametrize(("name", "trace"), list(traces()))
def test_the_chain_of_factors_is_autograds_gradient(name: str, trace: Trace, loss: str) -> None:
    scene, found = sweep(trace, loss), gradients(trace, loss)
    whole = state_gradient(trace, found)
    np.testing.assert_allclose(scene["ds"].values, whole, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(scene["dh_norm"].values, found.h_norm, rtol=1e-12, atol=1e-14)
    if found.dc is not None and found.c_norm is not None:
        np.testing.assert_allclose(scene["dc"].values, found.dc, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(scene["dc_norm"].values, found.c_norm, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("name", "trace"), list(traces()))
def test_the_product_of_all_factors_leads_from_the_last_state(name: str, trace: Trace) -> None:
    scene = sweep(trace, "last")
    np.testing.assert_allclose(scene["P"].values, last_state_products(trace), atol=1e-14)
    carried = scene["ds"].values[-1] @ scene["P"].values
    np.testing.assert_allclose(carried, scene["ds"].values, atol=1e-14)
    sizes = torch.linalg.matrix_norm(step_jacobians(trace))
    np.testing.assert_allclose(scene["J_norm"].values, sizes, rtol=1e-12)


def test_nothing_enters_from_beyond_the_last_step() -> None:
    scene = sweep(next(traces())[1], "all")
    for name in ("nothing", "no_step", "no_norm"):
        assert not scene[name].values.any()
    np.testing.assert_array_equal(scene["one"].values, np.eye(3))
    assert not scene["arriving"].values[-1].any()
    np.testing.assert_array_equal(scene["ds"].values[-1], scene["direct"].values[-1])


def test_norms_stand_for_matrices_that_are_not_sent() -> None:
    trace = trace_of("lstm", Options(), steps=9, hidden=32, inputs=2, seed=4)
    assert not sends_matrices(9, 64)
    scene = sweep(trace, "last")
    assert "J" not in scene.by_name
    assert "P" not in scene.by_name
    assert scene.facts == {"matrices": False, "joint": True}
    sizes = torch.linalg.matrix_norm(step_jacobians(trace))
    np.testing.assert_allclose(scene["J_norm"].values, sizes, rtol=1e-12)
    whole = state_gradient(trace, gradients(trace, "last"))
    np.testing.assert_allclose(scene["ds"].values, whole, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_backwards_and_stays_small(name: str) -> None:
    scene = sweeps()[name]
    assert scene.direction == -1 == scene.to_json()["direction"]
    matrices = [t for t in scene.tensors if t.sent and t.values.ndim == 3]
    assert sum(t.values.size for t in matrices) <= MATRIX_FLOATS


def test_what_float32_cannot_hold_travels_with_a_power_of_two() -> None:
    config = BackpropConfig(length=400)
    norms = record_sweep(run(config))["dh_norm"].values
    assert 0 < norms[0] < 1e-170
    plain = backprop_json(config)
    powers = np.array(plain["ds"]["powers"])
    assert powers[-1] == 0
    assert abs(powers[0] - np.log2(norms[0])) < 4
    assert "powers" not in plain["J"]
    small = backprop_json(BackpropConfig())
    assert [name for name, tensor in small.items() if "powers" in tensor] == []


def backprop_json(config: BackpropConfig) -> dict[str, Any]:
    return {tensor["name"]: tensor for tensor in record_sweep(run(config)).to_json()["tensors"]}


def test_a_float32_run_keeps_its_own_norms() -> None:
    record = run(BackpropConfig(length=150, dtype="float32"))
    scene = record_sweep(record)
    assert scene.gradient is not None
    assert (scene.gradient["h"], scene.gradient["c"]) == ("shown_norm", None)
    shown = scene["shown_norm"].values
    np.testing.assert_array_equal(shown, record.curves.total.double())
    assert record.zero_at is not None
    assert not shown[: record.zero_at + 1].any()


def test_a_float32_lstm_keeps_its_own_norms_of_h_and_of_c() -> None:
    record = run(BackpropConfig(cell="lstm", length=40, dtype="float32"))
    scene, every = record_sweep(record), record.curves.every
    assert every.c_norm is not None
    assert scene.gradient is not None
    for state, norms in (("h", every.h_norm), ("c", every.c_norm)):
        shown = scene[scene.gradient[state]]
        np.testing.assert_array_equal(shown.values, norms.double())
        assert shown.operation.parameters["made"] == "float32"


def test_what_explodes_on_the_way_back_still_makes_a_scene() -> None:
    config = BackpropConfig(activation="identity", init="orthogonal", gain=3.0, length=700)
    scene = record_sweep(run(config))
    assert float(scene["dh_norm"].values[0]) > 1e300 or not np.isfinite(scene["dh_norm"].values[0])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_no_word_of_the_scene_is_missing(name: str, language: str) -> None:
    scene, known = sweeps()[name], words("player", language)
    asked = [f"substep.{part['name']}" for part in scene.substeps]
    asked += [f"about.{part['name']}" for part in scene.substeps]
    asked += [f"label.{node['label']}" for node in scene.layout.nodes if node.get("label")]
    asked += [lane["label"] for lane in scene.layout.lanes]
    asked += [f"tensor.{tensor}" for tensor in ("ds", "direct", "arriving", "J_norm")]
    given = [tensor.operation for tensor in scene.tensors if tensor.operation.name == "given"]
    asked += [f"inspector.made_{operation.parameters['made']}" for operation in given]
    assert [key for key in (*asked, "speech.backprop") if key not in known] == []
