"""Laws of attention, whatever the numbers, and its published figures (R26, R26b, R29, R29b)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqviz.core.attention import attend, attend_heads
from seqviz.core.attention_measures import entropy, largest, normalised
from seqviz.core.masks import blocked, causal, without_keys
from seqviz.core.positions import sinusoidal
from tests.core.attention_references import by_hand, random_attention, some_allowed
from tests.core.references import close, numbers

SIZES = st.integers(1, 6)
SEEDS = st.integers(0, 2**31)


@dataclass(frozen=True)
class Case:
    q: Tensor
    k: Tensor
    v: Tensor
    allowed: Tensor | None
    scale: float | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    T, S, d_k, d_v, seed = draw(SIZES), draw(SIZES), draw(SIZES), draw(SIZES), draw(SEEDS)
    size = draw(st.floats(0, 5))
    kind = draw(st.sampled_from(("none", "random", "top-left", "bottom-right", "nothing")))
    allowed = {
        "none": None,
        "random": numbers(seed + 3, T, S) > 0.2,
        "nothing": torch.zeros(T, S, dtype=torch.bool),
    }.get(kind, None if kind == "none" else causal(T, S, kind if "-" in kind else "top-left"))
    q, k, v = numbers(seed, T, d_k), numbers(seed + 1, S, d_k), numbers(seed + 2, S, d_v)
    scale = draw(st.none() | st.floats(0, 5))
    return Case(size * q, size * k, v, allowed, scale)


# rows


@given(cases())
@settings(max_examples=150, deadline=None)
def test_rows_are_means_over_what_is_allowed(case: Case) -> None:
    ours = attend(case.q, case.k, case.v, allowed=case.allowed, scale=case.scale)
    assert ours.weights.isfinite().all()
    assert (ours.weights >= 0).all()
    close(ours.weights.sum(1), (~ours.empty).double(), atol=1e-12)
    if case.allowed is not None:
        assert (ours.weights[~case.allowed] == 0).all()
    assert (ours.context[ours.empty] == 0).all()


@given(cases())
@settings(max_examples=60, deadline=None)
def test_attention_is_the_sum_written_out(case: Case) -> None:
    ours = attend(case.q, case.k, case.v, allowed=case.allowed, scale=case.scale)
    assume(float(ours.scaled.abs().max()) < 300)
    hand = by_hand(case.q, case.k, case.v, case.allowed, case.scale)
    close(ours.weights, hand.weights)
    close(ours.context, hand.context)


@given(cases())
@settings(max_examples=100, deadline=None)
def test_the_context_lies_in_the_hull_of_the_allowed_values(case: Case) -> None:
    """R29b: in every direction it reaches no farther than a value does."""
    ours = attend(case.q, case.k, case.v, allowed=case.allowed, scale=case.scale)
    directions = torch.cat([torch.eye(case.v.shape[1]).double(), numbers(3, 8, case.v.shape[1])])
    reach = case.v @ directions.T
    allowed = torch.ones_like(ours.scores).bool() if case.allowed is None else case.allowed
    for t in range(len(case.q)):
        if not ours.empty[t]:
            seen, at = reach[allowed[t]], directions @ ours.context[t]
            assert (at <= seen.amax(0) + 1e-12).all()
            assert (at >= seen.amin(0) - 1e-12).all()


@given(cases(), st.floats(-50, 50))
@settings(max_examples=60, deadline=None)
def test_a_constant_added_to_a_row_of_scores_changes_nothing(case: Case, shift: float) -> None:
    """Softmax sees differences only: a bias of the keys alone is never seen (b_k adds q·b_k)."""
    plain = attend(case.q, case.k, case.v, allowed=case.allowed, scale=case.scale)
    moved = attend(case.q, case.k + shift / 10, case.v, allowed=case.allowed, scale=case.scale)
    close(moved.weights, plain.weights, atol=1e-9)


def test_weights_are_not_proportional_to_scores() -> None:
    """F14: they are proportional to their exponentials."""
    ours = attend(numbers(1, 3, 4), numbers(2, 5, 4), numbers(3, 5, 4))
    ratio = ours.weights / ours.scaled.exp()
    close(ratio, ratio[:, :1].expand_as(ratio))
    assert (ours.scores < 0).any()


# order


@given(cases(), SEEDS)
@settings(max_examples=60, deadline=None)
def test_keys_have_no_order_and_queries_do_not_see_each_other(case: Case, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randperm(len(case.k), generator=generator)
    rows = torch.randperm(len(case.q), generator=generator)
    allowed = None if case.allowed is None else case.allowed[rows][:, keys]
    plain = attend(case.q, case.k, case.v, allowed=case.allowed, scale=case.scale)
    mixed = attend(case.q[rows], case.k[keys], case.v[keys], allowed=allowed, scale=case.scale)
    close(mixed.weights, plain.weights[rows][:, keys])
    close(mixed.context, plain.context[rows])


def test_an_encoder_layer_is_equivariant_until_a_mask_or_positions_come() -> None:
    """R29, in PyTorch's layer and in ours alike."""
    layer = nn.TransformerEncoderLayer(12, 3, 16, batch_first=True, dtype=torch.float64).eval()
    for index, parameter in enumerate(layer.parameters()):
        parameter.data.copy_(0.4 * numbers(900 + index, *parameter.shape))
    x, shuffle = numbers(4, 1, 6, 12), torch.tensor([3, 0, 5, 1, 4, 2])
    here, mask = sinusoidal(6, 12), blocked(causal(6))
    close(layer(x[:, shuffle]), layer(x)[:, shuffle])
    masked = layer(x[:, shuffle], src_mask=mask) - layer(x, src_mask=mask)[:, shuffle]
    assert masked.abs().max() > 0.1
    assert (layer(x[:, shuffle] + here) - layer(x + here)[:, shuffle]).abs().max() > 0.1
    module, x = random_attention(), x[0]
    close(attend_heads(module, x[shuffle]).out, attend_heads(module, x).out[shuffle])
    ours = attend_heads(module, x[shuffle], allowed=causal(6)).out
    assert (ours - attend_heads(module, x, allowed=causal(6)).out[shuffle]).abs().max() > 0.1


def test_equal_tokens_stay_equal() -> None:
    """R29."""
    module, x = random_attention(), numbers(5, 6, 12)
    x[5] = x[2]
    ours = attend_heads(module, x)
    close(ours.out[5], ours.out[2])
    close(ours.weights[:, :, 5], ours.weights[:, :, 2])
    masked = attend_heads(module, x, allowed=causal(6)).out
    assert (masked[5] - masked[2]).abs().max() > 0.1


# no leak


def jacobian(run: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """∂out_t/∂x_j as (T, T): the largest entry of each block."""
    full = torch.autograd.functional.jacobian(run, x)
    return full.abs().amax((1, 3))


@pytest.mark.parametrize("rotary", [False, True])
def test_nothing_leaks_from_the_future(rotary: bool) -> None:
    """The Jacobian is exactly 0 above the diagonal, and not below it."""
    module, x = random_attention(), numbers(6, 6, 12)
    past = causal(6)
    found = jacobian(lambda x: attend_heads(module, x, allowed=past, rotary=rotary).out, x)
    assert (found[~past] == 0).all()
    assert (found[past] > 1e-6).all()
    everything = jacobian(lambda x: attend_heads(module, x, rotary=rotary).out, x)
    assert (everything > 1e-6).all()


def test_nothing_leaks_through_any_mask() -> None:
    module, x = random_attention(), numbers(7, 6, 12)
    memory, allowed = numbers(8, 5, 12), some_allowed(9, 6, 5)
    allowed[3] = False
    of_memory = jacobian(lambda m: attend_heads(module, x, m, allowed=allowed).out, memory)
    assert torch.equal(of_memory > 0, allowed)
    of_query = jacobian(lambda x: attend_heads(module, x, memory, allowed=allowed).out, x)
    off = ~torch.eye(6, dtype=torch.bool)
    assert (of_query[off] == 0).all()
    assert of_query[3, 3] == 0


def test_what_is_blocked_may_be_anything() -> None:
    module, x = random_attention(), numbers(10, 6, 12)
    other = x.clone()
    other[4:] = 1e3
    past = causal(6)
    ours, changed = (attend_heads(module, each, allowed=past).out for each in (x, other))
    assert torch.equal(ours[:4], changed[:4])
    gone = attend_heads(module, x, allowed=without_keys(None, [4, 5], 6, 6)).out
    close(gone[:4], attend_heads(module, x[:4]).out)


# scale


def test_scale_zero_is_the_mean() -> None:
    """R29b."""
    q, k, v = numbers(11, 4, 5), numbers(12, 6, 5), numbers(13, 6, 3)
    close(attend(q, k, v, scale=0).context, v.mean(0).expand(4, 3))
    allowed = some_allowed(14, 4, 6)
    some = attend(q, k, v, scale=0, allowed=allowed)
    for t in range(4):
        close(some.context[t], v[allowed[t]].mean(0))


def test_scale_without_end_is_a_lookup() -> None:
    """R29b: the value of the best key; equal keys share."""
    q, k, v = numbers(15, 4, 5), numbers(16, 6, 5), numbers(17, 6, 3)
    hard = attend(q, k, v, scale=1e6)
    close(hard.context, v[(q @ k.T).argmax(1)])
    close(attend(q, k, v, scale=-1e6).context, v[(q @ k.T).argmin(1)])
    k[3] = k[1]
    best = attend(4 * k[1:2], k, v, scale=1e6)
    close(best.context[0], (v[1] + v[3]) / 2)


@given(SEEDS, st.floats(0.2, 5))
@settings(max_examples=60, deadline=None)
def test_entropy_grows_with_the_temperature(seed: int, T: float) -> None:
    """R29b: dH/dT = Var_p(z)/T³, with z the scores and p their softmax at T."""
    z = numbers(seed, 7)
    one = torch.ones(1, dtype=torch.float64)
    values = torch.eye(7, dtype=torch.float64)
    temperature = torch.tensor(T, dtype=torch.float64, requires_grad=True)
    p = attend(one / temperature, z[:, None], values, scale=1).weights
    h = entropy(p)
    (slope,) = torch.autograd.grad(h, temperature)
    mean = (p * z).sum()
    close(slope, (p * (z - mean) ** 2).sum() / T**3, atol=1e-10)
    close(attend(one, z[:, None], values, scale=1 / T).weights, p)
    assert slope >= 0


# dimension


@pytest.mark.parametrize("d_k", [2, 8, 64, 512])
def test_products_have_variance_d_k(d_k: int) -> None:
    """R26: Vaswani's footnote 4; the scale makes it 1 whatever d_k."""
    values = torch.zeros(64, 1, dtype=torch.float64)
    pairs = ((numbers(2 * i, 64, d_k), numbers(2 * i + 1, 64, d_k)) for i in range(100))
    products = torch.cat([attend(q, k, values).scores for q, k in pairs])
    assert float(products.var()) == pytest.approx(d_k, rel=0.03)
    assert abs(float(products.mean())) < 0.03 * math.sqrt(d_k)
    assert float((products / math.sqrt(d_k)).var()) == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize(
    ("d_k", "raw_entropy", "raw_largest"),
    [(2, 0.81, None), (8, 0.50, None), (64, 0.14, None), (512, 0.04, 0.93)],
)
def test_without_the_scale_entropy_collapses(
    d_k: int, raw_entropy: float, raw_largest: float | None
) -> None:
    """R26, F24: sharper with every dimension; with the scale the same for all."""
    raw, scaled = [], []
    for i in range(60):
        q, k = numbers(3000 + i, 64, d_k), numbers(9000 + i, 64, d_k)
        raw.append(attend(q, k, k, scale=1).weights)
        scaled.append(attend(q, k, k).weights)
    sharp, even = torch.stack(raw), torch.stack(scaled)
    assert float(normalised(sharp).mean()) == pytest.approx(raw_entropy, abs=0.015)
    assert float(normalised(even).mean()) == pytest.approx(0.89, abs=0.015)
    if raw_largest is not None:
        assert float(largest(sharp).mean()) == pytest.approx(raw_largest, abs=0.015)
        # the gradient of a softmax is at most p(1 − p): it is gone where it is sharp
        assert float((sharp * (1 - sharp)).sum(-1).mean()) == pytest.approx(0.10, abs=0.02)
        assert float((even * (1 - even)).sum(-1).mean()) == pytest.approx(0.96, abs=0.02)


def test_tied_queries_and_keys_look_at_themselves() -> None:
    """R26b: q = k scores |q|², about d_k, against a spread of √d_k: √d_k after scaling."""
    x = numbers(21, 2000, 64)
    ours = attend(x, x, x[:, :1])
    assert float(ours.scaled.diagonal().mean()) == pytest.approx(8.0, abs=0.1)
    assert float(ours.scaled.std()) < 1.1
    few = attend(x[:20], x[:20], x[:20])
    assert float(few.weights.diagonal().mean()) > 0.9
    apart = attend(x[:20], numbers(22, 20, 64), x[:20])
    assert float(apart.weights.diagonal().mean()) < 0.2
