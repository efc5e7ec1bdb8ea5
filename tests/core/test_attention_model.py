"""The attention model: vectors from tokens, x, answers, and its batched twin."""

import unicodedata
from typing import Any

import pytest
import torch

from seqviz.core.attention import WhatIfHeads
from seqviz.core.attention_model import Design, build_attention_model, token_vectors
from seqviz.core.masks import blocked, causal
from seqviz.core.positions import sinusoidal

TOKENS = ("the", "cat", "saw", "the", "dog", "cat")
PINNED = (
    (-0.324907098512484, -1.5466953465109938, -0.9112514299136043, -0.8196277898521056),
    (-0.9895818627805483, -1.4588031490246962, -0.9150527096971229, 0.2351587713170881),
)
DESIGNS = (
    Design(size=4, width=8, previous=True, bias=False),
    Design(size=3, width=6, previous=True, positions="sinusoidal", causal=False),
    Design(size=4, width=16, heads=4, positions="sinusoidal", answers=4),
    Design(size=5, width=8, heads=2, positions="learned", causal=False),
    Design(size=8, width=8, heads=2, positions="rotary", answers=2),
    Design(size=7, width=7),
)

SEEDED = Design(size=4, width=8, heads=2, positions="learned", causal=False)
SEEDED_WEIGHTS = {
    "attention.in_proj_weight": (-0.2702026870007489, -0.2771674635686764),
    "attention.out_proj.weight": (0.012740527260955654, 0.3784223784531946),
    "readout.weight": (-0.28013710423468785, 0.42352028591423074),
    "table": (-0.6644311487306359, 0.36975195262026456),
}


def model_of(design: Design) -> Any:
    """Fresh, with biases that are not zero."""
    model = build_attention_model(design, seed=3)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "bias" in name:
                parameter.normal_(generator=generator)
    return model


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("back", [None, True, False])
def test_a_batch_gives_the_numbers_of_a_run(design: Design, back: bool | None) -> None:
    model = model_of(design)
    texts = (TOKENS, TOKENS[::-1])
    runs = [model.run(text, causal=back) for text in texts]
    vectors = torch.stack([run.inputs.vectors for run in runs])
    candidates = torch.stack([run.candidate_vectors for run in runs])
    logits = model(vectors, candidates, back)
    torch.testing.assert_close(
        logits, torch.stack([run.logits for run in runs]), rtol=0, atol=1e-12
    )
    assert logits.shape == (2, len(TOKENS), design.answers, 4)
    assert logits.requires_grad
    assert not runs[0].logits.requires_grad


@pytest.mark.parametrize("design", [each for each in DESIGNS if each.positions != "rotary"])
def test_a_run_is_what_the_module_computes(design: Design) -> None:
    model = model_of(design)
    run = model.run(TOKENS)
    mask = blocked(causal(len(TOKENS))) if design.causal else None
    x = run.inputs.x
    with torch.no_grad():
        out, weights = model.attention(x, x, x, attn_mask=mask, average_attn_weights=False)
    torch.testing.assert_close(run.heads.out, out, rtol=0, atol=1e-12)
    torch.testing.assert_close(run.heads.weights, weights, rtol=0, atol=1e-12)


def test_answers_are_products_with_the_candidates_each_token_once() -> None:
    model = model_of(DESIGNS[2])
    run = model.run(TOKENS)
    assert run.candidates == ("the", "cat", "saw", "dog")
    assert run.answer_vectors.shape == (6, 4, 4)
    expected = torch.einsum("tad,cd->tac", run.answer_vectors, token_vectors(run.candidates, 4))
    torch.testing.assert_close(run.logits, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(run.probabilities.sum(-1), torch.ones(6, 4, dtype=torch.float64))
    best = run.probabilities.argmax(-1).tolist()
    assert run.said() == [tuple(run.candidates[i] for i in row) for row in best]


def test_each_answer_has_its_own_rows_of_the_readout() -> None:
    model = model_of(DESIGNS[2])
    run = model.run(TOKENS)
    for answer in range(4):
        rows = model.readout.weight[4 * answer : 4 * answer + 4]
        expected = run.heads.out @ rows.T
        torch.testing.assert_close(run.answer_vectors[:, answer], expected, rtol=0, atol=1e-12)


def test_a_silenced_head_is_missing_from_the_answers() -> None:
    model = model_of(DESIGNS[2])
    plain, run = model.run(TOKENS), model.run(TOKENS, what_if=WhatIfHeads(frozenset({1})))
    without = plain.heads.out - plain.heads.shares[1]
    torch.testing.assert_close(run.heads.out, without, rtol=0, atol=1e-12)
    torch.testing.assert_close(run.answer_vectors, model.answers(without), rtol=0, atol=1e-12)
    assert not torch.allclose(run.answer_vectors, plain.answer_vectors)


@pytest.mark.parametrize("design", DESIGNS)
def test_x_is_the_embedding_plus_the_position(design: Design) -> None:
    model = model_of(design)
    made = model.inputs(TOKENS)
    vectors = token_vectors(TOKENS, design.size)
    assert torch.equal(made.vectors, vectors)
    if design.previous:
        assert torch.equal(made.embedded[:, : design.size], vectors)
        assert torch.equal(made.embedded[1:, design.size :], vectors[:-1])
        assert not made.embedded[0, design.size :].any()
        assert torch.equal(made.previous, made.embedded[:, design.size :])
    else:
        assert torch.equal(made.embedded[:, design.width - design.size :], vectors)
        assert not made.embedded[:, : design.width - design.size].any()
        assert made.previous is None
    position = {"sinusoidal": sinusoidal(6, design.width), "learned": model.table}
    added = position.get(design.positions)
    expected = made.embedded if added is None else made.embedded + added[:6]
    assert torch.equal(made.x, expected)
    assert (made.positions is None) == (added is None)


def test_a_token_has_the_same_vector_always_and_everywhere() -> None:
    pinned = token_vectors(["the", "고양이"], 4)
    expected = torch.tensor(PINNED, dtype=torch.float64)
    torch.testing.assert_close(pinned, expected, rtol=0, atol=1e-12)
    apart = unicodedata.normalize("NFD", "고양이")
    assert apart != "고양이"
    assert torch.equal(token_vectors([apart, "x"], 4)[0], pinned[1])
    assert not torch.equal(token_vectors(["the"], 4, draw=1)[0], pinned[0])
    assert not torch.equal(token_vectors(["The"], 4)[0], pinned[0])


def test_vectors_are_as_long_as_the_root_of_their_size_and_point_anywhere() -> None:
    vectors = token_vectors([str(i) for i in range(2000)], 6)
    torch.testing.assert_close(vectors.norm(dim=-1), torch.full((2000,), 6**0.5).double())
    assert vectors.mean(0).abs().max() < 0.1
    assert (vectors.T @ vectors / 2000 - torch.eye(6)).abs().max() < 0.1


def test_a_vector_handed_out_is_not_the_one_kept() -> None:
    token_vectors(["mine"], 3).zero_()
    assert token_vectors(["mine"], 3).any()


@pytest.mark.parametrize("design", [DESIGNS[0], DESIGNS[2], DESIGNS[4]])
def test_what_comes_later_changes_nothing_before(design: Design) -> None:
    model = model_of(design)
    run, other = model.run(TOKENS), model.run((*TOKENS[:3], "a", "b", "c"))
    assert torch.equal(run.answer_vectors[:3], other.answer_vectors[:3])
    free, changed = (model.run(t, causal=False) for t in (TOKENS, (*TOKENS[:3], "a", "b", "c")))
    assert not torch.allclose(free.answer_vectors[:3], changed.answer_vectors[:3])


def test_allowed_restricts_what_the_mask_has_left() -> None:
    model = model_of(DESIGNS[0])
    mine = torch.ones(6, 6, dtype=torch.bool)
    mine[:, 1] = False
    weights = model.run(TOKENS, allowed=mine).heads.weights[0]
    assert not weights[:, 1].any()
    assert not weights.triu(1).any()
    assert model.run(TOKENS, allowed=mine, causal=False).heads.weights[0].triu(1).any()


def test_scale_zero_looks_at_all_alike() -> None:
    weights = model_of(DESIGNS[5]).run(TOKENS, scale=0.0).heads.weights[0]
    expected = torch.ones(6, 6).tril().double()
    torch.testing.assert_close(weights, expected / expected.sum(-1, keepdim=True))


@pytest.mark.parametrize("design", DESIGNS)
def test_a_fresh_model_is_the_same_for_the_same_seed_and_leaves_the_global_generator(
    design: Design,
) -> None:
    before = torch.random.get_rng_state()
    one, same, other = (build_attention_model(design, seed=seed) for seed in (1, 1, 2))
    model = one.state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(model[key], value) for key, value in same.state_dict().items())
    assert not torch.equal(one.readout.weight, other.readout.weight)
    assert all(value.dtype == torch.float64 for value in model.values())


def test_the_gain_stretches_every_drawn_weight() -> None:
    one, four = (build_attention_model(DESIGNS[2], gain=g, seed=1).state_dict() for g in (1, 4))
    for name in ("attention.in_proj_weight", "attention.out_proj.weight", "readout.weight"):
        torch.testing.assert_close(four[name], 4 * one[name])


def test_a_seed_means_the_same_weights_for_ever() -> None:
    """A link holds the seed alone. Readout and places come from generators of their own."""
    drawn = build_attention_model(SEEDED, seed=7).state_dict()
    for name, expected in SEEDED_WEIGHTS.items():
        found = drawn[name].flatten()[:2].tolist()
        assert found == pytest.approx(expected, abs=1e-12), name


def test_a_fresh_place_is_as_large_as_a_sinusoidal_one() -> None:
    table = build_attention_model(Design(width=64, positions="learned"), seed=1).table
    assert table is not None
    assert table.square().mean().item() == pytest.approx(0.5, rel=0.1)
    assert sinusoidal(64, 64).square().mean().item() == pytest.approx(0.5)


def test_components_of_q_and_k_vary_as_those_of_x_do() -> None:
    design = Design(size=64, width=64)
    run = build_attention_model(design, seed=0).run([str(i) for i in range(300)])
    head = run.heads.heads[0]
    for projected in (head.q, head.k, head.v):
        assert projected.var().item() == pytest.approx(1, abs=0.1)
    assert head.scores.var().item() == pytest.approx(64, rel=0.15)


def test_tied_starts_with_equal_queries_and_keys() -> None:
    for design in DESIGNS:
        head = build_attention_model(design, tied=True, seed=1).run(TOKENS).heads.heads[0]
        assert torch.equal(head.q, head.k)
    apart = build_attention_model(DESIGNS[0], seed=1).run(TOKENS).heads.heads[0]
    assert not torch.allclose(apart.q, apart.k)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"positions": "alibi"}, "expected positions none, sinusoidal, .*got 'alibi'"),
        ({"heads": 3}, "expected a width that 3 heads divide, got 8"),
        ({"heads": 0}, "expected at least 1 head, got 0"),
        ({"previous": True}, "expected a width of twice the size 8, got 8"),
        ({"size": 9}, "expected a size of 1 to the width 8, got 9"),
        ({"size": 0}, "expected a size of 1 to the width 8, got 0"),
        ({"heads": 8, "positions": "rotary"}, "expected an even d_k for rotary, got 1"),
        ({"answers": 0}, "expected at least 1 answer, got 0"),
    ],
)
def test_a_design_that_cannot_be_built_is_refused_in_words(
    wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Design(**wrong)


def test_no_token_and_more_tokens_than_learned_places_are_refused() -> None:
    model = model_of(Design(size=4, width=4, positions="learned", longest=5))
    with pytest.raises(ValueError, match="expected at least one token, got none"):
        model.run(())
    with pytest.raises(ValueError, match="learned positions: expected at most 5 tokens, got 6"):
        model.run(TOKENS)
    assert len(model.run(TOKENS[:5]).logits) == 5
