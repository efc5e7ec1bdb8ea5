"""Our numbers against PyTorch's: cell by cell, and the fused module at every timestep."""

import pytest
import torch
from torch import nn

from seqviz.core.gru import GRUStep, gru_step, negate_update
from seqviz.core.lstm import LSTMStep, lstm_step
from seqviz.core.rnn import RNNStep, rnn_step
from seqviz.core.unroll import Options, unroll
from tests.core.references import (
    KINDS,
    VARIANTS,
    D,
    H,
    T,
    by_hand,
    close,
    fused_of,
    numbers,
    options_of,
    random_cell,
    random_start,
    stacked,
)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_rnn_step_is_the_cell(nonlinearity: str, bias: bool) -> None:
    cell = random_cell("rnn", bias=bias, nonlinearity=nonlinearity)
    x, h = numbers(7, D), numbers(8, H)
    close(rnn_step(cell, x, h).h, cell(x, h))


@pytest.mark.parametrize("bias", [True, False])
def test_lstm_step_is_the_cell(bias: bool) -> None:
    cell = random_cell("lstm", bias=bias)
    x, h, c = numbers(7, D), numbers(8, H), numbers(9, H)
    step = lstm_step(cell, x, h, c)
    close(step.h, cell(x, (h, c))[0])
    close(step.c, cell(x, (h, c))[1])


@pytest.mark.parametrize("bias", [True, False])
def test_gru_step_is_the_cell(bias: bool) -> None:
    cell = random_cell("gru", bias=bias)
    x, h = numbers(7, D), numbers(8, H)
    close(gru_step(cell, x, h).h, cell(x, h))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_unroll_is_the_cell_step_by_step(kind: str, bias: bool) -> None:
    cell, xs, (h, c) = random_cell(kind, bias=bias), numbers(4, T, D), random_start(kind)
    trace = unroll(cell, xs, h, c)
    for t in range(T):
        if c is None:
            h = cell(xs[t], h)
        else:
            h, c = cell(xs[t], (h, c))
            close(trace[t].c, c)
        close(trace.h[t], h)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_unroll_is_the_fused_module_at_every_step(kind: str, reverse: bool) -> None:
    cell, xs, (h0, c0) = random_cell(kind), numbers(4, T, D), random_start(kind)
    state = h0[None] if c0 is None else (h0[None], c0[None])
    theirs, last = fused_of(kind, cell)(xs.flip(0) if reverse else xs, state)
    trace = unroll(cell, xs, h0, c0, reverse=reverse)
    close(trace.h, theirs.flip(0) if reverse else theirs)
    if c0 is not None:
        close(trace.c[0 if reverse else -1], last[1][0])


def test_unroll_is_the_fused_relu_rnn() -> None:
    cell, xs, (h0, _) = (
        random_cell("rnn", nonlinearity="relu"),
        numbers(4, T, D),
        random_start("rnn"),
    )
    theirs, _ = fused_of("rnn", cell, nonlinearity="relu")(xs, h0[None])
    close(unroll(cell, xs, h0).h, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_without_an_initial_state_it_is_zero_as_in_torch(kind: str) -> None:
    cell, xs = random_cell(kind), numbers(4, T, D)
    close(unroll(cell, xs).h, fused_of(kind, cell)(xs)[0])


@pytest.mark.parametrize(("kind", "name", "peepholes", "reset"), VARIANTS)
def test_every_variant_is_the_equations_written_out(
    kind: str, name: str, peepholes: bool, reset: str
) -> None:
    cell, xs, (h0, c0) = random_cell(kind), numbers(4, T, D), random_start(kind)
    options = options_of(name, peepholes, reset)
    hs, cs = by_hand(kind, cell, xs, h0, c0, options)
    trace = unroll(cell, xs, h0, c0, options)
    scale = max(1.0, float(stacked(hs).abs().max()))
    close(trace.h / scale, stacked(hs) / scale)
    if cs:
        close(trace.c / scale, stacked(cs) / scale)


@pytest.mark.parametrize(("kind", "name", "peepholes", "reset"), VARIANTS)
def test_one_step_is_the_first_of_an_unrolled_run(
    kind: str, name: str, peepholes: bool, reset: str
) -> None:
    cell, xs, (h, c) = random_cell(kind), numbers(4, T, D), random_start(kind)
    options = options_of(name, peepholes, reset)
    step: RNNStep | LSTMStep | GRUStep
    if isinstance(cell, nn.LSTMCell):
        assert c is not None
        step = lstm_step(cell, xs[0], h, c, activation=name, peepholes=options.peepholes)
    elif isinstance(cell, nn.GRUCell):
        step = gru_step(cell, xs[0], h, activation=name, reset=reset)
    else:
        step = rnn_step(cell, xs[0], h, activation=name)
    first = unroll(cell, xs, h, c, options)[0]
    for field, value in vars(step).items():
        if value is None:
            assert getattr(first, field) is None
        else:
            close(value, getattr(first, field), atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_is_float64_within_2e_6(kind: str) -> None:
    exact = random_cell(kind)
    single = random_cell(kind, dtype=torch.float32)
    xs, (h0, c0) = numbers(4, T, D), random_start(kind)
    trace = unroll(single, xs.float(), h0.float(), None if c0 is None else c0.float())
    assert trace.h.dtype == torch.float32
    exact.load_state_dict(single.state_dict())
    rounded = (h0.float().double(), None if c0 is None else c0.float().double())
    close(trace.h.double(), unroll(exact, xs.float().double(), *rounded).h, atol=2e-6)


@pytest.mark.parametrize("reset", ["after", "before"])
def test_z_that_writes_is_chungs_gru(reset: str) -> None:
    cell, xs, (h, _) = random_cell("gru"), numbers(4, T, D), random_start("gru")
    trace = unroll(cell, xs, h, options=Options(reset=reset, update="writes"))
    for t in range(T):
        step = gru_step(cell, xs[t], h, reset=reset)
        h = (1 - step.z) * h + step.z * step.n
        close(trace.h[t], h)
        close(trace.kept[t], (1 - step.z) * trace.h_prev[t])
        close(gru_step(cell, xs[t], trace.h_prev[t], reset=reset, update="writes").h, h)


@pytest.mark.parametrize("reset", ["after", "before"])
def test_negated_update_weights_turn_one_convention_of_z_into_the_other(reset: str) -> None:
    cell, xs, (h0, _) = random_cell("gru"), numbers(4, T, D), random_start("gru")
    keeps = unroll(cell, xs, h0, options=Options(reset=reset))
    unconverted = unroll(cell, xs, h0, options=Options(reset=reset, update="writes"))
    negate_update(cell)
    writes = unroll(cell, xs, h0, options=Options(reset=reset, update="writes"))
    close(writes.h, keeps.h)
    close(writes.z, 1 - keeps.z)
    assert (unconverted.h - keeps.h).abs().max() > 0.05


def test_reset_before_and_after_are_different_functions() -> None:
    cell, xs, (h0, _) = random_cell("gru"), numbers(4, T, D), random_start("gru")
    before = unroll(cell, xs, h0, options=Options(reset="before"))
    assert (before.h - unroll(cell, xs, h0).h).abs().max() > 0.05
