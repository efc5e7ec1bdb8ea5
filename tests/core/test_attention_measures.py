"""Measures of weights against closed forms, and Jensen's inequality over heads (R29c, T27)."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqviz.core.attention import attend_heads
from seqviz.core.attention_measures import (
    entropy,
    largest,
    mean_distance,
    measure_heads,
    normalised,
    on_previous,
    on_self,
)
from seqviz.core.masks import causal, padding
from tests.core.attention_references import HEADS, D, S, T, random_attention, sequences
from tests.core.references import close, numbers

SEEDS = st.integers(0, 2**31)


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_entropy_in_nats() -> None:
    weights = rows([1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4, [0.7, 0.2, 0.1, 0], [0, 0, 0, 0])
    p = 0.7 * math.log(0.7) + 0.2 * math.log(0.2) + 0.1 * math.log(0.1)
    wanted = torch.tensor([0, math.log(2), math.log(4), -p, 0], dtype=torch.float64)
    close(entropy(weights), wanted)
    assert not entropy(weights).signbit().any()
    assert not entropy(weights[:1, :1]).signbit().any()


def test_entropy_is_normalised_by_what_is_allowed() -> None:
    weights = torch.eye(4, dtype=torch.float64)[[0, 0, 0, 0]]
    assert normalised(weights).tolist() == [0] * 4
    even = causal(4).double() / torch.arange(1, 5)[:, None]
    close(normalised(even, causal(4)), torch.tensor([0, 1, 1, 1], dtype=torch.float64))
    assert float(normalised(even)[1]) == pytest.approx(math.log(2) / math.log(4))
    nothing = torch.zeros(4, 4, dtype=torch.float64)
    assert normalised(nothing, nothing.bool()).tolist() == [0] * 4
    assert normalised(torch.ones(3, 1, dtype=torch.float64)).tolist() == [0] * 3


def test_where_the_weights_lie() -> None:
    weights = rows([0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0, 0.4, 0.6])
    assert largest(weights).tolist() == [0.5, 0.7, 0.6]
    close(mean_distance(weights), torch.tensor([0.75, 0.8, 0.4], dtype=torch.float64))
    assert on_self(weights).tolist() == [0.5, 0.2, 0.6]
    assert on_previous(weights).tolist() == [0, 0.1, 0.4]


def test_heads_are_measured_one_by_one() -> None:
    module, x, allowed = random_attention(), numbers(1, S, D), causal(S)
    weights = attend_heads(module, x, allowed=allowed).weights.detach()
    found = measure_heads(weights, allowed)
    assert found.mean_distance is not None
    assert found.on_self is not None
    assert found.on_previous is not None
    for i in range(HEADS):
        head = weights[i]
        distance = sum(float(head[t, j]) * abs(t - j) for t in range(S) for j in range(S)) / S
        assert float(found.mean_distance[i]) == pytest.approx(distance)
        assert float(found.entropy[i]) == pytest.approx(float(entropy(head).mean()))
        assert float(found.normalised[i]) == pytest.approx(float(normalised(head, allowed).mean()))
        assert float(found.largest[i]) == pytest.approx(float(head.max(1).values.mean()))
        assert float(found.on_self[i]) == pytest.approx(float(head.trace()) / S)
        before = sum(float(head[t, t - 1]) for t in range(1, S)) / (S - 1)
        assert float(found.on_previous[i]) == pytest.approx(before)


def test_a_head_that_looks_at_the_token_before() -> None:
    shifted = torch.eye(5, dtype=torch.float64)[[0, 0, 1, 2, 3]]
    found = measure_heads(torch.stack([shifted, torch.eye(5, dtype=torch.float64)]))
    assert found.on_previous is not None
    assert found.on_self is not None
    assert found.mean_distance is not None
    assert found.on_previous.tolist() == [1, 0]
    assert found.on_self.tolist() == [0.2, 1]
    assert found.mean_distance.tolist() == [0.8, 0]
    assert found.entropy.tolist() == [0, 0]


def test_rows_that_see_nothing_do_not_count() -> None:
    module, x = random_attention(), numbers(2, S, D)
    allowed = causal(S)
    allowed[3] = False
    of_heads = allowed.expand(HEADS, S, S)
    weights = attend_heads(module, x, allowed=allowed).weights.detach()
    seen = [0, 1, 2, 4, 5]
    found = measure_heads(weights, allowed)
    close(found.entropy, entropy(weights)[:, seen].mean(1))
    close(found.on_previous, on_previous(weights)[:, seen[1:]].mean(1))
    close(measure_heads(weights, of_heads).normalised, found.normalised)
    nothing = measure_heads(0 * weights, torch.zeros(S, S, dtype=torch.bool))
    assert nothing.largest.tolist() == [0] * HEADS
    assert nothing.on_previous is not None
    assert nothing.on_previous.tolist() == [0] * HEADS


def test_cross_attention_has_no_self_and_no_distance() -> None:
    module = random_attention()
    weights = attend_heads(module, *sequences(module)[:2], allowed=padding(4, T, S)).weights
    found = measure_heads(weights.detach())
    assert (found.mean_distance, found.on_self, found.on_previous) == (None, None, None)
    assert found.entropy.shape == (HEADS,)
    for measure in (mean_distance, on_self, on_previous):
        with pytest.raises(ValueError, match=f"{measure.__name__}: .* got {T}×{S}"):
            measure(weights)


def test_one_token() -> None:
    found = measure_heads(torch.ones(2, 1, 1, dtype=torch.float64))
    assert found.on_self is not None
    assert found.on_previous is not None
    assert (found.on_self.tolist(), found.on_previous.tolist()) == ([1, 1], [0, 0])
    assert found.normalised.tolist() == [0, 0]


@given(SEEDS, st.integers(2, 5), st.integers(2, 8), st.floats(0.1, 4))
@settings(max_examples=100, deadline=None)
def test_the_mean_of_heads_is_more_uncertain_than_the_heads(
    seed: int, heads: int, S: int, size: float
) -> None:
    """R29c: H(mean w) ≥ mean H(w), strictly unless all heads agree; F7's average hides them."""
    weights = (size * numbers(seed, heads, 4, S)).softmax(-1)
    gap = entropy(weights.mean(0)) - entropy(weights).mean(0)
    assert (gap > 0).all()
    same = weights[:1].expand(heads, -1, -1)
    close(entropy(same.mean(0)), entropy(same).mean(0))


def test_averaging_hides_heads_that_are_sure() -> None:
    """R29c: three heads, each certain of another key, average to ln 3."""
    weights = torch.eye(3, dtype=torch.float64)[:, None]
    assert entropy(weights).tolist() == [[0], [0], [0]]
    close(entropy(weights.mean(0)), torch.tensor([math.log(3)], dtype=torch.float64))


@given(SEEDS, st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_bounds(seed: int, T: int, S: int) -> None:
    weights = (3 * numbers(seed, T, S)).softmax(-1)
    assert (entropy(weights) >= 0).all()
    assert (entropy(weights) <= math.log(S) + 1e-12).all()
    assert (normalised(weights) <= 1 + 1e-12).all()
    assert (largest(weights) >= 1 / S - 1e-12).all()
