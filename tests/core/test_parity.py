"""Our steps against PyTorch: cell by cell, and the fused module at every timestep."""

import pytest
import torch
from torch import nn

from seqviz.core.gru import gru_step
from seqviz.core.lstm import lstm_step
from seqviz.core.rnn import rnn_step
from seqviz.core.unroll import unroll

T, D, H = 9, 3, 5
FUSED = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


def close(ours, theirs, atol=1e-12):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=atol)


@pytest.fixture
def numbers():
    """Random inputs and states of the test's own generator."""
    generator = torch.Generator().manual_seed(20)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


def torch_cell(kind, numbers, bias=True, **options):
    cell = CELLS[kind](D, H, bias=bias, dtype=torch.float64, **options)
    for parameter in cell.parameters():
        parameter.data.copy_(numbers(*parameter.shape) * 0.7)
    return cell


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_rnn_step_is_torchs(numbers, nonlinearity, bias):
    cell = torch_cell("rnn", numbers, bias, nonlinearity=nonlinearity)
    x, h = numbers(D), numbers(H)
    close(rnn_step(cell, x, h).h, cell(x, h))


@pytest.mark.parametrize("bias", [True, False])
def test_lstm_step_is_torchs(numbers, bias):
    cell = torch_cell("lstm", numbers, bias)
    x, h, c = numbers(D), numbers(H), numbers(H)
    step = lstm_step(cell, x, h, c)
    theirs_h, theirs_c = cell(x, (h, c))
    close(step.h, theirs_h)
    close(step.c, theirs_c)


@pytest.mark.parametrize("bias", [True, False])
def test_gru_step_is_torchs(numbers, bias):
    cell = torch_cell("gru", numbers, bias)
    x, h = numbers(D), numbers(H)
    close(gru_step(cell, x, h).h, cell(x, h))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_unroll_is_the_fused_module_at_every_step(numbers, kind, reverse):
    cell, xs, h0 = torch_cell(kind, numbers), numbers(T, D), numbers(H)
    c0 = numbers(H) if kind == "lstm" else None
    fused = FUSED[kind](D, H, dtype=torch.float64)
    fused.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    state = h0[None] if c0 is None else (h0[None], c0[None])
    theirs, _ = fused(xs.flip(0) if reverse else xs, state)
    close(unroll(cell, xs, h0, c0, reverse=reverse).h, theirs.flip(0) if reverse else theirs)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_unroll_is_the_cell_step_by_step(numbers, kind):
    cell, xs, h = torch_cell(kind, numbers), numbers(T, D), numbers(H)
    c = numbers(H) if kind == "lstm" else None
    trace = unroll(cell, xs, h, c)
    for t in range(T):
        if c is None:
            h = cell(xs[t], h)
        else:
            h, c = cell(xs[t], (h, c))
            close(trace[t].c, c)
        close(trace.h[t], h)
