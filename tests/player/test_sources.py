"""What an element was read from, and the terms of what is no plain sum."""

import math
import re

import numpy as np
import pytest

from seqviz.scenes import Operand
from tests import attention_catalogue
from tests.player.conftest import Engine
from tests.player.sample import STEPS, Sheet, every_operation, one_row
from tests.player.test_explain import EQUATIONS, EXPLAIN, WORDS, explain, holds

SAID = {**WORDS, "inspector.nothing": "nothing to see", "inspector.shifted": "less {value}"}


def test_the_result_of_an_explanation_is_the_value_itself(engine: Engine) -> None:
    code = """(e, [scene, words]) => {
      const model = e.openScene(scene);
      return scene.tensors.flatMap(({ name }) => [...model.value(name, 1)].map((value, index) =>
        [name, value, e.explain(model, name, 1, index, words).result.value]));
    }"""
    for name, value, told in engine(code, [every_operation().to_json(), SAID]):
        assert told == pytest.approx(value, abs=1e-9), name


def test_a_forced_element_was_read_from_its_own_value_and_its_own_place(engine: Engine) -> None:
    assert explain(engine, every_operation(), "forced", 1, 1)["sources"] == [
        {"name": "u", "t": 1, "index": 1},
        {"name": "where", "t": 1, "index": 1},
    ]


def test_an_element_left_free_is_explained_at_the_step_that_it_was_read_at(engine: Engine) -> None:
    sheet = Sheet()
    sheet.given("v", ("time", "unit"), None, STEPS, 2)
    sheet.given("none", ("unit",), [0, 0])
    sheet.made("twice", ("time", "unit"), "scale", "v", factor=2.0)
    late = Operand("twice", shift=-1, edge="none")
    sheet.made("held", ("time", "unit"), "force", late, "none", "none")
    sources = explain(engine, sheet.scene(), "held", 2, 1)["sources"]
    assert sources == [{"name": "v", "t": 1, "index": 1}]


def test_what_is_masked_was_still_read(engine: Engine) -> None:
    why = explain(engine, every_operation(), "masked", 1, 4)
    assert why["sources"] == [{"name": "scaled", "t": 1, "index": 4}]


def test_a_row_that_may_look_nowhere_says_so_and_names_what_it_read(engine: Engine) -> None:
    scene = one_row([-math.inf, -math.inf])
    why = engine(EXPLAIN, [scene.to_json(), "p", 1, 0, SAID, {}])
    assert (why["note"], why["terms"], why["result"]["value"]) == ("nothing to see", [], 0)
    assert why["sources"] == [{"name": "s", "t": 1, "index": k} for k in (0, 1)]


def test_small_exponents_are_taken_away_as_large_ones_are(engine: Engine) -> None:
    why = engine(EXPLAIN, [one_row([-31.0, -30.0]).to_json(), "p", 0, 0, SAID, {}])
    assert (why["note"], [row["text"] for row in why["terms"]]) == ("less −30", ["e^0", "e^−1"])


def test_the_shares_of_a_row_are_true_as_they_are_printed(engine: Engine) -> None:
    sheet = Sheet(seed=4)
    sheet.given("s", ("time", "query", "key"), None, STEPS, 30, 5)
    sheet.made("p", ("time", "query", "key"), "softmax", "s")
    equals = 0
    for printed in engine(EQUATIONS, [sheet.scene().to_json(), SAID]):
        _, *parts = re.split(r" (=|≈) ", printed)
        for left, sign, right in zip(parts[1::2], parts[2::2], parts[3::2], strict=False):
            equals += sign == "="
            assert sign == "≈" or holds(left, right), printed
    assert equals > 400


def test_only_answers_are_called_by_their_tokens(engine: Engine) -> None:
    scene = attention_catalogue.scenes()["run-plain"]
    prediction, tokens = scene.sequence.prediction, scene.sequence.classes
    assert prediction
    assert tokens
    called = {
        name: [row["label"] for row in explain(engine, scene, name, 3, 1)["terms"]]
        for name in ("weights", prediction)
    }
    quoted = {f"“{token}”" for token in tokens}
    assert set(called[prediction]) <= quoted
    assert not set(called["weights"]) & quoted


def test_a_standardised_element_reads_its_own_row(engine: Engine) -> None:
    why = explain(engine, every_operation(), "even", 1, 6)
    assert {(s["name"], s["t"], s["index"]) for s in why["sources"]} == {
        ("M", 1, index) for index in range(4, 8)
    }


def test_a_row_of_equal_numbers_is_standardised_to_zero(engine: Engine) -> None:
    sheet = Sheet()
    sheet.given("v", ("time", "unit"), np.full((STEPS, 3), 2.0))
    sheet.made("even", ("time", "unit"), "standardise", "v", eps=1e-5)
    why = explain(engine, sheet.scene(), "even", 1, 2)
    assert (why["result"]["value"], why["result"]["sign"], why["exact"]) == (0, "=", True)


def test_the_terms_of_a_length_are_squares(engine: Engine) -> None:
    labels = {row["label"] for row in explain(engine, every_operation(), "length", 1, 0)["terms"]}
    assert labels == {"u₁²", "u₂²", "u₃²", "u₄²"}
