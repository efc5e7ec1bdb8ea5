"""Truncated BPTT against autograd with a detached state, and what it cannot learn (R32)."""

import math

import pytest
import torch
from torch import Tensor

from seqviz.core.gradient_map import gradient_map
from seqviz.core.gradients import gradients
from seqviz.core.model import build_model
from seqviz.core.parameters import make_cell
from seqviz.core.truncation import (
    lag_model,
    lag_task,
    train_lag,
    truncate,
    truncated_logits,
)
from seqviz.core.unroll import Options, Trace, run_steps, unroll
from seqviz.core.what_if import WhatIf
from tests.core.references import (
    KINDS,
    VARIANTS,
    D,
    H,
    T,
    close,
    numbers,
    options_of,
    random_cell,
    random_start,
)

DIRECT = numbers(70, T, H)


def detached(trace: Trace, direct: Tensor, block: int) -> Tensor:
    """autograd's ∂L/∂W_hh with h and c detached between blocks (T13)."""
    cell, h, c = trace.cell, trace.h0, trace.c0
    total = torch.zeros_like(cell.weight_hh)
    for xs, part in zip(trace.x.split(block), direct.split(block), strict=True):
        record = run_steps(cell, xs, h, c, trace.options)
        total += torch.autograd.grad((part * record.h).sum(), cell.weight_hh)[0]
        h = record.h[-1].detach()
        c = None if c is None else record.c[-1].detach()  # type: ignore[union-attr]
    return total


@pytest.mark.parametrize(("kind", "activation", "peepholes", "reset"), VARIANTS)
def test_it_is_a_run_with_a_detached_state_r32(
    kind: str, activation: str, peepholes: bool, reset: str
) -> None:
    options = options_of(activation, peepholes, reset)
    trace = unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), options)
    full = detached(trace, DIRECT, T)
    scale = max(1.0, float(full.norm()))
    for found in truncate(trace, DIRECT, (1, 2, 4, T, 2 * T)):
        wanted = detached(trace, DIRECT, found.block)
        close(found.gradient / scale, wanted / scale)
        cosine = torch.nn.functional.cosine_similarity(wanted.flatten(), full.flatten(), 0)
        assert found.cosine == pytest.approx(cosine.item(), abs=1e-10)
        assert found.ratio == pytest.approx((wanted.norm() / full.norm()).item(), rel=1e-10)
        assert found.block < T or (found.cosine, found.ratio) == pytest.approx((1, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_its_state_gradients_are_block_sums_of_the_map_r32(kind: str) -> None:
    trace = unroll(random_cell(kind), numbers(4, T, D), *random_start(kind))
    whole = gradients(trace, DIRECT)
    (cut, uncut) = truncate(trace, DIRECT, (4, T))
    close(cut.dh, gradient_map(trace, DIRECT).within(4))
    close(uncut.dh, whole.dh)
    if whole.dc is not None:
        close(uncut.dc, whole.dc)


@pytest.mark.parametrize("kind", KINDS)
def test_at_the_default_initialisation_the_direction_hardly_changes_r32(kind: str) -> None:
    trace = unroll(make_cell(kind, 4, 16, seed=0), numbers(1, 24, 4))
    (found,) = truncate(trace, trace.h, (6,))
    assert 0.9 < found.cosine < 1
    shorter = [one.cosine for one in truncate(trace, trace.h, (1, 3, 6, 12, 24))]
    assert shorter[0] < shorter[2] < shorter[4] + 1e-12


STATED = [
    ("rnn", 0.987803, 0.977161),
    ("lstm", 0.995326, 0.836392),
    ("gru", 0.991286, 0.838192),
]


@pytest.mark.parametrize(("kind", "cosine", "ratio"), STATED)
def test_direction_and_size_in_a_stated_setting_r32(kind: str, cosine: float, ratio: float) -> None:
    """Our own figures: T = 24, K = 6, 4 inputs from N(0, 1), H = 16, PyTorch's weights, seed 0,
    ℓ_t = ½‖h_t‖² at every step; as autograd has them with a detached state, to six digits."""
    trace = unroll(make_cell(kind, 4, 16, seed=0), numbers(1, 24, 4))
    (found,) = truncate(trace, trace.h, (6,))
    assert found.cosine == pytest.approx(cosine, abs=1e-6)
    assert found.ratio == pytest.approx(ratio, abs=1e-6)
    cut, full = (detached(trace, trace.h, block).flatten() for block in (6, 24))
    assert found.cosine == pytest.approx(float(cut @ full / cut.norm() / full.norm()), abs=1e-12)
    assert found.ratio == pytest.approx(float(cut.norm() / full.norm()), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_of_a_truncated_run_is_unchanged_r32_t13(kind: str) -> None:
    model, (xs, targets) = lag_model(kind, 8), lag_task(9, 6)
    whole = model(xs)
    for block in (1, 3, 4, 10, 99):
        cut = truncated_logits(model, xs, block)
        assert torch.equal(cut, whole)
        assert cut.requires_grad
    first = [name for name, value in model.named_parameters() if name.endswith("weight_ih")]
    loss = torch.nn.functional.cross_entropy(truncated_logits(model, xs, 9)[-1], targets[-1])
    weight = dict(model.named_parameters())[first[0]]
    (found,) = torch.autograd.grad(loss, weight)
    assert found[:, :2].eq(0).all()
    assert found[:, 2:].ne(0).any()


def last_losses(kind: str, lag: int, block: int, seed: int) -> list[float]:
    run = train_lag(lag_model(kind, seed=seed), lag, block, seed=1000 * seed)
    return [checkpoint.loss for checkpoint in run][-20:]


@pytest.mark.parametrize("seed", range(3))
def test_a_lag_is_learned_by_blocks_that_span_it_and_by_no_shorter_ones(seed: int) -> None:
    for block in (4, 12):
        losses = last_losses("lstm", 12, block, seed)
        assert sum(losses) / 20 == pytest.approx(math.log(2), abs=0.05)
    assert max(last_losses("lstm", 12, 13, seed)) < 0.05


def test_what_a_state_holds_untrained_can_be_read_without_a_gradient() -> None:
    assert max(last_losses("gru", 7, 7, 0)) < 0.05


def test_the_lag_task_is_balanced_and_asked_once() -> None:
    xs, targets = lag_task(5, 8, seed=3)
    assert xs.shape == (6, 8, 4)
    assert xs.sum(dim=2).eq(1).all()
    assert xs[0].argmax(1).tolist() == targets[-1].tolist() == [0, 1] * 4
    assert xs[1:, :, :2].eq(0).all()
    assert targets[:-1].eq(-100).all()
    assert not torch.equal(xs, lag_task(5, 8, seed=4)[0])


def test_what_does_not_fit_is_refused() -> None:
    trace = unroll(random_cell("rnn"), numbers(4, T, D))
    with pytest.raises(ValueError, match=r"blocks of 1 step or more, got \[3, 0\]"):
        truncate(trace, DIRECT, (3, 0))
    with pytest.raises(ValueError, match=r"expected direct of shape \(9, 5\), got \(2, 5\)"):
        truncate(trace, DIRECT[:2], (3,))
    with pytest.raises(ValueError, match="expected a forward trace, got a reversed one"):
        truncate(unroll(trace.cell, trace.x, reverse=True), DIRECT, (3,))
    with pytest.raises(ValueError, match="a block of 1 step or more, got 0"):
        truncated_logits(lag_model(), lag_task(3)[0], 0)
    wiped = build_model("rnn", "ABxy", "AB", 3, seed=0)
    wiped.options = Options(what_if=WhatIf(wipe=True))
    with pytest.raises(ValueError, match="expected a model without what-if, got one with"):
        truncated_logits(wiped, lag_task(3)[0], 2)
    with pytest.raises(ValueError, match="a lag from 1 and an even count, got 3, 5"):
        lag_task(3, 5)
