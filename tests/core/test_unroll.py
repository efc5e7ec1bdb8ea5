"""What a run refuses, and that `run_steps` keeps a graph which trains everything."""

from typing import Any

import pytest
import torch
from torch import nn

from seqviz.core.gru import gru_step
from seqviz.core.lstm import lstm_step
from seqviz.core.rnn import rnn_step
from seqviz.core.unroll import Options, run_steps, unroll
from tests.core.references import (
    KINDS,
    VARIANTS,
    D,
    H,
    T,
    by_hand,
    close,
    numbers,
    options_of,
    random_cell,
    random_peepholes,
    random_start,
)

XS = numbers(4, T, D)
DOUBLE = torch.float64


@pytest.mark.parametrize(
    ("xs", "came"),
    [
        (numbers(4, 5, 4), r"of shape \(time, 3\), got \(5, 4\)"),
        (numbers(4, D), r"of shape \(time, 3\), got \(3,\)"),
        (numbers(4, 2, 5, D), r"of shape \(time, 3\), got \(2, 5, 3\)"),
        (numbers(4, 0, D), r"of shape \(time, 3\), got \(0, 3\)"),
        (numbers(4, T, D).float(), "of torch.float64, got torch.float32"),
        (torch.ones(T, D, dtype=torch.int64), "of torch.float64, got torch.int64"),
        ([[1.0, 2.0, 3.0]], r"of shape \(time, 3\), got a list"),
    ],
)
def test_unfit_input_is_refused(xs: Any, came: str) -> None:
    with pytest.raises(ValueError, match=f"unroll: expected xs {came}"):
        unroll(random_cell("lstm"), xs)


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence"),
    [
        ("gru", {"h0": numbers(1, 4)}, r"expected h0 of shape \(5,\), got \(4,\)"),
        ("gru", {"h0": numbers(1, H).float()}, "expected h0 of torch.float64, got torch.float32"),
        ("gru", {"c0": numbers(1, H)}, "expected c0 with an LSTM only, got gru"),
        ("lstm", {"c0": numbers(1, 1, H)}, r"expected c0 of shape \(5,\), got \(1, 5\)"),
        ("gru", {"options": Options("softmax")}, "expected one of tanh, .*got 'softmax'"),
        ("gru", {"options": Options(reset="never")}, "expected reset after or before, got 'never'"),
        ("rnn", {"options": Options(reset="before")}, "expected reset before with a GRU only"),
        ("gru", {"options": Options(update="adds")}, "expected update keeps or writes, got 'adds'"),
        ("lstm", {"options": Options(update="writes")}, "expected z writes with a GRU only"),
        (
            "gru",
            {"options": Options(peepholes=random_peepholes())},
            "expected peepholes with an LSTM only, got gru",
        ),
        (
            "lstm",
            {"options": Options(peepholes=random_peepholes(size=4))},
            r"expected p_i of shape \(5,\), got \(4,\)",
        ),
    ],
)
def test_unfit_arguments_are_refused(kind: str, arguments: dict[str, Any], sentence: str) -> None:
    for run in (unroll, run_steps):
        with pytest.raises(ValueError, match=sentence):
            run(random_cell(kind), XS, **arguments)


def test_steps_refuse_in_their_own_name() -> None:
    x, h = numbers(1, D), numbers(2, H)
    with pytest.raises(ValueError, match=r"rnn_step: expected x of shape \(3,\), got \(5,\)"):
        rnn_step(random_cell("rnn"), h, h)
    with pytest.raises(ValueError, match=r"gru_step: expected h of shape \(5,\), got \(3,\)"):
        gru_step(random_cell("gru"), x, x)
    with pytest.raises(ValueError, match="gru_step: expected reset after or before, got 'x'"):
        gru_step(random_cell("gru"), x, h, reset="x")
    with pytest.raises(ValueError, match=r"lstm_step: expected c of shape \(5,\), got \(3,\)"):
        lstm_step(random_cell("lstm"), x, h, x)
    with pytest.raises(ValueError, match=r"lstm_step: expected p_i of shape \(5,\), got \(4,\)"):
        lstm_step(random_cell("lstm"), x, h, h, peepholes=random_peepholes(size=4))


def test_something_that_is_no_cell_is_refused() -> None:
    cell: Any = nn.Linear(D, H)
    with pytest.raises(ValueError, match=r"expected nn.RNNCell, .*got Linear"):
        unroll(cell, XS)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_not_finite_flow(kind: str, value: float) -> None:
    xs = XS.clone()
    xs[3] = value
    trace = unroll(random_cell(kind), xs)
    assert torch.isfinite(trace.h[:3]).all()
    assert trace.x[3].equal(xs[3]) or torch.isnan(trace.x[3]).all()


@pytest.mark.parametrize(("kind", "name", "peepholes", "reset"), VARIANTS)
def test_gradients_reach_every_parameter_and_are_autograds(
    kind: str, name: str, peepholes: bool, reset: str
) -> None:
    cell, (h0, c0) = random_cell(kind), random_start(kind)
    options = options_of(name, peepholes, reset)
    learned = [*cell.parameters(), *(options.peepholes.parameters() if options.peepholes else ())]
    learned += [state.requires_grad_() for state in (h0, c0) if state is not None]
    weights = numbers(70, T, H)
    ours = torch.autograd.grad((run_steps(cell, XS, h0, c0, options).h * weights).sum(), learned)
    hs, _ = by_hand(kind, cell, XS, h0, c0, options)
    theirs = torch.autograd.grad((torch.stack(hs) * weights).sum(), learned)
    for mine, reference in zip(ours, theirs, strict=True):
        scale = max(1.0, float(reference.abs().max()))
        assert reference.abs().max() > 0
        close(mine / scale, reference / scale)


@pytest.mark.parametrize("kind", KINDS)
def test_run_steps_and_unroll_give_the_same_numbers(kind: str) -> None:
    cell, start = random_cell(kind), random_start(kind)
    assert torch.equal(run_steps(cell, XS, *start).h, unroll(cell, XS, *start).h)


@pytest.mark.parametrize(("kind", "name", "peepholes", "reset"), VARIANTS)
def test_batch_is_its_sequences(kind: str, name: str, peepholes: bool, reset: str) -> None:
    cell, xs, (h0, c0) = random_cell(kind), numbers(4, T, 4, D), random_start(kind)
    options = options_of(name, peepholes, reset)
    record = run_steps(cell, xs, h0, c0, options)
    assert record.h.shape == (T, 4, H)
    for b in range(4):
        trace = unroll(cell, xs[:, b], h0, c0, options)
        scale = max(1.0, float(trace.h.abs().max()))
        close(record.h[:, b] / scale, trace.h / scale)


def test_batch_may_have_an_initial_state_each() -> None:
    cell, xs, h0 = random_cell("gru"), numbers(4, T, 2, D), numbers(5, 2, H)
    record = run_steps(cell, xs, h0)
    for b in range(2):
        close(record.h[:, b], unroll(cell, xs[:, b], h0[b]).h)
    with pytest.raises(ValueError, match=r"run_steps: expected h0 of shape \(2, 5\), got \(3, 5\)"):
        run_steps(cell, xs, numbers(5, 3, H))


def test_trace_does_not_move_or_read_the_global_generator() -> None:
    cell, options = random_cell("lstm"), options_of("tanh", True, "after")
    state = torch.random.get_rng_state()
    unroll(cell, XS, options=options)
    assert torch.equal(torch.random.get_rng_state(), state)
