"""The (t, k) map in blocks and logarithms, against the map with every vector and against itself."""

import copy
import math
from dataclasses import replace

import pytest
import torch

from seqviz.core import loss_map
from seqviz.core.chains import gradient_norms
from seqviz.core.gradient_map import gradient_map
from seqviz.core.gradients import gradients
from seqviz.core.jacobians import cell_to_hidden
from seqviz.core.loss_map import BLOCK, loss_norms
from seqviz.core.parameters import make_cell
from seqviz.core.unroll import Options, Trace, unroll
from seqviz.core.what_if import Force, WhatIf
from tests.core.references import (
    VARIANTS,
    D,
    H,
    T,
    numbers,
    options_of,
    random_cell,
    random_start,
)

STEPS = 3 * BLOCK + 5
DIRECT = numbers(70, STEPS, H)


def long_trace(kind: str, options: Options = Options(), steps: int = STEPS) -> Trace:
    return unroll(random_cell(kind), numbers(4, steps, D), *random_start(kind), options)


def same_norms(found: torch.Tensor, wanted: torch.Tensor) -> None:
    assert found.dtype == torch.float64
    torch.testing.assert_close(found.exp(), wanted, rtol=1e-10, atol=0)


@pytest.mark.parametrize(("kind", "activation", "peepholes", "reset"), VARIANTS)
def test_the_map_in_blocks_is_the_map(
    kind: str, activation: str, peepholes: bool, reset: str
) -> None:
    trace = long_trace(kind, options_of(activation, peepholes, reset))
    wanted = gradient_map(trace, DIRECT)
    same_norms(loss_norms(trace, DIRECT), wanted.h_norm)
    joint = wanted.h_norm
    if wanted.c_norm is not None:
        same_norms(loss_norms(trace, DIRECT, "c"), wanted.c_norm)
        held = wanted.dc - wanted.dh * cell_to_hidden(trace)  # type: ignore[operator]
        joint = torch.cat([wanted.dh, held], dim=-1).norm(dim=-1)
    same_norms(loss_norms(trace, DIRECT, "state"), joint)


@pytest.mark.parametrize("steps", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
@pytest.mark.parametrize("block", [1, BLOCK])
def test_every_length_and_block_gives_the_same_map(
    steps: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss_map, "BLOCK", block)
    trace = long_trace("lstm", steps=steps)
    found = loss_norms(trace, DIRECT[:steps])
    same_norms(found, gradient_map(trace, DIRECT[:steps]).h_norm)
    assert found.triu(1)[torch.ones_like(found).triu(1).bool()].eq(-math.inf).all()


def test_a_forgotten_step_is_an_exact_zero_and_everything_after_it_is_not() -> None:
    where = BLOCK + 3
    force = Options(what_if=WhatIf(force=Force("f", 0.0, None, where)))
    trace = long_trace("lstm", force)
    same_norms(loss_norms(trace, DIRECT, "c"), gradient_map(trace, DIRECT).c_norm)  # type: ignore[arg-type]
    wiped = loss_norms(long_trace("gru", Options(what_if=WhatIf(wipe=True))), DIRECT)
    assert wiped.fill_diagonal_(-math.inf).eq(-math.inf).all()


def test_a_long_run_in_float32_is_measured_without_underflow() -> None:
    cell = make_cell("gru", 2, 6, seed=3, dtype=torch.float32)
    trace = unroll(cell, numbers(8, 400, 2, dtype=torch.float32))
    alone = torch.zeros_like(trace.h)
    alone[-1] = 1
    assert gradients(trace, "last").h_norm[0] == 0
    found = loss_norms(trace, alone)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found[-1], gradient_norms(trace, alone).h, rtol=0, atol=1e-5)
    assert found[-1, 0] < math.log(1e-45)
    assert found[:-1].eq(-math.inf).all()


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("part", ["h", "state"])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_product_in_float32_is_right_to_one_part_in_a_hundred_thousand(
    kind: str, part: str, gain: float
) -> None:
    cell = make_cell(kind, 3, 12, seed=5, gain=gain, dtype=torch.float32)
    trace = unroll(cell, numbers(8, 300, 3, dtype=torch.float32))
    direct = numbers(9, 300, 12)
    wanted = loss_norms(in_float64(trace), direct, part)
    found = loss_norms(trace, direct, part)
    assert (found != wanted).any()
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rate", [1e-7, 1e7])
def test_small_and_large_factors_leave_float32_alone(rate: float) -> None:
    cell = make_cell("rnn", 1, 3, init="identity", gain=rate, seed=0, dtype=torch.float32)
    rate = float(cell.weight_hh.detach()[0, 0])
    trace = unroll(cell, torch.zeros(60, 1), options=Options("identity"))
    found = loss_norms(trace, torch.ones_like(trace.h))
    after = torch.arange(59, -1, -1, dtype=torch.float64)
    wanted = after * math.log(rate) + math.log(3) / 2
    torch.testing.assert_close(found[-1], wanted, rtol=0, atol=1e-5)


def in_float64(trace: Trace) -> Trace:
    """The very numbers of a run in float32, to go on with in float64."""
    record = {name: value for name, value in vars(trace.record).items() if value is not None}
    wide = {name: value.double() for name, value in record.items()}
    c0 = None if trace.c0 is None else trace.c0.double()
    return replace(
        trace,
        cell=copy.deepcopy(trace.cell).double(),
        h0=trace.h0.double(),
        c0=c0,
        record=replace(trace.record, **wide),
    )


def test_extraordinary_factors_are_taken_one_at_a_time() -> None:
    cell = make_cell("rnn", 1, 4, init="identity", gain=1e30, seed=0)
    trace = unroll(cell, torch.ones(30, 1, dtype=torch.float64), options=Options("identity"))
    direct = torch.zeros_like(trace.h)
    direct[-1, 0] = 1
    after = torch.arange(29, -1, -1, dtype=torch.float64)
    torch.testing.assert_close(loss_norms(trace, direct)[-1], after * math.log(1e30))
    assert loss_norms(trace, torch.full_like(trace.h, math.nan))[-1].isnan().all()


def test_what_does_not_fit_is_refused() -> None:
    rnn = long_trace("rnn", steps=T)
    reverse = unroll(rnn.cell, rnn.x, rnn.h0, reverse=True)
    for trace, direct, part, message in (
        (rnn, DIRECT[:2], "h", r"expected direct of shape \(9, 5\), got \(2, 5\)"),
        (rnn, DIRECT[:T], "x", "expected part h, c, state, got 'x'"),
        (rnn, DIRECT[:T], "c", "expected part c for an lstm only, got rnn"),
        (reverse, DIRECT[:T], "h", "expected a forward trace, got a reversed one"),
    ):
        with pytest.raises(ValueError, match=message):
            loss_norms(trace, direct, part)
