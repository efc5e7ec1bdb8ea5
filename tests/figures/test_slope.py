"""The activation and its slope, with the pre-activations of a run on both curves."""

import re

import pytest

from seqviz.figures.slope import SHOWN, slope_svg


@pytest.mark.parametrize(("values", "dots"), [(0, 0), (1, 1), (60, 60), (61, 31), (119, 60)])
def test_every_pre_activation_is_a_dot_up_to_a_limit(values: int, dots: int) -> None:
    svg = slope_svg("tanh", [0.01 * k for k in range(values)], function="f", slope="s", alt="a")
    assert dots <= SHOWN
    assert svg.count("<circle") == 2 * dots


def test_dots_lie_on_the_curve_and_on_its_slope() -> None:
    svg = slope_svg("sigmoid", [0.0, 2.0], function="f", slope="s", alt="a")
    circles = [
        (float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)
    ]
    low, high = 172.0, 28.0
    heights = [(low - y) / (low - high) for _, y in circles]
    assert heights == pytest.approx([0.5, 0.8808, 0.25, 0.1050], abs=1e-3)
    assert circles[0][0] == pytest.approx(140)
    assert circles[1][0] - circles[0][0] == pytest.approx(2 / 4 * 112, abs=0.1)
