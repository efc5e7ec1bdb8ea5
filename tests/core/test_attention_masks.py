"""Masks against PyTorch's: both polarities and alignments, rows without keys (T23-T26)."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention.bias import causal_lower_right
from torch.nn.functional import scaled_dot_product_attention as sdpa

from seqviz.core.attention import attend, attend_heads
from seqviz.core.masks import blocked, causal, check_allowed, padding, without_keys
from tests.core.attention_references import (
    HEADS,
    D,
    S,
    T,
    random_attention,
    sequences,
    some_allowed,
)
from tests.core.references import close, numbers

q, k, v = numbers(1, T, 5), numbers(2, S, 5), numbers(3, S, 3)


def test_causal_is_torchs_for_as_many_keys_as_queries() -> None:
    x = numbers(5, T, 5)
    close(attend(q, x, x, allowed=causal(T)).context, sdpa(q, x, x, is_causal=True))
    future = nn.Transformer.generate_square_subsequent_mask(T)
    assert torch.equal(blocked(causal(T)), future == -math.inf)


@pytest.mark.parametrize(("queries", "keys"), [(T, S), (1, S), (S, S), (S, T), (S, 1)])
def test_both_alignments_are_torchs(queries: int, keys: int) -> None:
    """T26: `is_causal` is top-left; queries that continue kept keys need bottom-right."""
    q, k, v = numbers(1, queries, 5), numbers(2, keys, 5), numbers(3, keys, 3)
    top_left, bottom_right = causal(queries, keys), causal(queries, keys, "bottom-right")
    close(attend(q, k, v, allowed=top_left).context, sdpa(q, k, v, is_causal=True))
    assert torch.equal(top_left, bottom_right) == (queries == keys)
    assert bottom_right[-1].all()
    assert top_left[0].tolist() == [True] + [False] * (keys - 1)
    ours = attend(q, k, v, allowed=bottom_right)
    assert int(ours.empty.sum()) == max(0, queries - keys)
    if queries <= keys:  # for more queries than keys torch warns of nan
        close(ours.context, sdpa(q, k, v, attn_mask=causal_lower_right(queries, keys)))


def test_bottom_right_continues_a_sequence_whose_keys_are_kept() -> None:
    x = numbers(6, S, 5)
    whole = attend(x, x, x, allowed=causal(S))
    last = attend(x[-2:], x, x, allowed=causal(2, S, "bottom-right"))
    close(last.weights, whole.weights[-2:])
    assert (attend(x[-2:], x, x, allowed=causal(2, S)).weights[:, 2:] == 0).all()


def test_the_two_polarities_of_torch() -> None:
    """T25: True = may attend here and in SDPA, True = blocked in nn.MultiheadAttention."""
    module = random_attention()
    x = numbers(7, T, D)
    right, _ = module(x, x, x, attn_mask=blocked(causal(T)))
    close(attend_heads(module, x, allowed=causal(T)).out, right)
    # the wrong polarity is silent: no error and, with the diagonal kept, no nan
    wrong, _ = module(x, x, x, attn_mask=causal(T) & ~torch.eye(T, dtype=torch.bool))
    assert wrong.isfinite().all()
    assert (wrong - right).abs().max() > 0.1
    ahead = sdpa(x, x, x, attn_mask=blocked(causal(T)) | torch.eye(T, dtype=torch.bool))
    assert (ahead - sdpa(x, x, x, attn_mask=causal(T))).abs().max() > 0.1


def test_padding_is_torchs_key_padding_mask() -> None:
    module = random_attention()
    x = numbers(8, 3, S, D)
    lengths = [4, 1, S]
    masks = padding(lengths, S)
    keep = torch.arange(S) < torch.tensor(lengths)[:, None]
    assert torch.equal(masks, padding(keep, S))
    theirs, weights = module(
        *(x.transpose(0, 1),) * 3, key_padding_mask=blocked(keep), average_attn_weights=False
    )
    for b in range(3):
        ours = attend_heads(module, x[b], allowed=masks[b])
        close(ours.out, theirs[:, b])
        close(ours.weights, weights[b])


def test_a_mask_multiplied_in_later_is_not_a_mask() -> None:
    """T23: the rows no longer sum to 1, and −10⁹ leaves a fully masked row uniform."""
    allowed = causal(T, S)
    ours = attend(q, k, v, allowed=allowed).weights
    assert (ours[~allowed] == 0).all()
    close(ours.sum(1), torch.ones(T, dtype=torch.float64))
    late = attend(q, k, v).weights * allowed
    assert (late.sum(1) - 1).abs().max() > 0.1
    nothing = torch.zeros(T, S, dtype=torch.bool)
    finite = attend(q, k, v).scaled.masked_fill(~nothing, -1e9).softmax(-1)
    close(finite, torch.full((T, S), 1 / S, dtype=torch.float64))
    assert (attend(q, k, v, allowed=nothing).weights == 0).all()


def test_without_keys_is_attention_over_the_others() -> None:
    left = [0, 2, 3, 5]
    ours = attend(q, k, v, allowed=without_keys(None, [1, 4], T, S))
    close(ours.context, attend(q, k[left], v[left]).context)
    close(ours.weights[:, left], attend(q, k[left], v[left]).weights)


def test_without_keys_keeps_the_mask_it_is_given() -> None:
    allowed = causal(T, S)
    fewer = without_keys(allowed, [1], T, S)
    assert torch.equal(fewer, allowed & without_keys(None, [1], T, S))
    assert bool(allowed[1, 1])
    of_heads = without_keys(allowed.expand(HEADS, T, S), [1], T, S)
    assert torch.equal(of_heads, fewer.expand(HEADS, T, S))


# fully masked rows


def fully_masked(queries: int = T) -> Tensor:
    allowed = some_allowed(9, queries, S)
    allowed[2] = False
    return allowed


def test_a_row_without_keys_is_zero_as_in_sdpa() -> None:
    """T24: a plain softmax gives nan."""
    allowed = fully_masked()
    ours = attend(q, k, v, allowed=allowed)
    assert ours.empty.tolist() == [False, False, True, False]
    assert (ours.masked[2] == -math.inf).all()
    assert (ours.weights[2] == 0).all()
    assert (ours.context[2] == 0).all()
    assert ours.masked.softmax(-1)[2].isnan().all()
    close(ours.context, sdpa(q, k, v, attn_mask=allowed))
    assert attend(q[0], k, v, allowed=torch.zeros(S, dtype=torch.bool)).empty.item() is True
    assert not attend(q, k, v).empty.any()


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("no_grad", [False, True])
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("heads", [2, 3])
def test_when_torchs_module_gives_nan_for_a_row_without_keys(
    heads: int, batched: bool, train: bool, no_grad: bool, need_weights: bool
) -> None:
    """T24: always with its weights. Without them only on its fast path: self-attention of a batch
    in eval under no_grad, with an even number of heads. Elsewhere it computes as SDPA does, zeros
    and then the bias, as we do."""
    module = random_attention(heads=heads, batch_first=True).train(train)
    allowed, fast = fully_masked(S), batched and not train and no_grad and heads % 2 == 0
    x = sequences(module)[1]
    given = x[None] if batched else x
    mask = blocked(allowed)
    with torch.set_grad_enabled(not no_grad):
        out, _ = module(given, given, given, attn_mask=mask, need_weights=need_weights)
    theirs = out[0] if batched else out
    ours = attend_heads(module, x, allowed=allowed).out
    used = allowed.any(-1)
    close(ours[used], theirs[used])
    if need_weights or fast:
        assert theirs[~used].isnan().all()
    else:
        close(ours[~used], theirs[~used])


def test_a_row_without_keys_has_finite_gradients() -> None:
    """T24: in nn.MultiheadAttention its nan reaches every parameter, used or not."""
    module, allowed = random_attention(), fully_masked()
    query, key, _ = sequences(module)
    ours = attend_heads(module, query, key, allowed=allowed)
    close(ours.out[2], module.out_proj.bias)
    used = [0, 1, 3]
    ours_grad = torch.autograd.grad(
        ours.out.square().sum(), list(module.parameters()), retain_graph=True
    )
    assert all(g.isfinite().all() for g in ours_grad)
    for head in ours.heads:
        loss = head.context.square().sum()
        for stage in torch.autograd.grad(loss, (head.masked, head.scaled), retain_graph=True):
            assert stage.isfinite().all()
            assert (stage[2] == 0).all()
    theirs, _ = module(query, key, key, attn_mask=blocked(allowed))
    assert theirs[2].isnan().all()
    close(ours.out[used], theirs[used])
    (poisoned,) = torch.autograd.grad(theirs[used].square().sum(), module.in_proj_weight)
    assert poisoned.isnan().any()
    rest = attend_heads(module, query[used], key, allowed=allowed[used])
    for ours_of_used, alone in zip(
        torch.autograd.grad(
            attend_heads(module, query, key, allowed=allowed).out[used].square().sum(),
            list(module.parameters()),
        ),
        torch.autograd.grad(rest.out.square().sum(), list(module.parameters())),
        strict=True,
    ):
        close(ours_of_used, alone, atol=1e-10)


# masks that make no sense


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: causal(0), "causal: expected at least 1 query and 1 key, got T=0, S=0"),
        (lambda: causal(3, 0), "causal: expected at least 1 query and 1 key, got T=3, S=0"),
        (lambda: causal(3, align="left"), "expected align top-left or bottom-right, got 'left'"),
        (lambda: padding(7, 3, 6), r"padding: expected lengths from 0 to 6, got 7"),
        (lambda: padding([2, -1], 3), r"padding: expected lengths from 0 to 2, got \[2, -1\]"),
        (
            lambda: padding(torch.tensor([2.5]), 3),
            "padding: expected a bool tensor or whole lengths",
        ),
        (lambda: padding([], 3), "padding: expected a bool tensor or whole lengths"),
        (lambda: padding(torch.ones(4).bool(), 3, 6), r"\(S,\) or \(B, S\) with S=6, got \(4,\)"),
        (lambda: padding(torch.ones(()).bool(), 3), r"\(S,\) or \(B, S\), got \(\)"),
        (lambda: padding(0, 3), "expected at least 1 query and 1 key, got T=3, S=0"),
        (lambda: without_keys(None, [6], T, S), "without_keys: expected keys from 0 to 5, got 6"),
        (lambda: without_keys(None, [-1], T, S), "without_keys: expected keys from 0 to 5, got -1"),
        (lambda: without_keys(causal(S), [1], T, S), r"expected shape \(4, 6\) or \(heads, 4, 6\)"),
        (lambda: blocked(torch.ones(2)), "True = may attend, got torch.float32"),
        (lambda: check_allowed([[True]], 1, 1), "allowed: expected a bool tensor, .* got list"),  # type: ignore[arg-type]
        (lambda: check_allowed(torch.zeros(T, S), T, S), "got torch.float32"),
        (
            lambda: check_allowed(torch.ones(2, T, S).bool(), T, S, 3),
            r"\(4, 6\) or \(3, 4, 6\), queries by keys, got \(2, 4, 6\)",
        ),
    ],
)
def test_refusals_say_what_was_expected(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_an_empty_padding_blocks_every_key() -> None:
    assert not padding(0, T, S).any()
    assert attend(q, k, v, allowed=padding(0, T, S)).empty.all()
