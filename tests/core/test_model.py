"""A model is its parts: PyTorch's cell, an affine readout, and what was said about its state."""

import copy
import math

import pytest
import torch
from torch import nn

from seqviz.core.model import SequenceModel, Words, build_model
from seqviz.core.parameters import make_cell
from seqviz.core.training import NO_TARGET
from seqviz.core.unroll import run_steps
from seqviz.core.what_if import WhatIf


def test_tokens_become_one_hot_rows_and_unknown_ones_zeros_that_are_named() -> None:
    model = build_model("rnn", "abc", "xy", 4, seed=0)
    xs = model.encode("ca?b??!")
    expected = torch.zeros(7, 3, dtype=torch.float64)
    expected[0, 2] = expected[1, 0] = expected[3, 1] = 1
    assert torch.equal(xs, expected)
    assert model.unknown("ca?b??!") == ("?", "!")
    assert model.unknown("abc") == ()


def test_one_hot_rows_are_equally_far_apart() -> None:
    rows = build_model("rnn", "helo", "helo", 4, seed=0).encode("helo")
    distances = torch.cdist(rows, rows)
    apart = math.sqrt(2) * (1 - torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(distances, apart, atol=1e-12, rtol=0)


def test_targets_are_class_indices_and_none_is_no_target() -> None:
    model = build_model("rnn", "abc", ("low", "high"), 4, seed=0)
    targets = model.encode_targets(["high", None, "low", "other"])
    assert targets.tolist() == [1, NO_TARGET, 0, NO_TARGET]


@pytest.mark.parametrize("h0", ["zero", "random", "learned"])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_forward_is_the_readout_of_the_trace(kind: str, h0: str) -> None:
    model = build_model(kind, "helo", "helo", 5, h0=h0, init="xavier", gain=1.3, seed=2)
    xs = model.encode("hellohe?")
    trace = model.trace(xs)
    expected = trace.h @ model.readout.weight.T + model.readout.bias  # type: ignore[union-attr]
    torch.testing.assert_close(model(xs), expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(model.logits(trace.h), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    "variant",
    [{"kind": "lstm", "peepholes": True}, {"kind": "gru", "reset": "before"}, {"kind": "rnn"}],
)
def test_a_batch_is_its_sequences_one_by_one(variant: dict) -> None:
    model = build_model(
        vocabulary="abc", classes="abcd", hidden_size=5, h0="random", seed=4, **variant
    )
    batch = [model.encode(text) for text in ("abcab", "bbbac", "ccaab")]
    together = model(torch.stack(batch, dim=1))
    for index, xs in enumerate(batch):
        torch.testing.assert_close(together[:, index], model(xs), atol=1e-12, rtol=0)


def test_the_cell_is_that_of_make_cell_and_the_readout_has_draws_of_its_own() -> None:
    model = build_model(
        "lstm", "helo", "helo", 4, init="orthogonal", gain=0.5, forget_bias=1.0, seed=9
    )
    cell = make_cell("lstm", 4, 4, init="orthogonal", gain=0.5, forget_bias=1.0, seed=9)
    for mine, theirs in zip(model.cell.parameters(), cell.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    plain = build_model("lstm", "helo", "helo", 4, peepholes=True, seed=9)
    drawn = [p.detach().flatten()[0].item() for p in plain.parameters()]
    assert len(set(drawn)) == len(drawn)
    assert all(p.abs().max() <= 0.5 for p in plain.parameters())


def test_h0_zero_and_random_are_fixed_and_learned_is_a_parameter() -> None:
    zero, random, learned = (
        build_model("lstm", "ab", "ab", 3, h0=how, seed=1) for how in ("zero", "random", "learned")
    )
    assert not zero.h0.any()
    assert random.h0.abs().min() > 0
    assert torch.equal(random.h0, build_model("lstm", "ab", "ab", 3, h0="random", seed=1).h0)
    names = {name for name, _ in learned.named_parameters()}
    assert {"h0", "c0"} <= names
    assert not {"h0", "c0"} & {name for name, _ in random.named_parameters()}
    assert build_model("gru", "ab", "ab", 3, h0="learned", seed=1).c0 is None


def test_a_learned_state_and_peepholes_receive_gradients() -> None:
    model = build_model("lstm", "ab", "ab", 3, h0="learned", peepholes=True, seed=1)
    model(model.encode("abba")).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    build_model("lstm", "helo", "helo", 8, peepholes=True, h0="random", init="he", seed=5)
    assert torch.equal(before, torch.get_rng_state())


def test_a_trace_may_run_with_another_activation_or_a_wiped_state() -> None:
    model = build_model("lstm", "helo", "helo", 4, h0="random", seed=0)
    xs = model.encode("hell")
    assert (model.trace(xs, activation="relu").h >= 0).all()
    wiped = model.trace(xs, what_if=WhatIf(wipe=True))
    assert torch.equal(wiped.h[2], wiped.h[3])
    assert not torch.equal(model.trace(xs).h[2], model.trace(xs).h[3])
    assert model.options.activation is None


def test_a_deep_copy_keeps_its_peepholes_and_shares_nothing() -> None:
    model = build_model("lstm", "ab", "ab", 3, peepholes=True, seed=1)
    twin = copy.deepcopy(model)
    assert twin.options.peepholes is twin.peepholes
    assert twin.peepholes is not model.peepholes
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert all(parameter.any() for parameter in model.parameters())


def test_a_signal_needs_no_vocabulary_and_no_readout() -> None:
    model = build_model("gru", (), (), 4, input_size=2, seed=0)
    xs = torch.randn(5, 2, generator=torch.Generator().manual_seed(0)).double()
    assert torch.equal(model.trace(xs).h, run_steps(model.cell, xs).h.detach())
    with pytest.raises(ValueError, match="readout"):
        model(xs)


def test_what_does_not_fit_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="h0 zero, random, learned, got 'ones'"):
        build_model("rnn", "ab", "ab", 3, h0="ones", seed=0)
    with pytest.raises(ValueError, match="vocabulary or an input_size"):
        build_model("rnn", (), (), 3, seed=0)
    with pytest.raises(ValueError, match="each of vocabulary once"):
        build_model("rnn", "hello", "helo", 3, seed=0)
    cell = make_cell("rnn", 2, 3, seed=0)
    with pytest.raises(ValueError, match="vocabulary of 2"):
        SequenceModel(cell, words=Words(("a", "b", "c")))
    with pytest.raises(ValueError, match=r"readout weight of shape \(2, 3\), got \(2, 4\)"):
        SequenceModel(cell, nn.Linear(4, 2, dtype=torch.float64), Words(classes=("x", "y")))
