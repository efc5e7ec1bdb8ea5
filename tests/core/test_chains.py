"""Norms of long products against autograd, closed forms, and Pascanu's bound (R1, R1b, R2, R12)."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqviz.core import chains
from seqviz.core.chains import (
    factor_norms,
    gradient_norms,
    kept_path,
    last_state_norms,
    pascanu_bound,
    state_norms,
)
from seqviz.core.gradients import gradients, state_norm
from seqviz.core.jacobians import step_jacobians
from seqviz.core.parameters import cell_of, make_cell
from seqviz.core.spectra import live_fraction
from seqviz.core.unroll import Options, Trace, unroll
from seqviz.core.what_if import Force, WhatIf
from tests.core.references import (
    KINDS,
    VARIANTS,
    D,
    H,
    T,
    by_hand,
    close,
    numbers,
    options_of,
    random_cell,
    random_start,
)

DIRECT = numbers(70, T, H)


def random_trace(kind: str, options: Options = Options()) -> Trace:
    return unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), options)


def linear(weight: Tensor, steps: int, activation: str = "identity") -> Trace:
    """A run without input, so that every Jacobian is W_hh (identity) or γ W_hh (at h = 0)."""
    cell = cell_of("rnn", weight.new_zeros(len(weight), 1), weight)
    return unroll(cell, weight.new_zeros(steps, 1), options=Options(activation))


def jacobian(later: Tensor, earlier: Tensor) -> Tensor:
    rows = [
        torch.autograd.grad(one, earlier, retain_graph=True, materialize_grads=True)[0]
        for one in later
    ]
    return torch.stack(rows)


@pytest.mark.parametrize(("kind", "activation", "peepholes", "reset"), VARIANTS)
def test_every_pair_of_states_equals_autograd(
    kind: str, activation: str, peepholes: bool, reset: str
) -> None:
    options = options_of(activation, peepholes, reset)
    trace = random_trace(kind, options)
    hs, cs = by_hand(kind, trace.cell, numbers(4, T, D), *random_start(kind), options)
    for part, nodes in (("h", hs), ("c", cs)) if cs else (("h", hs),):
        found = state_norms(trace, part, spectral=True)
        assert found is not None
        assert found.spectral is not None
        last = last_state_norms(trace, part, spectral=True)
        close(last.frobenius, found.frobenius[-1], atol=1e-10)
        close(last.spectral, found.spectral[-1], atol=1e-10)
        assert found.frobenius[0, 1:].eq(-math.inf).all()
        for t, k in ((0, 0), (3, 2), (T - 1, 0), (T - 1, 4)):
            wanted = jacobian(nodes[t], nodes[k]) if t > k else torch.eye(H).double()
            close(found.frobenius[t, k].exp(), wanted.norm(), atol=1e-12 * (1 + wanted.norm()))
            largest = torch.linalg.matrix_norm(wanted, 2)
            close(found.spectral[t, k].exp(), largest, atol=1e-12 * (1 + largest))


@pytest.mark.parametrize(("kind", "activation", "peepholes", "reset"), VARIANTS)
def test_the_curves_in_logarithms_are_the_curves(
    kind: str, activation: str, peepholes: bool, reset: str
) -> None:
    trace = random_trace(kind, options_of(activation, peepholes, reset))
    found, wanted = gradient_norms(trace, DIRECT), gradients(trace, DIRECT)
    torch.testing.assert_close(found.h.exp(), wanted.h_norm, rtol=1e-10, atol=1e-14)
    torch.testing.assert_close(found.state.exp(), state_norm(trace, wanted), rtol=1e-10, atol=1e-14)
    if wanted.c_norm is not None:
        torch.testing.assert_close(found.c.exp(), wanted.c_norm, rtol=1e-10, atol=1e-14)  # type: ignore[union-attr]


@pytest.mark.parametrize(("gain", "printed"), [(0.9, 2.656140e-05), (1.0, 1.0), (1.1, 1.378061e04)])
def test_an_orthogonal_line_scales_by_its_gain_each_step_r1(gain: float, printed: float) -> None:
    weight = make_cell("rnn", 1, 32, init="orthogonal", gain=gain, seed=0).weight_hh.detach()
    found = last_state_norms(linear(weight, 101), spectral=True)
    assert found.spectral is not None
    norm = found.spectral[0].exp().item()
    assert norm == pytest.approx(gain**100, rel=1e-12, abs=0)
    assert norm == pytest.approx(printed, rel=1e-6, abs=0)
    assert found.frobenius[0].item() == pytest.approx(100 * math.log(gain) + math.log(32) / 2)


def test_a_small_spectral_radius_does_not_stop_growth_at_first_r1b() -> None:
    weight = torch.tensor([[0.5, 10.0], [0.0, 0.5]], dtype=torch.float64)
    found = last_state_norms(linear(weight, 61), spectral=True).spectral
    assert found is not None
    norms = found.flip(0).exp()
    assert norms[1].item() == pytest.approx(10.02, abs=0.01)
    assert norms[60].item() == pytest.approx(1.0e-15, rel=0.05, abs=0)


def test_the_late_rate_is_the_spectral_radius_r1b() -> None:
    weight = numbers(3, 64, 64) / 8
    weight *= 0.9 / torch.linalg.eigvals(weight).abs().max()
    first = last_state_norms(linear(weight, 2), spectral=True).spectral
    assert first is not None
    assert first[0].exp() > 1.5
    norms = last_state_norms(linear(weight, 4001)).frobenius.flip(0)
    assert (norms[4000] - norms[1000]).item() / 3000 == pytest.approx(math.log(0.9), abs=1e-3)


@pytest.mark.parametrize(
    ("activation", "sigma"),
    [("tanh", 0.95), ("tanh", 1.5), ("sigmoid", 3.8), ("sigmoid", 6.0), ("relu", 0.95)],
)
def test_the_bound_is_never_broken_and_only_necessary_r2(activation: str, sigma: float) -> None:
    weight = make_cell("rnn", 8, 32, init="orthogonal", gain=sigma, seed=1).weight_hh.detach()
    cell = cell_of("rnn", numbers(5, 32, 8), weight)
    trace = unroll(cell, numbers(6, 50, 8), numbers(7, 32), options=Options(activation))
    found = pascanu_bound(trace)
    gamma = 0.25 if activation == "sigmoid" else 1.0
    assert found.per_step == pytest.approx(math.log(gamma * sigma))
    assert found.weight[0].item() == pytest.approx(49 * math.log(gamma * sigma))
    assert (found.true <= found.factors + 1e-9).all()
    assert (found.factors <= found.weight + 1e-9).all()
    assert found.true[-1].item() == found.factors[-1].item() == found.weight[-1].item() == 0
    if found.per_step < 0:
        assert found.true[0] < found.per_step * 49
    else:
        assert found.true[0] < found.weight[0] - 10


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(("tanh", "sigmoid", "relu", "identity")),
    st.floats(0.01, 20),
    st.integers(0, 1000),
    st.integers(1, 12),
)
def test_the_bound_holds_for_any_weights(
    activation: str, gain: float, seed: int, steps: int
) -> None:
    cell = make_cell("rnn", 2, 5, gain=gain, seed=seed)
    found = pascanu_bound(unroll(cell, numbers(seed, steps, 2), options=Options(activation)))
    assert (found.true <= found.factors + 1e-9).all()
    assert (found.factors <= found.weight + 1e-9).all()


@pytest.mark.parametrize(
    ("forget_bias", "after_20"), [(0.0, 9.5e-7), (1.0, 1.9e-3), (2.0, 7.9e-2), (3.0, 0.378)]
)
def test_the_direct_path_is_a_power_of_the_forget_bias_r12(
    forget_bias: float, after_20: float
) -> None:
    cell = make_cell("lstm", 2, 3, init="xavier", gain=0.0, forget_bias=forget_bias, seed=0)
    cell.weight_ih.data.zero_()
    found = kept_path(unroll(cell, numbers(0, 21, 2)))
    assert found.log_kept[0].exp().tolist() == pytest.approx([after_20] * 3, rel=0.04)
    exact = 20 * math.log(1 / (1 + math.exp(-forget_bias)))
    assert found.log_direct[0].item() == pytest.approx(exact + math.log(3) / 2, abs=1e-12)
    close(found.log_true, found.log_direct)


@pytest.mark.parametrize(
    ("forget_bias", "published"), [(None, 0.633), (1.0, 0.852), (2.0, 0.980), (5.0, 1.024)]
)
def test_the_whole_derivative_of_c_is_not_the_direct_path_r12_t12(
    forget_bias: float | None, published: float
) -> None:
    rates, direct = [], []
    for seed in range(5):
        cell = make_cell("lstm", 8, 64, forget_bias=forget_bias, seed=seed)
        trace = unroll(cell, numbers(seed, 100, 8))
        c_norm = gradients(trace, lambda h: (h[-1] ** 2).sum()).c_norm
        assert c_norm is not None
        rates.append(float(c_norm[0] / c_norm[-1]) ** (1 / 99))
        kept = trace.f[1:].double().log().mean().exp()
        direct.append(float(kept))
    rate = sum(rates) / 5
    assert rate == pytest.approx(published, abs=0.05)
    if forget_bias == 1.0:
        assert sum(direct) / 5 == pytest.approx(0.731, abs=0.02)
        assert rate / (sum(direct) / 5) == pytest.approx(1.17, abs=0.05)


def test_the_kept_path_of_a_gru_follows_z() -> None:
    for update in ("keeps", "writes"):
        trace = random_trace("gru", Options(update=update))
        kept = trace.z if update == "keeps" else 1 - trace.z
        found = kept_path(trace)
        close(found.log_kept[2].exp(), kept[3:].prod(dim=0))
        close(found.log_direct[2].exp(), kept[3:].prod(dim=0).norm())
        close(found.log_true, last_state_norms(trace).frobenius)


def test_a_gate_held_shut_cuts_the_direct_path_and_open_keeps_it_whole() -> None:
    shut = kept_path(random_trace("lstm", Options(what_if=WhatIf(force=Force("f", 0.0)))))
    assert shut.log_direct[:-1].tolist() == [-math.inf] * (T - 1)
    assert shut.log_true[0] > -math.inf
    opened = kept_path(random_trace("lstm", Options(what_if=WhatIf(force=Force("f", 1.0)))))
    close(opened.log_direct, torch.full((T,), math.log(H) / 2, dtype=torch.float64))


def test_identity_weights_and_live_relu_units_hand_the_gradient_on_unchanged_r8() -> None:
    trace = unroll(
        make_cell("rnn", 1, 8, init="identity", seed=0),
        torch.zeros(100, 1, dtype=torch.float64),
        torch.ones(8, dtype=torch.float64),
        options=Options("relu"),
    )
    found = last_state_norms(trace, spectral=True)
    assert found.spectral is not None
    close(found.spectral.exp(), torch.ones(100, dtype=torch.float64))


@pytest.mark.parametrize(("gain", "rate", "band"), [(1.0, 0.707, 0.05), (2**0.5, 1.0, 0.1)])
def test_relu_hands_on_the_share_of_live_units_r9(gain: float, rate: float, band: float) -> None:
    rates, live = [], []
    for seed in range(5):
        cell = make_cell("rnn", 8, 64, init="orthogonal", gain=gain, seed=seed)
        trace = unroll(cell, numbers(seed, 60, 8), options=Options("relu"))
        norms = last_state_norms(trace).frobenius
        rates.append(math.exp(float(norms[0] - norms[-1]) / 59))
        live.append(float(live_fraction(trace).mean()))
    assert sum(live) / 5 == pytest.approx(0.5, abs=0.05)
    assert sum(rates) / 5 == pytest.approx(rate, abs=band)


@pytest.mark.parametrize("kind", KINDS)
def test_three_thousand_steps_neither_underflow_nor_overflow(kind: str) -> None:
    steps = 3000
    for gain in (1.0, 0.01):
        cell = make_cell(kind, 2, 6, gain=gain, seed=3)
        trace = unroll(cell, numbers(8, steps, 2))
        products = last_state_norms(trace, "state")
        alone = torch.zeros_like(trace.h)
        alone[-1] = 1
        curve = gradient_norms(trace, alone)
        assert products.frobenius.isfinite().all()
        assert curve.state.isfinite().all()
        assert products.frobenius[0] < math.log(5e-324)
        assert (curve.state <= products.frobenius + math.log(6) / 2 + 1e-9).all()
        assert gradients(trace, "last").h_norm[0] == 0
    cell = make_cell("rnn", 2, 6, init="orthogonal", gain=3.0, seed=3)
    trace = linear(cell.weight_hh.detach(), steps)
    assert last_state_norms(trace).frobenius[0].item() == pytest.approx(
        2999 * math.log(3) + math.log(6) / 2
    )
    assert gradient_norms(trace, torch.ones_like(trace.h)).h[0].isfinite()


@pytest.mark.parametrize("factor", [1e-160, 1e-100, 1e100, 1e160])
def test_factors_far_from_one_add_up_in_logarithms(factor: float) -> None:
    trace = random_trace("rnn")
    steps = (factor * torch.eye(H, dtype=torch.float64)).expand(T, H, H)
    grown = math.log(factor) * torch.arange(T - 1, -1, -1, dtype=torch.float64)
    alone = torch.zeros_like(trace.h)
    alone[-1] = 1
    norms = last_state_norms(trace, spectral=True, jacobians=steps)
    close(norms.frobenius, grown + math.log(H) / 2, 1e-9)
    close(norms.spectral, grown, 1e-9)
    close(gradient_norms(trace, alone, steps).h, grown + math.log(H) / 2, 1e-9)


@pytest.mark.parametrize("factor", [1e-310, 1e-160, 1e160, 1e300])
def test_a_loss_of_another_size_moves_every_curve_by_its_logarithm(factor: float) -> None:
    trace = random_trace("lstm")
    own, other = gradient_norms(trace, DIRECT), gradient_norms(trace, factor * DIRECT)
    assert own.c is not None
    close(other.h, own.h + math.log(factor), 1e-9)
    close(other.c, own.c + math.log(factor), 1e-9)
    close(other.state, own.state + math.log(factor), 1e-9)


def test_weights_of_zero_bound_the_last_step_by_one_and_hand_nothing_on() -> None:
    bound = pascanu_bound(linear(torch.zeros(H, H, dtype=torch.float64), T))
    assert bound.per_step == -math.inf
    assert bound.weight.tolist() == bound.true.tolist() == [-math.inf] * (T - 1) + [0.0]


def test_a_run_in_float32_is_measured_in_float64() -> None:
    cell = make_cell("gru", 2, 6, seed=3, dtype=torch.float32)
    trace = unroll(cell, numbers(8, 400, 2, dtype=torch.float32))
    alone = torch.zeros_like(trace.h)
    alone[-1] = 1
    assert gradients(trace, "last").h_norm[0] == 0
    norms = gradient_norms(trace, alone).h
    assert norms.dtype == torch.float64
    assert norms[0] < math.log(1e-45)
    assert norms.isfinite().all()


def test_a_wiped_state_hands_nothing_on() -> None:
    trace = random_trace("lstm", Options(what_if=WhatIf(wipe=True)))
    found = last_state_norms(trace, "state", spectral=True)
    assert found.spectral is not None
    assert found.spectral.tolist() == [-math.inf] * (T - 1) + [0.0]
    assert gradient_norms(trace, DIRECT).h.exp().tolist() == pytest.approx(
        DIRECT.norm(dim=1).tolist()
    )


def test_an_exploded_run_is_nan_and_does_not_stop_the_page() -> None:
    cell = make_cell("rnn", 1, 4, init="identity", gain=1e30, seed=0)
    trace = unroll(cell, torch.ones(30, 1, dtype=torch.float64), options=Options("identity"))
    assert not trace.h[-1].isfinite().all()
    assert step_jacobians(trace).isfinite().all()
    assert last_state_norms(trace, spectral=True).frobenius.isfinite().all()
    bad = torch.full_like(trace.h, math.nan)
    assert gradient_norms(trace, bad).h.isnan().all()


def test_beyond_the_budget_there_is_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = random_trace("rnn")
    monkeypatch.setattr(chains, "SPECTRAL_BUDGET", T**2 * H**3 - 1)
    found = state_norms(trace, spectral=True)
    assert found is not None
    assert found.spectral is None
    monkeypatch.setattr(chains, "FROBENIUS_BUDGET", T**2 * H**3 - 1)
    assert state_norms(trace) is None


def test_what_does_not_fit_is_refused() -> None:
    rnn, lstm = random_trace("rnn"), random_trace("lstm")
    reverse = unroll(rnn.cell, rnn.x, rnn.h0, reverse=True)
    with pytest.raises(ValueError, match="expected part h, c, state, got 'x'"):
        state_norms(lstm, "x")
    with pytest.raises(ValueError, match="expected part c for an lstm only, got rnn"):
        last_state_norms(rnn, "c")
    with pytest.raises(ValueError, match="expected an lstm or a gru, got rnn"):
        kept_path(rnn)
    with pytest.raises(ValueError, match="expected an rnn, got lstm"):
        pascanu_bound(lstm)
    with pytest.raises(ValueError, match=r"expected direct of shape \(9, 5\), got \(2, 5\)"):
        gradient_norms(rnn, DIRECT[:2])
    with pytest.raises(ValueError, match="expected a forward trace, got a reversed one"):
        gradient_norms(reverse, DIRECT)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_chain_is_its_factors_one_by_one_and_what_they_come_to(kind: str) -> None:
    """Row 26: σ_max of J_t, J_{t−1}, … and of the plain products, in the order of the sweep."""
    trace = random_trace(kind)
    steps, t, k = step_jacobians(trace), 7, 2
    found = factor_norms(trace, t, k)
    product = torch.eye(steps.shape[-1], dtype=steps.dtype)
    for n, j in enumerate(range(t, k, -1)):
        product = product @ steps[j]
        assert found.factors[n].exp().item() == pytest.approx(largest(steps[j]), rel=1e-12)
        assert found.products[n].exp().item() == pytest.approx(largest(product), rel=1e-12)
    assert len(found.factors) == len(found.products) == t - k
    assert len(factor_norms(trace, 3, 3).factors) == 0
    assert torch.equal(factor_norms(trace, t, k, steps).products, found.products)
    for wrong in ((2, 7), (99, 0), (3, -1)):
        with pytest.raises(ValueError, match="expected 0 <= k <= t <"):
            factor_norms(trace, *wrong)


def largest(matrix: torch.Tensor) -> float:
    return float(torch.linalg.matrix_norm(matrix, 2))
