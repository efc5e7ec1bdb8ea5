"""Inputs are pure, continue when they grow, and ask for the right answers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqviz.models import inputs
from seqviz.models.inputs import OWN_LENGTH, Example, example

SOURCES = ("hello", "brackets", "lag", "korean")
lengths, seeds = st.integers(1, 200), st.integers(0, 2**32)


def test_hello_asks_for_the_next_character() -> None:
    assert example("hello") == Example(
        ("h", "e", "l", "l"), ("e", "l", "l", "o"), tuple("helo"), tuple("helo")
    )
    repeated = example("hello", 7)
    assert ("".join(repeated.tokens), "".join(filter(None, repeated.targets))) == (
        "hellohe",
        "ellohel",
    )


@given(st.sampled_from(SOURCES), lengths, seeds)
def test_an_example_has_its_length_known_words_and_is_pure(
    source: str, length: int, seed: int
) -> None:
    one = example(source, length, seed)
    expected = min(length, OWN_LENGTH["korean"]) if source == "korean" else length
    assert len(one.tokens) == len(one.targets) == expected
    assert set(one.tokens) <= set(one.vocabulary)
    assert set(one.targets) <= set(one.classes)
    assert one == example(source, length, seed)


@given(st.sampled_from(SOURCES), lengths, lengths, seeds)
def test_a_longer_example_continues_the_shorter_one(
    source: str, one: int, other: int, seed: int
) -> None:
    short, long = sorted((one, other))
    assert example(source, long, seed).tokens[:short] == example(source, short, seed).tokens
    assert inputs.noise(long, seed)[:short] == inputs.noise(short, seed)


@given(lengths, seeds, st.one_of(st.none(), st.integers(1, 8)))
def test_brackets_close_only_what_is_open_and_stay_within_the_deepest(
    length: int, seed: int, deepest: int | None
) -> None:
    depth = 0
    for character, counted in zip(
        text := inputs.brackets(length, seed, deepest), inputs.depths(text), strict=True
    ):
        depth += {"(": 1, ")": -1, "x": 0}[character]
        assert 0 <= depth == counted
        assert deepest is None or depth <= deepest


def test_depths_of_what_a_reader_may_type() -> None:
    assert inputs.depths("(a(b)c))") == [1, 1, 2, 2, 1, 1, 0, 0]
    assert [inputs.depth_class(depth) for depth in (0, 5, 6, 34)] == ["0", "5", "6+", "6+"]


def test_one_character_in_five_is_no_bracket_and_half_of_the_others_open() -> None:
    text = inputs.brackets(20_000, seed=1)
    free = [now for now, depth in zip(text[1:], inputs.depths(text), strict=False) if depth > 0]
    assert text.count("x") / len(text) == pytest.approx(0.2, abs=0.01)
    assert free.count("(") / (free.count("(") + free.count(")")) == pytest.approx(0.5, abs=0.01)


def test_brackets_ask_for_the_depth_after_each_token_and_a_lag_for_its_first_letter() -> None:
    asked = example("brackets", 200, seed=3)
    assert asked.targets == tuple(map(inputs.depth_class, inputs.depths(asked.tokens)))
    assert asked.targets[0] == ("0" if asked.tokens[0] == "x" else "1")
    remembered = example("lag", 40, seed=3)
    assert set(remembered.targets) == {remembered.tokens[0]}


def test_a_lag_starts_with_one_of_four_letters_that_never_comes_again() -> None:
    firsts = [inputs.lag(1, seed) for seed in range(400)]
    assert all(80 < firsts.count(letter) < 120 for letter in "ABCD")
    assert all(set(inputs.lag(40, seed)[1:]) == {"x", "y", "z"} for seed in range(50))
    assert len({inputs.lag(40, seed) for seed in range(50)}) == 50


def test_the_korean_sentence_needs_memory() -> None:
    one = example("korean")
    pairs = set(zip(one.tokens, one.targets, strict=True))
    assert {target for token, target in pairs if token == " "} == set("열기흐게닫멈")
    assert {target for token, target in pairs if token == "이"} == {"트", " "}
    assert "".join(one.tokens) + str(one.targets[-1]) == inputs.KOREAN


def test_signals() -> None:
    sine = inputs.sine(40, period=20)
    assert sine[0] == 0
    assert sine[5] == pytest.approx(1)
    assert sine[15] == pytest.approx(-1)
    assert all(math.isclose(sine[t], sine[t + 20], abs_tol=1e-12) for t in range(20))
    assert inputs.step(4, at=2) == (0, 0, 1, 1)
    assert inputs.impulse(4, at=2) == (0, 0, 1, 0)
    assert sum(inputs.impulse(30)) == 1
    assert inputs.step(30).index(1) == inputs.impulse(30).index(1) > 0
    draws = inputs.noise(4000, seed=1)
    assert sum(draws) / 4000 == pytest.approx(0, abs=0.1)
    assert sum(draw**2 for draw in draws) / 4000 == pytest.approx(1, abs=0.1)
    assert inputs.noise(5, seed=1) != inputs.noise(5, seed=2)


def test_unknown_sources_and_negative_lengths_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="hello, brackets, lag, korean, got 'world'"):
        example("world")
    with pytest.raises(ValueError, match="length of 0 or more, got -1"):
        example("hello", -1)
