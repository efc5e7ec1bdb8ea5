"""The page's computation: pure, each model as if it were alone, and a probe that is measured."""

import contextlib
import io
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqviz.core.parameters import parameter_count
from seqviz.core.probe import Probe
from seqviz.core.unroll import walk
from seqviz.models import step_time
from seqviz.models.comparison import (
    CompareConfig,
    CompareRecord,
    Known,
    Slot,
    cell_config,
    compare,
    differing,
    states,
)
from seqviz.models.comparison_findings import (
    comparison_findings,
    comparison_questions,
    forgotten,
    letters,
    parameters,
)
from seqviz.models.comparison_program import comparison_output, comparison_program
from seqviz.models.experiment import SIGNALS, run
from seqviz.models.first_token import sample
from seqviz.models.inputs import FIRST_LETTERS, NOISE_LETTERS
from seqviz.models.step_time import step_times
from seqviz.text import LANGUAGES, PLACEHOLDER, words
from tests.comparison_catalogue import CONFIGS, FRESH, TRAINED, records

NAMES = sorted(CONFIGS)
SOURCES = ("hello", "brackets", "lag", "korean", "text", *SIGNALS)
slots = st.builds(
    Slot,
    cell=st.sampled_from(["rnn", "lstm", "gru"]),
    mode=st.sampled_from(["trained", "fresh"]),
    init=st.sampled_from(["default", "orthogonal", "identity", "xavier", "he"]),
    activation=st.sampled_from(["tanh", "sigmoid", "relu", "identity"]),
    forget_bias=st.none() | st.floats(-2, 5),
)
configs = st.builds(
    CompareConfig,
    slots=st.lists(slots, min_size=2, max_size=3).map(tuple),
    source=st.sampled_from(SOURCES),
    text=st.lists(st.text(min_size=1, max_size=2), min_size=1, max_size=6).map(tuple),
    numbers=st.lists(st.floats(-10, 10), min_size=1, max_size=5).map(tuple),
    length=st.integers(0, 12),
    hidden=st.integers(1, 6),
    seed=st.integers(0, 999_999),
    loss=st.sampled_from(["last", "all"]),
)


def printed(record: CompareRecord) -> str:
    """What the page's program prints when it is really run."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(comparison_program(record), "program", "exec"), {})
    return out.getvalue()


def assert_said_in_words(record: CompareRecord, language: str) -> None:
    """Every sentence and question has its words, and fills every place in them."""
    known = words("compare", language)
    for finding in comparison_findings(record):
        text = known[f"sentence.{finding.key}"]
        assert set(PLACEHOLDER.findall(text)) <= set(finding.values), finding.key
    for question in comparison_questions(record):
        assert f"predict.{question.name}" in known
        answer = known[f"predict.{question.name}_answer"]
        assert set(PLACEHOLDER.findall(answer)) <= set(question.told)
        assert all(key in known for key, _ in question.options)
        assert 0 <= question.right < len(question.options)


@settings(max_examples=40, deadline=None)
@given(configs)
def test_any_configuration_runs_and_its_program_prints_its_numbers(config: CompareConfig) -> None:
    record = compare(config)
    assert {len(cell.trace) for cell in record.cells} == {record.steps}
    for known in record.known:
        assert known.h.accuracy.shape == (record.steps,)
    assert_said_in_words(record, "en")
    assert printed(record) == comparison_output(record)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_has_its_words(name: str, language: str) -> None:
    assert_said_in_words(records()[name], language)


@pytest.mark.parametrize("name", NAMES)
def test_each_model_is_the_one_the_page_cell_would_show(name: str) -> None:
    record = records()[name]
    hidden = record.cells[0].trace.cell.hidden_size
    for slot, cell in zip(record.config.slots, record.cells, strict=True):
        alone = run(cell_config(record.config, slot, hidden))
        assert torch.equal(cell.trace.h, alone.trace.h)
        assert cell.loss == alone.loss


def test_the_same_configuration_gives_the_same_numbers() -> None:
    config = CONFIGS["three-cells"]
    before = torch.random.get_rng_state()
    first, second = compare(config), compare(config)
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b in zip(first.known, second.known, strict=True):
        assert torch.equal(a.h.accuracy, b.h.accuracy)
    other = compare(replace(config, seed=2))
    assert not torch.equal(first.cells[0].trace.h, other.cells[0].trace.h)


def test_all_models_read_the_same_input_from_the_same_seed() -> None:
    record = records()["three-cells"]
    assert len({cell.task.inputs for cell in record.cells}) == 1
    twins = records()["two-of-a-kind"]
    assert torch.equal(twins.cells[0].trace.h, twins.cells[1].trace.h)
    assert "same" in [finding.key for finding in comparison_findings(twins)]


def test_a_trained_model_gives_its_size_to_the_fresh_ones() -> None:
    record = records()["before-and-after"]
    sizes = {cell.trace.cell.hidden_size for cell in record.cells}
    assert sizes == {8}
    assert [cell.mode for cell in record.cells] == ["fresh", "trained"]
    assert differing(record) == ("h", "z", "r", "n")


def test_differences_are_of_what_means_the_same() -> None:
    assert differing(records()["three-cells"]) == ("h",)
    assert differing(records()["forget-biases"]) == ("h", "c", "f", "i", "g", "o")
    sizes = replace(
        CONFIGS["trained"], slots=(Slot("lstm", "trained"), Slot("lstm")), source="sine"
    )
    assert differing(compare(sizes)) == ("h", "c", "f", "i", "g", "o")


def test_one_model_is_no_comparison() -> None:
    with pytest.raises(ValueError, match="expected two or three slots, got 1"):
        compare(CompareConfig((Slot(),)))


@pytest.mark.parametrize("how", ["lag", "tokens", "numbers"])
def test_a_sample_differs_in_its_first_token_and_in_nothing_else_that_follows_from_it(
    how: str,
) -> None:
    alphabet = {"lag": (*FIRST_LETTERS, *NOISE_LETTERS), "tokens": tuple("hel"), "numbers": None}[
        how
    ]
    drawn = sample("lag", alphabet, 40, 7, 512)
    assert drawn is not None
    assert drawn.how == how
    classes = len(drawn.firsts)
    for half in drawn.labels.chunk(2):
        assert len(set(torch.bincount(half, minlength=classes).tolist())) == 1
    if drawn.values is not None:
        assert drawn.values[0].tolist() == [(-1.0, 1.0)[k] for k in drawn.labels.tolist()]
        later = drawn.values[1:]
        means = torch.stack([later[:, drawn.labels == k].mean() for k in range(classes)])
        assert float(means.abs().max()) < 0.05
        return
    assert drawn.tokens is not None
    assert drawn.alphabet is not None
    assert alphabet is not None
    firsts = [drawn.alphabet[k] for k in drawn.tokens[0].tolist()]
    assert firsts == [drawn.firsts[k] for k in drawn.labels.tolist()]
    shares = [
        torch.bincount(drawn.tokens[1:, drawn.labels == k].flatten(), minlength=len(alphabet)) / 39
        for k in range(classes)
    ]
    assert float((torch.stack(shares) / (512 // classes)).std(dim=0).max()) < 0.02
    if how == "lag":
        later_tokens = {drawn.alphabet[k] for k in drawn.tokens[1:].flatten().tolist()}
        assert later_tokens == set(NOISE_LETTERS)


def test_a_sample_is_decided_by_its_seed_alone() -> None:
    first, again, other = (sample("text", tuple("abc"), 9, seed, 64) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    assert torch.equal(first.tokens, again.tokens)  # type: ignore[arg-type]
    assert not torch.equal(first.tokens, other.tokens)  # type: ignore[arg-type]


def test_at_most_eight_first_tokens_are_asked_and_one_is_not_asked_at_all() -> None:
    many = sample("text", tuple("abcdefghijkl"), 3, 1, 512)
    assert many is not None
    assert many.firsts == tuple("abcdefgh")
    assert sample("text", ("a",), 3, 1, 512) is None
    assert records()["nothing-to-tell-apart"].known == ()


def test_models_that_share_no_token_are_not_asked() -> None:
    slots = (Slot("rnn", "trained"), Slot("rnn"))
    record = compare(CompareConfig(slots, "text", ("a", "b")))
    assert record.sample is None
    assert "known" not in [finding.key for finding in comparison_findings(record)]
    assert printed(record) == comparison_output(record)


def test_models_that_know_different_tokens_are_asked_what_they_share() -> None:
    record = records()["unlike-vocabularies"]
    assert record.sample is not None
    assert set(record.sample.alphabet or ()) == {"h", "e", "l"}


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_states_that_are_probed_are_those_of_the_traced_cell(kind: str) -> None:
    record = compare(
        CompareConfig((Slot(kind, activation="relu"), Slot("rnn")), length=6, hidden=3)
    )
    cell, drawn = record.cells[0], record.sample
    assert drawn is not None
    assert drawn.tokens is not None
    assert drawn.alphabet is not None
    h, c = states(cell.trace, drawn.encode(cell.model))
    tokens = [drawn.alphabet[k] for k in drawn.tokens[:, 11].tolist()]
    alone = cell.model.trace(cell.model.encode(tokens))
    torch.testing.assert_close(h[:, 11], alone.h, rtol=0, atol=1e-14)
    assert (c is None) == (kind != "lstm")
    if c is not None:
        torch.testing.assert_close(c[:, 11], alone.c, rtol=0, atol=1e-14)


def test_the_trained_models_differ_in_what_they_still_know() -> None:
    """The task they learned: the first letter after a lag. What the page shows is measured here."""
    record = compare(CompareConfig(TRAINED))
    last = [float(known.h.accuracy[-1]) for known in record.known]
    steps = [forgotten(known) for known in record.known]
    assert last[1] > 0.95
    assert last[2] > 0.95
    assert steps[1:] == [None, None]
    assert steps[0] is not None
    assert last[0] < 0.4


def test_forgotten_is_the_step_after_the_last_clear_one() -> None:
    def known(*accuracy: float) -> Known:
        return Known(Probe(torch.tensor(accuracy), 0.25, 256, 256), None)

    assert forgotten(known(1.0, 0.9, 0.25, 0.24)) == 2
    assert forgotten(known(1.0, 0.25, 0.9)) is None
    assert forgotten(known(0.2, 0.3)) == 0


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_parameters_are_counted_as_the_papers_and_as_pytorch_count_them(kind: str) -> None:
    record = compare(CompareConfig((Slot(kind), Slot("rnn")), hidden=5))
    told = parameters(record.cells[0])
    cell = record.cells[0].trace.cell
    assert told["two"] == f"{sum(p.numel() for p in cell.parameters()):,}"
    assert told["one"] == f"{parameter_count(kind, cell.input_size, 5, biases=1):,}"
    assert told["products"] == f"{cell.weight_ih.numel() + cell.weight_hh.numel():,}"


def test_an_explosion_is_named_and_nothing_is_asked_of_it() -> None:
    record = records()["two-initialisations"]
    wild = replace(record, cells=(replace(record.cells[0], exploded=3), record.cells[1]))
    assert wild.exploded == 3
    assert [(f.key, f.values) for f in comparison_findings(wild)] == [("exploded", {"t": 4})]
    assert comparison_questions(wild) == []


def test_letters_go_with_the_slots() -> None:
    assert letters(records()["three-cells"]) == ("A", "B", "C")
    assert letters(records()["two-of-a-kind"]) == ("A", "B")
    assert len(FRESH) == 3


def test_every_model_is_timed_in_order_and_the_time_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = compare(CompareConfig((Slot("lstm"), Slot("gru"), Slot("rnn")), length=6))
    taken: list[tuple[int, ...]] = []

    def spy(cell: Any, xs: Any, h: Any, c: Any, options: Any) -> Any:
        taken.append(tuple(cell.weight_hh.shape))
        states, values, parts = walk(cell, xs, h, c, options)
        torch.testing.assert_close(states[-1][0], wanted[cell])
        return states, values, parts

    wanted = {one.trace.cell: one.trace.h[-1] for one in record.cells}
    monkeypatch.setattr(step_time, "walk", spy)
    found = step_times(record)
    shapes = [tuple(one.trace.cell.weight_hh.shape) for one in record.cells]
    assert taken[-3:] == shapes
    assert all(0 < one.low <= one.median <= one.high for one in found)
    assert len({one.runs for one in found}) == 1
    assert step_times(record, seconds=0.0)[0].runs == step_time.FEWEST


def test_a_slot_that_stays_is_not_computed_again() -> None:
    before = compare(CompareConfig(slots=(Slot("rnn"), Slot("lstm")), length=12))
    after = compare(CompareConfig(slots=(Slot("gru"), Slot("lstm")), length=12))
    assert after.cells[1] is before.cells[1]
    assert after.known[1] is before.known[1]
    alone = compare(CompareConfig(slots=(Slot("lstm"), Slot("gru")), length=12))
    assert alone.known[1] is after.known[0]
