"""Weights beside gradients beside what really changes: each number once more."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from seqviz.models.attention_experiment import AttentionConfig, AttentionRecord, earlier, run
from seqviz.models.attention_findings import explanation_findings
from seqviz.models.attention_views import Explanation, answer, chance, explanation

SENTENCE = AttentionConfig(show="sentence")
FRESH = replace(SENTENCE, mode="fresh", d_k=8)
MATRIX = AttentionConfig(show="matrix")


def explained(record: AttentionRecord) -> Explanation:
    view = explanation(record)
    assert view is not None
    return view


def chances(record: AttentionRecord, weights: Tensor, x: Tensor) -> Tensor:
    """The model's answer to the query in question from a row of weights, in plain products."""
    model, found = record.model, record.run
    assert model is not None
    assert found is not None
    _, _, v = torch.nn.functional.linear(
        x, model.attention.in_proj_weight, model.attention.in_proj_bias
    ).chunk(3, dim=-1)
    out = model.attention.out_proj((weights @ v)[None])
    return (model.readout(out)[0] @ found.candidate_vectors.T).softmax(-1)


@pytest.mark.parametrize("config", [SENTENCE, FRESH, replace(FRESH, causal=False, scale=False)])
def test_an_explanation_is_gradients_and_ablations_in_plain_products(
    config: AttentionConfig,
) -> None:
    record = run(config)
    view = explained(record)
    assert record.run is not None
    said, p = answer(record)
    place = record.run.candidates.index(said)
    keys = list(view.places)
    weights = record.attention.weights[record.asked].clone().requires_grad_()
    x = record.run.inputs.x
    loss = -chances(record, weights, x)[place].log()
    (gradient,) = torch.autograd.grad(loss, weights)
    wanted = (weights.detach() * gradient)[keys]
    torch.testing.assert_close(view.saliency, wanted, rtol=1e-9, atol=1e-12)
    masked = record.attention.masked[record.asked]
    whole = chances(record, weights.detach(), x).detach()
    assert float(whole[place]) == pytest.approx(p)
    for i, key in enumerate(keys):
        shut = masked.clone()
        shut[key] = -math.inf
        row = shut.softmax(-1).nan_to_num(0)
        left = chances(record, row, x).detach()
        assert float(view.without[i]) == pytest.approx(float(left[place]), abs=1e-12)
        moved = float((left - whole).abs().sum() / 2)
        assert float(view.effect[i]) == pytest.approx(moved, abs=1e-12)


def test_the_gradient_of_a_token_is_the_difference_it_makes() -> None:
    record = run(FRESH)
    view, model, found = explained(record), record.model, record.run
    assert model is not None
    assert found is not None
    place = found.candidates.index(view.answer)

    def loss(x: Tensor) -> float:
        module = model.attention
        q, k, v = torch.nn.functional.linear(x, module.in_proj_weight, module.in_proj_bias).chunk(
            3, dim=-1
        )
        allowed = record.attention.allowed
        context = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        answers = model.readout(module.out_proj(context))[record.asked]
        return -float((answers @ found.candidate_vectors.T).log_softmax(-1)[place].detach())

    x, step = found.inputs.x, 1e-6
    for i, token in enumerate(view.places):
        slope = []
        for feature in range(x.shape[1]):
            up, down = x.clone(), x.clone()
            up[token, feature] += step
            down[token, feature] -= step
            slope.append((loss(up) - loss(down)) / (2 * step))
        assert float(view.gradient[i]) == pytest.approx(math.hypot(*slope), rel=1e-5, abs=1e-8)


def test_where_a_token_is_doubled_the_weight_explains_nothing() -> None:
    record = run(replace(SENTENCE, tokens=tuple("ㅂㅏㄴㅏㄴㅏㅎㅏㄴㅏ")))
    view = explained(record)
    assert float(view.weights.max()) == pytest.approx(0.5, abs=0.01)
    assert float(view.effect.max()) < 0.01


def test_an_explanation_is_in_words_and_leaves_a_row_set_by_hand_out() -> None:
    view = explained(run(SENTENCE))
    names = [finding.key for finding in explanation_findings(view)]
    assert names == ["explain_weight", "explain_same", "explain_rank"]
    for change in ({"edit": (1.0,)}, {"top": True}, {"drop": 0}):
        changed = explained(run(replace(SENTENCE, **change)))
        assert torch.equal(changed.weights, view.weights)
    assert explanation(run(replace(SENTENCE, hidden=((5, None),)))) is None
    assert explanation(run(MATRIX)) is None
    single = explained(run(replace(SENTENCE, tokens=("a",))))
    assert [f.key for f in explanation_findings(single)] == ["explain_weight", "explain_none"]


@pytest.mark.parametrize("text", ["you and me and you and her", "하늘 아래 땅 아래 하늘 아래 우리"])
def test_a_sentence_where_a_large_weight_does_not_count(text: str) -> None:
    """The page says so in its own words; here it is measured on the weights that ship."""
    record = run(replace(SENTENCE, tokens=tuple(text.split())))
    view, row = explained(record), record.attention.weights[record.asked]
    assert earlier(record.queries, record.asked), "a token that has an answer to copy"
    assert float(row.max()) > 0.99
    removed = run(replace(record.config, top=True))
    assert answer(removed)[0] == answer(record)[0] == record.queries[record.asked + 1]
    assert abs(chance(removed, view.answer) - view.p) < 0.01
    assert [f.key for f in explanation_findings(view)][:2] == ["explain_weight", "explain_hardly"]


def test_a_sentence_where_the_top_token_speaks_against_the_answer() -> None:
    record = run(replace(SENTENCE, tokens=tuple("mississippi")))
    view, removed = explained(record), run(replace(record.config, top=True))
    top = int(record.attention.weights[record.asked].argmax())
    assert (record.queries[top], view.answer) == ("i", "s")
    assert earlier(record.queries, record.asked)
    assert view.p < 0.9
    assert chance(removed, "s") > 0.99
    most = int(view.effect.argmax())
    assert view.tokens[most] == "s"
    assert float(view.effect[most]) > 3 * float(view.effect[view.places.index(top)])
    keys = [f.key for f in explanation_findings(view)]
    assert keys[:3] == ["explain_weight", "explain_against", "explain_other"]


def test_copies_of_one_token_move_nothing_alone_and_share_their_ranks() -> None:
    many = explained(run(replace(SENTENCE, tokens=tuple("ab" * 16), causal=False)))
    assert [f.key for f in explanation_findings(many)] == ["explain_weight", "explain_none"]
    twins = explained(run(replace(FRESH, tokens=tuple("abcabc"), causal=False, temperature=0.3)))
    ranks = [
        [sum(other < each - 1e-9 for other in column) for each in column]
        for column in (twins.weights.tolist(), twins.effect.tolist())
    ]
    assert ranks[0][:3] == ranks[0][3:]
    expected = torch.corrcoef(torch.tensor(ranks, dtype=torch.float64))[0, 1]
    assert twins.agreement[0] == pytest.approx(float(expected))
    names = [f.key for f in explanation_findings(twins)]
    top = int(twins.weights.argmax())
    names = [name for name in names if name not in ("explain_hardly", "explain_against")]
    same = float(twins.effect[top]) > float(twins.effect.max()) - 1e-9
    assert names[1] == ("explain_same" if same else "explain_other")
