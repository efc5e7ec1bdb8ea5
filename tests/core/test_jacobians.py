"""Closed-form step Jacobians against autograd's, and their products against one long derivative."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from seqviz.core.jacobians import last_state_products, step_jacobians
from seqviz.core.lstm import LSTMStep
from seqviz.core.unroll import Options, Trace, run_steps, unroll
from tests.core.traces import trace_of, variants

CASES = [pytest.param(kind, options, id=name) for name, kind, options in variants()]


def step_of(trace: Trace, t: int) -> tuple[Tensor, Tensor]:
    """The state before step t and autograd's Jacobian of that one step, by running it alone."""
    xs = trace.x[t : t + 1]
    what_if = trace.options.what_if
    if what_if is not None and what_if.force is not None and what_if.force.step not in (None, t):
        what_if = None
    elif what_if is not None and what_if.force is not None and what_if.force.step is not None:
        force = what_if.force
        what_if = type(what_if)(what_if.wipe, type(force)(force.gate, force.value, force.unit, 0))
    options = replace(trace.options, what_if=what_if)
    size = trace.h.shape[-1]

    def run(state: Tensor) -> Tensor:
        h, c = state[:size], state[size:] if trace.kind == "lstm" else None
        record = run_steps(trace.cell, xs, h, c, options)
        return (
            torch.cat([record.h[0], record.c[0]]) if isinstance(record, LSTMStep) else record.h[0]
        )

    before = [trace.h0 if t == 0 else trace.h[t - 1]]
    if trace.kind == "lstm":
        before.append(trace.c0 if t == 0 else trace.c[t - 1])
    state = torch.cat(before)
    return state, torch.autograd.functional.jacobian(run, state)


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_every_step_equals_autograd(kind: str, options: Options) -> None:
    if options.activation == "relu" and kind == "rnn":
        assert (trace_of(kind, options, steps=5, hidden=4, inputs=3, seed=0).h_pre != 0).all()
    trace = trace_of(kind, options, steps=5, hidden=4, inputs=3, seed=0)
    if options.what_if is not None and options.what_if.wipe:
        assert not step_jacobians(trace).any()
        return
    for t, found in enumerate(step_jacobians(trace)):
        _, wanted = step_of(trace, t)
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_product_is_the_derivative_of_the_last_state(kind: str, reverse: bool) -> None:
    trace = trace_of(kind, Options(), steps=6, hidden=3, inputs=2, seed=4)
    trace = unroll(trace.cell, trace.x, trace.h0, trace.c0, reverse=reverse)
    products = last_state_products(trace)
    t = 4 if reverse else 1
    xs = trace.x[:t].flip(0) if reverse else trace.x[t + 1 :]

    def run(state: Tensor) -> Tensor:
        h, c = state[:3], state[3:]
        for x in xs:
            if kind == "lstm":
                h, c = lstm(trace.cell, x, h, c)
            else:
                h = trace.cell(x[None], h[None])[0]
        return torch.cat([h, c]) if kind == "lstm" else h

    state = torch.cat([trace.h[t], trace.c[t]]) if kind == "lstm" else trace.h[t]
    wanted = torch.autograd.functional.jacobian(run, state)
    torch.testing.assert_close(products[t], wanted, rtol=0, atol=1e-12)


def lstm(cell: torch.nn.Module, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """PyTorch's LSTM written out: its fused cell hides c from autograd (T41)."""
    pre = cell.weight_ih @ x + cell.bias_ih + cell.weight_hh @ h + cell.bias_hh  # type: ignore[operator]
    i, f, g, o = pre.chunk(4)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c
