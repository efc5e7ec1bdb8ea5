"""Laws every run obeys, whatever the numbers: bounds, reconstruction, counting, causality."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqviz.core.activations import ACTIVATIONS, find_activation
from seqviz.core.parameters import INITS, initial_state, make_cell
from seqviz.core.unroll import Options, Trace, unroll
from seqviz.core.what_if import Force, WhatIf
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

SIZES = st.integers(1, 6)


@st.composite
def runs(draw: st.DrawFn, largest_gain: float = 3) -> Trace:
    kind = draw(st.sampled_from(KINDS))
    inputs, hidden, steps = draw(SIZES), draw(SIZES), draw(st.integers(1, 12))
    seed, gain = draw(st.integers(0, 2**31)), draw(st.floats(0, largest_gain))
    cell = make_cell(kind, inputs, hidden, init=draw(st.sampled_from(INITS)), gain=gain, seed=seed)
    state = initial_state(kind, hidden, draw(st.sampled_from(("zero", "random"))), seed)
    options = Options(
        reset=draw(st.sampled_from(("after", "before"))) if kind == "gru" else "after"
    )
    xs = numbers(seed, steps, inputs) * draw(st.floats(0, 4))
    return unroll(cell, xs, *state, options, draw(st.booleans()))


@given(runs())
@settings(max_examples=80, deadline=None)
def test_gates_lie_between_0_and_1_and_h_between_minus_1_and_1(trace: Trace) -> None:
    for gate in {"rnn": "", "lstm": "ifo", "gru": "rz"}[trace.kind]:
        value = getattr(trace, gate)
        assert (value >= 0).all()
        assert (value <= 1).all()
    assert (trace.h.abs() <= 1).all()
    if trace.kind == "lstm":
        assert (trace.g.abs() <= 1).all()
        assert (trace.c.abs() <= trace.f * trace.c_prev.abs() + trace.i).all()


@given(runs())
@settings(max_examples=80, deadline=None)
def test_state_of_each_step_enters_the_next(trace: Trace) -> None:
    before, after = (slice(1, None), slice(None, -1))
    if trace.reverse:
        before, after = after, before
    assert torch.equal(trace.h_prev[before], trace.h[after])
    if trace.kind == "lstm":
        assert torch.equal(trace.c_prev[before], trace.c[after])


@given(runs(), st.data())
@settings(max_examples=40, deadline=None)
def test_the_future_does_not_reach_back(trace: Trace, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, len(trace) - 1))
    xs = trace.x.clone()
    xs[k] += 1
    changed = unroll(trace.cell, xs, trace.h0, trace.c0, trace.options, trace.reverse)
    untouched = slice(k + 1, None) if trace.reverse else slice(None, k)
    close(changed.h[untouched], trace.h[untouched], atol=1e-13)


@given(runs(largest_gain=1), st.data())
@settings(max_examples=40, deadline=None)
def test_a_run_may_be_cut_and_continued(trace: Trace, data: st.DataObject) -> None:
    if trace.reverse or len(trace) < 2:
        return
    k = data.draw(st.integers(1, len(trace) - 1))
    c = trace.c[k - 1] if trace.kind == "lstm" else None
    rest = unroll(trace.cell, trace.x[k:], trace.h[k - 1], c, trace.options)
    close(rest.h, trace.h[k:], atol=1e-9)


@given(runs(largest_gain=1))
@settings(max_examples=40, deadline=None)
def test_reversed_run_is_the_run_over_the_reversed_input(trace: Trace) -> None:
    other = unroll(
        trace.cell, trace.x.flip(0), trace.h0, trace.c0, trace.options, not trace.reverse
    )
    close(other.h.flip(0), trace.h, atol=1e-9)


@pytest.mark.parametrize(("kind", "name", "peepholes", "reset"), VARIANTS)
@pytest.mark.parametrize("forced", [False, True])
def test_stored_values_give_the_next_ones_bit_for_bit(
    kind: str, name: str, peepholes: bool, reset: str, forced: bool
) -> None:
    options = options_of(name, peepholes, reset)
    if forced and kind != "rnn":
        force = Force("f" if kind == "lstm" else "z", 0.75, unit=1, step=2)
        options = Options(name, options.peepholes, reset, WhatIf(force=force))
    run = unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), options)
    again = {"rnn": rnn_again, "lstm": lstm_again, "gru": gru_again}[kind]
    for t in range(T):
        for field, value in again(run[t], options).items():
            assert torch.equal(value, getattr(run[t], field)), field


def rnn_again(s: Any, options: Options) -> dict[str, torch.Tensor]:
    phi = find_activation(options.activation or "tanh").function
    return {"h_pre": s.h_x + s.h_h, "h": phi(s.h_pre)}


def lstm_again(s: Any, options: Options) -> dict[str, torch.Tensor]:
    phi = find_activation(options.activation or "tanh").function
    again = {
        "g_pre": s.g_x + s.g_h,
        "g": phi(s.g_pre),
        "kept": s.f * s.c_prev,
        "written": s.i * s.g,
        "c": s.kept + s.written,
        "c_act": phi(s.c),
        "h": s.o * s.c_act,
    }
    for gate, seen in (("i", s.c_prev), ("f", s.c_prev), ("o", s.c)):
        parts = [getattr(s, f"{gate}_{part}") for part in "xhc"]
        total = parts[0] + parts[1]
        if options.peepholes is not None:
            again[f"{gate}_c"] = getattr(options.peepholes, f"p_{gate}") * seen
            total = total + parts[2]
        again[f"{gate}_pre"] = total
        free = getattr(s, f"{gate}_free")
        again[gate if free is None else f"{gate}_free"] = torch.sigmoid(getattr(s, f"{gate}_pre"))
    return again


def gru_again(s: Any, options: Options) -> dict[str, torch.Tensor]:
    phi = find_activation(options.activation or "tanh").function
    again = {
        "r_pre": s.r_x + s.r_h,
        "r": torch.sigmoid(s.r_pre),
        "z_pre": s.z_x + s.z_h,
        "z" if s.z_free is None else "z_free": torch.sigmoid(s.z_pre),
        "n": phi(s.n_pre),
        "kept": s.z * s.h_prev,
        "z_rest": 1 - s.z,
        "written": s.z_rest * s.n,
        "h": s.kept + s.written,
    }
    if options.reset == "after":
        return again | {"n_gated": s.r * s.n_h, "n_pre": s.n_x + s.n_gated}
    return again | {"h_reset": s.r * s.h_prev, "n_pre": s.n_x + s.n_h}


def test_lstm_with_every_gate_open_counts() -> None:
    cell = make_cell("lstm", 1, 1, seed=0)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih[:] = torch.tensor([40.0, 40.0, 20.0, 40.0])
    trace = unroll(cell, torch.zeros(50, 1, dtype=torch.float64))
    steps = torch.arange(1, 51, dtype=torch.float64)[:, None]
    close(trace.c, steps * torch.tanh(torch.tensor(20.0, dtype=torch.float64)), atol=1e-12)
    assert float(trace.c[-1]) == pytest.approx(50)
    close(trace.h, torch.tanh(trace.c))


def test_forget_gate_alone_decays_as_its_power() -> None:
    for bias, published in ((0, 9.5e-7), (1, 1.9e-3), (2, 7.9e-2), (3, 0.378)):
        cell = make_cell("lstm", 1, 1, gain=0, forget_bias=bias, seed=0)
        with torch.no_grad():
            cell.weight_ih.zero_()
        trace = unroll(
            cell,
            torch.zeros(20, 1, dtype=torch.float64),
            options=Options(what_if=WhatIf(force=Force("i", 0.0))),
            c0=torch.ones(1, dtype=torch.float64),
        )
        assert float(trace.c[-1]) == pytest.approx(float(trace.f.prod()), rel=1e-12)
        assert float(trace.c[-1]) == pytest.approx(published, rel=0.03)


def test_gru_with_z_1_keeps_and_with_z_0_replaces() -> None:
    cell, (h0, _) = random_cell("gru"), random_start("gru")
    keep, replace = (
        unroll(cell, numbers(4, T, D), h0, options=Options(what_if=WhatIf(force=Force("z", z))))
        for z in (1.0, 0.0)
    )
    assert torch.equal(keep.h, h0.expand(T, H))
    assert torch.equal(replace.h, replace.n)


def test_identity_rnn_without_input_is_one_matrix_power() -> None:
    cell = random_cell("rnn", bias=False)
    h0, _ = random_start("rnn")
    trace = unroll(cell, torch.zeros(6, D, dtype=torch.float64), h0, options=Options("identity"))
    close(trace.h[-1], torch.linalg.matrix_power(cell.weight_hh, 6) @ h0, atol=1e-10)


def test_concatenated_weights_are_the_sum_of_two_products() -> None:
    cell, xs = random_cell("rnn"), numbers(4, T, D)
    trace = unroll(cell, xs, random_start("rnn")[0])
    W = torch.cat([cell.weight_hh, cell.weight_ih], 1)
    both = torch.cat([trace.h_prev, trace.x], 1)
    close(trace.h_pre, both @ W.T + cell.bias_ih + cell.bias_hh)


def test_rnn_without_recurrent_weights_looks_at_one_step_only() -> None:
    cell, xs = random_cell("rnn"), numbers(4, T, D)
    cell.weight_hh.data.zero_()
    close(unroll(cell, xs).h.flip(0), unroll(cell, xs.flip(0)).h)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_of_an_activation_is_autograds(name: str) -> None:
    pre = (numbers(5, 40) * 3).requires_grad_()
    activation = find_activation(name)
    (slope,) = torch.autograd.grad(activation.function(pre).sum(), pre)
    close(activation.derivative(pre), slope)
    assert activation.name == name


def test_unknown_activation_is_refused() -> None:
    with pytest.raises(
        ValueError, match="expected one of tanh, sigmoid, relu, identity, got 'gelu'"
    ):
        find_activation("gelu")
