r"""Scaled dot-product attention with one head and with several, in the open.

    scores  = q kᵀ                               how well each query matches each key
    scaled  = scale · scores                     scale = 1/√d_k of one head
    masked  = scaled, −∞ where not allowed       before the softmax, so that rows still sum to 1
    weights = softmax over the keys              row by row, the last axis
    context = weights v                          a weighted mean of the values

With heads: each has its own block of rows of W_q, W_k, W_v; their contexts are joined and W_o
mixes them, which is the same as a sum of one share a head, plus b_o. Vaswani et al. 2017 §3.2,
with the parameters of `torch.nn.MultiheadAttention`. Where nothing is allowed there is nothing to
average: weights and context are 0 (as in `F.scaled_dot_product_attention`), not nan.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from seqviz.core.expect import expect_tensor
from seqviz.core.masks import check_allowed
from seqviz.core.positions import rotate
from seqviz.core.projections import Projections, projections


@dataclass(frozen=True)
class WeightEdit:
    """One row of weights set by hand and used as given, whatever its sum and whatever the mask."""

    row: int
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.row < 0:
            raise ValueError(f"WeightEdit: expected a row of 0 or more, got {self.row}")
        if not all(math.isfinite(weight) and weight >= 0 for weight in self.weights):
            raise ValueError(f"WeightEdit: expected weights of 0 or more, got {self.weights}")


@dataclass(frozen=True)
class WhatIfHeads:
    """What is changed in a run.

    `heads` add nothing to the output; `edit` is a head and the row of its weights set by hand.
    """

    heads: frozenset[int] = frozenset()
    edit: tuple[int, WeightEdit] | None = None


@dataclass(frozen=True)
class Attention:
    """One head, in the order it is computed: T queries, S keys, rows are queries.

    q (T, d_k), k (S, d_k), v (S, d_v); scores, scaled, masked, weights (T, S); context (T, d_v).
    `q_plain` and `k_plain` are q and k before their rotation, None unless rotary; `weights_free`
    are the weights before a row is edited, None unless edited. One query (d_k,) has no query axis.
    """

    q_plain: Tensor | None
    k_plain: Tensor | None
    q: Tensor
    k: Tensor
    v: Tensor
    scores: Tensor
    scaled: Tensor
    masked: Tensor
    weights_free: Tensor | None
    weights: Tensor
    context: Tensor
    allowed: Tensor | None
    scale: float

    @property
    def empty(self) -> Tensor:
        """(T,) bool: the queries that may attend to nothing; their weights and context are 0."""
        if self.allowed is None:
            return torch.zeros(self.scores.shape[:-1], dtype=torch.bool)
        return ~self.allowed.any(-1)

    def detach(self) -> "Attention":
        """The same numbers without a graph."""
        return _detached(self)


@dataclass(frozen=True)
class MultiHead:
    """Several heads over the same tokens, in the order of computation.

    query (T, d_model), key (S, ·), value (S, ·) are the inputs; concat (T, h·d_v) the contexts
    side by side; shares (h, T, d_model) what each head adds to the output through its own block
    of columns of W_o; out (T, d_model) their sum plus b_o. A silenced head keeps its weights and
    context, but is 0 in concat and shares. `extra` names the keys appended after the S tokens:
    "bias" (bias_k, bias_v) and "zero" (add_zero_attn).
    """

    query: Tensor
    key: Tensor
    value: Tensor
    heads: tuple[Attention, ...]
    concat: Tensor
    shares: Tensor
    out: Tensor
    extra: tuple[str, ...] = ()
    what_if: WhatIfHeads | None = None

    @property
    def weights(self) -> Tensor:
        """(h, T, S)."""
        return torch.stack([head.weights for head in self.heads])

    @property
    def mean_weights(self) -> Tensor:
        """(T, S), the average over heads, which `nn.MultiheadAttention` returns by default."""
        return self.weights.mean(0)

    def detach(self) -> "MultiHead":
        """The same numbers without a graph."""
        return replace(_detached(self), heads=tuple(head.detach() for head in self.heads))


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    allowed: Tensor | None = None,
    scale: float | None = None,
    edit: WeightEdit | None = None,
) -> Attention:
    """Attention of q (T, d_k), or one query (d_k,), over keys k (S, d_k) and values v (S, d_v).

    `allowed` (T, S), or (S,) for one query, is True where a query may attend. `scale` is 1/√d_k
    unless given: 1/(√d_k·temperature), or 1 for the scores as they are. Keeps the graph.
    """
    one = isinstance(q, Tensor) and q.dim() == 1
    _check_vectors(q, k, v, one)
    S, d_k = k.shape
    T = 1 if one else len(q)
    if allowed is not None:
        expect_tensor("attend", "allowed", allowed, (S,) if one else (T, S), torch.bool)
    scale = _check_scale(1 / math.sqrt(d_k) if scale is None else scale)
    scores = q @ k.T
    scaled = scores * scale
    masked = scaled if allowed is None else scaled.masked_fill(~allowed, -math.inf)
    free = softmax_over_keys(masked, allowed)
    weights = free if edit is None else _edited(free, edit, T, S)
    return Attention(
        *(None, None, q, k, v, scores, scaled, masked),
        *(None if edit is None else free, weights, weights @ v, allowed, scale),
    )


def softmax_over_keys(masked: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Softmax over the last axis; a row in which nothing is allowed is 0 and its gradient too."""
    if allowed is None:
        return masked.softmax(-1)
    empty = ~allowed.any(-1, keepdim=True)
    return masked.masked_fill(empty, 0).softmax(-1).masked_fill(empty, 0)


def attend_heads(
    module: nn.MultiheadAttention,
    query: Tensor,
    key: Tensor | None = None,
    value: Tensor | None = None,
    *,
    allowed: Tensor | None = None,
    scale: float | None = None,
    rotary: bool = False,
    what_if: WhatIfHeads | None = None,
) -> MultiHead:
    """What `module` computes for one sequence: query (T, d_model), key and value (S, ·).

    Without `key` it is self-attention, without `value` the keys are the values. `allowed` is
    (T, S), or (h, T, S) for a mask a head; keys that the module appends are always allowed.
    `scale` is 1/√(d_model/h) unless given. `rotary` turns q and k of every head by their place.
    """
    found = projections(module)
    key = query if key is None else key
    value = key if value is None else value
    _check_inputs(module, query, key, value)
    T, S, h = len(query), len(key), module.num_heads
    check_allowed(allowed, T, S, h)
    what_if = what_if or WhatIfHeads()
    _check_what_if(what_if, h)
    q, k, v = (
        linear(x, W, b).unflatten(-1, (h, -1)).transpose(0, 1)
        for x, W, b in (
            (query, found.W_q, found.b_q),
            (key, found.W_k, found.b_k),
            (value, found.W_v, found.b_v),
        )
    )
    q_turned, k_turned = (_rotated(q), _rotated(k)) if rotary else (q, k)
    k, k_turned = (_extended(x, found.bias_k, found.zero) for x in (k, k_turned))
    v = _extended(v, found.bias_v, found.zero)
    if allowed is not None:
        allowed = pad(allowed, (0, len(found.extra)), value=True).expand(h, -1, -1)
    heads = []
    for i in range(h):
        edit = what_if.edit[1] if what_if.edit is not None and what_if.edit[0] == i else None
        mask = None if allowed is None else allowed[i]
        head = attend(q_turned[i], k_turned[i], v[i], allowed=mask, scale=scale, edit=edit)
        heads.append(replace(head, q_plain=q[i], k_plain=k[i]) if rotary else head)
    concat, shares, out = _join(heads, found, what_if)
    return MultiHead(query, key, value, tuple(heads), concat, shares, out, found.extra, what_if)


def _join(
    heads: list[Attention], found: Projections, what_if: WhatIfHeads
) -> tuple[Tensor, Tensor, Tensor]:
    """concat, the share of each head, and their sum plus b_o."""
    contexts = [
        torch.zeros_like(head.context) if i in what_if.heads else head.context
        for i, head in enumerate(heads)
    ]
    blocks = found.W_o.chunk(len(heads), dim=1)
    shares = torch.stack([linear(c, W) for c, W in zip(contexts, blocks, strict=True)])
    total = shares.sum(0)
    return torch.cat(contexts, -1), shares, total if found.b_o is None else total + found.b_o


def _extended(x: Tensor, bias: Tensor | None, zero: bool) -> Tensor:
    """Keys or values (h, S, ·) with those that the module appends."""
    if bias is not None:
        x = torch.cat([x, bias.view(len(x), 1, -1)], 1)
    return pad(x, (0, 0, 0, 1)) if zero else x


def _rotated(x: Tensor) -> Tensor:
    """Every head's vectors (h, T, d_k), turned by their place 0 … T−1."""
    return rotate(x, torch.arange(x.shape[1], dtype=x.dtype))


def _edited(free: Tensor, edit: WeightEdit, T: int, S: int) -> Tensor:
    if edit.row >= T or len(edit.weights) != S:
        raise ValueError(
            f"attend: expected an edited row below {T} of {S} weights, "
            f"got row {edit.row} of {len(edit.weights)}"
        )
    row = torch.tensor(edit.weights, dtype=free.dtype)
    if free.dim() == 1:
        return row
    chosen = torch.arange(T)[:, None] == edit.row
    return torch.where(chosen, row, free)


def _check_vectors(q: Tensor, k: Tensor, v: Tensor, one: bool) -> None:
    dtype = q.dtype if isinstance(q, Tensor) else torch.float64
    if not dtype.is_floating_point:
        raise ValueError(f"attend: expected q of floating point, got {dtype}")
    expect_tensor("attend", "q", q, ("d_k",) if one else ("T", "d_k"), dtype)
    expect_tensor("attend", "k", k, ("S", q.shape[-1]), dtype)
    expect_tensor("attend", "v", v, (len(k), "d_v"), dtype)


def _check_inputs(module: nn.MultiheadAttention, query: Tensor, key: Tensor, value: Tensor) -> None:
    if module.training and module.dropout > 0:
        raise ValueError(
            f"attend: expected a module without dropout, got dropout={module.dropout} in training "
            "mode; call module.eval() first"
        )
    for name, x in (("query", query), ("key", key), ("value", value)):
        if isinstance(x, Tensor) and x.dim() == 3:
            raise ValueError(
                f"attend: expected {name} of one sequence (tokens, features), got a batch "
                f"{tuple(x.shape)}; give one sequence at a time"
            )
    dtype = module.out_proj.weight.dtype
    expect_tensor("attend", "query", query, ("T", module.embed_dim), dtype)
    expect_tensor("attend", "key", key, ("S", module.kdim), dtype)
    expect_tensor("attend", "value", value, (len(key), module.vdim), dtype)


def _check_what_if(what_if: WhatIfHeads, h: int) -> None:
    chosen = {*what_if.heads, *([] if what_if.edit is None else [what_if.edit[0]])}
    if not chosen <= set(range(h)):
        raise ValueError(f"attend: expected heads from 0 to {h - 1}, got {sorted(chosen)}")


def _check_scale(scale: float) -> float:
    if not math.isfinite(scale):
        raise ValueError(f"attend: expected a finite scale, got {scale}")
    return float(scale)


Record = TypeVar("Record", Attention, MultiHead)


def _detached(record: Record) -> Record:
    changes: dict[str, Any] = {
        field.name: getattr(record, field.name).detach()
        for field in fields(record)
        if isinstance(getattr(record, field.name), Tensor)
    }
    return replace(record, **changes)


def equations(
    *, masked: bool = True, rotary: bool = False, edited: bool = False, heads: bool = True
) -> dict[str, str]:
    """LaTeX of every computed field of `Attention` (head i) and, with `heads`, of `MultiHead`."""
    free = r"\mathrm{softmax}_{\text{keys}}(\tilde{S}_i)"
    by_hand = {"weights_free": rf"\hat{{A}}_i = {free}"} if edited else {}
    plain = {
        "q_plain": r"\hat{Q}_i = X\,W_{Q,i}^\top + b_{Q,i}",
        "k_plain": r"\hat{K}_i = M\,W_{K,i}^\top + b_{K,i}",
    }
    straight = {
        "q": r"Q_i = X\,W_{Q,i}^\top + b_{Q,i}",
        "k": r"K_i = M\,W_{K,i}^\top + b_{K,i}",
    }
    turned = {
        "q": r"Q_{i,p} = R_p\,\hat{Q}_{i,p}",
        "k": r"K_{i,p} = R_p\,\hat{K}_{i,p}",
    }
    allowed = r"S'_i \text{ where allowed, else } -\infty" if masked else "S'_i"
    head = {
        **({**plain, **turned} if rotary else straight),
        "v": r"V_i = M\,W_{V,i}^\top + b_{V,i}",
        "scores": r"S_i = Q_i K_i^\top",
        "scaled": r"S'_i = S_i / \sqrt{d_k}",
        "masked": rf"\tilde{{S}}_i = {allowed}",
        **by_hand,
        "weights": r"A_i = \mathrm{edit}(\hat{A}_i)" if edited else f"A_i = {free}",
        "context": r"Z_i = A_i V_i",
    }
    joined = {
        "concat": r"Z = [Z_1;\,\dots;\,Z_h]",
        "shares": r"O_i = Z_i\,W_{O,i}^\top",
        "out": r"O = Z\,W_O^\top + b_O = \textstyle\sum_i O_i + b_O",
    }
    return {**head, **joined} if heads else head
