"""One unit that latches one bit: when it holds and when an input flips it (R6).

Bengio, Simard & Frasconi 1994. h = tanh(w h + u): with w > 1 there are two stable states, and a
constant input moves the unit from one to the other only above u* = √(w(w−1)) − arccosh √w, where
the stable state and the unstable one meet.
"""

import math

import pytest
import torch

from seqviz.core.parameters import make_cell
from seqviz.core.unroll import unroll


def settled(w: float, u: float, start: float, steps: int) -> float:
    """Where a unit that began at `start` stands after a long constant input."""
    cell = make_cell("rnn", 1, 1, seed=0)
    with torch.no_grad():
        cell.weight_hh.fill_(w)
        cell.weight_ih.fill_(1.0)
        cell.bias_ih.zero_()
        cell.bias_hh.zero_()
    xs = torch.full((steps, 1), u, dtype=torch.float64)
    return float(unroll(cell, xs, torch.tensor([start], dtype=torch.float64)).h[-1, 0])


def threshold(w: float) -> float:
    return math.sqrt(w * (w - 1)) - math.acosh(math.sqrt(w))


@pytest.mark.parametrize(("w", "printed"), [(1.25, 0.077805), (2.0, 0.532840), (3.0, 1.303274)])
def test_a_bit_is_held_below_the_threshold_and_flipped_above_it_r6(
    w: float, printed: float
) -> None:
    assert threshold(w) == pytest.approx(printed, abs=5e-7)
    assert settled(w, -(printed - 1e-5), 1.0, 6000) > 0.3
    assert settled(w, -(printed + 1e-5), 1.0, 6000) < -0.3


def test_without_a_gain_above_one_nothing_is_held_r6() -> None:
    assert settled(2.0, 0.0, 0.1, 200) > 0.9
    assert settled(2.0, 0.0, -0.1, 200) < -0.9
    assert abs(settled(0.9, 0.0, 1.0, 400)) < 1e-9
