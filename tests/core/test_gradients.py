"""Gradients of the states against autograd on an independently built graph (references.by_hand)."""

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from seqviz.core.gradients import (
    gradients,
    layer_gradients,
    loss_curves,
    state_gradient,
    state_norm,
)
from seqviz.core.jacobians import step_jacobians
from seqviz.core.layers import StackTrace, trace_module
from seqviz.core.parameters import make_cell
from seqviz.core.unroll import Options, unroll
from seqviz.core.what_if import Force, WhatIf
from tests.core.references import (
    FUSED,
    KINDS,
    VARIANTS,
    D,
    H,
    T,
    by_hand,
    close,
    fused_of,
    numbers,
    options_of,
    random_cell,
    random_start,
    stacked,
)

WEIGHTS = numbers(70, T, H)
LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "last": lambda h: h[-1].sum(),
    "all": lambda h: h.sum(),
    "curved": lambda h: (WEIGHTS * h**2).sum(),
}


def autograd(
    kind: str, options: Options, loss: Callable[[Tensor], Tensor], reverse: bool = False
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The loss, ∂L/∂h_t and ∂L/∂c_t of the run by hand, in the order of the input."""
    cell, xs, (h0, c0) = random_cell(kind), numbers(4, T, D), random_start(kind)
    hs, cs = by_hand(kind, cell, xs.flip(0) if reverse else xs, h0, c0, options)
    if reverse:
        hs, cs = hs[::-1], cs[::-1]
    value = loss(torch.stack(hs))
    found = torch.autograd.grad(value, [*hs, *cs], allow_unused=True, materialize_grads=True)
    return value, list(found[:T]), list(found[T:])


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(("kind", "activation", "peepholes", "reset"), VARIANTS)
def test_total_gradients_are_autograds(
    kind: str, activation: str, peepholes: bool, reset: str, name: str
) -> None:
    options = options_of(activation, peepholes, reset)
    value, dh, dc = autograd(kind, options, LOSSES[name])
    trace = unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), options)
    found = gradients(trace, LOSSES[name] if name == "curved" else name)
    scale = max(1.0, float(stacked(dh).abs().max()))
    close(found.loss / scale, value / scale)
    close(found.dh / scale, stacked(dh) / scale)
    close(found.h_norm / scale, torch.linalg.vector_norm(stacked(dh), dim=1) / scale)
    if dc:
        scale = max(1.0, float(stacked(dc).abs().max()))
        close(None if found.dc is None else found.dc / scale, stacked(dc) / scale)
        assert found.c_norm is not None
        close(found.c_norm / scale, torch.linalg.vector_norm(stacked(dc), dim=1) / scale)
    else:
        assert found.dc is None
        assert found.c_norm is None


@pytest.mark.parametrize("kind", KINDS)
def test_reversed_run_starts_its_gradient_at_time_zero(kind: str) -> None:
    trace = unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), reverse=True)
    _, dh, _ = autograd(kind, Options(), lambda h: h[0].sum(), reverse=True)
    close(gradients(trace, "last").dh, stacked(dh))
    _, dh, _ = autograd(kind, Options(), LOSSES["curved"], reverse=True)
    close(gradients(trace, LOSSES["curved"]).dh, stacked(dh))


def test_direct_part_is_the_loss_alone_and_total_is_not() -> None:
    trace = unroll(random_cell("lstm"), numbers(4, T, D), *random_start("lstm"))
    last, every = gradients(trace, "last"), gradients(trace, "all")
    ones = torch.ones(T, H, dtype=torch.float64)
    close(every.dh_direct, ones)
    close(last.dh_direct[:-1], torch.zeros(T - 1, H, dtype=torch.float64))
    close(last.h_direct_norm, torch.tensor([0.0] * (T - 1) + [H**0.5], dtype=torch.float64))
    assert (last.h_norm[:-1] > 1e-6).all()
    assert (every.dh[:-1] - every.dh_direct[:-1]).abs().max() > 1e-2
    close(last.dh[-1], ones[0])


def test_fused_module_gives_the_direct_part_only() -> None:
    cell, xs, (h0, c0) = random_cell("lstm"), numbers(4, T, D), random_start("lstm")
    assert c0 is not None
    output, _ = fused_of("lstm", cell)(xs, (h0[None], c0[None]))
    (found,) = torch.autograd.grad(output[-1].sum(), output)
    close(gradients(unroll(cell, xs, h0, c0), "last").dh_direct, found)


def test_cell_gradient_at_the_last_step_goes_through_h_of_that_step() -> None:
    trace = unroll(random_cell("lstm"), numbers(4, T, D), *random_start("lstm"))
    dc = gradients(trace, "last").dc
    assert dc is not None
    close(dc[-1], trace.o[-1] * (1 - torch.tanh(trace.c[-1]) ** 2))


def test_tensor_loss_is_its_own_direct_part() -> None:
    trace = unroll(random_cell("gru"), numbers(4, T, D), *random_start("gru"))
    found = gradients(trace, WEIGHTS)
    close(found.dh_direct, WEIGHTS)
    close(found.dh, gradients(trace, lambda h: (WEIGHTS * h).sum()).dh)


@pytest.mark.parametrize("kind", KINDS)
def test_wiped_state_carries_no_gradient_back(kind: str) -> None:
    options = Options(what_if=WhatIf(wipe=True))
    found = gradients(unroll(random_cell(kind), numbers(4, T, D), options=options), "last")
    assert found.h_norm[:-1].tolist() == [0.0] * (T - 1)
    assert found.h_norm[-1] > 0


def test_forget_gate_forced_open_hands_the_direct_path_on_whole() -> None:
    cell = random_cell("lstm")
    cell.weight_hh.data.zero_()
    options = Options(what_if=WhatIf(force=Force("f", 1.0)))
    dc = gradients(unroll(cell, numbers(4, T, D), options=options), "last").dc
    assert dc is not None
    close(dc, dc[-1].expand(T, H))


@pytest.mark.parametrize(
    ("kind", "init", "activation", "forget_bias", "published"),
    [
        ("rnn", "default", "tanh", None, 0.574),
        ("rnn", "orthogonal", "tanh", None, 0.867),
        ("rnn", "default", "relu", None, 0.398),
        ("gru", "default", None, None, 0.633),
        ("gru", "orthogonal", None, None, 0.723),
        ("lstm", "default", None, None, 0.622),
        ("lstm", "default", None, 1.0, 0.834),
        ("lstm", "default", None, 2.0, 0.954),
        ("lstm", "orthogonal", None, 1.0, 0.933),
    ],
)
def test_the_initialisation_decides_the_decay_per_step_r11_t19(
    kind: str, init: str, activation: str | None, forget_bias: float | None, published: float
) -> None:
    steps, rates = 100, []
    for seed in range(5):
        cell = make_cell(kind, 8, 64, init=init, forget_bias=forget_bias, seed=seed)
        trace = unroll(cell, numbers(seed, steps, 8), options=Options(activation))
        found = gradients(trace, lambda h: (h[-1] ** 2).sum())
        rates.append(float(found.dh0.norm() / found.h_norm[-1]) ** (1 / steps))
    assert abs(sum(rates) / 5 - published) < 0.05


def test_linear_orthogonal_cell_scales_the_gradient_by_its_gain_each_step() -> None:
    for gain in (0.9, 1.0, 1.1):
        cell = make_cell("rnn", 2, 32, init="orthogonal", gain=gain, seed=3)
        trace = unroll(cell, numbers(5, 101, 2), options=Options("identity"))
        norm = gradients(trace, "last").h_norm
        assert float(norm[0] / norm[-1]) == pytest.approx(gain**100, rel=1e-12, abs=0)


def test_exploded_run_shows_its_non_finite_gradients() -> None:
    cell = make_cell("rnn", 2, 4, init="identity", gain=1e3, seed=0)
    trace = unroll(cell, numbers(5, 200, 2), options=Options("identity"))
    assert not torch.isfinite(trace.h[-1]).any()
    assert not torch.isfinite(gradients(trace, "last").h_norm[0])


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        ("first", 'expected loss "last", "all", a tensor or a function, got \'first\''),
        (torch.ones(2, H), r"expected a loss tensor of shape \(9, 5\), got \(2, 5\)"),
        (lambda h: h, r"expected a scalar loss, got \(9, 5\)"),
        (lambda h: 3.0, "expected a scalar loss, got float"),
        (lambda h: h.detach().sum(), "expected a loss that depends on h"),
    ],
)
def test_unfit_losses_are_refused(loss: object, sentence: str) -> None:
    trace = unroll(random_cell("gru"), numbers(4, T, D))
    with pytest.raises(ValueError, match=sentence):
        gradients(trace, loss)  # type: ignore[arg-type]


def stack_of(kind: str, layers: int, bidirectional: bool) -> tuple[Any, StackTrace]:
    module = FUSED[kind](D, H, layers, bidirectional=bidirectional, dtype=torch.float64)
    for index, parameter in enumerate(module.parameters()):
        parameter.data.copy_(0.6 * numbers(500 + index, *parameter.shape))
    trace = trace_module(module, numbers(4, T, D))
    assert isinstance(trace, StackTrace)
    return module, trace


def stack_by_hand(
    kind: str, module: Any
) -> tuple[Tensor, dict[tuple[int, str], tuple[list[Tensor], list[Tensor], Tensor]]]:
    """The output, and for each layer and direction its h_t, its c_t and h as one tensor."""
    xs, nodes = numbers(4, T, D), {}
    zeros = torch.zeros(H, dtype=torch.float64)
    for layer in range(module.num_layers):
        outputs = []
        for direction in ("forward", "backward")[: 1 + module.bidirectional]:
            suffix = f"_l{layer}" + ("_reverse" if direction == "backward" else "")
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            cell: Any = SimpleNamespace(
                bias=True, **{name: getattr(module, name + suffix) for name in names}
            )
            order = -1 if direction == "backward" else 1
            read = xs.flip(0) if order == -1 else xs
            hs, cs = by_hand(kind, cell, read, zeros, zeros, Options())
            h = torch.stack(hs[::order])
            nodes[layer, direction] = hs[::order], cs[::order], h
            outputs.append(h)
        xs = torch.cat(outputs, -1)
    return xs, nodes


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(("layers", "bidirectional"), [(3, False), (1, True), (2, True)])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_through_a_stack_are_autograds(
    kind: str, layers: int, bidirectional: bool, name: str
) -> None:
    module, trace = stack_of(kind, layers, bidirectional)
    output, nodes = stack_by_hand(kind, module)
    assert output.shape[1] == (1 + bidirectional) * H
    weights = numbers(71, *output.shape)
    losses = {
        "last": torch.cat([output[-1, :H], output[0, H:]]).sum(),
        "all": output.sum(),
        "curved": (weights * output**2).sum(),
    }
    loss = (lambda h: (weights * h**2).sum()) if name == "curved" else name
    for (layer, direction), (hs, cs, h) in nodes.items():
        wanted = torch.autograd.grad(
            losses[name],
            [h, *hs, *cs],
            allow_unused=True,
            materialize_grads=True,
            retain_graph=True,
        )
        found = layer_gradients(trace, layer, direction, loss)
        close(found.loss, losses[name])
        close(found.dh_direct, wanted[0])
        close(found.dh, stacked(wanted[1 : 1 + T]))
        close(found.h_norm, stacked(wanted[1 : 1 + T]).norm(dim=1))
        if cs:
            close(found.dc, stacked(wanted[1 + T :]))


def test_last_of_a_stack_is_what_pytorch_returns_as_the_final_state() -> None:
    module, trace = stack_of("gru", 2, True)
    final = module(numbers(4, T, D))[1]
    close(layer_gradients(trace).loss, final[2:].sum())


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ((2, "forward"), "expected a layer from 0 to 1, got layer=2"),
        ((-1, "forward"), "expected a layer from 0 to 1, got layer=-1"),
        ((0, "backward"), "expected direction \"forward\", got direction='backward'"),
    ],
)
def test_a_layer_that_is_not_there_is_refused(place: tuple[int, str], sentence: str) -> None:
    _, trace = stack_of("rnn", 2, False)
    with pytest.raises(ValueError, match=sentence):
        layer_gradients(trace, *place)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("kind", "activation", "peepholes", "reset"), VARIANTS)
def test_the_joint_gradient_is_what_the_step_jacobians_carry_back(
    kind: str, activation: str, peepholes: bool, reset: str, reverse: bool
) -> None:
    options = options_of(activation, peepholes, reset)
    trace = unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), options, reverse)
    found = gradients(trace, WEIGHTS)
    joint, steps = state_gradient(trace, found), step_jacobians(trace)
    order = list(range(T))[:: -1 if reverse else 1]
    direct = torch.cat([WEIGHTS, torch.zeros(T, joint.shape[1] - H).double()], dim=1)
    scale = max(1.0, float(joint.abs().max()))
    close(joint[order[-1]], direct[order[-1]], atol=1e-12 * scale)
    for t, after in pairwise(order):
        close(joint[t], direct[t] + joint[after] @ steps[after], atol=1e-12 * scale)
    start = found.dh0 if found.dc0 is None else torch.cat([found.dh0, found.dc0])
    close(start, joint[order[0]] @ steps[order[0]], atol=1e-12 * scale)
    close(state_norm(trace, found), joint.norm(dim=1), atol=1e-12 * scale)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_total_direct_and_last_only_are_three_curves_t6(kind: str, reverse: bool) -> None:
    trace = unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), reverse=reverse)
    curves = loss_curves(trace, lambda h: (WEIGHTS * h**2).sum())
    assert curves.at == (0 if reverse else T - 1)
    alone = torch.zeros_like(trace.h)
    alone[curves.at] = 2 * (WEIGHTS * trace.h)[curves.at]
    wanted = gradients(trace, alone)
    close(curves.total, gradients(trace, 2 * WEIGHTS * trace.h).h_norm)
    close(curves.direct, (2 * WEIGHTS * trace.h).norm(dim=1))
    close(curves.last_only, wanted.h_norm)
    close(curves.last.dh0, wanted.dh0)
    if wanted.dc is not None:
        close(curves.last.dc, wanted.dc)


def test_the_last_loss_may_come_before_the_last_step() -> None:
    trace = unroll(random_cell("rnn"), numbers(4, T, D), *random_start("rnn"))
    curves = loss_curves(trace, lambda h: h[2].sum() + h[5].sum())
    assert curves.at == 5
    assert curves.last_only[6:].tolist() == [0.0] * (T - 6)
    close(curves.last_only, gradients(trace, lambda h: h[5].sum()).h_norm)


@pytest.mark.parametrize("kind", KINDS)
def test_one_loss_alone_is_the_last_one_to_the_last_bit(kind: str) -> None:
    trace = unroll(random_cell(kind), numbers(4, T, D), *random_start(kind))
    curves = loss_curves(trace, lambda h: (h[6] ** 2).sum())
    again = gradients(trace, 2 * trace.h[6] * (torch.arange(T) == 6)[:, None])
    assert curves.at == 6
    assert torch.equal(curves.last.dh, curves.every.dh)
    assert torch.equal(curves.last.dh, again.dh)
    assert curves.last.loss == (2 * trace.h[6] ** 2).sum()


def test_only_the_last_loss_alone_vanishes_t6() -> None:
    cell = make_cell("rnn", 3, 16, seed=0)
    curves = loss_curves(unroll(cell, numbers(4, 24, 3)), lambda h: (h**2).sum())
    assert curves.last_only[0] < 1e-4 * curves.last_only[-1]
    assert curves.total[0] > 0.5 * curves.total[-1]
    assert curves.total[0] > curves.direct[0]


def test_a_mean_over_steps_divides_every_norm_by_their_number_t8() -> None:
    trace = unroll(random_cell("gru"), numbers(4, T, D), *random_start("gru"))
    sums = gradients(trace, lambda h: (h**2).sum(dim=1).sum())
    close(gradients(trace, lambda h: (h**2).sum(dim=1).mean()).h_norm * T, sums.h_norm)


def test_a_norm_far_below_the_squares_of_its_type_is_not_zero_t10() -> None:
    cell = make_cell("rnn", 1, 4, init="identity", gain=0.1, seed=0, dtype=torch.float32)
    trace = unroll(cell, torch.zeros(40, 1), options=Options("identity"))
    found = gradients(trace, "last").h_norm
    assert found[5].item() == pytest.approx(2e-34, rel=1e-4, abs=0)


@pytest.mark.parametrize("switch", [torch.no_grad, torch.inference_mode])
def test_they_are_the_same_where_autograd_is_switched_off(switch: type) -> None:
    trace = unroll(random_cell("lstm"), numbers(4, T, D), *random_start("lstm"))
    wanted = gradients(trace, "all")
    with switch():
        found = gradients(trace, "all")
    assert torch.equal(found.dh, wanted.dh)
    assert found.dc is not None
    assert wanted.dc is not None
    assert torch.equal(found.dc, wanted.dc)


def test_a_trace_made_in_inference_mode_is_refused_in_a_sentence() -> None:
    with torch.inference_mode():
        trace = unroll(random_cell("gru"), numbers(4, T, D), *random_start("gru"))
        with pytest.raises(ValueError, match="made outside torch"):
            gradients(trace)
