"""Training against torch.optim.Adam, and the published figures R5, R13, R14 and R15."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from seqviz.core.model import SequenceModel, build_model
from seqviz.core.training import (
    NO_TARGET,
    Checkpoint,
    clip_jointly,
    descend,
    sequence_loss,
    train,
)

KINDS = ("rnn", "lstm", "gru")
FLOOR = math.log(2) / 2  # l is followed by l and by o: two of four answers are a coin toss


def hello(model: SequenceModel) -> tuple[torch.Tensor, torch.Tensor]:
    return model.encode("hell"), model.encode_targets("ello")


def trained(model: SequenceModel, steps: int = 300, lr: float = 0.05) -> Checkpoint:
    return list(train(model, *hello(model), steps=steps, lr=lr))[-1]


def frozen_rnn(seed: int) -> SequenceModel:
    model = build_model("rnn", "helo", "helo", 3, gain=0.0, seed=seed)
    model.cell.weight_hh.requires_grad_(False)
    return model


@pytest.mark.parametrize("seed", range(3))
def test_without_memory_the_loss_stops_at_the_floor_r13(seed: int) -> None:
    at_300, at_1500 = trained(frozen_rnn(seed)), trained(frozen_rnn(seed), steps=1500)
    assert FLOOR <= at_1500.loss < at_300.loss < FLOOR + 2e-3
    assert at_1500.loss == pytest.approx(FLOOR, abs=2e-4)


def test_without_memory_both_ls_get_the_same_even_answer_r13() -> None:
    model = frozen_rnn(0)
    model.load_state_dict(trained(model, steps=1500).parameters)
    chances = model(model.encode("hell")).softmax(-1)
    assert torch.equal(chances[2], chances[3])
    assert chances[2, 2].item() == pytest.approx(0.5, abs=0.01)
    assert chances[2, 3].item() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_with_memory_it_falls_far_below_r13(kind: str, seed: int) -> None:
    assert trained(build_model(kind, "helo", "helo", 3, seed=seed)).loss < 0.003


def test_softmax_and_loss_of_karpathys_logits_r14() -> None:
    logits = torch.tensor([[1.0, 2.2, -3.0, 4.1]], dtype=torch.float64, requires_grad=True)
    loss = sequence_loss(logits, torch.tensor([1]))
    loss.backward()
    assert loss.item() == pytest.approx(2.0785, abs=1e-4)
    expected = torch.tensor([0.0377, -0.8749, 0.0007, 0.8365], dtype=torch.float64)
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad[0], expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_before_training_the_loss_is_a_uniform_guess_r15(kind: str) -> None:
    losses = [
        trained(build_model(kind, "helo", "helo", 4, seed=s), steps=0).loss for s in range(10)
    ]
    assert sum(losses) / 10 == pytest.approx(math.log(4), abs=0.15)


def test_the_loss_takes_logits_not_probabilities_t32() -> None:
    perfect = torch.eye(4, dtype=torch.float64)
    assert sequence_loss(perfect, torch.arange(4)).item() == pytest.approx(0.7437, abs=1e-4)
    assert sequence_loss(perfect * 1000, torch.arange(4)).item() == pytest.approx(0.0)


def test_clipping_returns_the_norm_before_and_keeps_the_direction_r5() -> None:
    gradients = (torch.tensor([3.0], dtype=torch.float64), torch.tensor([4.0, 0.0]).double())
    assert clip_jointly(gradients, 1.0) == 5.0
    clipped = torch.cat(gradients)
    assert clipped.norm().item() == pytest.approx(1 / (1 + 1e-6 / 5), abs=1e-12)
    torch.testing.assert_close(clipped, torch.tensor([0.6, 0.8, 0.0]).double(), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("kind", "clip"), [("rnn", 0.05), ("lstm", 1.0), ("gru", 1e9)])
def test_forty_steps_equal_torch_on_torchs_own_cell(kind: str, clip: float) -> None:
    model = build_model(kind, "helo", "helo", 5, seed=3)
    twin = build_model(kind, "helo", "helo", 5, seed=3)
    cell, readout = twin.cell, twin.readout
    assert readout is not None
    parameters = [*cell.parameters(), *readout.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=0.05)
    xs, targets = hello(model)
    for checkpoint in train(model, xs, targets, steps=40, lr=0.05, clip=clip):
        loss = cross_entropy(readout(torch.stack(bare_run(cell, xs))), targets)
        optimiser.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(parameters, clip)
        assert checkpoint.loss == pytest.approx(loss.item(), abs=1e-11)
        assert checkpoint.gradient_norm == pytest.approx(norm.item(), abs=1e-11)
        torch.testing.assert_close(
            checkpoint.parameters["cell.weight_hh"], cell.weight_hh.detach(), rtol=0, atol=1e-11
        )
        optimiser.step()


def bare_run(cell: nn.Module, xs: torch.Tensor) -> list[torch.Tensor]:
    h = c = xs.new_zeros(5)
    hs = []
    for x in xs:
        if isinstance(cell, nn.LSTMCell):
            h, c = cell(x, (h, c))
        else:
            h = cell(x, h)
        hs.append(h)
    return hs


def test_the_same_seed_gives_the_same_film_and_the_global_generator_stands_still() -> None:
    before = torch.get_rng_state()
    films = [
        list(train(m, *hello(m), steps=20))
        for m in (build_model("lstm", "helo", "helo", 4, peepholes=True, seed=7) for _ in "ab")
    ]
    assert torch.equal(before, torch.get_rng_state())
    for one, other in zip(*films, strict=True):
        assert (one.step, one.loss, one.gradient_norm) == (
            other.step,
            other.loss,
            other.gradient_norm,
        )
        assert all(torch.equal(one.parameters[n], other.parameters[n]) for n in one.parameters)


def test_a_checkpoint_is_a_copy_whose_loss_is_of_its_own_parameters() -> None:
    model = build_model("gru", "helo", "helo", 4, h0="learned", seed=0)
    film = list(train(model, *hello(model), steps=30))
    assert [checkpoint.step for checkpoint in film] == list(range(31))
    for checkpoint in (film[0], film[17], film[30]):
        model.load_state_dict(checkpoint.parameters)
        xs, targets = hello(model)
        assert sequence_loss(model(xs), targets).item() == checkpoint.loss


def test_closing_the_generator_stops_the_run_where_it_is() -> None:
    model = build_model("rnn", "helo", "helo", 4, seed=0)
    run = train(model, *hello(model))
    for checkpoint in run:
        if checkpoint.step == 5:
            break
    run.close()
    assert next(run, None) is None
    assert torch.equal(model.cell.weight_hh, checkpoint.parameters["cell.weight_hh"])


def test_it_trains_under_a_callers_no_grad() -> None:
    model = build_model("rnn", "helo", "helo", 4, seed=0)
    with torch.no_grad():
        first, *_, last = train(model, *hello(model), steps=50)
    assert last.loss < first.loss


def test_a_loss_that_is_no_longer_finite_is_the_last_checkpoint() -> None:
    model = build_model("rnn", "helo", "helo", 4, seed=0)
    xs, targets = hello(model)

    def loss_at(step: int) -> torch.Tensor:
        return sequence_loss(model(xs), targets) * (math.inf if step == 3 else 1)

    film = list(descend(model, loss_at, steps=10, lr=0.01))
    assert [checkpoint.step for checkpoint in film] == [0, 1, 2, 3]
    assert film[-1].loss == math.inf
    assert all(parameter.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize(
    "variant",
    [
        {"kind": "lstm", "peepholes": True},
        {"kind": "gru", "reset": "before"},
        {"kind": "rnn", "activation": "sigmoid"},
        {"kind": "lstm", "activation": "relu"},
        {"kind": "gru", "activation": "identity"},
        {"kind": "lstm", "h0": "learned"},
        {"kind": "rnn", "init": "identity", "activation": "relu"},
        {"kind": "gru", "h0": "random"},
    ],
)
def test_every_variant_learns_hello(variant: dict) -> None:
    model = build_model(vocabulary="helo", classes="helo", hidden_size=8, seed=0, **variant)
    assert trained(model).loss < 0.01


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hidden_size", [1, 32])
def test_the_smallest_and_the_largest_size_train(kind: str, hidden_size: int) -> None:
    last = trained(build_model(kind, "helo", "helo", hidden_size, seed=0))
    assert last.step == 300
    assert last.loss < FLOOR


def test_steps_without_a_target_do_not_count() -> None:
    logits = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0)).double()
    targets = torch.full((3, 2), NO_TARGET)
    targets[-1] = torch.tensor([2, 0])
    expected = cross_entropy(logits[-1], targets[-1])
    torch.testing.assert_close(sequence_loss(logits, targets), expected)


def test_wrong_targets_are_refused_in_words() -> None:
    logits = torch.zeros(3, 4)
    with pytest.raises(ValueError, match=r"targets of shape \(3,\), got \(2,\)"):
        sequence_loss(logits, torch.zeros(2, dtype=torch.long))
    with pytest.raises(ValueError, match="at least one step with a target"):
        sequence_loss(logits, torch.full((3,), NO_TARGET))
