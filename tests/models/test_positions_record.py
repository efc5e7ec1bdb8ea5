"""The page's record: what an order changes, against PyTorch's own attention and by hand."""

import math
from itertools import product

import pytest
import torch

from seqviz.core.positions import POSITIONS
from seqviz.models.positions_experiment import (
    LONGEST,
    ORDERS,
    TEXTS,
    PositionsConfig,
    PositionsRecord,
    model_of,
    run,
)
from seqviz.models.positions_findings import (
    findings,
    late_findings,
    order_counts,
    right,
    rows,
    same,
)
from seqviz.models.positions_program import plain
from seqviz.models.positions_questions import questions
from seqviz.models.positions_views import dots_view, encoding_view

MODES = ("trained", "fresh")
WORDS = ("one", "two", "three", "four", "five", "six", "seven")


def record(**changes: object) -> PositionsRecord:
    return run(PositionsConfig(**changes))  # type: ignore[arg-type]


def test_fresh_models_differ_in_their_positions_only() -> None:
    config = PositionsConfig(mode="fresh", seed=5)
    none, *others = (model_of(config, positions) for positions in POSITIONS)
    for other in others:
        for kept, own in (
            (none.attention.in_proj_weight, other.attention.in_proj_weight),
            (none.attention.out_proj.weight, other.attention.out_proj.weight),
            (none.readout.weight, other.readout.weight),
        ):
            assert torch.equal(kept, own), other.design.positions


@pytest.mark.parametrize(("mode", "source", "order"), [*product(MODES, TEXTS, ORDERS[1:])])
def test_without_positions_and_mask_no_output_moves(mode: str, source: str, order: str) -> None:
    found = record(mode=mode, source=source, order=order, positions="none")
    assert found.moved
    assert float(found.change.max()) < 1e-12
    assert not order_counts(found, "none", causal=False)
    assert next(f.key for f in findings(found)) == "unmoved"


@pytest.mark.parametrize(("mode", "positions"), [*product(MODES, POSITIONS[1:])])
def test_with_positions_outputs_move(mode: str, positions: str) -> None:
    found = record(mode=mode, positions=positions, order="reversed")
    assert float(found.change.max()) > 1e-3
    assert next(f.key for f in findings(found)) == "moved"


@pytest.mark.parametrize("mode", MODES)
def test_the_mask_alone_breaks_the_symmetry(mode: str) -> None:
    found = record(mode=mode, positions="none", causal=True, order="reversed")
    assert float(found.change.max()) > 1e-3
    assert next(f.key for f in findings(found)) == "mask_moved"
    assert order_counts(found, "none", causal=True)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned"])
def test_the_change_is_that_of_pytorchs_own_attention(positions: str, causal: bool) -> None:
    found = record(source="only", order="shuffled", positions=positions, causal=causal)
    mask = torch.ones(len(found.tokens), len(found.tokens), dtype=torch.bool).triu(1)

    def out(tokens: tuple[str, ...]) -> torch.Tensor:
        x = found.model.inputs(tokens).x
        with torch.no_grad():
            return found.model.attention(x, x, x, attn_mask=mask if causal else None)[0]

    before, after = out(found.tokens), out(found.shown)
    for place, now in enumerate(found.order):
        moved = float((after[place] - before[now]).norm())
        assert float(found.change[now]) == pytest.approx(moved, abs=1e-12)


def test_under_a_mask_what_stands_before_the_change_does_not_move() -> None:
    found = record(positions="none", causal=True)
    assert found.order == (0, 4, 2, 3, 1)
    assert float(found.change[0]) == 0.0


def test_a_mask_tells_what_stands_before_and_not_where() -> None:
    found = record(source="only", positions="none", causal=True)
    after_both = found.change[4:]
    assert float(after_both.max()) < 1e-12
    values = {f.key: f.values for f in findings(found)}
    assert values["blind"] == {"token": "he", "count": 7, "n": 11}
    rotary = record(source="only", positions="rotary", causal=True)
    assert "blind" not in {f.key for f in findings(rotary)}


@pytest.mark.parametrize("positions", POSITIONS)
def test_equal_words_are_told_apart_by_positions_only(positions: str) -> None:
    found = record(positions=positions, order="own")
    assert found.twins == (0, 3)
    one, other = found.run.heads.out[0], found.run.heads.out[3]
    apart = float((one - other).norm())
    assert same(apart) == (positions == "none")
    keys = {f.key for f in findings(found)}
    assert ("twins_same" if positions == "none" else "twins_apart") in keys


def test_positions_after_the_attention_reach_none_of_its_weights() -> None:
    found = record(order="reversed", mode="fresh")
    assert found.late.weights_late < 1e-15
    assert found.late.weights_early > 1e-2
    assert late_findings(found)[0].key == "late"
    assert late_findings(record(order="own"))[0].key == "late_own"


def test_the_orders_are_what_they_are_called() -> None:
    text = {"source": "text", "tokens": WORDS}
    words = WORDS
    assert record(order="own", **text).shown == words
    assert record(order="reversed", **text).shown == words[::-1]
    assert record(order="swapped", **text).shown == ("seven", *words[1:-1], "one")
    assert record(order="swapped").shown == ("the", "man", "bit", "the", "dog")
    one, other = (record(order="shuffled", draw=draw, **text).shown for draw in (1, 2))
    assert sorted(one) == sorted(other) == sorted(words)
    assert one != other


def test_an_order_that_reads_the_same_is_no_other_order() -> None:
    found = record(source="text", tokens=("a", "b", "a"), order="reversed", positions="sinusoidal")
    assert not found.moved
    assert float(found.change.max()) == 0.0


def test_one_word_empty_text_and_ten_thousand() -> None:
    alone = record(source="text", tokens=("word",))
    assert [f.key for f in findings(alone)] == ["one_word"]
    assert record(source="text", tokens=()).tokens == record().tokens
    long = record(source="text", tokens=("x", "y") * 5000, positions="learned", order="reversed")
    assert len(long.tokens) == LONGEST
    assert long.cut == 10_000 - LONGEST


def test_many_words_are_told_by_their_spread() -> None:
    keys = [
        f.key
        for f in findings(
            record(source="text", tokens=WORDS * 3, positions="rotary", order="reversed")
        )
    ]
    assert "spread" in keys or "each" in keys
    many = tuple(f"w{place}" for place in range(20))
    found = findings(record(source="text", tokens=many, positions="rotary", order="reversed"))
    assert "spread" in [f.key for f in found]


@pytest.mark.parametrize("positions", POSITIONS)
def test_what_the_model_looks_at_is_only_said_where_it_looks(positions: str) -> None:
    many = tuple(f"w{place}" for place in range(40))
    said = 0
    for draw in range(1, 9):
        found = record(source="text", tokens=many, positions=positions, order="shuffled", draw=draw)
        place = int(found.change.argmax())
        now = found.order.index(place)
        looks = [
            run.heads.weights[0, at].argmax() == at - 1 and at > 0
            for run, at in ((found.own, place), (found.run, now))
        ]
        neighbour = [f.values for f in findings(found) if f.key == "neighbour"]
        assert not neighbour or all(looks)
        if neighbour:
            assert neighbour[0]["after"] == found.shown[now - 1]
        said += bool(neighbour)
    assert (said > 0) == (positions != "none")


def test_the_table_holds_all_eight_cases() -> None:
    found = record(order="reversed")
    table = {kind: (free, causal) for kind, free, causal in rows(found)}
    assert tuple(table) == POSITIONS
    free, causal = table["none"]
    assert free < 1e-12 < causal
    for kind in POSITIONS[1:]:
        assert min(table[kind]) > 1e-3


@pytest.mark.parametrize("positions", POSITIONS)
def test_right_answers_are_counted_by_hand(positions: str) -> None:
    found = record(positions=positions)
    said = found.run.probabilities[:, 0].argmax(-1).tolist()
    names = [found.run.candidates[place] for place in said]
    hits = sum(names[t] == found.shown[t - 1] for t in range(1, len(names)))
    assert right(found) == (hits, len(names) - 1)


def test_questions_have_the_right_answer() -> None:
    dots, encoding = dots_view(50, 512), encoding_view(50, 512, "interleaved")
    asked = {q.name: q for q in questions(record(), dots, encoding)}
    assert asked["order"].right == 0
    assert asked["mask"].right == 0
    assert asked["rise"].options[asked["rise"].right][1] == {"k": 44}
    assert asked["fast"].options[asked["fast"].right][1] == {"pair": "0, 1"}
    moved = {q.name: q for q in questions(record(positions="rotary"), dots, encoding)}
    assert moved["order"].right == 1
    assert {q.name for q in questions(record(order="own"), dots, encoding)} == {"rise", "fast"}


def test_rotary_alone_is_not_pytorchs() -> None:
    assert [kind for kind in POSITIONS if not plain(record(positions=kind))] == ["rotary"]


def test_the_same_configuration_gives_the_same_record() -> None:
    one, other = record(positions="learned"), record(positions="learned")
    assert torch.equal(one.run.heads.out, other.run.heads.out)
    assert math.isclose(one.late.weights_early, other.late.weights_early, rel_tol=0)
