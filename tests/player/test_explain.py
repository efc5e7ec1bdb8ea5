"""Where a value came from: formula, terms largest first, and a printed sum that adds up."""

import math
import re
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import torch

from seqviz.core.parameters import make_cell
from seqviz.core.unroll import unroll
from seqviz.models.backprop_experiment import BackpropConfig, run
from seqviz.scenes import Scene, Sequence
from seqviz.scenes.recurrent import cell_scene
from seqviz.scenes.sweep import record_sweep
from tests.player.conftest import Engine
from tests.player.sample import every_operation, one_row, one_sum
from tests.player.test_digits import SUPERSCRIPT, read
from tests.scene_catalogue import catalogue, sweeps

WORDS = {
    "inspector.title": "{name}, unit {unit}",
    "inspector.bias": "bias",
    "inspector.sum": "sum",
    "inspector.more": "… and {n} more",
    "inspector.forced": "set to {value}",
    "inspector.given": "given",
    "inspector.made_unsent": "computed, its matrices not sent",
    "inspector.made_closed": "closed form",
    "inspector.made_loss": "from the loss",
    "inspector.masked": "hidden",
    "role.forget": "forget gate",
}
EXPLAIN = """(e, [scene, name, t, index, words, options]) => {
  const why = e.explain(e.openScene(scene), name, t, index, words, options ?? {});
  return { ...why, ...Object.fromEntries(["symbol", "formula", "numbers"].map((key) =>
    [key, e.plainText(why[key])])) };
}"""


def hello() -> Scene:
    """An untrained LSTM on one-hot "hell", from zero states, with an output layer."""
    cell = make_cell("lstm", 4, 4, seed=1)
    xs = torch.eye(4, dtype=torch.float64)[[0, 1, 2, 2]]
    generator = np.random.default_rng(0)
    readout = (generator.normal(size=(4, 4)), generator.normal(size=4))
    letters = tuple("helo")
    sequence = Sequence(tuple("hell"), tuple("ello"), letters, "p")
    return cell_scene(unroll(cell, xs), readout=readout, sequence=sequence)


def explain(
    engine: Engine, scene: Scene, name: str, t: int, index: int, **options: Any
) -> dict[str, Any]:
    return engine(EXPLAIN, [scene.to_json(), name, t, index, WORDS, options])


def test_a_gate_is_explained_through_its_sums(engine: Engine) -> None:
    why = explain(engine, hello(), "f", 2, 1)
    assert why["title"] == "forget gate, unit 2"
    assert why["formula"] == "f₂ = σ(W_if x + b_if + W_hf h_t−1 + b_hf)"
    labels = [row["label"] for row in why["terms"]]
    assert sorted(labels) == ["bias", "h₁(t−1)", "h₂(t−1)", "h₃(t−1)", "h₄(t−1)", "x “l”"]
    assert labels[-1] == "bias"
    sizes = [abs(row["value"]) for row in why["terms"][:-1]]
    assert sizes == sorted(sizes, reverse=True)
    assert why["zeros"] == 3
    assert why["sum"]["label"] == "sum"
    assert why["result"]["label"] == "σ(sum)"
    assert why["numbers"].startswith("f₂ = σ(")
    assert why["numbers"].endswith(why["result"]["text"])


def test_the_sources_of_a_gate_are_the_elements_it_read(engine: Engine) -> None:
    scene = hello()
    sources = explain(engine, scene, "f", 2, 1)["sources"]
    row = 1 * 4 + 1
    assert {(s["name"], s["t"], s["index"]) for s in sources} == (
        {("W_ih", None, row * 4 + k) for k in range(4)}
        | {("W_hh", None, row * 4 + k) for k in range(4)}
        | {("x", 2, k) for k in range(4)}
        | {("h", 1, k) for k in range(4)}
        | {("b_ih", None, row), ("b_hh", None, row)}
    )


def test_terms_beyond_the_limit_are_one_row_and_still_add_up(engine: Engine) -> None:
    scene = catalogue()["lstm-T30-H32-D12"]
    why = explain(engine, scene, "o", 7, 3, limit=5)
    assert [row["kind"] for row in why["terms"]] == ["product"] * 4 + ["rest", "bias"]
    assert why["terms"][4]["label"] == "… and 40 more"
    every = explain(engine, scene, "o", 7, 3, limit=100)
    assert len(every["terms"]) == 32 + 12 + 1
    assert sum(row["value"] for row in why["terms"]) == pytest.approx(every["sum"]["value"])


def test_the_cell_state_is_kept_plus_written(engine: Engine) -> None:
    why = explain(engine, hello(), "c", 3, 0)
    assert why["formula"] == "c₁ = f₁ × c_1,t−1 + i₁ × g₁"
    assert {row["label"] for row in why["terms"]} == {"f₁ × c₁(t−1)", "i₁ × g₁"}
    assert (why["sum"], why["result"]["label"]) == (None, "c₁")
    assert {(s["name"], s["t"]) for s in why["sources"]} == {("f", 3), ("c", 2), ("i", 3), ("g", 3)}


def test_a_product_is_one_row(engine: Engine) -> None:
    why = explain(engine, hello(), "h", 3, 1)
    assert why["formula"] == "h₂ = o₂ × tanh(c)₂"
    assert len(why["terms"]) == 1
    assert " × " in why["terms"][0]["text"]


def test_an_activation_does_not_see_through_a_state(engine: Engine) -> None:
    why = explain(engine, hello(), "c_act", 3, 1)
    assert why["formula"] == "tanh(c)₂ = tanh(c₂)"
    assert why["sources"] == [{"name": "c", "t": 3, "index": 1}]


def test_the_first_step_reads_the_initial_state(engine: Engine) -> None:
    sources = explain(engine, hello(), "kept", 0, 2)["sources"]
    assert sources == [{"name": "f", "t": 0, "index": 2}, {"name": "c_0", "t": None, "index": 2}]


def test_a_probability_shows_exponentials_and_their_sum(engine: Engine) -> None:
    scene = hello()
    why = explain(engine, scene, "p", 1, 3)
    assert why["formula"] == "p₄ = exp(s₄) / Σ exp(s)"
    assert {row["label"] for row in why["terms"]} == {"“h”", "“e”", "“l”", "“o”"}
    assert all(row["text"].startswith("e^") for row in why["terms"])
    assert why["result"]["value"] == pytest.approx(float(scene["p"].values[1, 3]), rel=1e-5)


def test_large_exponents_stand_in_short_rows_largest_first_and_say_what_was_taken_away(
    engine: Engine,
) -> None:
    scene = one_row([24.521, 14.137, -0.057, -5.21, -6.3, 3.0, 2.0, 24.0])
    words = {**WORDS, "inspector.shifted": "less {value}"}
    why = engine(EXPLAIN, [scene.to_json(), "p", 0, 1, words, {"limit": 4}])
    assert why["note"] == "less 24.52"
    texts = [row["text"] for row in why["terms"]]
    assert texts == ["e^0", "e^−0.52", "e^−10.384", ""]
    assert why["terms"][-1]["label"] == "… and 5 more"
    values = [row["value"] for row in why["terms"][:3]]
    assert values == sorted(values, reverse=True)
    small = engine(EXPLAIN, [one_row([2.0, 1.0]).to_json(), "p", 0, 1, words, {}])
    assert (small["note"], small["terms"][0]["text"]) == ("", "e^2")


def test_the_reset_gate_of_a_gru_is_a_product_inside_the_sum(engine: Engine) -> None:
    why = explain(engine, catalogue()["gru-tanh"], "n", 2, 0)
    assert why["formula"] == "n₁ = tanh(W_in x + b_in + r₁ × (U_n·h)₁)"
    assert "r₁ × (U_n·h)₁" in {row["label"] for row in why["terms"]}


def test_one_minus_the_update_gate(engine: Engine) -> None:
    why = explain(engine, catalogue()["gru-tanh"], "z_rest", 2, 0)
    assert why["formula"].endswith("= 1 − z₁")
    assert [row["kind"] for row in why["terms"]] == ["value", "value"]


def test_peepholes_are_terms_of_the_gate(engine: Engine) -> None:
    why = explain(engine, catalogue()["lstm-peepholes"], "o", 2, 0)
    assert why["formula"] == "o₁ = σ(W_io x + b_io + W_ho h_t−1 + b_ho + p_o,1 × c₁)"
    assert "c₁" in {row["label"] for row in why["terms"]}


def test_a_forced_gate_says_so_and_a_free_unit_is_explained(engine: Engine) -> None:
    scene = catalogue()["lstm-peepholes-force-one-wiped"]
    forced = explain(engine, scene, "f", 3, 2)
    assert (forced["note"], forced["terms"]) == ("set to 1", [])
    assert forced["result"]["value"] == 1
    free = explain(engine, scene, "f", 3, 1)
    assert free["note"] == ""
    assert free["formula"].startswith("f₂ = σ(")


def test_a_wiped_state_is_still_the_one_before(engine: Engine) -> None:
    why = explain(engine, catalogue()["lstm-wiped"], "c", 2, 0)
    assert why["formula"] == "c₁ = f₁ × c_1,t−1 + i₁ × g₁"
    assert ([row["label"] for row in why["terms"]], why["zeros"]) == (["i₁ × g₁"], 1)
    wiped = explain(engine, catalogue()["lstm-wiped"], "h_wiped", 2, 0)
    assert (wiped["note"], wiped["result"]["value"]) == ("set to 0", 0)


def test_a_sum_of_nothing_is_zero(engine: Engine) -> None:
    scene = one_sum([0.0, 0.0], "sigmoid")
    assert explain(engine, scene, "out", 1, 0)["numbers"] == "out = σ(0.00) = 0.50"
    assert explain(engine, scene, "pre", 1, 0)["numbers"] == "pre = 0.00"


def test_a_small_result_is_printed_with_its_size_and_agrees(engine: Engine) -> None:
    why = explain(engine, one_sum([-4.1234, -2.0871], "sigmoid"), "out", 1, 0)
    onpaper = 1 / (1 + math.exp(-float(read(why["sum"]["text"]))))
    assert why["result"]["sign"] == "="
    assert f"{onpaper:.2e}" == f"{float(read(why['result']['text'])):.2e}"


def test_an_input_is_given(engine: Engine) -> None:
    why = explain(engine, hello(), "x", 2, 2)
    assert (why["note"], why["terms"], why["numbers"]) == ("given", [], "x₃ = 1")


@pytest.mark.parametrize(
    ("name", "formula"),
    [("arriving", "∂L/∂s_t+1 J_t+1"), ("J_norm", "√(Σ J_t²)")],
)
def test_what_the_server_computed_from_unsent_matrices_is_not_given(
    engine: Engine, name: str, formula: str
) -> None:
    large = explain(engine, sweeps()["lstm-H32"], name, 4, 0)
    assert (large["note"], large["terms"]) == ("computed, its matrices not sent", [])
    assert large["formula"].split(" = ")[1] == formula
    small = explain(engine, sweeps()["rnn"], name, 4, 0)
    assert (small["note"], small["terms"] != []) == ("", True)


@pytest.mark.parametrize("scene", ["lstm-H32", "lstm", "rnn"])
def test_a_gradient_is_a_sum_with_and_without_its_matrices(engine: Engine, scene: str) -> None:
    sweep = sweeps()[scene]
    t = int(np.flatnonzero(sweep["direct"].values[:, 0])[-1])
    why = explain(engine, sweep, "ds", t, 0)
    assert why["note"] == ""
    assert ["∂ℓ/∂" in row["label"] for row in why["terms"]] == [True]


@pytest.mark.parametrize("name", ["ds", "arriving", "dh_norm", "P", "P_norm"])
def test_a_value_with_two_hundred_zeros_is_explained(engine: Engine, name: str) -> None:
    scene = record_sweep(run(BackpropConfig(length=480)))
    for t in (0, 200, 400):
        why = explain(engine, scene, name, t, 0)
        assert ("×10⁻" in why["result"]["text"]) == (abs(scene[name].values[t].flat[0]) < 5e-3)


@pytest.mark.parametrize(
    ("scene", "index", "formula"),
    [
        ("rnn", 0, "diag(φ′(a_t)) W_hh"),
        ("lstm", 0, "diag(φ(c_t) ⊙ o_t′) W_ho + diag(∂h_t/∂c_t) ∂c_t/∂h_t−1"),
        ("lstm", 4, "diag(∂h_t/∂c_t) diag(f_t)"),
        ("lstm", -4, "diag(f_t)"),
    ],
)
def test_a_jacobian_says_the_closed_form_of_its_block(
    engine: Engine, scene: str, index: int, formula: str
) -> None:
    sweep = sweeps()[scene]
    size = sweep["J"].values[0].size
    why = explain(engine, sweep, "J", 2, index % size)
    assert (why["note"], why["terms"]) == ("closed form", [])
    assert why["formula"].split(" = ")[1] == formula


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("length", "length = √(Σ u²)"),
        ("mean", "mean = mean(v)"),
        ("sum", "sum₂ = Σ M"),
        ("less", "less₂ = v₂ − u₂"),
        ("scaled", "scaled_1,2 = 0.5000 × scores_1,2"),
        ("scores", "scores_1,2 = M N⊤"),
        ("product", "product₂ = v₂ × u₂ × less₂"),
        ("after", "after₂ = v_2,t+1 + u₂ + gate₂"),
        ("narrow", "narrow₂ = wide₄"),
        ("latest", "latest₂ = tanh(late_2,t−1 + u₂)"),
        ("rest", "rest₂ = 2 − v₂"),
        ("echo", "echo₂ = passed_2,t−1 + u₂"),
        ("spread", "spread_1,2 = M_1,2 × edge₂ × column_1,1"),
        ("even", "even_1,2 = (M_1,2 − mean) / √(variance + ε)"),
    ],
)
def test_natural_arithmetic_of_every_other_operation(
    engine: Engine, name: str, formula: str
) -> None:
    scene = every_operation()
    index = 0 if scene[name].values[1].ndim == 0 else 1
    assert explain(engine, scene, name, 1, index)["formula"] == formula


def test_a_masked_score_says_so(engine: Engine) -> None:
    why = explain(engine, every_operation(), "masked", 1, 4)
    assert (why["note"], why["result"]["text"]) == ("hidden", "−∞")


ALL = """(e, [scene, words]) => {
  const model = e.openScene(scene);
  return scene.tensors.flatMap(({ name }) => {
    const found = [];
    for (let t = 0; t < Math.min(model.steps, 6); t += 1) {
      const size = Math.min(model.value(name, t).length, 12);
      for (let index = 0; index < size; index += 1) {
        const why = e.explain(model, name, t, index, words);
        const total = why.sum ?? why.result;
        found.push({ name, t, index, rows: why.terms.map((row) => row.printed), text: total.text,
          sign: total.sign, shown: e.fixed(why.result.value), result: why.result.text,
          value: why.result.value, exact: why.exact });
      }
    }
    return found;
  });
}"""


@pytest.mark.parametrize(
    "scene",
    ["lstm-tanh", "gru-tanh", "rnn-relu", "lstm-peepholes", "gru-reset-before", "lstm-T30-H32-D12"],
)
def test_printed_sums_of_a_whole_scene_add_up_or_say_so(engine: Engine, scene: str) -> None:
    found = engine(ALL, [catalogue()[scene].to_json(), WORDS])
    for why in found:
        if why["sign"] == "=" and why["rows"]:
            added = sum(map(read, why["rows"]), Decimal(0))
            assert added == read(why["text"]), why
    assert sum(why["exact"] for why in found) > 0.8 * len(found)


EQUATIONS = """(e, [scene, words]) => {
  const model = e.openScene(scene);
  const found = [];
  for (const { name } of scene.tensors) {
    for (let t = 0; t < model.steps; t += 1) {
      for (let index = 0; index < model.value(name, t).length; index += 1) {
        const why = e.explain(model, name, t, index, words);
        found.push(e.plainText(why.numbers), ...why.terms.filter((row) => row.text)
          .map((row) => `row = ${row.text} ${row.exact ? "=" : "≈"} ${row.printed}`));
      }
    }
  }
  return found;
}"""
FUNCTIONS = {
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0),
    "root": math.sqrt,
    "exp": math.exp,
}


def evaluated(printed: str) -> float:
    """The value of printed arithmetic, worked out from its characters alone."""
    plain = re.sub(r"×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "e" + m[1].translate(SUPERSCRIPT), printed)
    for symbol, written in (("σ", "sigmoid"), ("ReLU", "relu"), ("√", "root"), ("×", "*")):
        plain = plain.replace(symbol, written)
    plain = re.sub(r"e\^(−?[\d.]+(?:e-?\d+)?)", r"exp(\1)", plain).replace("e^(", "exp(")
    return float(eval(plain.replace("−", "-"), {"__builtins__": {}}, FUNCTIONS))


def holds(left: str, right: str) -> bool:
    """Whether the left side, as printed, comes to the right side as far as that is printed."""
    number = re.fullmatch(r"−?\d+\.?(\d*)(?:×10(.+))?", right)
    power = int(number[2].translate(SUPERSCRIPT)) if number and number[2] else 0
    room = 0.5000001 * 10.0 ** (power - len(number[1])) if number else 1e-9
    return abs(evaluated(left) - evaluated(right)) <= room


@pytest.mark.parametrize("scene", ["lstm-tanh", "gru-z-writes", "rnn-relu", "lstm-peepholes"])
def test_every_equals_sign_is_true_of_what_stands_on_both_sides(engine: Engine, scene: str) -> None:
    equals = 0
    for printed in engine(EQUATIONS, [catalogue()[scene].to_json(), WORDS]):
        _, *parts = re.split(r" (=|≈) ", printed)
        for left, sign, right in zip(parts[1::2], parts[2::2], parts[3::2], strict=False):
            equals += sign == "="
            assert sign == "≈" or holds(left, right), printed
    assert equals > 400


def test_a_sum_that_is_about_is_read_as_printed_by_what_follows(engine: Engine) -> None:
    shown = engine("(e, x) => e.adding([x, x, x], 3 * x)", 0.6644445)
    assert (shown["exact"], shown["sum"], shown["printedSum"]) == (False, "1.99", 1.99)


def test_tiny_factors_say_about_when_their_printed_product_is_another(engine: Engine) -> None:
    code = "(e, x) => e.multiplying([x, x], x * x, 2, e.precise(x * x))"
    assert engine(code, -1.35272e-5)["exact"] is False
    assert engine(code, -1.35e-5)["exact"] is True


@pytest.mark.parametrize("scene", sorted(catalogue()))
def test_every_element_of_every_scene_can_be_explained(engine: Engine, scene: str) -> None:
    found = engine(ALL, [catalogue()[scene].to_json(), WORDS])
    assert {why["name"] for why in found} == set(catalogue()[scene].by_name)


@pytest.mark.parametrize("function", ["tanh", "sigmoid", "relu", "identity"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -1e-30, 0.0])
def test_numbers_out_of_range_are_explained_without_a_crash(
    engine: Engine, function: str, value: float
) -> None:
    why = explain(engine, one_sum([value, 0.5, 1e9], function), "out", 1, 0)
    assert all(isinstance(row["printed"], str) and row["printed"] for row in why["terms"])
    assert why["result"]["text"]
    if math.isnan(value):
        assert why["result"]["text"] == "NaN"


def test_an_answer_is_called_by_its_token_not_by_its_number(engine: Engine) -> None:
    words = {"inspector.title_token": "{name}, {token}", "inspector.title": "{name} {unit}"}
    title = "(n) => e.explain(e.openScene(scene), n, 1, 3, words).title"
    code = f"(e, [scene, words]) => ['p', 'h'].map({title})"
    answer, state = engine(code, [hello().to_json(), words])
    assert answer.endswith(", o")
    assert state.endswith(" 4")
