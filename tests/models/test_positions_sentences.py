"""Every value of every sentence of the page `positions`, once more in plain Python."""

import math
from random import Random
from statistics import median

import pytest

from seqviz.core.positions import POSITIONS
from seqviz.models.attention_shelf import load_attention
from seqviz.models.findings import number, percent
from seqviz.models.positions_experiment import ORDERS, TEXTS, PositionsConfig, PositionsRecord, run
from seqviz.models.positions_findings import (
    accuracy_findings,
    dots_findings,
    encoding_findings,
    findings,
    late_findings,
    relative_findings,
    shift_findings,
)
from seqviz.models.positions_questions import questions
from seqviz.models.positions_views import (
    accuracy_view,
    dots_view,
    encoding_view,
    relative_view,
    shift_view,
)

OWN = ("a b c a", "x y", "the cat and the dog and the bird", " ".join(map(str, range(30))))


def draw(seed: int) -> PositionsConfig:
    """A configuration of any kind."""
    random = Random(seed)
    return PositionsConfig(
        source=random.choice((*TEXTS, "text", "text")),
        tokens=tuple(random.choice(OWN).split()),
        order=random.choice(ORDERS),
        draw=random.randint(1, 99),
        positions=random.choice(POSITIONS),
        causal=random.random() < 0.4,
        mode=random.choice(("trained", "fresh")),
        seed=seed,
    )


RECORDS = [run(draw(seed)) for seed in range(100)]


def told(record: PositionsRecord) -> dict[str, dict[str, object]]:
    return {one.key: one.values for one in findings(record)}


def of_kind(*keys: str) -> list[tuple[PositionsRecord, dict[str, object]]]:
    found = [(record, told(record)) for record in RECORDS]
    chosen = [(record, one[key]) for record, one in found for key in keys if key in one]
    assert len(chosen) >= 3, keys
    return chosen


def moves(record: PositionsRecord) -> list[float]:
    """How far every word's output moved, by its place in the own text."""
    own, now = record.own.heads.out.tolist(), record.run.heads.out.tolist()
    return [math.dist(now[record.order.index(p)], own[p]) for p in range(len(own))]


def test_the_word_that_moved_most_is_told_by_its_own_size() -> None:
    for record, values in of_kind("moved", "mask_moved"):
        change = moves(record)
        most = max(range(len(change)), key=change.__getitem__)
        size = math.hypot(*record.own.heads.out[most].tolist())
        assert values["token"] == record.tokens[most]
        assert values["most"] == number(change[most])
        assert values["share"] == percent(change[most] / size)


def test_each_word_is_listed_with_its_change_and_rounding_is_zero() -> None:
    still = 0
    for record, values in of_kind("each"):
        sizes = [change if change > 1e-12 else 0.0 for change in moves(record)]
        listed = [f"{t} {number(s)}" for t, s in zip(record.tokens, sizes, strict=True)]
        assert values["changes"] == tuple(listed)
        still += 0.0 in sizes
    assert still
    for record, values in of_kind("spread"):
        change = sorted(moves(record))
        assert values["n"] == len(change)
        assert values["least"] == number(change[0])
        assert values["median"] == number(change[(len(change) - 1) // 2])
        assert change[0] <= median(change) <= change[-1]


def test_a_neighbour_is_the_word_before_then_and_now() -> None:
    for record, values in of_kind("neighbour"):
        change = moves(record)
        most = max(range(len(change)), key=change.__getitem__)
        now = record.order.index(most)
        assert values["before"] == record.tokens[most - 1]
        assert values["after"] == record.shown[now - 1]
        assert values["before"] != values["after"]


def test_twins_are_the_first_two_equal_words_as_they_stand_on_screen() -> None:
    for record, values in of_kind("twins_same", "twins_apart"):
        shown = record.shown
        other = next(p for p, token in enumerate(shown) if token in shown[:p])
        one = max(p for p in range(other) if shown[p] == shown[other])
        assert (values["token"], values["one"], values["other"]) == (
            shown[one],
            one + 1,
            other + 1,
        )
        out = record.run.heads.out.tolist()
        assert values["apart"] == number(math.dist(out[one], out[other]))


def test_answers_are_counted_by_hand_and_a_guess_is_one_of_the_words() -> None:
    for record, values in of_kind("answers"):
        said = [row[0] for row in record.run.said()]
        hits = sum(said[t] == record.shown[t - 1] for t in range(1, len(said)))
        guess = percent(1 / len(set(record.tokens)))
        assert values == {"right": hits, "n": len(said) - 1, "guess": guess}


def test_where_positions_are_added_is_measured_with_the_kind_on_screen() -> None:
    kinds = set()
    for record in RECORDS:
        (finding,) = late_findings(record)
        assert (finding.key == "late_own") == (not record.moved)
        if record.moved:
            added = record.config.positions in ("sinusoidal", "learned")
            kind = record.config.positions if added else "sinusoidal"
            assert finding.values["kind"] == kind
            assert record.late.weights_late < 1e-12
            kinds.add(kind)
    assert kinds == {"sinusoidal", "learned"}


@pytest.mark.parametrize("d", [2, 5, 8, 33, 512])
@pytest.mark.parametrize("layout", ["interleaved", "halves"])
def test_waves_are_named_by_their_dimensions_and_powers(d: int, layout: str) -> None:
    values = {one.key: one.values for one in encoding_findings(encoding_view(9, d, layout))}
    last = (d - 1) // 2 * 2
    longest = 2 * math.pi * 10000 ** (last / d)
    if d == 2:
        assert set(values) == {"one_pair"}
        return
    assert values["longest"]["power"] == f"({last}/{d})"
    shown = f"{longest:,.0f}" if longest >= 1000 else number(longest)
    assert values["longest"]["long"] == values["fast_slow"]["long"] == shown
    assert values["longest"]["naive"] == "62,832"
    half = (d + 1) // 2
    fast = "0, 1" if layout == "interleaved" else f"0, {half}"
    pair = f"{d - 2}, {d - 1}" if layout == "interleaved" else f"{half - 1}, {d - 1}"
    lone = f"{d - 1}" if layout == "interleaved" else f"{half - 1}"
    assert values["fast_slow"]["fast"] == fast
    assert values["fast_slow"]["slow"] == (lone if d % 2 else pair)
    assert ("lone" in values) == bool(d % 2)


@pytest.mark.parametrize("d", [2, 8, 33, 64])
def test_dot_products_and_angles_are_told_in_their_units(d: int) -> None:
    waves = [10000 ** (-2 * i / d) for i in range(d // 2)]
    told_of_dots, *more = dots_findings(dots_view(30, d), d)
    assert told_of_dots.values["zero"] == number(len(waves))
    assert told_of_dots.values["one"] == number(math.fsum(map(math.cos, waves)))
    assert [one.key for one in more] == ["dot_lone" if d % 2 else "dot_distance"]
    (shift,) = shift_findings(shift_view(7, d, 30), 7)
    assert shift.values["first"] == f"{number(math.degrees(7 * waves[0]))}°"
    assert shift.values["last"] == f"{number(math.degrees(7 * waves[-1]))}°"


def test_a_pair_of_words_is_told_by_its_extremes() -> None:
    model = load_attention("order-rotary")
    view = relative_view(model, ("man", "the"), 3, 40)
    rotary, added = relative_findings(view)
    sinusoidal = view.scores["sinusoidal"].tolist()
    assert added.values["low"] == number(min(sinusoidal))
    assert added.values["high"] == number(max(sinusoidal))
    assert sinusoidal[0] not in (min(sinusoidal), max(sinusoidal))
    assert (rotary.values["query"], rotary.values["key"], rotary.values["k"]) == ("man", "the", 3)
    assert rotary.values["places"] == 40
    assert view.spread("rotary") < 1e-12 < 1e-3 < view.spread("sinusoidal")


def test_accuracy_is_told_at_the_trained_length_and_at_the_longest() -> None:
    view = accuracy_view()
    assert view.trained == 16
    for one in accuracy_findings(view):
        kind = one.key.removeprefix("accuracy_")
        measured = load_attention(f"order-{kind}").about.measured["random"]
        assert one.values["share"] == percent(measured["16/16"][0])
        assert one.values["longest"] == percent(measured["64/16"][0])
        assert (one.values["trained"], one.values["length"]) == (16, 64)


def test_the_word_asked_about_is_the_one_that_moved_most_or_one_that_was_moved() -> None:
    dots, encoding = dots_view(20, 16), encoding_view(20, 16, "halves")
    answers = set()
    for record in RECORDS:
        for question in questions(record, dots, encoding):
            change = moves(record)
            if question.name == "order":
                still = max(change) < 1e-12
                moved = [p for p, now in enumerate(record.order) if p != now]
                place = moved[0] if still else max(range(len(change)), key=change.__getitem__)
                assert question.values["token"] == record.tokens[place]
                assert question.told["change"] == number(change[place]) or still
                assert question.right == int(not still)
                answers.add(question.right)
            if question.name == "mask":
                most = float(record.changes["none", True].max())
                assert question.told["change"] == number(most)
    assert answers == {0, 1}
