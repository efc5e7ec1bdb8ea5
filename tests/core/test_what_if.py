"""Interventions: what is wiped or forced, and that the free value stays on record."""

import pytest
import torch

from seqviz.core.gru import gru_step
from seqviz.core.lstm import lstm_step
from seqviz.core.rnn import rnn_step
from seqviz.core.unroll import Options, Trace, unroll
from seqviz.core.what_if import Force, WhatIf
from tests.core.references import KINDS, D, H, T, close, numbers, random_cell, random_start

GATES = [("lstm", "i"), ("lstm", "f"), ("lstm", "o"), ("gru", "r"), ("gru", "z")]


def run(kind: str, what_if: WhatIf | None = None) -> Trace:
    return unroll(
        random_cell(kind), numbers(4, T, D), *random_start(kind), Options(what_if=what_if)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_wiped_run_is_every_step_from_zero(kind: str) -> None:
    trace = run(kind, WhatIf(wipe=True))
    assert torch.equal(trace.h_prev, torch.zeros(T, H, dtype=torch.float64))
    if kind == "lstm":
        assert torch.equal(trace.c_prev, torch.zeros(T, H, dtype=torch.float64))
    for t in range(T):
        close(trace.h[t], unroll(random_cell(kind), numbers(4, T, D)[t : t + 1]).h[0])


@pytest.mark.parametrize("kind", KINDS)
def test_wiped_cell_answers_the_same_letter_the_same(kind: str) -> None:
    xs = torch.eye(3, dtype=torch.float64)[[0, 1, 1, 2]]
    wiped = unroll(random_cell(kind), xs, options=Options(what_if=WhatIf(wipe=True)))
    free = unroll(random_cell(kind), xs)
    assert torch.equal(wiped.h[1], wiped.h[2])
    assert (free.h[1] - free.h[2]).abs().max() > 1e-3


def test_rnn_wiped_is_the_rnn_without_recurrent_weights_but_an_lstm_is_not() -> None:
    for kind in ("rnn", "lstm"):
        cell, xs = random_cell(kind), numbers(4, T, D)
        wiped = unroll(cell, xs, options=Options(what_if=WhatIf(wipe=True)))
        cell.weight_hh.data.zero_()
        difference = (unroll(cell, xs).h - wiped.h).abs().max()
        assert difference < 1e-14 if kind == "rnn" else difference > 0.01


@pytest.mark.parametrize(("kind", "gate"), GATES)
def test_gate_forced_everywhere(kind: str, gate: str) -> None:
    trace = run(kind, WhatIf(force=Force(gate, 0.25)))
    assert torch.equal(getattr(trace, gate), torch.full((T, H), 0.25, dtype=torch.float64))
    close(getattr(trace, f"{gate}_free"), torch.sigmoid(getattr(trace, f"{gate}_pre")))


@pytest.mark.parametrize(("kind", "gate"), GATES)
def test_gate_forced_for_one_unit_at_one_step(kind: str, gate: str) -> None:
    trace, free = run(kind, WhatIf(force=Force(gate, 1.0, unit=2, step=4))), run(kind)
    changed = getattr(trace, gate) != getattr(trace, f"{gate}_free")
    assert changed.nonzero().tolist() == [[4, 2]]
    assert getattr(trace, gate)[4, 2] == 1
    assert torch.equal(trace.h[:4], free.h[:4])
    assert (trace.h[4:] - free.h[4:]).abs().max() > 1e-5


@pytest.mark.parametrize(("kind", "gate"), GATES)
def test_forcing_a_gate_to_what_it_was_changes_nothing(kind: str, gate: str) -> None:
    free = run(kind)
    value = float(getattr(free, gate)[3, 1])
    forced = run(kind, WhatIf(force=Force(gate, value, unit=1, step=3)))
    assert torch.equal(forced.h, free.h)


def test_reversed_run_is_forced_at_the_time_of_its_input() -> None:
    trace = unroll(
        random_cell("gru"),
        numbers(4, T, D),
        options=Options(what_if=WhatIf(force=Force("z", 1.0, step=2))),
        reverse=True,
    )
    assert (trace.z == 1).all(1).nonzero().flatten().tolist() == [2]


def test_single_steps_take_what_ifs_too() -> None:
    x, h, c = numbers(7, D), numbers(8, H), numbers(9, H)
    wipe = WhatIf(wipe=True)
    assert not rnn_step(random_cell("rnn"), x, h, what_if=wipe).h_prev.any()
    step = lstm_step(random_cell("lstm"), x, h, c, what_if=WhatIf(wipe=True, force=Force("f", 1)))
    assert not step.c_prev.any()
    assert (step.f == 1).all()
    assert (gru_step(random_cell("gru"), x, h, what_if=WhatIf(force=Force("z", 1))).h == h).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("q", 0.5), "expected gate i, f, o, r or z, got 'q'"),
        (("g", 0.5), "expected gate i, f, o, r or z, got 'g'"),
        (("fo", 0.5), "expected gate i, f, o, r or z, got 'fo'"),
        (("", 0.5), "expected gate i, f, o, r or z, got ''"),
        (("f", -0.5), "expected a value from 0 to 1, got -0.5"),
        (("f", 1.5), "expected a value from 0 to 1, got 1.5"),
        (("f", float("nan")), "expected a value from 0 to 1, got nan"),
        (("f", 0.5, -1), "expected unit of 0 or more, got -1"),
        (("f", 0.5, 0, -2), "expected step of 0 or more, got -2"),
    ],
)
def test_senseless_forces_are_refused(arguments: tuple[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Force(*arguments)


@pytest.mark.parametrize(
    ("kind", "force", "sentence"),
    [
        ("rnn", Force("f", 1), "unroll: expected no force for rnn, got f"),
        ("lstm", Force("z", 1), "unroll: expected one of the gates i, f, o for lstm, got z"),
        ("gru", Force("f", 1), "unroll: expected one of the gates r, z for gru, got f"),
        ("gru", Force("z", 1, unit=H), "unroll: expected a forced unit below 5, got 5"),
        ("gru", Force("z", 1, step=T), "unroll: expected a forced step below 9, got 9"),
    ],
)
def test_forces_without_a_place_are_refused(kind: str, force: Force, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        run(kind, WhatIf(force=force))
