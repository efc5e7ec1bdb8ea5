"""The gates PyTorch does not return, measured from its black-box cells by autograd.

A core whose h and c are right but whose displayed gates are permuted, taken before the
activation, or flipped between z and 1 − z, fails here.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from seqviz.core.unroll import unroll
from tests.core.references import D, H, T, close, numbers, random_cell, random_start


def slope(output: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """∂output/∂at, (H, len(at))."""
    jacobian: Tensor = torch.autograd.functional.jacobian(output, at)
    return jacobian


def with_bias(cell: nn.Module, name: str, values: Tensor) -> dict[str, Tensor]:
    return {**dict(cell.named_parameters()), name: values}


def test_lstm_gates_measured_at_every_step() -> None:
    cell, xs, (h0, c0) = random_cell("lstm"), numbers(4, T, D), random_start("lstm")
    trace = unroll(cell, xs, h0, c0)
    for t in range(T):
        x, h, c = trace.x[t], trace.h_prev[t], trace.c_prev[t]
        new_h, new_c = cell(x, (h, c))

        def from_c(c: Tensor, x: Tensor = x, h: Tensor = h) -> Tensor:
            out: Tensor = cell(x, (h, c))[1]
            return out

        by_c = slope(from_c, c)
        close(by_c, torch.diag(by_c.diagonal()))

        def from_bias(bias: Tensor, x: Tensor = x, h: Tensor = h, c: Tensor = c) -> Tensor:
            out: Tensor = functional_call(cell, with_bias(cell, "bias_ih", bias), (x, (h, c)))[1]
            return out

        f = by_c.diagonal()
        written = new_c - f * c
        i = 1 - slope(from_bias, cell.bias_ih)[:, :H].diagonal() / written
        close(trace.f[t], f)
        close(trace.i[t], i)
        close(trace.g[t], written / i)
        close(trace.o[t], new_h / torch.tanh(new_c))


def test_gru_gates_measured_at_every_step() -> None:
    cell, xs, (h0, _) = random_cell("gru"), numbers(4, T, D), random_start("gru")
    trace = unroll(cell, xs, h0)
    for t in range(T):
        x, h = trace.x[t], trace.h_prev[t]

        def from_bias(name: str, x: Tensor = x, h: Tensor = h) -> Callable[[Tensor], Tensor]:
            return lambda bias: functional_call(cell, with_bias(cell, name, bias), (x, h))

        new_h = cell(x, h)
        by_ih = slope(from_bias("bias_ih"), cell.bias_ih)
        by_hh = slope(from_bias("bias_hh"), cell.bias_hh)
        z = by_ih[:, H : 2 * H].diagonal() / (h - new_h)
        close(trace.z[t], z)
        close(trace.r[t], by_hh[:, 2 * H :].diagonal() / by_ih[:, 2 * H :].diagonal())
        close(trace.n[t], (new_h - z * h) / (1 - z))
