r"""How well a query matches a key: five ways, each from query (T, ·) and keys (S, ·) to (T, S).

    dot            q · k                                   Luong et al. 2015
    scaled_dot     q · k / √d                              Vaswani et al. 2017
    luong_general  q · W k                                 Luong et al. 2015
    luong_concat   v · tanh(W [q; k])                      Luong et al. 2015
    additive       v · tanh(W_q q + W_k k)                 Bahdanau, Cho & Bengio 2015

The last two are the same function: the columns of W are those of W_q, then those of W_k.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqviz.core.expect import expect_tensor


class General(nn.Module):
    """W (d_q, d_k) of `luong_general`."""

    def __init__(
        self, d_q: int, d_k: int, *, seed: int = 0, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        (self.W,) = _draw(seed, dtype, (d_q, d_k))


class Concat(nn.Module):
    """W (n, d_q + d_k) and v (n,) of `luong_concat`."""

    def __init__(
        self, d_q: int, d_k: int, n: int, *, seed: int = 0, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.W, self.v = _draw(seed, dtype, (n, d_q + d_k), (n,))


class Additive(nn.Module):
    """W_q (n, d_q), W_k (n, d_k) and v (n,) of `additive`."""

    def __init__(
        self, d_q: int, d_k: int, n: int, *, seed: int = 0, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.W_q, self.W_k, self.v = _draw(seed, dtype, (n, d_q), (n, d_k), (n,))


def dot(query: Tensor, keys: Tensor) -> Tensor:
    """q · k; grows with the length of both."""
    _check("dot", query, keys, keys.shape[-1], keys.shape[-1], keys.dtype)
    return query @ keys.T


def scaled_dot(query: Tensor, keys: Tensor) -> Tensor:
    """q · k / √d: variance 1 when the entries of q and k have variance 1."""
    return dot(query, keys) / math.sqrt(keys.shape[-1])


def luong_general(query: Tensor, keys: Tensor, parameters: General) -> Tensor:
    """q · W k; q and k may differ in size."""
    d_q, d_k = parameters.W.shape
    _check("luong_general", query, keys, d_q, d_k, parameters.W.dtype)
    return query @ linear(keys, parameters.W).T


def luong_concat(query: Tensor, keys: Tensor, parameters: Concat) -> Tensor:
    """v · tanh(W [q; k]) over every pair of a query and a key."""
    d_k = parameters.W.shape[1] - query.shape[-1]
    _check("luong_concat", query, keys, query.shape[-1], d_k, parameters.W.dtype)
    T, S = len(query), len(keys)
    pairs = torch.cat([query[:, None].expand(-1, S, -1), keys.expand(T, -1, -1)], -1)
    return linear(pairs, parameters.W).tanh() @ parameters.v


def additive(query: Tensor, keys: Tensor, parameters: Additive) -> Tensor:
    """v · tanh(W_q q + W_k k) over every pair of a query and a key."""
    W_q, W_k = parameters.W_q, parameters.W_k
    _check("additive", query, keys, W_q.shape[1], W_k.shape[1], W_q.dtype)
    return (linear(query, W_q)[:, None] + linear(keys, W_k)).tanh() @ parameters.v


def _check(where: str, query: Tensor, keys: Tensor, d_q: int, d_k: int, dtype: torch.dtype) -> None:
    expect_tensor(where, "query", query, ("T", d_q), dtype)
    expect_tensor(where, "keys", keys, ("S", d_k), dtype)


def _draw(seed: int, dtype: torch.dtype, *shapes: tuple[int, ...]) -> list[nn.Parameter]:
    """Parameters uniform up to 1/√(last size), from a generator of their own."""
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for shape in shapes:
        bound = 1 / math.sqrt(shape[-1])
        empty = torch.empty(shape, dtype=dtype)
        drawn.append(nn.Parameter(empty.uniform_(-bound, bound, generator=generator)))
    return drawn
