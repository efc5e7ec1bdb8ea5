"""Norms where the naive root of squares is 0 or inf, and the steps where numbers run out."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqviz.core.norms import (
    FEW,
    first_not_finite,
    log_norm,
    matrix_norms,
    norm,
    zeros_up_to,
)


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8),
    st.integers(-300, 300),
)
def test_a_norm_is_right_at_any_scale(numbers: list[float], power: int) -> None:
    plain = math.hypot(*numbers)
    values = torch.tensor(numbers, dtype=torch.float64) * 10.0**power
    scaled = math.hypot(*values.tolist())
    assert norm(values).item() == pytest.approx(scaled, rel=1e-12, abs=0)
    if plain > 1e-3:
        wanted = math.log(plain) + power * math.log(10)
        assert log_norm(values).item() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("dtype", "small"), [(torch.float32, 1e-30), (torch.float64, 1e-200)])
def test_small_is_not_zero(dtype: torch.dtype, small: float) -> None:
    values = torch.full((2, 3, 4), small, dtype=dtype)
    assert torch.linalg.vector_norm(values) == 0
    torch.testing.assert_close(norm(values), torch.full((2, 3), 2 * small, dtype=dtype))
    assert norm(values, (1, 2)).shape == (2,)


def test_zeros_and_what_is_not_finite_stay_what_they_are() -> None:
    values = torch.tensor([[0.0, 0.0], [math.inf, 1.0], [math.nan, 1.0]], dtype=torch.float64)
    assert norm(values)[:2].tolist() == [0, math.inf]
    assert log_norm(values)[:2].tolist() == [-math.inf, math.inf]
    assert norm(values)[2].isnan()
    assert first_not_finite(values) == 1
    assert first_not_finite(values[:, 0]) == 1
    assert first_not_finite(values[:1]) is None


def test_the_last_step_that_nothing_reaches() -> None:
    curve = torch.tensor([0.0, 0.0, 1e-40, 0.0, 1e-3, 1.0], dtype=torch.float64)
    assert zeros_up_to(curve) == 3
    assert zeros_up_to(curve[4:]) is None
    assert zeros_up_to(torch.tensor([1.0, 0.5, 0.0])) is None
    assert zeros_up_to(torch.zeros(3)) is None


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_the_largest_singular_value_is_that_of_a_decomposition(scale: float) -> None:
    generator = torch.Generator().manual_seed(0)
    matrices = torch.randn(2, FEW, 6, 5, generator=generator, dtype=torch.float64)
    matrices[0, 0], matrices[0, 1] = 0, torch.eye(6, 5)
    matrices[1, 2, 0, 0] = 1e6
    wanted = scale * torch.linalg.svdvals(matrices)[..., 0]
    found = matrix_norms(scale * matrices)
    torch.testing.assert_close(found, wanted, rtol=1e-13, atol=0)
    torch.testing.assert_close(matrix_norms(scale * matrices[1, 3]), wanted[1, 3])
    matrices[0, 3, 1, 1] = math.nan
    broken = matrix_norms(matrices)
    assert broken.isnan().sum() == 1
    assert broken[0, 3].isnan()
