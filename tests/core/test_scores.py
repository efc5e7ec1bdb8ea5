"""Scores against the sums written out, and against each other."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from seqviz.core.attention import attend
from seqviz.core.scores import (
    Additive,
    Concat,
    General,
    additive,
    dot,
    luong_concat,
    luong_general,
    scaled_dot,
)
from tests.core.references import close, numbers

T, S, D_Q, D_K, N = 3, 5, 4, 6, 7
query, keys, same = numbers(1, T, D_Q), numbers(2, S, D_K), numbers(3, S, D_Q)
general = General(D_Q, D_K, seed=1)
concat = Concat(D_Q, D_K, N, seed=2)
bahdanau = Additive(D_Q, D_K, N, seed=3)


def each_pair(score: Callable[[Tensor, Tensor], Tensor], keys: Tensor) -> Tensor:
    return torch.stack([torch.stack([score(q, k) for k in keys]) for q in query])


def test_dot_and_scaled_dot() -> None:
    close(dot(query, same), each_pair(lambda q, k: (q * k).sum(), same))
    close(scaled_dot(query, same), dot(query, same) / 2)
    close(scaled_dot(query, same), attend(query, same, same).scaled)


def test_luong_general() -> None:
    close(luong_general(query, keys, general), each_pair(lambda q, k: q @ general.W @ k, keys))


def test_general_with_the_identity_is_dot() -> None:
    plain = General(D_Q, D_Q)
    plain.W.data.copy_(torch.eye(D_Q))
    close(luong_general(query, same, plain), dot(query, same))


def test_luong_concat() -> None:
    wanted = each_pair(lambda q, k: concat.v @ torch.tanh(concat.W @ torch.cat([q, k])), keys)
    close(luong_concat(query, keys, concat), wanted)


def test_additive() -> None:
    def score(q: Tensor, k: Tensor) -> Tensor:
        return bahdanau.v @ torch.tanh(bahdanau.W_q @ q + bahdanau.W_k @ k)

    close(additive(query, keys, bahdanau), each_pair(score, keys))


def test_concat_and_additive_are_one_function() -> None:
    joined = Concat(D_Q, D_K, N)
    joined.W.data.copy_(torch.cat([bahdanau.W_q, bahdanau.W_k], 1))
    joined.v.data.copy_(bahdanau.v)
    close(luong_concat(query, keys, joined), additive(query, keys, bahdanau))


def test_additive_scores_stay_within_the_length_of_v() -> None:
    wild = additive(1e6 * query, 1e6 * keys, bahdanau)
    assert (wild.abs() <= bahdanau.v.abs().sum() + 1e-12).all()


def test_parameters_come_from_their_own_generator() -> None:
    before = torch.get_rng_state()
    first, again, other = General(3, 4, seed=5), General(3, 4, seed=5), General(3, 4, seed=6)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.W, again.W)
    assert not torch.equal(first.W, other.W)
    assert first.W.abs().max() <= 1 / math.sqrt(4)
    assert [name for name, _ in concat.named_parameters()] == ["W", "v"]
    assert [name for name, _ in bahdanau.named_parameters()] == ["W_q", "W_k", "v"]
    loss = additive(query, keys, bahdanau).sum() + luong_concat(query, keys, concat).sum()
    (loss + luong_general(query, keys, general).sum()).backward()
    for module in (general, concat, bahdanau):
        assert all(p.grad is not None and p.grad.any() for p in module.parameters())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dot(query, keys), r"dot: expected query of shape \(T, 6\), got \(3, 4\)"),
        (lambda: luong_general(query, same, general), r"keys of shape \(S, 6\), got \(5, 4\)"),
        (lambda: luong_concat(keys, keys, concat), r"keys of shape \(S, 4\), got \(5, 6\)"),
        (lambda: additive(query[0], keys, bahdanau), r"query of shape \(T, 4\), got \(4,\)"),
        (lambda: dot(query.float(), same), "query of torch.float64, got torch.float32"),
    ],
)
def test_refusals_say_what_was_expected(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
