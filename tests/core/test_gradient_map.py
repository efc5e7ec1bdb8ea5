"""The (t, k) map and the itemised weight gradient against one call of autograd per loss."""

import pytest
import torch
from torch import Tensor

from seqviz.core.gradient_map import (
    gradient_map,
    preactivation_deltas,
    recurrent_deltas,
    recurrent_gradient,
    same_block,
)
from seqviz.core.gradients import gradients
from seqviz.core.lstm import Peepholes
from seqviz.core.parameters import make_cell
from seqviz.core.unroll import Options, Trace, run_steps, unroll
from tests.core.traces import trace_of, variants

STEPS, HIDDEN, INPUTS = 12, 4, 3
CASES = {
    "rnn": ("rnn", Options()),
    "rnn-sigmoid": ("rnn", Options("sigmoid")),
    "lstm": ("lstm", Options()),
    "lstm-peepholes": ("lstm", Options(peepholes=Peepholes(HIDDEN, seed=2))),
    "gru": ("gru", Options()),
    "gru-before": ("gru", Options(reset="before")),
    "gru-writes": ("gru", Options(update="writes")),
    "gru-before-writes": ("gru", Options(reset="before", update="writes")),
}

ALL = [pytest.param(kind, options, id=name) for name, kind, options in variants()]


@pytest.fixture(params=CASES, name="trace")
def a_trace(request: pytest.FixtureRequest) -> Trace:
    kind, options = CASES[request.param]
    return trace_of(kind, options, steps=STEPS, hidden=HIDDEN, inputs=INPUTS, seed=5)


@pytest.fixture(name="direct")
def some_losses() -> Tensor:
    generator = torch.Generator().manual_seed(9)
    return torch.randn(STEPS, HIDDEN, generator=generator, dtype=torch.float64)


def weight_gradient(trace: Trace, direct: Tensor, block: int | None = None) -> Tensor:
    """autograd's ∂L/∂W_hh of L = Σ_t direct_t · h_t, with the state detached between blocks."""
    cell = trace.cell
    weight = cell.weight_hh
    h, c = trace.h0, trace.c0
    total = torch.zeros_like(weight)
    for first in range(0, STEPS, block or STEPS):
        part = slice(first, first + (block or STEPS))
        record = run_steps(cell, trace.x[part], h, c, trace.options)
        (found,) = torch.autograd.grad((direct[part] * record.h).sum(), weight)
        total = total + found
        h = record.h[-1].detach()
        c = record.c[-1].detach() if trace.c0 is not None else None  # type: ignore[union-attr]
    return total


def test_every_entry_is_the_gradient_of_that_loss_alone(trace: Trace, direct: Tensor) -> None:
    found = gradient_map(trace, direct)
    for t in range(STEPS):
        alone = torch.zeros_like(direct)
        alone[t] = direct[t]
        wanted = gradients(trace, alone)
        torch.testing.assert_close(found.dh[t], wanted.dh, rtol=0, atol=1e-12)
        torch.testing.assert_close(found.h_norm[t], wanted.h_norm, rtol=0, atol=1e-12)
        if wanted.dc is not None:
            torch.testing.assert_close(found.dc[t], wanted.dc, rtol=0, atol=1e-12)  # type: ignore[index]


def test_columns_add_up_to_the_total_gradient(trace: Trace, direct: Tensor) -> None:
    total = gradients(trace, direct)
    found = gradient_map(trace, direct)
    torch.testing.assert_close(found.within(None), total.dh, rtol=0, atol=1e-12)


def test_the_items_of_a_weight_add_up_to_its_gradient(trace: Trace, direct: Tensor) -> None:
    total = gradients(trace, direct)
    found = recurrent_gradient(trace, total.dh, total.dc)
    torch.testing.assert_close(found.total, weight_gradient(trace, direct), rtol=0, atol=1e-12)
    assert float(found.total.norm()) <= float(found.norms.sum())
    ranks = torch.linalg.matrix_rank(found.items[1], atol=1e-10)
    assert int(ranks) <= (2 if trace.kind == "gru" and trace.options.reset == "before" else 1)


@pytest.mark.parametrize(("kind", "options"), ALL)
def test_deltas_give_every_parameter_its_gradient(
    kind: str, options: Options, direct: Tensor
) -> None:
    trace = trace_of(kind, options, steps=STEPS, hidden=HIDDEN, inputs=INPUTS, seed=5)
    cell, xs = trace.cell, trace.x.clone().requires_grad_()
    record = run_steps(cell, xs, trace.h0, trace.c0, trace.options)
    w_ih, b_ih, b_hh, dx = torch.autograd.grad(
        (direct * record.h).sum(), [cell.weight_ih, cell.bias_ih, cell.bias_hh, xs]
    )
    total = gradients(trace, direct)
    deltas = preactivation_deltas(trace, total.dh, total.dc)
    onto_state = recurrent_deltas(trace, total.dh, total.dc)
    torch.testing.assert_close(deltas.T @ trace.x, w_ih, rtol=0, atol=1e-12)
    torch.testing.assert_close(deltas.sum(dim=0), b_ih, rtol=0, atol=1e-12)
    torch.testing.assert_close(onto_state.sum(dim=0), b_hh, rtol=0, atol=1e-12)
    torch.testing.assert_close(deltas @ cell.weight_ih.detach(), dx, rtol=0, atol=1e-12)


def test_the_first_step_owes_nothing_to_a_state_of_zeros_t17(direct: Tensor) -> None:
    cell = make_cell("gru", INPUTS, HIDDEN, seed=1)
    trace = unroll(cell, torch.ones(STEPS, INPUTS, dtype=torch.float64))
    total = gradients(trace, direct)
    found = recurrent_gradient(trace, total.dh)
    assert found.norms[0] == 0
    assert (found.norms[1:] > 0).all()
    assert total.dh0.norm() > 0


@pytest.mark.parametrize("block", [1, 4, 5, STEPS])
def test_truncation_is_the_sum_over_blocks(trace: Trace, direct: Tensor, block: int) -> None:
    found = gradient_map(trace, direct)
    dc = None
    if found.dc is not None:
        dc = (found.dc * same_block(STEPS, block)[..., None]).sum(dim=0)
    cut = recurrent_gradient(trace, found.within(block), dc)
    wanted = weight_gradient(trace, direct, block)
    torch.testing.assert_close(cut.total, wanted, rtol=0, atol=1e-12)


def test_what_does_not_fit_is_refused(direct: Tensor) -> None:
    trace = trace_of("rnn", Options(), steps=STEPS, hidden=HIDDEN, inputs=INPUTS, seed=5)
    with pytest.raises(ValueError, match=r"expected direct of shape \(12, 4\), got \(2, 4\)"):
        gradient_map(trace, direct[:2])
    with pytest.raises(ValueError, match="a block of 1 step or more, got 0"):
        same_block(4, 0)
