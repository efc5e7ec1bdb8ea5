"""What the gradient chart draws: ratios, floor and ceiling, bands, absolute values on hover."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from seqviz.core.gradients import Gradients, gradients
from seqviz.core.unroll import unroll
from seqviz.figures.gradient import Curve, curves, drawn, gradient_figure, limits
from seqviz.text import Words
from tests.core.references import D, H, T, numbers, random_cell, random_start

WORDS = Words("en", "player", "figures").flat


def record(*norms: float, c: Sequence[float] | None = None) -> Gradients:
    """Gradients with one unit, given their norms; the last step's is the direct part."""
    h = torch.tensor(norms, dtype=torch.float64)
    direct = torch.zeros_like(h)
    direct[-1] = h[-1]
    cell = None if c is None else torch.tensor(c, dtype=torch.float64)
    vectors = None if cell is None else cell[:, None]
    return Gradients(h[-1], h[:, None], vectors, direct[:, None], h, cell, direct, h[:1], None)


def test_ratios_are_measured_against_the_reference_step() -> None:
    h, c, direct = curves(record(0.02, 0.2, 2.0, c=[5.0, 0.5, 0.05]), reference=2)
    assert [(curve.state, curve.part) for curve in (h, c, direct)] == [
        ("h", "total"),
        ("c", "total"),
        ("h", "direct"),
    ]
    np.testing.assert_allclose(h.ratio, [-2, -1, 0], atol=1e-12)
    np.testing.assert_allclose(c.ratio, [2, 1, 0], atol=1e-12)
    assert direct.ratio.tolist() == [-math.inf, -math.inf, 0]
    np.testing.assert_array_equal(h.absolute, [0.02, 0.2, 2.0])


def test_without_a_reference_the_largest_is_one() -> None:
    h, direct = curves(record(0.1, 10.0, 1.0))
    np.testing.assert_allclose(h.ratio, [-2, 0, -1], atol=1e-12)
    assert direct.ratio[-1] == pytest.approx(-1)


def test_ratios_of_a_run_are_those_of_its_norms() -> None:
    trace = unroll(random_cell("lstm"), numbers(4, T, D), *random_start("lstm"))
    found = gradients(trace, "last")
    h, c, _ = curves(found, T - 1)
    assert found.c_norm is not None
    np.testing.assert_allclose(10**h.ratio, found.h_norm / found.h_norm[-1], rtol=1e-12)
    np.testing.assert_allclose(10**c.ratio, found.c_norm / found.c_norm[-1], rtol=1e-12)


def test_against_zero_everything_else_is_infinite() -> None:
    h, _ = curves(record(0.0, 3.0, math.nan, 0.0), reference=3)
    assert h.ratio[0] == -math.inf
    assert h.ratio[1] == math.inf
    assert math.isnan(h.ratio[2])


@pytest.mark.parametrize(
    ("norms", "wanted"),
    [
        ((1.0, 1.0), (-8, 3)),
        ((2e-10, 1.0), (-10, 3)),
        ((1e-30, 1.0), (-12, 3)),
        ((2e4, 1.0), (-8, 5)),
        ((1e30, 1.0), (-8, 6)),
        ((math.nan, 1.0), (-8, 3)),
        ((math.inf, 1.0), (-8, 3)),
    ],
)
def test_limits_hold_what_is_finite_within_bounds(
    norms: tuple[float, ...], wanted: tuple[int, int]
) -> None:
    assert limits(curves(record(*norms), len(norms) - 1)) == wanted


def test_what_lies_outside_is_drawn_on_the_edge() -> None:
    values = np.array([-np.inf, -40.0, -3.5, np.nan, np.inf, 7.0])
    found = drawn(Curve("h", "total", values, values), -8, 3)
    assert found.dtype == np.float32
    assert found.tolist() == [-8, -8, -3.5, 3, 3, 3]


def test_the_figure_names_axes_bands_and_floor() -> None:
    figure = gradient_figure(record(1e-7, 1e-4, 1.0, c=[1e-9, 1e-4, 1.0]), WORDS, 2)
    assert figure.layout.xaxis.title.text == "step"
    assert figure.layout.yaxis.title.text == "size against the last step"
    assert tuple(figure.layout.yaxis.range) == (-9, 3)
    assert [line.name for line in figure.data] == ["∂L/∂h", "∂L/∂c", "∂L/∂h direct"]
    bands = {s.name: (s.y0, s.y1) for s in figure.layout.shapes if s.type == "rect"}
    assert bands == {"exploding": (2, 3), "alive": (-3, 2), "shrinking": (-6, -3), "zero": (-9, -6)}
    texts = [note.text for note in figure.layout.annotations]
    named = [WORDS[f"gradient.{name}"] for name in bands]
    assert texts == [*named, "10<sup>-9</sup> or less"]
    largest = gradient_figure(record(1.0, 2.0), WORDS)
    assert largest.layout.yaxis.title.text == "size against the largest"


def test_the_figure_counts_steps_from_1_and_says_the_absolute_value() -> None:
    found = record(1e-60, 1e-4, 1.0)
    line = gradient_figure(found, WORDS, 2).data[0]
    assert line.x.tolist() == [1, 2, 3]
    assert line.y.dtype == np.float32
    assert line.customdata.tolist() == [1e-60, 1e-4, 1.0]
    assert line.hovertemplate == "step %{x}<br>‖∂L/∂h‖ = %{customdata:.4~g}<extra></extra>"


def test_lines_differ_by_more_than_their_colour() -> None:
    trace = unroll(random_cell("lstm"), numbers(4, T, D), torch.zeros(H).double())
    lines = gradient_figure(gradients(trace), WORDS, T - 1).data
    assert len({(line.mode, line.marker.symbol, line.line.dash) for line in lines}) == 3
