"""The programs of the page `multi-head` print exactly what it shows, whatever it shows."""

import contextlib
import io
from dataclasses import replace

import pytest

from seqviz.models.heads_experiment import MASKS, HeadsConfig, run
from seqviz.models.heads_polarity import polarity_output, polarity_program
from seqviz.models.heads_program import output, program
from seqviz.models.heads_questions import questions

SENTENCE = ("나는", "어제", "산", "책을", '"오늘"', "다", "'읽었다'", "\\")
BASE = HeadsConfig(SENTENCE)
CONFIGS = [
    BASE,
    replace(BASE, trained=1),
    replace(BASE, off=2),
    replace(BASE, mode="fresh", heads=8, d_model=64, seed=3),
    replace(BASE, mode="fresh", heads=3, d_model=3, off=1),
    replace(BASE, mode="fresh", heads=1, d_model=1),
    replace(BASE, tokens=("a",)),
    replace(BASE, mode="fresh", gain=0.0),
    *(
        replace(BASE, mask=mask, pads=3, side=side)
        for mask in MASKS
        for side in ("right", "left")
    ),
]  # fmt: skip


def printed(source: str) -> str:
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile(source, "program", "exec"), {})
    return told.getvalue()


@pytest.mark.parametrize("config", CONFIGS)
def test_the_program_prints_the_record(config: HeadsConfig) -> None:
    record = run(config)
    assert printed(program(record)) == output(record)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_polarity_program_prints_what_our_own_attention_gives(config: HeadsConfig) -> None:
    record = run(config)
    assert printed(polarity_program(record)) == polarity_output(record)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_question_has_one_right_answer_among_its_options(config: HeadsConfig) -> None:
    for question in questions(run(config)):
        assert 0 <= question.right < len(question.options)
        shown = [repr(option) for option in question.options]
        assert len(set(shown)) == len(shown)


def test_what_is_asked_fits_what_is_on_screen() -> None:
    def names(**changes: object) -> list[str]:
        return [question.name for question in questions(run(replace(BASE, **changes)))]  # type: ignore[arg-type]

    assert names() == ["average", "largest", "worth", "parameters", "allowed"]
    assert names(trained=1) == ["parameters", "allowed"]
    assert names(mode="fresh", mask="none") == ["average", "largest", "parameters"]
    assert names(mask="all") == ["parameters"]


@pytest.mark.parametrize("heads", [1, 2, 3, 7, 8])
def test_twice_the_heads_are_asked_about_where_d_model_can_be_cut(heads: int) -> None:
    for d_model in range(heads, 65, heads):
        config = replace(BASE, mode="fresh", heads=heads, d_model=d_model)
        names = [question.name for question in questions(run(config))]
        assert ("parameters" in names) == (d_model % (2 * heads) == 0)


def test_a_question_whose_answer_cannot_be_read_is_not_asked() -> None:
    nothing = [q.name for q in questions(run(replace(BASE, mode="fresh", gain=0.0)))]
    assert nothing == ["average", "parameters", "allowed"]
    for count in range(1, 9):
        record = run(replace(BASE, tokens=SENTENCE[:count], trained=2))
        for question in questions(record):
            if question.name == "average":
                alike = question.told["mean"] == question.told["single"]
                assert alike == (question.right == 1)


def test_the_answers_are_the_records_own() -> None:
    record = run(BASE)
    average, largest, worth, parameters, allowed = questions(record)
    assert average.right == 0
    norms = record.run.heads.shares[:, record.row].norm(dim=-1)
    assert largest.right == int(norms.argmax())
    left = [sum(one.score.right) for one in record.ablations]
    tie = left.count(min(left)) > 1
    assert worth.right == (4 if tie else left.index(min(left)))
    assert parameters.told["n"] == "1,088"
    assert allowed.options[allowed.right][1] == {"n": 5}
