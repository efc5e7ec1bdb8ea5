"""Clipping against torch.nn.utils (R5)."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqviz.core.clipping import clip_by_norm, clip_by_value
from seqviz.core.training import clip_jointly
from tests.core.references import close, numbers


def parameters(gradients: list[Tensor]) -> list[nn.Parameter]:
    made = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(made, gradients, strict=True):
        parameter.grad = gradient.clone()
    return made


def test_the_norm_before_comes_back_and_the_direction_stays_r5_t35() -> None:
    found = clip_by_norm([torch.tensor([3.0, 4.0, 0.0], dtype=torch.float64)], 1.0)
    assert found.norm == 5.0
    assert found.coefficient == pytest.approx(1 / (5 + 1e-6), rel=1e-15)
    assert found.clipped_norm == pytest.approx(0.9999998, abs=1e-9)
    assert found.cosine == pytest.approx(1.0, abs=1e-15)


def test_clipping_by_value_turns_the_gradient_r5() -> None:
    found = clip_by_value([torch.tensor([3.0, -0.4, 0.0], dtype=torch.float64)], 1.0)
    assert found.gradients[0].tolist() == [1.0, -0.4, 0.0]
    assert found.coefficient is None
    assert found.cosine < 0.98


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_both_are_pytorchs(seed: int, scale: float, limit: float) -> None:
    gradients = [scale * numbers(seed, 3, 4), scale * numbers(seed + 1, 5)]
    theirs, found = parameters(gradients), clip_by_norm(gradients, limit)
    norm = nn.utils.clip_grad_norm_(theirs, limit)
    assert found.norm == norm.item()
    for ours, their in zip(found.gradients, theirs, strict=True):
        assert their.grad is not None
        assert torch.equal(ours, their.grad)
    assert found.clipped_norm <= limit * (1 + 1e-12) or found.coefficient == 1
    theirs = parameters(gradients)
    nn.utils.clip_grad_value_(theirs, limit)
    for ours, their in zip(clip_by_value(gradients, limit).gradients, theirs, strict=True):
        assert their.grad is not None
        assert torch.equal(ours, their.grad)


def test_training_clips_the_same_way() -> None:
    gradients = (numbers(0, 3, 4), numbers(1, 5))
    found = clip_by_norm(gradients, 0.3)
    own = tuple(gradient.clone() for gradient in gradients)
    assert clip_jointly(own, 0.3) == pytest.approx(found.norm, rel=1e-15)
    for ours, theirs in zip(found.gradients, own, strict=True):
        close(ours, theirs, atol=1e-15)


def test_all_parameters_share_one_norm_and_the_originals_are_left_alone_t35() -> None:
    gradients = [torch.tensor([3.0]), torch.tensor([4.0])]
    found = clip_by_norm(gradients, 1.0)
    assert [gradient.item() for gradient in gradients] == [3.0, 4.0]
    assert found.gradients[1].item() / found.gradients[0].item() == pytest.approx(4 / 3)
    assert clip_by_norm(gradients, 6.0).coefficient == 1.0


def test_nothing_and_what_is_not_finite() -> None:
    assert math.isnan(clip_by_norm([torch.zeros(2)], 1.0).cosine)
    assert clip_by_norm([torch.tensor([math.inf, 1.0])], 1.0).norm == math.inf
    with pytest.raises(ValueError, match="expected at least one gradient, got none"):
        clip_by_norm([], 1.0)
    with pytest.raises(ValueError, match="expected a limit above 0, got 0"):
        clip_by_value([torch.ones(1)], 0)
