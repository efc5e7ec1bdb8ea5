"""Spectra of weights and steps, Lyapunov exponents and underflow (R1b, R7, R10, R31)."""

import math
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqviz.core.chains import factor_norms
from seqviz.core.gradients import gradients
from seqviz.core.jacobians import last_state_products, step_jacobians
from seqviz.core.norms import zeros_up_to
from seqviz.core.parameters import cell_of, make_cell
from seqviz.core.spectra import (
    live_fraction,
    log_determinants,
    lyapunov,
    spectrum,
    step_spectra,
    underflow_step,
    weight_spectra,
)
from seqviz.core.unroll import Options, Trace, unroll
from tests.core.references import KINDS, close, numbers


def run_of(kind: str, steps: int, hidden: int = 6, gain: float = 1.0) -> Trace:
    return unroll(make_cell(kind, 2, hidden, gain=gain, seed=3), numbers(8, steps, 2))


def still(weight: Tensor, steps: int, activation: str) -> Trace:
    """A run that rests at a = 0, so that every Jacobian is φ'(0) W."""
    rest = torch.full_like(weight[0], 0.5 if activation == "sigmoid" else 0.0)
    zero = weight.new_zeros(len(weight), 1)
    cell = cell_of("rnn", zero, weight, -weight @ rest, torch.zeros_like(rest))
    return unroll(cell, weight.new_zeros(steps, 1), rest, options=Options(activation))


def test_radius_and_largest_singular_value_are_two_numbers_r1b_t11() -> None:
    found = spectrum(torch.tensor([[0.5, 10.0], [0.0, 0.5]]))
    assert found.radius == pytest.approx(0.5)
    assert found.largest == pytest.approx(10.02, abs=0.01)
    turned = spectrum(torch.tensor([[0.0, -2.0], [2.0, 0.0]]))
    assert turned.radius == pytest.approx(2.0)
    assert turned.eigenvalues.real.abs().max() < 1e-12


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(0, 10_000))
def test_the_radius_never_exceeds_the_largest_singular_value(size: int, seed: int) -> None:
    found = spectrum(numbers(seed, size, size))
    assert found.radius <= found.largest * (1 + 1e-12)
    products = found.singular_values.prod(), found.eigenvalues.abs().prod()
    assert products[0].item() == pytest.approx(products[1].item(), rel=1e-9)
    assert (found.singular_values.diff() <= 0).all()
    assert (found.eigenvalues.abs().diff() <= 1e-12).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_initialisation_follows_the_circular_law_r10(kind: str) -> None:
    blocks = weight_spectra(make_cell(kind, 4, 256, seed=0))
    assert list(blocks) == {"rnn": ["h"], "lstm": list("ifgo"), "gru": list("rzn")}[kind]
    for found in blocks.values():
        assert found.radius == pytest.approx(1 / math.sqrt(3), abs=0.05)
        assert found.largest == pytest.approx(2 / math.sqrt(3), abs=0.05)


def test_each_gate_has_its_own_block() -> None:
    cell = make_cell("gru", 2, 4, init="identity", seed=0)
    cell.weight_hh.data[4:8] *= 3
    assert [found.largest for found in weight_spectra(cell).values()] == pytest.approx([1, 3, 1])


def test_steps_are_measured_one_by_one_and_evenly() -> None:
    trace = run_of("lstm", 50)
    steps = step_jacobians(trace)
    found = step_spectra(steps)
    close(found.singular_values[:, 0], torch.linalg.matrix_norm(steps, 2))
    close(found.radius[7], torch.linalg.eigvals(steps[7]).abs().max())
    few = step_spectra(steps, most=8)
    assert few.steps.tolist() == [0, 7, 14, 21, 28, 35, 42, 49]
    close(few.radius, found.radius[few.steps])
    steps[3, 0, 0] = math.inf
    assert step_spectra(steps).radius.isnan().nonzero().flatten().tolist() == [3]
    assert spectrum(steps[3]).singular_values.isnan().all()


def test_only_live_relu_units_hand_a_gradient_on_t18() -> None:
    cell = make_cell("rnn", 2, 16, init="identity", seed=1)
    trace = unroll(cell, numbers(2, 30, 2), options=Options("relu"))
    live = live_fraction(trace)
    alive = (trace.h_pre > 0).double()
    close(live, alive.mean(dim=1))
    assert 0 < live[-1] < 1
    close(step_jacobians(trace)[-1], torch.diag(alive[-1]))


@pytest.mark.parametrize("kind", KINDS)
def test_exponents_add_up_to_the_mean_log_determinant_r31(kind: str) -> None:
    steps = step_jacobians(run_of(kind, 3000))
    found = lyapunov(steps)
    assert found.exponents.isfinite().all()
    assert (found.exponents.diff() <= 0).all()
    assert found.exponents.sum().item() == pytest.approx(
        log_determinants(steps).mean().item(), rel=1e-9
    )
    close(found.growth.mean(dim=0), found.exponents)
    leading = lyapunov(steps, count=2, skip=300)
    assert leading.growth.shape == (2700, 2)
    assert leading.exponents.tolist() == pytest.approx(found.exponents[:2].tolist(), abs=0.02)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.2, 2), st.integers(0, 100))
def test_an_orthogonal_line_has_one_exponent(gain: float, seed: int) -> None:
    weight = make_cell("rnn", 1, 5, init="orthogonal", gain=gain, seed=seed).weight_hh.detach()
    found = lyapunov(step_jacobians(still(weight, 40, "identity")))
    assert found.exponents.tolist() == pytest.approx([math.log(gain)] * 5, abs=1e-12)


def random_net(gain: float, steps: int, size: int = 200) -> tuple[Tensor, Iterator[Tensor]]:
    """W ~ N(0, g²/N), no input, tanh: W and the Jacobians, made a hundred steps at a time."""
    weight = gain * numbers(11, size, size) / math.sqrt(size)
    cell, h = cell_of("rnn", weight.new_zeros(size, 1), weight), numbers(12, size)

    def jacobians() -> Iterator[Tensor]:
        state = h
        for _ in range(steps // 100):
            trace = unroll(cell, weight.new_zeros(100, 1), state)
            yield from step_jacobians(trace)
            state = trace.h[-1]

    return weight, jacobians()


@pytest.mark.parametrize("gain", [0.5, 0.9])
def test_a_quiet_random_net_decays_at_the_spectral_radius_r31(gain: float) -> None:
    weight, jacobians = random_net(gain, 3000)
    found = lyapunov(jacobians, count=2, skip=500).exponents[0].item()
    assert found == pytest.approx(math.log(spectrum(weight).radius), abs=1e-3)
    assert found < 0


@pytest.mark.parametrize(("gain", "measured"), [(1.5, 0.059), (2.0, 0.147)])
def test_a_loud_random_net_is_chaotic_r31(gain: float, measured: float) -> None:
    _, jacobians = random_net(gain, 2000)
    found = lyapunov(jacobians, count=1, skip=200).exponents[0].item()
    assert found == pytest.approx(measured, abs=0.04)
    assert found > 0.01


@pytest.mark.parametrize(
    ("activation", "gain", "single", "double"),
    [("identity", 0.5, 150, 1075), ("sigmoid", 1.0, 75, 538), ("identity", 1.0, None, None)],
)
def test_the_plain_product_becomes_exactly_zero_r7_t10(
    activation: str, gain: float, single: int | None, double: int | None
) -> None:
    steps = step_jacobians(still(gain * torch.eye(3).double(), 1100, activation))
    assert underflow_step(steps, torch.float32) == single
    assert underflow_step(steps, torch.float64) == double


@pytest.mark.parametrize(("steps", "printed"), [(20, "9.09e-13"), (100, "6.22e-61")])
def test_a_quarter_a_step_is_exact_r7(steps: int, printed: str) -> None:
    """σ′ ≤ 1/4 with equality at rest: a power of two, so not one bit is lost."""
    run = still(torch.eye(1).double(), steps + 1, "sigmoid")
    product = last_state_products(run)[0].item()
    assert product == 0.25**steps == gradients(run, "last").dh[0].item()
    assert f"{product:.2e}" == printed


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_gated_cell_at_rest_halves_exactly_and_underflows_where_its_type_ends_r7(
    kind: str,
) -> None:
    """All weights 0: every gate is ½ and the chain 2⁻ⁿ, until 2⁻¹⁵⁰ and 2⁻¹⁰⁷⁵ round to 0."""
    rows = {"lstm": 4, "gru": 3}[kind] * 3
    cell = cell_of(kind, torch.zeros(rows, 1).double(), torch.zeros(rows, 3).double())
    run = unroll(cell, torch.zeros(1100, 1, dtype=torch.float64))
    steps = step_jacobians(run)
    assert steps[:, -3:, -3:].eq(0.5 * torch.eye(3)).all()
    assert torch.linalg.multi_dot(list(steps[:40]))[-1, -1].item() == 2.0**-40
    assert underflow_step(steps, torch.float32) == 150
    assert underflow_step(steps, torch.float64) == 1075


STATED = [("rnn", 32, 0.2, 45, 328), ("lstm", 8, 1.0, 249, 1599), ("gru", 8, 1.0, 172, 1234)]


@pytest.mark.parametrize(("kind", "hidden", "gain", "single", "double"), STATED)
def test_a_stated_net_is_exactly_zero_in_float32_at_a_stated_step_r7(
    kind: str, hidden: int, gain: float, single: int, double: int
) -> None:
    """Our own figures: 4 inputs from N(0, 1), seed 0, PyTorch's weights, W_hh times the gain.

    The last bits of the smallest numbers are the BLAS's, hence a step to either side.
    """
    trace = unroll(make_cell(kind, 4, hidden, gain=gain, seed=0), numbers(1, 1600, 4))
    steps = step_jacobians(trace)
    gone = underflow_step(steps, torch.float32)
    assert gone is not None
    assert abs(gone - single) <= 1
    assert underflow_step(steps[: 4 * gone], torch.float64) is None
    later = underflow_step(steps, torch.float64)
    assert later is not None
    assert abs(later - double) <= 1
    true = factor_norms(trace, gone - 1, 0).products[-1].item()
    assert -math.inf < true < math.log(1e-42)


def test_a_small_rnn_reaches_zero_near_step_45_and_far_later_in_float64_r7() -> None:
    steps = step_jacobians(run_of("rnn", 400, hidden=32, gain=0.2))
    single, double = (underflow_step(steps, dtype) for dtype in (torch.float32, torch.float64))
    assert single is not None
    assert 40 <= single <= 50
    assert double is not None
    assert 6 * single < double < 9 * single


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_in_float32_is_zero_where_float64_is_not_r7(kind: str) -> None:
    steps, norms = 500, {}
    for dtype in (torch.float32, torch.float64):
        cell = make_cell(kind, 2, 6, gain=0.5, seed=3, dtype=dtype)
        found = gradients(unroll(cell, numbers(8, steps, 2).to(dtype)), "last")
        norms[dtype] = found.h_norm
    gone = zeros_up_to(norms[torch.float32])
    assert gone is not None
    assert norms[torch.float32][: gone + 1].eq(0).all()
    assert 0 < norms[torch.float64][gone] < 1e-40


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a square matrix, got \(2, 3\)"):
        spectrum(torch.ones(2, 3))
    with pytest.raises(ValueError, match="at most 1 step or more, got 0"):
        step_spectra(torch.eye(2)[None], most=0)
    with pytest.raises(ValueError, match="expected an rnn, got gru"):
        live_fraction(run_of("gru", 2))
    with pytest.raises(ValueError, match="expected more than skip=5 Jacobians"):
        lyapunov(step_jacobians(run_of("gru", 5)), skip=5)
