"""Every value of every sentence of the page `attention`, once more in plain Python."""

import math
from dataclasses import replace
from random import Random

import pytest

from seqviz.models.attention_dimension import SIZES, dimension
from seqviz.models.attention_experiment import AttentionConfig, AttentionRecord, run
from seqviz.models.attention_findings import attention_findings, dimension_findings
from seqviz.models.attention_questions import attention_questions
from seqviz.models.findings import number, percent

TEXTS = (
    "the cat ran and the cat ran away",
    "a b a c a",
    "x y",
    "a",
    "비가 오고 비가 온다",
    "abcdefghij",
)


def draw(seed: int) -> AttentionConfig:
    """A configuration of any kind, with what-ifs and masks."""
    random = Random(seed)
    show = random.choice(("one", "matrix", "sentence", "sentence"))
    text = random.choice(TEXTS)
    return AttentionConfig(
        show=show,
        mode=random.choice(("trained", "fresh")),
        tokens=tuple(text.split() if " " in text else text),
        rows=random.randint(1, 4),
        keys=random.randint(1, 6),
        d_k=random.choice((1, 2, 4, 64, 128)),
        scale=random.random() < 0.5,
        temperature=random.choice((0.3, 1.0, 2.5)),
        causal=random.random() < 0.5,
        align=random.choice(("none", "top-left", "bottom-right")),
        pad=random.choice((0, 0, 1, 2)),
        hidden=random.choice(((), (), ((0, None),), ((1, 0),))),
        tied=random.random() < 0.5,
        asked=random.choice((None, 0, 1, 9)),
        edit=random.choice((None, None, (0.25, 0.75), (0.5,), (0.0,))),
        top=random.random() < 0.3,
        drop=random.choice((None, None, 0, 1)),
        seed=seed,
    )


RECORDS = [run(draw(seed)) for seed in range(150)]


def told(record: AttentionRecord) -> dict[str, dict[str, object]]:
    found = attention_findings(record)
    assert len({one.key for one in found}) == len(found)
    return {one.key: one.values for one in found}


def softmax(scores: list[float], factor: float) -> list[float]:
    powers = [math.exp(factor * (score - max(scores))) for score in scores]
    return [power / math.fsum(powers) for power in powers]


def row_of(record: AttentionRecord) -> list[float]:
    return record.attention.weights[record.asked].tolist()


def open_scores(record: AttentionRecord) -> list[float]:
    """The raw scores of the query in question, of the keys that it may look at."""
    row = record.attention.scores[record.asked].tolist()
    allowed = record.attention.allowed
    return [s for j, s in enumerate(row) if allowed is None or allowed[record.asked, j]]


def length(row: list[float]) -> float:
    return math.sqrt(math.fsum(each * each for each in row))


def of_kind(key: str) -> list[tuple[AttentionRecord, dict[str, object]]]:
    found = [(record, told(record)) for record in RECORDS]
    chosen = [(record, values[key]) for record, values in found if key in values]
    assert len(chosen) >= 3, key
    return chosen


def test_the_plane_names_its_best_key_and_where_the_values_meet() -> None:
    for record, values in of_kind("points"):
        scores = record.attention.scores[0].tolist()
        best = max(range(len(scores)), key=scores.__getitem__)
        assert (values["key"], values["n"]) == (record.keys[best], len(scores))
        assert values["score"] == number(scores[best])
        assert values["weight"] == percent(max(row_of(record)))
    for record, values in of_kind("blend"):
        points = record.attention.v.tolist()
        x, y = (
            math.fsum(w * point[axis] for w, point in zip(row_of(record), points, strict=True))
            for axis in (0, 1)
        )
        assert (values["x"], values["y"]) == (number(x), number(y))


def test_a_row_names_up_to_three_keys_of_five_percent_the_largest_first() -> None:
    lengths = set()
    for record, values in of_kind("row"):
        row = row_of(record)
        order = sorted(range(len(row)), key=lambda j: (-row[j], j))
        named = [j for j in order if row[j] >= 0.05][:3] or order[:1]
        assert values["parts"] == tuple((record.keys[j], j + 1, row[j]) for j in named)
        lengths.add(len(named))
    assert lengths == {1, 2, 3}


def test_the_spread_is_over_the_keys_that_are_open() -> None:
    counts = set()
    for record, values in of_kind("spread"):
        row = [weight for weight in row_of(record) if weight > 0]
        spread = -math.fsum(weight * math.log(weight) for weight in row)
        keys = len(open_scores(record))
        assert values == {
            "entropy": number(spread),
            "most": number(math.log(keys)),
            "share": percent(spread / math.log(keys)),
            "n": keys,
            "largest": percent(max(row)),
        }
        counts.add(keys < len(record.keys))
    assert counts == {False, True}
    for record in RECORDS:
        hand, sharp = record.config.edit is not None, max(row_of(record)) > 0.999
        quiet = record.config.show == "one" or len(open_scores(record)) < 2 or hand or sharp
        assert ("spread" in told(record)) == (not quiet)


@pytest.mark.parametrize("key", ["unscaled", "temperature"])
def test_a_switch_is_told_with_the_other_one_left_alone(key: str) -> None:
    for record, values in of_kind(key):
        scaled, temperature = record.config.scale, record.config.temperature
        if key == "unscaled":
            scaled = True
        else:
            temperature = 1.0
        factor = (1 / math.sqrt(record.d_k) if scaled else 1.0) / temperature
        assert values["then"] == percent(max(softmax(open_scores(record), factor)))
        assert values["now"] == percent(max(row_of(record)))
        assert values["root"] == number(math.sqrt(record.d_k))


def test_a_change_is_told_against_the_run_before_it() -> None:
    lost = set()
    for record, values in of_kind("moved"):
        plain = run(replace(record.config, edit=None, top=False, drop=None))
        before = plain.attention.context[record.asked].tolist()
        after = record.attention.context[record.asked].tolist()
        gap = [now - then for now, then in zip(after, before, strict=True)]
        assert values == {"moved": number(length(gap)), "size": number(length(before))}
    for record, values in of_kind("dropped"):
        plain = run(replace(record.config, edit=None, top=False, drop=None))
        weights = [row_of(plain)[j] for j in record.dropped]
        assert values["weight"] == percent(math.fsum(weights))
        assert values["keys"] == tuple((record.keys[j], j + 1) for j in record.dropped)
        lost.add(len(record.dropped))
    assert lost == {1, 2}


def test_the_answer_before_keeps_its_name_while_its_chance_changes() -> None:
    kinds = set()
    for record, values in of_kind("changed_p"):
        assert record.run is not None
        assert record.run_before is not None
        before = record.run_before.probabilities[record.asked, 0].tolist()
        after = record.run.probabilities[record.asked, 0].tolist()
        best = before.index(max(before))
        assert values == {
            "answer": record.run.candidates[best],
            "before": percent(before[best]),
            "after": percent(after[best]),
        }
        now = after.index(max(after))
        key = "same_answer" if now == best else "new_answer"
        assert told(record)[key] == {"said": record.run.candidates[now], "p": percent(after[now])}
        kinds.add(key)
    assert kinds == {"same_answer", "new_answer"}


def test_a_query_that_sees_nothing_has_no_top_key_to_remove() -> None:
    blind = AttentionConfig(show="sentence", top=True, asked=2, hidden=((2, None),))
    assert run(blind).dropped == ()
    assert "dropped" not in told(run(blind))


def test_a_sentence_is_no_wider_than_sixty_four() -> None:
    record = run(AttentionConfig(show="sentence", mode="fresh", d_k=512))
    assert record.d_k == 64
    assert record.attention.scale == pytest.approx(1 / 8)


@pytest.mark.parametrize(("asked", "nearest"), [(1, 1), (3, 4), (6, 8), (90, 64), (91, 128)])
def test_the_chart_speaks_of_the_nearest_size_by_ratio_and_of_the_last(
    asked: int, nearest: int
) -> None:
    view = dimension(2)
    values = {one.key: one.values for one in dimension_findings(view, asked)}
    at = SIZES.index(nearest)
    assert values["dimension_here"]["d_k"] == nearest
    assert values["dimension_here"]["raw"] == percent(float(view.raw_largest[at]))
    assert values["dimension_tied"]["tied"] == number(float(view.tied[at]))
    assert values["dimension_tied"]["root"] == number(math.sqrt(nearest))
    assert values["dimension_collapse"]["d_k"] == 512
    assert values["dimension_collapse"]["raw"] == percent(float(view.raw_entropy[-1]))
    assert values["dimension_slope"]["raw_slope"] == number(float(view.raw_slope[-1]))


def test_what_is_said_after_a_question_is_the_records_own() -> None:
    asked = set()
    for record in RECORDS:
        row = row_of(record)
        best = row.index(max(row))
        for question in attention_questions(record):
            told, config = question.told, record.config
            if question.name in ("most", "most_one"):
                assert (told["token"], told["place"]) == (record.keys[best], best + 1)
                assert told["weight"] == percent(row[best])
            elif question.name in ("unscale", "rescale"):
                other = run(replace(config, scale=not config.scale))
                assert told["now"] == percent(max(row))
                assert told["then"] == percent(max(row_of(other)))
                assert (question.name == "unscale") == config.scale
            elif question.name == "without":
                other = run(replace(config, top=True))
                for kept, name, chance in ((record, "answer", "p"), (other, "said", "said_p")):
                    assert kept.run is not None
                    chances = kept.run.probabilities[kept.asked, 0].tolist()
                    first = chances.index(max(chances))
                    assert told[name] == kept.run.candidates[first]
                    assert told[chance] == percent(chances[first])
                assert told["token"] == record.keys[best]
                assert question.right == int(told["said"] == told["answer"])
            asked.add(question.name)
    assert asked == {"most", "most_one", "unscale", "rescale", "column", "without"}
