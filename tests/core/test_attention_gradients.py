"""Gradients through attention against other graphs; weights are not explanations (T31)."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqviz.core.attention import MultiHead, WeightEdit, WhatIfHeads, attend, attend_heads
from seqviz.core.attention_gradients import (
    ablate_heads,
    ablate_keys,
    rank_correlation,
    token_gradients,
    total_variation,
    weight_gradients,
)
from seqviz.core.masks import causal, without_keys
from seqviz.core.positions import sinusoidal
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


def mixed(out: Tensor) -> Tensor:
    """A loss that looks at every number, each in its own way."""
    return (out * numbers(50, *out.shape)).sum() + out.square().sum() / 3


# one head and many against other graphs


@pytest.mark.parametrize("masked", [False, True])
def test_one_head_backwards_is_the_sums_backwards(masked: bool) -> None:
    q, k, v = (
        numbers(seed, rows, size).requires_grad_()
        for seed, rows, size in ((1, T, 5), (2, S, 5), (3, S, 3))
    )
    allowed = some_allowed(4, T, S) if masked else None
    ours = attend(q, k, v, allowed=allowed).context
    theirs = by_hand(q, k, v, allowed).context
    for mine, wanted in zip(
        torch.autograd.grad(mixed(ours), (q, k, v)),
        torch.autograd.grad(mixed(theirs), (q, k, v)),
        strict=True,
    ):
        close(mine, wanted)


@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_softmax_backwards_by_its_formula(seed: int, T: int, S: int, empty: bool) -> None:
    """∂L/∂scaled = A ⊙ (g − Σ_j A g): rows sum to 0, and blocked or empty rows are exactly 0."""
    q, k, v = numbers(seed, T, 3), numbers(seed + 1, S, 3), numbers(seed + 2, S, 2)
    allowed = numbers(seed + 3, T, S) > 0
    if empty:
        allowed[0] = False
    q.requires_grad_()
    ours = attend(q, k, v, allowed=allowed)
    g, down, dq = torch.autograd.grad(mixed(ours.context), (ours.weights, ours.scaled, q))
    wanted = ours.weights * (g - (ours.weights * g).sum(1, keepdim=True))
    close(down, wanted)
    close(down.sum(1), torch.zeros(T, dtype=torch.float64))
    assert (down[~allowed] == 0).all()
    assert dq.isfinite().all()
    assert (dq[ours.empty] == 0).all()


@pytest.mark.parametrize("name", MODULES)
def test_parameters_and_inputs_have_torchs_gradients(name: str) -> None:
    module = random_attention(**MODULES[name])
    inputs = [x.requires_grad_() for x in sequences(module)]
    allowed = causal(T, S)
    needed = [*inputs, *module.parameters()]
    ours = attend_heads(module, *inputs, allowed=allowed).out
    theirs, _ = module(*inputs, attn_mask=~allowed)
    for mine, wanted in zip(
        torch.autograd.grad(mixed(ours), needed),
        torch.autograd.grad(mixed(theirs), needed),
        strict=True,
    ):
        close(mine, wanted, atol=1e-11)


def test_token_gradients_are_those_of_the_sums() -> None:
    module, x = random_attention(), numbers(5, S, D)
    found = token_gradients(x, lambda x: mixed(attend_heads(module, x, allowed=causal(S)).out))
    leaf = x.clone().requires_grad_()
    loss = mixed(heads_by_hand(module, leaf, causal(S))[1])
    (wanted,) = torch.autograd.grad(loss, leaf)
    close(found.loss, loss)
    close(found.dx, wanted, atol=1e-11)
    close(found.norm, wanted.norm(dim=1), atol=1e-11)
    assert not any(each.requires_grad for each in (x, found.loss, found.dx, found.norm))
    assert all(p.grad is None for p in module.parameters())


@pytest.mark.parametrize("switch", [torch.no_grad, torch.inference_mode])
def test_they_are_the_same_where_autograd_is_switched_off(switch: type) -> None:
    module, x = random_attention(), numbers(5, S, D)

    def loss(x: Tensor) -> Tensor:
        return mixed(attend_heads(module, x, allowed=causal(S)).out)

    with switch():
        found = token_gradients(x + 0, loss)
    assert torch.equal(found.dx, token_gradients(x, loss).dx)


def test_token_gradients_are_differences() -> None:
    module, x = random_attention(), numbers(6, S, D)

    def loss(x: Tensor) -> Tensor:
        return mixed(attend_heads(module, x + sinusoidal(S, D)).out[1])

    found, step = token_gradients(x, loss), 1e-6
    for i, f in ((0, 0), (1, 5), (5, 11)):
        ahead, behind = x.clone(), x.clone()
        ahead[i, f] += step
        behind[i, f] -= step
        slope = float((loss(ahead) - loss(behind)).detach()) / (2 * step)
        assert float(found.dx[i, f]) == pytest.approx(slope, rel=1e-6)


def test_later_tokens_have_no_gradient_under_a_causal_mask() -> None:
    module, x = random_attention(), numbers(7, S, D)
    found = token_gradients(x, lambda x: attend_heads(module, x, allowed=causal(S)).out[2].sum())
    assert (found.dx[3:] == 0).all()
    assert (found.norm[:3] > 0).all()


def test_weight_gradients_from_the_shares() -> None:
    """∂out_t/∂A_tj is v_j through the head's columns of W_o: nothing else stands between."""
    module, x = random_attention(), numbers(8, S, D)
    heads = attend_heads(module, x, allowed=causal(S))
    direction = numbers(9, S, D)
    found = weight_gradients(heads, (heads.out * direction).sum())
    size = D // HEADS
    for i, head in enumerate(heads.heads):
        block = module.out_proj.weight[:, i * size : (i + 1) * size]
        close(found.dweights[i], direction @ block @ head.v.T)
    close(found.saliency, found.dweights * heads.weights)
    assert (found.saliency[:, ~causal(S)] == 0).all()
    # a linear loss is its saliency: the whole of it, less what the bias adds
    close(found.saliency.sum() + (direction @ module.out_proj.bias).sum(), found.loss)


def test_saliency_is_what_goes_without_the_weight() -> None:
    """To first order; exactly so for a linear loss and a weight set to 0 by hand."""
    module, x = random_attention(), numbers(10, S, D)
    heads, direction = attend_heads(module, x), numbers(11, D)
    found = weight_gradients(heads, heads.out[3] @ direction)
    row = heads.heads[1].weights[3].tolist()
    row[4] = 0.0
    less = attend_heads(module, x, what_if=WhatIfHeads(edit=(1, WeightEdit(3, tuple(row)))))
    close(found.saliency[1, 3, 4], found.loss - less.out[3] @ direction)


def test_gradients_may_be_asked_for_more_than_once() -> None:
    module, x = random_attention(), numbers(12, S, D)
    heads = attend_heads(module, x)
    loss = mixed(heads.out)
    first, again = weight_gradients(heads, loss), weight_gradients(heads, loss)
    assert torch.equal(first.dweights, again.dweights)
    partly = weight_gradients(heads, heads.shares[0].sum())
    assert (partly.dweights[1:] == 0).all()


def test_an_edited_row_passes_no_gradient_to_its_scores() -> None:
    q = numbers(13, T, 5).requires_grad_()
    ours = attend(q, numbers(14, 2, 5), numbers(15, 2, 3), edit=WeightEdit(1, (0.5, 0.5)))
    (dq,) = torch.autograd.grad(mixed(ours.context), q)
    assert (dq[1] == 0).all()
    assert (dq[[0, 2, 3]].abs().sum(1) > 0).all()


# what is left without a part


def readout(size: int = 5) -> Tensor:
    return numbers(60, size, D)


def test_blocking_a_key_is_running_without_it() -> None:
    module, x, W = random_attention(), numbers(16, S, D), readout()
    asked = 5

    def predict(allowed: Tensor) -> Tensor:
        return (attend_heads(module, x, allowed=allowed).out[asked] @ W.T).softmax(-1)

    weights = attend_heads(module, x, allowed=causal(S)).mean_weights[asked]
    found = ablate_keys(predict, weights, causal(S), S, S)
    assert found.parts == tuple(range(S))
    assert torch.equal(found.expected, weights)
    whole = predict(causal(S))
    for key in range(S):
        left = [j for j in range(S) if j != key]
        alone = attend_heads(module, x[[asked]], x[left]).out[0]
        moved = ((alone @ W.T).softmax(-1) - whole).abs().sum() / 2
        close(found.changes[key], moved)
    assert found.agreement == rank_correlation(found.expected, found.changes)
    some = ablate_keys(predict, weights, causal(S), S, S, keys=[4, 1])
    assert some.parts == (4, 1)
    assert torch.equal(some.changes, found.changes[[4, 1]])
    assert torch.equal(some.expected, weights[[4, 1]])


def test_silencing_a_head_is_running_without_its_share() -> None:
    module, x, W = random_attention(), numbers(17, S, D), readout()
    plain = attend_heads(module, x)

    def predict(what_if: WhatIfHeads) -> Tensor:
        return (attend_heads(module, x, what_if=what_if).out @ W.T).softmax(-1)

    found = ablate_heads(predict, plain.shares.norm(dim=(1, 2)))
    for i in range(HEADS):
        left = ((plain.out - plain.shares[i]) @ W.T).softmax(-1)
        moved = ((left - (plain.out @ W.T).softmax(-1)).abs().sum(-1) / 2).max()
        close(found.changes[i], moved)
    assert ablate_heads(predict, torch.ones(HEADS), [2]).parts == (2,)


def silent_value() -> tuple[nn.MultiheadAttention, Tensor, Tensor]:
    """One head that looks hardest at token 0, whose value is nothing, and a readout."""
    module = random_attention(4, 1, bias=False)
    eye = torch.eye(4, dtype=torch.float64)
    x = torch.tensor([[3.0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0]], dtype=torch.float64)
    drop_first = torch.diag(torch.tensor([0.0, 1, 1, 1], dtype=torch.float64))
    module.in_proj_weight.data.copy_(torch.cat([eye, eye, drop_first]))
    module.out_proj.weight.data.copy_(eye)
    return module, x, 5 * numbers(61, 3, 4)


def test_the_largest_weight_need_not_matter() -> None:
    """T31: three quarters of the attention, no gradient, no saliency."""
    module, x, W = silent_value()
    heads = attend_heads(module, x)
    assert heads.weights[0, 1, 0] > 0.5
    found = weight_gradients(heads, (heads.out[1] @ W.T).log_softmax(-1)[0])
    assert found.dweights[0, 1, 0] == 0
    assert found.saliency[0, 1, 0] == 0
    assert found.saliency[0, 1, 1:].abs().min() > 0.01
    # set by hand to anything, it changes nothing; what its key takes from the others does
    for weight in (0.0, 1.0):
        row = (weight, *heads.weights[0, 1, 1:].tolist())
        edited = attend_heads(module, x, what_if=WhatIfHeads(edit=(0, WeightEdit(1, row))))
        close(edited.out, heads.out)


def test_weights_and_effects_may_rank_the_other_way() -> None:
    """T31: tokens that say the same can each be spared, however much is read of them."""
    keys = torch.tensor([[1.2], [1.2], [0.0]], dtype=torch.float64)
    says = torch.tensor([[1.0, 0], [1.0, 0], [0, 1.0]], dtype=torch.float64)
    query = torch.ones(1, 1, dtype=torch.float64)
    plain = attend(query, keys, says)

    def predict(allowed: Tensor) -> Tensor:
        return attend(query, keys, says, allowed=allowed).context

    found = ablate_keys(predict, plain.weights[0], None, 1, 3)
    assert plain.weights[0, 0] == plain.weights[0, 1] > 3 * plain.weights[0, 2]
    assert found.changes[0] == found.changes[1] < found.changes[2]
    assert found.agreement == pytest.approx(-1)


# parts of the above


def test_total_variation() -> None:
    p = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0]])
    q = torch.tensor([[0.0, 0, 1], [0.5, 0.25, 0.25]])
    assert total_variation(p, p) == 0
    assert total_variation(p, q) == 1
    assert total_variation(p[1], q[1]) == 0.25
    with pytest.raises(ValueError, match=r"got \(2, 3\) and \(3,\)"):
        total_variation(p, q[0])


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ([1, 2, 3], [10, 20, 90], 1),
        ([1, 2, 3], [3, 2, 1], -1),
        ([1, 2, 3, 4], [2, 1, 4, 3], 0.6),
        ([1, 2, 2, 4], [1, 3, 2, 4], 0.9486832980505138),
        ([1, 1, 1], [1, 2, 3], math.nan),
        ([1], [2], math.nan),
    ],
)
def test_rank_correlation(a: list[float], b: list[float], wanted: float) -> None:
    found = rank_correlation(torch.tensor(a).double(), torch.tensor(b).double())
    assert found == pytest.approx(wanted, nan_ok=True)


@given(st.integers(0, 2**31), st.integers(2, 9))
@settings(max_examples=60, deadline=None)
def test_rank_correlation_sees_the_order_only(seed: int, n: int) -> None:
    a, b = numbers(seed, n), numbers(seed + 1, n)
    found = rank_correlation(a, b)
    assert -1 <= found <= 1
    assert rank_correlation(a.exp(), 3 * b - 1) == pytest.approx(found)
    assert rank_correlation(-a, b) == pytest.approx(-found)


def detached() -> MultiHead:
    return attend_heads(random_attention(), numbers(18, S, D)).detach()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weight_gradients(detached(), torch.ones(())), "got detached ones"),
        (lambda: token_gradients(numbers(1, 2, 3), lambda x: x), r"a scalar loss .*got \(2, 3\)"),
        (lambda: token_gradients(numbers(1, 2, 3), lambda x: torch.ones(())), "depends on its"),
        (lambda: rank_correlation(numbers(1, 2), numbers(1, 3)), r"got \(2,\) and \(3,\)"),
        (
            lambda: ablate_keys(lambda allowed: allowed.double(), numbers(1, 3), None, 2, 3, [3]),
            "without_keys: expected keys from 0 to 2, got 3",
        ),
    ],
)
def test_refusals_say_what_was_expected(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_run_without_a_key_keeps_the_mask() -> None:
    seen: list[Tensor] = []

    def predict(allowed: Tensor) -> Tensor:
        seen.append(allowed)
        return allowed.double().softmax(-1)

    ablate_keys(predict, numbers(1, 3), causal(3), 3, 3)
    assert torch.equal(seen[0], causal(3))
    for key in range(3):
        assert torch.equal(seen[key + 1], without_keys(causal(3), [key], 3, 3))
