"""The player recomputes every tensor of every scene, from what it is sent, in the browser."""

import base64
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from seqviz.models.backprop_experiment import BackpropConfig, run
from seqviz.scenes import Scene
from seqviz.scenes.operations import RULES
from seqviz.scenes.sweep import record_sweep
from tests import attention_catalogue
from tests.player.conftest import Engine
from tests.player.sample import every_operation, one_row, one_sum
from tests.scene_catalogue import catalogue, sweeps

RECOMPUTE = """(e, scene) => {
  const model = e.openScene(scene);
  const values = {};
  for (const { name, operation } of scene.tensors) {
    const steps = model.stepped(name) ? scene.steps : 1;
    const all = [];
    for (let t = 0; t < steps; t += 1) {
      all.push(...(operation.name === "given"
        ? model.value(name, t) : e.compute(model, model.tensor(name), t)));
    }
    const bytes = new Uint8Array(new Float64Array(all).buffer);
    values[name] = btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
  }
  return values;
}"""

TOGETHER = ("causal", "cross-h2", "h8-T64", "trained-follow", "run-silenced")


def recomputed(engine: Engine, scene: Scene) -> dict[str, NDArray[Any]]:
    """Every tensor as the browser computes it from its operation."""
    sent = engine(RECOMPUTE, scene.to_json())
    return {
        name: np.frombuffer(base64.b64decode(text), "<f8").reshape(scene[name].values.shape)
        for name, text in sent.items()
    }


def assert_same(engine: Engine, scene: Scene) -> None:
    for name, values in recomputed(engine, scene).items():
        expected = scene[name].values
        finite = np.abs(expected[np.isfinite(expected)])
        size = max(1.0, float(finite.max())) if finite.size else 1.0
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5 * size, err_msg=name)


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_tensor_of_every_scene_is_recomputed_in_the_browser(
    engine: Engine, name: str
) -> None:
    assert_same(engine, catalogue()[name])


@pytest.mark.parametrize("name", sorted(sweeps()))
def test_every_tensor_of_every_sweep_is_recomputed_in_the_browser(
    engine: Engine, name: str
) -> None:
    assert_same(engine, sweeps()[name])


def test_a_gradient_below_float32_is_not_drawn_as_zero(engine: Engine) -> None:
    scene = record_sweep(run(BackpropConfig(length=400)))
    norms = recomputed(engine, scene)["dh_norm"]
    assert scene["dh_norm"].values[0] < 1e-170
    np.testing.assert_allclose(norms, scene["dh_norm"].values, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(attention_catalogue.scenes()))
def test_every_tensor_of_every_attention_is_recomputed_in_the_browser(
    engine: Engine, name: str
) -> None:
    assert_same(engine, attention_catalogue.scenes()[name])


def test_every_operation_of_the_table_is_recomputed_in_the_browser(engine: Engine) -> None:
    scene = every_operation()
    assert {tensor.operation.name for tensor in scene.tensors} == set(RULES)
    assert_same(engine, scene)


@pytest.mark.parametrize("name", ["every", "lstm-T30-H32-D12", *TOGETHER])
def test_all_steps_at_once_are_the_same_as_step_by_step(engine: Engine, name: str) -> None:
    scenes = {"every": every_operation(), **catalogue(), **attention_catalogue.scenes()}
    together, differing = engine(
        """(e, scene) => {
          const model = e.openScene(scene);
          const made = scene.tensors.filter(({ operation }) => operation.name !== "given");
          const steps = Array.from({ length: scene.steps }, (_, t) => t);
          const same = (tensor) => {
            const all = e.computeAll(model, tensor);
            const single = steps.flatMap((t) => [...e.compute(model, tensor, t)]);
            return all.length === single.length && single.every((x, k) => Object.is(x, all[k]));
          };
          const atOnce = made.filter((tensor) => e.computeAll(model, tensor));
          return [atOnce.length, atOnce.filter((tensor) => !same(tensor)).map(({ name }) => name)];
        }""",
        scenes[name].to_json(),
    )
    assert differing == []
    assert together > 5


@pytest.mark.parametrize("moved", ["k", "v", "W_q"])
def test_a_value_that_is_moved_moves_what_was_computed_at_once(engine: Engine, moved: str) -> None:
    scene = attention_catalogue.scenes()["causal"].to_json()
    apart = engine(
        """(e, [scene, moved]) => {
          const steps = Array.from({ length: scene.steps }, (_, t) => t);
          const all = (model) => steps.map((t) => [...model.value("out", t)]);
          const other = (model) => model.value(moved, 0).map((x) => 2 * x + 1);
          const [used, fresh] = [e.openScene(scene), e.openScene(scene)];
          const before = all(used);
          used.set(moved, 0, other(used));
          fresh.set(moved, 0, other(fresh));
          const [after, expected] = [all(used), all(fresh)];
          used.set(moved, 0, null);
          return [before, after, expected, all(used)].map((values) => JSON.stringify(values));
        }""",
        [scene, moved],
    )
    before, after, expected, back = apart
    assert after == expected != before == back


def test_the_tables_of_python_and_the_player_are_the_same(engine: Engine) -> None:
    assert set(engine("(e) => Object.keys(e.OPERATIONS)")) == set(RULES)


def test_terms_add_up_to_the_value_where_an_operation_is_a_sum(engine: Engine) -> None:
    scene = every_operation()
    gaps = engine(
        """(e, scene) => {
          const model = e.openScene(scene);
          const notSums = ["given", "softmax", "scale"];
          const summed = scene.tensors.filter(({ operation }) =>
            !e.OPERATIONS[operation.name].value && !notSums.includes(operation.name));
          return summed.flatMap(({ name }) => [...model.value(name, 1)].map((value, index) => {
            const terms = e.termsOf(model, model.tensor(name), 1, index);
            return Math.abs(terms.reduce((sum, term) => sum + term.value, 0) - value);
          }));
        }""",
        scene.to_json(),
    )
    assert len(gaps) > 50
    assert max(gaps) < 1e-12


@pytest.mark.parametrize(
    "logits",
    [
        [1000.0, 998.0, -1000.0],
        [-1000.0, -1002.0, -2000.0],
        [-np.inf, 3.0, 1000.0],
        [-np.inf, -np.inf, -np.inf],
    ],
)
def test_the_softmax_of_a_row_of_any_size_is_shares_or_zeros(
    engine: Engine, logits: list[float]
) -> None:
    scene = one_row(logits)
    assert_same(engine, scene)
    shares = recomputed(engine, scene)["p"].sum(axis=-1)
    np.testing.assert_allclose(shares, float(np.isfinite(logits).any()), atol=1e-12)


def test_operands_say_where_they_were_read(engine: Engine) -> None:
    scene = every_operation().to_json()
    code = """(e, scene) => {
      const model = e.openScene(scene);
      const read = (name, k, t, index) =>
        model.operand(model.tensor(name).operation.operands[k], t).source(index);
      return [read("gate", 0, 1, 5), read("gate", 1, 0, 2), read("gate", 1, 2, 2),
              read("after", 0, 2, 1), read("columns", 0, 1, 3), model.number("W", 0, 21)];
    }"""
    W, before, earlier, after, column, value = engine(code, scene)
    assert W == {"name": "W", "t": None, "index": 4 * 4 + 5}
    assert before == {"name": "edge", "t": None, "index": 2}
    assert earlier == {"name": "v", "t": 1, "index": 2}
    assert after == {"name": "edge", "t": None, "index": 1}
    assert column == {"name": "M", "t": 1, "index": 6}
    assert value == pytest.approx(every_operation()["W"].values[5, 1], rel=1e-6)


def test_range_is_the_largest_finite_value_over_all_steps(engine: Engine) -> None:
    scene = catalogue()["lstm-tanh"]
    assert engine("(e, s) => e.openScene(s).range('c')", scene.to_json()) == pytest.approx(
        float(np.abs(scene["c"].values).max()), rel=1e-6
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("model.value('nowhere', 0)", 'the scene has no tensor "nowhere"'),
        ("model.value('c', 99)", "expected a step from 0 to 4"),
    ],
)
def test_what_is_not_there_is_named(engine: Engine, code: str, message: str) -> None:
    said = engine(
        f"(e, s) => {{ const model = e.openScene(s);"
        f" try {{ {code}; return ''; }} catch (error) {{ return error.message; }} }}",
        catalogue()["lstm-tanh"].to_json(),
    )
    assert message in said


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_non_finite_numbers_arrive_as_they_are(engine: Engine, value: float) -> None:
    scene = one_sum([1.0, value], "identity")
    shown = engine("(e, s) => String(e.openScene(s).number('out', 1, 0))", scene.to_json())
    assert shown == {"nan": "NaN", "-inf": "-Infinity"}.get(str(value), "Infinity")
