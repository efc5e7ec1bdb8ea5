"""Pascanu's figure 6 against autograd and its closed forms (R3, R4)."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqviz.core.cliff import (
    JUMP_B,
    JUMP_CLIP,
    JUMP_RATE,
    JUMP_W,
    descend,
    evaluate,
    folds,
    growth,
    steepest,
    surface,
    wall,
)
from tests.core.references import close


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@settings(deadline=None)
@given(st.floats(-6, 6), st.floats(-5, 5))
def test_error_and_gradient_are_autograds(w: float, b: float) -> None:
    point = torch.tensor([w, b], dtype=torch.float64, requires_grad=True)
    x = number(0.5)
    for _ in range(50):
        x = point[0] * torch.sigmoid(x) + point[1]
    error = (torch.sigmoid(x) - 0.7) ** 2
    (wanted,) = torch.autograd.grad(error, point)
    found = evaluate(number(w), number(b))
    close(found.error, error)
    scale = max(1.0, float(wanted.norm()))
    close(torch.stack([found.dw, found.db]) / scale, wanted / scale)
    close(found.norm / scale, wanted.norm() / scale)


def test_on_the_wall_the_start_is_a_fixed_point_r3() -> None:
    for w in (5.0, 6.0, 7.0):
        b = wall(number(w))
        close(w * torch.sigmoid(number(0.5)) + b, number(0.5))
    assert wall(number(5.0)).item() == pytest.approx(-2.61230, abs=1e-5)
    assert growth(5.0) == pytest.approx(5 * torch.sigmoid(number(0.5)).item() * 0.377541, rel=1e-5)


@pytest.mark.parametrize(
    ("w", "highest", "away"), [(5.0, 5.75e3, 3e-4), (6.0, 1.66e7, 1e-7), (7.0, 2.15e10, 1e-10)]
)
def test_the_wall_is_as_steep_as_lambda_to_the_fifty_r3(
    w: float, highest: float, away: float
) -> None:
    found = steepest(w)
    assert abs(found.db.item()) == pytest.approx(highest, rel=5e-3)
    assert found.b.item() == pytest.approx(wall(number(w)).item(), abs=away)
    assert 0.1 < abs(found.db.item()) / growth(w) ** 50 < 10


def test_a_plain_grid_steps_over_the_wall_t36() -> None:
    ws = torch.tensor([5.0, 6.0, 7.0], dtype=torch.float64)
    plain = evaluate(number(6.0), torch.arange(-4.0, -1.0, 1e-5, dtype=torch.float64))
    assert plain.db.abs().max() < 10
    found = surface(ws, -5.0, -1.0, 201)
    assert found.b.shape == found.error.shape == (3, 201)
    assert (found.b.diff(dim=1) >= 0).all()
    assert found.b[:, 0].tolist() == [-5.0] * 3
    assert found.b[:, -1].tolist() == [-1.0] * 3
    for row, w in enumerate((5.0, 6.0, 7.0)):
        highest = abs(steepest(w).db.item())
        assert found.db[row].abs().max() > highest / 3
    assert found.norm[0].max() / found.norm[0].median() > 1e3


def test_a_row_whose_wall_is_elsewhere_is_even() -> None:
    found = surface(torch.tensor([5.0]), 0.0, 1.0, 11)
    close(found.b[0], torch.linspace(0, 1, 11, dtype=torch.float64))


def test_the_folds_are_where_fixed_points_meet_r4() -> None:
    assert folds(5.0) == pytest.approx((-2.65561, -2.34439), abs=1e-5)
    grid = torch.linspace(-12, 12, 400_001, dtype=torch.float64)
    for b, crossings in ((-2.70, 1), (-2.65, 3), (-2.35, 3), (-2.30, 1)):
        above = 5 * torch.sigmoid(grid) + b > grid
        assert int((above.diff()).sum()) == crossings
    with pytest.raises(ValueError, match="expected w above 4, got 4"):
        folds(4.0)


def test_plain_descent_jumps_off_the_cliff_and_clipped_descent_does_not() -> None:
    plain, clipped = descend(), descend(clip=JUMP_CLIP)
    assert plain.w.shape == clipped.norm.shape == (201,)
    assert (plain.w[0].item(), clipped.b[0].item()) == (JUMP_W, JUMP_B)
    assert plain.longest_step > 10
    assert plain.error[-1] > 3 * plain.error[0]
    assert plain.norm[-1] < 1e-3
    assert clipped.longest_step <= JUMP_RATE * JUMP_CLIP + 1e-12
    assert clipped.norm.max() > 50
    assert clipped.error[-50:].max() < plain.error[0] / 5


def test_descent_takes_the_gradient_it_reports() -> None:
    found = descend(3.0, -1.0, 0.5, updates=3)
    here = evaluate(found.w[0], found.b[0])
    close(found.w[1], found.w[0] - 0.5 * here.dw)
    close(found.b[1], found.b[0] - 0.5 * here.db)
    close(found.norm[0], torch.hypot(here.dw, here.db))
    assert math.isclose(found.error[0].item(), here.error.item())


def test_a_surface_needs_room() -> None:
    with pytest.raises(ValueError, match=r"expected low < high and 5 points, got 1.0, 0.0, 201"):
        surface(torch.ones(1), 1.0, 0.0)
