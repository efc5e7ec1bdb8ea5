"""Attention against PyTorch's and against the sums written out (T21, T22, T27, T28, T30)."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention as sdpa

from seqviz.core.attention import WeightEdit, WhatIfHeads, attend, attend_heads
from seqviz.core.masks import blocked, causal, padding
from seqviz.core.positions import rotate
from seqviz.core.projections import projections
from tests.core.attention_references import (
    HEADS,
    MODULES,
    D,
    S,
    T,
    by_hand,
    heads_by_hand,
    random_attention,
    sequences,
    some_allowed,
)
from tests.core.references import close, numbers

q, k, v = numbers(1, T, 5), numbers(2, S, 5), numbers(3, S, 3)
MASKS: dict[str, Tensor | None] = {
    "none": None,
    "random": some_allowed(4, T, S),
    "causal": causal(T, S),
    "padding": padding(4, T, S),
    "causal and padding": causal(T, S, "bottom-right") & padding(5, T, S),
}


# one head


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("scale", [None, 1.0, 0.3, 0.0, -1.0, 7.0])
def test_one_head_is_scaled_dot_product_attention(mask: str, scale: float | None) -> None:
    allowed = MASKS[mask]
    ours = attend(q, k, v, allowed=allowed, scale=scale)
    close(ours.context, sdpa(q, k, v, attn_mask=allowed, scale=scale))
    close(ours.weights, by_hand(q, k, v, allowed, scale).weights)
    close(ours.context, by_hand(q, k, v, allowed, scale).context)


def test_every_stage_is_what_its_name_says() -> None:
    allowed = MASKS["random"]
    assert allowed is not None
    ours = attend(q, k, v, allowed=allowed)
    for t in range(T):
        for j in range(S):
            score = sum(float(a * b) for a, b in zip(q[t], k[j], strict=True))
            assert float(ours.scores[t, j]) == pytest.approx(score, abs=1e-12)
            assert float(ours.scaled[t, j]) == pytest.approx(score / math.sqrt(5), abs=1e-12)
    assert torch.equal(ours.masked[allowed], ours.scaled[allowed])
    assert (ours.masked[~allowed] == -math.inf).all()
    assert ours.scale == 1 / math.sqrt(5)
    assert (ours.q is q, ours.k is k, ours.v is v) == (True, True, True)
    assert (ours.q_plain, ours.k_plain, ours.weights_free) == (None, None, None)


def test_one_query_is_the_row_of_a_matrix_of_queries() -> None:
    allowed = MASKS["random"]
    assert allowed is not None
    every = attend(q, k, v, allowed=allowed)
    for t in range(T):
        one = attend(q[t], k, v, allowed=allowed[t])
        for name in ("scores", "scaled", "masked", "weights", "context", "empty"):
            torch.testing.assert_close(
                getattr(one, name), getattr(every, name)[t], rtol=0, atol=1e-14
            )


def test_float32_stays_float32() -> None:
    ours = attend(q.float(), k.float(), v.float(), allowed=MASKS["causal"])
    assert ours.context.dtype == torch.float32
    theirs = sdpa(q.float(), k.float(), v.float(), attn_mask=MASKS["causal"])
    close(ours.context, theirs, atol=2e-6)


def test_softmax_runs_over_the_keys() -> None:
    """T21: a square map would hide it."""
    weights = attend(q, k, v).weights
    close(weights.sum(1), torch.ones(T, dtype=torch.float64))
    assert (weights.sum(0) - T / S).abs().max() > 0.1


# several heads


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("masked", ["none", "one mask", "a mask a head"])
def test_heads_are_those_of_torch(name: str, masked: str) -> None:
    module = random_attention(**MODULES[name])
    query, key, value = sequences(module)
    allowed = {
        "none": None,
        "one mask": some_allowed(10, T, S),
        "a mask a head": some_allowed(11, HEADS, T, S),
    }[masked]
    theirs, weights = module(
        *(query, key, value),
        attn_mask=None if allowed is None else blocked(allowed),
        average_attn_weights=False,
    )
    ours = attend_heads(module, query, key, value, allowed=allowed)
    close(ours.out, theirs)
    close(ours.weights, weights)
    assert ours.extra == {"bias_kv": ("bias",), "add_zero_attn": ("zero",)}.get(
        name, ("bias", "zero") if name == "both" else ()
    )
    assert ours.weights.shape == (HEADS, T, S + len(ours.extra))


@pytest.mark.parametrize("heads", [1, 2, 6, 12])
def test_any_number_of_heads(heads: int) -> None:
    """T22: the scale is that of one head; with one head alone √d_model would pass too."""
    module = random_attention(heads=heads)
    x = numbers(12, S, D)
    theirs, weights = module(x, x, x, attn_mask=blocked(causal(S)), average_attn_weights=False)
    ours = attend_heads(module, x, allowed=causal(S))
    close(ours.out, theirs)
    close(ours.weights, weights)
    assert all(head.scale == 1 / math.sqrt(D / heads) for head in ours.heads)
    d_model_scale = attend_heads(module, x, allowed=causal(S), scale=1 / math.sqrt(D))
    assert ((d_model_scale.out - theirs).abs().max() > 0.01) == (heads > 1)


def test_heads_of_float32_stay_float32() -> None:
    module, x = random_attention(dtype=torch.float32), numbers(20, S, D).float()
    theirs, weights = module(x, x, x, average_attn_weights=False)
    ours = attend_heads(module, x, rotary=False)
    assert ours.out.dtype == torch.float32
    close(ours.out, theirs, atol=5e-6)
    close(ours.weights, weights, atol=5e-6)
    assert attend_heads(module, x, rotary=True).out.dtype == torch.float32


def test_heads_are_the_sums_written_out() -> None:
    module, x = random_attention(), numbers(13, S, D)
    heads, out = heads_by_hand(module, x, causal(S))
    ours = attend_heads(module, x, allowed=causal(S))
    close(ours.out, out)
    for head, wanted in zip(ours.heads, heads, strict=True):
        close(head.weights, wanted.weights)
        close(head.context, wanted.context)


def test_each_head_reads_its_own_rows_of_the_projections() -> None:
    module = random_attention(**MODULES["both"])
    query, key, value = sequences(module)
    ours, found = attend_heads(module, query, key, value), projections(module)
    assert found.b_q is not None
    assert found.b_k is not None
    assert found.b_v is not None
    assert found.bias_k is not None
    assert found.bias_v is not None
    size = D // HEADS
    for i, head in enumerate(ours.heads):
        rows = slice(i * size, (i + 1) * size)
        zero = torch.zeros(1, size, dtype=torch.float64)
        close(head.q, query @ found.W_q[rows].T + found.b_q[rows])
        keys = key @ found.W_k[rows].T + found.b_k[rows]
        values = value @ found.W_v[rows].T + found.b_v[rows]
        close(head.k, torch.cat([keys, found.bias_k[None, rows], zero]))
        close(head.v, torch.cat([values, found.bias_v[None, rows], zero]))
        close(head.context, ours.concat[:, rows])


@pytest.mark.parametrize("name", MODULES)
def test_concat_then_project_is_the_sum_of_shares(name: str) -> None:
    """T30: W_o mixes the heads; each adds its context times its own columns, exactly."""
    module = random_attention(**MODULES[name])
    ours = attend_heads(module, *sequences(module))
    found = projections(module)
    bias = torch.zeros(D, dtype=torch.float64) if found.b_o is None else found.b_o
    assert torch.equal(ours.out, ours.shares.sum(0) + bias)
    close(ours.out, ours.concat @ found.W_o.T + bias)
    size = D // HEADS
    for i, head in enumerate(ours.heads):
        close(ours.shares[i], head.context @ found.W_o[:, i * size : (i + 1) * size].T)
    one_by_one = (ours.shares[i] for i in range(HEADS))
    close(ours.out, sum(one_by_one, bias.expand(T, D)))


def test_torch_averages_the_heads_unless_told_not_to() -> None:
    """T27."""
    module, x = random_attention(), numbers(14, S, D)
    _, averaged = module(x, x, x)
    ours = attend_heads(module, x)
    close(ours.mean_weights, averaged)
    assert (ours.weights - averaged).abs().max() > 0.1


def test_key_and_value_default_to_what_came_before() -> None:
    module = random_attention()
    query, key, value = sequences(module)
    assert torch.equal(attend_heads(module, query).out, attend_heads(module, query, query).out)
    close(attend_heads(module, query, key).out, module(query, key, key)[0])
    close(attend_heads(module, query, key, value).out, module(query, key, value)[0])


def test_scale_is_that_of_every_head() -> None:
    module, x = random_attention(), numbers(15, S, D)
    hot = attend_heads(module, x, scale=0.0)
    close(hot.weights, torch.full((HEADS, S, S), 1 / S, dtype=torch.float64))


# the layer of PyTorch


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_heads_inside_an_encoder_layer(norm_first: bool) -> None:
    """T28: hooks see no weights there (it asks for none), so the layer is written by hand."""
    seen: list[Tensor | None] = []
    layer = nn.TransformerEncoderLayer(
        D, HEADS, 16, batch_first=True, norm_first=norm_first, dtype=torch.float64
    ).eval()
    for index, parameter in enumerate(layer.parameters()):
        parameter.data.copy_(0.4 * numbers(900 + index, *parameter.shape))
    x = numbers(16, S, D)

    def feed_forward(x: Tensor) -> Tensor:
        return layer.linear2(layer.linear1(x).relu())

    def look(x: Tensor) -> Tensor:
        return attend_heads(layer.self_attn, x, allowed=causal(S)).out

    if norm_first:
        y = x + look(layer.norm1(x))
        y = y + feed_forward(layer.norm2(y))
    else:
        y = layer.norm1(x + look(x))
        y = layer.norm2(y + feed_forward(y))
    layer.self_attn.register_forward_hook(lambda module, given, found: seen.append(found[1]))
    close(y, layer(x[None], src_mask=blocked(causal(S)))[0])
    assert seen == [None]


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize(("stack", "heads"), [(True, 2), (False, 2), (True, 3)])
@pytest.mark.parametrize("no_grad", [True, False])
@pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:The PyTorch API of nested")
def test_what_the_encoder_of_torch_returns_at_padded_places(
    no_grad: bool, stack: bool, heads: int, side: str
) -> None:
    """T28: zeros where nn.TransformerEncoder packs the rows (eval, no_grad, padding on the right,
    an even number of heads); numbers that mean nothing elsewhere. The other places agree."""
    layer = nn.TransformerEncoderLayer(D, heads, 16, batch_first=True, dtype=torch.float64)
    module = (nn.TransformerEncoder(layer, 2) if stack else layer).eval()
    x, pad = numbers(17, 2, S, D), torch.zeros(2, S, dtype=torch.bool)
    pad[1, -2:] = True
    x, pad = (x, pad) if side == "right" else (x.flip(1), pad.flip(1))
    with torch.set_grad_enabled(not no_grad):
        out = module(x, src_key_padding_mask=pad)
    packed = no_grad and stack and side == "right" and heads % 2 == 0
    assert (out[pad] == 0).all() if packed else (out[pad] != 0).all()
    close(out[~pad], module(x, src_key_padding_mask=pad)[~pad])


# rotary


def test_rotary_turns_the_queries_and_keys_of_every_head() -> None:
    module, x = random_attention(), numbers(17, S, D)
    ours, plain = attend_heads(module, x, rotary=True), attend_heads(module, x)
    places = torch.arange(S, dtype=torch.float64)
    for turned, still in zip(ours.heads, plain.heads, strict=True):
        close(turned.q_plain, still.q)
        close(turned.k_plain, still.k)
        close(turned.v, still.v)
        close(turned.q, rotate(still.q, places))
        close(turned.k, rotate(still.k, places))
        close(turned.weights, by_hand(turned.q, turned.k, turned.v).weights)
    assert (ours.out - plain.out).abs().max() > 0.1


def test_appended_keys_stand_nowhere_and_are_not_turned() -> None:
    module = random_attention(add_bias_kv=True, add_zero_attn=True)
    ours = attend_heads(module, numbers(18, S, D), rotary=True, allowed=causal(S))
    for head in ours.heads:
        assert head.k_plain is not None
        assert torch.equal(head.k[S:], head.k_plain[S:])
        assert (head.k[S - 1] - head.k_plain[S - 1]).abs().max() > 0.01
        assert head.allowed is not None
        assert head.allowed[:, S:].all()


# what if


def test_an_edited_row_is_used_as_given() -> None:
    edit = WeightEdit(1, (0.0, 0.5, 0.0, 0.5, 0.0, 0.0))
    ours, plain = attend(q, k, v, edit=edit), attend(q, k, v)
    others = [0, 2, 3]
    assert ours.weights_free is not None
    assert torch.equal(ours.weights_free, plain.weights)
    assert ours.weights[1].tolist() == list(edit.weights)
    close(ours.context[1], (v[1] + v[3]) / 2)
    assert torch.equal(ours.weights[others], plain.weights[others])
    close(ours.context[others], plain.context[others])
    one = attend(q[0], k, v, edit=WeightEdit(0, edit.weights))
    close(one.context, (v[1] + v[3]) / 2)
    assert one.weights.shape == (S,)


def test_an_edited_row_of_one_head_leaves_the_others() -> None:
    module = random_attention()
    query, key, value = sequences(module)
    plain = attend_heads(module, query, key, value)
    edit = WeightEdit(2, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    ours = attend_heads(module, query, key, value, what_if=WhatIfHeads(edit=(1, edit)))
    close(ours.heads[1].context[2], ours.heads[1].v[0])
    for i in (0, 2):
        assert torch.equal(ours.heads[i].weights, plain.heads[i].weights)
        assert ours.heads[i].weights_free is None
        assert torch.equal(ours.shares[i], plain.shares[i])
    assert torch.equal(ours.out[[0, 1, 3]], plain.out[[0, 1, 3]])
    assert (ours.out[2] - plain.out[2]).abs().max() > 0.01


@pytest.mark.parametrize("silenced", [{0}, {1, 2}, {0, 1, 2}])
def test_a_silenced_head_adds_nothing_and_keeps_its_weights(silenced: set[int]) -> None:
    module, x = random_attention(), numbers(19, S, D)
    plain = attend_heads(module, x)
    ours = attend_heads(module, x, what_if=WhatIfHeads(frozenset(silenced)))
    left = [i for i in range(HEADS) if i not in silenced]
    assert torch.equal(ours.weights, plain.weights)
    assert (ours.shares[list(silenced)] == 0).all()
    close(ours.out, plain.shares[left].sum(0) + module.out_proj.bias)
    close(ours.out, ours.concat @ module.out_proj.weight.T + module.out_proj.bias)
