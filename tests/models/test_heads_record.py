"""Several heads over one text: the record against PyTorch's layer, its laws, and its limits."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention

from seqviz.core.attention import WhatIfHeads
from seqviz.models import heads_views
from seqviz.models.heads_experiment import (
    ANSWERS,
    LONGEST,
    MASKS,
    PAD,
    HeadsConfig,
    allowed_of,
    fitting,
    padded,
    run,
    targets_of,
)
from seqviz.models.heads_findings import (
    asking,
    favourite,
    heads_findings,
    measured,
    padding_change,
    parts,
)
from seqviz.models.heads_views import credit, entropies, join_of, rivals

SENTENCE = ("the", "cat", "sat", "on", "the", "mat", "and", "slept")
TRAINED = HeadsConfig(SENTENCE)
FRESH = HeadsConfig(SENTENCE, mode="fresh", heads=3, d_model=12)
EXACT = 1e-12


@pytest.mark.parametrize("mask", ["none", "causal", "padding", "both"])
@pytest.mark.parametrize("base", [TRAINED, FRESH, replace(FRESH, heads=8, d_model=64)])
def test_the_record_is_pytorchs_own_layer(base: HeadsConfig, mask: str) -> None:
    record = run(replace(base, mask=mask, pads=3))
    x, layer = record.run.inputs.x, record.model.attention
    blocked = None if record.allowed is None else ~record.allowed
    with torch.no_grad():
        out, weights = layer(x, x, x, attn_mask=blocked, average_attn_weights=False)
        mean = layer(x, x, x, attn_mask=blocked)[1]
    assert (record.run.heads.out - out).abs().max() < EXACT
    assert (record.run.heads.weights - weights).abs().max() < EXACT
    assert (record.run.heads.mean_weights - mean).abs().max() < EXACT


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("mask", MASKS)
def test_masks_are_pytorchs_other_polarity_too(mask: str, side: str) -> None:
    record = run(replace(FRESH, mask=mask, pads=2, side=side))
    for head in record.run.heads.heads:
        context = scaled_dot_product_attention(
            head.q[None], head.k[None], head.v[None], attn_mask=record.allowed
        )
        assert (head.context - context[0]).abs().max() < EXACT
        assert not head.weights.isnan().any()
        if record.allowed is not None:
            assert (head.weights[~record.allowed] == 0).all()


@pytest.mark.parametrize("config", [TRAINED, FRESH, replace(TRAINED, off=2), replace(FRESH, off=0)])
def test_shares_and_bias_are_the_output(config: HeadsConfig) -> None:
    record = run(config)
    found, project = record.run.heads, record.model.attention.out_proj
    with torch.no_grad():
        total = found.shares.sum(0) + project.bias
        assert (total - project(found.concat)).abs().max() < EXACT
    joined = join_of(record)
    assert joined.error < EXACT
    assert joined.split_error < EXACT
    assert (joined.terms.sum(0) - joined.product).abs().max() < EXACT
    assert sum(parts(record).along) == pytest.approx(1, abs=1e-9)
    assert parts(record).out == pytest.approx(float(found.out[record.row].norm()))


def test_the_difference_of_two_ways_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Q in one piece and in strips: were they apart, the page would say by how much."""

    def off_by_rows(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return linear(x, weight, bias) + len(weight)

    monkeypatch.setattr(heads_views, "linear", off_by_rows)
    joined = join_of(run(FRESH))
    assert joined.split_error == pytest.approx(12 - 4)
    assert joined.error == pytest.approx(12)


@pytest.mark.parametrize("config", [TRAINED, FRESH, replace(FRESH, mask="none", seed=7)])
def test_the_average_is_never_sharper_than_the_heads(config: HeadsConfig) -> None:
    found = entropies(run(config))
    assert (found.of_mean >= found.mean - EXACT).all()
    *heads, mean = measured(run(config))
    assert mean.entropy >= sum(row.entropy for row in heads) / len(heads) - EXACT


def test_a_silenced_head_leaves_the_others_alone() -> None:
    record = run(replace(TRAINED, off=1))
    assert (record.run.heads.shares[1] == 0).all()
    for head in (0, 2, 3):
        assert torch.equal(record.run.heads.shares[head], record.free.heads.shares[head])
    assert torch.equal(record.run.heads.weights, record.free.heads.weights)


@pytest.mark.parametrize("config", [TRAINED, replace(FRESH, mask="none")])
def test_each_ablation_is_the_run_without_that_head(config: HeadsConfig) -> None:
    record = run(config)
    for head, one in enumerate(record.ablations):
        again = record.model.run(
            record.tokens,
            causal=False,
            allowed=record.allowed,
            what_if=WhatIfHeads(frozenset({head})),
        )
        asked = record.targets >= 0
        right = (again.logits.argmax(-1) == record.targets) & asked
        assert one.score.right == tuple(right.sum(0).tolist())
        assert one.score == run(replace(config, off=head)).score


def test_answers_are_the_tokens_one_to_four_places_back() -> None:
    tokens, real = padded(tuple("abca"), 1, "left")
    places = {"a": 0, "b": 1, "c": 2}
    wanted = [
        [-1] * ANSWERS,
        [-1] * ANSWERS,
        [places["a"], -1, -1, -1],
        [places["b"], places["a"], -1, -1],
        [places["c"], places["b"], places["a"], -1],
    ]
    assert targets_of(tokens, real).tolist() == wanted


def test_padding_is_no_answer_and_asks_nothing() -> None:
    record = run(replace(TRAINED, pads=4, side="left", mask="both"))
    assert record.tokens[:4] == (PAD,) * 4
    assert PAD not in record.run.candidates
    assert record.run.probabilities.shape[-1] == len(set(SENTENCE))
    assert (record.run.probabilities.sum(-1) - 1).abs().max() < EXACT
    assert record.empty == (0, 1, 2, 3)
    assert asking(record).tolist() == list(range(4, 12))
    assert record.row == 11


def test_hidden_padding_on_the_right_changes_nothing_and_seen_padding_does() -> None:
    for mask in ("padding", "both", "causal"):
        assert padding_change(run(replace(TRAINED, pads=3, mask=mask))) < EXACT
    assert padding_change(run(replace(TRAINED, pads=3, mask="none"))) > 1e-3
    assert padding_change(run(replace(TRAINED, pads=3, side="left"))) > 1e-3


def test_a_mask_that_blocks_everything_gives_the_bias_alone() -> None:
    record = run(replace(TRAINED, mask="all"))
    bias = record.model.attention.out_proj.bias.detach()
    assert record.empty == tuple(range(8))
    assert torch.equal(record.run.heads.out, bias.expand(8, -1))
    assert [finding.key for finding in heads_findings(record)] == ["blocked_all"]


def test_one_token_has_nothing_to_answer() -> None:
    record = run(HeadsConfig(("a",)))
    assert sum(record.score.asked) == 0
    assert heads_findings(record)[0].key == "nothing_asked"


def test_text_and_padding_share_the_room() -> None:
    record = run(HeadsConfig(("a", "b") * 500, pads=4))
    assert len(record.tokens) == LONGEST
    assert record.tokens[-4:] == (PAD,) * 4
    with pytest.raises(ValueError, match="expected at least one token, got none"):
        run(HeadsConfig(()))


@pytest.mark.parametrize(
    ("d_model", "heads", "used"),
    [(16, 4, 16), (30, 4, 32), (29, 4, 28), (1, 8, 8), (64, 7, 63), (2, 5, 5), (62, 8, 64)],
)
def test_the_nearest_d_model_that_the_heads_divide(d_model: int, heads: int, used: int) -> None:
    assert fitting(d_model, heads) == used


def test_every_size_up_to_the_limit_runs() -> None:
    for heads in range(1, 9):
        for d_model in (1, 17, 64):
            record = run(replace(FRESH, heads=heads, d_model=fitting(d_model, heads)))
            assert record.count == heads
            assert record.run.heads.out.isfinite().all()


def test_the_favourite_distance_of_a_diagonal() -> None:
    rows = torch.arange(6)
    for back in (0, 1, 3, -2):
        shifted = torch.diag(torch.ones(6 - abs(back)), -back)
        assert favourite(shifted, rows) == (back, 1.0)


def test_padding_does_not_dim_where_a_head_looks() -> None:
    padded_left = measured(run(replace(TRAINED, pads=4, side="left", mask="both")))
    for row in padded_left[:4]:
        assert row.on_back > 0.9
    assert sorted(row.back for row in padded_left[:4]) == [1, 2, 3, 4]


def test_the_same_configuration_gives_the_same_numbers() -> None:
    assert torch.equal(run(FRESH).run.logits, run(FRESH).run.logits)
    assert not torch.equal(run(FRESH).run.logits, run(replace(FRESH, seed=2)).run.logits)


def test_an_unknown_mask_or_side_is_named() -> None:
    with pytest.raises(ValueError, match="expected one of none, causal, padding, both, all"):
        allowed_of("future", torch.ones(3, dtype=torch.bool))
    with pytest.raises(ValueError, match="expected side right or left, got 'top'"):
        padded(("a",), 1, "top")


def test_more_heads_name_more_places_on_text_and_heads_specialise() -> None:
    """What the page shows first, on the sentence it opens with: measured, not assumed."""
    shares = {heads: score.share for heads, score in rivals(run(TRAINED))}
    assert shares[1] < shares[2] < shares[4]
    assert sorted(row.back for row in measured(run(TRAINED))[:4]) == [1, 2, 3, 4]


@pytest.mark.parametrize("config", [TRAINED, FRESH, replace(TRAINED, off=1, pads=2)])
def test_the_parts_of_a_score_add_up_to_the_lead_of_the_right_answer(config: HeadsConfig) -> None:
    record = run(config)
    lead = record.run.logits - record.run.logits.mean(-1, keepdim=True)
    for answer, total in enumerate(credit(record).sum(0).tolist()):
        rows = (record.targets[:, answer] >= 0).nonzero().flatten()
        found = lead[rows, answer, record.targets[rows, answer]].mean()
        assert total == pytest.approx(float(found), abs=1e-9)


def test_in_the_trained_model_of_four_heads_each_head_writes_one_answer() -> None:
    record = run(TRAINED)
    writers = credit(record)[:-1].argmax(0).tolist()
    assert sorted(writers) == [0, 1, 2, 3]
    backs = [row.back for row in measured(record)[:4]]
    assert [backs[writer] for writer in writers] == [1, 2, 3, 4]


def test_weights_of_nothing_look_everywhere_alike() -> None:
    record = run(replace(FRESH, gain=0.0, mask="none"))
    assert (record.run.heads.weights - 1 / len(SENTENCE)).abs().max() < EXACT
    assert parts(record).out == 0
    assert [one.moved for one in record.ablations] == [0, 0, 0]
    assert all("nan" not in str(finding.values).lower() for finding in heads_findings(record))


def told(**changes: object) -> set[str]:
    config = replace(HeadsConfig(tokens=tuple("abcdab"), mode="fresh", heads=4), **changes)  # type: ignore[arg-type]
    return {finding.key for finding in heads_findings(run(config))}


def test_an_average_that_hides_nothing_is_not_said_to() -> None:
    assert "average" in told()
    assert "average_alike" not in told()
    assert told(gain=0.0) >= {"average_alike", "sum_zero"}
    assert "average" not in told(gain=0.0)
    record = run(HeadsConfig(tokens=("a", "b"), trained=2))
    values = next(f for f in heads_findings(record) if f.key.startswith("average"))
    assert (values.key == "average") == (values.values["share"] != values.values["averaged"])


def test_padding_that_moves_nothing_is_not_said_to() -> None:
    left = {"mask": "both", "pads": 2, "side": "left"}
    assert "padding_moved" in told(**left)
    assert "padding_moved" not in told(**left, gain=0.0)
    assert told(**left, gain=0.0) >= {"padding_hidden"}


def test_one_silenced_head_leaves_the_bias_that_is_0() -> None:
    assert "sum_zero" in told(heads=1, off=0)
    assert "sum_zero" not in told(heads=2, off=0)
