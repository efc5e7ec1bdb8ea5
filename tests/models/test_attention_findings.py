"""Sentences, questions, the cheat and the chart over d_k: each number once more."""

import math
from dataclasses import replace

import pytest
import torch

from seqviz.models.attention_dimension import SIZES, dimension
from seqviz.models.attention_experiment import AttentionConfig, AttentionRecord, run
from seqviz.models.attention_findings import attention_findings, dimension_findings
from seqviz.models.attention_questions import attention_questions
from seqviz.models.attention_views import answer, cheat, score
from seqviz.models.findings import number, percent

SENTENCE = AttentionConfig(show="sentence")
FRESH = replace(SENTENCE, mode="fresh", d_k=8)
MATRIX = AttentionConfig(show="matrix")


def told(record: AttentionRecord) -> dict[str, dict[str, object]]:
    return {finding.key: finding.values for finding in attention_findings(record)}


def test_the_trained_model_copies_what_followed() -> None:
    record = run(SENTENCE)
    assert answer(record)[0] == "ran"
    values = told(record)
    assert values["row"]["parts"][0][:2] == ("ran", 3)  # type: ignore[index]
    assert "next_right" in values
    wrong = told(run(replace(SENTENCE, asked=6)))
    assert wrong["answer"]["answer"] == "and"
    assert wrong["next"] == {"next": "away"}
    assert "first_time" in told(run(replace(SENTENCE, asked=3)))


def test_scores_count_places_and_losses() -> None:
    record = run(FRESH)
    assert record.run is not None
    tokens, found = record.queries, score(record.run)
    said = [row[0] for row in record.run.said()]
    losses = [
        -math.log(float(record.run.probabilities[t, 0, record.run.candidates.index(tokens[t + 1])]))
        for t in range(7)
    ]
    assert (found.asked, found.all) == (3, 7)
    assert found.loss == pytest.approx(sum(losses[4:]) / 3)
    assert found.loss_all == pytest.approx(sum(losses) / 7)
    assert found.named == sum(said[t] == tokens[t + 1] for t in range(7))
    assert found.right == sum(said[t] == tokens[t + 1] for t in (4, 5, 6))
    assert told(record)["score_fresh"]["right"] == found.right


@pytest.mark.parametrize("tokens", ["the cat ran and the cat ran away", "a b c d e f g h i j"])
def test_without_the_mask_the_trained_model_reads_the_answer(tokens: str) -> None:
    config = replace(SENTENCE, tokens=tuple(tokens.split()))
    found = cheat(config)
    assert found.masked.loss_all is not None
    assert found.free.loss_all is not None
    assert found.free.named > found.masked.named
    assert found.free.loss_all < found.masked.loss_all / 2
    seen = told(run(replace(config, causal=False)))["cheat"]
    assert seen == {"named": found.free.named, "all": found.free.all, "seen": found.free.all}
    assert "cheat" not in told(run(config))


def test_what_a_mask_hides_is_not_called_plain_sight() -> None:
    config = replace(SENTENCE, causal=False, pad=2, hidden=((0, 1),))
    values = told(run(config))
    assert "cheat" not in values
    assert values["cheat_part"]["seen"] == 7 - 2 - 1
    assert cheat(config) == cheat(replace(SENTENCE, causal=False))


def test_a_row_is_told_with_its_spread() -> None:
    record = run(replace(MATRIX, hidden=((2, 0),)))
    weights = record.attention.weights[2, 1:]
    values = told(record)
    spread = -float((weights * weights.log()).sum())
    assert values["spread"]["entropy"] == number(spread)
    assert values["spread"]["share"] == percent(spread / math.log(4))
    assert values["mask"] == {"n": 1, "all": 15}
    best = int(weights.argmax()) + 1
    assert values["row"]["parts"][0][:2] == (record.keys[best], best + 1)  # type: ignore[index]
    assert values["sizes"] == {"T": 3, "S": 5, "n": 15, "d_k": 4, "d_v": 3}


def test_what_the_switches_do_is_told_against_the_run_without_them() -> None:
    plain = run(MATRIX).attention.weights[2].max()
    values = told(run(replace(MATRIX, scale=False)))
    assert values["unscaled"]["then"] == percent(float(plain))
    assert values["unscaled"]["root"] == "2"
    values = told(run(replace(MATRIX, temperature=3.0)))
    assert values["temperature"]["then"] == percent(float(plain))
    assert not {"unscaled", "temperature"} & told(run(MATRIX)).keys()


def test_rows_that_see_nothing_are_told() -> None:
    assert told(run(replace(MATRIX, hidden=((2, None),))))["row_empty"]["place"] == 3
    assert told(run(replace(MATRIX, hidden=((0, None),))))["empty"] == {"n": 1}
    everything = told(run(replace(MATRIX, hidden=((None, None),))))
    assert everything["all_empty"] == {"n": 3}
    assert "mask" not in everything


def test_a_row_set_by_hand_does_not_ask_the_mask() -> None:
    blind = replace(MATRIX, hidden=((0, None), (2, None)))
    values = told(run(replace(blind, edit=(1.0,))))
    assert values["row"]["parts"] == (("k₁", 1, 1.0),)
    assert values["mask_edited"] == {"n": 10, "all": 15}
    assert values["empty_others"] == {"n": 1}
    assert not {"mask", "empty", "row_empty"} & values.keys()
    assert "row_empty" in told(run(replace(blind, edit=(0.0,))))
    assert told(run(replace(blind, asked=1, edit=(1.0,))))["empty"] == {"n": 2}
    nothing = told(run(replace(MATRIX, hidden=((None, None),), edit=(1.0,))))
    assert "all_empty" not in nothing
    assert nothing["empty_others"] == {"n": 2}


def test_a_row_of_zeros_may_look_and_takes_nothing() -> None:
    values = told(run(replace(MATRIX, edit=(0.0,))))
    assert values["row_zero"]["place"] == 3
    assert "row_empty" not in values


def test_a_what_if_is_told_beside_what_the_weights_suggested() -> None:
    plain, record = run(SENTENCE), run(replace(SENTENCE, top=True))
    values = told(record)
    weight = plain.attention.weights[5, record.dropped[0]]
    assert values["dropped"]["weight"] == percent(float(weight))
    moved = record.attention.context[5] - plain.attention.context[5]
    assert values["moved"]["moved"] == number(float(moved.norm()))
    said, p = answer(plain)
    assert values["changed_p"]["before"] == percent(p)
    changed = "same_answer" if answer(record)[0] == said else "new_answer"
    assert values[changed]["said"] == answer(record)[0]
    assert "edited" in told(run(replace(SENTENCE, edit=(0.5, 0.5))))
    assert told(run(replace(SENTENCE, edit=(0.5,))))["edited_sum"]["sum"] == "0.5"


def test_one_token_has_no_choice() -> None:
    record = run(replace(SENTENCE, tokens=("a",)))
    assert "alone" in told(record)
    assert "score_none" in told(run(replace(SENTENCE, tokens=("a", "b"))))
    assert attention_questions(record) == []


def test_tied_weights_are_told_by_their_diagonal() -> None:
    record = run(replace(FRESH, tied=True, causal=False))
    scaled, values = record.attention.scaled, told(record)["tied"]
    off = ~torch.eye(8, dtype=torch.bool)
    assert values["own"] == number(float(scaled.diagonal().mean()))
    assert values["others"] == number(float(scaled[off].mean()))
    best = scaled.amax(-1) - 1e-9
    assert values["n"] == int((scaled.diagonal() > best).sum())
    assert "tied" not in told(run(FRESH))


def test_equal_tokens_share_the_largest_score_when_tied() -> None:
    wide = replace(SENTENCE, mode="fresh", d_k=64, tied=True, causal=False)
    values = told(run(replace(wide, tokens=("a", "b", "a", "b"))))["tied"]
    assert (values["n"], values["all"]) == (4, 4)


def test_a_right_answer_that_followed_nothing_before_is_not_called_copied() -> None:
    config = replace(FRESH, tokens=tuple("abacadaeafag"), d_k=2, temperature=0.5)
    lucky = []
    for seed in range(40):
        record = run(replace(config, seed=seed))
        assert record.run is not None
        said, tokens = [row[0] for row in record.run.said()], record.queries
        right = [t for t in range(1, 11) if tokens[t] in tokens[:t] and said[t] == tokens[t + 1]]
        before = {t: {tokens[s + 1] for s in range(t) if tokens[s] == tokens[t]} for t in right}
        found = score(record.run)
        assert found.right == len(right)
        assert found.kept == sum(said[t] in before[t] for t in right)
        lucky.append(found.right - found.kept)
    assert max(lucky) > 0


def test_dot_products_grow_with_d_k_and_the_scale_takes_it_back() -> None:
    view = dimension(1)
    for i, size in enumerate(SIZES):
        assert float(view.raw_variance[i]) == pytest.approx(size, rel=0.03)
        assert float(view.variance[i]) == pytest.approx(1, rel=0.03)
        assert float(view.entropy[i]) == pytest.approx(0.89, abs=0.015)
        assert float(view.tied[i]) == pytest.approx(math.sqrt(size), rel=0.03)
    for size, share in ((2, 0.81), (8, 0.50), (64, 0.14), (512, 0.045)):
        assert float(view.raw_entropy[SIZES.index(size)]) == pytest.approx(share, abs=0.015)
    assert float(view.raw_largest[-1]) == pytest.approx(0.93, abs=0.015)
    assert float(view.raw_slope[-1]) == pytest.approx(0.10, abs=0.015)
    assert float(view.slope[-1]) == pytest.approx(0.96, abs=0.015)
    assert view.at(3) in (1, 2)
    assert view.at(512) == len(SIZES) - 1
    values = dimension_findings(view, 8)[0].values
    assert values["raw_variance"] == number(float(view.raw_variance[3]))


def test_the_chart_over_d_k_is_the_seeds() -> None:
    one, other = dimension(1), dimension(2)
    assert torch.equal(one.entropy, dimension(1).entropy)
    assert not torch.equal(one.entropy, other.entropy)


def test_questions_have_the_records_answers() -> None:
    record = run(SENTENCE)
    asked = {question.name: question for question in attention_questions(record)}
    assert asked["most"].options[asked["most"].right][1] == {"token": "ran", "place": 3}
    sums = record.attention.weights.sum(0)
    assert asked["column"].right == 1
    assert asked["column"].told["sum"] == number(float(sums[int((sums - 1).abs().argmax())]))
    changed = run(replace(SENTENCE, top=True))
    assert asked["without"].right == int(answer(changed)[0] == "ran")
    for seed in range(5):
        matrix = run(replace(MATRIX, seed=seed))
        question = next(q for q in attention_questions(matrix) if q.name == "unscale")
        now, then = (
            float(run(replace(MATRIX, seed=seed, scale=scale)).attention.weights[2].max())
            for scale in (True, False)
        )
        assert question.right == (0 if then > now else 2)


def test_many_keys_are_offered_as_six_with_the_right_one_among_them() -> None:
    record = run(replace(SENTENCE, tokens=tuple("abcdefghij" * 6)))
    question = attention_questions(record)[0]
    assert len(question.options) == 6
    place = int(record.attention.weights[record.asked].argmax()) + 1
    assert question.options[question.right][1]["place"] == place


def test_of_equal_keys_one_is_offered_and_the_removal_is_not_asked() -> None:
    for tokens in (SENTENCE.tokens, ("a", "a", "b"), ("b", "a", "a")):
        record = run(replace(FRESH, tokens=tokens, causal=False))
        weights = record.attention.weights[record.asked]
        asked = {question.name: question for question in attention_questions(record)}
        offered = [option[1]["place"] for option in asked["most"].options]
        best = [place for place in offered if weights[place - 1] > weights.max() - 1e-9]  # type: ignore[operator]
        assert best == [offered[asked["most"].right]]
        ties = int((weights > weights.max() - 1e-9).sum())
        assert ("without" in asked) == (ties == 1)


def test_a_question_is_not_asked_where_its_words_would_be_wrong() -> None:
    def names(config: AttentionConfig) -> list[str]:
        return [question.name for question in attention_questions(run(config))]

    assert names(replace(MATRIX, hidden=((0, None),))) == ["most", "unscale"]
    one = next(q for q in attention_questions(run(replace(MATRIX, d_k=1))) if q.name == "unscale")
    assert one.right == 1
    skipped = 0
    for temperature in (0.05, 0.1, 1.0, 10.0):
        for seed in range(10):
            config = replace(MATRIX, temperature=temperature, seed=seed)
            now, then = (
                float(run(replace(config, scale=scale)).attention.weights[2].max())
                for scale in (True, False)
            )
            found = [q for q in attention_questions(run(config)) if q.name == "unscale"]
            same = percent(now) == percent(then)
            assert bool(found) == (not same or abs(then - now) < 1e-9)
            skipped += not found
            assert all(same == (question.right == 1) for question in found)
    assert skipped


def test_after_a_what_if_nothing_is_asked() -> None:
    assert attention_questions(run(replace(SENTENCE, top=True))) == []
